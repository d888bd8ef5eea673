"""The derivatives by its parameter kappa of an angle that keeps its place in the von Mises distribution, of density
exp(kappa cos(t)) / (2 pi I0(kappa)).

Let A = I1 / I0, the mean of the cosine, h(t) = A - cos(t) and w = exp(kappa (cos(t) - cos(angle))). The first one is
the integral of h(t) w from 0 to the angle, its derivative by kappa alone that of (A' + h(t) (h(angle) - h(t))) w. Up to
pi both are 0, so they are taken from the nearer end, by Gauss's rule. 1 - A and 1 - cos(t) stand for A and cos(t),
which are near 1 where kappa is large.
"""

from __future__ import annotations

from collections.abc import Callable

from numba.core import types

from staticad.codegen.special.bessel import i0e, i1e
from staticad.codegen.special.coefficients import BESSEL_GAP, GAUSS_POINTS, GAUSS_WEIGHTS
from staticad.codegen.special.flow import call, choose, outlined
from staticad.codegen.special.gamma_function import INFINITY, NAN, PI, sine_of_turn
from staticad.codegen.special.scalar import exp
from staticad.codegen.vecmath.builder import Value, horner, lookup, repeat_while, select

ASYMPTOTIC_FROM = 40
PANELS = 4


def von_mises_gap(kappa: Value) -> Value:
    """1 - A, for kappa >= 0."""
    return choose(kappa < ASYMPTOTIC_FROM, lambda: 1 - i1e(kappa) / i0e(kappa), lambda: _gap_of_large(kappa))


def _gap_of_large(kappa: Value) -> Value:
    inverse = 1 / kappa
    return inverse * horner(inverse, BESSEL_GAP)


def _variance(kappa: Value) -> Value:
    """A' = 1 - A**2 - A / kappa, the variance of the cosine."""

    def small() -> Value:
        mean = i1e(kappa) / i0e(kappa)
        return select(kappa.eq(0), 0.5, (1 - mean * mean) - mean / select(kappa.eq(0), 1, kappa))

    def large() -> Value:
        inverse = 1 / kappa
        series = tuple((len(BESSEL_GAP) - k) * c for k, c in enumerate(BESSEL_GAP))
        return inverse * inverse * horner(inverse, series)

    return choose(kappa < ASYMPTOTIC_FROM, small, large)


def _half_sine(angle: Value) -> Value:
    """sin(angle / 2) for 0 <= angle <= 2 pi."""
    turn = angle * (0.5 / PI)
    return sine_of_turn(select(turn > 0.5, 1 - turn, turn))


def _versine(angle: Value) -> Value:
    """1 - cos(angle)."""
    sine = _half_sine(angle)
    return sine * sine * 2


def _by_quadrature(order: int) -> Callable[[Value, Value], Value]:
    def formula(kappa: Value, size: Value) -> Value:
        gap, here = call("gap", von_mises_gap, kappa), _versine(size)
        offset = here - gap  # h(angle)
        beyond = offset > 0
        slope = kappa * (_half_sine(size) * _half_sine(PI - size) * 2)
        wide, narrow = 70 / slope, 14 / kappa.sqrt()
        reach = select((here < 0.5) & (narrow < wide), narrow, wide)
        end = select(size + reach < PI, size + reach, PI)
        begin = select(beyond, size, 0)
        step = (select(beyond, end, size) - begin) * (1 / PANELS)
        variance = call("variance", _variance, kappa) if order == 2 else gap

        def part(place: Value, total: Value) -> list[Value]:
            node = place & 15
            panel = (place >> 4).to(types.float64)
            t = begin + step * (panel + lookup("gauss_points", GAUSS_POINTS, node))
            exponent = kappa * (_half_sine(abs(t - size)) * _half_sine(t + size) * 2)
            height = _versine(t) - gap
            if order == 2:
                height = variance + height * (offset - height)
            weight = exp(select(beyond, -exponent, exponent)) * lookup("gauss_weights", GAUSS_WEIGHTS, node)
            return [place + 1, total + height * weight]

        first = kappa.constant(0, types.int64)
        count = PANELS * len(GAUSS_POINTS)
        _, total = repeat_while([first, kappa.constant(0)], lambda place, _total: place < count, part)
        return select(beyond, -total, total) * step

    return formula


def _derivative(order: int) -> Callable[[Value, Value], Value]:
    def formula(kappa: Value, angle: Value) -> Value:
        size = abs(angle)
        size = select(size > PI, PI, size)

        def inside() -> Value:
            found = call("by_quadrature", _by_quadrature(order), kappa, size)
            return select(angle < 0, -found, found)

        found = choose((kappa >= 0) & (kappa < INFINITY) & (size > 0), inside, lambda: kappa.constant(0))
        return select(~(kappa >= 0) | angle.is_nan(), NAN, found)

    return formula


def von_mises_slope(kappa: Value, angle: Value) -> Value:
    """The derivative of the angle by kappa, its place in the distribution being fixed."""
    return _derivative(1)(kappa, angle)


def von_mises_slope_kappa(kappa: Value, angle: Value) -> Value:
    """The derivative of `von_mises_slope` by kappa alone."""
    return _derivative(2)(kappa, angle)


KERNEL_NAMES: dict[str, object] = {
    formula.__name__: outlined(formula) for formula in (von_mises_gap, von_mises_slope, von_mises_slope_kappa)
}
