"""The teaching examples that the project grew from, with the numbers that they promise.

Each is checked in a compiled session and with the reference evaluator.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.ir.graph import sort_nodes
from staticad.reference import evaluate


def run(fetches: Sequence[sa.Tensor], feeds: dict[sa.Tensor, Any]) -> list[np.ndarray]:
    """The values by the session; the reference has to agree."""
    arrays = {tensor: np.asarray(value, tensor.dtype) for tensor, value in feeds.items()}
    results = sa.compile(list(fetches), inputs=list(arrays)).run(arrays)
    for result, expected in zip(results, evaluate(fetches, arrays), strict=True):
        assert result.dtype == expected.dtype
        np.testing.assert_allclose(result, expected, rtol=1e-14)
    return results


def scalars(*names: str) -> list[sa.Tensor]:
    return [sa.placeholder((), name=name) for name in names]


def test_z_is_x_times_w_squared() -> None:
    x, w = scalars("x", "w")
    z = x * w**2
    (gradient,) = sa.gradients(z, [w])
    value, by_w = run([z, gradient], {x: 5.0, w: 3.0})
    assert value == 45
    assert by_w == 30


def test_nothing_is_built_for_x_when_only_w_is_asked() -> None:
    x, w = scalars("x", "w")
    z = x * w**2
    forward = set(sort_nodes([z]))
    (only_w,) = sa.gradients(z, [w])
    by_x, _ = sa.gradients(z, [x, w])
    assert only_w is not None
    # dz/dx = w**2 times the cotangent of z: a product with the power that the gradient by w does not need.
    power = next(n for n in forward if n.op.name in ("pow", "square"))
    assert power not in sort_nodes([only_w])
    assert power in sort_nodes([by_x])


def test_x_times_x_squared_is_differentiated_through_both() -> None:
    (x,) = scalars("x")
    y = x * x
    (gradient,) = sa.gradients(x * y, x)
    assert run([gradient], {x: 2.0}) == [12]


def test_a_detached_y_is_a_constant() -> None:
    (x,) = scalars("x")
    y = (x * x).detach()
    (gradient,) = sa.gradients(x * y, x)
    assert run([x * y, gradient], {x: 2.0}) == [8, 4]


def test_a_y_made_under_no_grad_is_a_constant() -> None:
    (x,) = scalars("x")
    with sa.no_grad():
        y = x * x
    (gradient,) = sa.gradients(x * y, x)
    assert run([gradient], {x: 2.0}) == [4]
    with pytest.raises(sa.GradientError, match="no_grad"):
        sa.gradients(y, x)


def test_graphs_are_no_trees() -> None:
    (x,) = scalars("x")
    y = 3 * x
    z = x**2
    w = y + z + x
    (gradient,) = sa.gradients(w, x)
    assert run([gradient], {x: 2.0}) == [8]


def test_two_results_of_one_intermediate_are_differentiated_separately() -> None:
    (x,) = scalars("x")
    y = x**2
    z1, z2 = 3 * y, 4 * y
    first, second = sa.gradients(z1, x) + sa.gradients(z2, x)
    assert run([first, second], {x: 3.0}) == [18, 24]


def test_gradients_accumulate_in_a_variable_until_it_is_zeroed() -> None:
    (x,) = scalars("x")
    (gradient,) = sa.gradients(3 * x**2, x)
    total = sa.variable(np.zeros(()), name="total", trainable=False)
    session = sa.compile(gradient, inputs=[x], updates={total: total + gradient})
    assert session.run({x: 3.0}) == 18
    assert total.value == 18
    assert session.run({x: 3.0}) == 18
    assert total.value == 36
    total.assign(np.zeros(()))
    session.run({x: 3.0})
    assert total.value == 18


def test_the_gradient_of_a_sum_of_squares() -> None:
    x = sa.placeholder((3,), name="x")
    (gradient,) = sa.gradients((x**2).sum(), x)
    np.testing.assert_array_equal(run([gradient], {x: [1.0, 2.0, 3.0]})[0], [2, 4, 6])


def test_the_gradient_of_a_maximum_is_one_hot() -> None:
    x = sa.placeholder((None,), name="x")
    largest = sa.max(x)
    (gradient,) = sa.gradients(largest, x)
    value, by_x = run([largest, gradient], {x: [1.0, 2.0, 4.0, 3.0, 0.5]})
    assert value == 4
    np.testing.assert_array_equal(by_x, [0, 0, 1, 0, 0])


def test_two_x_dot_x() -> None:
    x = sa.placeholder((4,), name="x")
    y = 2 * sa.dot(x, x)
    (gradient,) = sa.gradients(y, x)
    values = np.arange(4.0)
    value, by_x = run([y, gradient], {x: values})
    assert value == 28
    np.testing.assert_array_equal(by_x, [0, 4, 8, 12])
    np.testing.assert_array_equal(by_x, 4 * values)


def test_the_gradient_of_a_sum_is_ones() -> None:
    x = sa.placeholder((4,), name="x")
    (gradient,) = sa.gradients(x.sum(), x)
    np.testing.assert_array_equal(run([gradient], {x: np.arange(4.0)})[0], np.ones(4))


def test_a_vector_y_with_an_external_cotangent() -> None:
    x = sa.placeholder((None,), name="x")
    y = x * x
    with pytest.raises(sa.GradientError, match="grad_ys"):
        sa.gradients(y, x)
    (with_ones,) = sa.gradients(y, x, grad_ys=sa.ones_like(y))
    weights = sa.placeholder(x.shape, name="weights")
    (weighted,) = sa.gradients(y, x, grad_ys=weights)
    ones, other = run([with_ones, weighted], {x: np.arange(4.0), weights: [1.0, 0.5, -1.0, 2.0]})
    np.testing.assert_array_equal(ones, [0, 2, 4, 6])
    np.testing.assert_array_equal(other, [0, 1, -4, 12])


def test_u_detached_times_x() -> None:
    x = sa.placeholder((4,), name="x")
    u = (x * x).detach()
    (gradient,) = sa.gradients((u * x).sum(), x)
    np.testing.assert_array_equal(run([gradient], {x: np.arange(4.0)})[0], [0, 1, 4, 9])


def test_three_x_cubed_minus_y_squared_with_a_cotangent() -> None:
    x, y, external = (sa.placeholder((2,), name=name) for name in ("x", "y", "external"))
    z = 3 * x**3 - y**2
    by_x, by_y = sa.gradients(z, [x, y], grad_ys=external)
    values = {x: [2.0, 3.0], y: [6.0, 4.0]}
    ones = run([by_x, by_y], {**values, external: [1.0, 1.0]})
    np.testing.assert_array_equal(ones, [[36, 81], [-12, -8]])
    other = run([by_x, by_y], {**values, external: [0.5, -2.0]})
    np.testing.assert_array_equal(other, [[18, -162], [-6, 16]])


def test_the_neuron_with_all_13_partial_derivatives() -> None:
    w0, x0, w1, x1, w2 = inputs = scalars("w0", "x0", "w1", "x1", "w2")
    a = w0 * x0
    b = w1 * x1
    c = a + b
    d = c + w2
    e = -d
    f = sa.exp(e)
    g = 1 + f
    h = 1 / g
    values = dict(zip(inputs, (2.0, -1.0, -3.0, -2.0, -3.0)))
    forward = run([a, b, c, d, e, f, g, h], values)
    np.testing.assert_allclose(forward[:5], [-2, 6, 4, 1, -1])
    np.testing.assert_allclose(forward[5:], [0.36787944, 1.36787944, 0.73105858], rtol=1e-7)
    tensors = [h, g, f, e, d, c, w2, a, b, w0, x0, w1, x1]
    found = run(sa.gradients(h, tensors), values)
    slope = 0.19661193
    expected = [
        1, -0.53444665, -0.53444665, -slope, slope, slope, slope, slope, slope,
        -slope, 2 * slope, -2 * slope, -3 * slope,
    ]  # fmt: skip
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_the_gradient_of_intermediates_a_b_c_d_e() -> None:
    a, b = sa.placeholder((2, 2), name="a"), sa.placeholder((2, 2), name="b")
    c = a + b
    d = b * c
    d = d + a
    e = sa.mean(d) + sa.mean(b)
    values = {a: [[1.0, 2.0], [3.0, 4.0]], b: np.ones((2, 2))}
    by_a, by_b, by_c, by_d = run(sa.gradients(e, [a, b, c, d]), values)
    # de/dd = 1/4, de/dc = b/4, de/db = (c + b + 1)/4, de/da = (b + 1)/4
    np.testing.assert_array_equal(by_d, np.full((2, 2), 0.25))
    np.testing.assert_array_equal(by_c, np.full((2, 2), 0.25))
    np.testing.assert_array_equal(by_b, [[1, 1.25], [1.5, 1.75]])
    np.testing.assert_array_equal(by_a, np.full((2, 2), 0.5))


def test_the_mean_of_five_times_a_plus_three() -> None:
    a = sa.placeholder((2, 2), "float32", name="A")
    b = 5 * (a + 3)
    c = b.mean()
    value, by_a, by_b = run([c, *sa.gradients(c, [a, b])], {a: [[1, 2], [3, 4]]})
    assert value == 27.5
    np.testing.assert_array_equal(by_a, np.full((2, 2), 1.25, np.float32))
    np.testing.assert_array_equal(by_b, np.full((2, 2), 0.25, np.float32))


def test_linear_regression_with_a_vector_residual() -> None:
    x = sa.placeholder((3,), name="x")
    w, b, y = (sa.placeholder(shape, name=name) for shape, name in (((3, 1), "W"), ((1,), "b"), ((1,), "y")))
    loss = (x @ w + b - y) ** 2
    by_w, by_b = sa.gradients(loss, [w, b])
    values = {x: [1.0, 2.0, 3.0], w: [[0.5], [0.25], [0.125]], b: [0.75], y: [1.0]}
    residual = 0.5 + 0.5 + 0.375 + 0.75 - 1
    value, found_w, found_b = run([loss, by_w, by_b], values)
    np.testing.assert_allclose(value, [residual**2])
    np.testing.assert_allclose(found_w, 2 * residual * np.array([[1.0], [2.0], [3.0]]))
    np.testing.assert_allclose(found_b, [2 * residual])


def test_linear_regression_gradients_accumulate_over_runs() -> None:
    x = sa.placeholder((3,), name="x")
    w = sa.variable(np.array([[0.5], [0.25], [0.125]]), name="W")
    b = sa.variable(np.array([0.75]), name="b")
    loss = (x @ w + b - 1.0) ** 2
    by_w, by_b = sa.gradients(loss, [w, b])
    sum_w, sum_b = sa.variable(np.zeros((3, 1)), name="W.grad"), sa.variable(np.zeros(1), name="b.grad")
    session = sa.compile(loss, inputs=[x], updates={sum_w: sum_w + by_w, sum_b: sum_b + by_b})
    place = np.array([1.0, 2.0, 3.0])
    session.run({x: place})
    once = sum_w.value, sum_b.value
    np.testing.assert_allclose(once[0][:, 0], 2.25 * place)
    session.run({x: place})
    np.testing.assert_array_equal(sum_w.value, 2 * once[0])
    np.testing.assert_array_equal(sum_b.value, 2 * once[1])
    sum_w.assign(np.zeros((3, 1)))
    session.run({x: place})
    np.testing.assert_array_equal(sum_w.value, once[0])


def test_detaching_c_leaves_the_other_gradients() -> None:
    a, b, c, d, e = inputs = scalars("a", "b", "c", "d", "e")
    values = dict(zip(inputs, (1.2, 2.2, 0.2, 0.8, 7.0)))
    before = d * ((a + b) * c) + e
    after = d * ((a + b) * c.detach()) + e
    np.testing.assert_allclose(run(sa.gradients(before, inputs), values), [0.16, 0.16, 2.72, 0.68, 1])
    np.testing.assert_allclose(run(sa.gradients(after, [a, b, d, e]), values), [0.16, 0.16, 0.68, 1])
    with pytest.raises(sa.GradientError, match="stops gradients"):
        sa.gradients(after, c)
