"""Threads that take turns as often as they can, so that what happens between two steps of one of them shows."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def often() -> Iterator[None]:
    """The interpreter switches between threads after every microsecond."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
