"""Casts of kernels between all dtypes against NumPy's astype, and what is promised where C promises nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.codegen.kernel_runner import assert_identical, evaluate, kernel_dtype

DTYPES = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64")
INTEGERS = DTYPES[1:9]


def values(dtype: str) -> np.ndarray:
    """Extremes of this dtype, and of every narrower one, with their neighbours."""
    kind = np.dtype(dtype).kind
    if kind == "b":
        return np.array([False, True])
    edges = {0, 1, 2, 100, 2**24 + 1, 2**53 + 1} | {2**k + d for k in (7, 8, 15, 16, 31, 32, 63) for d in (-1, 0, 1)}
    edges |= {-edge for edge in edges}
    if kind == "f":
        fractions = [0.0, -0.0, 0.4, -0.6, 1.5, -127.9, 254.7, np.nan, np.inf, -np.inf, 1e-40, 3e38, 1e300]
        with np.errstate(over="ignore"):
            return np.array([*map(float, sorted(edges)), *fractions], dtype)
    info = np.iinfo(dtype)
    return np.array(sorted(edge for edge in edges | {info.min, info.max} if info.min <= edge <= info.max), dtype)


def fits(source: np.ndarray, target: str) -> np.ndarray:
    """Where C defines the conversion: everything but a float whose truncated value the integer cannot hold."""
    if source.dtype.kind != "f" or np.dtype(target).kind not in "iu":
        return np.ones(source.shape, bool)
    info = np.iinfo(target)
    with np.errstate(invalid="ignore"):
        return (np.trunc(source) >= float(info.min)) & (np.trunc(source) < 2.0 ** (info.bits - (info.min < 0)))


@pytest.mark.parametrize("source", DTYPES)
def test_against_astype(source: str) -> None:
    a = values(source)
    results = evaluate([a], {f"cast(a, {kernel_dtype(target)})": target for target in DTYPES})
    for target, result in zip(DTYPES, results.values(), strict=True):
        defined = fits(a, target)
        with np.errstate(all="ignore"):
            expected = a.astype(target)
        assert_identical(result[defined], expected[defined], a[defined])


UNDEFINED: dict[str, list[Any]] = {
    "int8": [44, 0, 0, 0],
    "int16": [300, 0, 0, 0],
    "int32": [300, -(2**31), -(2**31), -(2**31)],
    "int64": [300, 5 * 10**9, -(2**63), -(2**63)],
    "uint8": [44, 0, 0, 0],
    "uint16": [300, 0, 0, 0],
    "uint32": [300, 0, 0, 2**31],
    "uint64": [300, 5 * 10**9, 0, 2**63],
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_floats_that_do_not_fit_an_integer(dtype: str) -> None:
    a = np.array([300.7, 5e9, 1e30, np.nan], dtype)
    results = evaluate([a], {f"cast(a, {target})": target for target in INTEGERS})
    for target, result in zip(INTEGERS, results.values(), strict=True):
        assert result.tolist() == UNDEFINED[target], target


def test_constants_are_typed_by_their_name() -> None:
    a = np.zeros(2, np.int8)
    results = evaluate([a], {"add(a, int8(-3))": "int8", "float32(nan)": "float32", "float64(-inf)": "float64"})
    assert [array[0] for array in results.values()][::2] == [-3, -np.inf]
    assert np.isnan(results["float32(nan)"]).all()
