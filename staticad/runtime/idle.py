"""Steps that are not run: what writes nothing for these sizes, and what no computer would ever finish.

A feed of shape (0, 2**62) holds nothing, but loops over its second axis would make as many empty steps, which nobody
can interrupt inside of a kernel.
"""

from __future__ import annotations

from collections.abc import Callable

from staticad.errors import FeedError
from staticad.ir.dims import Size
from staticad.lower.kernel.plan import BranchCall, LoopCall, Plan, Step

LIMIT = 2**56  # operations, or steps of a kernel's outermost loop: weeks of the fastest machine


def is_idle(plan: Plan, step: Step, number: Callable[[Size], int]) -> bool:
    """Whether a step has no work for these sizes (or is a loop), can't fail, and writes only arrays without elements.

    Raises FeedError for a kernel that would make more steps than any computer ends.
    """
    work = number(step.work)
    loop = step.kernel if isinstance(step.kernel, LoopCall) else step.inlined
    if (work == 0 or loop is not None) and not _may_fail(step):
        scratch = loop.scratch if loop is not None else None
        written = {b.number: b.shape for b in plan.buffers if b.number in step.writes and b.number != scratch}
        if all(any(number(size) == 0 for size in shape) for shape in written.values()):
            return True
    if loop is None and not isinstance(step.kernel, BranchCall):  # loops can be interrupted
        steps = max(work, number(step.extent))
        if steps > LIMIT:
            raise FeedError(f"{steps:,} steps of a kernel end on no computer; feed smaller arrays")
    return False


def _may_fail(step: Step) -> bool:
    if isinstance(step.kernel, LoopCall):
        return step.kernel.condition is not None or any(map(_may_fail, step.kernel.plan.steps))
    return step.may_fail or (step.inlined is not None and step.inlined.condition is not None)
