"""How much work a plan is, from the plan alone: the elements that its kernels visit, times the steps of its loops."""

from __future__ import annotations

from staticad.ir.dim_values import evaluate
from staticad.ir.dims import Size, symbols
from staticad.lower.kernel.plan import BranchCall, LoopCall, Plan, Step


def work(plan: Plan, n: int) -> int:
    """The operations of a run where all free sizes are n. A while loop counts n steps, a branch its dearest body."""
    return sum(_of_step(step, n) for step in plan.steps)


def _of_step(step: Step, n: int) -> int:
    loop = step.inlined or step.kernel
    if isinstance(loop, LoopCall):
        unknown = loop.count is not None or loop.condition is not None
        return (n if unknown else _at(loop.length, n)) * (work(loop.plan, n) + 1)
    if isinstance(loop, BranchCall):
        return max(work(plan, n) for plan in loop.plans)
    return _at(step.work, n)


def _at(size: Size, n: int) -> int:
    return evaluate(size, dict.fromkeys(symbols(size), n))
