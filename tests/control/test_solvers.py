"""Roots by loops whose length depends on the data: derivatives through the loop, and by the implicit function."""

from __future__ import annotations

import numpy as np
import pytest

import staticad as sa
from tests.control.running import check_derivatives, run


def newton(a: sa.Tensor) -> sa.Tensor:
    """The cube root of a, by Newton's method."""

    def step(state: tuple[sa.Tensor, sa.Tensor]) -> tuple[sa.Tensor, sa.Tensor]:
        x, _ = state
        change = (x**3 - a) / (3 * x**2)
        return x - change, sa.abs(change)

    root, _ = sa.while_loop(lambda s: s[1] > 1e-13, step, (a * 0 + 2.0, sa.constant(1.0)))
    return root


def bisect(c: sa.Tensor) -> sa.Tensor:
    """The root of x + exp(x) = c in [-10, 10]; no value in the loop depends smoothly on c."""

    def step(state: dict[str, sa.Tensor]) -> dict[str, sa.Tensor]:
        middle = (state["low"] + state["high"]) / 2
        above = middle + sa.exp(middle) > c
        low = sa.cond(above, lambda: state["low"], lambda: middle)
        return {"low": low, "high": sa.where(above, middle, state["high"])}

    bounds = {"low": sa.constant(-10.0), "high": sa.constant(10.0)}
    return sa.while_loop(lambda s: s["high"] - s["low"] > 1e-14, step, bounds)["low"]


@pytest.mark.parametrize("value", [7.0, 0.3, 30.0])
def test_newtons_method_and_its_unrolled_derivatives(value: float) -> None:
    a = sa.placeholder((), name="a")
    root = newton(a)
    (slope,) = sa.gradients(root, a)
    (curvature,) = sa.gradients(slope, a)
    found = run([root, slope, curvature], {a: value}, rtol=1e-9)
    exact = np.cbrt(value)
    np.testing.assert_allclose(found[:2], [exact, 1 / (3 * exact**2)], rtol=1e-12)
    np.testing.assert_allclose(found[2], -2 / 9 * exact**-5, rtol=1e-9)


def test_newtons_method_in_every_mode() -> None:
    a = sa.placeholder((), name="a")
    check_derivatives([newton(a)], [a], {a: 5.0})


def test_bisection_and_its_implicit_derivative() -> None:
    c = sa.placeholder((), name="c")
    root = bisect(c).detach()
    # One step of Newton's method at the root has the root's value, and the implicit function's derivative.
    smooth = root - (root + sa.exp(root) - c) / (1 + sa.exp(root)).detach()
    (slope,) = sa.gradients(smooth, c)
    found = run([smooth, slope], {c: 3.0})
    np.testing.assert_allclose(found[0] + np.exp(found[0]), 3.0, rtol=1e-12)
    np.testing.assert_allclose(found[1], 1 / (1 + np.exp(found[0])), rtol=1e-12)


def test_bisection_unrolled_has_no_derivative() -> None:
    c = sa.placeholder((), name="c")
    (slope,) = sa.gradients(bisect(c), c, unconnected="zero")
    assert run([slope], {c: 3.0}) == [0]


def test_a_fixed_point_of_a_vector() -> None:
    """x = tanh(W x + b): the derivative through the loop is that of the implicit function."""
    w, b = sa.placeholder((3, 3), name="w"), sa.placeholder((3,), name="b")

    def step(state: tuple[sa.Tensor, sa.Tensor]) -> tuple[sa.Tensor, sa.Tensor]:
        following = sa.tanh(w @ state[0] + b)
        return following, sa.max(sa.abs(following - state[0]))

    point, _ = sa.while_loop(lambda s: s[1] > 1e-15, step, (sa.zeros((3,)), sa.constant(1.0)))
    rng = np.random.default_rng(0)
    feeds = {w: 0.3 * rng.normal(size=(3, 3)), b: rng.normal(size=3)}
    value, by_b = run([point, *sa.gradients(point.sum(), [b])], feeds)
    slope = np.diag(1 - value**2)
    implicit = np.linalg.solve((np.eye(3) - slope @ feeds[w]).T, np.ones(3)) @ slope
    np.testing.assert_allclose(by_b, implicit, rtol=1e-10)
    check_derivatives([point], [w, b], feeds, order=1)
