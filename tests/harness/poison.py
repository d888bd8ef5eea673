"""Memory that a session gets is full of NaNs, so that reading what was never written shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import numpy as np

from staticad.runtime import memory, session


def _poisoned(size: int) -> np.ndarray:
    block = memory.aligned_bytes(size)
    block[...] = 0xFF  # a NaN as a float, -1 as an integer
    return block


@contextmanager
def poisoned_memory() -> Iterator[None]:
    """Arenas that are allocated inside hold NaNs."""
    with mock.patch.object(session, "aligned_bytes", _poisoned):
        yield
