"""The first two derivatives by the parameter a of the incomplete gamma function P, and of the logarithm y of a number
that keeps its place P(a, exp(y)) in the gamma distribution.

Below the mean they are those of the power series, beyond it those of the continued fraction, over numbers with
derivatives. For a > 100 near the mean Temme's expansion P = erfc(-eta sqrt(a / 2)) / 2 - E T(eta, a) is differentiated,
with E = exp(-a eta**2 / 2) / sqrt(2 pi a), d(log E)/da = log(x / a) - 1 / (2 a) and d(eta)/da = -mu / (a eta). In
r = mu / (2 + mu), what cancels at the mean is written without it.

The implicit derivative is that of M. Figurnov, S. Mohamed and A. Mnih (2018): -(dP/da) / (dP/dy).
"""

from __future__ import annotations

from collections.abc import Callable

from staticad.codegen.special.coefficients import TEMME
from staticad.codegen.special.digamma import DIGAMMA_SERIES
from staticad.codegen.special.dual import Dual, leaves, seeded
from staticad.codegen.special.flow import call, choose, outlined
from staticad.codegen.special.gamma_function import INFINITY, NAN, SQRT_TWO_PI, clamped_exponent
from staticad.codegen.special.incomplete_gamma import at_the_edges, factor, fraction, near_mean, series
from staticad.codegen.special.log_excess import log_excess
from staticad.codegen.special.scalar import digamma_of_positive, exp, log, log1p, stirling, trigamma_of_positive
from staticad.codegen.vecmath.builder import Value, fma, horner, select

# 1/3 + r**2 / 5 + r**4 / 7 + ..., highest power first
ATANH = tuple(1 / (2 * k + 3) for k in range(13))[::-1]


def _series_slopes(a: Value, logarithm: Value, x: Value, order: int) -> list[Value]:
    """W = dP/da / F for the series' factor F = x**a exp(-x) / gamma(a + 1); for order 2 also dW/da, and d(log F)/da."""
    by_factor = logarithm - digamma_of_positive(a + 1)
    if order == 1:
        total, slope = leaves(series(seeded(a, 1), x))
        return [fma(total, by_factor, slope)]
    total, slope, _, curve = leaves(series(seeded(a, 1, 1), x))
    bent = fma(slope, by_factor, fma(-total, trigamma_of_positive(a + 1), curve))
    return [fma(total, by_factor, slope), bent, by_factor]


def _upper_slope(a: Value, logarithm: Value, x: Value, order: int) -> Value:
    """The derivative of P by a, divided by the series' factor, for x > a. The fraction's factor is a times that, and
    differentiated with it: so a small a does not cancel."""
    by_factor = logarithm - digamma_of_positive(a + 1)
    once = fma(a, by_factor, 1)
    if order == 1:
        total, slope = leaves(fraction(seeded(a, 1), x))
        return -fma(total, once, a * slope)
    total, slope, _, curve = leaves(fraction(seeded(a, 1, 1), x))
    twice = fma(a, fma(by_factor, by_factor, -trigamma_of_positive(a + 1)), by_factor * 2)
    return -fma(total, twice, fma(slope * 2, once, a * curve))


def _near_mean_slopes(a: Value, mu: Value) -> tuple[Value, Value]:
    """B and B', with dP/da = E B."""
    logarithm = log1p(mu)
    eta = (log_excess(mu) * -2).sqrt().copysign(mu)
    at_mean = eta.eq(0)
    ratio = select(at_mean, 1, mu / select(at_mean, 1, eta))  # mu / eta
    logarithmic = select(at_mean, 1, logarithm / select(at_mean, 1, eta))
    r, inverse = mu / (mu + 2), 1 / a
    part = ratio / (mu + 2)  # r / eta
    square = r * r
    q = horner(square, ATANH)
    first = -ratio * inverse
    second = inverse * inverse * (ratio - ratio * ratio * part * (q - square * q - 1))
    bent = ratio * part * part * q * inverse * 2  # the derivative of log(1 + mu) / eta

    variable = Dual(Dual(eta, first), Dual(first, second))
    reciprocal = 1 / seeded(a, 1, 1)
    zero = seeded(a.constant(0), 0, 0)
    total = zero
    for row in reversed(TEMME):
        coefficient = zero
        for c in row:
            coefficient = coefficient * variable + c
        total = total * reciprocal + coefficient
    value, slope, _, curve = leaves(total)
    by_density = fma(inverse, -0.5, logarithm)
    found = -logarithmic - fma(by_density, value, slope)
    rest = fma(inverse * inverse * 0.5 - inverse, value, fma(by_density, slope, curve))
    return found, -bent - rest


