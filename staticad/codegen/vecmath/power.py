"""x**y for floats: exp(y log|x|) with a logarithm of more digits than the format, and the special cases of C99.

float64: log|x| as a sum of two floats, by log(m) = 2 s + s**3 Q(s**2) with s = (m - 1) / (m + 1), where the leading
terms carry their rounding errors (relative error about 2**-64). float32: the same formula in plain float64. Q comes
from the Remez algorithm.
"""

from __future__ import annotations

from numba.core import types

from staticad.codegen.vecmath.builder import Value, fma, horner, select
from staticad.codegen.vecmath.exponential import exp_for_single, exp_of_sum
from staticad.codegen.vecmath.formats import BINARY64
from staticad.codegen.vecmath.logarithm import split

INFINITY = float("inf")
NAN = float("nan")
TWO_THIRDS_HIGH = 0.6666666666666666
TWO_THIRDS_LOW = 3.700743415417188e-17

# (Q(z) - 2/3) / z on z <= 0.02945, relative to the whole logarithm 2**-66
Q_64 = (
    0.11971099572744757,
    0.11677194473226173,
    0.1333618678039336,
    0.15384560709790254,
    0.18181818805662145,
    0.2222222221815485,
    0.28571428571442037,
    0.39999999999999986,
)
# Q(z), relative to the whole logarithm 2**-37
Q_32 = (0.23579858744731885, 0.2853745579171944, 0.4000033225527036, 0.6666666566307323)


def _log_sum(x: Value) -> tuple[Value, Value]:
    """log(x) of a positive finite float64, as an unevaluated sum."""
    subnormal = x < BINARY64.smallest_normal
    k, _, m = split(select(subnormal, x * 2.0**54, x))
    k = select(subnormal, k - 54, k)
    f = m - 1
    denominator = f + 2
    denominator_error = f - (denominator - 2)
    inverse = 1 / denominator
    s = f * inverse
    s_error = fma(-s, denominator_error, fma(-s, denominator, f)) * inverse
    z = s * s
    z_error = fma(s, s, -z) + 2 * s * s_error
    cube = z * s
    cube_error = fma(z, s, -cube) + fma(z, s_error, z_error * s)
    tail = horner(z, Q_64)
    product = z * tail
    q = product + TWO_THIRDS_HIGH
    q_error = (TWO_THIRDS_HIGH - q) + product + fma(z_error, tail, TWO_THIRDS_LOW)
    w = cube * q
    w_error = fma(cube, q, -w) + fma(cube, q_error, cube_error * q)
    log_m = s * 2 + w
    log_m_error = (s * 2 - log_m) + w + fma(s_error, 2, w_error)
    base = k * BINARY64.ln2_high
    total = base + log_m
    return total, (base - total) + log_m + fma(k, BINARY64.ln2_low, log_m_error)


def _power_64(x: Value, y: Value) -> Value:
    """x**y for x >= 0."""
    high, low = _log_sum(x)
    high = select(x.eq(0), -INFINITY, select(x < INFINITY, high, x))
    product = y * high
    low = fma(y, high, -product) + y * low
    inside = abs(product) <= 800
    clamped = select(product > 800, 800, select(product < -800, -800, product))
    return exp_of_sum(clamped, select(inside, low, 0))


def _power_32(x: Value, y: Value) -> Value:
    """x**y for x >= 0, both float32."""
    wide = x.to(types.float64)
    k, _, m = split(wide)
    f = m - 1
    s = f / (f + 2)
    z = s * s
    logarithm = fma(k, BINARY64.ln2_high + BINARY64.ln2_low, fma(z * s, horner(z, Q_32), s * 2))
    logarithm = select(wide.eq(0), -INFINITY, select(wide < INFINITY, logarithm, wide))
    product = y.to(types.float64) * logarithm
    clamped = select(product > 200, 200, select(product < -200, -200, product))
    return exp_for_single(clamped).to(types.float32)


def power(x: Value, y: Value) -> Value:
    """x**y: 1 for y = 0 and for x = 1 even with NaN, NaN for negative x and fractional y, signed zeros as C99."""
    magnitude = abs(x)
    result = _power_32(magnitude, y) if x.dtype == types.float32 else _power_64(magnitude, y)
    result = select(magnitude.eq(1) & ~y.is_nan(), 1, result)
    integral = y.trunc().eq(y)
    half = y * 0.5
    odd = integral & half.floor().ne(half)
    result = result.copysign(select(odd, x, 1))
    result = select((x < 0) & (magnitude < INFINITY) & ~integral, NAN, result)
    return select(y.eq(0) | x.eq(1), 1, result)
