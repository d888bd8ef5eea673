"""tanh, sigmoid and softplus, from exp(-|x|) or exp(2|x|), which cannot overflow.

tanh is a minimax approximation near 0, and comes from exp(2 x) where its fraction 2 / (exp(2 x) + 1) is small enough
to hide its own rounding errors. float32: a polynomial up to 1 (Remez, relative error of the result 2**-27; that of
exp(2 x): 2**-29). float64: one rational function (Remez, 2**-60 up to 1) serves both, for exp(2 x) is a fraction of
tanh; and one division.
"""

from __future__ import annotations

from numba.core import types

from staticad.codegen.vecmath.builder import FLOATS, Value, fma, horner, select
from staticad.codegen.vecmath.elementwise import elementwise
from staticad.codegen.vecmath.exponential import exp_of_negative
from staticad.codegen.vecmath.formats import BINARY32, BINARY64, LN_2, LOG2_E, power_of_two
from staticad.codegen.vecmath.logarithm import log1p_of_unit

NEAR = 0.97
LN_2_LOW = 2.3190468138462996e-17
TANH_64 = (-1.7199630752045934e-08, -0.0002431237323696398, -0.021406330472076098, -0.3333333333333333)
TANH_64_BELOW = (0.0002541342738442428, 0.024512205858868392, 0.46421899141622525, 1.0)
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
    """Hyperbolic tangent, with the sign of x."""
    magnitude = abs(x)
    if x.dtype == types.float32:
        return _tanh_32(select(magnitude > 9.1, 9.1, magnitude)).copysign(x)
    return _tanh_64(select(magnitude > 20.0, 20.0, magnitude)).copysign(x)


def _tanh_32(x: Value) -> Value:
    """Of 0 <= x < 10: x + x**3 P(x**2) up to 1, else 1 - 2 / (exp(2 x) + 1), whose fraction is below 1/4."""
    origin = BINARY32.magic + BINARY32.bias
    shifted = fma(x, 2 * LOG2_E, origin)
    r = fma(origin - shifted, LN_2 / 2, x)
    far = 1 - 2 / fma(power_of_two(shifted.bits()), horner(r, EXP_OF_TWICE_32), 1)
    z = x * x
    return select(x < 1, fma(x * z, horner(z, TANH_32), x), far)


def _tanh_64(x: Value) -> Value:
    """Of 0 <= x <= 20. With exp(2 x) = s (1 + t) / (1 - t), s a power of two and t = tanh(r) a fraction n / d, it is
    1 - 2 (d - n) / (s (d + n) + (d - n)), by one division. Near 0 it is that fraction itself."""
    origin = BINARY64.magic + BINARY64.bias
    shifted = fma(x, 2 * LOG2_E, origin)
    near = x < NEAR
    k = origin - shifted  # its negative
    r = select(near, x, fma(k, LN_2 / 2, x))
    z = r * r
    rest = (r * z) * horner(z, TANH_64)
    below = horner(z, TANH_64_BELOW)
    above = fma(r, below, fma(k, LN_2_LOW / 2, rest))
    less = below - above
    far = fma(power_of_two(shifted.bits()), below + above, less)
    return select(near, x, 1) + select(near, rest, (above - below) * 2) / select(near, below, far)


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
