"""Updated copies and segments: every mode at repeated places, masks, boolean scalars, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.reference import evaluate
from tests.harness.derivatives import check_gradients

X = np.array([[1.5, -2.0, 3.0], [0.5, 4.0, -1.0], [2.0, 2.5, 0.25]])
ROWS = np.array([0, 2, 0, -1])
VALUES = np.array([[2.25], [0.6], [3.5], [4.5]])
AT: dict[str, Any] = {
    "add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.divide, "min": np.minimum,
    "max": np.maximum,
}  # fmt: skip


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    "key", [ROWS, (slice(None), ROWS % 3), (ROWS, [[1], [1]]), (1, slice(None, None, -1)), 2], ids=str
)
def test_repeated_places(key: Any, known: bool) -> None:
    """As NumPy's ``ufunc.at``; the factors of several divisions are multiplied first."""
    x, i = sa.placeholder((None, 3)), sa.placeholder((4,), "int64")
    place = tuple(i if k is ROWS else k for k in key) if isinstance(key, tuple) else i if key is ROWS else key
    for name, ufunc in AT.items():
        expected = X.copy()
        ufunc.at(expected, key, 2.5)
        node = getattr(x.at[key if known else place], name)(2.5)
        np.testing.assert_allclose(evaluate(node, {x: X, i: ROWS})[0], expected, rtol=1e-15)
    expected = X.copy().ravel()
    for number in np.arange(9).reshape(3, 3)[key].ravel():
        expected[number] = 2 * expected[number] + 1
    node = x.at[key if known else place].apply(lambda v: 2 * v + 1)
    np.testing.assert_array_equal(evaluate(node, {x: X, i: ROWS})[0].ravel(), expected)


def test_power_of_a_repeated_place_is_that_of_the_product() -> None:
    x, i = sa.placeholder((4,)), sa.placeholder((3,), "int64")
    node = x.at[i].power(np.array([2.0, 3.0, 0.5]))
    value, places = np.array([-1.0, 2.0, 3.0, 0.0]), np.array([1, 1, 3])
    np.testing.assert_allclose(evaluate(node, {x: value, i: places})[0], [-1, 64, 3, 0])
    whole = sa.placeholder((4,), "int32")
    assert evaluate(whole.at[[1, 1]].power(2), {whole: np.array([1, 3, 5, 7], np.int32)})[0].tolist() == [1, 81, 5, 7]


@pytest.mark.parametrize("name", ["subtract", "divide", "power", "multiply", "min", "max"])
def test_derivatives_at_repeated_places(name: str) -> None:
    x, v = sa.placeholder((3, 3)), sa.placeholder((4, 1))
    check_gradients(getattr(x.at[ROWS], name)(v), [x, v], {x: np.abs(X), v: VALUES}, order=2)


def test_a_function_may_have_derivatives_and_be_applied_several_times() -> None:
    x = sa.placeholder((3, 3))
    check_gradients(x.at[ROWS].apply(sa.sin), [x], {x: X}, order=2)
    check_gradients(x.at[1:, ::2].apply(sa.sin), [x], {x: X}, order=2)


def test_masks_known_in_the_run() -> None:
    x, mask = sa.placeholder((None, 3)), sa.placeholder((None,), bool)
    where = np.array([True, False, True])
    for name, expected in (("set", [9.0, 8.0, 7.0]), ("add", X[where] + [9.0, 8.0, 7.0])):
        changed = X.copy()
        changed[where] = expected
        node = getattr(x.at[mask], name)(np.array([[9.0, 8.0, 7.0]]))
        np.testing.assert_array_equal(evaluate(node, {x: X, mask: where})[0], changed)
    node = x.at[mask].apply(lambda v: -v)
    np.testing.assert_array_equal(evaluate(node, {x: X, mask: where})[0], np.where(where[:, None], -X, X))


def test_constant_masks_fix_free_sizes() -> None:
    x = sa.placeholder((None, None))
    where = np.array([True, False, True])
    for read, changed in ((x[where], x.at[where].set(0.0)), (x[..., where], x.at[..., where].set(0.0))):
        assert evaluate(read, {x: X})[0].size == 6
        assert (evaluate(changed, {x: X})[0] == 0).sum() == 6
        with pytest.raises(sa.FeedError):
            evaluate(read, {x: np.zeros((4, 4))})


@pytest.mark.parametrize(
    "key", [True, False, (True, 0), (slice(None), True, [0, 2]), (None, np.array(False), 1), ([0, 1], True, 1)]
)
def test_boolean_scalars(key: Any) -> None:
    x = sa.placeholder((3, 3))
    np.testing.assert_array_equal(evaluate(x[key], {x: X})[0], X[key], strict=True)
    changed = X.copy()
    changed[key] = 7.0
    np.testing.assert_array_equal(evaluate(x.at[key].set(7.0), {x: X})[0], changed)


@pytest.mark.parametrize(
    ("call", "error", "what"),
    [
        (lambda x: x.at[0].divide(2), sa.DTypeError, "divide: int32 is not supported"),
        (lambda x: x.at[0].add(0.5), sa.DTypeError, "add: 0.5 does not go into int32"),
        (lambda x: x.at[0].apply(sa.sqrt), sa.DTypeError, "apply: float64 does not go"),
        (lambda x: x.at[[0, 1]].apply(lambda v: v[:1, 0]), sa.ShapeError, "apply: the function changes the shape"),
        (lambda x: (x > 0).at[0].subtract(True), sa.DTypeError, "subtract: bool"),
    ],
)
def test_errors(call: Any, error: type[Exception], what: str) -> None:
    with pytest.raises(error, match=f"{what}.*test_updates"):
        call(sa.placeholder((3, 2), "int32"))


SEGMENTS = {"segment_sum": np.add, "segment_prod": np.multiply, "segment_max": np.maximum, "segment_min": np.minimum}


@pytest.mark.parametrize("name", SEGMENTS)
@pytest.mark.parametrize("dtype", ["float32", "int16", "uint8"])
def test_segments(name: str, dtype: str) -> None:
    """Rows of a number outside belong to no segment; an empty one has the neutral element."""
    data, ids = np.arange(12).reshape(6, 2).astype(dtype), np.array([2, 0, 2, -1, 9, 2])
    limits = np.iinfo(dtype) if dtype != "float32" else None
    neutral = {
        "segment_sum": 0, "segment_prod": 1, "segment_max": -np.inf if limits is None else limits.min,
        "segment_min": np.inf if limits is None else limits.max,
    }[name]  # fmt: skip
    expected = np.full((4, 2), neutral, dtype)
    inside = (ids >= 0) & (ids < 4)
    SEGMENTS[name].at(expected, ids[inside], data[inside])
    x, i, n = sa.placeholder((None, 2), dtype), sa.placeholder((None,), "int32"), sa.placeholder(("n",))
    for numbers, count in ((i, 4), (i, n.shape[0]), (ids, 4)):
        node = getattr(sa, name)(x, numbers, count)
        (found,) = evaluate(node, {x: data, i: ids.astype(np.int32), n: np.zeros(4)})
        np.testing.assert_array_equal(found, expected, strict=True)
    known = getattr(sa, name)(x, [1, 0, 1, 1, 0, 0])
    assert known.shape == (2, 2)
