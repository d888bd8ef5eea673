"""Aligned memory: every block that kernels use starts on a cache line. What can't be allocated is a typed error."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import numpy as np

from staticad.errors import OutOfMemory
from staticad.ir.dim_values import evaluate
from staticad.ir.dims import Size, Symbol, product
from staticad.lower.kernel.plan import Plan
from staticad.runtime.available import available_memory

ALIGNMENT = 64
LARGE = 1 << 30  # bytes from which on the memory that is available is looked at before


def aligned_bytes(size: int) -> np.ndarray:
    """``size`` uninitialized bytes (uint8[size]) that start on a cache line. Raises OutOfMemory, for large blocks also
    where the system would promise memory that it does not have."""
    room_for(size, "the buffers of a run")
    try:
        block = np.empty(size + ALIGNMENT, np.uint8)
    except MemoryError as error:
        raise OutOfMemory(f"cannot allocate {size:,} bytes for the buffers of a run") from error
    start = -block.ctypes.data % ALIGNMENT
    return block[start : start + size]


def room_for(size: int, what: str) -> None:
    """Raises OutOfMemory where the system would promise memory that it does not have."""
    if size >= LARGE and size > (free := available_memory()):
        raise OutOfMemory(f"cannot allocate {size:,} bytes for {what}; {free:,} bytes are available")


def aligned_words(count: int) -> np.ndarray:
    """``count`` zeros (int64[count]) that start on a cache line."""
    words = aligned_bytes(8 * count).view(np.int64)
    words[:] = 0
    return words


def check_memory(plan: Plan, values: Mapping[Symbol, int]) -> None:
    """Raises OutOfMemory where a result, or the temporaries of a run, would have more bytes than addresses exist. As in
    NumPy, an empty result counts as what it would hold with 1 in the place of 0."""
    sizes: list[tuple[str, Size]] = []
    for b in plan.fetches:
        shape = (max(1, evaluate(size, values)) for size in b.shape)
        sizes.append((f"result {b.position}", product(shape) * b.dtype.itemsize))
    for what, size in [*sizes, ("the temporaries", plan.arena)]:
        count = evaluate(size, values)
        if count > sys.maxsize - ALIGNMENT:
            raise OutOfMemory(f"cannot allocate {count:,} bytes for {what} of a run; no computer has that many")


def as_out_of_memory(error: MemoryError) -> OutOfMemory:
    """The error to raise for a MemoryError of a run: itself, or that the results could not be allocated."""
    if isinstance(error, OutOfMemory):
        return error
    return OutOfMemory(f"the results of a run could not be allocated ({error}); fetch less, or feed smaller arrays")
