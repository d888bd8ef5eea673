"""Parts of floats: dtypes, odd numbers, and what is refused; comparisons of whole arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import DTypeError, FeedError, ShapeError
from staticad.reference import evaluate
from tests.harness.families import specials


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_odd_numbers_have_numpys_parts(dtype: str) -> None:
    """Compiled, all in one session."""
    array = specials(np.dtype(dtype))
    x = sa.placeholder((None,), dtype)
    names = ("signbit", "spacing", "frexp", "modf", "isposinf", "isneginf", "fabs", "nan_to_num", "fix")
    ours: list[Any] = []
    expected: list[Any] = []
    with np.errstate(all="ignore"):
        for name in names:
            for made, results in ((ours, getattr(sa, name)(x)), (expected, getattr(np, name)(array))):
                made += results if isinstance(results, tuple) else [results]
        for shift in (-1100, -1, 0, 3, 2**40, -(2**62)):
            ours.append(sa.ldexp(x, shift))
            expected.append(np.ldexp(array, np.int64(np.clip(shift, -9999, 9999))))
        ours.append(sa.heaviside(x, 0.5))
        expected.append(np.heaviside(array, array.dtype.type(0.5)))
    for value, wanted in zip(sa.compile(ours, inputs=[x])(array), expected, strict=True):
        assert value.dtype == wanted.dtype
        np.testing.assert_array_equal(value, wanted)


def test_exponents_are_integers() -> None:
    x = sa.placeholder((2,), "float32")
    with pytest.raises(DTypeError, match=r"ldexp: exponents have to be integers.*test_float_parts\.py.*sa\.exp2"):
        sa.ldexp(x, 1.5)
    for exponents in ("int8", "uint64", "bool"):
        assert sa.ldexp(x, sa.placeholder((2,), exponents)).dtype == np.float32
    n = sa.placeholder((2,), "uint64")
    huge = np.array([2**63, 3], "uint64")
    np.testing.assert_array_equal(evaluate([sa.ldexp(1.0, n)], {n: huge})[0], [np.inf, 8.0])


def test_numbers_in_the_place_of_nan_may_be_tensors() -> None:
    x, mean = sa.placeholder((3,)), sa.placeholder(())
    array = np.array([np.nan, -np.inf, 2.0])
    mended = sa.nan_to_num(x, nan=mean, neginf=mean * 2)
    slopes = sa.gradients(mended.sum(), [x, mean])
    found = evaluate([mended, *slopes], {x: array, mean: 5.0})
    for value, expected in zip(found, ([5.0, 10.0, 2.0], [0.0, 0.0, 1.0], 3.0)):
        np.testing.assert_array_equal(value, expected)


def test_a_number_in_the_place_of_nan_is_left_as_it_is() -> None:
    """Also where it is infinite, and there are numbers for infinities."""
    array = np.array([-np.inf, np.nan, np.inf])
    for options in ({"nan": np.inf, "posinf": 9.0}, {"nan": -np.inf, "neginf": 1.0}):
        x = sa.placeholder((3,))
        (value,) = evaluate([sa.nan_to_num(x, **options, copy=False)], {x: array})
        np.testing.assert_array_equal(value, np.nan_to_num(array, **options))


def test_powers_of_integers_in_floats() -> None:
    x = sa.placeholder((3,), "int32")
    (value,) = evaluate([sa.float_power(x, -1)], {x: np.array([1, 2, -4], "int32")})
    np.testing.assert_array_equal(value, [1.0, 0.5, -0.25])


def test_closeness_follows_numpy() -> None:
    a = np.array([1.0, np.inf, -np.inf, np.nan, 0.0, 1e-9, 1e10])
    b = np.array([1.00001, np.inf, np.inf, np.nan, -0.0, 0.0, 1.00001e10])
    x, y = sa.placeholder((None,)), sa.placeholder((None,))
    whole = sa.placeholder((7,), "int8")
    for options in ({}, {"equal_nan": True}, {"rtol": 0.0}, {"atol": 1e-3, "rtol": 1e-3}):
        found = evaluate([sa.isclose(x, y, **options), sa.allclose(x, y, **options)], {x: a, y: b})
        for value, wanted in zip(found, (np.isclose(a, b, **options), np.allclose(a, b, **options))):
            np.testing.assert_array_equal(value, wanted)
    small = np.arange(7, dtype="int8")
    (value,) = evaluate([sa.isclose(whole, 3)], {whole: small})
    np.testing.assert_array_equal(value, np.isclose(small, 3))


def test_arrays_of_other_shapes_are_not_equal() -> None:
    x = sa.placeholder((2, 3))
    assert not evaluate([sa.array_equal(x, np.ones(3))])[0]
    assert not evaluate([sa.array_equal(x, np.ones((2, 1)))])[0]
    free = sa.placeholder((None, 3))
    with pytest.raises((FeedError, ShapeError)):
        evaluate([sa.array_equal(x, free)], {x: np.ones((2, 3)), free: np.ones((4, 3))})
