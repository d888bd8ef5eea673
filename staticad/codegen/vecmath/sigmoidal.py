"""tanh, sigmoid and softplus, from exp(-|x|) or expm1(2|x|), which cannot overflow."""

from __future__ import annotations

from staticad.codegen.vecmath.builder import FLOATS, Value, elementwise, fma, select
from staticad.codegen.vecmath.exponential import exp, expm1_parts
from staticad.codegen.vecmath.formats import format_of, pick
from staticad.codegen.vecmath.logarithm import log1p


def tanh(x: Value) -> Value:
    """Hyperbolic tangent: with h = expm1(2 |x|) / 2 it is h / (h + 1), and the sign of x."""
    (saturated,) = pick(x, (10.0,), (20.0,))
    magnitude = abs(x)
    total, error = expm1_parts(select(magnitude > saturated, saturated, magnitude) * 2)
    h = total + error
    h_error = error - (h - total)
    denominator = h + 1
    ratio = h / denominator
    # one Newton step for h (1 + ...) / (h + 1) with the rounding errors of h and of h + 1
    denominator_error = (1 - denominator) + h + h_error
    residual = fma(-ratio, denominator, h) + (h_error - ratio * denominator_error)
    result = ratio + residual / denominator
    return select(magnitude < format_of(x).epsilon, x, result.copysign(x))


def sigmoid(x: Value) -> Value:
    """1 / (1 + exp(-x)), also where it underflows gradually."""
    z = exp(-abs(x))
    return select(x < 0, z, 1) / (z + 1)


def softplus(x: Value) -> Value:
    """log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|))."""
    return select(x > 0, x, 0) + log1p(exp(-abs(x)))


tanh_intrinsic = elementwise("tanh", tanh, FLOATS)
sigmoid_intrinsic = elementwise("sigmoid", sigmoid, FLOATS)
softplus_intrinsic = elementwise("softplus", softplus, FLOATS)
