"""Sums of float32 are as accurate as their result's type allows."""

from __future__ import annotations

import numpy as np
import pytest

import staticad as sa

EPSILON = float(np.finfo(np.float32).eps)


@pytest.mark.parametrize("count", [1_000, 100_000, 3_000_000])
def test_a_full_sum_is_rounded_about_once(count: int) -> None:
    x = sa.placeholder((None,), "float32")
    session = sa.compile(x.sum(), [x])
    for values in (np.full(count, 0.1, np.float32), np.linspace(0, 1, count, dtype=np.float32)):
        exact = values.astype(np.float64).sum()
        assert abs(float(session(values)) - exact) <= EPSILON * exact


def test_sums_of_long_rows_are_rounded_once() -> None:
    x = sa.placeholder((None, None), "float32")
    session = sa.compile(x.sum(axis=1), [x])
    values = np.full((7, 20_000), 0.1, np.float32)
    exact = values.astype(np.float64).sum(axis=1)
    assert np.abs(session(values) - exact).max() <= 0.5 * EPSILON * exact.max()
