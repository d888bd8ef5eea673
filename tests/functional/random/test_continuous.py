"""Continuous distributions: moments and Kolmogorov-Smirnov against SciPy, steps and tails, derivatives, shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import staticad as sa
from staticad.errors import ConfigError, DTypeError, ShapeError
from tests.control.running import check_derivatives, run

random = sa.random
KEY = random.key(20)
COUNT = 40_000
DISTRIBUTIONS: dict[str, tuple[Any, Any]] = {
    "uniform": (random.uniform, stats.uniform()),
    "normal": (random.normal, stats.norm()),
    "exponential": (random.exponential, stats.expon()),
    "gumbel": (random.gumbel, stats.gumbel_r()),
    "laplace": (random.laplace, stats.laplace()),
    "truncated": (
        lambda key, shape, dtype: random.truncated_normal(key, -0.5, 2.0, shape, dtype),
        stats.truncnorm(-0.5, 2.0),
    ),
    "interval": (lambda key, shape, dtype: random.uniform(key, shape, dtype, -3, 5), stats.uniform(-3, 8)),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_the_distribution(name: str, dtype: str) -> None:
    draw, exact = DISTRIBUTIONS[name]
    values = sa.compile(draw(KEY, (COUNT,), dtype), inputs=[])()
    assert values.dtype == dtype and np.isfinite(values).all()
    assert stats.kstest(values.astype(float), exact.cdf).pvalue > 0.01
    mean, variance, skew, kurtosis = (float(m) for m in exact.stats("mvsk"))
    standard = (values.astype(float) - mean) / np.sqrt(variance)
    assert abs(standard.mean()) < 4 / np.sqrt(COUNT)
    assert abs((standard**2).mean() - 1) < 4 * np.sqrt((kurtosis + 2) / COUNT)
    assert abs((standard**3).mean() - skew) < 0.35
    halves = np.corrcoef(standard[:-1], standard[1:])[0, 1]
    assert abs(halves) < 4 / np.sqrt(COUNT)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_the_reference(name: str, dtype: str) -> None:
    draw, _ = DISTRIBUTIONS[name]
    x = sa.placeholder(("n", 3))
    y = draw(KEY, x.shape, dtype)
    assert y.shape == x.shape
    for n in (0, 1, 50):
        run([y, y.T[1:], (y * y).sum(axis=0), y[::-1, 0]], {x: np.zeros((n, 3))}, rtol=1e-12)
    scalar, empty = draw(KEY, (), dtype), draw(KEY, (0, 4), dtype)
    (first, none) = run([scalar, empty], {}, rtol=1e-12)
    assert first.shape == () and none.shape == (0, 4)


@pytest.mark.parametrize(("dtype", "digits"), [("float32", 23), ("float64", 52)])
def test_uniform_numbers_are_the_upper_bits(dtype: str, digits: int) -> None:
    word = "uint32" if dtype == "float32" else "uint64"
    (u, bits) = run([random.uniform(KEY, (1000,), dtype), random.bits(KEY, (1000,), word)], {})
    np.testing.assert_array_equal(u, (bits >> (bits.dtype.itemsize * 8 - digits)) * 2.0**-digits)
    assert 0 <= u.min() < u.max() < 1


def test_the_default_dtype_is_that_of_creation() -> None:
    for draw in (random.uniform, random.normal, random.exponential, random.gumbel, random.laplace):
        assert draw(KEY).dtype == sa.zeros(()).dtype == "float64" and draw(KEY).shape == ()


def test_bounds_broadcast_and_have_derivatives() -> None:
    low, high = sa.placeholder((3, 1)), sa.placeholder((4,))
    y = random.uniform(KEY, (3, 4), minval=low, maxval=high)
    feeds = {low: np.array([[0.0], [1.0], [-5.0]]), high: np.array([2.0, 3.0, 4.0, 5.0])}
    (found, unit) = run([y, random.uniform(KEY, (3, 4))], feeds)
    np.testing.assert_allclose(found, feeds[low] + unit * (feeds[high] - feeds[low]))
    check_derivatives([y], [low, high], feeds)


def test_a_distribution_of_location_and_scale_has_derivatives() -> None:
    mean, deviation = sa.placeholder((3,)), sa.placeholder(())
    y = sa.tanh(mean + deviation * random.normal(KEY, (2, 3)))
    check_derivatives([y], [mean, deviation], {mean: np.array([0.1, 0.5, -1.0]), deviation: 0.7})


def test_truncated_normal_has_derivatives_by_its_bounds() -> None:
    low, high = sa.placeholder(()), sa.placeholder((3,))
    y = random.truncated_normal(KEY, low, high)
    assert y.shape == (3,)
    check_derivatives([y], [low, high], {low: -0.7, high: np.array([0.1, 1.0, 2.0])})


def test_gumbel_softmax_has_derivatives_by_the_logits() -> None:
    logits = sa.placeholder((2, 3))
    y = sa.softmax((logits + random.gumbel(KEY, logits.shape)) / 0.5)
    check_derivatives([y], [logits], {logits: np.array([[0.1, 0.2, -0.3], [1.0, 0.0, -1.0]])})


def test_tails_of_the_normal_distribution() -> None:
    """The extreme bits give the extremes that the documentation names."""
    for dtype, bound in (("float32", 5.42), ("float64", 8.29)):
        one = np.finfo(dtype).epsneg
        x = sa.placeholder((2,), dtype)
        (found,) = run(sa.special.erfinv(x) * np.sqrt(np.asarray(2, dtype)), {x: np.array([1 - one, one - 1], dtype)})
        np.testing.assert_allclose(found, [bound, -bound], atol=0.005)
    values = sa.compile(random.normal(KEY, (3_000_000,), "float32"), inputs=[])()
    expected = 2 * stats.norm.sf(4) * values.size
    assert abs((np.abs(values) > 4).sum() - expected) < 4 * np.sqrt(expected)
    assert np.abs(values).max() > 4.8


def test_truncated_values_stay_in_their_bounds() -> None:
    for dtype in ("float32", "float64"):
        for low, high in ((-10, 10), (3.0, 3.5), (-0.1, 0.1), (1, np.inf), (6, 7)):
            values = sa.compile(random.truncated_normal(KEY, low, high, (2000,), dtype), inputs=[])()
            assert (values >= np.asarray(low, dtype)).all() and (values <= np.asarray(high, dtype)).all()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: random.normal(KEY, (3,), "int32"), DTypeError, "normal: draws floats, not int32"),
        (lambda: random.uniform(KEY, (3,), minval=1, maxval=1), ConfigError, "minval has to be less.*not 1, 1"),
        (lambda: random.uniform(KEY, (2,), minval=np.zeros(2), maxval=np.ones(3)), ShapeError, "uniform: "),
        (lambda: random.uniform(KEY, (2,), minval=np.array([0, 3]), maxval=2.0), ConfigError, "minval has to be less"),
        (lambda: random.uniform(KEY, (), minval=sa.placeholder((3,))), ShapeError, "minval does not broadcast"),
        (lambda: random.uniform(KEY, (2,), maxval=np.ones(3) * 2), ShapeError, r"maxval does not.*shape \(2\)"),
        (lambda: random.truncated_normal(KEY, 2, 1), ConfigError, "lower has to be less than upper"),
        (lambda: random.truncated_normal(KEY, np.zeros(2), np.ones(3)), ShapeError, "truncated_normal: "),
        (lambda: random.normal(KEY, (-1,)), ShapeError, "can't be negative"),
        (lambda: random.normal(KEY, "float32"), ShapeError, "not a size"),
    ],
)  # fmt: skip
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as raised:
        make()
    assert "test_continuous.py:" in str(raised.value)
