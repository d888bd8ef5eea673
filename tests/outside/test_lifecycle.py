"""Sessions and variables go away when nobody holds them, and running costs no memory."""

from __future__ import annotations

import gc
import threading
import tracemalloc
import weakref

import numpy as np
import pytest

import staticad as sa


def _training_step() -> tuple[sa.Session, sa.Variable]:
    x = sa.placeholder((None, 6), "float32")
    w = sa.variable(np.ones((6, 4), "float32"))
    loss = (sa.tanh(x @ w) ** 2).mean()
    (slope,) = sa.gradients(loss, [w])
    return sa.compile(loss, inputs=[x], updates={w: w - 0.01 * slope}), w


def test_runs_leave_nothing_behind() -> None:
    session, _ = _training_step()
    index = sa.placeholder((None,), "int64")
    picky = sa.compile(sa.constant(np.ones(3))[index].sum(), inputs=[index])
    batches = [np.ones((n, 6), "float32") for n in (8, 1, 32)]

    def work(times: int) -> None:
        for number in range(times):
            session(batches[number % 3])
            with pytest.raises(sa.IndexOutOfBounds):
                picky(np.array([9]))
            with pytest.raises(sa.FeedError):
                session(batches[0], batches[0])

    work(50)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    work(300)
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 20_000  # a leak of one object per run is more


def test_sessions_and_values_go_away() -> None:
    def build() -> list[weakref.ref[object]]:
        session, w = _training_step()
        session(np.ones((3, 6), "float32"))
        return [weakref.ref(session), weakref.ref(w._storage)]

    alive = [reference for _ in range(5) for reference in build()]
    gc.collect()
    assert not any(reference() is not None for reference in alive)


def test_threads_with_more_sizes_than_a_session_keeps() -> None:
    """What one thread runs on may be dropped by another at any time."""
    x = sa.placeholder((None,))
    session = sa.compile([sa.tanh(sa.exp(-x)).sum(), x[::-1] * 2.0], inputs=[x])
    data = np.random.default_rng(0).random(50_000)
    sizes = range(1, 50_000, 1000)
    expected = {n: session(data[:n]) for n in sizes}
    wrong: list[int] = []

    def work(seed: int) -> None:
        for n in np.random.default_rng(seed).permutation(sizes).tolist() * 2:
            total, reverse = session(data[:n])
            if total != expected[n][0] or not np.array_equal(reverse, expected[n][1]):
                wrong.append(n)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
