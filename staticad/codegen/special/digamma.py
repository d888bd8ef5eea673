"""The first two derivatives of log(gamma): a polynomial around the zero of the first, sums, and asymptotic series.

Up to 3, digamma is (x - x0) P(x) on 1 <= x <= 2 and one step of its recurrence. From 9 on both are asymptotic series,
and between them sums of reciprocals, whose numerator and denominator are carried along. Negative arguments are
reflected by the cotangent and the sine of pi times the distance to the nearest integer.
"""

from __future__ import annotations

from staticad.codegen.special.coefficients import DIGAMMA, DIGAMMA_ROOT
from staticad.codegen.special.flow import vectorized
from staticad.codegen.special.gamma_function import INFINITY, NAN, PI, cosine_of_turn, sine_of_turn
from staticad.codegen.vecmath.builder import Value, fma, horner, select
from staticad.codegen.vecmath.logarithm import log

FROM = 9
# B(2 k) / (2 k), and B(2 k), highest k first
DIGAMMA_SERIES = (43867 / 14364, -3617 / 8160, 1 / 12, -691 / 32760, 1 / 132, -1 / 240, 1 / 252, -1 / 120, 1 / 12)
TRIGAMMA_SERIES = (43867 / 798, -3617 / 510, 7 / 6, -691 / 2730, 5 / 66, -1 / 30, 1 / 42, -1 / 30, 1 / 6)


def digamma_of_positive(y: Value) -> Value:
    """digamma(y) for y >= 0."""
    below, above = y < 1, y > 2
    t = select(below, y + 1, select(above, y - 1, y))
    root, low = DIGAMMA_ROOT
    near = ((t - root) - low) * horner(fma(t, 2, -3), DIGAMMA)
    near = select(below, near - 1 / y, select(above, near + 1 / t, near))
    w, numerator, denominator = y, y.constant(0), y.constant(1)
    for _ in range(FROM - 3):
        shift = w < FROM
        numerator = select(shift, fma(numerator, w, denominator), numerator)
        denominator = select(shift, denominator * w, denominator)
        w = select(shift, w + 1, w)
    inverse = 1 / w
    square = inverse * inverse
    far = log(w) - fma(inverse, 0.5, fma(square, horner(square, DIGAMMA_SERIES), numerator / denominator))
    return select(y < 3, near, far)


def log_less_digamma(z: Value) -> Value:
    """log(z) - digamma(z) for z >= 9, without the cancellation of the two."""
    inverse = 1 / z
    square = inverse * inverse
    return fma(inverse, 0.5, square * horner(square, DIGAMMA_SERIES))


def digamma(x: Value) -> Value:
    """The derivative of log(gamma); NaN at negative integers, infinite at 0 with the sign that 1 / -x has."""
    negative = x < 0
    z = abs(x)
    r = z - z.rint()
    result = digamma_of_positive(select(negative, z + 1, x))
    sine = sine_of_turn(r)
    reflected = fma(cosine_of_turn(r) / sine, PI, result)
    return select(negative, select(sine.eq(0) | z.eq(INFINITY), NAN, reflected), result)


def trigamma_of_positive(y: Value) -> Value:
    """trigamma(y) for y >= 0: the square of 1 / y, which is taken first, and trigamma(y + 1)."""
    first = 1 / y
    w, numerator, denominator = y + 1, y.constant(0), y.constant(1)
    for _ in range(FROM - 1):
        shift = w < FROM
        square = w * w
        numerator = select(shift, fma(numerator, square, denominator), numerator)
        denominator = select(shift, denominator * square, denominator)
        w = select(shift, w + 1, w)
    inverse = 1 / w
    square = inverse * inverse
    tail = fma(square * inverse, horner(square, TRIGAMMA_SERIES), fma(square, 0.5, inverse))
    return fma(first, first, numerator / denominator + tail)


def trigamma(x: Value) -> Value:
    """The second derivative of log(gamma); infinite at 0 and at negative integers."""
    negative = x < 0
    z = abs(x)
    result = trigamma_of_positive(select(negative, z + 1, z))
    turn = PI / sine_of_turn(z - z.rint())
    reflected = select(z < INFINITY, fma(turn, turn, -result), INFINITY)
    return select(negative, reflected, result)


KERNEL_NAMES: dict[str, object] = {formula.__name__: vectorized(formula) for formula in (digamma, trigamma)}
