"""Stable forms against arithmetic of a thousand digits: values and gradients, far beyond where exp overflows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from staticad.autodiff.reverse import gradients
from staticad.functional import elementwise as f
from staticad.functional import reductions
from staticad.ir.graph import Tensor, sort_nodes
from staticad.ops.base import apply
from staticad.ops.sources import placeholder
from staticad.ops.transcendental import EXP, LOG, SIGMOID, SOFTPLUS
from staticad.reference import evaluate
from staticad.rewrite.pattern import Rule
from staticad.rewrite.pipeline import Options, optimize
from staticad.rewrite.stability import STABILITY_RULES
from tests.rewrite import truth
from tests.rewrite.support import equations, names, rewritten
from tests.rewrite.truth import MP, error_in_ulps, number, sigmoid, softplus

POINTS = np.array([-1e3, -700.5, -50.0, -1.5, -1e-3, -1e-20, 0.0, 1e-20, 1e-3, 0.7, 3.0, 50.0, 700.5, 1e3])


@pytest.mark.parametrize("rule", equations(STABILITY_RULES))
def test_the_right_side_is_accurate_everywhere(rule: Rule) -> None:
    assert rule.left is not None and names(rule.left) == ["x"]
    x = placeholder(POINTS.shape)
    left = rule.left.build({"x": x}, x)
    (right,) = rewritten([left], [rule])
    (result,) = evaluate(right, {x: POINTS})
    compared = 0
    for point, got in zip(POINTS, result, strict=True):
        expected = truth.value_of(rule.left, {"x": number(point)}) if in_domain(rule, point) else None
        if expected is not None:
            compared += 1
            assert error_in_ulps(got, expected) <= 4, f"at {point}: {got} instead of {float(expected)}"
        else:
            assert np.isnan(got)
    assert compared >= 6


def in_domain(rule: Rule, point: float) -> bool:
    """Logarithms of negative numbers are NaN on both sides."""
    return not (rule.name == "log(1 + x) = log1p(x)" and point < -1) and not (
        rule.name == "log(1 - x) = log1p(-x)" and point > 1
    )


@pytest.mark.parametrize("rule", equations(STABILITY_RULES))
def test_both_sides_agree_where_the_left_one_is_exact_enough(rule: Rule) -> None:
    assert rule.left is not None
    points = np.linspace(-0.9, 0.9, 37)
    x = placeholder(points.shape)
    left = rule.left.build({"x": x}, x)
    (right,) = rewritten([left], [rule])
    before, after = evaluate([left, right], {x: points})
    np.testing.assert_allclose(after, before, rtol=1e-13, atol=1e-15)


def test_special_values_of_the_softplus_family() -> None:
    x = placeholder((3,))
    tensors = [f.log(1 + f.exp(x)), f.log(f.sigmoid(x)), 1 / (1 + f.exp(-x)), f.exp(x) - 1]
    results = evaluate(optimize(tensors), {x: np.array([-np.inf, np.inf, np.nan])})
    nan, inf = np.nan, np.inf
    expected = [[0, inf, nan], [-inf, 0, nan], [0, 1, nan], [-1, inf, nan]]
    for result, values in zip(results, expected, strict=True):
        np.testing.assert_array_equal(result, values)


# The form as a user writes it, and its value, first and second derivative in real numbers.
Truth = Callable[[float], Any]
FORMS: dict[str, tuple[Callable[[Tensor], Tensor], Truth, Truth, Truth]] = {
    "log(1 + exp(x))": (
        lambda x: f.log(1 + f.exp(x)), softplus, sigmoid, lambda x: sigmoid(x) * sigmoid(-x),
    ),
    "log1p(exp(x))": (
        lambda x: f.log1p(f.exp(x)), softplus, sigmoid, lambda x: sigmoid(x) * sigmoid(-x),
    ),
    "log(sigmoid(x))": (
        lambda x: f.log(f.sigmoid(x)), lambda x: -softplus(-x), lambda x: sigmoid(-x),
        lambda x: -sigmoid(x) * sigmoid(-x),
    ),
    "log(1 - sigmoid(x))": (
        lambda x: f.log(1 - f.sigmoid(x)), lambda x: -softplus(x), lambda x: -sigmoid(x),
        lambda x: -sigmoid(x) * sigmoid(-x),
    ),
    "log(1 / (1 + exp(-x)))": (
        lambda x: f.log(1 / (1 + f.exp(-x))), lambda x: -softplus(-x), lambda x: sigmoid(-x),
        lambda x: -sigmoid(x) * sigmoid(-x),
    ),
    "log(exp(x) / (1 + exp(x)))": (
        lambda x: f.log(f.exp(x) / (1 + f.exp(x))), lambda x: -softplus(-x), lambda x: sigmoid(-x),
        lambda x: -sigmoid(x) * sigmoid(-x),
    ),
    "1 / (1 + exp(-x))": (
        lambda x: 1 / (1 + f.exp(-x)), sigmoid, lambda x: sigmoid(x) * sigmoid(-x),
        lambda x: sigmoid(x) * sigmoid(-x) * (sigmoid(-x) - sigmoid(x)),
    ),
    "exp(x) / (1 + exp(x))": (
        lambda x: f.exp(x) / (1 + f.exp(x)), sigmoid, lambda x: sigmoid(x) * sigmoid(-x),
        lambda x: sigmoid(x) * sigmoid(-x) * (sigmoid(-x) - sigmoid(x)),
    ),
    "1 - sigmoid(x)": (
        lambda x: 1 - f.sigmoid(x), lambda x: sigmoid(-x), lambda x: -sigmoid(x) * sigmoid(-x),
        lambda x: sigmoid(x) * sigmoid(-x) * (sigmoid(x) - sigmoid(-x)),
    ),
    "log(exp(x))": (lambda x: f.log(f.exp(x)), number, lambda x: number(1), lambda x: number(0)),
    "log(3 exp(x))": (
        lambda x: f.log(3 * f.exp(x)), lambda x: number(x) + MP.log(3), lambda x: number(1), lambda x: number(0),
    ),
    "softplus(x) - x": (
        lambda x: f.softplus(x) - x, lambda x: softplus(-x), lambda x: -sigmoid(-x), lambda x: sigmoid(x) * sigmoid(-x),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_values_and_derivatives_of_the_forms_that_users_write(name: str) -> None:
    build, value, slope, curvature = FORMS[name]
    x = placeholder((None,))
    y = build(x)
    (dy,) = gradients(reductions.sum(y), [x])
    (ddy,) = gradients(reductions.sum(dy), [x], unconnected="zero")
    results = evaluate(optimize([y, dy, ddy]), {x: POINTS})
    for point, *got in zip(POINTS, *results, strict=True):
        assert error_in_ulps(got[0], value(point)) <= 4, f"value at {point}: {got[0]}"
        assert error_in_ulps(got[1], slope(point)) <= 16, f"slope at {point}: {got[1]}"
        # Second derivatives are sums of terms of size 1 at most: their error is absolute.
        assert abs(number(got[2]) - curvature(point)) <= 1e-15, f"curvature at {point}: {got[2]}"


def test_gradients_with_a_cotangent() -> None:
    x, g = placeholder((None,)), placeholder((None,))
    (dx,) = gradients(f.log(1 + f.exp(x)), [x], [g])
    values = np.linspace(-3, 5, len(POINTS))
    (result,) = evaluate(optimize([dx]), {x: POINTS, g: values})
    for point, weight, got in zip(POINTS, values, result, strict=True):
        assert error_in_ulps(got, number(weight) * sigmoid(point)) <= 8


LOGITS = np.array([-800.0, -800.0, -30.0, 0.0, 0.4, 30.0, 800.0, 800.0])
TARGETS = np.array([0.0, 1.0, 0.25, 0.5, 1.0, 0.0, 0.0, 1.0])


@pytest.mark.parametrize(
    ("sigmoid_form", "twice"),
    [
        (f.sigmoid, True),
        (lambda z: 1 / (1 + f.exp(-z)), True),
        # Here the second derivative is a difference of large terms that no rule brings together.
        (lambda z: f.exp(z) / (1 + f.exp(z)), False),
    ],
    ids=["sigmoid(z)", "1 / (1 + exp(-z))", "exp(z) / (1 + exp(z))"],
)
def test_the_binary_cross_entropy_of_the_textbooks(sigmoid_form: Callable[[Tensor], Tensor], twice: bool) -> None:
    z, t = placeholder((None,)), placeholder((None,))
    p = sigmoid_form(z)
    loss = -(t * f.log(p) + (1 - t) * f.log(1 - p))
    (slope,) = gradients(reductions.sum(loss), [z])
    (curvature,) = gradients(reductions.sum(slope), [z])
    results = evaluate(optimize([loss, slope, curvature]), {z: LOGITS, t: TARGETS})
    for point, target, value, first, second in zip(LOGITS, TARGETS, *results, strict=True):
        weight = number(target)
        assert error_in_ulps(value, weight * softplus(-point) + (1 - weight) * softplus(point)) <= 4
        # The two terms of the gradient have opposite signs: the error is relative to the larger one.
        terms = weight * sigmoid(-point), (1 - weight) * sigmoid(point)
        scale = max(*terms, number(np.finfo(float).tiny))
        assert abs(number(first) - (terms[1] - terms[0])) <= 4 * np.finfo(float).eps * scale
        if twice:
            assert abs(number(second) - sigmoid(point) * sigmoid(-point)) <= 1e-15


def test_the_root_of_a_square_does_not_overflow() -> None:
    x = placeholder((None,))
    y = f.sqrt(x**2)
    (dy,) = gradients(reductions.sum(y), [x])
    points = np.array([-1e200, -1e-200, 1.0, 1e200])
    value, slope = evaluate(optimize([y, dy]), {x: points})
    np.testing.assert_array_equal(value, np.abs(points))
    np.testing.assert_array_equal(slope, np.sign(points))


def test_float32_stays_float32() -> None:
    x = placeholder((None,), "float32")
    y = f.log(1 + f.exp(x))
    (dy,) = gradients(reductions.sum(y), [x])
    new = optimize([y, dy])
    assert [t.dtype for t in new] == [x.dtype, x.dtype]
    value, slope = evaluate(new, {x: np.array([-200, 0.5, 200], "float32")})
    np.testing.assert_allclose(value, [0.0, np.log1p(np.exp(0.5)), 200.0], rtol=3e-7, atol=1e-40)
    np.testing.assert_allclose(slope, [0.0, 1 / (1 + np.exp(-0.5)), 1.0], rtol=3e-7, atol=1e-40)


def test_forms_that_only_look_like_it_stay() -> None:
    x, y = placeholder((3,)), placeholder((3,))
    tensors = [f.log(2 + f.exp(x)), f.log(1 + x * y) * 0 + f.exp(x) - 2, 2 - f.sigmoid(x), f.log(x * y)]
    (first, second, third, fourth) = optimize(tensors)
    ops = [{node.op for node in sort_nodes([t])} for t in (first, second, third, fourth)]
    assert {LOG, EXP} <= ops[0] and EXP in ops[1] and SIGMOID in ops[2] and LOG in ops[3]


def test_a_product_with_a_sigmoid_of_something_else_stays() -> None:
    x, y = placeholder((3,)), placeholder((3,))
    rewritten([x - x * f.exp(y), x + x * f.sigmoid(y), x - y * f.sigmoid(y)], [complement()], fires=False)


def complement() -> Rule:
    return next(r for r in STABILITY_RULES if r.name == "p - p * sigmoid(x) = p * sigmoid(-x)")


@pytest.mark.parametrize(
    "build",
    [
        lambda p, s: p - p * s,
        lambda p, s: p * s - p,
        lambda p, s: -p + s * p,
        lambda p, s: -(p * s) + p,
        lambda p, s: p * p - p * s * p,
        lambda p, s: (-p) - (-p) * s,
    ],
)
def test_complements_have_the_right_sign(build: Callable[[Tensor, Tensor], Tensor]) -> None:
    p, x = placeholder((None,)), placeholder((None,))
    tensor = build(p, f.sigmoid(x))
    (new,) = rewritten([tensor], [complement()])
    values = np.array([-2.0, 3.0, 0.5])
    np.testing.assert_allclose(*evaluate([tensor, new], {p: values, x: values[::-1]}), rtol=1e-14)
    assert SIGMOID in {node.op for node in sort_nodes([new])}


def test_stable_forms_may_be_switched_off() -> None:
    x = placeholder((3,))
    tensor = apply(LOG, f.exp(x) + 1)
    (kept,) = optimize([tensor], Options(stabilize=False))
    assert kept.op is LOG
    assert optimize([tensor])[0].op is SOFTPLUS
