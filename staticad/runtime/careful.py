"""Runs that need much memory: what they will take is compared with what is available, before they take it.

The results of a run are new in every run. Temporaries keep their memory, but the system gives pages only when they are
first used. Small programs know nothing of this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from staticad.ir.dim_values import evaluate
from staticad.ir.dims import Symbol, product
from staticad.late import later
from staticad.runtime.machine import ArraySpec, misfit
from staticad.runtime.memory import LARGE, Arena, room_for

if TYPE_CHECKING:
    from staticad.lower.kernel import plan as plans
    from staticad.lower.kernel.plan import Buffer, Plan
else:
    plans = later("staticad.lower.kernel.plan")

Describe = Callable[[bool], str]  # what a run needs memory for, with or without its results


def careful(
    run: Callable[..., Any],
    specs: Sequence[ArraySpec],
    temporaries: int,
    results: int,
    arena: Arena,
    describe: Describe,
) -> Callable[..., Any]:
    """The ``run`` of a program that needs much memory: what it will take is compared with what is available."""

    def compare_and_run(feeds: tuple[Any, ...], outs: tuple[Any, ...] | None = None, ticket: int = 0) -> Any:
        size = max(0, temporaries - arena.used) + (0 if outs is not None else results)
        if len(feeds) == len(specs) and misfit(specs, feeds) is None:
            room_for(size, lambda: describe(outs is None))
        result = run(feeds, outs, ticket)
        if type(result) is not int:
            arena.used = max(arena.used, temporaries)
        return result

    return compare_and_run


def _bytes(buffer: Buffer, values: Mapping[Symbol, int]) -> int:
    return evaluate(product(buffer.shape), values) * buffer.dtype.itemsize


def described(plan: Plan, values: Mapping[Symbol, int], results: bool) -> str:
    """What a run needs memory for, with the lines that the largest part is from."""
    parts = [b for b in plan.buffers if b.role == plans.TEMPORARY]
    fetches = plan.fetches if results else ()
    largest = max([*parts, *fetches], key=lambda b: _bytes(b, values), default=None)
    if largest is None:
        return "the buffers of a run"
    where = (w for step in plan.steps if largest.number in step.writes for w in step.where)
    lines = ", ".join(dict.fromkeys(map(str, where))) or "an unknown line"
    kind = f"result {largest.position}" if largest in fetches else "a temporary"
    what = "the results and temporaries" if results else "the temporaries"
    return f"{what} of a run, {_bytes(largest, values):,} of them for {kind} made at {lines}"


def arena_for(size: int, describe: Describe) -> Arena:
    """A new arena. Raises OutOfMemory, which names the lines that need it."""
    return Arena(size, (lambda: describe(False)) if size >= LARGE else "the temporaries of a run")
