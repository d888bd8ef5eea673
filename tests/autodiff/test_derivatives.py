"""Hessian products, Jacobians and Hessians, and the ways to stop a derivative."""

from __future__ import annotations

import numpy as np
import pytest

import staticad as sa
from staticad.autodiff.derivatives import hessian, hvp, jacobian, no_grad, stop_gradient
from staticad.errors import GradientError
from staticad.ops.control import LOOP, all_nodes
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


def test_several_xs(rng: np.random.Generator) -> None:
    x, w = sa.placeholder((2,)), sa.placeholder((3,))
    y = sa.sin(x) * sa.sum(w**2)
    values = {x: rng.normal(size=2), w: rng.normal(size=3)}
    found = jacobian(y, [x, w])
    assert isinstance(found, list)
    np.testing.assert_allclose(evaluate(found[0], values)[0], np.diag(np.cos(values[x]) * np.sum(values[w] ** 2)))
    np.testing.assert_allclose(evaluate(found[1], values)[0], 2 * np.outer(np.sin(values[x]), values[w]))
    assert jacobian(y, []) == []
    blocks = [[evaluate(block, values)[0] for block in row] for row in hessian(sa.sum(y), (x, w))]
    whole = sa.placeholder((5,))
    other = hessian(sa.sum(sa.sin(whole[:2]) * sa.sum(whole[2:] ** 2)), whole)
    (expected,) = evaluate(other, {whole: np.concatenate([values[x], values[w]])})
    np.testing.assert_allclose(np.block(blocks), expected, rtol=1e-13)
    with pytest.raises(GradientError, match="x holds a float"):
        jacobian(y, [x, 1.0])  # type: ignore[list-item]
    with pytest.raises(GradientError, match="the Jacobian of a list"):
        jacobian([y], x)  # type: ignore[call-overload]


def _written_out(y: sa.Tensor, x: sa.Tensor) -> sa.Tensor:
    return sa.stack([sa.gradients(y[k], x)[0] for k in range(int(y.shape[0]))])


def _steps(x: sa.Tensor, loop: str) -> sa.Tensor:
    """A state after three steps, written out, by a loop, or by one that may end at any time."""

    def step(s: sa.Tensor) -> sa.Tensor:
        return s + 0.1 * sa.sin(s[::-1] * x)

    if loop == "for":
        state: sa.Tensor = sa.fori_loop(0, 3, lambda _, s: step(s), x)
        return state
    if loop == "while":
        return sa.while_loop(lambda s: s[0] < 3, lambda s: (s[0] + 1, step(s[1])), (0, x))[1]
    return step(step(step(x)))


@pytest.mark.parametrize("loop", ["for", "while"])
def test_derivatives_through_loops_to_third_order(loop: str, rng: np.random.Generator) -> None:
    x = sa.placeholder((5,))
    last, plain = _steps(x, loop), _steps(x, "none")
    outputs, expected = [], []
    for y, found in ((last, outputs), (plain, expected)):
        scalar = sa.sum(y**2)
        second = hessian(scalar, x) if found is outputs else _written_out(sa.gradients(scalar, x)[0], x)
        found += [jacobian(y, x) if found is outputs else _written_out(y, x), second]
        found += [*sa.gradients(sa.sum(second**2), x), *sa.jvp(second, x, np.ones(5))]
        found.append(jacobian(sa.concatenate([y, y * 2]), x))  # column by column
    value = rng.normal(size=5)
    run = sa.compile(outputs, [x]) if loop == "while" else lambda value: evaluate(outputs, {x: value})
    for one, other in zip(run(value), evaluate(expected, {x: value}), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("loop", ["none", "for", "while"])
def test_the_graph_does_not_grow_with_the_number_of_inputs(loop: str) -> None:
    counts = []
    for count in (10, 200):
        x = sa.placeholder((count,))
        nodes = all_nodes([hessian(sa.sum(_steps(x, loop) ** 2), x)])
        counts.append((len(nodes), sum(node.op is LOOP for node in nodes)))
    assert counts[0] == counts[1] and counts[0][1] < 10


def test_a_record_of_run_time_length_is_summed_over_a_known_number_of_steps() -> None:
    x, units = sa.placeholder((6,)), sa.placeholder((None, 6))
    last = _steps(x, "while")
    _, rows = sa.scan(lambda s, unit: (s, sa.gradients(last, x, unit)[0]), (), units)
    with pytest.raises(GradientError, match="known when the graph is built"):
        sa.gradients(sa.sum(rows), x)


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
