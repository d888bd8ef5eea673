"""Runs that end in the middle, by errors, Ctrl-C and exhausted memory, whatever the floating-point state of the caller:
every variable has the value from before the run, or all have the new ones."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

import staticad as sa
from staticad import config
from staticad.runtime.float_state import FLOAT_CONTROL, IEEE, swap_function
from tests.stress.program import Case, Finding

RUNS = 40  # in one case
LIMIT = 1_000_000  # bytes that loops may record
# Flushing, zero for subnormal feeds, and roundings of x86; those of ARM.
STATES = (0, 0x8000, 0x40, 0x8040, 0x2000, 0x4000, 0x6000) if IEEE else (0, 1 << 24, 1 << 22)

Feeds = dict[str, Any]


class Model:
    """Updates after everything that may fail: an index, a matrix, a loop that records, sizes."""

    def __init__(self) -> None:
        x, i = sa.placeholder(("m", 3), name="x"), sa.placeholder((None,), "int64", name="i")
        a, y = sa.placeholder((2, 2), name="a"), sa.placeholder(("m",), name="y")
        n = sa.placeholder((), name="n")
        self.variables = [sa.variable(np.zeros(shape)) for shape in ((), (7,), (2,), (1000,))]
        count, picked, solved, many = self.variables
        rows = x[i].sum() + (x[:, 0] * y).sum()
        solution = sa.linalg.solve(a, sa.constant([1.0, 2.0]))
        looped = sa.while_loop(lambda s: s[0] < n, lambda s: (s[0] + 1.0, sa.sin(s[1]) + rows), (0.0 * n, rows))[1]
        (slope,) = sa.gradients(looped, [x])
        self.fetches = [rows, solution, slope, x * 1e-300 * 1e-10]
        new = {count: count + 1.0, picked: picked * 0.5 + rows, solved: solution, many: many + looped}
        self.session = sa.compile(self.fetches, [x, i, a, y, n], updates=new)

    def values(self) -> list[bytes]:
        return [variable.value.tobytes() for variable in self.variables]

    def reset(self) -> None:
        for variable in self.variables:
            variable.assign(np.zeros(variable.shape))


@contextmanager
def float_state(extra: int) -> Iterator[None]:
    """The thread rounds or flushes otherwise; afterwards it has to do so still."""
    if FLOAT_CONTROL == 0:
        yield
        return
    before = swap_function()(0, IEEE | extra, 0)
    try:
        yield
    finally:
        after = swap_function()(0, before, 0) & FLOAT_CONTROL
        if after != IEEE | extra:
            raise Finding(f"a run changed the floating-point state from {IEEE | extra:#x} to {after:#x}", "state")


@contextmanager
def interrupted(seconds: float) -> Iterator[None]:
    """Ctrl-C after a while; it may come when all is over."""
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        yield
    finally:
        with suppress(KeyboardInterrupt):
            timer.join()


# What makes legal feeds illegal, and the errors that follow.
Change = Callable[[Feeds, np.random.Generator], Any]
FAULTS: dict[str, tuple[Change, tuple[type[Exception], ...]]] = {
    "index": (lambda f, rng: f.update(i=np.append(f["i"], len(f["x"]) + rng.integers(5))), (sa.IndexOutOfBounds,)),
    "matrix": (lambda f, rng: f.update(a=np.outer(*rng.integers(0, 3, (2, 2))).astype(float)), (sa.LinAlgError,)),
    "both": (
        lambda f, rng: f.update(a=np.zeros((2, 2)), i=np.array([-len(f["x"]) - 1])),
        (sa.LinAlgError, sa.IndexOutOfBounds),
    ),
    "sizes": (lambda f, rng: f.update(y=np.ones(len(f["x"]) + 1)), (sa.FeedError,)),
    "dtype": (lambda f, rng: f.update(y=np.ones(len(f["x"]), "complex64")), (sa.DTypeError,)),
    "memory": (lambda f, rng: f.update(n=1e6), (sa.OutOfMemory,)),
}


def prepare(short: bool) -> Case:
    model = Model()

    def case(rng: np.random.Generator) -> int:
        model.reset()
        with config.override(tape_limit=LIMIT):
            for _ in range(RUNS):
                check(model, rng)
        return RUNS

    return case


def legal(rng: np.random.Generator) -> Feeds:
    m = int(rng.integers(1, 30))
    return {
        "x": rng.normal(size=(m, 3)), "i": rng.integers(-m, m, int(rng.integers(0, 6))),
        "a": rng.normal(size=(2, 2)) + 4 * np.eye(2), "y": rng.normal(size=m), "n": float(rng.integers(0, 50)),
    }  # fmt: skip


def check(model: Model, rng: np.random.Generator) -> None:
    feeds, before = legal(rng), model.values()
    kind = [*FAULTS, "legal", "legal", "interrupted", "interrupted"][int(rng.integers(len(FAULTS) + 4))]
    extra = int(rng.choice(STATES))
    change, errors = FAULTS.get(kind, (None, ()))
    if change:
        change(feeds, rng)
    label = f"{kind}, floating-point state {extra:#x}, {feeds}"
    if change:
        try:
            with float_state(extra):
                model.session.run(feeds)
        except errors:
            if model.values() != before:
                raise Finding(f"{label}: an error changed variables", f"changed by {kind}") from None
            return
        raise Finding(f"{label}: taken", f"taken {kind}")
    if kind == "interrupted":
        feeds["n"] = 20_000.0
    expected, after = again(model, feeds)
    if kind == "interrupted":
        with suppress(KeyboardInterrupt), interrupted(float(rng.exponential(0.002))):
            model.session.run(feeds)
        if model.values() not in (before, after):
            raise Finding(f"{label}: some variables have changed and some have not", "torn")
        return
    with float_state(extra):
        found = model.session.run(feeds)
    if [y.tobytes() for y in found] != expected:
        raise Finding(f"{label}: results depend on the floating-point state", "results by state")
    if model.values() != after:
        raise Finding(f"{label}: updates depend on the floating-point state", "updates by state")


def restore(model: Model, values: list[bytes]) -> None:
    for variable, value in zip(model.variables, values, strict=True):
        variable.assign(np.frombuffer(value).reshape(variable.shape))


def again(model: Model, feeds: Feeds) -> tuple[list[bytes], list[bytes]]:
    """The results of a run and the values after it, which is then undone."""
    before = model.values()
    results = [y.tobytes() for y in model.session.run(feeds)]
    after = model.values()
    restore(model, before)
    return results, after
