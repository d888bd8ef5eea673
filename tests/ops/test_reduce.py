"""Reductions: references, empty ones, ties, products with zeros."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.autodiff.reverse import gradients
from staticad.errors import DTypeError, FeedError, ShapeError
from staticad.ir import dtypes
from staticad.ops.base import Reduce, apply
from staticad.ops.reduce import ALL, ANY, ARGMAX, ARGMIN, MAX, MIN, PROD, SUM
from staticad.reference import evaluate
from tests.harness.derivatives import check_gradients

NUMBERS = [d.name for d in (*dtypes.INTEGERS, *dtypes.FLOATS)]


@pytest.mark.parametrize("op", [SUM, PROD, MAX, MIN])
@pytest.mark.parametrize("dtype", NUMBERS)
def test_a_reduction_keeps_its_dtype(op: Reduce, dtype: str, rng: np.random.Generator) -> None:
    x = sa.placeholder((3, 4), dtype)
    value = rng.integers(0, 5, (3, 4)).astype(dtype)
    (found,) = evaluate(apply(op, x, axes=(1,)), {x: value})
    expected = getattr(np, op.name)(value.astype(float), axis=1).astype(dtype)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("op", [SUM, PROD, ANY, ALL])
def test_the_initial_value_is_that_of_an_empty_reduction(op: Reduce) -> None:
    dtype = "bool" if op in (ANY, ALL) else "float32"
    x = sa.placeholder((0, 2), dtype)
    (found,) = evaluate(apply(op, x, axes=(0,)), {x: np.zeros((0, 2), dtype)})
    np.testing.assert_array_equal(found, np.full(2, op.initial(np.dtype(dtype)), dtype))


@pytest.mark.parametrize("dtype", [d.name for d in dtypes.ALL])
def test_the_initial_value_of_an_extreme_never_wins(dtype: str) -> None:
    kind = np.dtype(dtype)
    low, high = MAX.initial(kind), MIN.initial(kind)
    values = np.array([low, high], kind)  # fits without overflow
    assert (values.astype(object) == np.array([low, high], object)).all()
    if kind.kind == "f":
        assert (low, high) == (-np.inf, np.inf)
    elif kind.kind == "b":
        assert (low, high) == (False, True)
    else:
        assert (low, high) == (np.iinfo(kind).min, np.iinfo(kind).max)


@pytest.mark.parametrize("op", [MAX, MIN])
def test_no_elements_have_no_extreme(op: Reduce) -> None:
    assert not op.empty
    with pytest.raises(ShapeError, match=f"^{op.name}: .*no elements.*float64.0,2.*test_reduce"):
        apply(op, sa.placeholder((0, 2)), axes=(0,))
    assert apply(op, sa.placeholder((0, 2)), axes=(1,)).shape == (0,)


@pytest.mark.parametrize("op", [ARGMAX, ARGMIN])
def test_no_elements_have_no_place_of_the_extreme(op: Any) -> None:
    with pytest.raises(ShapeError, match=f"^{op.name}: .*no elements"):
        apply(op, sa.placeholder((0, 2)), axis=0)


@pytest.mark.parametrize("op", [MAX, MIN, ARGMAX, ARGMIN])
def test_a_free_size_that_turns_out_to_be_zero(op: Any) -> None:
    x = sa.placeholder((None, 2))
    y = apply(op, x, axis=0) if op in (ARGMAX, ARGMIN) else apply(op, x, axes=(0,))
    assert evaluate(y, {x: np.ones((1, 2))})[0].shape == (2,)
    with pytest.raises(FeedError, match="no elements"):
        evaluate(y, {x: np.ones((0, 2))})


@pytest.mark.parametrize(("op", "dtype"), [(SUM, "bool"), (PROD, "bool"), (ANY, "float64"), (ALL, "int32")])
def test_wrong_dtypes(op: Reduce, dtype: str) -> None:
    with pytest.raises(DTypeError, match=f"^{op.name}: {dtype} is not supported"):
        apply(op, sa.placeholder((2,), dtype), axes=(0,))


@pytest.mark.parametrize("op", [ARGMAX, ARGMIN])
def test_the_first_nan_is_the_extreme(op: Any) -> None:
    rows = np.array(list(itertools.product([np.nan, -np.inf, -1.0, -0.0, 0.0, 2.0, np.inf], repeat=3)))
    x = sa.placeholder((None, 3))
    for axis, values in ((1, rows), (0, np.ascontiguousarray(rows.T))):
        y = sa.placeholder((3, None)) if axis == 0 else x
        found = sa.compile(apply(op, y, axis=axis), inputs=[y])(values)
        np.testing.assert_array_equal(found, op.numpy(values, axis=axis))


@pytest.mark.parametrize("op", [MAX, MIN])
def test_the_gradient_of_a_unique_extreme_is_one_hot(op: Reduce) -> None:
    x = sa.placeholder((4,))
    value = np.array([1.0, 5.0, -2.0, 3.0])
    (g,) = evaluate(gradients(apply(op, x, axes=(0,)), [x]), {x: value})
    expected = np.zeros(4)
    expected[value.argmax() if op is MAX else value.argmin()] = 1
    np.testing.assert_array_equal(g, expected)


def test_ties_share_the_gradient() -> None:
    x = sa.placeholder((2, 3))
    value = np.array([[1.0, 2.0, 2.0], [4.0, 4.0, 4.0]])
    (g,) = evaluate(gradients(apply(MAX, x, axes=(1,)).sum(), [x]), {x: value})
    np.testing.assert_array_equal(g, [[0, 0.5, 0.5], [1 / 3, 1 / 3, 1 / 3]])


def test_a_nan_maximum_has_gradient_zero() -> None:
    x = sa.placeholder((3,))
    (g,) = evaluate(gradients(apply(MAX, x, axes=(0,)), [x]), {x: np.array([1.0, np.nan, 2.0])})
    np.testing.assert_array_equal(g, [0, 0, 0])


@pytest.mark.parametrize("zeros", range(5))
def test_products_with_zeros_have_exact_derivatives_to_the_third_order(zeros: int, rng: np.random.Generator) -> None:
    value = rng.uniform(0.5, 2, (2, 4)) * rng.choice([-1, 1], (2, 4))
    value[0, :zeros] = 0
    x = sa.placeholder((None, 4))
    for axes in [(1,), (0, 1)]:
        check_gradients(apply(PROD, x, axes=axes), x, {x: value}, order=3)


def test_the_gradient_of_a_product_is_the_product_of_the_others() -> None:
    x = sa.placeholder((4,))
    gradient = gradients(apply(PROD, x, axes=(0,)), [x])
    for value in itertools.product([0.0, 2.0, -3.0], repeat=4):
        (g,) = evaluate(gradient, {x: np.array(value)})
        expected = [np.prod([v for j, v in enumerate(value) if j != i]) for i in range(4)]
        np.testing.assert_allclose(g, expected, rtol=1e-15)


@pytest.mark.parametrize("op", [SUM, MAX, MIN])
@pytest.mark.parametrize("axes", [(0,), (0, 2), (0, 1, 2)])
def test_derivatives(op: Reduce, axes: tuple[int, ...], rng: np.random.Generator) -> None:
    x = sa.placeholder((2, None, 2))
    check_gradients(apply(op, x * x, axes=axes), x, {x: rng.permutation(12).reshape(2, 3, 2) * 0.3 + 0.2})
