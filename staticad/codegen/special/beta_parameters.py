"""The first and second derivatives of the incomplete beta function by its parameters.

I = b g F for the continued fraction F over numbers with derivatives, and g = x**a (1 - x)**b / (a b B(a, b)), whose
logarithmic derivatives are sums of digamma functions. The factor b is differentiated with the fraction, so that a small
b does not cancel. Of large parameters, the logarithms in the digamma functions are taken together with that of x.
"""

from __future__ import annotations

from collections.abc import Callable

from staticad.codegen.special.digamma import FROM, log_less_digamma
from staticad.codegen.special.dual import leaves, seeded
from staticad.codegen.special.flow import call, choose, outlined
from staticad.codegen.special.incomplete_beta import at_the_edges, factor, fraction, ordered
from staticad.codegen.special.scalar import digamma_of_positive, log, log1p, trigamma_of_positive
from staticad.codegen.vecmath.builder import Value, fma, select

# how often a derivative is taken by a and by b
Orders = tuple[int, int]


def _logarithmic(a: Value, b: Value, x: Value, y: Value, distance: Value) -> Value:
    """log(x) - digamma(a + 1) + digamma(a + b), for y = 1 - x and x (a + b) / a = 1 + distance / a."""
    relative = distance / a

    def near_mean() -> Value:
        return log1p(relative) + (log_less_digamma(a) - log_less_digamma(a + b)) - 1 / a

    def plain() -> Value:
        logarithm = select(y < 0.5, log1p(-select(y < 0.5, y, 0)), log(x))
        return logarithm - digamma_of_positive(a + 1) + digamma_of_positive(a + b)

    return choose((a >= FROM) & (abs(relative) < 0.5), near_mean, plain)


def _lower(orders: Orders) -> Callable[[Value, Value, Value, Value, Value], Value]:
    """The derivative of the lower part."""

    def formula(a: Value, b: Value, x: Value, y: Value, below: Value) -> Value:
        scale = factor(a, b, x, y, below) / a
        by_a = _logarithmic(a, b, x, y, -below)
        if orders == (1, 0):
            total, slope = leaves(fraction(seeded(a, 1), seeded(b, 0), x))
            return scale * fma(total, by_a, slope)
        both = trigamma_of_positive(a + b)
        if orders == (2, 0):
            total, slope, _, curve = leaves(fraction(seeded(a, 1, 1), seeded(b, 0, 0), x))
            bent = fma(by_a, by_a, both - trigamma_of_positive(a + 1))
            return scale * fma(total, bent, fma(slope * 2, by_a, curve))
        scale, by_b = scale / b, _logarithmic(b, a, y, x, below)
        once = fma(b, by_b, 1)
        if orders == (0, 1):
            total, slope = leaves(fraction(seeded(a, 0), seeded(b, 1), x))
            return scale * fma(total, once, b * slope)
        if orders == (1, 1):
            total, slope, other, mixed = leaves(fraction(seeded(a, 1, 0), seeded(b, 0, 1), x))
            first = once * fma(total, by_a, slope)
            return scale * fma(b, fma(total, both, fma(other, by_a, mixed)), first)
        total, slope, _, curve = leaves(fraction(seeded(a, 0, 0), seeded(b, 1, 1), x))
        twice = fma(b, fma(by_b, by_b, both - trigamma_of_positive(b + 1)), by_b * 2)
        return scale * fma(total, twice, fma(slope * 2, once, b * curve))

    return formula


def _derivative(orders: Orders) -> Callable[[Value, Value, Value], Value]:
    """The complement, of a and b exchanged, has the same derivatives with the opposite sign."""

    def formula(a: Value, b: Value, x: Value) -> Value:
        def inside(a: Value, b: Value, x: Value, y: Value, below: Value, exchanged: Value) -> Value:
            return choose(
                exchanged,
                lambda: -call("upper", _lower(orders[::-1]), a, b, x, y, below),
                lambda: call("lower", _lower(orders), a, b, x, y, below),
            )

        return at_the_edges(a, b, x, lambda: ordered(a, b, x, inside), 0)

    return formula


def betainc_slope_a(a: Value, b: Value, x: Value) -> Value:
    """The derivative of betainc by a."""
    return _derivative((1, 0))(a, b, x)


def betainc_slope_b(a: Value, b: Value, x: Value) -> Value:
    """The derivative of betainc by b."""
    return _derivative((0, 1))(a, b, x)


def betainc_slope_aa(a: Value, b: Value, x: Value) -> Value:
    """The second derivative of betainc by a."""
    return _derivative((2, 0))(a, b, x)


def betainc_slope_ab(a: Value, b: Value, x: Value) -> Value:
    """The derivative of betainc by a and b."""
    return _derivative((1, 1))(a, b, x)


def betainc_slope_bb(a: Value, b: Value, x: Value) -> Value:
    """The second derivative of betainc by b."""
    return _derivative((0, 2))(a, b, x)


KERNEL_NAMES: dict[str, object] = {
    formula.__name__: outlined(formula)
    for formula in (betainc_slope_a, betainc_slope_b, betainc_slope_aa, betainc_slope_ab, betainc_slope_bb)
}
