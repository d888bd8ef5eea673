"""Tables for one set of sizes alone: they do not fit a body, steps have nothing to do, or it is for a profile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from staticad.errors import OutOfMemory
from staticad.ir.dim_values import evaluate
from staticad.ir.dims import Symbol
from staticad.lower.kernel.plan import Plan
from staticad.lower.loops.counting import counting_plan
from staticad.lower.loops.guarding import guarded_plan
from staticad.lower.loops.watching import watched_plan
from staticad.records import NamedTuple
from staticad.runtime.binding import Binding
from staticad.runtime.careful import Describe, described
from staticad.runtime.compiled import Compiled, Traced
from staticad.runtime.feeds import check_sizes, sizes_fit
from staticad.runtime.layout import Failure, Status
from staticad.runtime.lowering import Lowered
from staticad.runtime.memory import check_memory


class Unusual(NamedTuple):
    """How a plan runs with some sizes; ``unmet`` are the bodies that they do not fit. ``temporaries`` are bytes."""

    compiled: Compiled
    unmet: tuple[Plan, ...]
    values: Mapping[Symbol, int]
    temporaries: int

    @property
    def describe(self) -> Describe:
        """Tells what the memory of a run is for."""
        return lambda results: described(self.compiled.plan, self.values, results)

    def traced(self) -> Traced:
        """The tables. Raises FeedError for sizes that the machine can't count to."""
        return self.compiled.tables_for(self.values)


def unusual(lowered: Lowered, values: Mapping[Symbol, int], profile: bool) -> Unusual:
    """How a plan runs with these sizes. Raises FeedError or IndexOutOfBounds where it does not, and OutOfMemory."""
    plan, compiled = lowered.plan, lowered.compiled
    unmet = tuple(b for b in lowered.bodies if not sizes_fit(b.sized, b.requirements, values))
    if unmet or profile:
        codes = {id(body): code for code, body in enumerate(unmet, len(plan.checks))}
        guarded = guarded_plan(plan, codes)
        compiled = Compiled(watched_plan(counting_plan(guarded) if profile else guarded), profile)
    check_memory(compiled.plan, values)
    return Unusual(compiled, unmet, values, evaluate(compiled.plan.arena, values))


def report(lowered: Lowered, binding: Binding, status: Status) -> NoReturn:
    """Raise the error that the status words of a run describe."""
    if status.failed == Failure.OUT_OF_MEMORY:
        traced = binding.traced or lowered.traced
        assert traced is not None
        lines = ", ".join(map(str, traced.loops[status.code]))
        left = f"{status.first:,} bytes after {status.second:,} steps, and there is no room for more"
        raise OutOfMemory(
            f"the loop at {lines} records what its derivative needs: "
            f"{left if status.second else 'for all its steps there is no room'}; the option "
            'checkpoint="sqrt" of the loop records less, and the setting '
            "STATICAD_TAPE_LIMIT says how many bytes it may take"
        )
    checks = lowered.plan.checks
    if status.code >= len(checks):
        body = binding.unmet[status.code - len(checks)]
        check_sizes(body.sized, body.requirements, binding.values)
    raise checks[status.code].error(status.first, status.second)
