"""Hessian products, Jacobians and Hessians, and the ways to stop a derivative."""

from __future__ import annotations

import numpy as np
import pytest

import staticad as sa
from staticad.autodiff.derivatives import hessian, hvp, jacobian, no_grad, stop_gradient
from staticad.errors import GradientError
from staticad.reference import evaluate

A = np.array([[2.0, 1.0, 0.0], [0.0, 3.0, -1.0]])


def test_jacobian_of_a_linear_map() -> None:
    x = sa.placeholder((3,))
    y = sa.sum(A * x, axis=1)
    found = jacobian(y, x)
    assert found.shape == (2, 3)
    np.testing.assert_array_equal(evaluate(found, {x: np.zeros(3)})[0], A)


def test_jacobian_the_long_and_the_wide_way(rng: np.random.Generator) -> None:
    x = sa.placeholder((2, 2))
    long, wide = sa.sin(sa.stack([x, x * 2, x * 3])), sa.sum(sa.sin(x), axis=0)
    value = rng.normal(size=(2, 2))
    for y in (long, wide):
        (found,) = evaluate(jacobian(y, x), {x: value})
        assert found.shape == (*y.shape, 2, 2)
        for index in np.ndindex(*y.shape):
            (row,) = evaluate(sa.gradients(y[index], x), {x: value})
            np.testing.assert_allclose(found[index], row, rtol=1e-14)


def test_a_free_size_on_one_side() -> None:
    x, n = sa.placeholder((2,)), sa.placeholder((None,))
    values = {x: np.array([1.0, 2.0]), n: np.array([3.0, 4.0, 5.0])}
    np.testing.assert_array_equal(evaluate(jacobian(sa.sum(x) * n, x), values)[0], [[3, 3], [4, 4], [5, 5]])
    np.testing.assert_array_equal(evaluate(jacobian(x * sa.sum(n), n), values)[0], [[1, 1, 1], [2, 2, 2]])
    with pytest.raises(GradientError, match="needs a fixed shape"):
        jacobian(n * 2, n)


def test_scalars_and_empty_arrays() -> None:
    x, e = sa.placeholder(()), sa.placeholder((0,))
    assert evaluate(jacobian(x * x, x), {x: 3.0})[0] == 6
    assert evaluate(hessian(x**3, x), {x: 2.0})[0] == 12
    assert evaluate(jacobian(e * 2, x), {x: 1.0, e: np.zeros(0)})[0].shape == (0,)
    assert evaluate(jacobian(e * 2, e), {e: np.zeros(0)})[0].shape == (0, 0)


def test_hessian_and_its_products(rng: np.random.Generator) -> None:
    x = sa.placeholder((4,))
    m = rng.normal(size=(4, 4))
    y = sa.sum(x * sa.sum(m * x, axis=1)) / 2
    v, place = rng.normal(size=4), {x: rng.normal(size=4)}
    symmetric = (m + m.T) / 2
    np.testing.assert_allclose(evaluate(hessian(y, x), place)[0], symmetric, rtol=1e-13)
    np.testing.assert_allclose(evaluate(hvp(y, x, v), place)[0], symmetric @ v, rtol=1e-13)


def test_products_with_several_xs_and_free_sizes(rng: np.random.Generator) -> None:
    x, w = sa.placeholder((None,)), sa.placeholder(())
    y = sa.sum(sa.sin(x) * w**2)
    u, v = sa.placeholder(x.shape), sa.placeholder(())
    values = {x: rng.normal(size=3), w: 1.7, u: rng.normal(size=3), v: 0.3}
    by_x, by_w = evaluate(hvp(y, [x, w], [u, v]), values)
    s, c = np.sin(values[x]), np.cos(values[x])
    np.testing.assert_allclose(by_x, -s * 1.7**2 * values[u] + 2 * 1.7 * c * 0.3, rtol=1e-13)
    np.testing.assert_allclose(by_w, np.sum(2 * 1.7 * c * values[u]) + 2 * s.sum() * 0.3, rtol=1e-13)


def test_a_linear_function_has_a_hessian_of_zeros() -> None:
    x = sa.placeholder((2,))
    np.testing.assert_array_equal(evaluate(hessian(sa.sum(x), x), {x: np.ones(2)})[0], np.zeros((2, 2)))
    np.testing.assert_array_equal(evaluate(hvp(sa.sum(x), x, np.ones(2)), {x: np.ones(2)})[0], np.zeros(2))


def test_stop_gradient_and_no_grad_keep_the_value() -> None:
    x = sa.placeholder((2,))
    with no_grad():
        y = x * 2
    values = {x: np.array([1.0, 2.0])}
    np.testing.assert_array_equal(evaluate(stop_gradient(y), values)[0], [2, 4])
    np.testing.assert_array_equal(evaluate(sa.gradients(sa.sum(x * y), x), values)[0], [2, 4])
    assert evaluate(stop_gradient(2.5))[0] == 2.5
