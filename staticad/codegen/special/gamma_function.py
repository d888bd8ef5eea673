"""The gamma function and its logarithm.

From 9 on they are Stirling's series; below, gamma is divided by a product of up to nine factors. log(gamma) comes from
a polynomial for log(gamma(2 + t)) / t on -1/2 <= t < 1, which keeps its digits next to the zeros at 1 and 2, and the
logarithm of a product. Negative arguments are reflected: gamma(x) gamma(-x) = -pi / (x sin(pi x)), in which sin(pi x)
is that of the distance to the nearest integer.
"""

from __future__ import annotations

from staticad.codegen.special.coefficients import COSPI, LGAMMA, SINPI
from staticad.codegen.special.flow import clamp, odd, vectorized
from staticad.codegen.vecmath.builder import Value, fma, horner, select
from staticad.codegen.vecmath.exponential import exp_of_sum
from staticad.codegen.vecmath.logarithm import log
from staticad.codegen.vecmath.power import power

INFINITY, NAN = float("inf"), float("nan")
PI = 3.141592653589793
SQRT_TWO_PI = 2.5066282746310002
STIRLING_FROM = 9
# B(2 k) / (2 k (2 k - 1)), highest k first
STIRLING = (43867 / 244188, -3617 / 122400, 1 / 156, -691 / 360360, 1 / 1188, -1 / 1680, 1 / 1260, -1 / 360, 1 / 12)
HALF_LOG_TWO_PI_LESS_HALF = 0.41893853320467274


def sine_of_turn(r: Value) -> Value:
    """sin(pi r) for |r| <= 1/2."""
    return r * horner(fma(r * 8, r, -1), SINPI)


def cosine_of_turn(r: Value) -> Value:
    """cos(pi r) for |r| <= 1/2."""
    return horner(fma(r * 8, r, -1), COSPI)


def stirling(z: Value) -> Value:
    """What the logarithm of gamma(z) has beyond (z - 1/2) log(z) - z + log(2 pi) / 2, for z >= 8."""
    inverse = 1 / z
    return inverse * horner(inverse * inverse, STIRLING)


def log_gamma_of_positive(z: Value) -> Value:
    """log(gamma(z)) for z >= 0."""
    y, product = z, z.constant(1)
    for _ in range(STIRLING_FROM - 3):
        high = y >= 3
        product = select(high, product * (y - 1), product)
        y = select(high, y - 1, y)
    smallest, small = z < 0.5, z < 1.5
    t = select(smallest, z, y - select(small, z.constant(1), 2))
    product = select(small, select(smallest, z * (z + 1), z), product)
    large = z >= STIRLING_FROM
    logarithm = log(select(large, z, product))
    near = fma(t, horner(fma(t, 4 / 3, -1 / 3), LGAMMA), select(small, -logarithm, logarithm))
    far = fma(z - 0.5, logarithm - 1, stirling(z) + HALF_LOG_TWO_PI_LESS_HALF)
    return select(large, far, near)


def gammaln(x: Value) -> Value:
    """log|gamma(x)|, infinite at 0 and at negative integers."""
    negative = x < 0
    magnitude = abs(x)
    logarithm = log_gamma_of_positive(select(negative, magnitude + 1, magnitude))
    sine = sine_of_turn(magnitude - magnitude.rint())
    tiny = magnitude < 1e-300  # there pi / sine overflows
    quotient = log(select(tiny, magnitude, PI / abs(sine)))
    reflected = select(tiny, -quotient, quotient) - logarithm
    result = select(negative, reflected, logarithm)
    return select(magnitude.eq(INFINITY) | (negative & sine.eq(0) & ~tiny), INFINITY, result)


def gamma_parts(z: Value) -> tuple[Value, Value, Value]:
    """a, b and c with gamma(z) = a * b / c * a, for z > 0; c is 1 from 9 on."""
    y, product = z, z.constant(1)
    for _ in range(STIRLING_FROM):
        low = y < STIRLING_FROM
        product = select(low, product * y, product)
        y = select(low, y + 1, y)
    y = select(y > 200, 200, y)
    root = power(y, fma(y, 0.5, -0.25))
    return root, exp_of_sum(-y, stirling(y)) * SQRT_TWO_PI, product


def gamma(x: Value) -> Value:
    """The gamma function; NaN at negative integers, infinite at 0 with its sign."""
    z = abs(x)
    root, rest, product = gamma_parts(z)
    positive = root * (rest / product) * root
    nearest = z.rint()
    sine = sine_of_turn(z - nearest)
    sine = select(odd(nearest), -sine, sine)
    negative = -PI * (product / z) / sine / (root * rest) / root
    result = select(x < 0, select(sine.eq(0), NAN, negative), positive)
    tiny = z < 1e-300
    return select(tiny, 1 / select(tiny, x, 1), result)


def clamped_exponent(x: Value) -> Value:
    """x between what `exp_of_sum` takes."""
    return clamp(x, -800, 800)


KERNEL_NAMES: dict[str, object] = {formula.__name__: vectorized(formula) for formula in (gammaln, gamma)}
