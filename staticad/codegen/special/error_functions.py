"""erfc, erfcx, the normal distribution, its logarithm and the inverses of erfc and of the distribution.

All start from erfcx(x) = exp(x**2) erfc(x), which is smooth for x >= 0: (1 + 2 x) erfcx(x) is a polynomial in
q = (x - 4) / (x + 4) (M. Shepherd and J. Laframboise, Chebyshev approximation of (1 + 2 x) exp(x**2) erfc(x), 1981).
Squares in exponents carry their rounding errors. The inverse goes by w = -log(m (2 - m)) of the smaller tail m: up to
36 as `staticad.codegen.vecmath.inverse_error` has it, beyond it sqrt(w) times a polynomial in 1 / sqrt(w).

The normal distribution of float32, which networks need, has a formula in float32: exp(-x**2 / 2) times a quotient of
polynomials in |x| (minimax up to 14.6, relative error 2**-27), whose coefficients are positive.
"""

from __future__ import annotations

from numba.core import types

from staticad.codegen.special.coefficients import ERFCINV, ERFCINV_RANGE, ERFCX
from staticad.codegen.special.flow import vectorized
from staticad.codegen.vecmath.builder import FLOATS, Value, fma, horner, select
from staticad.codegen.vecmath.elementwise import elementwise
from staticad.codegen.vecmath.error_function import SMALL_64
from staticad.codegen.vecmath.exponential import exp_of_sum
from staticad.codegen.vecmath.inverse_error import DENOMINATOR_64, HALF_SQRT_PI, NUMERATOR_64
from staticad.codegen.vecmath.logarithm import log, log1p

INFINITY = float("inf")
SQRT_HALF = 0.7071067811865476
SQRT_TWO = 1.4142135623730951
LARGE = 1e100  # whose square is a number
# exp(x**2 / 2) times the part of the normal distribution beyond x, as a quotient
TAIL_ABOVE = (0.004124045610228811, 0.04068555906298804, 0.18339064293222063, 0.4385052192286224, 0.500000002979239)
TAIL_BELOW = (
    0.010337331372176675,
    0.10198994714836322,
    0.4698810520331973,
    1.203149653545452,
    1.6748954231264261,
    1.0,
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
    high, low = square(select(magnitude > 28, 28, magnitude))
    tail = exp_of_sum(-high, -low) * erfcx_of_positive(magnitude)
    return select(magnitude < 0.5, 1 - small, select(x < 0, 2 - tail, tail))


def _normal_tail(x: Value) -> Value:
    """The part of the normal distribution beyond x >= 0."""
    high, low = square(select(x > 39.9, 39.9, x))
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


def _ndtr_32(x: Value) -> Value:
    magnitude = abs(x)
    m = select(magnitude > 14.6, 14.6, magnitude)
    half = m * -0.5
    high = half * m
    tail = exp_of_sum(high, fma(half, m, -high)) * (horner(m, TAIL_ABOVE) / horner(m, TAIL_BELOW))
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


def erfcinv(y: Value) -> Value:
    """The inverse of erfc; infinite at 0 and -infinite at 2, NaN beyond."""
    upper = y > 1
    m = select(upper, 2 - y, y)
    result = _inverse(m, 1 - m)
    return select(upper, -result, result)


def ndtri(p: Value) -> Value:
    """The inverse of the normal distribution; -infinite at 0 and infinite at 1, NaN beyond."""
    upper = p > 0.5
    m = select(upper, 1 - p, p) * 2
    result = _inverse(m, 1 - m) * SQRT_TWO
    return select(upper, result, -result)


KERNEL_NAMES: dict[str, object] = {
    **{formula.__name__: vectorized(formula) for formula in (erfc, erfcx, erfcinv, log_ndtr, ndtri)},
    "ndtr": elementwise("ndtr", ndtr, FLOATS),
}
