"""erfc, erfcx, the normal distribution, its logarithm and the inverses of erfc and of the distribution.

All start from erfcx(x) = exp(x**2) erfc(x), which is smooth for x >= 0: (1 + 2 x) erfcx(x) is a polynomial in
q = (x - 4) / (x + 4) (M. Shepherd and J. Laframboise, Chebyshev approximation of (1 + 2 x) exp(x**2) erfc(x), 1981).
Squares in exponents carry their rounding errors. The inverse goes by w = -log(m (2 - m)) of the smaller tail m: up to
36 as `staticad.codegen.vecmath.inverse_error` has it, beyond it sqrt(w) times a polynomial in 1 / sqrt(w).

For float32 erfcx(x) is t times a polynomial in t = 1 / (1 + c x) (minimax up to 10.3, relative error 2**-27), whose
terms fall with x as those of a series in 1 / x do. erfc is computed in float64, and the normal distribution, which
networks need, in float32: the errors of t and of the sum are kept, and results are within 4 units in the last place.
"""

from __future__ import annotations

from collections.abc import Callable

from numba.core import types

from staticad.codegen.special.coefficients import ERFCINV, ERFCINV_RANGE, ERFCINV_SINGLE, ERFCX, ERFCX_SINGLE
from staticad.codegen.special.flow import in_either
from staticad.codegen.vecmath.builder import FLOATS, Value, fma, horner, round_to_float32, select
from staticad.codegen.vecmath.elementwise import elementwise
from staticad.codegen.vecmath.error_function import SMALL_64
from staticad.codegen.vecmath.exponential import exp_excess, exp_for_single, exp_of_sum
from staticad.codegen.vecmath.formats import scale
from staticad.codegen.vecmath.inverse_error import (
    DENOMINATOR_32,
    DENOMINATOR_64,
    HALF_SQRT_PI,
    NUMERATOR_32,
    NUMERATOR_64,
)
from staticad.codegen.vecmath.logarithm import log, log1p, log_for_single

INFINITY, NAN = float("inf"), float("nan")
SQRT_HALF = 0.7071067811865476
SQRT_TWO = 1.4142135623730951
# of the exponents -x**2 and (float32) -x**2 / 2 exact zeros are made (`vanishing`)
VANISHING, VANISHING_SINGLE, VANISHING_32 = 37.66, 26.629, 18.764
LARGE = 1e100  # whose square is a number
# erfcx(x) / t in t = 1 / (1 + SLOPE x), for x up to 10.3; the last one has so few bits that it can be taken
# from a sum exactly
SLOPE = 0.34375
TAIL_32 = (
    0.047271126856742424,
    -0.2186947949854936,
    0.3289753844985761,
    -0.19553268015837863,
    0.21354644281661872,
    0.08734500194788883,
    0.1676289951762598,
    0.18152492443366505,
    0.19399639582468714,
    0.193939208984375,
)


def square(x: Value) -> tuple[Value, Value]:
    """x**2 as an unevaluated sum."""
    high = x * x
    return high, select(abs(x) < LARGE, fma(x, x, -high), 0)


def erfcx_of_positive(x: Value) -> Value:
    """erfcx(x) for x >= 0."""
    return horner(1 - 8 / (x + 4), ERFCX) / fma(x, 2, 1)


def erfcx(x: Value) -> Value:
    """exp(x**2) erfc(x), which underflows nowhere."""
    result = erfcx_of_positive(abs(x))
    high, low = square(select(x < -27, -27, x))
    reflected = exp_of_sum(select(high < 800, high, 0), low) * 2 - result
    return select(x < 0, select(x < -27, INFINITY, reflected), result)


def erfc(x: Value) -> Value:
    """1 - erf(x), exact to the last digits where that is small."""
    magnitude = abs(x)
    small = fma(x, horner(x * x, SMALL_64), x)
    high, low = square(select(magnitude > 28, VANISHING, magnitude))
    tail = exp_of_sum(-high, -low) * erfcx_of_positive(magnitude)
    return select(magnitude < 0.5, 1 - small, select(x < 0, 2 - tail, tail))


def _normal_tail(x: Value) -> Value:
    """The part of the normal distribution beyond x >= 0."""
    high, low = square(select(x > 39.9, VANISHING * SQRT_TWO, x))
    return exp_of_sum(high * -0.5, low * -0.5) * (erfcx_of_positive(x * SQRT_HALF) * 0.5)


def _near_half(x: Value) -> Value:
    """The normal distribution for |x| < 1.4."""
    scaled = x * SQRT_HALF
    return fma(fma(scaled, horner(scaled * scaled, SMALL_64), scaled), 0.5, 0.5)


def ndtr(x: Value) -> Value:
    """The integral of the normal density from -infinity to x."""
    if x.dtype == types.float32:
        return _ndtr_32(x)
    tail = _normal_tail(abs(x))
    return select(abs(x) < 0.7, _near_half(x), select(x < 0, tail, 1 - tail))


def _erfcx_of_positive_single(x: Value) -> Value:
    """erfcx(x) for x >= 0, with one division."""
    x = select(x > LARGE, LARGE, x)
    first, second = x + 4, fma(x, 2, 1)
    inverse = 1 / (first * second)
    return horner(fma(second * inverse, -8, 1), ERFCX_SINGLE) * (first * inverse)


