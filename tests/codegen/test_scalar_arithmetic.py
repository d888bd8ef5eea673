"""Arithmetic of kernels against NumPy, bit for bit, in every dtype."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.codegen.kernel_runner import assert_identical, evaluate

INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
FLOATS = ("float32", "float64")

BINARY = {
    "add(a, b)": np.add,
    "sub(a, b)": np.subtract,
    "mul(a, b)": np.multiply,
    "maximum(a, b)": np.maximum,
    "minimum(a, b)": np.minimum,
}
UNARY = {
    "neg(a)": np.negative,
    "abs(a)": np.absolute,
    "sign(a)": np.sign,
    "square(a)": np.square,
    "relu(a)": lambda x: np.maximum(x, x.dtype.type(0)),
}
ROUNDING = {"floor(a)": np.floor, "ceil(a)": np.ceil, "trunc(a)": np.trunc, "round(a)": np.rint}
FLOAT_ONLY = {
    "div(a, b)": np.divide,
    "reciprocal(a)": lambda x: x.dtype.type(1) / x,
    "sqrt(a)": np.sqrt,
    "rsqrt(a)": lambda x: x.dtype.type(1) / np.sqrt(x),
}
SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 3.0, 1e30, -1e-30, 1e-40, 4.5e15]


def pairs(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every ordered pair of the values."""
    first, second = np.meshgrid(values, values)
    return first.ravel(), second.ravel()


def integers(dtype: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of the extremes and small numbers, and random ones."""
    info = np.iinfo(dtype)
    edges = {info.min, info.min + 1, info.max - 1, info.max, 0, 1, 2, 3, 7, info.max // 2}
    edges |= set() if info.min == 0 else {-1, -2, -3, -7}
    first, second = pairs(np.array(sorted(edges), dtype))
    random = rng.integers(info.min, info.max, (2, 500), dtype, endpoint=True)
    return np.concatenate([first, random[0]]), np.concatenate([second, random[1]])


def floats(dtype: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of special values, and random ones of many magnitudes."""
    first, second = pairs(np.array(SPECIAL, dtype))
    random = (rng.standard_normal((2, 1000)) * 10.0 ** rng.integers(-12, 12, (2, 1000))).astype(dtype)
    return np.concatenate([first, random[0]]), np.concatenate([second, random[1]])


def compare_with_numpy(functions: dict[str, Any], *inputs: np.ndarray) -> None:
    """Compile the expressions over the inputs and compare every result with NumPy's."""
    with np.errstate(all="ignore"):
        expected = {
            expression: function(*inputs[: 1 + ("b" in expression.partition("(")[2])])
            for expression, function in functions.items()
        }
    results = evaluate(inputs, dict.fromkeys(functions, inputs[0].dtype))
    for expression, result in results.items():
        try:
            assert_identical(result, expected[expression].astype(inputs[0].dtype), *inputs)
        except AssertionError as difference:
            raise AssertionError(f"{expression} of {inputs[0].dtype}: {difference}") from None


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_wrap_around_in_their_own_dtype(dtype: str, rng: np.random.Generator) -> None:
    compare_with_numpy(BINARY | UNARY | dict.fromkeys(ROUNDING, lambda x: x), *integers(dtype, rng))


@pytest.mark.parametrize("dtype", FLOATS)
def test_floats(dtype: str, rng: np.random.Generator) -> None:
    compare_with_numpy(BINARY | UNARY | ROUNDING | FLOAT_ONLY, *floats(dtype, rng))


def test_booleans() -> None:
    a, b = pairs(np.array([False, True]))
    functions = {expression: BINARY[expression] for expression in BINARY if not expression.startswith("sub")}
    compare_with_numpy(functions | {"abs(a)": np.absolute}, a, b)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integer_division_never_traps(dtype: str, rng: np.random.Generator) -> None:
    functions = {"floor_divide(a, b)": np.floor_divide, "remainder(a, b)": np.remainder}
    compare_with_numpy(functions, *integers(dtype, rng))


@pytest.mark.parametrize("dtype", FLOATS)
def test_float_division_is_exact(dtype: str, rng: np.random.Generator) -> None:
    a, b = floats(dtype, rng)
    tiny, huge = np.finfo(dtype).smallest_subnormal, np.finfo(dtype).max
    extremes = [tiny, 3 * tiny, 7e3 * tiny, 0.1, 1.0, 3.3, huge / 3, huge, -huge, -1.7]
    extremes_a, extremes_b = pairs(np.array(extremes, dtype))
    multiples = rng.integers(1, 1000, 500) * b[:500]
    inputs = np.concatenate([a, extremes_a, multiples.astype(dtype)]), np.concatenate([b, extremes_b, b[:500]])
    compare_with_numpy({"floor_divide(a, b)": np.floor_divide, "remainder(a, b)": np.remainder}, *inputs)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integer_powers(dtype: str, rng: np.random.Generator) -> None:
    a, b = integers(dtype, rng)
    exponent = np.where(b < 0, 0, b).astype(dtype)
    compare_with_numpy({"pow(a, b)": np.power}, a, exponent)
    if np.dtype(dtype).kind == "i":
        base = np.array([0, 1, -1, -1, 2, -2], dtype)
        negative = np.array([-1, -5, -2, -3, -1, -3], dtype)
        result = evaluate([base, negative], {"pow(a, b)": dtype})["pow(a, b)"]
        assert result.tolist() == [0, 1, 1, -1, 0, 0]
