"""Sessions and threads: several Python threads on one session, and sessions that share variables; number of workers."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest

import staticad as sa
from staticad import config

THREADS = 4


def together(work: Callable[[int], None], threads: int = THREADS) -> None:
    """Run ``work(0)``, ``work(1)``, … at the same time; raise what any of them raises."""
    errors: list[BaseException] = []
    start = threading.Barrier(threads)

    def body(number: int) -> None:
        try:
            start.wait()
            work(number)
        except BaseException as error:
            errors.append(error)

    running = [threading.Thread(target=body, args=(n,)) for n in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(120)
        assert not thread.is_alive()
    if errors:
        raise errors[0]


def test_one_session_in_several_threads_and_sizes() -> None:
    x = sa.placeholder((None, 3), name="x")
    session = sa.compile([x * 2.0, sa.exp(x - x).sum(axis=1)], [x])

    def work(number: int) -> None:
        for k in range(150):
            rows = (number * 37 + k * 11) % 60  # more sizes than the session keeps
            array = np.full((rows, 3), float(number))
            double, threes = session(array)
            np.testing.assert_array_equal(double, 2 * array)
            np.testing.assert_array_equal(threes, np.full(rows, 3.0))

    together(work)


def test_no_update_is_lost_or_torn() -> None:
    count = sa.variable(np.zeros(1000), name="count")
    twice = sa.variable(np.zeros(1000), name="twice")
    x = sa.placeholder(())
    step = sa.compile([count, twice], [x], updates={count: count + x, twice: twice + 2.0 * x})
    other = sa.compile([], updates={count: count + 1.0, twice: twice + 2.0})
    read = sa.compile([count, twice])

    def work(number: int) -> None:
        for _ in range(200):
            if number == 0:
                other()
            elif number == 1:
                one, two = read()
                np.testing.assert_array_equal(one, np.full(1000, one[0]))
                np.testing.assert_array_equal(two, 2 * one)
            elif number == 2:
                values = count.value
                np.testing.assert_array_equal(values, np.full(1000, values[0]))
            else:
                one, two = step(1.0)
                np.testing.assert_array_equal(two, 2 * one)

    together(work)
    np.testing.assert_array_equal(count.value, np.full(1000, 400.0))
    np.testing.assert_array_equal(twice.value, np.full(1000, 800.0))


def test_errors_of_one_thread_are_not_those_of_another() -> None:
    x, index = sa.placeholder((4,)), sa.placeholder((None,), "int64")
    session = sa.compile(x[index] * 2.0, [x, index])
    array = np.arange(4.0)

    def work(number: int) -> None:
        for _ in range(200):
            if number % 2:
                with pytest.raises(sa.IndexOutOfBounds, match=f"index {40 + number} is out of range"):
                    session(array, np.array([0, 40 + number]))
            else:
                np.testing.assert_array_equal(session(array, np.array([3, -4])), [6, 0])

    together(work)


def model() -> sa.Session:
    """Sums over a large array, a product, and a softmax: every kind of step that is cut over threads."""
    rng = np.random.default_rng(0)
    x = sa.placeholder((None, 40), "float32", name="x")
    w = sa.constant(rng.normal(size=(40, 30)).astype("float32"))
    hidden = sa.tanh(x @ w)
    loss = (sa.softmax(hidden, axis=1) ** 2).sum() + sa.exp(x).mean()
    return sa.compile([loss, hidden.sum(axis=0), x.sum(), *sa.gradients(loss, [x])], [x])


def test_results_do_not_depend_on_the_number_of_threads() -> None:
    data = np.random.default_rng(1).normal(size=(9001, 40)).astype("float32")
    found = []
    for threads in (1, 2, 3):
        with config.override(threads=threads):
            session = model()
            found.append(session(data))
            again = session(data)
        for one, other in zip(found[0], found[-1], strict=True):
            assert one.tobytes() == other.tobytes()
        for one, other in zip(again, found[-1], strict=True):
            assert one.tobytes() == other.tobytes()


def test_many_readers_do_not_keep_writers_out() -> None:
    w = sa.variable(np.eye(150) * 0.5)
    read = [sa.compile(sa.fori_loop(0, 20, lambda i, m: sa.tanh(m @ w), w)) for _ in range(3)]
    write = sa.compile([], updates={w: w * 1.0})
    stop = threading.Event()

    def work(number: int) -> None:
        if number < 3:
            while not stop.is_set():
                read[number]()
            return
        try:
            for _ in range(10):
                w.assign(w.value)
                write()
        finally:
            stop.set()

    together(work)
