"""Ctrl-C ends a run that is in a loop, wherever the loop is; the session and its variables are as before.

A run that was not interrupted would end by itself after many seconds, and would have updated the variable.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import numpy as np
import pytest

import staticad as sa
from staticad.lower.loops import watching

X = sa.placeholder((), name="x")
V = sa.placeholder((None,), name="v")
N = sa.placeholder((), "int64", name="n")
RUNS = sa.variable(0, name="runs")
M = sa.variable(np.eye(200) * 0.5, name="m")
START = sa.zeros((2, 200)) + X


@contextmanager
def interrupted(delay: float = 0.15, number: int = signal.SIGINT) -> Iterator[None]:
    timer = threading.Timer(delay, os.kill, (os.getpid(), number))
    timer.start()
    try:
        yield
    finally:
        timer.join()


@contextmanager
def handler(number: int, function: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = signal.signal(number, function)
    try:
        yield
    finally:
        signal.signal(number, before)


@pytest.fixture(autouse=True)
def _sigint_raises() -> Iterator[None]:
    """As Python sets it, unless it is started in the background of a shell, which has it ignored."""
    with handler(signal.SIGINT, signal.default_int_handler):
        yield


def endless(state: sa.Tensor, step: Callable[[sa.Tensor], sa.Tensor]) -> sa.Tensor:
    """A while loop that makes n steps."""
    return sa.while_loop(lambda s: s[0] < N, lambda s: (s[0] + 1, step(s[1])), (0 * N, state))[1]


LOOPS = {
    "while": (endless(X, lambda s: s * 0.5 + 1.0), 10**10),
    "while over an array": (endless(V, lambda s: sa.sin(s) + 1.0).sum(), 10**8),
    "fori": (sa.fori_loop(0, N, lambda i, s: s * 0.5 + 1.0, X), 10**10),
    "while in fori": (sa.fori_loop(0, 10, lambda i, s: endless(s, lambda t: t * 0.5 + i), X), 10**10),
    "kernel by kernel": (endless(START, lambda s: sa.tanh(s @ M)).sum(), 10**7),
    "short loops in one, kernel by kernel": (
        endless(START, lambda s: sa.fori_loop(0, 3, lambda i, t: sa.tanh(t @ M), s)).sum(),
        10**7,
    ),
    "in a branch": (sa.cond(X > 0, lambda: endless(X, lambda s: s * 0.5 + 1.0), lambda: X), 10**10),
}


@pytest.mark.parametrize("name", LOOPS)
def test_loops_are_interrupted(name: str) -> None:
    y, steps = LOOPS[name]
    session = sa.compile(y, [X, V, N], updates={RUNS: RUNS + 1, M: M * 1.0})
    array = np.linspace(0, 1, 50)
    expected, before = session(1.0, array, np.int64(40)), RUNS.value
    with interrupted(), pytest.raises(KeyboardInterrupt):
        session(1.0, array, np.int64(steps))
    np.testing.assert_array_equal(RUNS.value, before)
    assert session(1.0, array, np.int64(40)) == expected
    np.testing.assert_array_equal(RUNS.value, before + 1)


def test_gradients_of_loops_are_interrupted() -> None:
    y = endless(X, lambda s: sa.sin(s) + 1.0)
    session = sa.compile(sa.gradients(y, [X]), [X, N], updates={RUNS: RUNS + 1})
    before = RUNS.value
    with interrupted(), pytest.raises(KeyboardInterrupt):
        session.run({X: 1.0, N: 10**9})
    np.testing.assert_array_equal(RUNS.value, before)
    session(1.0, np.int64(5))
    np.testing.assert_array_equal(RUNS.value, before + 1)


def test_a_handler_that_does_not_raise_lets_the_run_begin_again() -> None:
    """It may use what the run held, since the run is over when it is called."""
    seen = []
    session = sa.compile(endless(X, lambda s: s * 0.5 + 1.0), [X, N], updates={RUNS: RUNS + 1})
    before = int(RUNS.value)

    def note(number: int, frame: FrameType | None) -> None:
        seen.append(int(RUNS.value))
        assert session(1.0, np.int64(3)) == 1.0 * 0.125 + 1.75

    with handler(signal.SIGINT, note), interrupted(0.05):
        value = session(1.0, np.int64(10**8))
    assert seen == [before] and value == 2.0
    np.testing.assert_array_equal(RUNS.value, before + 2)


def test_other_signals_wait_until_the_run_is_over() -> None:
    seen = []
    session = sa.compile(endless(X, lambda s: s * 0.5 + 1.0), [X, N], updates={RUNS: RUNS + 1})
    before = int(RUNS.value)
    with handler(signal.SIGUSR1, lambda number, frame: seen.append(int(RUNS.value))), interrupted(0.05, signal.SIGUSR1):
        session(1.0, np.int64(10**8))
    assert seen == [before + 1]


def test_a_run_in_another_thread_goes_on() -> None:
    """Python handles signals in the main thread."""
    session = sa.compile(endless(X, lambda s: s * 0.5 + 1.0), [X, N])
    found: list[float] = []
    thread = threading.Thread(target=lambda: found.append(float(session(1.0, np.int64(10**8)))))
    thread.start()
    with interrupted(0.02), pytest.raises(KeyboardInterrupt):
        threading.Event().wait(60)
    thread.join()
    assert found == [2.0]


# ---- rounds ----------------------------------------------------------------------------------------------------------


@pytest.fixture(params=[1, 2, 3, 7], ids="rounds of {}".format)
def small_rounds(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "FIRST", request.param)
    monkeypatch.setattr(watching, "FIRST_LONG", request.param)


@pytest.mark.usefixtures("small_rounds")
def test_rounds_make_all_steps() -> None:
    tens = sa.placeholder((None,), name="tens")
    states = (
        endless(X, lambda s: s * 0.5 + 1.0),
        sa.fori_loop(0, N, lambda i, s: s * 0.5 + i, X),
        sa.fori_loop(0, tens.shape[0], lambda i, s: s + tens[i] * i, X),
        sa.scan(lambda s, v: (s * 0.5 + v, s), X, tens, reverse=True)[1],
    )
    session = sa.compile(states, [X, N, tens])
    reference = [sa.compile(s, [X, N, tens], options={"optimize": False}) for s in states]
    for steps in (*range(10), 31, 64, 100):
        feeds = (1.0, np.int64(steps), np.arange(1.0, 1.0 + steps))
        s = t = u = v = 1.0
        slices = []
        for i in range(steps):
            s, t, u = s * 0.5 + 1.0, t * 0.5 + i, u + feeds[2][i] * i
            slices.append(v)
            v = v * 0.5 + feeds[2][steps - 1 - i]
        found = session(*feeds)
        assert [float(a) for a in found[:3]] == [s, t, u]
        np.testing.assert_array_equal(found[3], slices[::-1])
        for one, other in zip(found, reference, strict=True):
            np.testing.assert_array_equal(one, other(*feeds))


@pytest.mark.usefixtures("small_rounds")
def test_rounds_of_inner_loops_go_on_where_they_ended() -> None:
    def collatz(n: sa.Tensor) -> sa.Tensor:
        def step(s: tuple[sa.Tensor, sa.Tensor]) -> tuple[sa.Tensor, sa.Tensor]:
            return sa.where(s[0] % 2 == 0, s[0] // 2, 3 * s[0] + 1), s[1] + 1

        return sa.while_loop(lambda s: s[0] > 1, step, (n, 0 * n))[1]

    total = sa.fori_loop(1, N, lambda i, s: s + collatz(i), 0 * N)
    session = sa.compile(total, [N])

    def steps(n: int) -> int:
        return 0 if n <= 1 else 1 + steps(n // 2 if n % 2 == 0 else 3 * n + 1)

    for count in (0, 1, 2, 3, 30):
        assert session(np.int64(count)) == sum(map(steps, range(1, count)))


@pytest.mark.usefixtures("small_rounds")
def test_a_failed_check_ends_all_rounds() -> None:
    for y in (
        sa.fori_loop(0, N, lambda i, s: s + V[i * 2] * s, X),
        sa.while_loop(lambda s: s[0] < N, lambda s: (s[0] + 1, s[1] + V[s[0] * 2] * s[1]), (0 * N, X))[1],
    ):
        session = sa.compile(y, [X, V, N], updates={RUNS: RUNS + 1})
        for size in (1, 2, 5, 9, 20):
            before = RUNS.value
            with pytest.raises(sa.IndexOutOfBounds, match=f"index {size + size % 2} "):
                session(1.0, np.ones(size), np.int64(100))
            np.testing.assert_array_equal(RUNS.value, before)
            assert session(1.0, np.ones(size), np.int64((size + 1) // 2)) == 2.0 ** ((size + 1) // 2)


@pytest.mark.usefixtures("small_rounds")
def test_profiles_count_across_rounds() -> None:
    y = sa.fori_loop(0, N, lambda i, s: endless(s, lambda t: t * 0.5 + i), X)
    (row,) = [r for r in sa.compile(y, [X, N]).profile({X: 1.0, N: 9}, repeat=2) if r.iterations is not None]
    assert row.inside == (18, 162)
