"""Aligned memory starts on a cache line, for every size."""

from __future__ import annotations

import numpy as np
import pytest

from staticad.errors import OutOfMemory
from staticad.runtime.memory import ALIGNMENT, aligned_bytes, aligned_words


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 1000, 100_000])
def test_alignment(size: int) -> None:
    block = aligned_bytes(size)
    assert block.shape == (size,) and block.dtype == np.uint8
    assert size == 0 or block.ctypes.data % ALIGNMENT == 0
    block[:] = 1
    words = aligned_words(size)
    assert words.shape == (size,) and words.dtype == np.int64 and not words.any()
    assert size == 0 or words.ctypes.data % ALIGNMENT == 0


def test_too_much_memory_is_a_typed_error() -> None:
    with pytest.raises(OutOfMemory, match="cannot allocate"):
        aligned_bytes(1 << 50)
