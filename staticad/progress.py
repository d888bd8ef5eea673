"""A line on the terminal that tells what a compilation is doing which takes longer than a second.

It is drawn by a thread of its own, because compiling is one long computation, and vanishes with the end of its block,
whatever ends it. There is one line at a time: compilations of other threads meanwhile go without. Where stderr is no
terminal, nothing is started and nothing is written.
"""

from __future__ import annotations

import _thread
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from staticad import config

DELAY = 1.0  # seconds without a line
INTERVAL = 0.2  # seconds between two looks of it
_PATIENCE = 1.0  # seconds to wait for its end: the user may have halted the terminal
_WIDTH = 80  # columns of a terminal that does not know

Tell = Callable[[str], None]
_turn = _thread.allocate_lock()  # who holds it has the line
_lines = threading.local()


def teller() -> Tell:
    """What puts down what is being done on the line of this thread; it may be called from others."""
    found: Tell = getattr(_lines, "tell", _ignore)
    return found


def tell(doing: str) -> None:
    """Put down on the line of this thread, if it has one, what is being done."""
    teller()(doing)


def _ignore(doing: str) -> None:
    """There is no line."""


@contextmanager
def line(subject: str) -> Iterator[None]:
    """A line about the ``subject`` as long as the block lasts."""
    terminal = _terminal()
    if terminal is None:
        yield
        return
    # Of locks only the functions in C stand an exception of a signal handler at any point.
    stop, ended = _thread.allocate_lock(), _thread.allocate_lock()
    stop.acquire()
    ended.acquire()
    doing = [""]

    def draw() -> None:
        try:
            if not stop.acquire(True, DELAY) and _turn.acquire(False):
                _draw(terminal, subject, doing, stop)
        finally:
            ended.release()

    try:
        try:
            _thread.start_new_thread(draw, ())
        except RuntimeError:  # no thread can be started, for instance when the process is about to end
            ended.release()
        _lines.tell = lambda now: doing.__setitem__(0, now)
        yield
    finally:
        stop.release()
        _lines.tell = _ignore
        ended.acquire(True, _PATIENCE)


def _draw(terminal: int, subject: str, doing: list[str], stop: _thread.LockType) -> None:
    """Draw the line until the end; then it vanishes, and the turn is over."""
    began = time.monotonic() - DELAY
    # Not by `sys.stderr`, whose lock a process that ends may not find free.
    with suppress(OSError):  # the terminal has gone
        try:
            while True:
                text = f"staticad: {subject}, {time.monotonic() - began:.0f} s: {doing[0]}"
                width = os.get_terminal_size(terminal).columns or _WIDTH
                # The cursor waits at the start, so that what others write replaces the line.
                os.write(terminal, b"\r\x1b[K%b\r" % text.encode("ascii", "backslashreplace")[: width - 1])
                if stop.acquire(True, INTERVAL):
                    break
        finally:
            _turn.release()
            os.write(terminal, b"\r\x1b[K")


def _terminal() -> int | None:
    """The terminal that stderr is, if lines are wanted there. Other messages of the package would run into them."""
    settings = config.settings()
    if not settings.progress or settings.debug or sys.stderr is None or os.environ.get("TERM") == "dumb":
        return None
    try:
        number = sys.stderr.fileno()
        return number if os.isatty(number) else None
    except (AttributeError, ValueError):  # not a file, or closed; an OSError may be what a handler raises
        return None