def _by_expansion(order: int) -> Callable[[Value, Value], Value]:
    def formula(a: Value, x: Value) -> Value:
        mu = (x - a) / a
        first, second = _near_mean_slopes(a, mu)
        density = exp(clamped_exponent(a * log_excess(mu))) / (a.sqrt() * SQRT_TWO_PI)
        if order == 1:
            return density * first
        return density * fma(fma(1 / a, -0.5, log1p(mu)), first, second)

    return formula


def _slope(order: int) -> Callable[[Value, Value], Value]:
    def by_series(a: Value, x: Value) -> Value:
        slope, *bent = _series_slopes(a, log(x), x, order)
        return factor(a, x) * (fma(slope, bent[1], bent[0]) if bent else slope)

    def by_fraction(a: Value, x: Value) -> Value:
        return factor(a, x) * _upper_slope(a, log(x), x, order)

    def formula(a: Value, x: Value) -> Value:
        def others() -> Value:
            above = (x > 1) & (x > a)
            return choose(
                above,
                lambda: call("by_fraction", by_fraction, a, x),
                lambda: call("by_series", by_series, a, x),
            )

        def inside() -> Value:
            return choose(near_mean(a, x), lambda: call("by_expansion", _by_expansion(order), a, x), others)

        return at_the_edges(a, x, inside, 0, 0)

    return formula


def gammainc_slope(a: Value, x: Value) -> Value:
    """The derivative of P by a."""
    return _slope(1)(a, x)


def gammainc_slope_aa(a: Value, x: Value) -> Value:
    """The second derivative of P by a."""
    return _slope(2)(a, x)


def _implicit(order: int) -> Callable[[Value, Value], Value]:
    """dP/dy is a times the factor of the series, and E a exp(-stirling(a)) for the expansion."""

    def by_series(a: Value, y: Value, x: Value) -> Value:
        slope, *bent = _series_slopes(a, y, x, order)
        return (slope / a - bent[0]) / a if bent else -slope / a

    def by_fraction(a: Value, y: Value, x: Value) -> Value:
        by_factor = y - digamma_of_positive(a)
        if order == 1:
            total, slope = leaves(fraction(seeded(a, 1), x))
            return fma(total, by_factor, slope)
        total, slope, _, curve = leaves(fraction(seeded(a, 1, 1), x))
        return fma(slope, by_factor, fma(-total, trigamma_of_positive(a), curve))

    def by_expansion(a: Value, x: Value) -> Value:
        first, second = _near_mean_slopes(a, (x - a) / a)
        inverse = 1 / a
        scale = -exp(stirling(a)) * inverse
        if order == 1:
            return scale * first
        square = inverse * inverse
        return scale * fma(first, -fma(square, horner(square, DIGAMMA_SERIES), inverse), second)

    def formula(a: Value, y: Value) -> Value:
        x = exp(y)

        def others() -> Value:
            above = (x > 1) & (x > a)
            return choose(
                above,
                lambda: call("by_fraction", by_fraction, a, y, x),
                lambda: call("by_series", by_series, a, y, x),
            )

        def inside() -> Value:
            return choose(near_mean(a, x), lambda: call("by_expansion", by_expansion, a, x), others)

        return choose((a > 0) & (a < INFINITY) & (abs(y) < INFINITY), inside, lambda: a.constant(NAN))

    return formula


def log_gamma_slope(a: Value, y: Value) -> Value:
    """The derivative by a of the logarithm y of a gamma distributed number at a fixed place of the distribution."""
    return _implicit(1)(a, y)


def log_gamma_slope_a(a: Value, y: Value) -> Value:
    """The derivative of `log_gamma_slope` by a alone."""
    return _implicit(2)(a, y)


KERNEL_NAMES: dict[str, object] = {
    formula.__name__: outlined(formula)
    for formula in (gammainc_slope, gammainc_slope_aa, log_gamma_slope, log_gamma_slope_a)
}
