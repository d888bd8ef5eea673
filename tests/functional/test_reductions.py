"""Reductions against NumPy: values, dtypes and shapes over dtypes, axes and empty sizes; errors; free sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import DTypeError, ShapeError
from staticad.functional import reductions
from staticad.ir import dtypes
from staticad.reference import evaluate
from tests.harness.derivatives import check_gradients

DTYPES = [d.name for d in dtypes.ALL]
FOLDS = ["sum", "prod", "max", "min", "mean", "var", "std", "any", "all"]
AXES = [None, 0, -1, 1, (0, 2), (-1, 0), (1, 0, 2), ()]


def compare(name: str, value: np.ndarray, rtol: float = 0, **options: Any) -> None:
    x = sa.placeholder(tuple(None if axis % 2 else n for axis, n in enumerate(value.shape)), value.dtype)
    node = getattr(reductions, name)(x, **options)
    (found,) = evaluate(node, {x: value})
    expected = np.asarray(getattr(np, name)(value, **options))
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    np.testing.assert_allclose(found, expected, rtol=rtol)


def sample(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    if np.dtype(dtype).kind == "f":
        return rng.standard_normal(shape).astype(dtype)
    return rng.integers(0, 2 if dtype == "bool" else 50, shape).astype(dtype)


@pytest.mark.parametrize("name", FOLDS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_like_numpy(name: str, dtype: str, rng: np.random.Generator) -> None:
    value = sample(rng, (2, 3, 4), dtype)
    for axis in AXES:
        for keepdims in (False, True):
            # NumPy adds in pairs over the last axis, in the order of the memory.
            compare(name, value, 1e-5 if dtype == "float32" else 1e-13, axis=axis, keepdims=keepdims)


@pytest.mark.parametrize("name", ["argmax", "argmin"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_places_of_extremes(name: str, dtype: str, rng: np.random.Generator) -> None:
    value = sample(rng, (3, 4, 2), dtype)
    for axis in (None, 0, 1, -1):
        for keepdims in (False, True):
            compare(name, value, axis=axis, keepdims=keepdims)


@pytest.mark.parametrize("name", ["argmax", "argmin"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_places_of_nan_infinities_and_ties(name: str, dtype: str) -> None:
    inf, nan, tiny = np.inf, np.nan, np.finfo(dtype).smallest_subnormal
    rows = [[1.0, nan, 3.0, nan], [2.0, 2.0, 1.0, 1.0], [-0.0, 0.0, 0.0, -0.0], [0.0, -0.0, -0.0, 0.0]]
    rows += [[inf, -inf, nan, 1.0], [inf] * 4, [-inf] * 4, [1.0, -inf, inf, inf], [-inf, 1.0, -inf, inf]]
    rows += [[0.0, tiny, -tiny, tiny], [-tiny, -0.0, 0.0, tiny], [-tiny, -1.0, -tiny, -1.0]]
    compare(name, np.array([row * 5 for row in rows], dtype), axis=1)
    for row in rows:
        compare(name, np.array(row, dtype), axis=0)


@pytest.mark.parametrize("name", ["argmax", "argmin", "sum", "max", "mean"])
def test_no_axes(name: str) -> None:
    compare(name, np.array(3.0))
    compare(name, np.array(3.0), keepdims=True)


@pytest.mark.parametrize("name", ["sum", "prod", "any", "all"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_no_elements(name: str, dtype: str) -> None:
    for shape, axis in [((0,), None), ((0, 3), 0), ((0, 3), 1), ((2, 0, 3), (1, 2)), ((2, 0, 3), 0)]:
        compare(name, np.zeros(shape, dtype), axis=axis)


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:invalid value", "ignore:Degrees of freedom")
def test_the_mean_of_no_elements_is_nan() -> None:
    for name in ("mean", "var", "std"):
        compare(name, np.zeros((0, 3)), axis=0)
        compare(name, np.zeros((0, 3), "int32"))


@pytest.mark.parametrize("name", ["max", "min", "argmax", "argmin"])
def test_the_extreme_of_no_elements(name: str) -> None:
    fold = getattr(reductions, name)
    with pytest.raises(ShapeError, match=f"^{name}: .*no elements.*0,3.*test_reductions"):
        fold(sa.placeholder((0, 3)), axis=0)
    assert fold(sa.placeholder((0, 3)), axis=1).shape == (0,)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "bool"])
def test_dtype(dtype: str, rng: np.random.Generator) -> None:
    value = sample(rng, (3, 4), dtype)
    for target in ("float32", "float64", "int32"):
        compare("sum", value, 1e-5, axis=0, dtype=target)
        compare("prod", value, 1e-5, axis=0, dtype=target)
    for target in ("float32", "float64"):
        compare("mean", value, 1e-5, axis=0, dtype=target)
        compare("var", value, 1e-5, axis=0, dtype=target)
    with pytest.raises(DTypeError, match="mean: .*int32"):
        reductions.mean(sa.placeholder((2,)), dtype="int32")


@pytest.mark.filterwarnings("ignore:Degrees of freedom", "ignore:invalid value", "ignore:divide by zero")
@pytest.mark.parametrize("ddof", [0, 1, 2, 3, 4, -1, 0.5, 2.75, np.float64(-0.25)])
def test_ddof(ddof: float, rng: np.random.Generator) -> None:
    compare("var", rng.standard_normal((3, 4)), 1e-12, axis=0, ddof=ddof)
    compare("std", rng.standard_normal((4, 3)), 1e-12, axis=1, ddof=ddof)


def test_methods_and_protocol_agree(rng: np.random.Generator) -> None:
    x = sa.placeholder((3, 4))
    value = rng.standard_normal((3, 4))
    nodes = [x.sum(0), sa.sum(x, axis=0), np.sum(x, axis=0), x.mean(axis=0) * 3]
    for found in evaluate(nodes, {x: value}):
        np.testing.assert_allclose(found, value.sum(0))


def test_a_free_mean_divides_by_the_size_of_the_run(rng: np.random.Generator) -> None:
    x = sa.placeholder((None, 2), "float32")
    node = reductions.mean(x)
    assert node.dtype == np.float32
    for n in (1, 5, 7):
        value = rng.standard_normal((n, 2)).astype("float32")
        np.testing.assert_allclose(evaluate(node, {x: value})[0], value.mean(), rtol=1e-5)
    assert np.isnan(evaluate(node, {x: np.zeros((0, 2), "float32")})[0])


@pytest.mark.parametrize("name", [*FOLDS, "argmax"])
@pytest.mark.parametrize(
    ("axis", "what"), [(2, "out of bounds"), (-3, "out of bounds"), ("x", "int"), (1.0, "int"), (True, "int")]
)
def test_axis_errors(name: str, axis: Any, what: str) -> None:
    x = sa.placeholder((2, 3), name="x")
    with pytest.raises(ShapeError, match=rf"^\w+: .*{what}"):
        getattr(reductions, name)(x, axis=axis)


@pytest.mark.parametrize("axis", [0, -1, np.int64(0)])
def test_the_axis_of_a_number(axis: int) -> None:
    """NumPy's reductions take the axes 0 and -1 of an array without axes; mean and var do not."""
    names = ("sum", "prod", "max", "min", "any", "all", "argmax", "argmin", "nansum", "nanmax", "ptp", "count_nonzero")
    x = sa.placeholder(())
    for name, value in zip(names, evaluate([getattr(sa, name)(x, axis=axis) for name in names], {x: 1.5}), strict=True):
        expected = getattr(np, name)(np.array(1.5), axis=axis)
        assert (value, value.shape, value.dtype) == (expected, (), expected.dtype), name
    for name in ("sum", "mean", "var", "std"):
        with pytest.raises(ShapeError, match="axis (1|0|-1) is out of bounds for 0 axes"):
            getattr(sa, name)(x, axis=1 if name == "sum" else axis)


