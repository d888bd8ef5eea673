"""Data at the edges: empty arrays, NaN and infinities, layouts, scalars of Python."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa

X = sa.placeholder((None, 3), "float32", name="x")
SESSION = sa.compile([sa.exp(X).sum(axis=1), (X * 2.0).T, X.sum(), sa.where(X > 0, X, 0.0)], [X])


def check(given: Any) -> None:
    array = np.asarray(given, "float32")
    expected = sa.evaluate(list(SESSION.fetches), {X: array})
    for result, want in zip(SESSION(given), expected, strict=True):
        assert result.shape == want.shape and result.dtype == want.dtype
        np.testing.assert_allclose(result, want, rtol=1e-5)


@pytest.mark.parametrize("rows", [0, 1, 2, 5])
def test_no_rows_and_some(rows: int) -> None:
    check(np.random.default_rng(rows).normal(size=(rows, 3)).astype("float32"))


def test_numbers_that_are_not_finite_are_data() -> None:
    check(np.array([[np.nan, 1, 2], [np.inf, -np.inf, 0], [-0.0, np.inf, np.inf]], "float32"))


def test_layouts() -> None:
    array = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")
    frozen = array.copy()
    frozen.flags.writeable = False
    big = np.zeros((12, 7), "float32")
    big[::2, 1:4] = array
    for given in (
        array,
        np.asfortranarray(array),
        frozen,
        big[::2, 1:4],
        array[::-1],
        array.astype(">f4"),
        array.tolist(),
        tuple(map(tuple, array.tolist())),
    ):
        check(given)


@pytest.mark.parametrize("value", [2, 2.5, True, np.float64(2.5), np.array(2.5), np.array(2.5, ">f8")])
def test_scalars_of_python_and_numpy(value: Any) -> None:
    x = sa.placeholder((), name="x")
    session = sa.compile(x * 2.0 + 1.0, [x])
    result = session(value)
    assert isinstance(result, np.ndarray) and result.shape == () and result == 2 * float(value) + 1
    assert session.run({"x": value}) == result


def test_whole_numbers_for_float_inputs_and_lists() -> None:
    x = sa.placeholder((None,), "float32")
    session = sa.compile(x / 2.0, [x])
    np.testing.assert_array_equal(session([1, 2, 3]), np.array([0.5, 1, 1.5], "float32"))
    with pytest.raises(sa.DTypeError, match="int64"):
        session(np.array([1, 2, 3]))  # an array has a dtype of its own


def test_reductions_and_products_of_nothing() -> None:
    a, b = sa.placeholder(("n", "k")), sa.placeholder(("k", "m"))
    session = sa.compile([a @ b, a.sum(axis=0), a.prod(), sa.concatenate([a, a], axis=1), (a > 0).all()], [a, b])
    for n, k, m in ((0, 2, 3), (2, 0, 3), (2, 3, 0), (0, 0, 0)):
        feeds = [np.ones((n, k)), np.ones((k, m))]
        for result, want in zip(session(*feeds), sa.evaluate(list(session.fetches), dict(zip((a, b), feeds)))):
            np.testing.assert_array_equal(result, want)
            assert result.shape == want.shape


def test_fixed_sizes_of_zero() -> None:
    x = sa.placeholder((0, 3))
    session = sa.compile([x.sum(axis=0), sa.exp(x), x.T @ x], [x])
    total, same, product = session(np.zeros((0, 3)))
    np.testing.assert_array_equal(total, np.zeros(3))
    assert same.shape == (0, 3)
    np.testing.assert_array_equal(product, np.zeros((3, 3)))


def test_a_mean_of_nothing_is_nan_as_in_numpy() -> None:
    x = sa.placeholder((None,))
    assert np.isnan(sa.compile(x.mean(), [x])(np.zeros(0)))


@pytest.mark.parametrize("dtype", ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"])
def test_inputs_of_every_integer_dtype(dtype: str) -> None:
    x = sa.placeholder((None,), dtype)
    session = sa.compile([x, ~x if dtype == "bool" else x + x, x.astype("float64")], [x])
    limits = (False, True) if dtype == "bool" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    array = np.array([*limits, 1, 0], dtype)
    for result, want in zip(session(array), sa.evaluate(list(session.fetches), {x: array}), strict=True):
        np.testing.assert_array_equal(result, want)
        assert result.dtype == want.dtype


def test_a_feed_that_is_also_a_result_of_another_session() -> None:
    first, _, _, rest = SESSION(np.ones((2, 3), "float32"))
    check(rest)
    x = sa.placeholder((None,), "float32")
    np.testing.assert_array_equal(sa.compile(x + x, [x])(first), 2 * first)
