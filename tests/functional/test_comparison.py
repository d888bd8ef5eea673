"""Comparisons and logic against NumPy, for all pairs of dtypes and at the ends of their ranges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.ir.dtypes import ALL, BOOL
from staticad.ops.sources import placeholder
from staticad.reference import evaluate
from tests.harness.families import specials

RELATIONS = ["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"]
SYMBOLS = {"equal": "__eq__", "not_equal": "__ne__", "less": "__lt__", "less_equal": "__le__", "greater": "__gt__",
           "greater_equal": "__ge__"}  # fmt: skip


def run(function: Any, *arrays: Any) -> np.ndarray:
    xs = [placeholder(a.shape, a.dtype) if isinstance(a, np.ndarray) else a for a in arrays]
    y = function(*xs)
    assert y.dtype == BOOL
    return evaluate([y], {x: a for x, a in zip(xs, arrays) if isinstance(a, np.ndarray)})[0]


@pytest.mark.parametrize("a", ALL, ids=str)
def test_relations_of_arrays(a: np.dtype) -> None:
    for b in ALL:
        left, right = specials(a)[:, None], specials(b)[None, :]
        for name in RELATIONS:
            expected = getattr(np, name)(left, right)
            np.testing.assert_array_equal(run(getattr(sa, name), left, right), expected, name)
            np.testing.assert_array_equal(run(getattr(sa.Tensor, SYMBOLS[name]), left, right), expected, name)


def test_signed_and_uint64_compare_exactly() -> None:
    signed, unsigned = np.array([-1, 2**62 + 1], "int64"), np.array([2**64 - 1, 2**62], "uint64")
    assert run(sa.less, signed, unsigned).tolist() == [True, False]
    assert run(sa.equal, signed, unsigned).tolist() == [False, False]
    assert run(sa.greater, unsigned, signed).tolist() == [True, False]


@pytest.mark.parametrize("scalar", [0, 1, -1, 127, 128, 300, -300, 2**63, -(2**63) - 1, 2**64, True, 0.5, np.inf])
def test_relations_with_python_scalars(scalar: Any) -> None:
    for dtype in ALL:
        array = specials(dtype)
        for name in RELATIONS:
            numpys = getattr(np, name)
            if dtype == BOOL and type(scalar) is int and abs(scalar) >= 2**62:
                continue  # NumPy compares these as Python objects
            np.testing.assert_array_equal(run(getattr(sa, name), array, scalar), numpys(array, scalar), name)
            np.testing.assert_array_equal(run(getattr(sa, name), scalar, array), numpys(scalar, array), name)


def test_sizes_compare_with_tensors() -> None:
    x = placeholder(("n",), "int8")
    array = np.array([1, 3, 5], "int8")
    for y, expected in (
        (x.shape[0] == x, array == 3),
        (x.shape[0] != x, array != 3),
        (x < x.shape[0], array < 3),
        (x.shape[0] >= x, 3 >= array),
        (x == x.shape[0], array == 3),
    ):
        np.testing.assert_array_equal(evaluate([y], {x: array})[0], expected)


@pytest.mark.parametrize("a", ALL, ids=str)
def test_logic(a: np.dtype) -> None:
    for b in ALL:
        left, right = specials(a)[:, None], specials(b)[None, :]
        for name in ("logical_and", "logical_or", "logical_xor"):
            np.testing.assert_array_equal(run(getattr(sa, name), left, right), getattr(np, name)(left, right), name)
    np.testing.assert_array_equal(run(sa.logical_not, left), np.logical_not(left))
    np.testing.assert_array_equal(run(sa.logical_and, left, 300), np.logical_and(left, True))


@pytest.mark.parametrize("dtype", ALL, ids=str)
def test_classification(dtype: np.dtype) -> None:
    array = specials(dtype)
    for name in ("isnan", "isfinite", "isinf"):
        np.testing.assert_array_equal(run(getattr(sa, name), array), getattr(np, name)(array), name)
