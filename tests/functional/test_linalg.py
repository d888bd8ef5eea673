"""Products and parts of matrices against NumPy; the norm and its gradient at zero; errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.autodiff.reverse import gradients
from staticad.errors import FeedError, ShapeError
from staticad.functional import linalg
from staticad.reference import evaluate
from tests.harness.derivatives import check_gradients

PAIRS = {
    "matmul": [
        ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 4)), ((5, 2, 3), (3,)), ((3,), (5, 3, 4)),
        ((5, 1, 2, 3), (6, 3, 4)), ((0, 3), (3, 2)), ((2, 0), (0, 2)),
    ],
    "dot": [
        ((), (3,)), ((2, 3), ()), ((3,), (3,)), ((2, 3), (3,)), ((2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((0,), (0,)),
    ],
    "inner": [((), (3,)), ((3,), (3,)), ((2, 3), (3,)), ((2, 3), (4, 3)), ((5, 2, 3), (4, 3))],
    "outer": [((2,), (3,)), ((2, 2), (3,)), ((), (3,)), ((0,), (3,))],
    "vdot": [((3,), (3,)), ((2, 3), (2, 3)), ((2, 3), (6,)), ((), ())],
}  # fmt: skip


@pytest.mark.parametrize(("name", "a", "b"), [(name, *pair) for name, pairs in PAIRS.items() for pair in pairs])
def test_products(name: str, a: Any, b: Any, rng: np.random.Generator) -> None:
    for dtype, high in [("float64", 9), ("int8", 50), ("bool", 2)]:
        values = [rng.integers(0, high, s).astype(dtype) for s in (a, b)]
        expected = np.asarray(getattr(np, name)(*values))
        for free in (False, True):  # of a free batch only what is known to be 1 stretches
            shapes = [tuple(None if free and n != 1 else n for n in v.shape) for v in values]
            xs = [sa.placeholder(shape, dtype) for shape in shapes]
            (found,) = evaluate(getattr(linalg, name)(*xs), dict(zip(xs, values)))
            np.testing.assert_array_equal(found, expected, strict=True)


def test_the_operator_and_promotion() -> None:
    x, w = sa.placeholder((2, 3), "float32"), sa.placeholder((3, 4), "int64")
    assert (x @ w).dtype == np.float64
    assert (np.ones((5, 2)) @ x).shape == (5, 3)
    assert (x @ np.ones(3, "float32")).shape == (2,)


@pytest.mark.parametrize(
    ("axes", "a", "b"),
    [
        (2, (2, 3, 4), (3, 4, 5)), (1, (2, 3), (3, 4)), (0, (2,), (3,)), (([1, 0], [0, 1]), (3, 4, 5), (4, 3, 2)),
        ((1, 0), (2, 3), (3, 4)), (([-1], [1]), (2, 3), (4, 3)), (2, (2, 3), (2, 3)),
    ],
)  # fmt: skip
def test_tensordot(axes: Any, a: Any, b: Any, rng: np.random.Generator) -> None:
    values = [rng.standard_normal(s) for s in (a, b)]
    expected = np.tensordot(*values, axes=axes)
    for free in (False, True):
        xs = [sa.placeholder((None,) * v.ndim if free else v.shape) for v in values]
        (found,) = evaluate(linalg.tensordot(*xs, axes=axes), dict(zip(xs, values)))
        np.testing.assert_allclose(found, expected, rtol=1e-12, strict=True)


@pytest.mark.parametrize("k", range(-4, 5))
@pytest.mark.parametrize("free", [False, True])
def test_parts_of_matrices(k: int, free: bool) -> None:
    for shape in [(3, 3), (2, 4), (4, 2), (2, 3, 2), (0, 3)]:
        for dtype in ("float64", "int8", "bool"):
            value = np.arange(1, 1 + np.prod(shape)).reshape(shape).astype(dtype)
            x = sa.placeholder((None,) * value.ndim if free else shape, dtype)
            for name in ("diagonal", "trace", "tril", "triu"):
                (found,) = evaluate(getattr(sa, name)(x, k), {x: value})
                np.testing.assert_array_equal(found, np.asarray(getattr(np, name)(value, k)), strict=True)
                if name in ("diagonal", "trace"):  # in the modules named linalg, of the last two axes
                    wanted = np.asarray(getattr(np.linalg, name)(value, offset=k))
                    np.testing.assert_array_equal(
                        evaluate(getattr(linalg, name)(x, k), {x: value})[0], wanted, strict=True
                    )
            if value.ndim == 3:
                (found,) = evaluate(sa.diagonal(x, k, 2, -2), {x: value})
                np.testing.assert_array_equal(found, np.diagonal(value, k, 2, -2))
    for value in (np.arange(1.0, 4.0), np.arange(6).reshape(2, 3), np.zeros(0)):
        x = sa.placeholder((None,) * value.ndim if free else value.shape, value.dtype)
        np.testing.assert_array_equal(evaluate(linalg.diag(x, k), {x: value})[0], np.diag(value, k), strict=True)


def test_masked_parts_are_zero_even_where_nan() -> None:
    x = sa.placeholder((2, 2))
    value = np.array([[1.0, np.nan], [2.0, 3.0]])
    np.testing.assert_array_equal(evaluate(linalg.tril(x), {x: value})[0], [[1, 0], [2, 3]])
    (g,) = evaluate(gradients((linalg.tril(x) ** 2).sum(), [x]), {x: value})
    np.testing.assert_array_equal(g, [[2, 0], [4, 6]])


@pytest.mark.parametrize(
    ("ord", "axis"),
    [
        (None, None), (None, 0), (None, -1), (None, (0, 1)), (None, (0, 2)), ("fro", (1, 0)), (2, 1), (1, 1),
        (np.inf, 0), (-np.inf, 2),
    ],
)  # fmt: skip
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_norm(ord: Any, axis: Any, dtype: str, rng: np.random.Generator) -> None:
    value = (rng.standard_normal((2, 3, 4)) * 5).astype(dtype)
    for keepdims in (False, True):
        node = linalg.norm(sa.constant(value), ord, axis, keepdims)
        expected = np.asarray(np.linalg.norm(value, ord, axis, keepdims))
        np.testing.assert_allclose(evaluate(node)[0], expected, rtol=1e-6, strict=True)


def test_the_gradient_of_the_norm_is_zero_at_zero() -> None:
    x = sa.placeholder((2, 2))
    length = linalg.norm(x, axis=1)
    (g,) = gradients(length.sum(), [x])
    value, gradient = evaluate([length, g], {x: np.array([[0.0, 0.0], [3.0, 4.0]])})
    np.testing.assert_array_equal(value, [0, 5])
    np.testing.assert_allclose(gradient, [[0, 0], [0.6, 0.8]])
    assert np.isnan(evaluate(length, {x: np.array([[np.nan, 0.0], [3.0, 4.0]])})[0][0])


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda x, y: linalg.matmul(x, 2.0), "matmul: both operands need an axis"),
        (lambda x, y: linalg.matmul(x, y), "matmul: inner sizes 3 and 4 differ"),
        (lambda x, y: linalg.matmul(x, y[:, 0]), "matmul: inner sizes 3 and 4 differ"),
        (lambda x, y: linalg.matmul(x[0], y[:, 0]), "matmul: sizes 3 and 4 of the summed axes"),
        (lambda x, y: linalg.matmul(x[:, :1], y[0, :1][None]), None),
        (lambda x, y: linalg.dot(x, y), "dot: sizes 3 and 4"),
        (lambda x, y: linalg.dot(x[0, :1], y[0]), "dot: sizes 1 and 2"),
        (lambda x, y: linalg.inner(x, y), "inner: sizes 3 and 2"),
        (lambda x, y: linalg.vdot(x, y), "vdot: sizes 6 and 8"),
        (lambda x, y: linalg.tensordot(x, y, 1), "tensordot: sizes 3 and 4"),
        (lambda x, y: linalg.tensordot(x, y, 3), "tensordot: there are no 3 axes"),
        (lambda x, y: linalg.tensordot(x, y, ([0], [0, 1])), "tensordot: 1 and 2 axes"),
        (lambda x, y: linalg.tensordot(x, y, (0, 1, 2)), "tensordot: axes are a number"),
        (lambda x, y: sa.diagonal(x[0]), "diagonal: axis 1"),
        (lambda x, y: linalg.diagonal(x[0, 0]), "diagonal: axis -2"),
        (lambda x, y: sa.diagonal(x, 0, 1, -1), "diagonal: axis1 and axis2"),
        (lambda x, y: linalg.diagonal(x, 0.5), "diagonal: offset"),
        (lambda x, y: linalg.tril(x[0]), "tril: needs at least two"),
        (lambda x, y: linalg.triu(x, "a"), "triu: k has to be an int"),
        (lambda x, y: linalg.diag(x[None]), "diag: needs one or two"),
        (lambda x, y: linalg.norm(x, 3), "norm: ord 3"),
        (lambda x, y: linalg.norm(x, "max"), "norm: ord 'max'"),
        (lambda x, y: linalg.norm(x, 3, (0, 1)), "norm: ord 3"),
    ],
)
def test_errors(call: Any, what: str | None) -> None:
    x, y = sa.placeholder((2, 3)), sa.placeholder((4, 2))
    if what is None:
        assert call(x, y).shape == (2, 1)
        return
    with pytest.raises(ShapeError, match=f"^{what}.*test_linalg"):
        call(x, y)


def test_free_inner_sizes_have_to_agree() -> None:
    x, y = sa.placeholder((None,)), sa.placeholder((None,))
    for node in (x @ y, linalg.dot(x, y), linalg.inner(x, y)):
        assert evaluate(node, {x: np.ones(3), y: np.ones(3)})[0] == 3
        with pytest.raises(FeedError):
            evaluate(node, {x: np.ones(3), y: np.ones(1)})


@pytest.mark.parametrize(("a", "b"), [((3,), (3,)), ((2, 3), (3,)), ((3,), (2, 3, 4)), ((2, 1, 2, 3), (2, 3, 2))])
def test_matmul_derivatives(a: Any, b: Any, rng: np.random.Generator) -> None:
    x, y = sa.placeholder(a), sa.placeholder(b)
    feeds = {x: rng.standard_normal(a), y: rng.standard_normal(b)}
    check_gradients(linalg.matmul(x * x, y), [x, y], feeds)


def test_derivatives(rng: np.random.Generator) -> None:
    x = sa.placeholder((2, 3))
    feeds = {x: rng.standard_normal((2, 3))}
    for node in [
        linalg.norm(x), linalg.norm(x, axis=0), linalg.trace(x * x, 1), linalg.tril(x * x, -1),
        linalg.diag(x[0] * x[1], -1), linalg.outer(x, x), linalg.tensordot(x, x * x, 2),
    ]:  # fmt: skip
        check_gradients(node, x, feeds)
