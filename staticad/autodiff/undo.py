"""Arrays that a loop changes place by place: the backward pass undoes the changes instead of reading recorded arrays.

A step that writes into a few places of its state leaves what stood there on the tape. The backward loop begins with the
last state and puts the old values back, step by step, so that it has every state in its hands for the cost of the
updates (Griewank and Walther, Evaluating Derivatives, 2nd ed., chapter 4, on values before they are overwritten).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from staticad.autodiff.changes import Key, before_branch, changed_places, changes_of
from staticad.autodiff.loop_parts import Bases, LoopParts
from staticad.autodiff.recording import nominal, nominal_bytes, recorded, recorded_values
from staticad.autodiff.residuals import with_residuals
from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ir.rebuild import copy_node
from staticad.ir.substitute import substitute
from staticad.ops.control import COND, LOOP, PARAMETER, Body, Locals, parameter, spoken_of
from staticad.records import dataclass

Chains = dict[int, list[Tensor]]  # by the number of a state: what it becomes in a step, the last first
Records = dict[Tensor, tuple[Tensor, Tensor, Tensor]]  # by what is recorded, as ``recorded`` has them
GAIN = 4  # how many times smaller the tape has to get


@dataclass(frozen=True)
class Reversed:
    """A backward step in terms of parameters alone: its outputs, the local sizes of which it speaks with their values,
    and the tape: forward values to record, with the parameters that stand for them. For arrays whose changes are
    undone, by the number of the carry: the parameter for the state after the step, and the state before it."""

    outputs: list[Tensor]
    sizes: Locals
    tape: dict[Tensor, Tensor]
    after: dict[int, Tensor]
    before: dict[int, Tensor]


@dataclass(frozen=True)
class Step:
    """A body that changes arrays: by number the arrays that come in and what they become, and all parameters that have
    to be recorded where they are read."""

    body: Body
    states: dict[int, tuple[Tensor, Tensor]]
    carried: set[Tensor]


def reverse_step(parts: LoopParts, outputs: Sequence[Tensor], given: Sequence[Tensor], bases: Bases) -> Reversed:
    """The backward step with these outputs, which depend on the parameters ``given`` to it and on forward values.
    ``bases`` has the parameters that are there without a record, and what inner backward passes undo."""
    pairs = zip(parts.carry, parts.following, strict=True)
    step = Step(parts.body, dict(enumerate(pairs)), set(parts.carry))
    first = _Backward(step, outputs, given, bases)
    plain, chains = first.recorded(), first.chains()
    undone_step = undone(step, outputs, given, bases, chains) if chains else None
    return undone_step if undone_step is not None and _is_less(undone_step, plain, parts) else plain


def undone(
    step: Step, outputs: Sequence[Tensor], given: Sequence[Tensor], bases: Bases, chains: Chains
) -> Reversed | None:
    """The backward step on states that changes are undone to; None where one would be needed to come to itself."""
    changed = {change.node for changes in chains.values() for change in changes}
    firsts = {key: one.before for key, one in bases.undone.items()}
    values = [*outputs, *firsts.values()]
    for node, others in reversed(bases.others.items()):  # the later ones read the earlier ones
        if node in changed:
            values = substitute(values, others)
    inner = dict(zip(firsts, values[len(outputs) :], strict=True))
    return _Backward(step, values[: len(outputs)], given, bases, inner, chains).undone(chains)


def _is_less(undone: Reversed, plain: Reversed, parts: LoopParts) -> bool:
    """Whether the tape is much smaller if changes are undone. The last state is there anyway and copied at most, which
    is half of what a record takes that is written and read."""
    steps = nominal(parts.shape.length)
    taken, recorded = (nominal_bytes(t.type for t in way.tape) for way in (undone, plain))
    last = nominal_bytes(t.type for t in undone.after.values())
    return GAIN * steps * taken + last // 2 <= steps * recorded


class _Backward:
    def __init__(
        self,
        step: Step,
        outputs: Sequence[Tensor],
        given: Sequence[Tensor],
        bases: Bases,
        inner: Mapping[Key, Tensor] | None = None,
        chains: Chains | None = None,
    ) -> None:
        self.step, self.given, self.free, self.known = step, given, bases.free or set(), bases.undone
        inner = inner or {}
        values = [*outputs, *inner.values()]
        self.loops = [node for node in sort_nodes(values) if node.op is LOOP]
        settled = {t.node.attrs["branches"] for others in bases.others.values() for t in others.values()}
        found = with_residuals(values, given, self.free | self.states(chains or {}), settled)
        self.outputs = found[: len(outputs)]
        self.inner = dict(zip(inner, found[len(outputs) :], strict=True))
        self.loops = [node for node in sort_nodes(found) if node.op is LOOP]

    def read(self, outputs: Sequence[Tensor], states: Set[Tensor]) -> list[Tensor]:
        """The forward values to record for some outputs, where states are there without a record."""
        return recorded_values(outputs, self.given, self.free | states, self.step.carried - states)

    def chains(self) -> Chains:
        """The states whose changes can be undone, and of which some would be recorded."""
        found: Chains = {}
        read = recorded_values(self.outputs, self.given, self.free, self.step.carried, parts=False)
        for number, (carry, last) in self.step.states.items():
            traced = changes_of(last, self.step.body, self.known) if carry.ndim else None
            if traced is None or traced[0] is not carry or not traced[1]:
                continue
            changes = traced[1]
            states = {same for state in (carry, *changes) for same in self.same(state)}
            if any(t in states or _reads(t, states) for t in read):
                found[number] = changes
        return found

    def states(self, chains: Chains) -> set[Tensor]:
        """All that the carries become in a step, their state before it included."""
        own = [state for number, changes in chains.items() for state in (self.step.states[number][0], *changes)]
        return {same for state in own for same in self.same(state)}

    def same(self, state: Tensor) -> list[Tensor]:
        """The state, and the same one as an output of the loop that also records."""
        node = state.node
        if node.op is not LOOP:
            return [state]
        loops = (n for n in self.loops if n.attrs["base"] is node.attrs["base"] and n is not node)
        same = (n for n in loops if all(a is b for a, b in zip(n.inputs, node.inputs, strict=True)))
        return [state, *(n.outputs[state.index] for n in same)]

    def recorded(self) -> Reversed:
        """The step with all that it reads recorded."""
        sizes = spoken_of(self.outputs, self.step.body.locals)
        outputs = [*self.outputs, *(value for _, value in sizes)]
        records = {t: recorded(t) for t in self.read(outputs, set())}
        outputs = substitute(outputs, {t: value for t, (_, _, value) in records.items()})
        return self._reversed(outputs, sizes, {record: p for record, p, _ in records.values()}, {}, {})

    def _reversed(
        self,
        outputs: list[Tensor],
        sizes: Locals,
        tape: dict[Tensor, Tensor],
        after: dict[int, Tensor],
        before: dict[int, Tensor],
    ) -> Reversed:
        end = len(self.outputs)
        values = outputs[end : end + len(sizes)]
        named = tuple((symbol, value) for (symbol, _), value in zip(sizes, values, strict=True))
        return Reversed(outputs[:end], named, tape, after, before)

    def undone(self, chains: Chains) -> Reversed | None:
        """The step on states that changes are undone to; None where one would be needed to come to itself."""
        before = self._before_inner_loops(chains)
        if before is None:
            return None
        states = {
            same: stand_in
            for number, changes in chains.items()
            for state, stand_in in ((t, parameter(t.type)) for t in (self.step.states[number][0], *changes))
            for same in self.same(state)
        }
        all_changes = [change for changes in chains.values() for change in changes if change.op is not COND]
        put_back = [change for change in all_changes if _key(change) not in self.inner]
        places = {change: changed_places(change, self.step.body) for change in put_back}
        indices = list(dict.fromkeys(t for _, found in places.values() for place in found for t in place.indices or ()))
        parts = [place.of(base) for base, found in places.values() for place in found]
        speaking = [*self.outputs, *self.inner.values(), *states, *indices, *parts]
        sizes = spoken_of(speaking, self.step.body.locals)
        values = [*self.outputs, *(value for _, value in sizes), *indices, *self.inner.values()]
        wanted = dict.fromkeys([*before, *self.read(values, states.keys())])
        records = {t: recorded(t) for t in wanted}
        known = {t: value for t, (_, _, value) in records.items()} | states
        again, middles = self._again(chains, known, _computed(values, known.keys()))
        values = substitute(values, known)
        tape = {record: stand_in for record, stand_in, _ in records.values()}
        place = len(self.outputs) + len(sizes)
        index = dict(zip(indices, values[place:], strict=False))
        inner = {key: place + len(indices) + k for k, key in enumerate(self.inner)}
        rerun = {key: len(values) + k for k, key in enumerate(again)}
        values += again.values()
        last: dict[int, Tensor] = {}
        first = {number: len(values) + k for k, number in enumerate(chains)}
        for number, changes in chains.items():
            state = last[number] = parameter(self.step.states[number][0].type)
            for change in changes:
                values = substitute(values, {states[change]: state})
                key = _key(change)
                if key in inner:
                    state = values[inner[key]]
                    continue
                if change.op is COND:
                    state = self._put_back_branch(change, state, records, tape)
                    continue
                base, changed = places[change]
                olds = [(p, _taken(p.of(base), tape), [index[t] for t in p.indices or ()]) for p in changed]
                for written, old, at in olds:
                    state = written.put(state, old, at)
                if key in rerun:
                    values = substitute(values, {middles[key]: state})
                    state = values[rerun[key]]
                    for written, old, at in olds:
                        state = written.put(state, old, at)
            values = [*substitute(values, {states[self.step.states[number][0]]: state}), state]
        found = {number: values[k] for number, k in first.items()}
        left = {node.out for node in sort_nodes(values) if node.op is PARAMETER}
        if not left.isdisjoint(states.values()):
            return None
        return self._reversed(values, sizes, tape, last, found)

    def _again(
        self, chains: Chains, known: dict[Tensor, Tensor], computed: Set[Node]
    ) -> tuple[dict[Key, Tensor], dict[Key, Tensor]]:
        """Loops that the backward pass runs again to have their records: what becomes of an array in them, from a
        parameter for the state before. They change the array again, after which it is put back once more, so that no
        copy is needed. ``known`` gets what stands for their results. Those whose records are on the tape are not among
        the nodes that it has ``computed``."""
        middles = {
            _key(change): parameter(change.type)
            for changes in chains.values()
            for change in changes
            if change.op is LOOP and _key(change) not in self.inner
        }
        found: dict[Key, Tensor] = {}
        for node in dict.fromkeys(node for node, _ in middles):
            for loop in {t.node: None for t in self.same(node.outputs[0])[1:] if t.node in computed}:
                inputs = [middles.get((node, number), x) for number, x in enumerate(loop.inputs)]
                copy = copy_node(loop, tuple(substitute(inputs, known)))
                for old, new in zip(loop.outputs, copy.outputs, strict=True):
                    known.setdefault(old, new)
                found.update((key, copy.outputs[key[1]]) for key in middles if key[0] is node)
        return found, middles

    def _put_back_branch(self, change: Tensor, state: Tensor, records: Records, tape: dict[Tensor, Tensor]) -> Tensor:
        """The state before a branch that changes it: a branch, whose blocks put back what stood there."""
        given = parameter(state.type)
        found = with_residuals([before_branch(change, given)], [given], self.free)
        for t in recorded_values(found, [given], self.free, self.step.carried):
            if t not in records:
                records[t] = recorded(t)
                tape[records[t][0]] = records[t][1]
        return substitute(found, {t: value for t, (_, _, value) in records.items()} | {given: state})[0]

    def _before_inner_loops(self, chains: Chains) -> list[Tensor] | None:
        """What inner loops read of the time before them has to be recorded: the states of then come out of them. None
        where they read one of these."""
        changed = [change for changes in chains.values() for change in changes]
        nodes = dict.fromkeys(t.node for t in changed if t.op is LOOP or _key(t) in self.inner)
        found: list[Tensor] = []
        for node in nodes:
            earlier: set[Tensor] = set()
            later: set[Tensor] = set()
            for number, changes in chains.items():
                passed = [change.node for change in changes]
                split = passed.index(node) + 1 if node in passed else len(changes) + 1
                for place, state in enumerate((*changes, self.step.states[number][0])):
                    (later if place < split else earlier).update(self.same(state))
            firsts = [first for (loop, _), first in self.inner.items() if loop is node]
            read = self.read(firsts, later)
            if not earlier.isdisjoint(read):
                return None
            found += read
        return found


def _computed(values: Sequence[Tensor], known: Set[Tensor]) -> set[Node]:
    """The nodes that values are computed by, where some tensors are known."""
    pending, found = [t for t in values if t not in known], set[Node]()
    while pending:
        node = pending.pop().node
        if node not in found:
            found.add(node)
            pending += (t for t in node.inputs if t not in known)
    return found


def _key(change: Tensor) -> Key:
    return change.node, change.index


def _reads(tensor: Tensor, states: Set[Tensor]) -> bool:
    """Whether a value is a part of one of these arrays, or one that a branch picks."""
    inputs = tensor.inputs if tensor.op is COND else tensor.inputs[:1]
    return not states.isdisjoint(inputs)


def _taken(old: Tensor, tape: dict[Tensor, Tensor]) -> Tensor:
    """What stands for a forward value, which goes to the tape."""
    record, stand_in, value = recorded(old)
    tape[record] = stand_in
    return value
