"""Squares of lengths, absolute values and roots have all derivatives at 0, in every mode and around every function."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import staticad as sa
from staticad.reference import evaluate

norm = sa.linalg.norm
POINTS = [np.zeros((2, 2)), np.array([[0.0, -0.5], [0.0, 0.0]]), np.array([[1.0, -2.0], [0.5, 3.0]])]


def total(x: sa.Tensor) -> sa.Tensor:
    return sa.sum(x * x)


# What a user writes, and the same without a root.
FORMS: dict[str, tuple[Callable[[sa.Tensor], sa.Tensor], Callable[[sa.Tensor], sa.Tensor]]] = {
    "norm ** 2": (lambda x: norm(x) ** 2, total),
    "norm * norm, made twice": (lambda x: norm(x) * norm(x), total),
    "square": (lambda x: sa.square(norm(x)), total),
    "exp(-d * d)": (lambda x: sa.exp(-norm(x) * norm(x)), lambda x: sa.exp(-total(x))),
    "d * (c * d)": (lambda x: norm(x) * (x[0, 0] * norm(x)), lambda x: total(x) * x[0, 0]),
    "(d / s) ** 2": (lambda x: (norm(x) / (2 + x[0, 0])) ** 2, lambda x: total(x) / (2 + x[0, 0]) ** 2),
    "norm ** 4": (lambda x: norm(x) ** 4, lambda x: total(x) ** 2),
    "(c * d) ** 4": (lambda x: (3 * norm(x)) ** 4, lambda x: 81 * total(x) ** 2),
    "along an axis": (lambda x: sa.sum(norm(x, axis=1) ** 2 * x[0]), lambda x: sa.sum(sa.sum(x * x, axis=1) * x[0])),
    "keepdims": (
        lambda x: sa.sum(norm(x, axis=0, keepdims=True) ** 2 * x),
        lambda x: sa.sum(sa.sum(x * x, axis=0, keepdims=True) * x),
    ),
    "of views": (
        lambda x: sa.sum(norm(x, axis=1)[:, None] * norm(x, axis=1)[:, None] * x),
        lambda x: sa.sum(sa.sum(x * x, axis=1)[:, None] * x),
    ),
    "differences": (
        lambda x: sa.sum(norm(x[:, None] - x[None], axis=2) ** 2),
        lambda x: sa.sum((x[:, None] - x[None]) ** 2),
    ),
    "two norms": (lambda x: (norm(x[0]) * norm(x[1])) ** 2, lambda x: total(x[0]) * total(x[1])),
    "abs": (lambda x: sa.sum(abs(x) ** 2 * x), lambda x: sa.sum(x * x * x)),
    "abs * c * abs": (lambda x: sa.sum(abs(x) * x * abs(x)), lambda x: sa.sum(x * x * x)),
    "sqrt": (lambda x: sa.sum(sa.sqrt(x * x) ** 2), total),
    "sqrt of anything": (lambda x: sa.sqrt(2 * x[1, 0]) ** 2 * x[0, 0], lambda x: 2 * x[1, 0] * x[0, 0]),
    "std": (lambda x: sa.std(x) ** 2, sa.var),
    "in where": (lambda x: sa.where(x[1, 1] < 4, norm(x) ** 2, 0), total),
    "in cond": (
        lambda x: sa.cond(x[1, 1] < 4, lambda v: norm(v) ** 2, lambda v: sa.sum(v), x),
        total,
    ),
    "in a loop": (
        lambda x: sa.fori_loop(0, 2, lambda i, s: s + sa.exp(-(norm(x) ** 2)), 0.0),
        lambda x: 2 * sa.exp(-total(x)),
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_all_derivatives_are_those_without_the_root(name: str) -> None:
    x, v = sa.placeholder((2, 2)), sa.placeholder((2, 2))
    rooted, smooth = (form(x) for form in FORMS[name])
    found, expected = (
        [y, *sa.gradients(y, x), *sa.jvp(y, x, v), *sa.hvp(y, x, v), *sa.gradients(sa.gradients(y, x)[0], x, v)]
        for y in (rooted, smooth)
    )
    for point in POINTS:
        feeds = {x: point, v: np.array([[0.3, -1.0], [2.0, 0.7]])}
        for a, b in zip(evaluate(found, feeds), evaluate(expected, feeds), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-13)


def test_a_kernel_of_distances_at_distance_zero() -> None:
    x, y = sa.placeholder((2,)), sa.placeholder((2,))
    d = norm(x - y)
    (slope,) = sa.gradients(sa.exp(-d * d), [x])
    session = sa.compile([slope, sa.jacobian(slope, y), sa.hessian(sa.exp(-d * d), x)], [x, y])
    point = np.array([1.0, 2.0])
    first, mixed, second = session(point, point)
    np.testing.assert_array_equal(first, [0, 0])
    np.testing.assert_array_equal(mixed, 2 * np.eye(2))
    np.testing.assert_array_equal(second, -2 * np.eye(2))


def test_derivatives_by_the_root_itself_and_by_what_depends_on_it() -> None:
    x = sa.placeholder((2,))
    d = norm(x)
    double = 2 * d
    whole = double * d
    outer = whole * whole
    outputs = [
        *sa.gradients(d * d, [d]),
        *sa.gradients(whole, [double, d, x]),
        *sa.gradients(outer, [whole, x]),
        *sa.jvp([d * d], [d], [np.array(1.0)]),
        *sa.gradients(d * d, [x], stop_gradients=[d], unconnected="zero"),
        *sa.gradients(d * sa.stop_gradient(d), [x]),
    ]
    results = evaluate(outputs, {x: np.array([3.0, 4.0])})
    expected = [10, 5, 20, [12, 16], 100, [1200, 1600], 10, [0, 0], [3, 4]]
    for a, b in zip(results, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-14)


def test_equal_tensors_by_which_derivatives_are_taken_stay_apart() -> None:
    x = sa.placeholder((2,))
    first, second = x + 1, x + 1
    (slope,) = sa.gradients(norm(first) * norm(second), [first])
    np.testing.assert_allclose(evaluate([slope], {x: np.array([2.0, 3.0])})[0], [3, 4], rtol=1e-15)


def test_what_was_made_without_gradients_stays() -> None:
    x = sa.placeholder((2,))
    with sa.no_grad():
        fixed = norm(x)
    (slope,) = sa.gradients(fixed * norm(x), [x])
    np.testing.assert_allclose(evaluate([slope], {x: np.array([3.0, 4.0])})[0], [3, 4], rtol=1e-15)


def test_the_length_itself_has_the_subgradient_0_at_0() -> None:
    x = sa.placeholder((2,))
    d = norm(x)
    outputs = [*sa.gradients(d, x), sa.hessian(d, x), *sa.gradients(d**3, x), sa.hessian(d**3, x)]
    assert all(not result.any() for result in evaluate(outputs, {x: np.zeros(2)}))
