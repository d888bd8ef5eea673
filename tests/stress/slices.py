"""Slices whose bounds are free sizes, and arrays that are cut by sizes: NumPy's meaning for every sign and length, or
FeedError; nothing beside the arrays is read or written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import staticad as sa
from tests.harness.poison import poisoned_memory
from tests.stress.program import Case, Finding

PER_GRAPH = 40  # values of the sizes
GUARD = 64  # elements on both sides of an array
SIZES = (0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 9, 17, 40)

Bound = Callable[[Any, Any], Any]  # of two sizes, which are free or known

BOUNDS: dict[str, Bound] = {
    "n": lambda n, m: n, "m": lambda n, m: m, "-n": lambda n, m: -n, "-m": lambda n, m: -m,
    "n - m": lambda n, m: n - m, "m - n": lambda n, m: m - n, "-n - m": lambda n, m: -n - m,
    "n + m": lambda n, m: n + m,
    "n - 1": lambda n, m: n - 1, "m - 1": lambda n, m: m - 1, "1 - m": lambda n, m: 1 - m, "m - 3": lambda n, m: m - 3,
    "n // 2": lambda n, m: n // 2, "m // 2": lambda n, m: m // 2, "n - m // 2": lambda n, m: n - m // 2,
    "2 * m": lambda n, m: 2 * m, "n - 2 * m": lambda n, m: n - 2 * m, "-2 * m": lambda n, m: -2 * m,
    "3 - n": lambda n, m: 3 - n, "n * m": lambda n, m: n * m, "(n + m) // 2": lambda n, m: (n + m) // 2,
    "m * m - n": lambda n, m: m * m - n, "0": lambda n, m: 0, "2": lambda n, m: 2, "-1": lambda n, m: -1,
    "-3": lambda n, m: -3, "5": lambda n, m: 5,
}  # fmt: skip
STEPS = (None, None, 1, 1, 2, 3, -1, -1, -2, -3)


class Cut:
    """A random slice: as text, and of two sizes."""

    def __init__(self, rng: np.random.Generator) -> None:
        names = [*BOUNDS, *[None] * 4]
        self.start, self.stop = (names[int(rng.integers(len(names)))] for _ in range(2))
        self.step = STEPS[int(rng.integers(len(STEPS)))]

    def __call__(self, n: Any, m: Any) -> slice:
        start, stop = (None if name is None else BOUNDS[name](n, m) for name in (self.start, self.stop))
        return slice(start, stop, self.step)

    def __str__(self) -> str:
        return f"x[{self.start or ''}:{self.stop or ''}:{self.step or ''}]"


def guarded(size: int, columns: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """An array between NaNs, and all of it."""
    whole = np.full((size + 2 * GUARD, columns) if columns else size + 2 * GUARD, np.nan)
    return whole[GUARD : GUARD + size], whole


def prepare(short: bool) -> Case:
    def case(rng: np.random.Generator) -> int:
        with poisoned_memory():
            return check(rng)

    return case


def check(rng: np.random.Generator) -> int:
    """One graph: parts of two arrays, what is written into parts of them, and gradients."""
    x, y = sa.placeholder(("n", 2), name="x"), sa.placeholder(("m",), name="y")
    n, m = x.shape[0], y.shape[0]
    first, second = Cut(rng), Cut(rng)
    label = f"rows {first}, then {second}"
    try:
        key, other = first(n, m), second(m, n)
        loss = (x[key] * 3.0).sum() + (y[other] ** 2).sum()
        fetches = [x[key], y[other] + 1.0, x.at[key].add(5.0), y.at[other].set(-7.0), *sa.gradients(loss, [x, y])]
        fetches.append(x[key].sum(axis=0))
        session = sa.compile(fetches, [x, y])
    except sa.StaticadError as error:
        raise Finding(f"{label}: not built: {error}", "not built") from error
    for _ in range(PER_GRAPH):
        compare(label, session, first, second, rng)
    return PER_GRAPH


def compare(label: str, session: Any, first: Cut, second: Cut, rng: np.random.Generator) -> None:
    n, m = (int(size) for size in rng.choice(SIZES, 2))
    (x, around_x), (y, around_y) = guarded(n, 2), guarded(m)
    x[...], y[...] = rng.uniform(1, 2, x.shape), rng.uniform(1, 2, y.shape)
    before = around_x.copy(), around_y.copy()
    key, other = first(n, m), second(m, n)
    added, put, by_x, by_y = x.copy(), y.copy(), np.zeros_like(x), np.zeros_like(y)
    added[key] += 5.0
    put[other] = -7.0
    by_x[key] = 3.0
    by_y[other] = 2 * y[other]
    expected = [x[key], y[other] + 1.0, added, put, by_x, by_y, x[key].sum(axis=0)]
    label = f"{label}, n = {n}, m = {m}"
    arrays = [np.full(want.size + 2 * GUARD, np.pi) for want in expected]
    out = [whole[GUARD : GUARD + want.size].reshape(want.shape) for whole, want in zip(arrays, expected)]
    try:
        found = session.run({"x": x, "y": y}, out=out) if rng.random() < 0.7 else session(x, y)
    except sa.FeedError as error:
        raise Finding(f"{label}: refused: {error}", "refused") from error
    for part, (result, want) in enumerate(zip(found, expected, strict=True)):
        if result.shape != want.shape or not np.allclose(result, want, 1e-14, 0):
            raise Finding(f"{label}, result {part}: {result.tolist()} instead of {want.tolist()}", f"numbers {part}")
    for whole in arrays:
        if np.any(whole[:GUARD] != np.pi) or np.any(whole[-GUARD:] != np.pi):
            raise Finding(f"{label}: memory beside a result was written to", "guards")
    if around_x.tobytes() != before[0].tobytes() or around_y.tobytes() != before[1].tobytes():
        raise Finding(f"{label}: memory of or beside a feed was written to", "feeds")
