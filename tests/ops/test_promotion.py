"""Promotion is NumPy 2's: all pairs of dtypes, weak Python scalars, symbolic sizes, and what does not fit."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import DTypeError
from staticad.ir.dtypes import ALL, BOOL, FLOAT32, FLOAT64, INT8, INT64
from staticad.ops.conversion import CAST
from staticad.ops.promotion import as_operands, common_dtype, to_tensor
from staticad.ops.sources import CONSTANT, constant, constant_array, placeholder
from staticad.reference import evaluate


@pytest.mark.parametrize(("a", "b"), list(itertools.product(ALL, ALL)), ids=str)
def test_pairs_of_tensors_and_arrays(a: np.dtype, b: np.dtype) -> None:
    expected = np.result_type(a, b)
    x, y, array, scalar = placeholder((), a), placeholder((), b), np.ones(2, b), b.type(1)
    for other in (y, array, scalar):
        operands = as_operands("add", x, other)
        assert [t.dtype for t in operands] == [expected, expected]
        assert sa.add(x, other).dtype == (np.ones(2, a) + np.ones(2, b)).dtype
    assert as_operands("add", x, array)[1].op is CONSTANT  # an array is converted now, not in the graph
    assert (as_operands("add", x, y)[0] is x) == (a == expected)


@pytest.mark.parametrize("scalar", [True, 3, 2.5, -1.0, 0])
@pytest.mark.parametrize("dtype", ALL, ids=str)
def test_weak_scalars(dtype: np.dtype, scalar: Any) -> None:
    x = placeholder((2,), dtype)
    array = np.ones(2, dtype)
    for ours, numpys in ((x + scalar, array + scalar), (scalar + x, scalar + array)):
        assert ours.dtype == numpys.dtype == np.result_type(dtype, scalar)
        np.testing.assert_array_equal(evaluate([ours], {x: array})[0], numpys)
    assert common_dtype(scalar, x, True) == np.result_type(array, scalar, True)


def test_weak_scalars_among_themselves() -> None:
    for values in ((1, 2), (True, False), (1, 2.5), (True, 1), (True, 0.5), (1.0, 2)):
        assert common_dtype(*values) == np.result_type(*values)
        assert sa.add(*values).dtype == np.add(*values).dtype
        assert evaluate([sa.add(*values)])[0] == np.add(*values)


def test_numpy_scalars_are_not_weak() -> None:
    x = placeholder((), FLOAT32)
    assert (x * np.float64(2)).dtype == FLOAT64
    assert (np.float64(2) * x).dtype == FLOAT64
    assert (x * 2.0).dtype == FLOAT32
    assert (x * np.int8(2)).dtype == FLOAT32
    assert (placeholder((), INT8) * np.int64(2)).dtype == INT64


@pytest.mark.parametrize("dtype", [d for d in ALL if d.kind in "iu"], ids=str)
def test_python_integers_have_to_fit(dtype: np.dtype) -> None:
    x = placeholder((2,), dtype)
    info = np.iinfo(dtype)
    for inside in (info.min, info.max):
        assert constant_array(as_operands("add", x, inside)[1]) == inside
    for outside in (info.min - 1, info.max + 1, 10**30):
        with pytest.raises(OverflowError):
            np.ones(2, dtype) + outside
        with pytest.raises(DTypeError, match=rf"add: .*{dtype}.*test_promotion\.py:\d+.*{outside}"):
            x + outside


def test_numbers_that_would_be_infinite_are_refused() -> None:
    """Where NumPy warns of an overflow."""
    x = placeholder((2,), FLOAT32)
    for number in (1e300, 10**39, 10**400):
        with pytest.raises(DTypeError, match=r"^add: 1.* is beyond the range of float32, .*test_promotion\.py:\d+"):
            x + number


def test_sizes_are_weak_integers() -> None:
    x = placeholder(("n", 2), FLOAT32)
    n = x.shape[0]
    feeds = {x: np.ones((6, 2), "float32")}
    for tensor, expected in (
        (x / n, np.float32(1 / 6)),
        (n * x, np.float32(6)),
        (x - 2 * n, np.float32(-11)),
        (n - x, np.float32(5)),
        (x**n, np.float32(1)),
    ):
        assert tensor.dtype == FLOAT32
        np.testing.assert_array_equal(evaluate([tensor], feeds)[0], np.full((6, 2), expected))
    small = placeholder((), INT8)
    assert (small + n).dtype == INT8
    assert (placeholder((), BOOL) + n).dtype == INT64
    assert to_tensor(n).dtype == INT64
    assert evaluate([to_tensor(n * n)], feeds)[0] == 36
    assert (x.shape[0] > sa.asarray(3)).dtype == BOOL


def test_what_is_no_array() -> None:
    x = placeholder((2,), FLOAT32)
    for value in (np.longdouble(1), ["a", "b"], np.array(["a"]), np.array([None, 1])):
        with pytest.raises(DTypeError):
            x + value
    with pytest.raises(DTypeError, match="sa.stack"):
        x + [x, x]
    for value in ("text", None, object(), {1: 2}, {1, 2}):
        with pytest.raises(TypeError):
            x + value
    assert not x == None  # noqa: E711 - a foreign type compares by identity, as Python does
    assert x != "text"


def test_foreign_types_get_their_turn() -> None:
    class Foreign:
        def __radd__(self, other: Any) -> str:
            return "foreign"

        def __add__(self, other: Any) -> str:
            return "foreign first"

        def __rpow__(self, other: Any) -> str:
            return "power"

    x = placeholder(())
    assert x + Foreign() == "foreign"
    assert Foreign() + x == "foreign first"
    assert x ** Foreign() == "power"


def test_casts_are_made_only_where_needed() -> None:
    x = placeholder((), FLOAT64)
    assert to_tensor(x, FLOAT64) is x
    assert to_tensor(x) is x
    assert to_tensor(x, FLOAT32).op is CAST
    assert sa.astype(x, float) is x
    assert constant_array(to_tensor(2, FLOAT32)) == np.float32(2)
    assert constant(2).dtype == INT64


def test_the_error_names_the_users_line() -> None:
    x = placeholder((2,), INT8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DTypeError) as caught:
            x * 1000
    message = str(caught.value)
    assert message.startswith("mul: Python integer 1000 out of bounds for int8; cast the tensor to a wider dtype")
    assert message.count("test_promotion.py:") == 2  # where x was made, and where it was multiplied
