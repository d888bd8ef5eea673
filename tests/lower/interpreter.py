"""Runs a plan in Python, with every access checked (see `tests.lower.checked_memory`): what compiled code would do,
where it would go wrong. Loops and branches over plans are run step by step, each on memory of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from staticad.ir.dim_values import evaluate
from staticad.ir.dims import Size, Symbol, as_symbol
from staticad.ir.local_sizes import largest
from staticad.lower.kernel import plan as plans
from staticad.lower.kernel.language import Kernel
from staticad.lower.kernel.plan import Address, BranchCall, Buffer, LoopCall, Plan, Status, Step, Symbolic
from staticad.lower.kernel.routine import Routine
from tests.lower.checked_memory import PARTS, Block, Iteration, Pointer, WrongAccess
from tests.lower.routine_calls import run_routine
from tests.lower.statements import Runner

Outside = Callable[[Buffer], Pointer]
Runners = dict[int, tuple[Runner, Iteration]]  # by the id of a kernel of the plan or of one inside it


class Run:
    """One run of a plan, on memory of its own and what it is given from ``outside``."""

    def __init__(self, plan: Plan, sizes: dict[Symbol, int], outside: Outside, runners: Runners) -> None:
        self.plan, self.sizes, self.outside, self.runners = plan, sizes, outside, runners
        self.arena = Block(self.number(plan.arena))
        self.pointers = {b.number: self.pointer(b) for b in plan.buffers if self.has_memory(b)}

    @classmethod
    def on_arrays(cls, plan: Plan, feeds: Sequence[np.ndarray], variables: Sequence[np.ndarray]) -> Run:
        """A run on given arrays."""
        sizes: dict[Symbol, int] = {}
        for spec, array in zip(plan.inputs, feeds, strict=True):
            for size, actual in zip(spec.shape, array.shape, strict=True):
                symbol = as_symbol(size)
                if symbol is not None:
                    sizes[symbol] = actual

        def outside(buffer: Buffer) -> Pointer:
            if buffer.role == plans.FETCH:
                return _fresh(buffer, tuple(evaluate(s, sizes) for s in buffer.shape))
            return _filled(buffer, (feeds if buffer.role == plans.FEED else variables)[buffer.position], sizes)

        return cls(plan, sizes, outside, {})

    def number(self, size: Size) -> int:
        return evaluate(size, self.sizes)

    def has_memory(self, buffer: Buffer) -> bool:
        return buffer.role not in (plans.TEMPORARY, plans.RECORD) or buffer.number in self.plan.offsets

    def pointer(self, buffer: Buffer) -> Pointer:
        if buffer.role == plans.CONSTANT:
            assert buffer.array is not None
            return _filled(buffer, buffer.array, self.sizes)
        if buffer.role != plans.TEMPORARY:
            return self.outside(buffer)
        size = math.prod(self.number(largest(s)) for s in buffer.shape) * buffer.dtype.itemsize
        begin = self.number(self.plan.offsets[buffer.number])
        if begin % 64 or begin + size > len(self.arena.owner):
            raise WrongAccess(f"{buffer} at {begin} does not fit the arena of {len(self.arena.owner)} bytes")
        return Pointer(self.arena, buffer.number, buffer.dtype, begin, begin + size, True)

    def value(self, buffer: Buffer) -> np.ndarray:
        """What a buffer holds; every element of it has been written."""
        at = self.pointers[buffer.number]
        if at.block.owner.count(buffer.number) != len(at.block.owner):
            raise WrongAccess(f"{buffer} is not written everywhere")
        used = at.block.bytes[: len(at.block.owner)]
        return used.view(buffer.dtype).reshape(tuple(self.number(s) for s in buffer.shape))

    def run(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """The fetches and the variables (those that the plan uses, in its order)."""
        before = {b.number: self.value(b).copy() for b in self.plan.buffers if b.role == plans.VARIABLE}
        for step in self.plan.compute:
            self.step(step)
        for buffer in self.plan.buffers:
            if buffer.role == plans.VARIABLE and self.value(buffer).tobytes() != before[buffer.number].tobytes():
                raise WrongAccess(f"{buffer} is changed by a compute step")
        for step in self.plan.commit:
            self.step(step)
        held = sorted((b for b in self.plan.buffers if b.role == plans.VARIABLE), key=lambda b: b.position)
        return [self.value(b) for b in self.plan.fetches], [self.value(b) for b in held]

    def step(self, step: Step, cut: bool = True) -> None:
        """One step; ``cut`` as finely as can be, as the machine may do it, and in another order."""
        for pointer in self.pointers.values():
            pointer.block.forget()
        self.reserve(step)
        self.check_declared(step)
        if isinstance(step.kernel, LoopCall):
            self.loop(step.kernel)
            return
        if isinstance(step.kernel, BranchCall):
            self.branch(step.kernel)
            return
        arguments: list[Any] = []
        parts = self.parts(step)
        for a in step.arguments:
            if isinstance(a, Address):
                arguments.append(parts.get(a) or self.pointers[a.buffer].moved(self.number(a.offset)))
            elif isinstance(a, Symbolic):
                arguments.append(self.number(a.size))
            else:
                assert isinstance(a, (plans.Library, plans.Foreign, Status))
                arguments.append(a)
        extent, grain = self.number(step.extent), self.number(step.grain)
        if isinstance(step.kernel, Routine):
            run_routine(step.kernel, arguments, extent)
            return
        if id(step.kernel) not in self.runners:
            memory = Iteration()
            self.runners[id(step.kernel)] = Runner(step.kernel, memory), memory
        run, memory = self.runners[id(step.kernel)]
        # An empty step is called as well.
        bounds = [(at, at + 1) for at in reversed(range(extent))] if cut and grain and extent else [(0, extent)]
        with np.errstate(all="ignore"):
            for lo, hi in bounds:
                memory.number = lo
                run(arguments, lo, hi)

    @property
    def stores(self) -> int:
        """How many elements kernels have written, so far."""
        return sum(memory.stores for _, memory in self.runners.values())

    # ---- loops and branches over plans -----------------------------------------------------------------------------

    def loop(self, call: LoopCall) -> None:
        """As the machine's loop does it."""
        again = None if call.condition is None else self.pointers[call.condition]
        length = self.number(call.length) if call.count is None else _read(self.pointers[call.count])
        self.record(call, 0 if again else length, fresh=True)
        made = 0
        while made < length if again is None else _read(again):
            if again is not None:
                self.record(call, made + 1)
            position = length - 1 - made if call.reverse else made
            inner = self.inside(call.plan, call.carries, call.feeds, call.fetches, call.scratch, position)
            if again is not None:
                again = inner.pointers[call.plan.fetches[-1].number]
            made += 1
        if call.steps is not None:
            self.pointers[call.steps].block.forget()
            self.pointers[call.steps].store(0, made, 0)

    def branch(self, call: BranchCall) -> None:
        """As the machine's branch does it."""
        number = min(max(_read(self.pointers[call.index]), 0), len(call.plans) - 1)
        self.inside(call.plans[number], call.carries, call.feeds[number], call.fetches, call.scratch, 0)

    def inside(
        self,
        plan: Plan,
        carries: Sequence[int],
        feeds: Sequence[plans.Slice | plans.Counted],
        fetches: Sequence[plans.Slice],
        scratch: int,
        position: int,
    ) -> Run:
        """One run of a body, all of whose kernels get their whole range at once."""

        def outside(buffer: Buffer) -> Pointer:
            if buffer.role == plans.VARIABLE:
                return self.pointers[carries[buffer.position]]
            if buffer.role == plans.FETCH:
                if buffer.position >= len(fetches):
                    return _fresh(buffer, tuple(self.number(s) for s in buffer.shape))
                return self.sliced(fetches[buffer.position], position, writable=True)
            part = feeds[buffer.position]
            if isinstance(part, plans.Slice):
                return self.sliced(part, position, writable=False)
            word = self.number(part.first) + self.number(part.difference) * position
            return _filled(buffer, np.array(word), self.sizes)

        inner = Run(plan, self.sizes, outside, self.runners)
        memory = self.pointers[scratch]
        if len(inner.arena.owner) > memory.end - memory.begin:
            raise WrongAccess(f"a body's arena of {len(inner.arena.owner)} bytes does not fit b{scratch}")
        for step in plan.steps:
            inner.step(step, cut=False)
        return inner

    def sliced(self, part: plans.Slice, position: int, writable: bool) -> Pointer:
        """What a body sees of a buffer."""
        at, stride = self.pointers[part.buffer], self.number(part.stride)
        begin = at.begin + position * stride
        end = begin + stride if stride else at.end
        if end > at.end:
            raise WrongAccess(f"step {position} gets b{part.buffer} behind its end")
        return Pointer(at.block, at.number, at.dtype, begin, end, writable and at.writable)

    def record(self, call: LoopCall, steps: int, fresh: bool = False) -> None:
        """Memory for what a loop records in so many steps."""
        buffers = {b.number: b for b in self.plan.buffers if b.role == plans.RECORD}
        for part in call.fetches:
            if part.buffer in buffers:
                block = Block(steps * self.number(part.stride))
                if not fresh:
                    old = self.pointers[part.buffer].block
                    block.bytes[: len(old.bytes)], block.owner[: len(old.owner)] = old.bytes, old.owner
                end, dtype = len(block.owner), buffers[part.buffer].dtype
                self.pointers[part.buffer] = Pointer(block, part.buffer, dtype, 0, end, True)

    # ---- kernels ---------------------------------------------------------------------------------------------------

    def reserve(self, step: Step) -> None:
        """Memory for what a loop records whose length is known when it begins."""
        call = step.inlined
        if call is None or call.count is None:
            return
        self.record(call, int(self.pointers[call.count].load(0, 0)), fresh=True)

    def parts(self, step: Step) -> dict[Address, Pointer]:
        """The temporaries of a loop that is a kernel lie one after another in a buffer of bytes."""
        found: dict[Address, Pointer] = {}
        if not isinstance(step.kernel, Kernel):
            return found
        addresses = [a for a in step.arguments if isinstance(a, Address)]
        typed = dict(zip(addresses, step.kernel.pointers, strict=True))
        bytes_ = [a for a, p in typed.items() if self.pointers[a.buffer].dtype == np.uint8 != p.dtype]
        for number, a in enumerate(bytes_):
            whole, begin = self.pointers[a.buffer], self.number(a.offset)
            others = [self.number(b.offset) for b in addresses if b.buffer == a.buffer]
            end = min((at for at in others if at > begin), default=whole.end - whole.begin)
            found[a] = whole.part(begin, end - begin, typed[a].dtype, PARTS + number)
        return found

    def check_declared(self, step: Step) -> None:
        """What a step says that it reads and writes is what the memory plan relies on."""
        used = {a.buffer for a in step.arguments if isinstance(a, Address)}
        said = {*step.reads, *step.writes}
        if call := isinstance(step.kernel, LoopCall | BranchCall):
            used = {number for number in said if number in self.pointers}
        if not used <= said or (
            used != said and not call and not step.label.startswith("loop of")
        ):  # loops may say too much
            raise WrongAccess(f"{step.label} gets the buffers {used}, but says {step.reads} and {step.writes}")
        spans = sorted(
            (p.begin, p.end, n) for n in used if (p := self.pointers[n]).block is self.arena and p.end > p.begin
        )
        for (_, end, one), (begin, _, other) in zip(spans, spans[1:], strict=False):
            if begin < end:
                raise WrongAccess(f"b{one} and b{other} overlap, and {step.label} uses both")
        if isinstance(step.kernel, Kernel):
            stored = {p for p in step.writes if not self.pointers[p].writable}
            if stored:
                raise WrongAccess(f"{step.label} writes {stored}")


