"""A run that takes long can be interrupted: Ctrl-C raises KeyboardInterrupt also while compiled code is in a loop.

CPython notes a signal and calls its handler when the main thread is next in the interpreter, which a loop in compiled
code is not. So loops look, between rounds of steps, how late it is, and every `ASK_NANOSECONDS` take the interpreter
back for a moment and ask whether there was a SIGINT. If so, the run ends as it does after any failure: variables keep
their values, locks are given back. Then the signal is handed on, and Python calls the handler.

The handler is not called in the middle of a run, for it may want what the run holds: the lock of a variable that it
saves. For the same reason other signals are left until the run is over.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from staticad.codegen.loader import kernel_address
from staticad.runtime.abi import python_function
from staticad.runtime.layout import Failure, Watch
from staticad.runtime.machine_text import machine_text
from staticad.runtime.workers import c_function

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.machine_language import address_of, call, peek, poke, stack_words

ASK_NANOSECONDS = 100_000_000
SHORT_NANOSECONDS = 1_000_000  # rounds that took less grow
LONG_NANOSECONDS = 4_000_000  # rounds that took more shrink
CLOCK_ID = time.CLOCK_MONOTONIC


def _look(args: int, lo: int, hi: int) -> int:
    # args: the Watch; lo: the steps of the round that is over; hi: the most that a round may have. The steps of the
    # next round, 0 if the loop has to end.
    watch = address_of(args)
    status = peek(watch, Watch.STATUS)
    if peek(status, 0) != 0:
        return 0
    clock = stack_words(2)
    call(peek(watch, Watch.CLOCK), CLOCK_ID, clock, 0, 0)
    now = peek(clock, 0) * 1000000000 + peek(clock, 1)
    looked = peek(watch, Watch.LOOKED)
    poke(watch, Watch.LOOKED, now)
    if looked == 0:
        poke(watch, Watch.ASKED, now)
        return lo
    thread = peek(watch, Watch.THREAD)
    if now - peek(watch, Watch.ASKED) > ASK_NANOSECONDS and thread != 0:
        call(peek(watch, Watch.RESTORE_THREAD), thread, 0, 0, 0)
        occurred = call(peek(watch, Watch.INTERRUPT_OCCURRED), 0, 0, 0, 0) & 0xFFFFFFFF
        poke(watch, Watch.THREAD, call(peek(watch, Watch.SAVE_THREAD), 0, 0, 0, 0))
        if occurred != 0:
            poke(status, 0, Failure.INTERRUPTED)
            return 0
        call(peek(watch, Watch.CLOCK), CLOCK_ID, clock, 0, 0)
        now = peek(clock, 0) * 1000000000 + peek(clock, 1)
        poke(watch, Watch.ASKED, now)
        poke(watch, Watch.LOOKED, now)
        return lo
    steps = lo
    if now - looked < SHORT_NANOSECONDS:
        steps = 4 * lo
    elif now - looked > LONG_NANOSECONDS:
        steps = lo // 4
    if steps > hi:
        return hi
    if steps < 1:
        return 1
    return steps


LOOK_SOURCE = machine_text(_look)


def watch_words() -> list[int]:
    """A new Watch; the address of the status words is missing."""
    words = [0] * Watch.WORDS
    words[Watch.LOOK] = kernel_address(LOOK_SOURCE)
    words[Watch.LEFT] = words[Watch.ROUND] = 16
    words[Watch.CLOCK] = c_function("clock_gettime")
    words[Watch.SAVE_THREAD] = python_function("PyEval_SaveThread")
    words[Watch.RESTORE_THREAD] = python_function("PyEval_RestoreThread")
    words[Watch.INTERRUPT_OCCURRED] = python_function("PyOS_InterruptOccurred")
    return words
