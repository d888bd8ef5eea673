"""Values made by changing a part of another one take its memory, where nobody needs the other one any more.

That is what a scatter, a replaced region and the carry of a loop are: a copy of a base, then changes. If all others
that read the base can run before, the copy is left out. So nested loops work on the buffer of the outermost one, and
setting an element costs the element. Between the variables of a session nothing is shared in this way, since a run
that fails must leave them as they were; the carries of a loop are shared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from heapq import heapify, heappop, heappush

from staticad.ir.dims import product
from staticad.ir.graph import Node, Tensor
from staticad.lower.carried import carried
from staticad.lower.clusters import ASSEMBLE, CONTROL, SCATTER, Cluster
from staticad.lower.emit import Memory
from staticad.lower.plan import FETCH, TEMPORARY, VARIABLE, Address, BranchCall, Buffer, LoopCall, Slice, Step

Made = tuple[Cluster, list[Step]]


@dataclass(frozen=True)
class Change:
    """A cluster that copies ``base`` (in its step number ``copy``) and changes the copy to ``result``."""

    cluster: int
    node: Node
    copy: int
    base: Tensor
    result: Tensor


@dataclass
class Sharing:
    """What was decided. ``buffers`` maps the numbers of buffers that are not used any more to those used instead,
    ``pinned`` are clusters that run before others overwrite what they read, ``changes`` those that need no copy."""

    buffers: dict[int, Buffer] = field(default_factory=dict)
    pinned: set[int] = field(default_factory=set)
    changes: dict[int, list[Change]] = field(default_factory=dict)


def share_memory(
    memory: Memory, steps: list[Made], targets: Mapping[int, Tensor], body: bool, keep: Iterable[Node]
) -> tuple[list[Made], Sharing]:
    """The steps in an order in which the sharing is right (not yet changed otherwise), and the sharing.

    ``targets`` are the new values of variables by the number of the buffer; ``keep`` are nodes that find a place in a
    better way. In a ``body`` variables (its carries) may be shared.
    """
    kept = set(keep)
    changes = [c for cluster, made in steps for c in _changes(memory, cluster, made) if c.node not in kept]
    if not changes:
        return steps, Sharing()
    sharing, order = Sharing(), _Order(steps)
    owners = {id(tensor): number for number, tensor in targets.items()}
    roots: dict[int, Buffer] = {}
    consumed: set[int] = set()
    for change in changes:
        base, result = memory.buffer(change.base), memory.buffer(change.result)
        own = roots.get(base.number, base)
        taken = roots.get(result.number, result)
        roles = {own.role, taken.role}
        if base.number in consumed or base.role == FETCH or not roles <= {TEMPORARY, FETCH, VARIABLE}:
            continue
        if id(change.base) in owners:
            continue  # it is the next value of a variable
        if any(b.role == VARIABLE and b.number not in targets for b in (own, taken)):
            continue  # a variable without a new value stays as it is
        if VARIABLE in roles and (
            not body or FETCH in roles or owners.get(id(change.result), own.number) != own.number
        ):
            continue
        readers = order.readers.get(base.number, set()) - {change.cluster}
        if not order.before(readers, change.cluster):
            continue
        consumed.add(base.number)
        chosen = next((b for b in (own, taken) if b.role != TEMPORARY), own)
        for number in [base.number, result.number, *(n for n, b in roots.items() if b in (own, taken))]:
            roots[number] = chosen
        sharing.pinned |= readers
        sharing.changes.setdefault(change.cluster, []).append(change)
    sharing.buffers = {number: buffer for number, buffer in roots.items() if buffer.number != number}
    return (order.sorted(steps) if sharing.changes else steps), sharing


def apply_sharing(
    made: list[Step], changes: list[Change], sharing: Sharing, part: Callable[[Node], Step]
) -> list[Step]:
    """The steps of a cluster, without copies that are not needed and with the buffers that are used instead; ``part``
    makes the step that changes a part of a buffer in place."""
    dropped = {change.copy for change in changes}
    found = [step for number, step in enumerate(made) if number not in dropped]
    if changes and changes[0].node.op.family != "control":
        change = part(changes[0].node)
        found = [
            replace(change, reads=tuple(dict.fromkeys((*change.reads, *change.writes))))
        ]  # what it leaves as it is
    return [rename(step, sharing.buffers) for step in found]


def _changes(memory: Memory, cluster: Cluster, made: list[Step]) -> list[Change]:
    if cluster.kind not in (SCATTER, ASSEMBLE, CONTROL):
        return []
    (node,) = cluster.members
    if cluster.kind == CONTROL:
        changed = carried(node, memory.used)
    else:
        changed = [(0, 0)] if cluster.kind == SCATTER or node.op.name == "replace" else []
    found = []
    for number, (operand, output) in enumerate(changed):
        base = _stored_base(memory, node.inputs[operand])
        if base is not None and made[number].reads == (memory.buffer(base).number,):
            change = Change(cluster.number, node, number, base, node.outputs[output])
            if _reads_before(memory, change, made[-1]):
                found.append(change)
    return found


def _stored_base(memory: Memory, tensor: Tensor) -> Tensor | None:
    """The tensor in memory whose elements are these in the same order, if there is one."""
    fusion = memory.fusion
    while tensor.op.family in ("barrier", "reshape") or tensor.op.name in ("expand_dims", "squeeze"):
        tensor = tensor.inputs[0]
    if tensor.op.family == "source":
        return tensor if memory.buffer(tensor).role == VARIABLE else None
    home = fusion.home(tensor.node)
    return tensor if home is not None and (tensor.node in fusion.stored or home.kind != "loops") else None


def _reads_before(memory: Memory, change: Change, last: Step) -> bool:
    """True if the changing step reads the base at most to write one element."""
    if memory.buffer(change.base).number not in last.reads:
        return True
    return change.node.op.family != "control" and product(memory.fusion.shape(change.node.inputs[1])) == 1


class _Order:
    """Which cluster has to run before which."""

    def __init__(self, steps: list[Made]) -> None:
        self.readers: dict[int, set[int]] = {}
        writer: dict[int, int] = {}
        for cluster, made in steps:
            for step in made:
                for number in step.reads:
                    self.readers.setdefault(number, set()).add(cluster.number)
                for number in step.writes:
                    writer[number] = cluster.number
        self.following: dict[int, set[int]] = {cluster.number: set() for cluster, _ in steps}
        for number, readers in self.readers.items():
            if number in writer:
                self.following[writer[number]] |= readers - {writer[number]}

    def before(self, first: set[int], then: int) -> bool:
        """Make all of ``first`` run before ``then``, if that is possible."""
        reached, pending = {then}, [then]
        while pending:
            for number in self.following[pending.pop()] - reached:
                reached.add(number)
                pending.append(number)
        if reached & first:
            return False
        for number in first:
            self.following[number].add(then)
        return True

    def sorted(self, steps: list[Made]) -> list[Made]:
        """The steps so that every cluster comes after those before it; as far as possible as they stand."""
        position = {cluster.number: at for at, (cluster, _) in enumerate(steps)}
        waiting = dict.fromkeys(position, 0)
        for followers in self.following.values():
            for number in followers:
                waiting[number] += 1
        ready = [position[number] for number, count in waiting.items() if not count]
        heapify(ready)
        found: list[Made] = []
        while ready:
            made = steps[heappop(ready)]
            found.append(made)
            for number in self.following[made[0].number]:
                waiting[number] -= 1
                if not waiting[number]:
                    heappush(ready, position[number])
        assert len(found) == len(steps)
        return found


def rename(step: Step, buffers: Mapping[int, Buffer]) -> Step:
    """The step with other buffers."""

    def number(old: int) -> int:
        return buffers[old].number if old in buffers else old

    def maybe(old: int | None) -> int | None:
        return None if old is None else number(old)

    def part(old: Slice) -> Slice:
        return replace(old, buffer=number(old.buffer))

    def loop(call: LoopCall) -> LoopCall:
        return replace(
            call,
            carries=tuple(map(number, call.carries)),
            feeds=tuple(part(p) if isinstance(p, Slice) else p for p in call.feeds),
            fetches=tuple(map(part, call.fetches)),
            count=maybe(call.count),
            condition=maybe(call.condition),
            steps=maybe(call.steps),
        )

    if not any(n in buffers for n in (*step.reads, *step.writes)):
        return step
    kernel = step.kernel
    if isinstance(kernel, LoopCall):
        kernel = loop(kernel)
    elif isinstance(kernel, BranchCall):
        kernel = replace(
            kernel,
            index=number(kernel.index),
            feeds=tuple(tuple(map(part, feeds)) for feeds in kernel.feeds),
            fetches=tuple(map(part, kernel.fetches)),
            carries=tuple(map(number, kernel.carries)),
        )
    inlined = None if step.inlined is None else loop(step.inlined)
    arguments = tuple(replace(a, buffer=number(a.buffer)) if isinstance(a, Address) else a for a in step.arguments)
    reads, writes = (tuple(dict.fromkeys(map(number, old))) for old in (step.reads, step.writes))
    return replace(step, kernel=kernel, arguments=arguments, reads=reads, writes=writes, inlined=inlined)
