"""Memory that a session gets is full of NaNs, so that reading what was never written shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np

from staticad.runtime import memory

_allocate = memory.aligned_bytes


def _poisoned(*arguments: Any) -> np.ndarray:
    block = _allocate(*arguments)
    block[...] = 0xFF  # a NaN as a float, -1 as an integer
    return block


@contextmanager
def poisoned_memory() -> Iterator[None]:
    """Arenas that are allocated inside hold NaNs."""
    with mock.patch.object(memory, "aligned_bytes", _poisoned):
        yield
