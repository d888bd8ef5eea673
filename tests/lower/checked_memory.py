"""Memory in which every access is checked, for plans that run in Python.

Each element of memory knows which buffer wrote it last and in which iteration of the present step. Reading outside a
buffer, reading what was never written or what another buffer has overwritten, writing to an input, and iterations of
a step that may be cut which see each other's writes: all of that fails.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from staticad.lower.kernel.plan import Status

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
    """A stretch of memory; ``owner`` is per byte. ``writer`` and ``reader`` are of the elements that the present step
    has used, by their first byte."""

    def __init__(self, size: int) -> None:
        self.bytes = np.full(-(-size // 8) * 8, 0xA5, np.uint8)
        self.owner = [NOBODY] * size
        self.writer: dict[int, int] = {}
        self.reader: dict[int, int] = {}

    def forget(self) -> None:
        """A new step begins."""
        self.writer.clear()
        self.reader.clear()


class Pointer:
    """A buffer in a block, as an argument of a kernel: ``start`` may lie inside the buffer."""

    def __init__(self, block: Block, number: int, dtype: np.dtype, begin: int, end: int, writable: bool) -> None:
        self.block, self.number, self.dtype = block, number, dtype
        self.begin, self.end, self.start, self.writable = begin, end, begin, writable
        self.size = dtype.itemsize
        self.last = end - self.size  # where an element may begin
        self.marks = [number] * self.size
        self.elements = block.bytes.view(dtype)

    def moved(self, offset: int) -> Pointer:
        other = object.__new__(Pointer)
        other.__dict__.update(self.__dict__)  # a tenth of what `copy` takes
        other.start = self.start + offset
        return other

    def part(self, offset: int, size: int, dtype: np.dtype, number: int) -> Pointer:
        """A part of a buffer of bytes as a buffer of its own."""
        begin = self.begin + offset
        return Pointer(self.block, number, dtype, begin, begin + size, self.writable)

    def load(self, index: Any, iteration: int) -> Any:
        at, block = self.start + int(index) * self.size, self.block
        if not self.begin <= at <= self.last:
            raise self.outside("load", index)
        if block.owner[at] != self.number or block.owner[at + self.size - 1] != self.number:
            raise WrongAccess(f"load at {int(index)} of b{self.number}: last written by b{block.owner[at]}")
        if block.writer.get(at, iteration) != iteration:
            raise WrongAccess(f"load at {int(index)} of b{self.number}: written by another iteration of the step")
        if block.reader.setdefault(at, iteration) != iteration:
            block.reader[at] = EVERYBODY
        return self.elements[at // self.size]

    def store(self, index: Any, value: Any, iteration: int) -> None:
        at, block = self.start + int(index) * self.size, self.block
        if not self.begin <= at <= self.last:
            raise self.outside("store", index)
        if not self.writable:
            raise WrongAccess(f"store to b{self.number}, which the user owns")
        if block.writer.get(at, iteration) != iteration or block.reader.get(at, iteration) != iteration:
            raise WrongAccess(f"store at {int(index)} of b{self.number}: used by another iteration of the step")
        self.elements[at // self.size] = value
        block.owner[at : at + self.size] = self.marks
        block.writer[at] = iteration

    def outside(self, what: str, index: Any) -> WrongAccess:
        count = (self.end - self.begin) // self.size
        return WrongAccess(f"{what} at {int(index)} of b{self.number}, which has {count} elements")


class Iteration:
    """The memory as an iteration of the outermost loop sees it."""

    number = 0
    stores = 0  # elements that were written

    def load(self, pointer: Pointer, index: Any) -> Any:
        return pointer.load(index, self.number)

    def store(self, pointer: Pointer, index: Any, value: Any) -> None:
        pointer.store(index, value, self.number)
        self.stores += 1

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
