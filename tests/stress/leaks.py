"""Thousands of runs, and sessions that come and go, warm and cold: memory and Python's objects stay bounded.

A case alone shows little: to see a finding again, run the program as long as it took.
"""

from __future__ import annotations

import functools
import gc
import itertools
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import staticad as sa
from staticad import config
from tests.stress.program import Case, Finding

WARM = 3  # cases before the first measurement
PAGE = os.sysconf("SC_PAGE_SIZE")


class Use(NamedTuple):
    """Bytes of the process, and objects of Python."""

    resident: int
    blocks: int

    @staticmethod
    def now() -> Use:
        """Without what tables of fixed size hold, which graphs of other numbers fill for a long time."""
        for table in tables():
            table.cache_clear()
        gc.collect()
        return Use(int(Path("/proc/self/statm").read_text().split()[1]) * PAGE, sys.getallocatedblocks())


def tables() -> list[Any]:
    """The tables of the package that forget what was used least recently."""
    found = [x for x in gc.get_objects() if issubclass(type(x), functools._lru_cache_wrapper)]  # no proxy is asked
    ours = [x for x in found if str(x.__module__).startswith("staticad.")]
    return [x for x in ours if x.cache_info().maxsize is not None]


ALLOWED = Use(32 << 20, 20_000)  # beyond the first measurement, however long the program runs
PER_COLD = Use(64 << 10, 300)  # and for each session whose kernels were compiled


class Leaks:
    """What the cases share: sessions that run again and again, and the first measurement."""

    def __init__(self, share: float) -> None:
        self.share = share  # of the work of a full case
        self.number, self.cases, self.cold = itertools.count(), 0, 0
        self.before = Use(0, 0)
        self.x, self.k = sa.placeholder((None,), name="x"), sa.placeholder((None,), "int64", name="k")
        self.w = sa.variable(np.zeros(100), name="w")
        y = sa.while_loop(lambda s: s[0] < 10.0, lambda s: s + 1.0 + 0.0 * sa.sin(s), self.x)
        self.session = sa.compile([self.x * 2.0, self.x[self.k]], [self.x, self.k], updates={self.w: self.w + 1.0})
        self.loop = sa.compile([y, *sa.gradients(y.sum(), [self.x])], [self.x])

    def runs(self, rng: np.random.Generator) -> int:
        """Of few sizes, of new sizes, with errors and results that are given."""
        count = int(1000 * self.share)
        for size in rng.integers(1, int(rng.choice((3, 500))), count).tolist():
            x = np.ones(size)
            kind = size % 5
            if kind == 0:
                with suppress(sa.IndexOutOfBounds):
                    self.session(x, np.array([size]))
            elif kind == 1:
                self.loop(x)
            elif kind == 2:
                with suppress(sa.DTypeError):
                    self.session(x, x)
            else:
                self.session.run({self.x: x, "k": [0]}, out=[np.empty(size), np.empty(1)] if kind == 3 else None)
        return count

    def profiles(self, rng: np.random.Generator) -> int:
        self.loop.profile({self.x: np.ones(5)}, repeat=2)
        return 1

    def variables(self, rng: np.random.Generator) -> int:
        count = int(200 * self.share)
        for size in rng.integers(1, 10_000, count).tolist():
            sa.variable(np.zeros(size)).assign(np.ones(size))
            assert self.w.value.shape == (100,)
        return count

    def warm_sessions(self, rng: np.random.Generator) -> int:
        """Graphs of a known structure, built, differentiated, compiled and run."""
        count = int(10 * self.share)
        for _ in range(count):
            build(1.0)
        return count

    def cold_sessions(self, rng: np.random.Generator) -> int:
        with config.override(cache=False):
            build(float(next(self.number)))
            self.cold += 1
        return 1

    def case(self, rng: np.random.Generator) -> int:
        acts = [self.runs, self.profiles, self.variables, self.warm_sessions, self.cold_sessions]
        checks = sum(acts[int(k)](rng) for k in rng.permutation(len(acts)))
        self.cases += 1
        now = Use.now()
        if self.cases <= WARM:
            self.before, self.cold = now, 0
        for what, old, new, allowed, each in zip(("bytes", "objects"), self.before, now, ALLOWED, PER_COLD):
            if new - old > allowed + each * self.cold:
                raise Finding(
                    f"{new - old:,} {what} more than after the first {WARM} cases, {old:,}; {self.cases} cases, "
                    f"{self.cold} sessions compiled since then",
                    what,
                )
        return checks


def build(number: float) -> None:
    """A session that lives for one run. Constants are part of the text of a kernel."""
    x, w = sa.placeholder((None, 3)), sa.variable(np.ones(3))
    y = sa.tanh(x * w + number).sum()
    (g,) = sa.gradients(y, [w])
    sa.compile([y, g], [x], updates={w: w - 0.1 * g})(np.ones((4, 3)))


def prepare(short: bool) -> Case:
    return Leaks(0.1 if short else 1.0).case
