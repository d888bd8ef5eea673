"""Reduction steps: results against NumPy, and vector code for the float ones."""

from __future__ import annotations

import re

import numpy as np
import pytest

from staticad.codegen import jit
from staticad.codegen.target import host
from tests.codegen.kernel_runner import evaluate, kernel_dtype, run

NUMBERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64")


def source(dtype: str, steps: dict[str, str]) -> str:
    """One reduction of n elements per step, each from its own start, into the elements of the second buffer."""
    name = kernel_dtype(dtype)
    lines = ["def kernel(args, lo, hi):"]
    lines += [f"    p{slot} = pointer(args, {slot}, {name}, {slot}, 2)" for slot in (0, 1)]
    for position, (step, start) in enumerate(steps.items()):
        lines.append(f"    acc{position} = {name}({start})")
        lines.append("    for i in range(lo, hi):")
        lines.append(f"        acc{position} = {step}(acc{position}, load(p0, i))")
        lines.append(f"    store(p1, {position}, acc{position})")
    return "\n".join(lines) + "\n"


def reduce(values: np.ndarray, steps: dict[str, str]) -> list[np.generic]:
    """The results of the steps over the values."""
    out = np.empty(len(steps), values.dtype)
    run(source(values.dtype.name, steps), [values, out], 0, values.size)
    return list(out)


@pytest.mark.parametrize("dtype", NUMBERS)
def test_numbers(dtype: str, rng: np.random.Generator) -> None:
    kind = np.dtype(dtype).kind
    low, high = ("-inf", "inf") if kind == "f" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    # odd integers, so that the wrapped product is not 0
    values = rng.uniform(0.9, 1.1, 1003) if kind == "f" else 2 * rng.integers(0 if kind == "u" else -9, 10, 1003) + 1
    values = values.astype(dtype)
    steps = {"add_reduce": "0", "mul_reduce": "1", "max_reduce": str(low), "min_reduce": str(high)}
    total, product, largest, smallest = reduce(values, steps)
    assert largest == values.max() and smallest == values.min()
    if kind == "f":
        np.testing.assert_allclose(total, values.sum(), rtol=1e-5 if dtype == "float32" else 1e-13)
        np.testing.assert_allclose(product, values.prod(), rtol=1e-4 if dtype == "float32" else 1e-12)
    else:
        assert total == values.sum(dtype=dtype) and product == values.prod(dtype=dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("position", [0, 500, 1002])
def test_extremes_hand_on_nan(dtype: str, position: int, rng: np.random.Generator) -> None:
    values = rng.standard_normal(1003).astype(dtype)
    values[position] = np.nan
    largest, smallest = reduce(values, {"max_reduce": "-inf", "min_reduce": "inf"})
    assert np.isnan(largest) and np.isnan(smallest)


@pytest.mark.parametrize("size", [1, 2, 3, 64, 1003])
def test_extremes_order_the_zeros(size: int) -> None:
    values = np.zeros(size)
    values[::2] = -0.0
    largest, smallest = reduce(values, {"max_reduce": "-inf", "min_reduce": "inf"})
    assert np.signbit(smallest)
    assert np.signbit(largest) == (size == 1)


@pytest.mark.parametrize("size", [0, 1, 100])
def test_booleans(size: int) -> None:
    steps = {"or_reduce": "False", "and_reduce": "True", "max_reduce": "False", "min_reduce": "True"}
    for values in (np.zeros(size, bool), np.ones(size, bool), np.arange(size) == 3):
        assert reduce(values, steps) == [values.any(), values.all(), values.any(), values.all()]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_float_reductions_are_vectorized(dtype: str) -> None:
    steps = {"add_reduce": "0", "mul_reduce": "1", "max_reduce": "-inf", "min_reduce": "inf"}
    module, assembly = jit.compile_listings(source(dtype, steps))
    element = {"float32": "float", "float64": "double"}[dtype]
    for reduction in ("fadd", "fmul", "fmaximum", "fminimum"):
        assert re.search(rf"llvm.vector.reduce.{reduction}.v\d+f\d+|{reduction} .*<\d+ x {element}>", module), reduction
    assert re.search(rf"llvm.maximum.v\d+f\d+\(<\d+ x {element}>", module)
    if "+avx" in host().features.split(","):
        assert re.search(r"vmaxp[sd]\s.*%[yz]mm", assembly)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_keys_are_ordered_like_the_floats(dtype: str, rng: np.random.Generator) -> None:
    tiny = np.finfo(dtype).smallest_subnormal
    known = [-np.inf, np.finfo(dtype).min, -1.5, -tiny, -0.0, 0.0, tiny, 1.0, np.finfo(dtype).max, np.inf]
    values = np.sort(np.concatenate([known, rng.standard_normal(500)]).astype(dtype))
    values[values == 0] = -0.0, 0.0  # which are equal to NumPy's sort
    nans = np.array([np.nan, -np.nan], dtype)
    integer = "int32" if dtype == "float32" else "int64"
    lines = ["def kernel(args, lo, hi):", f"    p0 = pointer(args, 0, {dtype}, 0, 4)"]
    lines += [f"    p{slot} = pointer(args, {slot}, {integer}, {slot}, 4)" for slot in (1, 2)]
    lines += [f"    p3 = pointer(args, 3, {dtype}, 3, 4)", "    for i in range(lo, hi):", "        v = load(p0, i)"]
    lines += ["        store(p1, i, max_key(v))", "        store(p2, i, min_key(v))"]
    lines += ["        store(p3, i, key_value(max_key(v)))"]
    found = {}
    for name, data in (("values", values), ("nans", nans)):
        top, bottom, back = np.empty(data.size, integer), np.empty(data.size, integer), np.empty_like(data)
        run("\n".join(lines) + "\n", [data, top, bottom, back], 0, data.size)
        found[name] = top.astype(np.int64), bottom.astype(np.int64), back
    top, bottom, back = found["values"]
    assert (np.diff(top) >= 0).all() and np.array_equal(top, bottom)
    assert np.array_equal(back.view(integer), values.view(integer))  # bit for bit, -0.0 and 0.0 apart
    top, bottom, back = found["nans"]
    assert (top > found["values"][0].max()).all() and (bottom < found["values"][1].min()).all() and np.isnan(back).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bounds_of_what_is_no_extreme(dtype: str, rng: np.random.Generator) -> None:
    tiny, greatest = np.finfo(dtype).smallest_subnormal, np.finfo(dtype).max
    known = [np.inf, -np.inf, np.nan, greatest, -greatest, tiny, -tiny, 0.0, -0.0]
    values = np.concatenate([known, rng.standard_normal(50)]).astype(dtype)
    found = evaluate([values], {"short_of_max(a)": dtype, "short_of_min(a)": dtype})
    for name, away in (("short_of_max(a)", -np.inf), ("short_of_min(a)", np.inf)):
        with np.errstate(over="ignore", under="ignore"):
            bounds = np.nextafter(values, values.dtype.type(away))
        bounds[np.isnan(values)], bounds[values == away] = -away, np.nan
        np.testing.assert_array_equal(found[name], bounds)
