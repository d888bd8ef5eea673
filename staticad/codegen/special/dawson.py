"""Dawson's integral with its derivatives, the error function of an imaginary number, and the dilogarithm."""

from __future__ import annotations

import math

from staticad.codegen.special.flow import call, choose, odd, outlined
from staticad.codegen.special.gamma_function import INFINITY, NAN
from staticad.codegen.special.integral_coefficients import DAWSON_LARGE, DAWSON_MIDDLE, DAWSON_SMALL, DILOGARITHM
from staticad.codegen.special.scalar import exp, log, log1p
from staticad.codegen.vecmath.builder import Value, fma, horner, repeat_while, select

ASYMPTOTIC = 6.25  # where the asymptotic series has all digits
LARGEST_ORDER = 1000  # of a derivative
TWO_OVER_SQRT_PI = 1.1283791670955126


def dawsn(x: Value) -> Value:
    """exp(-x**2) times the integral of exp(t**2) from 0 to x."""
    magnitude = abs(x)

    def small() -> Value:
        return magnitude * horner(fma(x * x, 0.32, -1), DAWSON_SMALL)

    def middle() -> Value:
        return horner((25 / magnitude - 7) * (1 / 3), DAWSON_MIDDLE) / magnitude

    def large() -> Value:
        inverse = 1 / magnitude
        return horner(fma(inverse * inverse, 2 * ASYMPTOTIC**2, -1), DAWSON_LARGE) * inverse

    def beyond() -> Value:
        return choose(magnitude < ASYMPTOTIC, middle, large)

    return select(x.is_nan(), x, choose(magnitude < 2.5, small, beyond).copysign(x))


def dawsn_derivative(order: Value, x: Value) -> Value:
    """The derivative of an integer order of Dawson's integral: D' = 1 - 2 x D, D(n + 1) = -2 (x D(n) + n D(n - 1)).

    For large x, where that would cancel, the terms of the asymptotic series (DLMF 7.12) are differentiated one by one.
    """
    n, magnitude = order.rint(), abs(x)
    zeroth = call("dawsn", dawsn, magnitude)

    def recurrence() -> Value:
        def step(k: Value, before: Value, here: Value) -> list[Value]:
            return [k + 1, here, -2 * fma(magnitude, here, k * before)]

        state = [x.constant(1), zeroth, fma(magnitude * zeroth, -2, 1)]
        return repeat_while(state, lambda k, _before, _here: k < n, step)[2]

    def series() -> Value:
        inverse = 1 / magnitude
        _, first = repeat_while(
            [x.constant(0), inverse * 0.5], lambda k, _: k < n, lambda k, term: [k + 1, -(term * (k + 1) * inverse)]
        )

        def step(k: Value, term: Value, total: Value) -> list[Value]:
            following = k * 2 + n
            term = term * (following + 1) * (following + 2) / (k + 1) * (inverse * inverse * 0.25)
            return [k + 1, term, total + term]

        state = [x.constant(0), first, first]
        return repeat_while(state, lambda k, term, total: (abs(term) > abs(total) * 1e-17) & (k < 40), step)[2]

    higher = choose(
        (n > 0) & (n <= LARGEST_ORDER),
        lambda: choose(magnitude < ASYMPTOTIC + 0.75, recurrence, series),
        lambda: x.constant(NAN),
    )
    result = select(n.eq(0), zeroth, higher)
    return select(x.is_nan() | order.is_nan(), x + order, select((x < 0) & ~odd(n), -result, result))


def erfi(x: Value) -> Value:
    """2 / sqrt(pi) times the integral of exp(t**2) from 0 to x."""
    square = x * x
    rest = fma(x, x, -square)

    def finite() -> Value:
        root = exp(square * 0.5)
        return root * (call("dawsn", dawsn, x) * fma(rest, TWO_OVER_SQRT_PI, TWO_OVER_SQRT_PI)) * root

    return select(x.is_nan(), x, choose(square < 800, finite, lambda: x.constant(INFINITY).copysign(x)))


def _dilogarithm(u: Value) -> Value:
    """The sum of u**k / k**2 for u from 0 to 1/2."""
    return u * horner(fma(u, 4, -1), DILOGARITHM)


def spence(x: Value) -> Value:
    """The integral of log(t) / (1 - t) from 1 to x >= 0, which is the dilogarithm of 1 - x. Its argument is brought
    between 0 and 1/2 by its equations (DLMF 25.12.3, 25.12.6)."""

    def below() -> Value:
        """For x <= 1."""
        logarithm = select(x.eq(0), 0, log(select(x.eq(0), 1, x)))
        low = math.pi**2 / 6 - logarithm * log1p(-x) - _dilogarithm(x)
        return select(x < 0.5, select(x.eq(0), math.pi**2 / 6, low), _dilogarithm(1 - x))

    def above() -> Value:
        logarithm, inverse = log(x), 1 / x
        half = logarithm * logarithm * 0.5
        far = _dilogarithm(inverse) - logarithm * log1p(-inverse) - (half + math.pi**2 / 6)
        return select(x > 2, far, -(half + _dilogarithm((x - 1) * inverse)))

    inside = choose(x <= 1, below, lambda: choose(x < INFINITY, above, lambda: x.constant(-INFINITY)))
    return select(x.is_nan(), x, select(x < 0, NAN, inside))


KERNEL_NAMES: dict[str, object] = {
    formula.__name__: outlined(formula) for formula in (dawsn, dawsn_derivative, erfi, spence)
}
