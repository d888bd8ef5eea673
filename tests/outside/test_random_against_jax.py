"""The numbers of JAX, for equal keys: bits and uniform numbers exactly, the others up to rounding."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from scipy import stats

import staticad as sa
from tests.codegen.kernel_runner import evaluate

pytestmark = pytest.mark.extras("jax")
SEEDS = (0, 42, 2**40 + 17, -1)
SHAPES: tuple[tuple[int, ...], ...] = ((), (7,), (3, 5), (0, 2))


@pytest.fixture
def jax() -> Iterator[Any]:
    import jax

    before = jax.config.jax_enable_x64, jax.config.jax_threefry_partitionable
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_threefry_partitionable", True)  # JAX's default
    yield jax
    jax.config.update("jax_enable_x64", before[0])
    jax.config.update("jax_threefry_partitionable", before[1])


def ours(*tensors: sa.Tensor) -> list[np.ndarray]:
    return sa.compile(list(tensors), inputs=[])()


@pytest.mark.parametrize("seed", SEEDS)
def test_keys(jax: Any, seed: int) -> None:
    key, theirs = sa.random.key(seed), jax.random.key(seed)
    expected = [theirs, jax.random.split(theirs), jax.random.split(theirs, 9), jax.random.fold_in(theirs, 123)]
    found = ours(key, sa.random.split(key), sa.random.split(key, 9), sa.random.fold_in(key, 123))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, jax.random.key_data(b))
    (grid,) = ours(sa.random.split(key, (2, 3)))
    np.testing.assert_array_equal(grid, jax.random.key_data(jax.random.split(theirs, (2, 3))))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_bits_and_uniform_numbers(jax: Any, shape: tuple[int, ...]) -> None:
    for seed in SEEDS:
        key, theirs = sa.random.key(seed), jax.random.key(seed)
        for dtype in ("uint8", "uint16", "uint32", "uint64"):
            np.testing.assert_array_equal(
                ours(sa.random.bits(key, shape, dtype))[0], jax.random.bits(theirs, shape, dtype)
            )
        for dtype in ("float32", "float64"):
            unit, coins = ours(
                sa.random.uniform(key, shape, dtype), sa.random.bernoulli(key, np.dtype(dtype).type(0.3), shape)
            )
            np.testing.assert_array_equal(unit, jax.random.uniform(theirs, shape, dtype))
            np.testing.assert_array_equal(coins, jax.random.bernoulli(theirs, np.dtype(dtype).type(0.3), shape))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["normal", "exponential", "gumbel", "laplace"])
def test_distributions(jax: Any, name: str, dtype: str) -> None:
    found = ours(getattr(sa.random, name)(sa.random.key(3), (50, 41), dtype))[0]
    expected = getattr(jax.random, name)(jax.random.key(3), (50, 41), dtype)
    np.testing.assert_allclose(found, expected, rtol=64 * np.finfo(dtype).eps, atol=64 * np.finfo(dtype).eps)


def test_intervals_and_categories(jax: Any) -> None:
    logits = np.random.default_rng(0).normal(size=(6, 5))
    key, theirs = sa.random.key(8), jax.random.key(8)
    interval, truncated, rows, columns = ours(
        sa.random.uniform(key, (20, 5), minval=-2.0, maxval=np.arange(5.0)),
        sa.random.truncated_normal(key, -0.3, 2.0, (500,)),
        sa.random.categorical(key, logits, shape=(100, 6)),
        sa.random.categorical(key, logits, axis=0),
    )
    np.testing.assert_allclose(
        interval, jax.random.uniform(theirs, (20, 5), minval=-2.0, maxval=np.arange(5.0)), rtol=1e-15, atol=1e-15
    )
    np.testing.assert_allclose(truncated, jax.random.truncated_normal(theirs, -0.3, 2.0, (500,)), rtol=1e-12)
    np.testing.assert_array_equal(rows, jax.random.categorical(theirs, logits, shape=(100, 6)))
    np.testing.assert_array_equal(columns, jax.random.categorical(theirs, logits, axis=0))


def test_arguments_are_those_of_jax(jax: Any) -> None:
    names = (
        "beta binomial cauchy chisquare choice dirichlet double_sided_maxwell f gamma geometric loggamma logistic "
        "lognormal maxwell multinomial multivariate_normal pareto permutation poisson rademacher rayleigh t triangular "
        "weibull_min"
    )
    for name in names.split():
        own, theirs = (list(inspect.signature(getattr(m, name)).parameters) for m in (sa.random, jax.random))
        assert own == [p for p in theirs if p in own] and set(theirs[:3]) <= set(own), name


def test_implicit_derivatives_of_gamma(jax: Any) -> None:
    alphas, places = np.meshgrid([0.02, 0.5, 1.0, 4.0, 60.0, 900.0], [0.01, 0.3, 0.9, 0.999])
    x = stats.gamma.ppf(places, alphas)
    keep = x > 1e-100  # JAX's takes the number itself
    alphas, x = alphas[keep], x[keep]
    found = evaluate([alphas, np.log(x)], {"log_gamma_slope(a, b)": "float64"})["log_gamma_slope(a, b)"] * x
    np.testing.assert_allclose(found, jax.lax.random_gamma_grad(alphas, x), rtol=1e-6)
