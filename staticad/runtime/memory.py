"""Memory: blocks that start on a cache line, a session's arena, and what is compared with the memory that is available.

What can't be allocated is a typed error, also where the system would promise memory that it does not have.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.errors import OutOfMemory
from staticad.ir.dim_values import evaluate
from staticad.ir.dims import Size, Symbol, product
from staticad.runtime.abi import data_address
from staticad.runtime.available import available_memory

if TYPE_CHECKING:
    from staticad.lower.kernel.plan import Plan

ALIGNMENT = 64
LARGE = 64 << 20  # bytes from which on the memory that is available is looked at before
LARGEST_BLOCK = sys.maxsize - ALIGNMENT  # bytes that have addresses
IDLE = 32  # runs after which memory is given back of which they needed less than a quarter


def aligned_bytes(size: int, what: str | Callable[[], str] = "the buffers of a run") -> np.ndarray:
    """``size`` uninitialized bytes (uint8[size]) that start on a cache line. Raises OutOfMemory."""
    block, start = aligned_block(size, what)
    return block[start : start + size]


def aligned_block(size: int, what: str | Callable[[], str]) -> tuple[np.ndarray, int]:
    """Uninitialized bytes, and where in them ``size`` of them begin, on a cache line. Raises OutOfMemory."""
    room_for(size, what)
    try:
        block = np.empty(size + ALIGNMENT, np.uint8)
    except MemoryError as error:
        raise OutOfMemory(f"cannot allocate {size:,} bytes for {_text(what)}") from error
    return block, -data_address(block) % ALIGNMENT


def room_for(size: int, what: str | Callable[[], str]) -> None:
    """Raises OutOfMemory where the system would promise memory that it, or a control group of the process, does not
    have."""
    if size >= LARGE and size > (free := available_memory()):
        raise OutOfMemory(f"cannot allocate {size:,} bytes for {_text(what)}; {free:,} bytes are available")


def _text(what: str | Callable[[], str]) -> str:
    return what if isinstance(what, str) else what()


def aligned_words(count: int) -> np.ndarray:
    """``count`` zeros (int64[count]) that start on a cache line."""
    words = aligned_bytes(8 * count).view(np.int64)
    words[:] = 0
    return words


class Arena:
    """The memory of a session's temporaries. Its pages are taken from the system when they are first used, so memory is
    compared with what is available until a run has used them."""

    def __init__(self, size: int, what: str | Callable[[], str] = "the temporaries of a run") -> None:
        self.block = aligned_bytes(size, what)
        self.used = 0  # bytes from the beginning

    @property
    def size(self) -> int:
        """Its bytes."""
        return int(self.block.size)


class Countdown:
    """In the place of a program's ``run``, as long as the arena is much too large for it: after `IDLE` calls there is
    no result, and the session takes the slow path."""

    __slots__ = ("left", "run")

    def __init__(self) -> None:
        self.left, self.run = IDLE, _unbound

    def __call__(self, feeds: tuple[Any, ...]) -> Any:
        self.left -= 1
        return self.run(feeds) if self.left > 0 else None


def _unbound(feeds: tuple[Any, ...]) -> Any:
    """No program yet."""


def check_memory(plan: Plan, values: Mapping[Symbol, int]) -> None:
    """Raises OutOfMemory where a result, or the temporaries of a run, would have more bytes than addresses exist. As in
    NumPy, an empty result counts as what it would hold with 1 in the place of 0."""
    sizes: list[tuple[str, Size]] = []
    for b in plan.fetches:
        shape = (max(1, evaluate(size, values)) for size in b.shape)
        sizes.append((f"result {b.position}", product(shape) * b.dtype.itemsize))
    for what, size in [*sizes, ("the temporaries", plan.arena)]:
        count = evaluate(size, values)
        if count > LARGEST_BLOCK:
            raise OutOfMemory(f"cannot allocate {count:,} bytes for {what} of a run; no computer has that many")