def _fresh(buffer: Buffer, shape: tuple[int, ...]) -> Pointer:
    size = math.prod(shape) * buffer.dtype.itemsize
    return Pointer(Block(size), buffer.number, buffer.dtype, 0, size, writable=True)


def _filled(buffer: Buffer, array: np.ndarray, sizes: Mapping[Symbol, int]) -> Pointer:
    shape = tuple(evaluate(s, sizes) for s in buffer.shape)
    assert array.dtype == buffer.dtype and array.shape == shape, buffer
    at = _fresh(buffer, shape)
    at.block.bytes[: at.end] = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    at.block.owner = [buffer.number] * at.end
    at.writable = buffer.role == plans.VARIABLE
    return at


def _read(at: Pointer) -> int:
    """A number between two steps."""
    at.block.forget()
    return int(at.load(0, 0))


def interpret(
    plan: Plan, feeds: Mapping[Any, np.ndarray], variables: Mapping[Any, np.ndarray] | None = None
) -> tuple[list[np.ndarray], dict[Any, np.ndarray]]:
    """The fetched arrays, and the value of every variable of the plan afterwards; ``variables`` are their values
    before."""
    fed = {t.node.serial: array for t, array in feeds.items()}
    held = {v.node.serial: (v, np.asarray(value)) for v, value in (variables or {}).items()}
    before = [held[spec.key] for spec in plan.variables]
    fetched, after = Run.on_arrays(plan, [fed[spec.key] for spec in plan.inputs], [value for _, value in before]).run()
    return fetched, {v: value for (v, _), value in zip(before, after, strict=True)}
