"""Initializers have the variance of their papers, the shape asked for, and a name."""

from __future__ import annotations

import numpy as np
import pytest

from staticad.errors import ConfigError, ShapeError
from staticad.nn import initializers


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("glorot_uniform", 2 / 700),
        ("glorot_normal", 2 / 700),
        ("he_uniform", 2 / 400),
        ("he_normal", 2 / 400),
    ],
)
def test_variances(name: str, variance: float, rng: np.random.Generator) -> None:
    values = initializers.BY_NAME[name]((400, 300), rng)
    assert values.shape == (400, 300)
    assert abs(values.mean()) < 5 * np.sqrt(variance / values.size)
    # The sample variance of n values has the relative standard deviation sqrt(2 / n) at most.
    assert abs(values.var() / variance - 1) < 5 * np.sqrt(2 / values.size)
    if "uniform" in name:
        limit = np.sqrt(3 * variance)
        assert np.abs(values).max() <= limit and np.abs(values).max() > 0.99 * limit
    else:
        assert np.abs(values).max() > np.sqrt(3 * variance)


def test_fans_count_the_receptive_field() -> None:
    assert initializers.fans((5, 7)) == (5, 7)
    assert initializers.fans((3, 3, 5, 7)) == (45, 63)
    for shape in ((), (3,)):
        with pytest.raises(ShapeError, match="shape"):
            initializers.fans(shape)


def test_constants(rng: np.random.Generator) -> None:
    np.testing.assert_array_equal(initializers.zeros((2, 3), rng), np.zeros((2, 3)))
    np.testing.assert_array_equal(initializers.constant(0.5)((4,), rng), np.full(4, 0.5))


def test_names() -> None:
    assert initializers.find("glorot") is initializers.glorot_uniform
    assert initializers.find("he") is initializers.he_normal
    assert initializers.find(initializers.zeros) is initializers.zeros
    with pytest.raises(ConfigError, match="glorot_normal"):
        initializers.find("gloort")