def _erfcx_single(x: Value) -> Value:
    result = _erfcx_of_positive_single(abs(x))
    exponent = select(x < -10, 100, x * x)
    return select(x < 0, fma(exp_for_single(select(x > 0, 0, exponent)), 2, -result), result)


def _log_ndtr_single(x: Value) -> Value:
    """The logarithm of the part below x < 0; else that of 1 - t for the part t beyond x, and what 1 - t leaves of t."""
    magnitude, half_square, negative = abs(x), x * x * -0.5, x < 0
    tail = _erfcx_of_positive_single(magnitude * SQRT_HALF) * 0.5
    beyond = exp_for_single(select(half_square < -700, -700, half_square)) * tail
    below = 1 - beyond
    return log_for_single(select(negative, tail, below)) + select(negative, half_square, (1 - below) - beyond)


def _erfc_single(x: Value) -> Value:
    magnitude = abs(x)
    m = select(magnitude > 10.06, VANISHING_SINGLE, magnitude)
    t = 1 / fma(m, SLOPE, 1)
    tail = exp_for_single(-m * m) * (t * horner(t, TAIL_32))
    return select(x < 0, 2 - tail, tail)


def _ndtr_32(x: Value) -> Value:
    """By exp(-x**2 / 2) t times the polynomial in t = 1 / (1 + c x)."""
    magnitude = abs(x)
    m = select(magnitude > 14.18, VANISHING_32, magnitude)
    slope = SLOPE * SQRT_HALF
    slope_high = round_to_float32(slope)
    denominator = fma(m, slope_high, 1)
    excess = fma(m, slope - slope_high, fma(m, slope_high, 1 - denominator))
    t = 1 / denominator
    # relative, times the result's derivative by log(t) over itself
    t_error = fma(-t, excess, fma(-t, denominator, 1)) * fma(t, 2.5, 0.75)
    rest = t * horner(t, TAIL_32[:-1])
    total = rest + TAIL_32[-1]
    low = rest - (total - TAIL_32[-1])
    half = m * -0.5
    square = half * m
    growth, shifted = exp_excess(square, fma(half, m, -square))
    tail = scale(t * 0.5 * (total + fma(total, growth + t_error, low)), shifted)
    return select(x < 0, tail, 1 - tail)


def log_ndtr(x: Value) -> Value:
    """The logarithm of the normal distribution; no underflow."""
    magnitude = abs(x)
    scaled = erfcx_of_positive(magnitude * SQRT_HALF) * 0.5
    logarithm = log(select(magnitude < 0.7, _near_half(x), scaled))
    high, low = square(x)
    left = fma(low, -0.5, fma(high, -0.5, logarithm))
    right = log1p(-_normal_tail(magnitude))
    return select(magnitude < 0.7, logarithm, select(x < 0, left, right))


def _inverse(m: Value, x: Value) -> Value:
    """erfcinv(m) for 0 <= m <= 1 and x = 1 - m."""
    w = -log(m * (2 - m))
    near = fma(x * w, horner(w, NUMERATOR_64) / horner(w, DENOMINATOR_64), x * HALF_SQRT_PI)
    root = w.sqrt()
    centre, radius = ERFCINV_RANGE
    far = root * horner((1 / root - centre) * (1 / radius), ERFCINV)
    return select(w < 36, near, far)


def _inverse_single(m: Value, x: Value) -> Value:
    """The same for float32."""
    square = m * (2 - m)
    w = -log_for_single(square)
    near = fma(x * w, horner(w, NUMERATOR_32) / horner(w, DENOMINATOR_32), x * HALF_SQRT_PI)
    root = w.sqrt()
    result = select(w < 13.5, near, root * horner(1 / root, ERFCINV_SINGLE))
    return select(square > 0, result, select(m.eq(0), INFINITY, m.constant(NAN)))


def _erfcinv(y: Value, inverse: Callable[[Value, Value], Value]) -> Value:
    upper = y > 1
    m = select(upper, 2 - y, y)
    result = inverse(m, 1 - m)
    return select(upper, -result, result)


def erfcinv(y: Value) -> Value:
    """The inverse of erfc; infinite at 0 and -infinite at 2, NaN beyond."""
    return _erfcinv(y, _inverse)


def _ndtri(p: Value, inverse: Callable[[Value, Value], Value]) -> Value:
    upper = p > 0.5
    m = select(upper, 1 - p, p) * 2
    result = inverse(m, 1 - m) * SQRT_TWO
    return select(upper, result, -result)


def ndtri(p: Value) -> Value:
    """The inverse of the normal distribution; -infinite at 0 and infinite at 1, NaN beyond."""
    return _ndtri(p, _inverse)


KERNEL_NAMES: dict[str, object] = {
    "erfc": in_either(erfc, _erfc_single),
    "erfcx": in_either(erfcx, _erfcx_single),
    "erfcinv": in_either(erfcinv, lambda y: _erfcinv(y, _inverse_single)),
    "ndtr": elementwise("ndtr", ndtr, FLOATS),
    "log_ndtr": in_either(log_ndtr, _log_ndtr_single),
    "ndtri": in_either(ndtri, lambda p: _ndtri(p, _inverse_single)),
}
