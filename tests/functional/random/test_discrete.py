"""Integers, coins and choices: frequencies, ranges up to all 64 bits, shapes, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import staticad as sa
from staticad.errors import ConfigError, DTypeError, ShapeError
from staticad.ir.dtypes import SIGNED, UNSIGNED
from tests.control.running import run

random = sa.random
KEY = random.key(5)
COUNT = 30_000
INTEGERS = (*SIGNED, *UNSIGNED)


def draw(tensor: sa.Tensor) -> np.ndarray:
    return sa.compile(tensor, inputs=[])()


def exact_integers(low: int, high: int, shape: tuple[int, ...], wide: bool) -> list[int]:
    """The definition, with Python's integers."""
    span = high - low
    fraction = draw(random.bits(KEY, shape, "uint64")).ravel().tolist()
    if not wide:
        return [low + (r * span >> 64) for r in fraction]
    more = draw(random.bits(random.fold_in(KEY, -1), shape, "uint64")).ravel().tolist()
    return [low + (((r << 64) + s) * span >> 128) for r, s in zip(fraction, more)]


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
def test_integers_are_fractions_of_the_range(dtype: np.dtype) -> None:
    info = np.iinfo(dtype)
    ranges = [(0, 1), (3, 10), (info.min, int(info.max) + 1), (info.min, info.max), (int(info.max) // 3, info.max)]
    ranges += [(-5, 6), (info.min, 0)] if dtype.kind == "i" else []
    bounds = sa.placeholder((2,), dtype)
    dynamic = random.randint(KEY, (40,), bounds[0], bounds[1], dtype)
    session = sa.compile(dynamic, inputs=[bounds])
    pairs = [(int(a), int(b)) for a, b in ranges]
    drawn = run([random.randint(KEY, (40,), low, high, dtype) for low, high in pairs], {})
    for (low, high), found in zip(pairs, drawn, strict=True):
        assert found.dtype == dtype
        whole = high - low == 1 << 64
        expected = exact_integers(low, high, (40,), dtype.itemsize == 8 and high - low > 1 << 32)
        if whole:
            expected = [(low + r) for r in draw(random.bits(KEY, (40,), "uint64")).tolist()]
        assert found.tolist() == expected
        if high <= info.max:
            wide = dtype.itemsize == 8
            assert session(np.array([low, high], dtype)).tolist() == exact_integers(low, high, (40,), wide)


@pytest.mark.parametrize("span", [2, 7, 100])
def test_integers_are_equally_frequent(span: int) -> None:
    values = draw(random.randint(KEY, (COUNT,), -3, span - 3))
    assert values.dtype == "int64" and values.min() == -3 and values.max() == span - 4
    assert stats.chisquare(np.bincount(values + 3)).pvalue > 0.01


def test_wide_ranges_are_even() -> None:
    """Three quarters of all 64-bit numbers: a remainder of 64 bits would make a third of them twice as frequent."""
    values = draw(random.randint(KEY, (COUNT,), 0, 3 << 62, "uint64"))
    assert stats.kstest(values / float(3 << 62), stats.uniform.cdf).pvalue > 0.01


def test_bounds_may_be_arrays_sizes_and_tensors() -> None:
    x = sa.placeholder(("n",))
    low = sa.placeholder((2, 1), "int32")
    y = random.randint(KEY, (2, x.shape[0]), low, x.shape[0], "int32")
    (found,) = run(y, {x: np.zeros(50), low: np.array([[0], [45]])})
    assert found.dtype == "int32" and found.shape == (2, 50)
    assert found[0].min() < 10 and found[1].min() >= 45 and found.max() < 50
    (found,) = run(random.randint(KEY, (3,), np.array([0, 10, 20]), np.array([1, 11, 21])), {})
    assert found.tolist() == [0, 10, 20]


def test_a_range_that_is_empty_in_the_run_gives_its_start() -> None:
    high = sa.placeholder((), "int64")
    (found,) = run(random.randint(KEY, (3,), 5, high), {high: 2})
    assert found.tolist() == [5, 5, 5]


@pytest.mark.parametrize("p", [0.0, 0.01, 0.5, 0.9, 1.0])
def test_coins(p: float) -> None:
    values = draw(random.bernoulli(KEY, p, (COUNT,)))
    assert values.dtype == bool
    assert abs(values.mean() - p) <= 4 * np.sqrt(p * (1 - p) / COUNT)


def test_coins_take_the_shape_of_their_probabilities() -> None:
    p = sa.placeholder(("n",), "float32")
    y = random.bernoulli(KEY, p)
    assert y.shape == p.shape and random.bernoulli(KEY).shape == ()
    (found,) = run(y, {p: np.array([0, 1, 1, 0], "float32")})
    assert found.tolist() == [False, True, True, False]
    (found,) = run(random.bernoulli(KEY, np.array([1, 0]), (3, 2)), {})
    assert found.tolist() == [[True, False]] * 3


WEIGHTS = np.array([0.1, 0.0, 0.2, 0.7])


def check_frequencies(values: np.ndarray) -> None:
    counts = np.bincount(values, minlength=4)
    assert counts[1] == 0
    assert stats.chisquare(counts[[0, 2, 3]], COUNT * WEIGHTS[[0, 2, 3]]).pvalue > 0.01


def test_categories() -> None:
    with np.errstate(divide="ignore"):
        logits = np.log(WEIGHTS) + 3
    values = draw(random.categorical(KEY, logits, shape=(COUNT,)))
    assert values.dtype == "int64"
    check_frequencies(values)
    logits = np.stack([logits, logits[::-1]])
    rows = draw(random.categorical(KEY, logits, shape=(COUNT, 2)))
    check_frequencies(rows[:, 0])
    check_frequencies(3 - rows[:, 1])
    columns = draw(random.categorical(KEY, logits.T, axis=0, shape=(COUNT, 2)))
    check_frequencies(columns[:, 0])
    assert abs(np.corrcoef(rows.T)[0, 1]) < 4 / np.sqrt(COUNT)


def test_categories_of_free_sizes() -> None:
    logits = sa.placeholder(("a", "b", "c"), "float32")
    feeds = {logits: np.random.default_rng(0).normal(size=(4, 3, 5)).astype("float32")}
    for axis, shape in ((0, (3, 5)), (1, (4, 5)), (-1, (4, 3))):
        (found,) = run(random.categorical(KEY, logits, axis), feeds)
        assert found.shape == shape
        gumbel = draw(random.gumbel(KEY, (4, 3, 5), "float32"))
        np.testing.assert_array_equal(found, (feeds[logits] + gumbel).argmax(axis))


def test_choices() -> None:
    check_frequencies(draw(random.choice(KEY, 4, (COUNT,), p=WEIGHTS * 3)))
    pool = np.array([[1.5, 2.5, 3.5], [10.0, 20.0, 30.0]])
    chosen = draw(random.choice(KEY, pool, (5, 2), axis=1))
    assert chosen.shape == (2, 5, 2) and set(chosen[0].ravel()) <= {1.5, 2.5, 3.5}
    np.testing.assert_array_equal(chosen[1], (chosen[0] - 0.5) * 10)
    values = draw(random.choice(KEY, 3, (COUNT,)))
    assert stats.chisquare(np.bincount(values)).pvalue > 0.01
    x = sa.placeholder(("n",))
    (found,) = run(random.choice(KEY, x, (20,)), {x: np.array([4.0, 5.0])})
    assert set(found) == {4.0, 5.0}
    (found,) = run(random.choice(KEY, x.shape[0], (20,)), {x: np.zeros(2)})
    assert set(found) == {0, 1}


def test_choices_of_a_tensor_have_derivatives() -> None:
    x = sa.placeholder((3,))
    (g,) = sa.gradients(random.choice(KEY, x, (50,)).sum(), [x])
    (found,) = run(g, {x: np.zeros(3)})
    np.testing.assert_array_equal(found, np.bincount(draw(random.randint(KEY, (50,), 0, 3)), minlength=3))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: random.randint(KEY, (3,), 0, 0), ConfigError, "randint: minval has to be less than maxval, not 0, 0"),
        (lambda: random.randint(KEY, (2,), np.array([0, 5]), 3), ConfigError, "minval has to be less"),
        (lambda: random.randint(KEY, (3,), 0, 257, "uint8"), DTypeError, "maxval = 257 does not fit uint8"),
        (lambda: random.randint(KEY, (3,), -1, 5, "uint8"), DTypeError, "minval = -1 does not fit uint8"),
        (lambda: random.randint(KEY, (3,), 0, 2.5), DTypeError, "maxval has to be an integer"),
        (lambda: random.randint(KEY, (3,), 0, 2, "float32"), DTypeError, "draws integers, not float32"),
        (lambda: random.randint(KEY, (3,), np.zeros(2, int), 5), ShapeError, "minval does not broadcast"),
        (lambda: random.bernoulli(KEY, 1.5), ConfigError, r"bernoulli: p has to be in \[0, 1\], not 1.5"),
        (lambda: random.bernoulli(KEY, np.array([0.5, np.nan])), ConfigError, r"p has to be in"),
        (lambda: random.bernoulli(KEY, np.zeros(3), (2,)), ShapeError, "p does not broadcast"),
        (lambda: random.categorical(KEY, np.zeros((2, 3)), shape=(3,)), ShapeError, "not end with that of the logits"),
        (lambda: random.categorical(KEY, np.zeros((2, 3)), shape=()), ShapeError, "not end with that of the logits"),
        (lambda: random.categorical(KEY, np.zeros((2, 3)), axis=2), ShapeError, "axis 2 is out of bounds"),
        (lambda: random.choice(KEY, 0), ConfigError, "nothing to choose from"),
        (lambda: random.choice(KEY, np.zeros((0, 2))), ConfigError, "nothing to choose from"),
        (lambda: random.choice(KEY, 3, p=np.array([0.5, 0.5])), ShapeError, r"p has to have the shape \(3,\)"),
        (lambda: random.choice(KEY, 2, p=np.array([0.5, -0.5])), ConfigError, "p has to be at least 0"),
        (lambda: random.choice(KEY, sa.placeholder(())), ShapeError, "a is a size or has an axis"),
    ],
)  # fmt: skip
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as raised:
        make()
    assert "test_discrete.py:" in str(raised.value)
