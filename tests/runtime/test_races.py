"""Threads and the garbage collector may interrupt a call at any point: results, memory and errors are those of the
call."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.runtime import session as session_module
from staticad.runtime.binding import Binding
from tests.harness.turns import often
from tests.runtime.test_session_threads import together


@pytest.fixture(name="often")
def _often() -> Iterator[None]:
    with often():
        yield


@contextmanager
def collecting(act: Callable[[], object]) -> Iterator[None]:
    """The collector runs at every other allocation, if not more rarely, and a finalizer acts whenever it does."""

    class Garbage:
        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            if threading.current_thread() is thread and gc.get_threshold()[0] == 1:
                gc.set_threshold(0)
                act()
                Garbage()
                gc.set_threshold(1)

    thread = threading.current_thread()
    threshold = gc.get_threshold()
    gc.collect()
    Garbage()
    gc.set_threshold(1)
    try:
        yield
    finally:
        gc.set_threshold(*threshold)
        gc.collect()


def arenas(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Collects the (needed, given) bytes of temporaries of every binding."""
    seen: list[tuple[int, int]] = []

    class Watched(Binding):
        def __init__(self, executable: Any, states: Any, numbers: Any, lock: Any, arena: Any, *rest: Any) -> None:
            seen.append((numbers.arena, arena.size))
            super().__init__(executable, states, numbers, lock, arena, *rest)

    monkeypatch.setattr(session_module, "Binding", Watched)
    return seen


def temporaries() -> sa.Session:
    """A session whose temporaries grow with its free size: exp(3) times n, for ones."""
    x = sa.placeholder((None, 4), name="x")
    w = sa.constant(np.eye(4))
    session = sa.compile(sa.exp((x @ w * 3.0) @ w).sum(axis=1) / 4.0, [x])
    assert session.memory({str(x.shape[0]): 1000}) >= 32000
    return session


def test_two_threads_that_need_larger_memory_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both find the memory too small; the one that needs more goes on first, and then waits for the other."""
    session, seen = temporaries(), arenas(monkeypatch)
    met, first, timed = threading.Barrier(2, timeout=60), threading.Event(), session_module.timed

    def allocate(size: int, describe: Any, allocate: Any = session_module.arena_for) -> Any:
        met.wait()
        if size < 1_000_000:
            assert first.wait(60)
        return allocate(size, describe)

    def meet(what: str) -> Any:
        first.set()
        met.wait()
        return timed(what)

    monkeypatch.setattr(session_module, "arena_for", allocate)
    monkeypatch.setattr(session_module, "timed", meet)
    together(lambda number: session(np.ones((1000 * 30**number, 4))), 2)
    assert len(seen) == 2 and all(needed <= given for needed, given in seen)


@pytest.mark.usefixtures("often")
def test_new_sizes_in_four_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    session, seen = temporaries(), arenas(monkeypatch)

    def work(number: int) -> None:
        for k in range(60):
            n = 1 + (number + 1) * (k * k * 7 % 1013)
            np.testing.assert_allclose(session(np.ones((n, 4))), np.full(n, np.exp(3.0)))

    together(work)
    assert all(needed <= given for needed, given in seen)


def test_sessions_drop_bindings_in_several_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """While one thread drops the oldest, another clears them all."""
    session = temporaries()
    monkeypatch.setattr(session_module, "BINDINGS", 2)
    together(lambda number: [session(np.ones((1 + (number * 37 + k) % 50, 4))) for k in range(200)] and None)


OUTS = 24  # tuples of more than 20 come from no free list: each is an allocation that the collector counts


def shifted(x: sa.Tensor) -> list[sa.Tensor]:
    return [x + float(j) for j in range(OUTS)]


def test_a_finalizer_that_runs_the_same_session() -> None:
    x = sa.placeholder((3,), name="x")
    session = sa.compile(shifted(x), [x])
    other, ran = np.full(3, -1000.0), []

    def act() -> None:
        ran.append([out[0] for out in session(other)] == [j - 1000.0 for j in range(OUTS)])

    with collecting(act):
        for k in range(500):
            feed = np.full(3, float(k))
            assert [out[2] for out in session(feed)] == [k + j for j in range(OUTS)]
    assert len(ran) > 50 and all(ran)


def test_a_finalizer_that_runs_the_same_session_and_updates() -> None:
    x, w = sa.placeholder((), name="x"), sa.variable(0.0, name="w")
    session = sa.compile(shifted(x * 3.0), [x], updates={w: w + x})
    inner = []

    def act() -> None:
        session(1000.0)
        inner.append(1)

    with collecting(act):
        for k in range(300):
            assert session(float(k))[1] == 3.0 * k + 1
    assert inner and w.value == 1000.0 * len(inner) + sum(range(300))


@pytest.mark.usefixtures("often")
def test_a_finalizer_that_lets_other_threads_run() -> None:
    x = sa.placeholder((3,), name="x")
    session = sa.compile(shifted(x), [x])
    stop = threading.Event()
    wrong: list[float] = []

    def disturb() -> None:
        feed = np.full(3, -1.0)
        while not stop.is_set():
            if session(feed)[1][1] != 0.0:
                wrong.append(-1.0)

    thread = threading.Thread(target=disturb)
    thread.start()
    with collecting(lambda: stop.wait(1e-5)):
        for k in range(500):
            feed = np.full(3, float(k))
            if [out[2] for out in session(feed)] != [k + j for j in range(OUTS)]:
                wrong.append(k)
    stop.set()
    thread.join()
    assert not wrong


def test_a_finalizer_whose_run_fails() -> None:
    x, index = sa.placeholder((3,), name="x"), sa.placeholder((), "int64", name="index")
    session = sa.compile(shifted(x[index]), [x, index])

    def act() -> None:
        with pytest.raises(sa.IndexOutOfBounds, match="index 77 "):
            session(np.zeros(3), np.int64(77))

    with collecting(act):
        for k in range(100):
            with pytest.raises(sa.IndexOutOfBounds, match=f"index {k + 3} "):
                session(np.zeros(3), np.int64(k + 3))
            assert session(np.arange(3.0), np.int64(k % 3))[0] == k % 3


@pytest.mark.usefixtures("often")
def test_index_errors_belong_to_their_thread() -> None:
    x, index = sa.placeholder((4,)), sa.placeholder((None,), "int64")
    session = sa.compile(x[index] * 2.0, [x, index])

    def work(number: int) -> None:
        for k in range(300):
            bad = 10 + 1000 * number + k
            with pytest.raises(sa.IndexOutOfBounds, match=f"index {bad} is out of range"):
                session(np.ones(4), np.array([0] * (1 + number) + [bad]))

    together(work)