def test_places_of_quantiles_have_the_dtype_of_q(rng: np.random.Generator) -> None:
    for dtype in ("float32", "float64"):
        array, x = rng.normal(size=13).astype(dtype), sa.placeholder((13,), dtype)
        for kind in ("float32", "float64"):
            q = np.array([0.1, 0.53]).astype(kind)
            for name, method, at in (
                ("quantile", "linear", q),
                ("percentile", "weibull", q * 100),
                ("quantile", "lower", q),
            ):
                (found,) = evaluate(getattr(sa, name)(x, at, method=method), {x: array})
                expected = getattr(np, name)(array, at, method=method)
                assert found.dtype == expected.dtype
                np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_quantiles_of_nothing() -> None:
    """NaN for what leaves NaN out, as in NumPy; else there is none."""
    x = sa.placeholder((3, 0), "float32")
    fetched = [sa.nanquantile(x, 0.3, axis=1), sa.nanpercentile(x, [10, 50], axis=1)]
    found = sa.evaluate(fetched, {x: np.zeros((3, 0), "float32")})
    for value, shape in zip(found, ((3,), (2, 3)), strict=True):
        assert value.shape == shape and value.dtype == "float32" and np.isnan(value).all()
    with pytest.raises(ShapeError, match="quantile: there is no quantile of no elements"):
        sa.quantile(x, 0.3, axis=1)


def test_an_axis_named_twice() -> None:
    with pytest.raises(
        ShapeError, match=r"^sum: axis \(0, -2\) names an axis twice .*'x' float64\[2,3\].*test_reductions"
    ):
        reductions.sum(sa.placeholder((2, 3), name="x"), axis=(0, -2))


@pytest.mark.parametrize("name", ["mean", "var", "std"])
def test_derivatives(name: str, rng: np.random.Generator) -> None:
    x = sa.placeholder((None, 3))
    for axis in (None, 0, 1):
        check_gradients(getattr(reductions, name)(x, axis=axis), x, {x: rng.standard_normal((4, 3))})
