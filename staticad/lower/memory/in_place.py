"""Values that are made from another one take its memory, where nobody needs the other one any more.

Three kinds of them. A scatter, a replaced region, the carry of a loop and an operand of branches are a copy of a base,
then changes: the copy is left out. An elementwise value may be written over an operand that it reads at the same place.
And what is computed only to fill a region is written there at once. In each case all others that read the base have to
run before, which adds an order between clusters, and is refused where it would close a circle.

So nested loops work on the buffer of the outermost one, and setting an element costs the element. Variables of a
session are not shared in this way, since a run that fails must leave them as they were; the carries of a loop are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from staticad.ir.dims import product
from staticad.ir.graph import Node, Tensor
from staticad.lower.emission.builder import Event
from staticad.lower.fusion.clusters import INNER, MAP, Cluster
from staticad.lower.index.affine import ZERO, Affine, Context
from staticad.lower.index.views import in_order
from staticad.lower.interface import FamilyLowering, Lowering, Place
from staticad.lower.kernel.plan import FETCH, TEMPORARY, VARIABLE, Buffer, Step
from staticad.lower.kernel.rename import rename
from staticad.lower.memory.events import may_overwrite
from staticad.lower.memory.order import Made, Order
from staticad.ops.base import Op
from staticad.ops.movement import EXPAND_DIMS

COPIED, OVERWRITTEN = "copied", "overwritten"
Placed = dict[Node, tuple[Tensor, Place]]


@dataclass(frozen=True)
class Change:
    """A cluster that makes ``result`` from ``base``: copied first (by its step number ``copy``), or overwritten."""

    kind: str
    cluster: int
    node: Node
    base: Tensor
    result: Tensor
    copy: int = -1


@dataclass
class Sharing:
    """What was decided. ``buffers`` maps the numbers of buffers that are not used any more to those used instead,
    ``pinned`` are clusters that run before others overwrite what they read, ``changes`` those that need no copy.
    ``placed`` are nodes that are written to a region of a result and read from there, by the clusters of ``readers``;
    ``empty`` are the clusters that would have copied them."""

    buffers: dict[int, Buffer] = field(default_factory=dict)
    pinned: set[int] = field(default_factory=set)
    changes: dict[int, list[Change]] = field(default_factory=dict)
    placed: Placed = field(default_factory=dict)
    readers: set[int] = field(default_factory=set)
    empty: set[int] = field(default_factory=set)


@dataclass
class Sharer:
    """Decides. ``targets`` are the new values of variables by the number of the buffer, ``keep`` clusters that find a
    place in a better way; in a ``body`` variables (its carries) may be shared. ``tensors`` are what buffers hold, and
    ``trial`` gives the events of a cluster with nodes in the memory of others."""

    lowering: Lowering
    steps: list[Made]
    events: dict[int, list[Event]]
    targets: Mapping[int, Tensor]
    body: bool
    keep: Collection[int]
    tensors: Mapping[int, Tensor]
    trial: Callable[[Cluster, Placed], list[Event]]

    def __post_init__(self) -> None:
        self.sharing, self.order = Sharing(), Order(self.steps)
        self.owners = {id(tensor): number for number, tensor in self.targets.items()}
        self.roots: dict[int, Buffer] = {}
        self.consumed: set[int] = set()
        self.made: set[int] = set()
        self.clusters = {cluster.number: cluster for cluster, _ in self.steps}

    def share(self) -> tuple[list[Made], Sharing]:
        """The steps in an order in which the sharing is right (not yet changed otherwise), and the sharing."""
        for cluster, made in self.steps:
            if cluster.number in self.keep or not made:
                continue
            changes = self._overwriting(cluster, made[0]) if cluster.loops else self._copying(cluster, made)
            for change in changes:
                self._try(change)
        found, sharing = self.roots.items(), self.sharing
        sharing.buffers = {number: buffer for number, buffer in found if buffer.number != number}
        return (self.order.sorted(self.steps) if sharing.changes else self.steps), sharing

    def _try(self, change: Change) -> None:
        base, result = self.lowering.buffer(change.base), self.lowering.buffer(change.result)
        own, taken = (self.roots.get(b.number, b) for b in (base, result))
        roles = {own.role, taken.role}
        if base.number in self.consumed or result.number in self.made or base.role == FETCH:
            return
        if not roles <= {TEMPORARY, FETCH, VARIABLE} or id(change.base) in self.owners:
            return  # a base that is the next value of a variable is needed to the end
        if VARIABLE in roles and (not self.body or FETCH in roles):
            return
        if own.role == VARIABLE and own.number not in self.targets:
            return  # a carry that stays
        owner = self.owners.get(id(change.result), own.number)
        if owner != own.number and (VARIABLE in roles or change.kind == OVERWRITTEN):
            return  # the next value of another variable, or one that may be written to its variable directly
        readers = self.order.readers.get(base.number, set()) - {change.cluster}
        if not readers.isdisjoint(self.keep):
            return  # they run in the end
        if not self._placed(change, base, readers) and not self.order.before(readers, change.cluster):
            return
        self.consumed.add(base.number)
        self.made.add(result.number)
        chosen = next((b for b in (own, taken) if b.role != TEMPORARY), own)
        for number in [base.number, result.number, *(n for n, b in self.roots.items() if b in (own, taken))]:
            self.roots[number] = chosen
        self.sharing.pinned |= readers
        self.sharing.changes.setdefault(change.cluster, []).append(change)

    # ---- copies of a base ----------------------------------------------------------------------------------------

    def _copying(self, cluster: Cluster, made: list[Step]) -> list[Change]:
        (node,) = cluster.members
        families = self.lowering.families
        changed = families[node.op].changed(node, self.lowering.used, families)
        found = []
        for number, (operand, output) in enumerate(changed):
            base = self._stored(node.inputs[operand])
            if base is not None and made[number].reads == (self.lowering.buffer(base).number,):
                change = Change(COPIED, cluster.number, node, base, node.outputs[output], number)
                if self._reads_before(change, made[-1]):
                    found.append(change)
        return found

    def _stored(self, tensor: Tensor) -> Tensor | None:
        """The tensor in memory whose elements are these in the same order, if there is one."""
        fusion, tensor = self.lowering.fusion, in_order(tensor, self.lowering.families)
        if fusion.is_source(tensor):
            return tensor if self.lowering.buffer(tensor).role == VARIABLE else None
        home = fusion.home(tensor.node)
        return tensor if home is not None and (tensor.node in fusion.stored or not home.loops) else None

    def _reads_before(self, change: Change, last: Step) -> bool:
        """True if the changing step reads of the base nothing but what it is about to write."""
        base, result = (self.lowering.buffer(t) for t in (change.base, change.result))
        family = self.lowering.families[change.node.op]
        return base.number not in last.reads or family.reads_before(self.lowering, change.node, base, result)

    # ---- values for a region -------------------------------------------------------------------------------------

    def _placed(self, change: Change, base: Buffer, readers: set[int]) -> bool:
        """Whether the value for a replaced region can be written there at once, by the cluster that computes it."""
        node, lowering = change.node, self.lowering
        region = lowering.families[node.op].region(lowering, node) if change.kind == COPIED else None
        if region is None:
            return False
        value, added = node.inputs[1], []
        while value.op is EXPAND_DIMS:
            added.append(value.node.attrs["axes"])
            value = value.inputs[0]
        home = lowering.fusion.home(value.node)
        if home is None or not home.loops or value.node not in lowering.fusion.stored or home.number in self.keep:
            return False
        member, buffer = home.members[value.node], lowering.buffer(value)
        if member.kind != MAP or member.level != INNER or buffer.role != TEMPORARY or id(value) in self.owners:
            return False
        if buffer.number in self.roots or buffer.number in self.consumed:
            return False
        others = self.order.readers.get(buffer.number, set()) - {change.cluster}
        if any(not self.clusters[n].loops or n in self.sharing.changes or n in self.keep for n in others):
            return False

        def place(context: Context) -> Affine:
            for axes in reversed(added):
                kept = iter(context)
                context = tuple(ZERO if a in axes else next(kept) for a in range(len(context) + len(axes)))
            return region(context)

        found: Placed = {**self.sharing.placed, value.node: (change.base, place)}
        events = self.trial(self.clusters[home.number], found)
        if not may_overwrite(events, base.number, base.number):
            return False
        found[value.node] = (change.result, place)
        events_of = {number: self.trial(self.clusters[number], found) for number in {home.number, *others}}
        if any(e.buffer == buffer.number for known in events_of.values() for e in known):
            return False  # somebody needs it in memory of its own
        before = readers - {home.number}
        before |= {self.order.writer[base.number]} if base.number in self.order.writer else set()
        if home.number in before or not self.order.before(before, home.number):
            return False
        self.sharing.placed = found
        self.sharing.readers |= others
        self.sharing.empty.add(change.cluster)
        self.sharing.pinned |= {home.number}
        self.events.update(events_of)
        self.order.readers.setdefault(lowering.buffer(change.result).number, set()).update(others)
        self.order.before({home.number}, change.cluster)
        return True

    # ---- elementwise values --------------------------------------------------------------------------------------

    def _overwriting(self, cluster: Cluster, step: Step) -> list[Change]:
        events, lowering = self.events[cluster.number], self.lowering
        loaded = dict.fromkeys(e.buffer for e in events if not e.stores)
        found = []
        for node in cluster.members:
            if node not in lowering.fusion.stored:
                continue
            (result,) = node.outputs
            target = lowering.buffer(result)
            for number in loaded:
                base = self.tensors.get(number)
                if base is None or number == target.number or not self._like(base, result):
                    continue
                if may_overwrite(events, number, target.number, cut=step.grain != 0):
                    found.append(Change(OVERWRITTEN, cluster.number, node, base, result))
        return found

    def _like(self, base: Tensor, result: Tensor) -> bool:
        shape = self.lowering.fusion.shape
        return base.dtype == result.dtype and product(shape(base)) == product(shape(result))


def apply_sharing(
    made: list[Step],
    cluster: Cluster,
    sharing: Sharing,
    families: Mapping[Op, FamilyLowering],
    again: Callable[[Cluster], list[Step]],
) -> list[Step]:
    """The steps of a cluster, without copies that are not needed and with the buffers that are used instead; ``again``
    makes the steps that work on these buffers in place."""
    if cluster.number in sharing.empty:
        return []
    changes = sharing.changes.get(cluster.number, [])
    written = cluster.number in sharing.readers or any(node in sharing.placed for node in cluster.members)
    apart = cluster.loops or all(families[node.op].changes_part(node) for node in cluster.members)
    if written or (changes and apart):
        return [step if cluster.loops else _keeps(step) for step in again(cluster)]
    dropped = {change.copy for change in changes}
    return [rename(step, sharing.buffers) for number, step in enumerate(made) if number not in dropped]


def _keeps(step: Step) -> Step:
    """The step, which leaves what it does not write as it is: others have to have written that before."""
    return replace(step, reads=tuple(dict.fromkeys((*step.reads, *step.writes))))
