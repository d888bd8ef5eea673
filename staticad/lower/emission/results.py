"""What the members of a cluster leave at a point of its nest: stored elements, registers of reductions, and results
that accumulate in memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from staticad.ir.dims import product
from staticad.ir.dtypes import FLOAT64
from staticad.ir.expressions import Cast, Expression, Name, arithmetic, call, constant
from staticad.ir.graph import Node
from staticad.lower.emission.assembling import region_place
from staticad.lower.emission.emit import Emitter
from staticad.lower.emission.reductions import (
    column_run,
    combine_of,
    from_register,
    initial_of,
    mode_of,
    reduction_of,
    to_register,
)
from staticad.lower.fusion.clusters import ACCUMULATE, ASSEMBLE, INNER, ROW, Member
from staticad.lower.index.affine import ZERO, Affine, Context, linear, loop
from staticad.lower.index.axes import Axis, affine_of
from staticad.lower.kernel.language import Branch, Compute
from staticad.lower.kernel.plan import Buffer

CHUNK_KEY = "chunk"
IN_ORDER = {"add_reduce": "add", "mul_reduce": "mul"}  # for terms that are written out
Bounds = tuple[Expression | None, Expression]  # of a loop


class Accumulator:
    """A member that accumulates across the nest: in a register where its result has no loop of its own below the
    depth that owns it, else in memory. There, what is combined in float64 has memory of its own, ``wide``; ``run`` is
    that of `column_run`. What is combined term by term is first reduced in a register along the ``row`` of innermost
    loops that it does not have."""

    def __init__(self, member: Member, axes: Sequence[Axis], limit: int) -> None:
        self.member = member
        kept = {a for a in member.axes if a >= 0}
        self.depth = 0
        while self.depth < limit and axes[self.depth].last in kept:
            self.depth += 1
        self.below = [axis for axis in axes[self.depth : limit] if axis.last in kept]
        self.register: Name | None = None
        reduced = [axis.extent for axis in axes[self.depth : limit] if axis.last not in kept]
        self.run = column_run(member, product(reduced), product(reduced[1:])) if self.below else 0
        self.wide: Buffer | None = None
        self.row = limit
        while self.run < 0 and axes[self.row - 1].last not in kept:
            self.row -= 1


class Results:
    """The results of members in a nest over axes, of which the first ``outer_count`` are outer ones. ``outputs`` gives
    the buffers that a stored node is written to, ``bounds`` those of a loop over all of an axis."""

    def __init__(
        self,
        emitter: Emitter,
        axes: Sequence[Axis],
        outer_count: int,
        outputs: Callable[[Node], list[Buffer]],
        bounds: Callable[[int], Bounds],
    ) -> None:
        self.emitter, self.axes, self.outer_count = emitter, axes, outer_count
        self.outputs, self.bounds = outputs, bounds
        self.affine = affine_of(axes)
        self.runs: dict[Node, Name] = {}  # the registers of the present run
        self.rolled = len(axes)  # the loops behind these are written out
        self.accumulators = [
            Accumulator(m, axes, len(axes) if m.level == INNER else outer_count)
            for m in emitter.members.values()
            if m.kind == ACCUMULATE
        ]
        for a in self.accumulators:  # those that share a loop share its runs
            if a.run > 0:
                a.run = min(other.run for other in self.accumulators if other.depth == a.depth and other.run > 0)

    def context(self, axes: tuple[int, ...]) -> Context:
        return tuple(self.affine[a] if a >= 0 else ZERO for a in axes)

    def result_context(self, member: Member) -> Context:
        context = self.context(member.axes)
        return (loop(CHUNK_KEY), *context[1:]) if reduction_of(member).partial else context

    def store(self, member: Member) -> None:
        tensor = member.node.outputs[0]
        context = self.context(member.axes)
        if member.kind == ASSEMBLE:
            self._store_parts(member, context)
            return
        value = self.emitter.value(tensor, context)
        _, affine = self.emitter.lowering.location(tensor, context)
        for buffer in self.outputs(member.node):
            self.emitter.store(buffer, affine, value)
        self.emitter.where[member.node.where] = None

    def _store_parts(self, member: Member, context: Context) -> None:
        """What the operands of an assembled array have at an index of their leading axes."""
        emitter, node = self.emitter, member.node
        for number, x in enumerate(node.inputs):
            place = region_place(emitter.lowering, node, number)
            inner = (range(int(size)) for size in emitter.fusion.shape(x)[len(context) :])
            for at in itertools.product(*inner):
                element = (*context, *map(Affine, at))
                value = emitter.value(x, element)
                for buffer in self.outputs(node):
                    emitter.store(buffer, place(element), value)
        emitter.where[node.where] = None

    def operand(self, member: Member) -> Expression:
        assert member.operand is not None
        self.emitter.where[member.node.where] = None
        self.emitter.cost += 1
        return self.emitter.value(member.operand, self.context(member.operand_axes))

    def mode(self, member: Member) -> str:
        """How the register of a reduction is kept."""
        kept = {a for a in member.axes if a >= 0}
        reduced = [axis.extent for axis in self._reduced(member)]  # none: merged axes of an empty space
        run = reduced[-1] if reduced and (member.level == INNER or member.kind == ROW) else 1
        if member.kind == ACCUMULATE and self.axes[-1].last in kept:
            run = 1
        return mode_of(member, product(reduced), run)

    def _reduced(self, member: Member) -> list[Axis]:
        """The loops over which a reduction combines."""
        kept = {a for a in member.axes if a >= 0}
        loops = self.axes if member.level == INNER or member.kind == ROW else self.axes[: self.outer_count]
        return [axis for axis in loops if axis.last not in kept]

    def open_register(self, member: Member) -> Name:
        """The register of a reduction."""
        return self.register(to_register(member, initial_of(member), self.mode(member)))

    def register(self, value: Expression) -> Name:
        register = self.emitter.fresh("a", value.dtype)
        self.emitter.emit(Compute(register.name, value))
        return register

    def reduce(self, member: Member, register: Name) -> None:
        """One more value for a register."""
        value, function = self.operand(member), combine_of(member)
        run = self.runs.get(member.node)
        if all(axis in self.axes[self.rolled :] for axis in self._reduced(member)):
            function = IN_ORDER.get(function, function)
        if run is not None:
            register = run
        else:
            value = to_register(member, value, self.mode(member))
        self.emitter.emit(Compute(register.name, call(function, register, value)))

    def close_register(self, member: Member, register: Name) -> Name:
        """The result that a register holds."""
        result = from_register(member, register, self.mode(member))
        return register if result is register else self.register(result)

    def begin(self, depth: int, stage: int | None) -> None:
        for accumulator in self._rows(depth, stage):
            accumulator.register = self.open_register(accumulator.member)
        for accumulator in self._owned(depth, stage):
            member = accumulator.member
            if not accumulator.below:
                accumulator.register = self.open_register(member)
                continue
            initial = initial_of(member)
            if accumulator.run:
                (result,), lowering = member.node.outputs, self.emitter.lowering
                accumulator.wide = lowering.wide(result, product(lowering.fusion.shape(result)))
                with self._elements(accumulator, self._several(accumulator)):
                    self.emitter.store(accumulator.wide, self._place(member), constant(initial.value, FLOAT64))
            outputs = self.outputs(member.node)
            if accumulator.run >= 0:
                with self._elements(accumulator):
                    for buffer in outputs[:1] if accumulator.run else outputs:
                        self.emitter.store(buffer, self._place(member), initial)

    def end(self, depth: int, stage: int | None) -> None:
        for accumulator in self._rows(depth, stage):
            member, register = accumulator.member, accumulator.register
            assert register is not None and accumulator.wide is not None
            total = register if register.dtype == FLOAT64 else Cast(register, FLOAT64)
            self.emitter.update(accumulator.wide, self._place(member), combine_of(member), total)
            accumulator.register = None
        for accumulator in self._owned(depth, stage):
            member = accumulator.member
            if not accumulator.below:
                assert accumulator.register is not None
                value = self.close_register(member, accumulator.register)
                for buffer in self.outputs(member.node):
                    self.emitter.store(buffer, self._place(member), value)
            elif accumulator.wide is not None:
                with self._elements(accumulator, self._several(accumulator)):
                    total = self.emitter.reload(accumulator.wide, self._place(member))
                    result = self.emitter.compute(Cast(total, member.node.types[0].dtype))
                    for buffer in self.outputs(member.node):
                        self.emitter.store(buffer, self._place(member), result)

    def group(self, rows: int) -> None:
        """Let all that is added up in memory take the sums of so many rows at once. The rounding of these counts."""
        for accumulator in self.accumulators:
            accumulator.run *= rows // 2

    def accumulate_rows(self, accumulator: Accumulator, axis: Axis, rows: Sequence[Name]) -> None:
        """Add the sum of the values at several positions of an axis to what is in memory."""
        values, whole = [], self.affine
        for number, row in enumerate(rows):
            self.emitter.alias(f"row {number}", row)
            self.affine = whole | {axis.last: loop(f"row {number}")}
            values.append(self.operand(accumulator.member))
        self.affine = whole
        while len(values) > 1:
            values = [call("add", *values[k : k + 2]) for k in range(0, len(values), 2)]
        self._update(accumulator, values[0])

    def run_of(self, depth: int, stage: int | None) -> int:
        """How often the loop at a depth runs until what is in memory is combined with the rest in float64; 0: for
        ever."""
        return max((a.run for a in self._owned(depth, stage) if a.run > 0), default=0)

    def end_run(self, depth: int, stage: int | None) -> None:
        """Combine in float64 what a run has left in memory."""
        for accumulator in self._owned(depth, stage):
            member, wide = accumulator.member, accumulator.wide
            if wide is not None and accumulator.run > 0:
                first = self.outputs(member.node)[0]
                with self._elements(accumulator, self._several(accumulator)):
                    run = self.emitter.reload(first, self._place(member))
                    self.emitter.update(wide, self._place(member), "add", Cast(run, FLOAT64))
                    self.emitter.store(first, self._place(member), initial_of(member))

    def count(self, depth: int, run: int) -> Name:
        """The number of runs of the loop at a depth."""
        start, stop = self.bounds(depth)
        length = stop if start is None else arithmetic(stop, "-", start)
        return self.emitter.compute(arithmetic(arithmetic(length, "+", run - 1), "//", run))

    def _several(self, accumulator: Accumulator) -> Expression | None:
        """Whether there are several runs, without which the first output is the result; None where that is not all."""
        if accumulator.run < 0 or len(self.outputs(accumulator.member.node)) > 1:
            return None
        return self.emitter.compute(arithmetic(self.count(accumulator.depth, accumulator.run), ">", 1))

    @contextmanager
    def _elements(self, accumulator: Accumulator, condition: Expression | None = None) -> Iterator[None]:
        """Loops over the elements of a result in memory, where a condition holds."""
        bounds = [self.bounds(self.axes.index(axis)) for axis in accumulator.below]
        start = self.emitter.statement_count()
        for number, axis in enumerate(accumulator.below):
            self.emitter.open(axis.key, f"k{number}", axis.extent)
        yield
        for number, (first, stop) in reversed(list(enumerate(bounds))):
            self.emitter.close(f"k{number}", first, stop)
        if condition is not None:
            self.emitter.emit(Branch(condition, tuple(self.emitter.take_statements(start))))

    def _place(self, member: Member) -> Affine:
        """Where the element of a result is in its memory."""
        return linear(self.result_context(member), self.emitter.lowering.fusion.shape(member.node.outputs[0]))

    def _owned(self, depth: int, stage: int | None) -> list[Accumulator]:
        owned = [a for a in self.accumulators if a.depth == depth]
        return [a for a in owned if stage is None or a.member.stage == stage]

    def _rows(self, depth: int, stage: int | None) -> list[Accumulator]:
        """Those whose row begins with the loop at a depth."""
        long = [a for a in self.accumulators if a.row == depth < len(self.axes) and a.run < 0]
        return [a for a in long if a.member.level == INNER and (stage is None or a.member.stage == stage)]

    def accumulate(self, accumulator: Accumulator) -> None:
        member = accumulator.member
        if accumulator.register is not None:
            self.reduce(member, accumulator.register)
            return
        self._update(accumulator, self.operand(member))

    def _update(self, accumulator: Accumulator, value: Expression) -> None:
        """Combine a value with what is in memory."""
        member = accumulator.member
        combine = combine_of(member)
        if accumulator.run < 0:
            assert accumulator.wide is not None
            self.emitter.update(accumulator.wide, self._place(member), combine, Cast(value, FLOAT64))
            return
        outputs = self.outputs(member.node)
        for buffer in outputs[:1] if accumulator.run else outputs:
            self.emitter.update(buffer, self._place(member), combine, value)
