"""Aligned memory: every block that kernels use starts on a cache line."""

from __future__ import annotations

import numpy as np

from staticad.errors import OutOfMemory

ALIGNMENT = 64


def aligned_bytes(size: int) -> np.ndarray:
    """``size`` uninitialized bytes (uint8[size]) that start on a cache line. Raises OutOfMemory."""
    try:
        block = np.empty(size + ALIGNMENT, np.uint8)
    except MemoryError as error:
        raise OutOfMemory(f"cannot allocate {size:,} bytes for the buffers of a run") from error
    start = -block.ctypes.data % ALIGNMENT
    return block[start : start + size]


def aligned_words(count: int) -> np.ndarray:
    """``count`` zeros (int64[count]) that start on a cache line."""
    words = aligned_bytes(8 * count).view(np.int64)
    words[:] = 0
    return words
