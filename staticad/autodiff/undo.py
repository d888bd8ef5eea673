"""Arrays that a loop changes place by place: the backward pass undoes the changes instead of reading recorded arrays.

A step that writes into a few places of its state leaves what stood there on the tape. The backward loop begins with the
last state and puts the old values back, step by step, so that it has every state in its hands for the cost of the
updates (Griewank and Walther, Evaluating Derivatives, 2nd ed., chapter 4, on values before they are overwritten).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from staticad.autodiff.loop_parts import LoopParts
from staticad.autodiff.recording import nominal, nominal_bytes, nominal_count, recorded_values
from staticad.autodiff.residuals import with_residuals
from staticad.ir.dims import is_runtime, local_symbols
from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ir.local_sizes import largest_shape
from staticad.ir.substitute import substitute
from staticad.ir.types import TensorType
from staticad.ops.base import apply
from staticad.ops.control import LOOP, PARAMETER, Locals, parameter, spoken_of
from staticad.ops.indexing import GATHER, GATHER_ALONG, SCATTER_ALONG, Scatter
from staticad.ops.slicing import EMBED, REPLACE, SLICE
from staticad.records import dataclass

Undone = dict[tuple[Node, int], Tensor]  # by a loop and the number of a carry: the first state, from the last one
Chains = dict[int, list[Tensor]]  # by the number of a carry: what it becomes in a step, the last first
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


def reverse_step(
    parts: LoopParts, outputs: Sequence[Tensor], given: Sequence[Tensor], free: set[Tensor], undone: Undone
) -> Reversed:
    """The backward step with these outputs, which depend on the parameters ``given`` to it and on forward values;
    ``free`` parameters of the loop are there without a record. ``undone`` are the first states of inner loops of it.
    """
    count = len(outputs)
    outputs = with_residuals([*outputs, *undone.values()], given, free)
    undone = dict(zip(undone, outputs[count:], strict=True))
    step = _Step(parts, outputs[:count], given, free, undone)
    plain, undone_step = step.recorded(), step.undone(step.chains())
    return undone_step if undone_step is not None and _is_less(undone_step, plain, parts) else plain


def _is_less(undone: Reversed, plain: Reversed, parts: LoopParts) -> bool:
    """Whether the tape is much smaller if changes are undone. The last state is there anyway and copied at most, which
    is half of what a record takes that is written and read."""
    steps = nominal(parts.shape.length)
    taken, recorded = (nominal_bytes(t.type for t in way.tape) for way in (undone, plain))
    last = nominal_bytes(t.type for t in undone.after.values())
    return GAIN * steps * taken + last // 2 <= steps * recorded


class _Step:
    def __init__(
        self, parts: LoopParts, outputs: list[Tensor], given: Sequence[Tensor], free: set[Tensor], undone: Undone
    ) -> None:
        self.parts, self.outputs, self.given, self.free, self.inner = parts, outputs, given, free, undone
        self.carry = set(parts.carry)
        self.loops = [node for node in sort_nodes([*outputs, *undone.values()]) if node.op is LOOP]

    def read(self, outputs: Sequence[Tensor], states: Set[Tensor]) -> list[Tensor]:
        """The forward values to record for some outputs, where states are there without a record."""
        return recorded_values(outputs, self.given, self.free | states, self.carry - states)

    def chains(self) -> Chains:
        """The carries whose changes can be undone, and of which some state would be recorded."""
        found: Chains = {}
        read = recorded_values(self.outputs, self.given, self.free, self.carry, parts=False)
        for number, carry in enumerate(self.parts.carry):
            changes = _changes(self.parts, number, self.inner) if carry.ndim else []
            states = {same for state in (carry, *changes) for same in self.same(state)} if changes else set()
            if any(t in states or (t.inputs and t.inputs[0] in states) for t in read):
                found[number] = changes
        return found

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
        sizes = spoken_of(self.outputs, self.parts.body.locals)
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
        if not chains or before is None:
            return None
        states = {
            same: stand_in
            for number, changes in chains.items()
            for state, stand_in in ((t, parameter(t.type)) for t in (self.parts.carry[number], *changes))
            for same in self.same(state)
        }
        nodes = [change.node for changes in chains.values() for change in changes]
        indices = list(dict.fromkeys(t for n in nodes if isinstance(n.op, Scatter) for t in n.inputs[2:]))
        speaking = [*self.outputs, *self.inner.values(), *states, *indices]
        sizes = spoken_of(speaking, self.parts.body.locals)
        values = [*self.outputs, *(value for _, value in sizes), *indices, *self.inner.values()]
        wanted = dict.fromkeys([*before, *self.read(values, states.keys())])
        records = {t: recorded(t) for t in wanted}
        values = substitute(values, {t: value for t, (_, _, value) in records.items()} | states)
        tape = {record: stand_in for record, stand_in, _ in records.values()}
        place = len(self.outputs) + len(sizes)
        known = dict(zip(indices, values[place:], strict=False))
        inner = {key: place + len(indices) + k for k, key in enumerate(self.inner)}
        last: dict[int, Tensor] = {}
        first = {number: len(values) + k for k, number in enumerate(chains)}
        for number, changes in chains.items():
            state = last[number] = parameter(self.parts.carry[number].type)
            for change in changes:
                values = substitute(values, {states[change]: state})
                key = (change.node, change.index)
                state = values[inner[key]] if key in inner else _put_back(change, state, known, tape)
            values = [*substitute(values, {states[self.parts.carry[number]]: state}), state]
        found = {number: values[k] for number, k in first.items()}
        left = {node.out for node in sort_nodes(values) if node.op is PARAMETER}
        if not left.isdisjoint(states.values()):
            return None
        return self._reversed(values, sizes, tape, last, found)

    def _before_inner_loops(self, chains: Chains) -> list[Tensor] | None:
        """What inner loops read of the time before them has to be recorded: the states of then come out of them. None
        where they read one of these."""
        nodes = dict.fromkeys(change.node for changes in chains.values() for change in changes if change.op is LOOP)
        found: list[Tensor] = []
        for node in nodes:
            earlier: set[Tensor] = set()
            later: set[Tensor] = set()
            for number, changes in chains.items():
                passed = [change.node for change in changes]
                split = passed.index(node) + 1 if node in passed else len(changes) + 1
                for place, state in enumerate((*changes, self.parts.carry[number])):
                    (later if place < split else earlier).update(self.same(state))
            firsts = [first for (loop, _), first in self.inner.items() if loop is node]
            read = self.read(firsts, later)
            if not earlier.isdisjoint(read):
                return None
            found += read
        return found


def _changes(parts: LoopParts, number: int, undone: Undone) -> list[Tensor]:
    """What a carry becomes in a step, the last first; nothing where it is not changed place by place."""
    found: list[Tensor] = []
    state = parts.following[number]
    while state is not parts.carry[number]:
        node = state.node
        if node.op is LOOP:
            again = is_runtime(node.attrs["shape"].length) or node.attrs.get("remat")  # from the state before it
            if again or (node, state.index) not in undone:
                return []
        elif node.op is REPLACE or isinstance(node.op, Scatter):
            if 2 * nominal_count(node.inputs[1].shape) > nominal_count(state.shape):
                return []
        else:
            return []
        found.append(state)
        state = node.inputs[state.index]
    return found


def _put_back(change: Tensor, state: Tensor, indices: Mapping[Tensor, Tensor], tape: dict[Tensor, Tensor]) -> Tensor:
    """The state before a change, from that after it."""
    node = change.node
    base, attrs = node.inputs[0], node.attrs
    if node.op is REPLACE:
        old = _taken(apply(SLICE, base, **attrs), tape)
        return apply(REPLACE, state, old, **attrs)
    rule = {name: value for name, value in attrs.items() if name != "mode"}
    gather = GATHER_ALONG if node.op is SCATTER_ALONG else GATHER
    old = _taken(apply(gather, base, *node.inputs[2:], **rule), tape)  # writes to one place write the same old value
    return apply(node.op, state, old, *(indices[t] for t in node.inputs[2:]), mode="set", **rule)


def _taken(old: Tensor, tape: dict[Tensor, Tensor]) -> Tensor:
    """What stands for a forward value, which goes to the tape."""
    record, stand_in, value = recorded(old)
    tape[record] = stand_in
    return value


def recorded(tensor: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """A value as it is recorded, a parameter for the record, and the value taken from that: what has a local size is
    recorded in an array of the largest size."""
    if not any(map(local_symbols, tensor.shape)):
        stand_in = parameter(tensor.type)
        return tensor, stand_in, stand_in
    shape, origin, ones = largest_shape(tensor.shape), (0,) * tensor.ndim, (1,) * tensor.ndim
    fill = {"f": 0.0, "b": False}.get(tensor.dtype.kind, 0)
    whole = apply(EMBED, tensor, shape=shape, starts=origin, steps=ones, fill=fill)
    stand_in = parameter(TensorType(shape, tensor.dtype))
    return whole, stand_in, apply(SLICE, stand_in, starts=origin, steps=ones, sizes=tensor.shape)
