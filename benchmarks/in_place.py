"""The problems that write one array element by element (a Gauss-Seidel sweep, a triangular solve), and their answers.

As in `benchmarks.loops`, the answers are worked out by hand: with Python's own floats where every number stands alone,
with NumPy where a step is a product.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

Arrays = list[np.ndarray]


@dataclass(frozen=True)
class Grid:
    """u[i, j] = (u[i-1, j] + u[i, j-1] + u[i, j+1] + u[i+1, j]) / 4 at every inner point, row by row, each new value
    in the place of the old one; doubles."""

    size: int
    tolerance = 1e-13
    calls = 1

    @cached_property
    def u(self) -> np.ndarray:
        return np.random.default_rng(1).standard_normal((self.size, self.size))


@dataclass(frozen=True)
class SweepForward(Grid):
    """The answer is [u after the sweep]."""

    def answer(self) -> Arrays:
        return [sweep(self.u)]


@dataclass(frozen=True)
class Sweep(Grid):
    """The answer is [the sum of the squares of u after the sweep, its gradient by u before it]."""

    def answer(self) -> Arrays:
        value, gradient = sweep_value_and_gradient(self.u)
        return [np.asarray(value), gradient]


@dataclass(frozen=True)
class Triangle:
    """x[i] = (b[i] - L[i] @ x) / L[i, i] for i = 0, 1, …, from x = 0 on; L is lower triangular, doubles."""

    size: int
    tolerance = 1e-12
    calls = 1

    @cached_property
    def inputs(self) -> Arrays:
        """L, b."""
        rng = np.random.default_rng(1)
        lower = np.tril(rng.standard_normal((self.size, self.size))) / self.size**0.5 + 3 * np.eye(self.size)
        return [lower, rng.standard_normal(self.size)]


@dataclass(frozen=True)
class SolveForward(Triangle):
    """The answer is [x]."""

    def answer(self) -> Arrays:
        return [solve(*self.inputs)]


@dataclass(frozen=True)
class Solve(Triangle):
    """The answer is [the sum of the squares of x, its gradients by L and by b]."""

    def answer(self) -> Arrays:
        return solve_value_and_gradients(*self.inputs)


def sweep(u: np.ndarray) -> np.ndarray:
    """The grid after the sweep, element by element."""
    rows = u.tolist()
    for above, row, below in zip(rows, rows[1:], rows[2:], strict=False):
        for j in range(1, len(row) - 1):
            row[j] = 0.25 * (above[j] + row[j - 1] + row[j + 1] + below[j])
    return np.asarray(rows)


def sweep_value_and_gradient(u: np.ndarray) -> tuple[np.floating, np.ndarray]:
    """The sum of the squares after the sweep, and its gradient: the same sweep backwards, each point handing a quarter
    of its cotangent to its four neighbours."""
    last = sweep(u)
    rows = (2 * last).tolist()
    for i in reversed(range(1, len(rows) - 1)):
        above, row, below = rows[i - 1 : i + 2]
        for j in reversed(range(1, len(row) - 1)):
            quarter = 0.25 * row[j]
            row[j] = 0.0
            above[j] += quarter
            row[j - 1] += quarter
            row[j + 1] += quarter
            below[j] += quarter
    return np.sum(last * last), np.asarray(rows)


def solve(lower: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Forward substitution."""
    x = np.zeros_like(b)
    for i in range(len(b)):
        x[i] = (b[i] - lower[i, :i] @ x[:i]) / lower[i, i]
    return x


def solve_value_and_gradients(lower: np.ndarray, b: np.ndarray) -> Arrays:
    """The sum of the squares of x, and its gradients by L and b: substitution from the last row to the first."""
    x = solve(lower, b)
    g = 2 * x
    by_lower, by_b = np.zeros_like(lower), np.zeros_like(b)
    for i in reversed(range(len(b))):
        by_b[i] = g[i] / lower[i, i]
        by_lower[i, : i + 1] = -by_b[i] * x[: i + 1]
        g[:i] -= by_b[i] * lower[i, :i]
    return [np.asarray(np.sum(x * x)), by_lower, by_b]
