"""The answers of the problems that work in place, against other ways to the same numbers."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.in_place import (
    Solve,
    SolveForward,
    Sweep,
    SweepForward,
    solve,
    solve_value_and_gradients,
    sweep,
    sweep_value_and_gradient,
)
from benchmarks.problems import differences
from benchmarks.recorded import RecordedScan, RecordedWhile, recorded_value_and_gradient


def complex_sweep(u: np.ndarray) -> np.ndarray:
    u = u.copy()
    for i in range(1, u.shape[0] - 1):
        for j in range(1, u.shape[1] - 1):
            u[i, j] = (u[i - 1, j] + u[i, j - 1] + u[i, j + 1] + u[i + 1, j]) / 4
    return u


def test_sweep(rng: np.random.Generator) -> None:
    u = rng.standard_normal((5, 6))
    np.testing.assert_allclose(sweep(u), complex_sweep(u), rtol=1e-14)
    value, gradient = sweep_value_and_gradient(u)
    assert value == pytest.approx(np.sum(complex_sweep(u) ** 2), rel=1e-14)
    for index in np.ndindex(u.shape):
        moved = u.astype("complex128")
        moved[index] += 1e-20j  # complex step: exact to rounding
        slope = np.sum(complex_sweep(moved) ** 2).imag / 1e-20
        assert gradient[index] == pytest.approx(slope, rel=1e-13, abs=1e-14)


def test_solve(rng: np.random.Generator) -> None:
    lower, b = np.tril(rng.standard_normal((5, 5))) + 3 * np.eye(5), rng.standard_normal(5)
    np.testing.assert_allclose(solve(lower, b), np.linalg.solve(lower, b), rtol=1e-13)
    value, by_lower, by_b = solve_value_and_gradients(lower, b)
    x = np.linalg.solve(lower, b)
    assert value == pytest.approx(x @ x, rel=1e-13)
    g = np.linalg.solve(lower.T, 2 * x)
    np.testing.assert_allclose(by_b, g, rtol=1e-12)
    np.testing.assert_allclose(by_lower, np.tril(-np.outer(g, x)), rtol=1e-12)


def test_recorded(rng: np.random.Generator) -> None:
    def total(x: np.ndarray) -> complex:
        s = x * x
        for _ in range(20):
            s = s + 1e-4 * np.sin(s) * x
        return s.sum()

    x = rng.uniform(0, 1, 4)
    value, gradient = recorded_value_and_gradient(x, 20)
    assert value == pytest.approx(total(x), rel=1e-14)
    for i in range(4):
        moved = x.astype("complex128")
        moved[i] += 1e-20j
        assert gradient[i] == pytest.approx(total(moved).imag / 1e-20, rel=1e-12)


@pytest.mark.parametrize(
    "problem",
    [
        SweepForward(4),
        Sweep(4),
        SolveForward(4),
        Solve(4),
        RecordedScan(None, steps=5, size=3),
        RecordedWhile("log", steps=5, size=3),
    ],
)
def test_answers_repeat(problem: SweepForward | Sweep | SolveForward | Solve | RecordedScan | RecordedWhile) -> None:
    first, second = problem.answer(), problem.answer()
    assert differences(first, second, 0.0) is None
    assert {array.dtype for array in first} == {np.dtype("float64")}
