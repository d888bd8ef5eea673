"""Locks that runs hold: shared by those who read, alone by those who write, and given to those who wait in turn.

Only compiled code holds a lock, from the beginning of a run to its end, and no Python is executed meanwhile. So no
exception, not even one that a signal handler raises, can leave a lock held.

A run takes all its locks at once or none, and who gets none tries again (:func:`patiently`). After `PATIENCE` attempts
it draws a ticket. From then on every attempt leaves a claim with the locks: the smallest ticket. Whoever comes with a
larger one, or without, does not get a lock in the way of that claim, even if it is free. So everybody's turn comes, and
readers do not keep a writer out for ever. A claim that is not renewed ends by itself.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from staticad.runtime.abi import data_address
from staticad.runtime.layout import CACHE_LINE_WORDS, CODES, LockWords
from staticad.runtime.memory import aligned_words

_BLOCK = 32  # locks that are allocated together
_STRIDE = CACHE_LINE_WORDS
assert LockWords.WORDS <= _STRIDE, "a lock has a cache line of its own"
_free: list[tuple[np.ndarray, int]] = []  # words of locks to be, and where they are
PATIENCE = 8  # attempts, about 3 milliseconds: taking turns costs more than meeting by chance


class Lock:
    """Guards a program's buffers or a variable's value; see :class:`staticad.runtime.machine.Program`."""

    __slots__ = ("_words", "address")

    def __init__(self) -> None:
        while True:
            try:
                self._words, self.address = _free.pop()
                return
            except IndexError:
                rows = aligned_words(_BLOCK * _STRIDE).reshape(_BLOCK, _STRIDE)
                first = data_address(rows)
                _free.extend(zip(rows, range(first, first + rows.nbytes, rows.strides[0]), strict=True))


def patiently(run: Callable[..., Any], feeds: tuple[Any, ...], outs: tuple[Any, ...] | None = None) -> Any:
    """What ``run(feeds, outs)`` of a program returns as soon as its locks are free; without ``outs`` new arrays."""
    attempt, ticket = 0, 0
    while True:
        result = run(feeds, outs, ticket)
        if type(result) is not int or (result != CODES.BUSY and result != CODES.INTERRUPTED):
            return result
        if result == CODES.INTERRUPTED:
            continue  # Python has called the handler of the signal by now, and it has not raised
        attempt += 1
        if attempt == PATIENCE and ticket == 0:
            attempt, ticket = 0, next(_tickets)
        back_off(attempt)


def back_off(attempt: int) -> None:
    """Wait before trying a busy lock for the ``attempt``-th time: from 10 microseconds to a millisecond."""
    time.sleep(min(1e-5 * 2 ** min(attempt, 10), 1e-3))


_tickets = itertools.count(1)
