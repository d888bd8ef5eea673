"""The line on a terminal while something is compiled: drawn late, gone at the end, absent everywhere else."""

from __future__ import annotations

import _thread
import io
import os
import pty
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

import staticad as sa
from staticad import config, progress
from staticad.runtime import session as sessions


class Terminal:
    """A pseudo terminal, somebody who reads what it shows, and what is left on its line."""

    def __init__(self) -> None:
        self.master, slave = pty.openpty()
        self.stream = os.fdopen(slave, "w", encoding="utf-8")
        self.written = b""
        self.more = threading.Condition()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self) -> None:
        with suppress(OSError):  # the other end is closed
            while found := os.read(self.master, 10_000):
                with self.more:
                    self.written += found
                    self.more.notify_all()

    def wait(self, text: bytes) -> None:
        """Until this is written, from now on."""
        with self.more:
            seen = len(self.written)
            assert self.more.wait_for(lambda: text in self.written[seen:], 60), self.written[-1000:]

    def close(self) -> bytes:
        """All that has been written."""
        if not self.stream.closed:
            self.stream.close()
            self.reader.join()
            os.close(self.master)
        return self.written


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    found = Terminal()
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=found.stream))  # pytest sets that of `sys` again
    monkeypatch.setattr(progress, "DELAY", 0.0)
    monkeypatch.setattr(progress, "INTERVAL", 0.01)
    monkeypatch.setenv("TERM", "xterm")
    yield found
    written = found.close()
    assert written == b"" or written.endswith(b"\r\x1b[K")  # nothing is left, and nobody draws any more
    assert b"\n" not in written


def test_the_line_tells_what_is_done_and_vanishes(terminal: Terminal) -> None:
    with progress.line("compiling"):
        progress.tell("kernel 1 of 2")
        terminal.wait(b" s: kernel 1 of 2\r")
        progress.tell("kernel 2 of 2")
        terminal.wait(b" s: kernel 2 of 2\r")
        assert terminal.written.startswith(b"\r\x1b[K")
    progress.tell("nothing")


def test_compile_has_a_line(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    x = sa.placeholder((None,))

    class Watched(sa.Session):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            terminal.wait(b"staticad: compiling 'sums', ")

    monkeypatch.setattr(sessions, "Session", Watched)
    session = sa.compile(sa.exp(x).sum(), [x], name="sums")
    assert session([0.0]) == 1


def test_it_vanishes_after_an_error(terminal: Terminal) -> None:
    with pytest.raises(KeyError), progress.line("compiling"):
        terminal.wait(b"staticad")
        raise KeyError
    with progress.line("again"):
        terminal.wait(b"again")


def test_it_vanishes_whenever_a_handler_raises(terminal: Terminal) -> None:
    def alarm(number: int, frame: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, alarm)
    try:
        for turn in range(200):
            with suppress(TimeoutError):
                signal.setitimer(signal.ITIMER_REAL, 1e-5 * (turn + 1))
                end = time.monotonic() + 1  # an exception in a finalizer is lost
                while time.monotonic() < end:
                    with progress.line("compiling"):
                        progress.tell("kernel 1 of 1")
    finally:
        signal.signal(signal.SIGALRM, before)
    with progress.line("again"):
        terminal.wait(b"again")
    assert progress._turn.acquire(timeout=10)
    progress._turn.release()


def test_one_thread_at_a_time_has_the_line(terminal: Terminal) -> None:
    def other() -> None:
        with progress.line("other"):
            progress.tell("noise")

    with progress.line("first"):
        progress.tell("kernel 1 of 1")
        terminal.wait(b"staticad")
        threads = [threading.Thread(target=other) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        terminal.wait(b"kernel 1 of 1")
    assert b"other" not in terminal.written and b"noise" not in terminal.written


def test_a_line_is_not_wider_than_the_terminal(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "get_terminal_size", lambda number: os.terminal_size((20, 5)))
    with progress.line("compiling 'größer\\n'"):
        terminal.wait(b"\x1b[Kstaticad: compiling\r")


def test_what_is_quick_has_no_line(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "DELAY", 60.0)
    with progress.line("compiling"):
        progress.tell("kernel 1 of 1")
    assert terminal.close() == b""


def refuse(*arguments: object) -> None:
    raise AssertionError("a thread for nobody")


def test_without_a_terminal_nothing_is_started(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_thread, "start_new_thread", refuse)
    for stream in (None, io.StringIO(), open(os.devnull, "w", encoding="utf-8")):
        monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=stream))
        with progress.line("compiling"):
            pass
        if stream is not None:
            stream.close()
            with progress.line("compiling"):
                pass


def test_it_can_be_turned_off(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_thread, "start_new_thread", refuse)
    with config.override(progress=False), progress.line("compiling"):
        pass
    with config.override(debug=1), progress.line("compiling"):
        pass
    monkeypatch.setenv("TERM", "dumb")
    with progress.line("compiling"):
        pass
    assert terminal.close() == b""


def test_without_threads_there_is_no_line(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(_thread, "start_new_thread", fail)
        with progress.line("compiling"):
            pass
    with progress.line("again"):
        terminal.wait(b"again")
