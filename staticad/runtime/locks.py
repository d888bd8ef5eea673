"""Locks that programs and Python code share: many runs may read what a lock guards, one may change it.

A lock is one word: the number of readers, or -1 while somebody holds it exclusively. The machine takes and gives back
the locks of a program in compiled code, with the global interpreter lock held, which is what makes it safe; it never
waits, but reports that it is busy. Waiting is done here, in Python.
"""

from __future__ import annotations

import ctypes
import functools
import os
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from staticad.codegen.loader import kernel_address
from staticad.runtime.abi import python_function, verify
from staticad.runtime.builtin import builtin_function, method_definition
from staticad.runtime.machine_source import LOCK_SOURCE
from staticad.runtime.memory import aligned_words

_METH_NOARGS = 0x0004


class Lock:
    """Guards a program's buffers or a variable's value. Held by a run, or in Python with :meth:`exclusive`."""

    def __init__(self) -> None:
        verify()
        self._words = aligned_words(2)
        self._words[1] = python_function("PyBool_FromLong")
        self._try: Callable[[], bool] = builtin_function(_definition(), self._words)
        _all.add(self)

    @property
    def address(self) -> int:
        """Where the lock's word is."""
        return int(self._words.ctypes.data)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the lock alone: no run that uses it is under way inside the ``with`` block. Not reentrant."""
        attempt = 0
        while not self._try():
            attempt += 1
            back_off(attempt)
        try:
            yield
        finally:
            self._words[0] = 0

    def _reset(self) -> None:
        self._words[0] = 0


def back_off(attempt: int) -> None:
    """Wait before trying a busy lock for the ``attempt``-th time: from 10 microseconds to a millisecond."""
    time.sleep(min(1e-5 * 2 ** min(attempt, 10), 1e-3))


@functools.cache
def _definition() -> ctypes.Structure:
    return method_definition("try_lock", kernel_address(LOCK_SOURCE), _METH_NOARGS)


_all: weakref.WeakSet[Lock] = weakref.WeakSet()


def _reset_all() -> None:
    for lock in _all:
        lock._reset()


if hasattr(os, "register_at_fork"):
    # What another thread was doing during the fork does not go on in the child.
    os.register_at_fork(after_in_child=_reset_all)
