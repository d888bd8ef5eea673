"""Sums of float32 are as accurate as their result's type allows, along whatever axes they run."""

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


def off(found: np.ndarray, exact: np.ndarray) -> float:
    """The largest relative error, in units of the last place."""
    return float(np.max(np.abs(found.astype(np.float64) - exact) / exact)) / EPSILON


def positive(rng: np.random.Generator, shape: tuple[int, ...]) -> list[np.ndarray]:
    return [np.full(shape, 0.1, np.float32), rng.random(shape).astype(np.float32)]


AXES: tuple[tuple[int, ...], ...] = ((1,), (0, 1), (0, 2), (1, 2), (0,), (0, 1, 2))


def test_sums_along_any_axes(rng: np.random.Generator) -> None:
    """Columns that are short and long, narrow and wide, in one kernel and in chunks and blocks."""
    x = sa.placeholder((None, None, None), "float32")
    session = sa.compile([x.sum(axis=axes) for axes in AXES], [x])
    for shape in ((3, 1000, 4), (1, 1_000_000, 2), (20_000, 5, 3), (700, 1, 5000), (2, 3, 50_000)):
        for values in positive(rng, shape):
            for axes, found in zip(AXES, session(values), strict=True):
                assert off(found, values.sum(axis=axes, dtype=np.float64)) <= 4, (shape, axes)


def test_means_and_variances_of_columns(rng: np.random.Generator) -> None:
    x = sa.placeholder((None, 2), "float32")
    session = sa.compile([x.mean(axis=0), x.var(axis=0), sa.sum(x * x, axis=0)], [x])
    for count in (100, 1_000_000):
        values = rng.random((count, 2)).astype(np.float32)
        wide = values.astype(np.float64)
        for found, exact in zip(
            session(values), (wide.mean(axis=0), wide.var(axis=0), (wide**2).sum(axis=0)), strict=True
        ):
            assert off(found, exact) <= 4


def test_gradients_of_biases(rng: np.random.Generator) -> None:
    x, bias = sa.placeholder((None, 4), "float32"), sa.placeholder((4,), "float32")
    session = sa.compile([x + bias, *sa.gradients((x * sa.sigmoid(x * 0.0 + bias)).sum(), [bias])], [x, bias])
    values = np.full((500_000, 4), 0.1, np.float32)
    _, found = session(values, np.zeros(4, np.float32))
    assert off(found, values.sum(axis=0, dtype=np.float64) / 4) <= 4


def test_products_along_any_axes(rng: np.random.Generator) -> None:
    x = sa.placeholder((None, 3), "float32")
    session = sa.compile([sa.prod(x, axis=0), sa.prod(x)], [x])
    values = (1 + 1e-3 * (rng.random((20_000, 3)) - 0.5)).astype(np.float32)
    wide = values.astype(np.float64)
    for found, exact in zip(session(values), (wide.prod(axis=0), wide.prod()), strict=True):
        assert off(found, exact) <= 4


@pytest.mark.parametrize("sides", [(32, 16), (10, 10), (None, None)])
def test_matrix_products_with_many_terms(sides: tuple[int | None, int | None], rng: np.random.Generator) -> None:
    """By kernels, and by BLAS, which adds up some hundred terms before it looks further."""
    x, y = (sa.placeholder((None, side), "float32") for side in sides)
    session = sa.compile([x.T @ y, x.T @ (y * 2.0)], [x, y])
    for terms in (50, 1025, 20_000):
        for a, b in zip(positive(rng, (terms, sides[0] or 20)), positive(rng, (terms, sides[1] or 300)), strict=True):
            exact = a.T.astype(np.float64) @ b.astype(np.float64)
            once, twice = session(a, b)
            assert off(once, exact) <= 16 and off(twice, 2 * exact) <= 16


def test_updates_by_products_with_many_terms(rng: np.random.Generator) -> None:
    """What is added to a variable, in a batch too."""
    x, w = sa.placeholder((None, None, 8), "float32"), sa.variable(np.ones((8, 8), np.float32))
    session = sa.compile([sa.swapaxes(x, 1, 2) @ x], [x], updates={w: w - 0.5 * (x[0].T @ x[1])})
    values = rng.random((3, 30_000, 8)).astype(np.float32)
    wide = values.astype(np.float64)
    (found,) = session(values)
    assert off(found, wide.swapaxes(1, 2) @ wide) <= 16
    assert off(-w.value, 0.5 * wide[0].T @ wide[1] - 1) <= 16


def test_scatters_and_gradients_of_gathers_with_many_updates(rng: np.random.Generator) -> None:
    x, index = sa.placeholder((None, 2), "float32"), sa.placeholder((None,), "int64")
    v = sa.placeholder((None,), "float32")
    (gradient,) = sa.gradients((x[index] * sa.expand_dims(v, 1)).sum(), [x])
    session = sa.compile([sa.zeros((5,), "float32").at[index].add(v), x.at[index].add(1.0), gradient], [x, index, v])
    for values in positive(rng, (300_000,)):
        places = rng.integers(0, 5, values.size)
        start = rng.random((5, 2)).astype(np.float32)
        sums, counts = np.bincount(places, values.astype(np.float64), 5), np.bincount(places, minlength=5)
        one, ones, columns = session(start, places, values)
        assert off(one, sums) <= 2 and off(columns, sums[:, None]) <= 2 and off(ones, start + counts[:, None]) <= 2
    few = np.array([4, -1, 0])
    one, ones, columns = session(start, few, values[:3])
    np.testing.assert_allclose(one, [values[2], 0, 0, 0, values[0] + values[1]])
    with pytest.raises(sa.IndexOutOfBounds):
        session(start[:0], few, values[:3])
    with pytest.raises(sa.IndexOutOfBounds):
        session(start, np.full(300, 5), values[:300])
