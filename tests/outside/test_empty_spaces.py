"""Arrays that hold nothing and are as long as arrays can be: no step is made where nothing is written, and loops over
what is empty can be interrupted."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import FeedError, OutOfMemory

LONG = 2**62
X = sa.placeholder(("n", "m"), "int8")
N: Any = X.shape[0]

# Each result is what NumPy has for both shapes: (0, LONG) and (LONG, 0).
NOTHING: dict[str, Callable[[], Any]] = {
    "map": lambda: -X,
    "transposed": lambda: X.T + 1,
    "reversed": lambda: X[::-1, ::-1],
    "none of an axis": lambda: X[:, :0] * 2,
    "choice": lambda: sa.where(X > 0, X, 0),
    "counted": lambda: sa.arange(N)[:0],
    "loop": lambda: sa.fori_loop(0, N, lambda i, v: v + 1, X),
    "loop of kernels": lambda: sa.fori_loop(0, N, lambda i, v: v.T[::-1].T + v, X),
}


@pytest.mark.parametrize("shape", [(0, LONG), (LONG, 0)], ids=str)
def test_what_writes_nothing_takes_no_time(shape: tuple[int, int]) -> None:
    outputs = {name: make() for name, make in NOTHING.items()}
    found = sa.compile(outputs, inputs=[X])(np.zeros(shape, np.int8))
    transposed = {"transposed": shape[::-1], "none of an axis": (shape[0], 0), "counted": (0,)}
    assert {name: value.shape for name, value in found.items()} == {
        name: transposed.get(name, shape) for name in outputs
    }


def test_what_is_written_all_the_same() -> None:
    flat = sa.compile([X.sum(), X.sum(axis=0), X.T.sum(axis=1), X @ X.T], inputs=[X])
    for value, expected in zip(flat(np.zeros((0, 3), np.int8)), ((), (3,), (3,), (0, 0)), strict=True):
        np.testing.assert_array_equal(value, np.zeros(expected))
    assert sa.compile(X.sum(), inputs=[X])(np.zeros((0, LONG), np.int8)) == 0


def test_results_that_numpy_has_no_arrays_for() -> None:
    for y in (sa.stack([X, X]), X[:, None] + X[None], X.astype("float64")):
        session = sa.compile(y, inputs=[X])
        with pytest.raises((OutOfMemory, FeedError), match="no computer|64 bits"):
            session(np.zeros((LONG, 0), np.int8))


def test_kernels_without_end_are_errors() -> None:
    session = sa.compile(sa.argmax(sa.square(sa.arange(N * 2**40, dtype="float32"))), inputs=[X])
    with pytest.raises(FeedError, match=rf"argmax.* end on no computer.*{__file__}"):
        session(np.zeros((2**20, 0), np.int8))


@pytest.mark.parametrize(
    "step", [lambda c, row: (c + row.sum(), row), lambda c, row: (c + 1, row[::-1] * 2)], ids=["sum", "count"]
)
def test_loops_over_what_is_empty_can_be_interrupted(step: Callable[..., Any]) -> None:
    last, rows = sa.scan(step, 0, X)
    session = sa.compile([last, rows], inputs=[X])
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        session(np.zeros((LONG, 0), np.int8))
    timer.join()
    assert session(np.zeros((3, 0), np.int8))[1].shape == (3, 0)
