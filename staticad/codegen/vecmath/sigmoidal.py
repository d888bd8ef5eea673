"""tanh, sigmoid and softplus, from exp(-|x|) or expm1(2|x|), which cannot overflow.

tanh of float32 is a minimax polynomial (Remez, relative error of the result 2**-27) up to 1, and comes from exp(2 x)
above (its polynomial: 2**-29), which takes two thirds of the time of expm1 and as many digits.
"""

from __future__ import annotations

from numba.core import types

from staticad.codegen.vecmath.builder import FLOATS, Value, fma, horner, select
from staticad.codegen.vecmath.elementwise import elementwise
from staticad.codegen.vecmath.exponential import exp_of_negative, expm1_parts
from staticad.codegen.vecmath.formats import BINARY32, LN_2, LOG2_E, format_of, power_of_two
from staticad.codegen.vecmath.logarithm import log1p_of_unit

TANH_32 = (
    -0.0003588456407455911,
    0.002302801301565421,
    -0.007948183068743753,
    0.021488160986937475,
    -0.05388036797751513,
    0.1333235477449338,
    -0.33333296094143566,
)
EXP_OF_TWICE_32 = (
    0.08855501949164053,
    0.26799674031509985,
    0.6666917149498813,
    1.3333135355732655,
    1.9999996812241008,
    2.0000000730751455,
    1.0,
)


def _ratio(numerator: Value, low: Value | float, denominator: Value, denominator_low: Value) -> Value:
    """(numerator + low) / (denominator + denominator_low) with one division and a Newton step."""
    inverse = 1 / denominator
    ratio = numerator * inverse
    residual = fma(-ratio, denominator, numerator) + fma(-ratio, denominator_low, low)
    return fma(residual, inverse, ratio)


def tanh(x: Value) -> Value:
    """Hyperbolic tangent: with h = expm1(2 |x|) / 2 it is h / (h + 1), and the sign of x."""
    magnitude = abs(x)
    if x.dtype == types.float32:
        return _tanh_32(select(magnitude > 9.1, 9.1, magnitude)).copysign(x)
    total, error = expm1_parts(select(magnitude > 20.0, 20.0, magnitude) * 2)
    h = total + error
    h_error = error - (h - total)
    denominator = h + 1
    result = _ratio(h, h_error, denominator, (1 - denominator) + h + h_error)
    return select(magnitude < format_of(x).epsilon, x, result.copysign(x))


def _tanh_32(x: Value) -> Value:
    """Of 0 <= x < 10: x + x**3 P(x**2) up to 1, else 1 - 2 / (exp(2 x) + 1), whose fraction is below 1/4."""
    origin = BINARY32.magic + BINARY32.bias
    shifted = fma(x, 2 * LOG2_E, origin)
    r = fma(origin - shifted, LN_2 / 2, x)
    far = 1 - 2 / fma(power_of_two(shifted.bits()), horner(r, EXP_OF_TWICE_32), 1)
    z = x * x
    return select(x < 1, fma(x * z, horner(z, TANH_32), x), far)


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
