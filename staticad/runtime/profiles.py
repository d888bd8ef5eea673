"""What a run spends its time on: a table of its kernels, those inside loops and branches included."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from staticad.lower.kernel.language import Kernel
from staticad.lower.kernel.plan import BranchCall, LoopCall, Plan, Step, Turns
from staticad.runtime.binding import Binding
from staticad.runtime.compiled import Traced
from staticad.runtime.layout import Measure
from staticad.runtime.machine import Program
from staticad.user_lines import place_text


class Row(NamedTuple):
    """One kernel of a profile: the user's lines that it computes, how often it was called, and the seconds of all its
    calls together.

    A loop or branch whose body is called kernel by kernel is followed by the rows of its body, whose ``depth`` is one
    more; a branch has a row of its own for each of its blocks, whose calls are how often it was taken.
    ``iterations`` of a loop are those of all its calls together, None for what is no loop. Where a kernel holds several
    loops, one in the other or one after another, ``inside`` has the iterations of each as they are written, the first
    of them being ``iterations``.
    """

    label: str
    lines: tuple[str, ...]
    seconds: float
    calls: int
    iterations: int | None = None
    depth: int = 0
    inside: tuple[int, ...] = ()


class Profile(list[Row]):
    """The kernels in the order in which they run, bodies after their loops; as text a table, the slowest first."""

    @property
    def seconds(self) -> float:
        """The time of all kernels together."""
        return sum(row.seconds for row in self if row.depth == 0)

    def __str__(self) -> str:
        lines = [f"{'µs/call':>10} {'calls':>9} {'share':>6}  kernel"]
        for row in self._sorted(0, len(self), 0):
            share = row.seconds / self.seconds if self.seconds else 0.0
            each = 1e6 * row.seconds / row.calls if row.calls else 0.0
            indent = "  " * row.depth
            lines.append(f"{each:10.2f} {row.calls:9} {share:6.1%}  {indent}{row.label}")
            indent += " " * 29
            if row.iterations is not None:
                lines.append(indent + _iterations(row))
            lines += [indent + line for line in row.lines[:4]]
            if len(row.lines) > 4:
                lines.append(f"{indent}and {len(row.lines) - 4} more lines")
        return "\n".join(lines)

    def _sorted(self, start: int, stop: int, depth: int) -> Iterator[Row]:
        """The rows of a range with the slowest of each depth first, each followed by its own body."""
        heads = [k for k in range(start, stop) if self[k].depth == depth]
        ends = dict(zip(heads, [*heads[1:], stop], strict=False))
        for k in sorted(heads, key=lambda k: -self[k].seconds):
            yield self[k]
            yield from self._sorted(k + 1, ends[k], depth + 1)


def _iterations(row: Row) -> str:
    text = f"{row.iterations:,} iterations"
    if row.iterations:
        text += f", {1e6 * row.seconds / row.iterations:.3g} µs each"
    if len(row.inside) > 1:
        text += f"; loops inside: {', '.join(f'{n:,}' for n in row.inside[1:])}"
    return text


def user_lines(step: Step) -> tuple[str, ...]:
    """The lines that a step computes, each once."""
    return tuple(dict.fromkeys(place_text(where.file, where.line) for where in step.where))


def profile(binding: Binding, run: Callable[[], object], repeat: int) -> Profile:
    """Time the steps of a binding for profiles over ``repeat`` calls of ``run``, after one that is not counted."""
    run()
    traced = binding.traced
    assert traced is not None
    _reset(binding.program, traced, traced.plan)
    for _ in range(repeat):
        run()
    return Profile(_rows(binding.program, traced, traced.plan, 0))


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


def _rows(program: Program, traced: Traced, plan: Plan, depth: int) -> Iterator[Row]:
    words = program.arguments
    for number, step in enumerate(plan.steps, 1):
        at = traced.measures[id(plan)] + Measure.WORDS * number
        seconds, calls = 1e-9 * int(words[at + Measure.NANOSECONDS]), int(words[at + Measure.CALLS])
        inside = tuple(_words(program, traced, step)) if isinstance(step.kernel, Kernel) else ()
        iterations = inside[0] if inside else None
        if isinstance(step.kernel, LoopCall):
            iterations = _runs(program, traced, step.kernel.plan)
        yield Row(step.label, user_lines(step), seconds, calls, iterations, depth, inside)
        if isinstance(step.kernel, LoopCall):
            yield from _rows(program, traced, step.kernel.plan, depth + 1)
        elif isinstance(step.kernel, BranchCall):
            for position, branch in enumerate(step.kernel.plans):
                rows = list(_rows(program, traced, branch, depth + 2))
                spent = sum(row.seconds for row in rows if row.depth == depth + 2)
                yield Row(f"branch {position}", (), spent, _runs(program, traced, branch), None, depth + 1)
                yield from rows


def _runs(program: Program, traced: Traced, plan: Plan) -> int:
    """How often the plan of a body has run."""
    return int(program.arguments[traced.measures[id(plan)] + Measure.CALLS])
