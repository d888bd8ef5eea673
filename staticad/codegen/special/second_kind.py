"""Bessel functions of the second kind, of positive numbers: Y, and the modified K with and without the factor exp(x).

Up to 2, K has the logarithm of x / 2 times I and a polynomial in x**2, beyond a polynomial in 1 / x. Up to 5, Y has
that logarithm times J and a polynomial in x**2, beyond it is Hankel's form with the amplitudes of J. Higher orders
follow by the recurrences upwards, which are stable.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from staticad.codegen.special import bessel
from staticad.codegen.special.flow import call, choose, odd, outlined
from staticad.codegen.special.gamma_function import INFINITY, NAN
from staticad.codegen.special.scalar import exp, log
from staticad.codegen.special.second_kind_coefficients import (
    K0_LARGE,
    K0_SMALL,
    K1_LARGE,
    K1_SMALL,
    Y0_SMALL,
    Y1_SMALL,
)
from staticad.codegen.vecmath.builder import Value, fma, horner, repeat_while, select

TWO_OVER_PI = 0.6366197723675814
LARGEST_ORDER = 1e6


def _log_of_half(x: Value) -> Value:
    """log(x / 2), also of subnormal numbers, whose halves are rounded."""
    tiny = x < 1e-290
    return log(x * select(tiny, x.constant(2.0**59), 0.5)) - select(tiny, x.constant(60 * math.log(2)), 0)


def _of_positive(x: Value, at_zero: float, inside: Callable[[], Value]) -> Value:
    """What is known of x > 0; 0 at infinity, NaN below 0."""
    ends = select(x.eq(0), at_zero, select(x > 0, x.constant(0), NAN))
    return choose((x > 0) & (x < INFINITY), inside, lambda: ends)


def _k_near(order: int, x: Value) -> Value:
    """The function, up to 2."""
    t = fma(x * x, 0.5, -1)
    logarithm = _log_of_half(x)
    if order == 0:
        return horner(t, K0_SMALL) - logarithm * call("i0", bessel.i0, x)
    return fma(horner(t, K1_SMALL), x, 1 / x) + logarithm * call("i1", bessel.i1, x)


def _k_far(order: int, x: Value) -> Value:
    """exp(x) times it, from 2 on."""
    return horner(4 / x - 1, K1_LARGE if order else K0_LARGE) / x.sqrt()


def _k(order: int, x: Value) -> Value:
    def far() -> Value:
        root = exp(x * -0.5)
        return root * _k_far(order, x) * root

    return _of_positive(x, INFINITY, lambda: choose(x < 2, lambda: _k_near(order, x), far))


def _k_scaled(order: int, x: Value) -> Value:
    def inside() -> Value:
        return choose(x < 2, lambda: _k_near(order, x) * exp(x), lambda: _k_far(order, x))

    return _of_positive(x, INFINITY, inside)


def k0(x: Value) -> Value:
    """The modified Bessel function of the second kind of order 0."""
    return _k(0, x)


def k1(x: Value) -> Value:
    """The modified Bessel function of the second kind of order 1."""
    return _k(1, x)


def k0e(x: Value) -> Value:
    """exp(x) k0(x)."""
    return _k_scaled(0, x)


def k1e(x: Value) -> Value:
    """exp(x) k1(x)."""
    return _k_scaled(1, x)


def _y(order: int, x: Value) -> Value:
    def near() -> Value:
        t = fma(x * x, 2 / 25, -1)
        logarithm = _log_of_half(x)
        if order == 0:
            return fma(logarithm * TWO_OVER_PI, call("j0", bessel.j0, x), horner(t, Y0_SMALL))
        singular = (logarithm * call("j1", bessel.j1, x) - 1 / x) * TWO_OVER_PI
        return fma(horner(t, Y1_SMALL), x, singular)

    return _of_positive(x, -INFINITY, lambda: choose(x < 5, near, lambda: bessel.hankel(order, x, second_kind=True)))


def y0(x: Value) -> Value:
    """The Bessel function of the second kind of order 0."""
    return _y(0, x)


def y1(x: Value) -> Value:
    """The Bessel function of the second kind of order 1."""
    return _y(1, x)


def _upwards(order: Value, x: Value, zeroth: Value, first: Value, sign: float) -> Value:
    """The function of integer order n >= 0 by f(k + 1) = 2 k / x f(k) + sign f(k - 1)."""
    inverse = 2 / x

    def step(k: Value, before: Value, here: Value) -> list[Value]:
        return [k + 1, here, fma(k * inverse, here, before * sign)]

    def more() -> Value:
        state = [x.constant(1), zeroth, first]
        return repeat_while(state, lambda k, _, here: (k < order) & (abs(here) < INFINITY), step)[2]

    return choose(order.eq(0), lambda: zeroth, more)


def _of_order(order: Value, x: Value, end: float, inside: Callable[[Value], Value]) -> Value:
    """What is known of x > 0 and an order up to a million; 0 at infinity, NaN below 0; the end at 0 and beyond."""
    n = abs(order.rint())
    outside = select((x >= 0) & (x < INFINITY), end, select(x > 0, x.constant(0), NAN))
    result = choose((x > 0) & (x < INFINITY) & (n <= LARGEST_ORDER), lambda: inside(n), lambda: outside)
    return select(x.is_nan() | order.is_nan(), x + order, result)


def bessel_k(order: Value, x: Value) -> Value:
    """The modified Bessel function K of integer order."""

    def inside(n: Value) -> Value:
        return _upwards(n, x, call("k0", k0, x), call("k1", k1, x), 1.0)

    return _of_order(order, x, INFINITY, inside)


def bessel_ke(order: Value, x: Value) -> Value:
    """exp(x) times the modified Bessel function K of integer order."""

    def inside(n: Value) -> Value:
        return _upwards(n, x, call("k0e", k0e, x), call("k1e", k1e, x), 1.0)

    return _of_order(order, x, INFINITY, inside)


def bessel_y(order: Value, x: Value) -> Value:
    """The Bessel function Y of integer order."""
    negative = odd(abs(order.rint())) & (order < 0)

    def inside(n: Value) -> Value:
        return _upwards(n, x, call("y0", y0, x), call("y1", y1, x), -1.0)

    result = _of_order(order, x, -INFINITY, inside)
    return select(negative, -result, result)


KERNEL_NAMES: dict[str, object] = {
    formula.__name__: outlined(formula) for formula in (k0, k1, k0e, k1e, y0, y1, bessel_k, bessel_ke, bessel_y)
}
