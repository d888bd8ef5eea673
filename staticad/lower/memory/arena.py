"""The arena: temporaries share memory when they are not alive at the same time.

A buffer lives from the step that first writes it to the last step that uses it. Slots are handed out in program
order; a buffer takes a free slot of exactly its size, else the smallest free one that is certainly large enough, else
a new one. Sizes are expressions, so the layout holds for every value of the free sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from staticad.ir.dims import Size, at_least, floordiv, product
from staticad.lower.kernel.plan import TEMPORARY, Buffer, Step

ALIGNMENT = 64


@dataclass
class _Slot:
    size: Size
    buffers: list[int]
    free: bool = False


def padded_bytes(buffer: Buffer) -> Size:
    """The size of a buffer, rounded up to whole cache lines."""
    size = product(buffer.shape) * buffer.dtype.itemsize
    whole = floordiv(size, ALIGNMENT) * ALIGNMENT
    return size if whole == size else floordiv(size + ALIGNMENT - 1, ALIGNMENT) * ALIGNMENT


def assign_offsets(buffers: Sequence[Buffer], steps: Sequence[Step]) -> tuple[dict[int, Size], Size]:
    """The offset of every temporary in the arena, and the arena's size, both in bytes."""
    by_number = {b.number: b for b in buffers if b.role == TEMPORARY}
    last: dict[int, int] = {}
    for position, step in enumerate(steps):
        for number in (*step.reads, *step.writes):
            last[number] = position
    slots: list[_Slot] = []
    held: dict[int, _Slot] = {}
    for position, step in enumerate(steps):
        used = dict.fromkeys((*step.writes, *step.reads))
        for number in used:
            if number in by_number and number not in held:
                held[number] = _take(slots, padded_bytes(by_number[number]), number)
        for number in used:
            if number in held and last[number] == position:
                held[number].free = True
    offsets: dict[int, Size] = {}
    total: Size = 0
    for slot in slots:
        for number in slot.buffers:
            offsets[number] = total
        total = total + slot.size
    return offsets, total


def _take(slots: list[_Slot], size: Size, number: int) -> _Slot:
    free = [s for s in slots if s.free]
    fitting = [s for s in free if s.size == size] or [s for s in free if at_least(s.size - size, 0)]
    if fitting:
        slot = min(fitting, key=lambda s: s.size if isinstance(s.size, int) else 0)
        slot.free = False
        slot.buffers.append(number)
        return slot
    slot = _Slot(size, [number])
    slots.append(slot)
    return slot
