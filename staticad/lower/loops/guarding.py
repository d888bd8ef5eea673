"""A plan for sizes that do not fit some of its bodies: entering such a body reports it, and nothing else of it is left.

What the ops of a branch or loop demand of free sizes matters only if the branch is taken, or the loop makes a step.
Whether it is met is known when sizes are bound. So for such sizes the plan is a slightly different one: the body is
a single step that fails. A loop around it that was compiled to one kernel calls its kernels one by one again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from staticad.ir.dims import Size, maximum
from staticad.ir.dtypes import INT64, UINT8
from staticad.ir.expressions import STATUS, Name, call, constant
from staticad.lower.kernel.language import Compute, Kernel
from staticad.lower.kernel.plan import TEMPORARY, BranchCall, Buffer, LoopCall, Plan, Status, Step, Symbolic
from staticad.lower.memory.arena import assign_offsets

_NONE = constant(0, INT64)
_CHECK = Compute("c", call("check_index", STATUS, _NONE, _NONE, Name("n0")))  # no index is right for a size of 0
_REPORT = Kernel((), ("n0",), (_CHECK,), True, "sizes do not fit")


def bodies(plan: Plan) -> Iterator[Plan]:
    """The plans of all bodies, at any depth, those that were compiled into a kernel included."""
    for step in plan.steps:
        for body in _inner(step):
            yield body
            yield from bodies(body)


def guarded_plan(plan: Plan, codes: Mapping[int, int]) -> Plan:
    """The plan in which the bodies with these identities report these codes, as an index check would."""
    if not any(id(body) in codes for body in bodies(plan)):
        return plan
    buffers = list(plan.buffers)
    compute = tuple(_guarded_step(step, buffers, codes) for step in plan.compute)
    commit = tuple(_guarded_step(step, buffers, codes) for step in plan.commit)
    # The memory of bodies that are gone has sizes that mean nothing, so everything is laid out anew.
    offsets, arena = assign_offsets(buffers, [*compute, *commit])
    return replace(plan, buffers=tuple(buffers), compute=compute, commit=commit, offsets=offsets, arena=arena)


def _inner(step: Step) -> tuple[Plan, ...]:
    return step.bodies if step.inlined is None else step.inlined.bodies


def _guarded_step(step: Step, buffers: list[Buffer], codes: Mapping[int, int]) -> Step:
    inner = _inner(step)
    if not any(id(body) in codes for plan in inner for body in (plan, *bodies(plan))):
        return step
    plans = [_report(plan, codes[id(plan)]) if id(plan) in codes else guarded_plan(plan, codes) for plan in inner]
    arena: Size = 0
    for plan in plans:
        arena = maximum(arena, plan.arena)
    scratch = Buffer(len(buffers), TEMPORARY, (arena,), UINT8)
    buffers.append(scratch)
    call = step.kernel if step.inlined is None else step.inlined
    if isinstance(call, LoopCall):
        call = replace(call, plan=plans[0], scratch=scratch.number)
        if id(inner[0]) in codes:
            call = replace(call, feeds=(), fetches=())
    else:
        assert isinstance(call, BranchCall)
        feeds = [() if id(plan) in codes else given for plan, given in zip(inner, call.feeds, strict=True)]
        call = replace(call, plans=tuple(plans), feeds=tuple(feeds), scratch=scratch.number)
    return Step(call, (), 1, 0, _sorted(call.reads), _sorted(call.writes), step.label, step.where, step.work)


def _sorted(numbers: set[int]) -> tuple[int, ...]:
    return tuple(sorted(numbers))


def _report(plan: Plan, code: int) -> Plan:
    step = Step(_REPORT, (Symbolic(code), Status()), 1, 0, (), (), _REPORT.label)
    return replace(plan, buffers=(), compute=(step,), commit=(), offsets={}, arena=0)
