"""Steps with other buffers in the place of those that they were made for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from staticad.lower.kernel.plan import Address, BranchCall, Buffer, LoopCall, Slice, Step


def rename(step: Step, buffers: Mapping[int, Buffer]) -> Step:
    """The step with other buffers."""

    def number(old: int) -> int:
        return buffers[old].number if old in buffers else old

    def maybe(old: int | None) -> int | None:
        return None if old is None else number(old)

    def part(old: Slice) -> Slice:
        return replace(old, buffer=number(old.buffer))

    def loop(call: LoopCall) -> LoopCall:
        return replace(
            call,
            carries=tuple(map(number, call.carries)),
            feeds=tuple(part(p) if isinstance(p, Slice) else p for p in call.feeds),
            fetches=tuple(map(part, call.fetches)),
            count=maybe(call.count),
            condition=maybe(call.condition),
            steps=maybe(call.steps),
        )

    if not any(n in buffers for n in (*step.reads, *step.writes)):
        return step
    kernel = step.kernel
    if isinstance(kernel, LoopCall):
        kernel = loop(kernel)
    elif isinstance(kernel, BranchCall):
        kernel = replace(
            kernel,
            index=number(kernel.index),
            feeds=tuple(tuple(map(part, feeds)) for feeds in kernel.feeds),
            fetches=tuple(map(part, kernel.fetches)),
            carries=tuple(map(number, kernel.carries)),
        )
    inlined = None if step.inlined is None else loop(step.inlined)
    arguments = tuple(replace(a, buffer=number(a.buffer)) if isinstance(a, Address) else a for a in step.arguments)
    reads, writes = (tuple(dict.fromkeys(map(number, old))) for old in (step.reads, step.writes))
    return replace(step, kernel=kernel, arguments=arguments, reads=reads, writes=writes, inlined=inlined)
