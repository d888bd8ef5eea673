"""Calls that no handler of a signal interrupts.

Python runs handlers in the main thread, between any two of its instructions. One that raises in an import, as that of
Ctrl-C does, may leave the lock of all imports taken, so that the next import in another thread waits for ever. Or
another exception comes out, such as the RuntimeError of a class whose attributes were being named. So the main thread
has another one make the call and waits for it: the handler raises there, and the call comes to its end nevertheless.
"""

from __future__ import annotations

import sys
import threading
from _thread import allocate_lock, get_ident, start_new_thread
from collections.abc import Callable
from contextvars import copy_context
from types import FrameType
from typing import TypeVar

T = TypeVar("T")

_IMPORT = "<frozen importlib._bootstrap>"


def uninterrupted(call: Callable[[], T]) -> T:
    """What the call returns or raises. If it was begun, it ends, whatever the handlers of signals raise here.

    In the middle of another import the main thread makes the call itself: what it is importing, the other thread would
    wait for."""
    if get_ident() != threading.main_thread().ident or _in_import():
        return call()
    results: list[T] = []
    errors: list[BaseException] = []
    context, ended = copy_context(), allocate_lock()

    def work() -> None:
        try:
            results.append(context.run(call))
        except BaseException as error:
            errors.append(error)
        finally:
            ended.release()

    ended.acquire()
    try:
        start_new_thread(work, ())
    except RuntimeError as error:
        if error.__traceback__ is None or error.__traceback__.tb_next is not None:  # raised by a handler
            raise
        return call()  # no more threads: the interpreter ends
    ended.acquire()
    try:
        if errors:
            raise errors[0]
        return results[0]
    finally:
        errors.clear()  # an error and the frames that it names would keep each other


def _in_import() -> bool:
    """Whether this thread is importing something."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename != _IMPORT:
        frame = frame.f_back
    return frame is not None
