"""Runs a plan in Python, with every access checked: what compiled code would do, where it would go wrong.

Each element of memory knows which buffer wrote it last and in which iteration of the present step. Reading outside a
buffer, reading what was never written or what another buffer has overwritten, writing to an input, and iterations of
a step that may be cut which see each other's writes: all of that fails.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from staticad.ir.dim_values import evaluate
from staticad.ir.dims import Size, Symbol, as_symbol
from staticad.lower.kernel import plan as plans
from staticad.lower.kernel.language import Kernel
from staticad.lower.kernel.plan import Address, Plan, Status, Step, Symbolic
from staticad.lower.kernel.routine import Gemm, Routine
from staticad.ops import ALL_OPS
from staticad.ops.fourier import FOURIER_PARTS
from staticad.ops.library import Library
from tests.lower.convolving import convolved, placed
from tests.lower.statements import Runner

NOBODY = -1
PARTS = 1_000_000  # numbers of parts of a buffer of bytes
EVERYBODY = -2  # several iterations have read the element


class WrongAccess(AssertionError):
    """A kernel touches memory in a way that compiled code must not."""


class IndexReported(Exception):
    """A kernel found an index out of range; the argument is the code of the check."""


class RoutineReported(Exception):
    """A routine found that there is no result; the argument is the code of the check."""


class Block:
    """A stretch of memory; ``owner``, ``writer`` and ``reader`` are per byte."""

    def __init__(self, size: int) -> None:
        self.bytes = np.full(-(-size // 8) * 8, 0xA5, np.uint8)
        self.owner = [NOBODY] * size
        self.forget()

    def forget(self) -> None:
        """A new step begins."""
        self.writer = [NOBODY] * len(self.owner)
        self.reader = [NOBODY] * len(self.owner)


class Pointer:
    """A buffer in a block, as an argument of a kernel: ``start`` may lie inside the buffer."""

    def __init__(self, block: Block, number: int, dtype: np.dtype, begin: int, end: int, writable: bool) -> None:
        self.block, self.number, self.dtype = block, number, dtype
        self.begin, self.end, self.start, self.writable = begin, end, begin, writable
        self.size = dtype.itemsize
        self.elements = block.bytes.view(dtype)

    def moved(self, offset: int) -> Pointer:
        other = copy.copy(self)
        other.start = self.start + offset
        return other

    def part(self, offset: int, size: int, dtype: np.dtype, number: int) -> Pointer:
        """A part of a buffer of bytes as a buffer of its own."""
        begin = self.begin + offset
        return Pointer(self.block, number, dtype, begin, begin + size, self.writable)

    def place(self, index: Any, what: str) -> int:
        at = self.start + int(index) * self.size
        if not self.begin <= at <= self.end - self.size:
            count = (self.end - self.begin) // self.size
            raise WrongAccess(f"{what} at {int(index)} of b{self.number}, which has {count} elements")
        return at

    def load(self, index: Any, iteration: int) -> Any:
        at, block = self.place(index, "load"), self.block
        if block.owner[at] != self.number or block.owner[at + self.size - 1] != self.number:
            raise WrongAccess(f"load at {int(index)} of b{self.number}: last written by b{block.owner[at]}")
        if block.writer[at] not in (NOBODY, iteration):
            raise WrongAccess(f"load at {int(index)} of b{self.number}: written by another iteration of the step")
        block.reader[at] = iteration if block.reader[at] in (NOBODY, iteration) else EVERYBODY
        return self.elements[at // self.size]

    def store(self, index: Any, value: Any, iteration: int) -> None:
        at, block = self.place(index, "store"), self.block
        if not self.writable:
            raise WrongAccess(f"store to b{self.number}, which the user owns")
        if block.writer[at] not in (NOBODY, iteration) or block.reader[at] not in (NOBODY, iteration):
            raise WrongAccess(f"store at {int(index)} of b{self.number}: used by another iteration of the step")
        self.elements[at // self.size] = value
        block.owner[at : at + self.size] = [self.number] * self.size
        block.writer[at] = iteration


class Run:
    """One run of a plan on given arrays."""

    def __init__(self, plan: Plan, feeds: Sequence[np.ndarray], variables: Sequence[np.ndarray]) -> None:
        self.plan = plan
        self.sizes: dict[Symbol, int] = {}
        for spec, array in zip(plan.inputs, feeds, strict=True):
            for size, actual in zip(spec.shape, array.shape, strict=True):
                symbol = as_symbol(size)
                if symbol is not None:
                    self.sizes[symbol] = actual
        self.arena = Block(self.number(plan.arena))
        self.pointers = {b.number: self.pointer(b, feeds, variables) for b in plan.buffers if self.has_memory(b)}

    def number(self, size: Size) -> int:
        return evaluate(size, self.sizes)

    def has_memory(self, buffer: plans.Buffer) -> bool:
        return buffer.role not in (plans.TEMPORARY, plans.RECORD) or buffer.number in self.plan.offsets

    def pointer(self, buffer: plans.Buffer, feeds: Sequence[np.ndarray], variables: Sequence[np.ndarray]) -> Pointer:
        shape = tuple(self.number(s) for s in buffer.shape)
        size = int(np.prod(shape)) * buffer.dtype.itemsize
        if buffer.role == plans.TEMPORARY:
            begin = self.number(self.plan.offsets[buffer.number])
            if begin % 64 or begin + size > len(self.arena.owner):
                raise WrongAccess(f"{buffer} at {begin} does not fit the arena of {len(self.arena.owner)} bytes")
            return Pointer(self.arena, buffer.number, buffer.dtype, begin, begin + size, True)
        block = Block(size)
        if buffer.role != plans.FETCH:
            array = {
                plans.FEED: lambda: feeds[buffer.position],
                plans.VARIABLE: lambda: variables[buffer.position],
                plans.CONSTANT: lambda: buffer.array,
            }[buffer.role]()
            assert array is not None and array.dtype == buffer.dtype and array.shape == shape, buffer
            block.bytes[:size] = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
            block.owner = [buffer.number] * size
        return Pointer(block, buffer.number, buffer.dtype, 0, size, buffer.role in (plans.FETCH, plans.VARIABLE))

    def value(self, buffer: plans.Buffer) -> np.ndarray:
        """What a buffer holds; every element of it has been written."""
        at = self.pointers[buffer.number]
        if any(owner != buffer.number for owner in at.block.owner):
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

    def step(self, step: Step) -> None:
        for pointer in self.pointers.values():
            pointer.block.forget()
        self.reserve(step)
        self.check_declared(step)
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
            with np.errstate(all="ignore"):
                if step.kernel.name == "gemm":
                    _products(arguments, extent)
                elif step.kernel.name in ("convolution", "window_argmax"):
                    _over_images(step.kernel, arguments, extent)
                elif step.kernel.name == "fourier_parts":
                    _transforms(step.kernel, arguments)
                elif step.kernel.name in ("print", "assert"):
                    _effect(step.kernel, arguments)
                else:
                    _library(step.kernel, arguments, extent)
            return
        memory = _Iteration()
        run = Runner(step.kernel, memory)
        # As the machine does, but cut as finely as can be and in another order; an empty step is called as well.
        bounds = [(at, at + 1) for at in reversed(range(extent))] if grain and extent else [(0, extent)]
        for lo, hi in bounds:
            memory.number = lo
            with np.errstate(all="ignore"):
                run(arguments, lo, hi)

    def reserve(self, step: Step) -> None:
        """Memory for what a loop records whose length is known when it begins."""
        call = step.inlined
        if call is None or call.count is None:
            return
        buffers = {b.number: b for b in self.plan.buffers if b.role == plans.RECORD}
        steps = int(self.pointers[call.count].load(0, 0))
        for part in call.fetches:
            if part.buffer in buffers:
                size, dtype = steps * self.number(part.stride), buffers[part.buffer].dtype
                self.pointers[part.buffer] = Pointer(Block(size), part.buffer, dtype, 0, size, True)

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
        if not used <= said or (used != said and not step.label.startswith("loop of")):  # loops may say too much
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


def _effect(routine: Routine, arguments: list[Any]) -> None:
    """What asserts, and what prints, without printing."""
    slots = dict(zip(routine.slots, arguments, strict=True))
    if routine.name == "assert" and slots["IN0"].load(0, 0) != 0:
        raise RoutineReported(slots["CODE"])
    slots["OUT0"].store(0, 0, 0)


def _library(routine: Routine, arguments: list[Any], batch: int) -> None:
    """A routine as the reference of the op that bears its name, on one matrix after another."""
    op = next(op for op in ALL_OPS if op.name == routine.name)
    assert isinstance(op, Library)
    slots, changed = dict(zip(routine.slots, arguments, strict=True)), dict(op.changes)
    parts = (*op.operand_parts, *op.result_parts)
    sizes = {axis: slots[axis.upper()] for part in parts for axis in part.axes}
    known = ("IN", "OUT", "STEP_", "WORK", "STATUS", "CODE", *(n.upper() for n in (*op.functions, *sizes, *op.derived)))
    attrs = {name.lower(): value for name, value in slots.items() if not name.startswith(known)}
    given = {axis for part in op.operand_parts for axis in part.axes}
    attrs |= {axis: size for axis, size in sizes.items() if axis not in given and axis not in op.derived}
    for number in range(batch):

        def place(name: str, number: int = number) -> Pointer:
            return slots[name].moved(number * slots[f"STEP_{name}"])

        operands: list[Any] = []
        for i, part in enumerate(op.operand_parts):
            name = f"OUT{changed[i]}" if i in changed else f"IN{i}"
            shape = tuple(sizes[axis] for axis in part.axes)
            operands.append(None if i in op.unread else _array(place(name), shape, number))
        try:
            made = op.numpy(*operands, **attrs)
        except np.linalg.LinAlgError:
            raise RoutineReported(slots["CODE"]) from None
        for i, result in enumerate(made if op.several_outputs else (made,)):
            if i in op.optional and isinstance(slots[f"OUT{i}"], int):
                continue
            for index, value in enumerate(np.asarray(result).reshape(-1)):
                place(f"OUT{i}").store(index, value, number)
        for index in range(slots.get("STEP_WORK", 0)):
            place("WORK").store(index, 0, number)


def _over_images(routine: Routine, arguments: list[Any], extent: int) -> None:
    """All tasks of a convolution, or all channels of windows, at once."""
    slots = dict(zip(routine.slots, arguments, strict=True))

    def read(at: Pointer, shape: tuple[int, ...]) -> np.ndarray:
        return _array(at, shape, 0)

    name, values = convolved(slots, read) if routine.name == "convolution" else placed(slots, extent, read)
    for index, value in enumerate(values.reshape(-1)):
        slots[name].store(index, value, 0)


def _transforms(routine: Routine, arguments: list[Any]) -> None:
    """All tasks of a Fourier transform at once. The first of two steps leaves its result to the second one."""
    slots = dict(zip(routine.slots, arguments, strict=True))
    shape = slots["OUTER"], slots["N"], slots["INNER"]
    count, long, phase = int(np.prod(shape)), slots["ROWS"] > 0, slots["PHASE"]
    if phase == 1:
        if long:
            for i in range(2):
                for index in range(count):
                    slots[f"OUT{i}"].store(index, slots[f"MIDDLE{i}"].load(index, 0), 0)
        return
    steps = slots["ACROSS"], slots["ALONG"], slots["WITHIN"]
    places = sum(step * axis for step, axis in zip(steps, np.indices(shape), strict=True))
    table = _array(slots["IN2"], (2, slots["N"]), 0)
    parts = []
    for at in (slots["IN0"], slots["IN1"]):
        if not isinstance(at, int):
            values = [at.load(int(place), 0) for place in np.ravel(places)]
            parts.append(np.array(values, table.dtype).reshape(shape))
    made = FOURIER_PARTS.numpy(*parts, table, axis=1)
    for i, part in enumerate(made):
        for index, value in enumerate(part.reshape(-1)):
            slots[f"{'MIDDLE' if long else 'OUT'}{i}"].store(index, value, 0)


def _array(at: Pointer, shape: tuple[int, ...], iteration: int) -> np.ndarray:
    values = [at.load(index, iteration) for index in range(int(np.prod(shape)))]
    return np.array(values, at.dtype).reshape(shape)


def _products(arguments: list[Any], batch: int) -> None:
    m, n, k = (arguments[slot] for slot in (Gemm.M, Gemm.N, Gemm.K))
    a, b, c = (arguments[slot] for slot in (Gemm.A, Gemm.B, Gemm.C))
    alpha, beta = (_number(arguments[slot], c.dtype) for slot in (Gemm.ALPHA, Gemm.BETA))
    left_rows, right_rows, rows = (arguments[slot] for slot in (Gemm.LEADING_A, Gemm.LEADING_B, Gemm.LEADING_C))
    left_t, right_t = (arguments[slot] == ord("T") for slot in (Gemm.TRANSPOSE_A, Gemm.TRANSPOSE_B))
    for lead, row in (
        (left_rows, m if left_t else k),
        (right_rows, k if right_t else n),
        (rows, n),
    ):
        if lead < max(1, row):
            raise WrongAccess(f"the leading dimension {lead} is smaller than a row of {row} elements")
    for at in range(batch):
        left = a.moved(at * arguments[Gemm.BATCH_A] * a.dtype.itemsize)
        right = b.moved(at * arguments[Gemm.BATCH_B] * b.dtype.itemsize)
        out = c.moved(at * arguments[Gemm.BATCH_C] * c.dtype.itemsize)
        for i in range(m):
            for j in range(n):
                total = c.dtype.type(0)
                for x in range(k):
                    u = left.load(x * left_rows + i if left_t else i * left_rows + x, 0)
                    v = right.load(j * right_rows + x if right_t else x * right_rows + j, 0)
                    total += u * v
                old = out.load(i * rows + j, 0) if beta else c.dtype.type(0)
                out.store(i * rows + j, alpha * total + beta * old, 0)


def _number(bits: int, dtype: np.dtype) -> Any:
    return np.array([bits], np.uint32 if dtype.itemsize == 4 else np.uint64).view(dtype)[0]


class _Iteration:
    """The memory as an iteration of the outermost loop sees it."""

    number = 0

    def load(self, pointer: Pointer, index: Any) -> Any:
        return pointer.load(index, self.number)

    def store(self, pointer: Pointer, index: Any, value: Any) -> None:
        pointer.store(index, value, self.number)

    def product(self, *arguments: Any) -> None:
        _matrix_product(self.number, *arguments)

    def check_index(self, status: Any, index: Any, size: int, code: int) -> int:
        assert isinstance(status, Status)
        place = int(index) + size if index < 0 else int(index)
        if not 0 <= place < size:
            raise IndexReported(code)
        return place


def _matrix_product(
    iteration: int,
    c: Pointer,
    c_at: int,
    c_row: int,
    a: Pointer,
    a_at: int,
    a_row: int,
    a_column: int,
    b: Pointer,
    b_at: int,
    b_row: int,
    b_column: int,
    rows: int,
    columns: int,
    depth: int,
    alpha: Any = None,
) -> None:
    used = rows and columns and depth
    if used and (c.block is a.block and c.begin == a.begin or c.block is b.block and c.begin == b.begin):
        raise WrongAccess(f"the product in b{c.number} overwrites its operand")
    for i in range(rows):
        for j in range(columns):
            total = c.dtype.type(0)
            for k in range(depth):
                u = a.load(a_at + i * a_row + k * a_column, iteration)
                total += u * b.load(b_at + k * b_row + j * b_column, iteration)
            if alpha is not None:
                total = alpha * total + c.load(c_at + i * c_row + j, iteration)
            c.store(c_at + i * c_row + j, total, iteration)


def interpret(
    plan: Plan, feeds: Mapping[Any, np.ndarray], variables: Mapping[Any, np.ndarray] | None = None
) -> tuple[list[np.ndarray], dict[Any, np.ndarray]]:
    """The fetched arrays, and the value of every variable of the plan afterwards; ``variables`` are their values
    before."""
    fed = {t.node.serial: array for t, array in feeds.items()}
    held = {v.node.serial: (v, np.asarray(value)) for v, value in (variables or {}).items()}
    before = [held[spec.key] for spec in plan.variables]
    fetched, after = Run(plan, [fed[spec.key] for spec in plan.inputs], [value for _, value in before]).run()
    return fetched, {v: value for (v, _), value in zip(before, after, strict=True)}
