"""tanh, sigmoid and softplus, from exp(-|x|) or expm1(2|x|), which cannot overflow."""

from __future__ import annotations

from staticad.codegen.vecmath.builder import FLOATS, Value, fma, select
from staticad.codegen.vecmath.elementwise import elementwise
from staticad.codegen.vecmath.exponential import exp_of_negative, expm1_parts
from staticad.codegen.vecmath.formats import format_of, pick
from staticad.codegen.vecmath.logarithm import log1p_of_unit


def _ratio(numerator: Value, low: Value | float, denominator: Value, denominator_low: Value) -> Value:
    """(numerator + low) / (denominator + denominator_low) with one division and a Newton step."""
    inverse = 1 / denominator
    ratio = numerator * inverse
    residual = fma(-ratio, denominator, numerator) + fma(-ratio, denominator_low, low)
    return fma(residual, inverse, ratio)


def tanh(x: Value) -> Value:
    """Hyperbolic tangent: with h = expm1(2 |x|) / 2 it is h / (h + 1), and the sign of x."""
    (saturated,) = pick(x, (10.0,), (20.0,))
    magnitude = abs(x)
    total, error = expm1_parts(select(magnitude > saturated, saturated, magnitude) * 2)
    h = total + error
    h_error = error - (h - total)
    denominator = h + 1
    result = _ratio(h, h_error, denominator, (1 - denominator) + h + h_error)
    return select(magnitude < format_of(x).epsilon, x, result.copysign(x))


def sigmoid(x: Value) -> Value:
    """1 / (1 + exp(-x)), also where it underflows gradually."""
    z = exp_of_negative(-abs(x))
    denominator = z + 1
    return _ratio(select(x < 0, z, 1), 0.0, denominator, z - (denominator - 1))


def softplus(x: Value) -> Value:
    """log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|))."""
    return select(x > 0, x, 0) + log1p_of_unit(exp_of_negative(-abs(x)))


tanh_intrinsic = elementwise("tanh", tanh, FLOATS)
sigmoid_intrinsic = elementwise("sigmoid", sigmoid, FLOATS)
softplus_intrinsic = elementwise("softplus", softplus, FLOATS)

KERNEL_NAMES: dict[str, object] = {
    "tanh": tanh_intrinsic,
    "sigmoid": sigmoid_intrinsic,
    "softplus": softplus_intrinsic,
}
