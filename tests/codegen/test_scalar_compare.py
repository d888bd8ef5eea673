"""Comparisons, logic, classification and `where` of kernels against NumPy, in every dtype."""

from __future__ import annotations

import numpy as np
import pytest

from tests.codegen.kernel_runner import assert_identical, evaluate

DTYPES = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64")
FUNCTIONS = {
    "equal(a, b)": np.equal,
    "not_equal(a, b)": np.not_equal,
    "less(a, b)": np.less,
    "less_equal(a, b)": np.less_equal,
    "greater(a, b)": np.greater,
    "greater_equal(a, b)": np.greater_equal,
    "logical_and(a, b)": np.logical_and,
    "logical_or(a, b)": np.logical_or,
    "logical_xor(a, b)": np.logical_xor,
    "logical_not(a)": lambda a, b: np.logical_not(a),
    "isnan(a)": lambda a, b: np.isnan(a),
    "isinf(a)": lambda a, b: np.isinf(a),
    "isfinite(a)": lambda a, b: np.isfinite(a),
}


def values(dtype: str) -> np.ndarray:
    """Extremes, zeros and small numbers of a dtype."""
    kind = np.dtype(dtype).kind
    if kind == "b":
        return np.array([False, True])
    if kind == "f":
        return np.array([0.0, -0.0, 1.0, -1.0, 1e-40, np.inf, -np.inf, np.nan, 1e30], dtype)
    info = np.iinfo(dtype)
    return np.array([info.min, info.min + 1, 0, 1, 2, info.max - 1, info.max], dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_against_numpy(dtype: str) -> None:
    a, b = (array.ravel() for array in np.meshgrid(values(dtype), values(dtype)))
    results = evaluate([a, b], dict.fromkeys(FUNCTIONS, "bool"))
    for expression, function in FUNCTIONS.items():
        assert_identical(results[expression], function(a, b), a, b)


@pytest.mark.parametrize("dtype", DTYPES)
def test_where(dtype: str) -> None:
    a, b = (array.ravel() for array in np.meshgrid(values(dtype), values(dtype)))
    condition = np.arange(a.size) % 3 == 0
    result = evaluate([condition, a, b], {"where(a, b, c)": dtype})["where(a, b, c)"]
    assert_identical(result, np.where(condition, a, b), condition, a, b)


def test_a_stored_boolean_is_one_byte_and_any_byte_but_zero_is_true() -> None:
    raw = np.array([0, 1, 2, 255], np.uint8).view(bool)
    result = evaluate([raw], {"a": "bool"})["a"]
    assert result.view(np.uint8).tolist() == [0, 1, 1, 1]
