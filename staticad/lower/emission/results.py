"""What the members of a cluster leave at a point of its nest: stored elements, registers of reductions, and results
that accumulate in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from staticad.ir.dims import product
from staticad.ir.expressions import Expression, Name, call
from staticad.ir.graph import Node
from staticad.lower.emission.emit import Emitter
from staticad.lower.emission.reductions import combine_of, from_register, initial_of, mode_of, reduction_of, to_register
from staticad.lower.fusion.clusters import ACCUMULATE, INNER, ROW, Member
from staticad.lower.index.affine import ZERO, Context, linear, loop
from staticad.lower.index.axes import Axis, affine_of
from staticad.lower.kernel.language import Compute
from staticad.lower.kernel.plan import Buffer

CHUNK_KEY = "chunk"
Bounds = tuple[Expression | None, Expression]  # of a loop


class Accumulator:
    """A member that accumulates across the nest: in a register where its result has no loop of its own below the
    depth that owns it, else in memory."""

    def __init__(self, member: Member, axes: Sequence[Axis], limit: int) -> None:
        self.member = member
        kept = {a for a in member.axes if a >= 0}
        self.depth = 0
        while self.depth < limit and axes[self.depth].last in kept:
            self.depth += 1
        self.below = [axis for axis in axes[self.depth : limit] if axis.last in kept]
        self.register: Name | None = None


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
        self.accumulators = [
            Accumulator(m, axes, len(axes) if m.level == INNER else outer_count)
            for m in emitter.members.values()
            if m.kind == ACCUMULATE
        ]

    def context(self, axes: tuple[int, ...]) -> Context:
        return tuple(self.affine[a] if a >= 0 else ZERO for a in axes)

    def result_context(self, member: Member) -> Context:
        context = self.context(member.axes)
        return (loop(CHUNK_KEY), *context[1:]) if reduction_of(member).partial else context

    def store(self, member: Member) -> None:
        tensor = member.node.outputs[0]
        context = self.context(member.axes)
        value = self.emitter.value(tensor, context)
        _, affine = self.emitter.lowering.location(tensor, context)
        for buffer in self.outputs(member.node):
            self.emitter.store(buffer, affine, value)
        self.emitter.where[member.node.where] = None

    def operand(self, member: Member) -> Expression:
        assert member.operand is not None
        self.emitter.where[member.node.where] = None
        self.emitter.cost += 1
        return self.emitter.value(member.operand, self.context(member.operand_axes))

    def mode(self, member: Member) -> str:
        """How the register of a reduction is kept."""
        kept = {a for a in member.axes if a >= 0}
        loops = self.axes if member.level == INNER or member.kind == ROW else self.axes[: self.outer_count]
        reduced = [axis.extent for axis in loops if axis.last not in kept]  # none: merged axes of an empty space
        run = reduced[-1] if reduced and (member.level == INNER or member.kind == ROW) else 1
        if member.kind == ACCUMULATE and self.axes[-1].last in kept:
            run = 1
        return mode_of(member, product(reduced), run)

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
        if run is not None:
            register, function = run, "add_reduce"
        else:
            value = to_register(member, value, self.mode(member))
        self.emitter.emit(Compute(register.name, call(function, register, value)))

    def close_register(self, member: Member, register: Name) -> Name:
        """The result that a register holds."""
        result = from_register(member, register, self.mode(member))
        return register if result is register else self.register(result)

    def begin(self, depth: int, stage: int | None) -> None:
        for accumulator in self._owned(depth, stage):
            member = accumulator.member
            if not accumulator.below:
                accumulator.register = self.open_register(member)
                continue
            initial = initial_of(member)
            shape = self.emitter.lowering.fusion.shape(member.node.outputs[0])
            names = []
            for number, axis in enumerate(accumulator.below):
                names.append((f"k{number}", axis))
                self.emitter.open(axis.key, f"k{number}", axis.extent)
            for buffer in self.outputs(member.node):
                self.emitter.store(buffer, linear(self.result_context(member), shape), initial)
            for name, axis in reversed(names):
                self.emitter.close(name, *self.bounds(self.axes.index(axis)))

    def end(self, depth: int, stage: int | None) -> None:
        for accumulator in self._owned(depth, stage):
            if accumulator.register is not None:
                member = accumulator.member
                shape = self.emitter.lowering.fusion.shape(member.node.outputs[0])
                value = self.close_register(member, accumulator.register)
                for buffer in self.outputs(member.node):
                    self.emitter.store(buffer, linear(self.result_context(member), shape), value)

    def _owned(self, depth: int, stage: int | None) -> list[Accumulator]:
        return [a for a in self.accumulators if a.depth == depth and (stage is None or a.member.stage == stage)]

    def accumulate(self, accumulator: Accumulator) -> None:
        member = accumulator.member
        if accumulator.register is not None:
            self.reduce(member, accumulator.register)
            return
        value, combine = self.operand(member), combine_of(member)
        combine = {"max_reduce": "maximum", "min_reduce": "minimum"}.get(combine, combine)
        affine = linear(self.result_context(member), self.emitter.lowering.fusion.shape(member.node.outputs[0]))
        for buffer in self.outputs(member.node):
            self.emitter.update(buffer, affine, combine, value)
