"""Forks while other threads update, compile, profile, and grow the records of loops: the child finds whole values and
free locks, and can do all of that itself."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
import traceback
import warnings
from collections.abc import Callable

import numpy as np

import staticad as sa
from staticad import config
from tests.stress.program import Case, Finding

FORKS = 4  # in one case
SECONDS = 60  # that a child may take
SIZE = 100_000  # elements of the variables


class Shared:
    """Variables that are equal before and after every run, and what threads do with them."""

    def __init__(self) -> None:
        self.v, self.w = (sa.variable(np.zeros(SIZE), name=name) for name in "vw")
        self.x, self.n = sa.placeholder((None,), name="x"), sa.placeholder((), name="n")
        self.step = sa.compile([], updates={self.v: self.v + 1.0, self.w: self.w + 1.0})
        self.read = sa.compile([self.v, self.w])
        y = sa.while_loop(lambda s: s[0] < self.n, lambda s: s + 1.0 + 0.0 * sa.sin(s * s), self.x)
        self.loop = sa.compile([y, *sa.gradients(y.sum(), [self.x])], [self.x, self.n])
        self.numbers = itertools.count(1)
        self.step()
        self.loops(3, 2.0)

    def loops(self, size: int, steps: float) -> None:
        y, g = self.loop(np.zeros(size), steps)
        assert np.all(y == steps) and np.all(g == 1.0), "a wrong gradient of a loop"

    def grow(self) -> None:
        """Records of loops, each from nothing."""
        self.loop._bindings.clear()
        self.loops(1 + next(self.numbers) % 30, 2000.0)

    def compiles(self) -> None:
        number = float(next(self.numbers))
        y = sa.compile(sa.sin(self.x) * number + float(os.getpid()), [self.x])(np.ones(2))
        assert np.allclose(y, np.sin(1.0) * number + os.getpid()), "a wrong result of what was compiled"

    def profiles(self) -> None:
        self.step.profile(repeat=2)

    def values(self) -> float:
        v, w = self.read()
        found = {*np.unique(self.v.value).tolist(), *np.unique(self.w.value).tolist()}
        found |= {*np.unique(v).tolist(), *np.unique(w).tolist()}
        assert len(found) == 1, f"values that belong to different runs: {sorted(found)}"
        return found.pop()


def prepare(short: bool) -> Case:
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    shared = Shared()

    def case(rng: np.random.Generator) -> int:
        with config.override(cache=False):
            return check(shared, rng)

    return case


def check(shared: Shared, rng: np.random.Generator) -> int:
    """A few threads, and forks in between."""
    acts: list[Callable[[], object]] = [
        shared.step, shared.step, shared.step, shared.grow, shared.compiles, shared.profiles, shared.read,
    ]  # fmt: skip
    chosen = [acts[int(k)] for k in rng.integers(len(acts), size=int(rng.integers(1, 4)))]
    stop = threading.Event()
    errors: list[BaseException] = []

    def work(act: Callable[[], object]) -> None:
        try:
            while not stop.is_set():
                act()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(act,), daemon=True) for act in chosen]
    for thread in threads:
        thread.start()
    label = "while others do " + ", ".join(act.__name__ if hasattr(act, "__name__") else "updates" for act in chosen)
    try:
        for _ in range(FORKS):
            time.sleep(float(rng.exponential(0.01)))
            in_child(shared, rng, label)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    if errors:
        raise errors[0]
    shared.values()
    return FORKS


def in_child(shared: Shared, rng: np.random.Generator, label: str) -> None:
    """Forks; the child tries everything, and writes what is wrong into a pipe."""
    acts: list[Callable[[], object]] = [lambda: shared.loops(5, 50.0), shared.grow, shared.profiles, in_threads(shared)]
    order = [acts[int(k)] for k in rng.permutation(len(acts))]
    if rng.random() < 0.4:
        order.insert(int(rng.integers(len(order) + 1)), shared.compiles)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(SECONDS)
            before = shared.values()
            for act in order:
                act()
            shared.step()
            assert shared.values() == before + 3.0, "the child's own updates are lost"
            status = 0
        except BaseException:
            os.write(writing, traceback.format_exc()[-4000:].encode())
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status:
        what = f"the child hung for {SECONDS} s" if status == -signal.SIGALRM else f"the child ended with {status}"
        raise Finding(f"{label}: {what}\n{told}", what + told[-200:])


def in_threads(shared: Shared) -> Callable[[], None]:
    """Two threads of the child that update."""

    def run() -> None:
        threads = [threading.Thread(target=shared.step) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return run
