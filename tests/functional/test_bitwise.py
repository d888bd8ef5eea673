"""Bits of integers against NumPy, for all pairs of dtypes, Python numbers, and all shifts."""

from __future__ import annotations

import itertools
import operator
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import DTypeError
from staticad.ir.dtypes import ALL, BOOL, is_float
from staticad.ops.sources import placeholder
from staticad.reference import evaluate
from tests.harness.families import specials

BINARY = ["bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift"]
SYMBOLS = [operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift]
INTEGERS = [d for d in ALL if not is_float(d)]


def run(function: Any, *arrays: Any, compiled: bool = False) -> np.ndarray:
    xs = [placeholder(a.shape, a.dtype) if isinstance(a, np.ndarray) else a for a in arrays]
    y = function(*xs)
    feeds = {x: a for x, a in zip(xs, arrays) if isinstance(a, np.ndarray)}
    return sa.compile(y, inputs=list(feeds)).run(feeds) if compiled else evaluate([y], feeds)[0]


@pytest.mark.parametrize(("a", "b"), list(itertools.product(INTEGERS, INTEGERS)), ids=str)
def test_pairs_of_dtypes(a: np.dtype, b: np.dtype) -> None:
    left, right = specials(a)[:, None], specials(b)[None, :]
    if is_float(np.result_type(a, b)):  # NumPy has no integer for int64 and uint64
        with pytest.raises(DTypeError, match="floats have no bits"):
            run(sa.bitwise_and, left, right)
        return
    for name, symbol in zip(BINARY, SYMBOLS):
        expected = getattr(np, name)(left, right)
        for function in (getattr(sa, name), symbol, getattr(np, name)):
            found = run(function, left, right)
            assert found.dtype == expected.dtype
            np.testing.assert_array_equal(found, expected, name)


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
def test_all_shifts_of_compiled_code(dtype: np.dtype) -> None:
    values = specials(dtype)[:, None]
    counts = np.array([c for c in (*range(70), 100, 255, -1, -2, -128) if dtype != BOOL], "int64")
    counts = counts[np.isin(counts, counts.astype(dtype).astype("int64"))].astype(dtype)
    for symbol in (operator.lshift, operator.rshift):
        np.testing.assert_array_equal(run(symbol, values, counts, compiled=True), symbol(values, counts))
        for count in (0, 1, 7, 8, 31, 32, 63, 64, 100):
            if dtype != BOOL:
                expected = symbol(values, count)
                np.testing.assert_array_equal(
                    run(lambda x, s=symbol, c=count: s(x, c), values, compiled=True), expected
                )


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
def test_complement_and_python_numbers(dtype: np.dtype) -> None:
    array = specials(dtype)
    for function in (sa.invert, sa.bitwise_not, operator.invert, np.invert):
        np.testing.assert_array_equal(run(function, array), ~array)
    for symbol in (operator.and_, operator.or_, operator.xor):
        for number in (True, 5):
            expected = symbol(array, number)
            for found in (
                run(lambda x, s=symbol, n=number: s(x, n), array),
                run(lambda x, s=symbol, n=number: s(n, x), array),
            ):
                assert found.dtype == expected.dtype
                np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(run(lambda x: 1 << x, array & 3), 1 << (array & 3))


def test_bools_are_logic() -> None:
    x = placeholder((3,), "bool")
    assert {(x & True).op.name, (~x).op.name, (x | x).op.name} == {"logical_and", "logical_not", "logical_or"}
    assert (x << x).dtype == "int8"


def test_floats_are_refused() -> None:
    x, i = placeholder((3,)), placeholder((3,), "int32")
    for function in (lambda: x & 1, lambda: i | 1.5, lambda: ~x, lambda: x << 1, lambda: i >> x):
        with pytest.raises(DTypeError, match=r"floats have no bits here; compare first.*test_bitwise\.py"):
            function()


def test_a_number_that_does_not_fit_is_refused() -> None:
    with pytest.raises(DTypeError, match="bitwise_and.*300"):
        placeholder((), "int8") & 300


def test_bits_have_no_derivative() -> None:
    x = placeholder((3,))
    y = (sa.astype(x, "int32") & 1).sum() * x.sum()
    (g,) = sa.gradients(y, [x])
    found = sa.compile(g, inputs=[x])(np.array([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(found, [2.0, 2.0, 2.0])
