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
from dataclasses import field, replace

from staticad.ir.dims import Size, product
from staticad.ir.dtypes import DType
from staticad.ir.graph import Node, Tensor
from staticad.lower.emission.accesses import Accesses
from staticad.lower.fusion.clusters import Cluster
from staticad.lower.index.affine import Affine
from staticad.lower.index.views import in_order
from staticad.lower.interface import FamilyLowering, Lowering
from staticad.lower.kernel.plan import FETCH, TEMPORARY, VARIABLE, Buffer, Step
from staticad.lower.kernel.rename import Merged, merge_pointers, rename
from staticad.lower.memory.order import Made, Order
from staticad.lower.memory.regions import Placed, Regions, region_value
from staticad.ops.base import Op
from staticad.records import dataclass

COPIED, OVERWRITTEN = "copied", "overwritten"


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
    ``empty`` are the clusters that would have copied them, ``merged`` kernels that work in place."""

    buffers: dict[int, Buffer] = field(default_factory=dict)
    pinned: set[int] = field(default_factory=set)
    changes: dict[int, list[Change]] = field(default_factory=dict)
    placed: Placed = field(default_factory=dict)
    readers: set[int] = field(default_factory=set)
    empty: set[int] = field(default_factory=set)
    merged: Merged = field(default_factory=dict)


class Roots:
    """Buffers that are one memory, and which buffer that is: a forest that is flattened where it is walked."""

    def __init__(self) -> None:
        self._above: dict[int, int] = {}
        self._root: dict[int, Buffer] = {}

    def __contains__(self, buffer: Buffer) -> bool:
        return buffer.number in self._above

    def of(self, buffer: Buffer) -> Buffer:
        """The buffer whose memory it is."""
        return self._root[self._top(buffer.number)] if buffer in self else buffer

    def _top(self, number: int) -> int:
        above = self._above
        while above[number] != number:
            above[number] = number = above[above[number]]
        return number

    def join(self, one: Buffer, other: Buffer, root: Buffer) -> None:
        """Make what two buffers stand for one memory, that of ``root``."""
        for buffer in (one, other):
            self._above.setdefault(buffer.number, buffer.number)
        top = self._above[self._top(one.number)] = self._top(other.number)
        self._root[top] = root

    def replaced(self) -> dict[int, Buffer]:
        """What is used instead, by the numbers of the buffers that are not."""
        found = {number: self._root[self._top(number)] for number in self._above}
        return {number: buffer for number, buffer in found.items() if buffer.number != number}


@dataclass
class Sharer:
    """Decides. ``targets`` are the new values of variables by the number of the buffer, ``keep`` clusters that find a
    place in a better way; in a ``body`` variables (its carries) may be shared. ``tensors`` are what buffers hold, and
    ``trial`` gives the events of a cluster with nodes in the memory of others."""

    lowering: Lowering
    steps: list[Made]
    events: dict[int, Accesses]
    targets: Mapping[int, Tensor]
    body: bool
    keep: Collection[int]
    tensors: Mapping[int, Tensor]
    trial: Callable[[Cluster, Placed], Accesses]

    def __post_init__(self) -> None:
        self.sharing, self.order = Sharing(), Order(self.steps)
        self.owners = {id(tensor): number for number, tensor in self.targets.items()}
        self.roots = Roots()
        self.following: dict[int, set[int]] = {}  # by the root: the variables whose next values are in this memory
        self.consumed: set[int] = set()
        self.made: set[int] = set()
        self.refused: set[tuple[int, int]] = set()
        self.clusters = {cluster.number: cluster for cluster, _ in self.steps}
        self.changing: dict[int, set[int]] = {}  # by the buffer: the clusters that change a copy of it

    def share(self) -> tuple[list[Made], Sharing]:
        """The steps in an order in which the sharing is right (not yet changed otherwise), and the sharing."""
        made_here = [(cluster, made) for cluster, made in self.steps if cluster.number not in self.keep and made]
        changes = [c for cluster, made in made_here if not cluster.loops for c in self._copying(cluster, made)]
        for change in changes:
            self.changing.setdefault(self.lowering.buffer(change.base).number, set()).add(change.cluster)
        self.regions = self._regions(changes)
        for change in changes:  # first, since a copy costs all of the array, of which a part is changed
            self._try(change)
        self.events.update(self.regions.events(self.sharing.placed))
        for cluster, made in made_here:
            if cluster.loops:
                self._overwrite(cluster, made[0])
        sharing = self.sharing
        sharing.buffers = self.roots.replaced()
        return (self.order.sorted(self.steps) if sharing.changes else self.steps), sharing

    def _try(self, change: Change) -> bool:
        base, result = self.lowering.buffer(change.base), self.lowering.buffer(change.result)
        own, taken = self.roots.of(base), self.roots.of(result)
        roles = {own.role, taken.role}
        if result.number in self.made or taken.role not in (TEMPORARY, FETCH, VARIABLE):
            return False
        if not self._is_free(change.base, base, change.cluster):
            return False
        if VARIABLE in roles and (not self.body or FETCH in roles):
            return False
        if own.role == VARIABLE and own.number not in self.targets:
            return False  # a carry that stays
        owner = self.owners.get(id(change.result), own.number)
        if owner != own.number and (VARIABLE in roles or change.kind == OVERWRITTEN):
            return False  # the next value of another variable, or one that may be written to its variable directly
        following = self.following.get(own.number, set()) | self.following.get(taken.number, set())
        if VARIABLE in roles and not following <= {b.number for b in (own, taken) if b.role == VARIABLE}:
            return False  # it is in this memory already
        readers = self.order.readers.get(base.number, set()) - {change.cluster}
        if not readers.isdisjoint(self.keep):
            return False  # they run in the end
        if not self._place(change, base, readers) and not self.order.before(readers, change.cluster):
            self.refused.add((base.number, change.cluster))
            return False
        self.consumed.add(base.number)
        self.made.add(result.number)
        root = next((b for b in (own, taken) if b.role != TEMPORARY), own)
        self.roots.join(base, result, root)
        self.following[root.number] = following | ({owner} if id(change.result) in self.owners else set())
        self.sharing.pinned |= readers
        self.sharing.changes.setdefault(change.cluster, []).append(change)
        return True

    def _is_free(self, base: Tensor, buffer: Buffer, cluster: int) -> bool:
        """False if no change by a cluster may consume a base, whatever its result is."""
        if buffer.number in self.consumed or (buffer.number, cluster) in self.refused:
            return False
        if self.roots.of(buffer).role not in (TEMPORARY, VARIABLE, FETCH) or buffer.role == FETCH:
            return False
        if id(base) in self.owners:
            return False  # the next value of a variable is needed to the end
        return not self.order.read_after(buffer.number, cluster)

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

    def _regions(self, changes: list[Change]) -> Regions:
        """What may be placed: values that loops make in memory of their own, for regions of what is changed."""
        found = {}
        for change in changes:
            value = region_value(self.lowering, change.node)
            if value is None or id(value.tensor) in self.owners or value.home.number in self.keep:
                continue
            others = self.order.readers.get(value.buffer.number, set()) - {change.cluster}
            if all(self.clusters[n].loops and n not in self.keep for n in others):
                found[change.node] = replace(value, others=frozenset(others))
        return Regions(self.lowering, found, self.events, self.clusters, self.trial)

    def _place(self, change: Change, base: Buffer, readers: set[int]) -> bool:
        """Whether the value for a replaced region is written there at once, by the cluster that computes it."""
        value = self.regions.values.get(change.node)
        if value is None or value.buffer in self.roots or value.buffer.number in self.consumed:
            return False
        if any(number in self.sharing.changes for number in value.others):
            return False
        home, result = value.home.number, self.lowering.buffer(change.result)
        if not self.regions.may_move(value, home, base.number):
            return False
        moved = {number: self.regions.moved(value, number, result.number) for number in {home, *value.others}}
        before = readers - {home}
        before |= {self.order.writer[base.number]} if base.number in self.order.writer else set()
        if home in before or not self.order.before(before, home):
            return False
        if not all(self.order.before(value.others, n) for n in self.changing.get(result.number, ())):
            return False  # somebody reads it after the next change, which would need a copy of all of the array
        self.regions.keep(moved)
        self.sharing.placed[value.tensor.node] = change.result, value.place
        self.sharing.readers |= value.others
        self.sharing.empty.add(change.cluster)
        self.sharing.pinned |= {home}
        self.order.readers.setdefault(result.number, set()).update(value.others)
        self.order.before({home}, change.cluster)
        return True

    # ---- elementwise values --------------------------------------------------------------------------------------

    def _overwrite(self, cluster: Cluster, step: Step) -> None:
        """Values that a cluster stores take the memory of what it has loaded, each of the first that is left to it."""
        accesses, lowering = self.events[cluster.number], self.lowering
        bases: dict[tuple[Affine | None, DType, Size], list[tuple[int, Tensor]]] = {}
        for number, (last, place) in accesses.loads.items():
            base = self.tensors.get(number)
            if base is None or place is None or (step.grain != 0 and not place.terms):
                continue  # pieces of a loop would each load what the first one stores in a single place
            if self._is_free(base, lowering.buffer(base), cluster.number):
                bases.setdefault((place, *self._kind(base)), []).append((last, base))
        for node in cluster.members if bases else ():
            if node not in lowering.fusion.stored:
                continue
            (result,) = node.outputs
            end, place = accesses.stores.get(lowering.buffer(result).number, (0, None))
            left = bases.get((place, *self._kind(result)), [])
            for found in [base for base in left if base[0] < end]:
                base = found[1]
                if base is not result and self._try(Change(OVERWRITTEN, cluster.number, node, base, result)):
                    left.remove(found)
                    break
                if not self._is_free(base, lowering.buffer(base), cluster.number):
                    left.remove(found)

    def _kind(self, tensor: Tensor) -> tuple[DType, Size]:
        return tensor.dtype, product(self.lowering.fusion.shape(tensor))


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
    if cluster.loops:
        if cluster.number in sharing.readers or any(node in sharing.placed for node in cluster.members):
            return again(cluster)
        return [merge_pointers(rename(step, sharing.buffers), sharing.merged) for step in made]
    if changes and all(families[node.op].changes_part(node) for node in cluster.members):
        return [_keeps(step) for step in again(cluster)]
    dropped = {change.copy for change in changes}
    return [rename(step, sharing.buffers) for number, step in enumerate(made) if number not in dropped]


def _keeps(step: Step) -> Step:
    """The step, which leaves what it does not write as it is: others have to have written that before."""
    return replace(step, reads=tuple(dict.fromkeys((*step.reads, *step.writes))))
