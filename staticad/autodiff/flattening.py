"""Loops around loops of run-time length as one loop, whose steps are those of both.

What an inner loop of run-time length records has no place on the tape of the loop around it. If the inner loop changes
an array anywhere, that tape would have the whole array for each step. So the derivative is that of one flat loop. A
step of it is the part of an outer step before the inner loop, a step of the inner loop, or the part after it. The tape
of the flat loop grows as these steps do, and its changes are undone one by one. How many steps there are is known when
the loop itself has run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from staticad.autodiff.branch_parts import choose
from staticad.autodiff.changes import NONE, Known, changes_of, reaches_few
from staticad.autodiff.loop_parts import LoopParts, Maybe, Undone, demands_of
from staticad.autodiff.prints import without_prints
from staticad.autodiff.recording import counts, is_there, nominal_count, with_records
from staticad.ir import dims
from staticad.ir.dims import Symbol, is_runtime, local_symbols
from staticad.ir.dtypes import INT64
from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ir.substitute import depends_on, substitute
from staticad.ir.types import TensorType
from staticad.ops.base import apply, apply_all
from staticad.ops.control import (
    LOOP,
    PARAMETER,
    Body,
    Control,
    Locals,
    LoopShape,
    all_nodes,
    parameter,
    spoken_of,
    steps_made,
)
from staticad.ops.conversion import CAST
from staticad.ops.creation import IOTA, size_tensor, zeros
from staticad.ops.indexing import GATHER, SCATTER, Scatter
from staticad.ops.reduce import SUM
from staticad.ops.slicing import REPLACE
from staticad.ops.sources import constant
from staticad.records import dataclass

SMALL = 16  # elements of what is kept, or read, in every step of the flat loop
WHOLE = 64  # elements of an array that is recorded as a whole without regret
NUMBER = TensorType((), INT64)
AT: dict[str, Any] = {"axes": (0,), "position": 0, "aligned": False}


@dataclass(frozen=True)
class Flat:
    """The flat loop, and how many carries it has. The first ones are those of the loop, and its results; sequences and
    captures of the loop are its captures."""

    node: Node
    carries: int

    def cotangents(self, given: Sequence[Maybe]) -> list[Maybe]:
        """Those of the outputs of the loop, as of the outputs of the flat one."""
        return [*given, *([None] * (len(self.node.outputs) - len(given)))]

    def needed(self, given: Sequence[bool], shape: LoopShape) -> list[bool]:
        """Which inputs need a derivative, given those of the loop."""
        others = [False] * (self.carries - shape.carries)
        return [*given[: shape.carries], *others, *given[shape.carries :], False]

    def by_input(self, found: Sequence[Maybe], shape: LoopShape) -> list[Maybe]:
        """Cotangents of its inputs, as of the inputs of the loop."""
        return [*found[: shape.carries], *found[self.carries : -1]]


def flattened(parts: LoopParts) -> Flat | None:
    """The loop as a flat one; None where it has no inner loop whose changes it would have to record as a whole."""
    if is_runtime(parts.shape.length) or parts.node.attrs.get("remat"):
        return None
    nodes = sort_nodes(parts.body.roots)
    inner = [n for n in nodes if n.op is LOOP and _changes_anything(n, parts.body)]
    if len(inner) != 1:
        return None
    try:
        return _Flattening(parts, inner[0]).flat()
    except _Kept:
        return None


class _Kept(Exception):
    """The loop stays as it is."""


def _changes_anything(inner: Node, outside: Body) -> bool:
    """Whether a loop of run-time length changes few places of an array in each step, which can be any."""
    shape: LoopShape = inner.attrs["shape"]
    if not is_runtime(shape.length) or inner.attrs.get("remat") or inner.attrs.get("checkpoint") or shape.results:
        return False
    body: Body = inner.attrs["body"]
    return any(
        nominal_count(own.shape) > WHOLE
        and body.outputs[k] is not own
        and _is_changed(own, body.outputs[k], body)
        and not reaches_few(inner.outputs[k], outside)
        for k, own in enumerate(body.parameters[: shape.carries])
    )


def _is_changed(own: Tensor, last: Tensor, body: Body, known: Known = NONE) -> bool:
    """Whether an array becomes in a body what differs from it in some places."""
    found = changes_of(last, body, known)
    return found is not None and found[0] is own


class _Flattening:
    def __init__(self, parts: LoopParts, inner: Node) -> None:
        self.parts, self.inner = parts, inner
        self.shape: LoopShape = parts.shape
        self.inner_shape: LoopShape = inner.attrs["shape"]
        self.inner_body: Body = inner.attrs["body"]
        self.free = {*parts.slices, *parts.captures}
        self.after = depends_on(parts.body.roots, inner.outputs)
        self.carried = [parts.carry[m].type for m in range(self.shape.carries)]
        self.stacked = [TensorType((self.shape.length, *t.shape), t.dtype) for t in parts.results]
        self.extra: list[TensorType] = [NUMBER, NUMBER]  # the number of the outer step, and which part of it is next
        self.held: dict[Tensor, int] = {}  # by what is needed while or after the inner loop runs: where it is kept
        self.inner_slots: list[int] = []
        self.begun: dict[int, Tensor] = {}  # what the first part puts there
        self._place()

    # ---- where everything is kept --------------------------------------------------------------------------------

    def _place(self) -> None:
        inputs, carries = self.inner.inputs, self.inner_shape.carries
        sequences = self.inner_shape.sequences
        if not all(map(_counts_steps, inputs[carries : carries + sequences])):
            raise _Kept
        if any(map(local_symbols, (size for t in inputs for size in t.shape if not is_runtime(size)))):
            raise _Kept
        if self.inner_shape.conditional and any(t is self.inner.outputs[-1] for n in self.after for t in n.inputs):
            raise _Kept
        self.around = self._sizes_around()
        self._check_changes()
        self._check_sizes()
        taken: set[int] = set()
        for first in inputs[:carries]:
            m = self._carry_of(first)
            if m is None or m in taken:
                m = self._keep(first)
            taken.add(m)
            self.begun[m] = first
            self.inner_slots.append(m)
        self.counter = self._extra(NUMBER) if sequences else None
        for t in self._live():
            if t in self.held or is_there(t, self.free) or counts(t, self.free):
                continue
            m = self._carry_of(t)
            if m is None or m in taken:
                m = self._keep(t)
            taken.add(m)
            self.held[t], self.begun[m] = m, t

    def _carry_of(self, state: Tensor) -> int | None:
        """The carry of which an array is a changed copy, or which a number is."""
        found = changes_of(state, self.parts.body) if state.ndim else (state, [])
        return next((m for m, own in enumerate(self.parts.carry) if found is not None and found[0] is own), None)

    def _keep(self, t: Tensor) -> int:
        if any(map(local_symbols, t.shape)) or nominal_count(t.shape) > SMALL:
            raise _Kept
        return self._extra(t.type)

    def _extra(self, kind: TensorType) -> int:
        self.extra.append(kind)
        return len(self.carried) + len(self.stacked) + len(self.extra) - 1

    def _live(self) -> list[Tensor]:
        """What is computed before the inner loop and read in it or after it."""
        carries, sequences = self.inner_shape.carries, self.inner_shape.sequences
        found = [*self.inner.inputs[carries + sequences : carries + sequences + self.inner_shape.captures]]
        if self.counter is not None:
            found.append(self.inner.inputs[-1])
        own = {*self.after, self.inner}
        found += (t for n in sort_nodes(self.parts.body.roots) if n in self.after for t in n.inputs)
        found += self.parts.body.roots
        return [t for t in dict.fromkeys(found) if t.node not in own]

    def _check_changes(self) -> None:
        """All arrays are changed place by place, in all parts of the flat loop."""
        known = {(self.inner, k): Undone(t, t) for k, t in enumerate(self.inner.inputs[: self.inner_shape.carries])}
        outside = zip(self.parts.carry, self.parts.following, strict=True)
        carries = self.inner_shape.carries  # a condition to go on comes after them
        inside = zip(self.inner_body.parameters[:carries], self.inner_body.outputs, strict=False)
        for pairs, body, undone in (outside, self.parts.body, known), (inside, self.inner_body, NONE):
            for own, last in pairs:
                if nominal_count(own.shape) > SMALL and not _is_changed(own, last, body, undone):
                    raise _Kept

    def _check_sizes(self) -> None:
        """No step works on much that only others need."""
        whole = max(nominal_count(t.shape) for t in self.inner.outputs[: self.inner_shape.carries] if t.ndim)
        inside, outside = (
            max((nominal_count(t.shape) for node in all_nodes(body.roots) for t in _made(node)), default=0)
            for body in (self.inner_body, self.parts.body)
        )
        if 4 * inside > whole or outside > max(SMALL, inside):
            raise _Kept

    def _sizes_around(self) -> Locals:
        """The local sizes of the body around the loop that the step of the loop has from there. Of no others may speak
        what the flat loop has from there."""
        parts, shape = self.parts, self.shape
        own = {t.node for t in parts.captures}
        found = tuple(
            (symbol, value)
            for symbol, value in parts.body.locals
            if all(n.op is not PARAMETER or n in own for n in sort_nodes([value]))
        )
        given = parts.node.inputs[shape.carries : shape.carries + shape.sequences + shape.captures]
        sizes = [size for t in given if not _counts_steps(t) for size in t.shape]
        spoken = set[Symbol]().union(*map(local_symbols, [*sizes, *[shape.length] * shape.reverse]))
        if not spoken <= {symbol for symbol, _ in found} or (parts.results and local_symbols(shape.length)):
            raise _Kept
        return found

    # ---- the loop ------------------------------------------------------------------------------------------------

    def flat(self) -> Flat:
        node, parts, shape = self.parts.node, self.parts, self.shape
        types = [*self.carried, *self.stacked, *self.extra]
        self.number, self.part = len(self.carried) + len(self.stacked), len(self.carried) + len(self.stacked) + 1
        captured = [*node.inputs[shape.carries : shape.carries + shape.sequences + shape.captures]]
        own = [parameter(t) for t in types]
        own_captures = [parameter(t.type) for t in captured]
        blocks = [
            part([parameter(t) for t in types], [parameter(t.type) for t in captured])
            for part in (self._before, self._inside, self._after)
        ]
        made = choose([own[self.part], *own, *own_captures], blocks)
        sizes = spoken_of(made, self.around)
        values = substitute([value for _, value in sizes], self._captured(own_captures))
        named = tuple((symbol, value) for (symbol, _), value in zip(sizes, values, strict=True))
        body = Body((*own, *own_captures), tuple(made), demands_of(parts.body), named)
        many = LoopShape(len(types), 0, len(captured), 0, dims.fresh_runtime("steps"), counted=True)
        starts = [*node.inputs[: shape.carries], *map(zeros, types[shape.carries :])]
        stack = with_records(parts, [steps_made(self.inner)])[shape.carries + shape.results]
        length = size_tensor(shape.length)
        steps = apply(SUM, stack, axes=(0,)) + length + length
        outs = apply_all(LOOP, *starts, *captured, steps, body=body, shape=many, base=body)
        return Flat(outs[0].node, len(types))

    def _given(self, slots: Sequence[Tensor], captures: Sequence[Tensor]) -> dict[Tensor, Tensor]:
        """What the slices and captures of an outer step are."""
        parts, shape, found = self.parts, self.shape, self._captured(captures)
        number = self._place_of_step(slots)
        sequences = parts.node.inputs[shape.carries : shape.carries + shape.sequences]
        for own, sequence, there in zip(parts.slices, sequences, captures, strict=False):
            found[own] = number if _counts_steps(sequence) else apply(GATHER, there, number, **AT)
        return found

    def _captured(self, captures: Sequence[Tensor]) -> dict[Tensor, Tensor]:
        return dict(zip(self.parts.captures, captures[self.shape.sequences :], strict=True))

    def _place_of_step(self, slots: Sequence[Tensor]) -> Tensor:
        """Where an outer step finds its slices, and puts its results."""
        number = slots[self.number]
        return size_tensor(self.shape.length) - number - 1 if self.shape.reverse else number

    def _body(
        self,
        slots: Sequence[Tensor],
        captures: Sequence[Tensor],
        values: Mapping[int, Tensor],
        mapping: Mapping[Tensor, Tensor],
        of: Body,
        outside: Mapping[Tensor, Tensor],
    ) -> Body:
        """A part with these values of a body in some slots; the others stay. ``outside`` is the mapping of an outer
        step, of whose sizes what comes in from there may speak."""
        quiet = without_prints(list(values.values()))
        sizes = dict(spoken_of(quiet, of.locals))
        made = substitute([*quiet, *sizes.values()], mapping)
        others = spoken_of(made, tuple((s, value) for s, value in self.parts.body.locals if s not in sizes))
        made += substitute([value for _, value in others], outside)
        found = dict(zip(values, made, strict=False))
        named = tuple(zip((*sizes, *(symbol for symbol, _ in others)), made[len(quiet) :], strict=True))
        outputs = tuple(found.get(m, own) for m, own in enumerate(slots))
        return Body((*slots, *captures), outputs, (), named)

    def _before(self, slots: Sequence[Tensor], captures: Sequence[Tensor]) -> Body:
        mapping = self._given(slots, captures) | dict(zip(self.parts.carry, slots, strict=False))
        going = self.inner.inputs[-1]
        if self.counter is not None:
            going = going > 0
        values = {**self.begun, self.part: _next(going)}
        if self.counter is not None:
            values[self.counter] = constant(0, INT64)
        return self._body(slots, captures, values, mapping, self.parts.body, mapping)

    def _inside(self, slots: Sequence[Tensor], captures: Sequence[Tensor]) -> Body:
        shape, body = self.inner_shape, self.inner_body
        held = self._given(slots, captures) | {t: slots[m] for t, m in self.held.items()}
        carry, slices, own = shape.split_parameters(body.parameters)
        _, _, given = shape.split_parameters(self.inner.inputs)
        mapping = dict(zip(carry, (slots[m] for m in self.inner_slots), strict=True))
        mapping.update(zip(own, substitute(given, held), strict=True))
        values = dict(zip(self.inner_slots, body.outputs, strict=False))
        if self.counter is not None:
            following = slots[self.counter] + 1
            mapping.update((t, slots[self.counter]) for t in slices)
            values[self.counter] = following
            (count,) = substitute([self.inner.inputs[-1]], held)
            values[self.part] = _next(following < count)
        else:
            values[self.part] = _next(body.outputs[-1])
        made = self._body(slots, captures, values, mapping, body, held)
        return Body(made.parameters, made.outputs, demands_of(body), made.locals)

    def _after(self, slots: Sequence[Tensor], captures: Sequence[Tensor]) -> Body:
        mapping = self._given(slots, captures) | {t: slots[m] for t, m in self.held.items()}
        mapping.update(zip(self.inner.outputs, (slots[m] for m in self.inner_slots), strict=False))
        values: dict[int, Tensor] = dict(enumerate(self.parts.following))
        place = self._place_of_step(slots)
        for j, result in enumerate(self.parts.results, len(self.carried)):
            values[j] = apply(SCATTER, slots[j], result, place, mode="set", **AT)
        values[self.number], values[self.part] = slots[self.number] + 1, constant(0, INT64)
        return self._body(slots, captures, values, mapping, self.parts.body, mapping)


def _counts_steps(sequence: Tensor) -> bool:
    return sequence.op is IOTA and sequence.ndim == 1


def _made(node: Node) -> Sequence[Tensor]:
    """What a node computes, but for changed arrays and constants."""
    changes = node.op is REPLACE or isinstance(node.op, (Scatter, Control))
    return () if changes or node.op is PARAMETER or not node.inputs else node.outputs


def _next(going: Tensor) -> Tensor:
    """The number of the next part: a step of the inner loop, or what comes after it."""
    return 2 - apply(CAST, going, dtype=INT64)
