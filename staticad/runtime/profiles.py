"""What a run spends its time on: the time of kernels, those inside loops and branches included."""

from __future__ import annotations

import linecache
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from staticad.ir.dim_values import evaluate
from staticad.ir.dims import Symbol
from staticad.ir.provenance import Where
from staticad.lower.kernel.language import Kernel
from staticad.lower.kernel.operations import moved_bytes, operations, type_text
from staticad.lower.kernel.plan import BranchCall, LoopCall, Plan, Step, Turns
from staticad.records import NamedTuple
from staticad.runtime.binding import Binding
from staticad.runtime.compiled import Traced
from staticad.runtime.drawings import kernel_path
from staticad.runtime.layout import Measure
from staticad.runtime.machine import Program
from staticad.runtime.profile_table import Profile, Row
from staticad.user_lines import place_text


def user_lines(lines: Sequence[Where]) -> tuple[str, ...]:
    """The lines that a step computes, each once, the one that most of it comes from first."""
    counts = Counter(place_text(where.file, where.line) for where in lines)
    first = max(counts, key=counts.__getitem__, default="")
    return tuple(sorted(counts, key=lambda line: line != first))


def _code(lines: Sequence[Where]) -> str:
    """The text of the first of these lines."""
    first = user_lines(lines)[:1]
    where = next((w for w in lines if (place_text(w.file, w.line),) == first), None)
    return "" if where is None else linecache.getline(where.file, where.line).strip()


def profile(binding: Binding, run: Callable[[], object], values: Mapping[Symbol, int], repeat: int) -> Profile:
    """Time the steps of a binding for profiles over ``repeat`` calls of ``run``, after one that is not counted."""
    run()
    traced = binding.traced
    assert traced is not None
    profiles = []
    for _ in range(repeat):
        _reset(binding.program, traced, traced.plan)
        run()
        profiles.append(list(_measures(binding.program, traced, traced.plan)))
    described = _Rows(traced, values).rows(traced.plan, 0, "", ())
    return Profile(_added(row, runs) for row, runs in zip(described, zip(*profiles, strict=True), strict=True))


class _Measured(NamedTuple):
    seconds: float
    calls: int
    iterations: int | None
    inside: tuple[int, ...]


def _added(row: Row, runs: Sequence[_Measured]) -> Row:
    """A row with what was measured in all runs."""
    iterations = [m.iterations for m in runs if m.iterations is not None]
    return row._replace(
        seconds=sum(m.seconds for m in runs),
        calls=sum(m.calls for m in runs),
        iterations=sum(iterations) if iterations else None,
        inside=tuple(map(sum, zip(*(m.inside for m in runs), strict=True))),
        runs=tuple(m.seconds for m in runs),
    )


class _Rows:
    """The rows of a plan as far as they are known without a run."""

    def __init__(self, traced: Traced, values: Mapping[Symbol, int]) -> None:
        self.traced = traced
        self.evaluate = lambda size: evaluate(size, values)

    def rows(self, plan: Plan, depth: int, prefix: str, outer: tuple[Where, ...]) -> Iterator[Row]:
        """``outer`` are the lines of what the plan is the body of."""
        for number, step in enumerate(plan.steps):
            key, lines = f"{prefix}k{number}", step.where or outer
            part, *scope = kernel_path(step, depth == 0 and number >= len(plan.compute), outer)
            types = [
                [t for n in ns if "[0]" not in (t := type_text(plan.buffers[n], self.evaluate))]
                for ns in (step.reads, step.writes)
            ]
            yield Row(
                step.label,
                user_lines(lines),
                0.0,
                0,
                depth=depth,
                key=key,
                reads=tuple(types[0]),
                writes=tuple(types[1]),
                operations=operations(step, self.evaluate),
                bytes=None if step.bodies else moved_bytes(step, plan, self.evaluate),
                code=_code(lines),
                group=" ".join(filter(None, (part, ".".join(scope)))),
            )
            if isinstance(step.kernel, LoopCall):
                yield from self.rows(step.kernel.plan, depth + 1, f"{key}b0", lines)
            elif isinstance(step.kernel, BranchCall):
                for position, branch in enumerate(step.kernel.plans):
                    place = f"{key}b{position}"
                    yield Row(f"branch {position}", user_lines(lines), 0.0, 0, depth=depth + 1, key=place)
                    yield from self.rows(branch, depth + 2, place, lines)


def _words(program: Program, traced: Traced, step: Step) -> list[int]:
    """The iterations of the loops in a step's kernel."""
    counts = [a.count for a in step.arguments if isinstance(a, Turns)]
    start = traced.turns.get(id(step), 0)
    return [int(n) for count in counts for n in program.arguments[start : start + count]]


def _reset(program: Program, traced: Traced, plan: Plan) -> None:
    words = program.arguments
    start = traced.measures[id(plan)]
    words[start : start + Measure.WORDS * (1 + len(plan.steps))] = 0
    for step in plan.steps:
        count = len(_words(program, traced, step))
        words[(at := traced.turns.get(id(step), 0)) : at + count] = 0
        for inner in step.bodies:
            _reset(program, traced, inner)


def _measures(program: Program, traced: Traced, plan: Plan) -> Iterator[_Measured]:
    """What was measured for every row of a plan, in the order of the rows."""
    words = program.arguments
    for number, step in enumerate(plan.steps, 1):
        at = traced.measures[id(plan)] + Measure.WORDS * number
        seconds, calls = 1e-9 * int(words[at + Measure.NANOSECONDS]), int(words[at + Measure.CALLS])
        inside = tuple(_words(program, traced, step)) if isinstance(step.kernel, Kernel) else ()
        iterations = inside[0] if inside else None
        if isinstance(step.kernel, LoopCall):
            iterations = _runs(program, traced, step.kernel.plan)
        yield _Measured(seconds, calls, iterations, inside)
        if isinstance(step.kernel, LoopCall):
            yield from _measures(program, traced, step.kernel.plan)
        elif isinstance(step.kernel, BranchCall):
            for branch in step.kernel.plans:
                rows = list(_measures(program, traced, branch))
                at = traced.measures[id(branch)] + Measure.WORDS + Measure.NANOSECONDS
                spent = sum(1e-9 * int(words[at + Measure.WORDS * k]) for k in range(len(branch.steps)))
                yield _Measured(spent, _runs(program, traced, branch), None, ())
                yield from rows


def _runs(program: Program, traced: Traced, plan: Plan) -> int:
    """How often the plan of a body has run."""
    return int(program.arguments[traced.measures[id(plan)] + Measure.CALLS])
