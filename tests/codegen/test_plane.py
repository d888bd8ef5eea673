"""Functions of a point of the plane: accuracy against mpmath over the whole range, special values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from tests.codegen.kernel_runner import assert_identical, evaluate, ulps
from tests.codegen.test_vecmath import spread

EXACT: dict[str, Callable[..., Any]] = {
    "hypot": mpmath.hypot,
    "log_hypot": lambda x, y: mpmath.log(x * x + y * y) / 2,
    "arctan2": mpmath.atan2,
}
LIMITS = {"hypot": 1.1, "log_hypot": 2.0, "arctan2": 1.5}  # ulps
POINTS = 250


def points(dtype: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Ordinary ones, of all exponents and differences of exponents, and near the unit circle."""
    turn, size = rng.uniform(-np.pi, np.pi, (2, POINTS)), spread(dtype, rng, POINTS).astype(float)
    near = 1 + rng.choice([-1, 1], POINTS) * 10.0 ** rng.uniform(-6, 0, POINTS) / 2
    x = [rng.normal(size=POINTS), spread(dtype, rng, POINTS), size / 2 * np.cos(turn[0]), near * np.cos(turn[1])]
    y = [rng.normal(size=POINTS), spread(dtype, rng, POINTS), size / 2 * np.sin(turn[0]), near * np.sin(turn[1])]
    return np.concatenate(x).astype(dtype), np.concatenate(y).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_accuracy(dtype: str, rng: np.random.Generator) -> None:
    x, y = points(dtype, rng)
    results = evaluate([x, y], {f"{name}(a, b)": dtype for name in EXACT})
    with mpmath.workprec(2300):
        for name, exact in EXACT.items():
            got = results[f"{name}(a, b)"]
            errors = np.where(np.isfinite(got), ulps(got, exact, x, y, known_as=f"{__file__}:{name}"), 0)
            worst = int(errors.argmax())
            assert errors[worst] <= LIMITS[name], f"{name}({x[worst]!r}, {y[worst]!r}) = {got[worst]!r}"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_special_values(dtype: str) -> None:
    values = np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan], dtype)
    x, y = (grid.reshape(-1).copy() for grid in np.meshgrid(values, values))
    names = ("hypot", "arctan2", "copysign")
    results = evaluate([x, y], {f"{name}(a, b)": dtype for name in (*names, "log_hypot")})
    for name in names:
        assert_identical(results[f"{name}(a, b)"], getattr(np, name)(x, y), np.stack([x, y], 1))
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(results["log_hypot(a, b)"], np.log(np.hypot(x, y)), rtol=1e-6)
