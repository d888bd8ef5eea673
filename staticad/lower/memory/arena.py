"""The arena: temporaries share memory when they are not alive at the same time.

A buffer lives from the step that first writes it to the last step that uses it. Slots are handed out in program
order; a buffer takes a free slot of exactly its size, else the smallest free one that is certainly large enough, else
a new one. Sizes are expressions, so the layout holds for every value of the free sizes.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from heapq import heappop, heappush

from staticad.ir.dims import Shape, Size, at_least, floordiv, product
from staticad.ir.local_sizes import largest_shape
from staticad.lower.kernel.plan import TEMPORARY, Buffer, Step
from staticad.records import dataclass

ALIGNMENT = 64


@dataclass
class _Slot:
    number: int
    size: Size
    buffers: list[int]


class _Slots:
    """The slots of an arena, and those that are free by their size, so that few sizes are looked at."""

    def __init__(self) -> None:
        self.all: list[_Slot] = []
        self._free: dict[Size, list[int]] = {}  # the numbers of free slots of a size, as a heap
        self._numbers: list[int] = []  # the sizes of free slots that are numbers, in order
        self._expressions: dict[Size, None] = {}  # the other ones
        self._fits: dict[tuple[Size, Size], bool] = {}

    def take(self, size: Size, buffer: int) -> _Slot:
        """The slot of a buffer of a size."""
        found = size if size in self._free else self._larger(size)
        if found is None:
            slot = _Slot(len(self.all), size, [buffer])
            self.all.append(slot)
            return slot
        numbers = self._free[found]
        slot = self.all[heappop(numbers)]
        if not numbers:
            del self._free[found]
            if isinstance(found, int):
                del self._numbers[bisect_left(self._numbers, found)]
            else:
                del self._expressions[found]
        slot.buffers.append(buffer)
        return slot

    def _larger(self, size: Size) -> Size | None:
        """The size of a free slot that is certainly large enough: the first one that is no number, else the smallest
        number."""
        fitting = [self._free[other][0] for other in self._expressions if self._enough(other, size)]
        if fitting:
            return self.all[min(fitting)].size
        if isinstance(size, int):
            at = bisect_left(self._numbers, size)
            return self._numbers[at] if at < len(self._numbers) else None
        return next((number for number in self._numbers if self._enough(number, size)), None)

    def _enough(self, size: Size, needed: Size) -> bool:
        found = self._fits.get((size, needed))
        if found is None:
            found = self._fits[size, needed] = at_least(size - needed, 0)
        return found

    def release(self, slot: _Slot) -> None:
        """Let others have a slot."""
        numbers = self._free.get(slot.size)
        if numbers is None:
            numbers = self._free[slot.size] = []
            if isinstance(slot.size, int):
                insort(self._numbers, slot.size)
            else:
                self._expressions[slot.size] = None
        heappush(numbers, slot.number)


def padded_bytes(buffer: Buffer) -> Size:
    """The size of a buffer, rounded up to whole cache lines, at its largest."""
    size = product(largest_shape(buffer.shape)) * buffer.dtype.itemsize
    whole = floordiv(size, ALIGNMENT) * ALIGNMENT
    return size if whole == size else floordiv(size + ALIGNMENT - 1, ALIGNMENT) * ALIGNMENT


def assign_offsets(buffers: Sequence[Buffer], steps: Sequence[Step]) -> tuple[dict[int, Size], Size]:
    """The offset of every temporary in the arena, and the arena's size, both in bytes."""
    by_number = {b.number: b for b in buffers if b.role == TEMPORARY}
    last: dict[int, int] = {}
    for position, step in enumerate(steps):
        for number in (*step.reads, *step.writes):
            last[number] = position
    slots = _Slots()
    held: dict[int, _Slot] = {}
    bytes_of: dict[tuple[Shape, int], Size] = {}
    for position, step in enumerate(steps):
        used = dict.fromkeys((*step.writes, *step.reads))
        for number in used:
            if number in by_number and number not in held:
                buffer = by_number[number]
                alike = buffer.shape, buffer.dtype.itemsize
                size = bytes_of.get(alike)
                if size is None:
                    size = bytes_of[alike] = padded_bytes(buffer)
                held[number] = slots.take(size, number)
        for number in used:
            if number in held and last[number] == position:
                slots.release(held[number])
    offsets: dict[int, Size] = {}
    total: Size = 0
    for slot in slots.all:
        for number in slot.buffers:
            offsets[number] = total
        total = total + slot.size
    return offsets, total
