"""Steps with other buffers in the place of those that they were made for.

Where two buffers of a kernel become one, it has one pointer for both: pointers of their own never overlap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from staticad.lower.kernel.language import Kernel, Load, Statement, Store, Update, map_body
from staticad.lower.kernel.plan import Address, Argument, BranchCall, Buffer, LoopCall, Slice, Step

Merged = dict[tuple[int, tuple[int, ...]], Kernel]  # kernels with fewer pointers, by the kernel and where each is first


def merge_pointers(step: Step, known: Merged) -> Step:
    """The step with one pointer for each buffer. ``known`` are kernels that were changed before, so that steps that
    share one still do."""
    kernel = step.kernel
    if not isinstance(kernel, Kernel):
        return step
    addresses = step.arguments[: len(kernel.pointers)]
    places: dict[Argument, int] = {}
    first = tuple([places.setdefault(address, at) for at, address in enumerate(addresses)])
    if len(set(first)) == len(first):
        return step
    changed = known.get((id(kernel), first))
    if changed is None:
        changed = known[id(kernel), first] = _with_pointers(kernel, first)
    arguments = (*dict.fromkeys(addresses), *step.arguments[len(addresses) :])
    s = step
    return Step(changed, arguments, s.extent, s.grain, s.reads, s.writes, s.label, s.where, s.work, s.inlined)


def _with_pointers(kernel: Kernel, first: tuple[int, ...]) -> Kernel:
    kept = list(dict.fromkeys(first))
    number = {at: new for new, at in enumerate(kept)}
    names = {p.name: f"p{number[at]}" for p, at in zip(kernel.pointers, first, strict=True)}
    pointers = tuple(replace(kernel.pointers[at], name=f"p{new}", scope=new) for new, at in enumerate(kept))
    return replace(kernel, pointers=pointers, body=tuple([_renamed(s, names) for s in kernel.body]))


def _renamed(s: Statement, names: Mapping[str, str]) -> Statement:
    """A statement with other pointers."""
    if isinstance(s, Load):
        return Load(s.name, names[s.pointer], s.index, s.mask)
    if isinstance(s, Store):
        return Store(names[s.pointer], s.index, s.value)
    if isinstance(s, Update):
        return Update(names[s.pointer], s.index, s.combine, s.value)
    return map_body(s, lambda body: tuple([_renamed(inner, names) for inner in body]))


def rename(step: Step, buffers: Mapping[int, Buffer]) -> Step:
    """The step with other buffers."""
    if buffers.keys().isdisjoint(step.reads) and buffers.keys().isdisjoint(step.writes):
        return step

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
    arguments = tuple([Address(number(a.buffer), a.offset) if isinstance(a, Address) else a for a in step.arguments])
    reads, writes = (tuple(dict.fromkeys(map(number, old))) for old in (step.reads, step.writes))
    s = step
    return Step(kernel, arguments, s.extent, s.grain, reads, writes, s.label, s.where, s.work, inlined)
