"""Loops whose results are combined run by run, or several rows at a time (see `staticad.lower.emission.reductions`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from staticad.ir.dtypes import BOOL, FLOAT32, FLOAT64
from staticad.ir.expressions import Cast, Name, arithmetic, call, constant
from staticad.lower.emission.reductions import RUN, combine_of, combined_dtype, initial_of
from staticad.lower.emission.results import Accumulator, Bounds, Results
from staticad.lower.fusion.clusters import Member
from staticad.lower.index.axes import Axis
from staticad.lower.kernel.language import Compute

GROUP = 4  # rows that are added before a column takes them


class EmitLoop(Protocol):
    """Emits the loop over an axis with a body, over all of it or within bounds."""

    def __call__(
        self, position: int, serial: bool, body: Callable[[], None], bounds: Bounds | None = None, /
    ) -> None: ...


class Runs:
    """Cuts loops of a nest; ``bounds`` are those of the loop over an axis."""

    def __init__(
        self, results: Results, axes: Sequence[Axis], bounds: Callable[[int, bool], Bounds], loop: EmitLoop
    ) -> None:
        self.results, self.axes, self.bounds, self.loop = results, axes, bounds, loop

    def accumulating(
        self,
        depth: int,
        stage: int | None,
        serial: bool,
        body: Callable[[], None],
        groups: Sequence[Accumulator] = (),
    ) -> None:
        """A loop across which results accumulate in memory, in runs where they need that."""
        run = self.results.run_of(depth, stage)
        if run:

            def one(bounds: Bounds) -> None:
                rest = self._in_groups(depth, serial, bounds, groups) if groups else bounds
                self.loop(depth, serial, body, rest)
                self.results.end_run(depth, stage)

            self._in_runs(depth, serial, run, f"r{depth}", one)
        else:
            bounds = self.bounds(depth, serial)
            self.loop(depth, serial, body, self._in_groups(depth, serial, bounds, groups) if groups else bounds)

    def _in_groups(self, depth: int, serial: bool, bounds: Bounds, sums: Sequence[Accumulator]) -> Bounds:
        """Columns take the sums of several rows at once, which is faster and as good as a run of fewer terms; the
        bounds of what is left."""
        emitter, axis, (start, stop) = self.results.emitter, self.axes[depth], bounds
        count = emitter.compute(arithmetic(stop if start is None else arithmetic(stop, "-", start), "//", GROUP))
        done, step = arithmetic(count, "*", GROUP), arithmetic("g", "*", GROUP)
        emitter.open("group", "g", axis.extent)
        first = emitter.compute(step if start is None else arithmetic(start, "+", step))
        rows = [first, *(emitter.compute(arithmetic(first, "+", row)) for row in range(1, GROUP))]

        def body() -> None:
            for accumulator in sums:
                self.results.accumulate_rows(accumulator, axis, rows)

        self.loop(depth + 1, serial, body)
        emitter.close("g", None, count)
        return emitter.compute(done if start is None else arithmetic(start, "+", done)), stop

    def in_registers(
        self,
        depth: int,
        serial: bool,
        summed: list[tuple[Member, Name]],
        registers: list[tuple[Member, Name]],
        body: Callable[[], None],
    ) -> None:
        """The innermost loop in runs, whose results are combined in registers of float64. Of all ``registers`` those of
        bools (any, all) are those of a run, too: a bool that comes from outside keeps the loop scalar."""
        decided = [(member, register) for member, register in registers if combined_dtype(member) == BOOL]

        def one(bounds: Bounds) -> None:
            runs = {member.node: self.results.register(constant(0, FLOAT32)) for member, _ in summed}
            runs |= {member.node: self.results.register(initial_of(member)) for member, _ in decided}
            self.results.runs = runs
            self.loop(depth, serial, body, bounds)
            for member, register in summed:
                total = call("add", register, Cast(runs[member.node], FLOAT64))
                self.results.emitter.emit(Compute(register.name, total))
            for member, register in decided:
                both = call(combine_of(member), register, runs[member.node])
                self.results.emitter.emit(Compute(register.name, both))
            self.results.runs = {}

        self._in_runs(depth, serial, RUN, "r", one)

    def _in_runs(self, depth: int, serial: bool, run: int, name: str, body: Callable[[Bounds], None]) -> None:
        """A loop in runs of so many iterations; the body gets the bounds of one."""
        emitter, (start, stop) = self.results.emitter, self.bounds(depth, serial)
        count = self.results.count(depth, run)
        emitter.open(f"run {name}", name, self.axes[depth].extent)
        done = arithmetic(name, "*", run)
        first = emitter.compute(done if start is None else arithmetic(start, "+", done))
        body((first, emitter.compute(call("minimum", arithmetic(first, "+", run), stop))))
        emitter.close(name, None, count)
