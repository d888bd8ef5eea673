"""Bessel functions of order 0 and 1: J, and I with and without the factor exp(-|x|).

I is its power series up to 8, whose terms are all positive, and a polynomial in 1 / x beyond. J is a polynomial in x**2
up to 5, times the distances of x from its two zeros there, and beyond 5 the amplitudes P and Q of Hankel's form,
sqrt(2 / (pi x)) (P cos(x - n pi / 2 - pi / 4) - Q sin(...)), as polynomials in 1 / x**2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from staticad.codegen.special.coefficients import (
    I0_LARGE,
    I1_LARGE,
    J0,
    J0_P,
    J0_Q,
    J0_ROOTS,
    J1,
    J1_P,
    J1_Q,
    J1_ROOTS,
)
from staticad.codegen.special.flow import vectorized
from staticad.codegen.vecmath.builder import Value, fma, horner, select
from staticad.codegen.vecmath.exponential import exp
from staticad.codegen.vecmath.trigonometric import cos, sin

I_TERMS = 24
I0_SMALL = tuple(1 / math.factorial(k) ** 2 for k in range(I_TERMS))[::-1]
I1_SMALL = tuple(0.5 / (math.factorial(k) * math.factorial(k + 1)) for k in range(I_TERMS))[::-1]
SQRT_INVERSE_PI = 0.5641895835477563
INFINITY = float("inf")


def _i_parts(order: int, x: Value) -> tuple[Value, Value, Value]:
    """The function, up to 8; itself times exp(-x), beyond; and whether x is small. For x >= 0."""
    small = x <= 8
    inside, outside = select(small, x, 8), select(small, 8, x)
    quarter = inside * inside * 0.25
    near = horner(quarter, I1_SMALL) * inside if order else horner(quarter, I0_SMALL)
    far = horner(16 / outside - 1, I1_LARGE if order else I0_LARGE) / outside.sqrt()
    return near, far, small


def _i(order: int, x: Value) -> Value:
    magnitude = abs(x)
    near, far, small = _i_parts(order, magnitude)
    root = exp(magnitude * 0.5)
    overflowing = root * far * root
    result = select(small, near, select(magnitude < INFINITY, overflowing, magnitude))
    return result.copysign(x) if order else result


def _i_scaled(order: int, x: Value) -> Value:
    magnitude = abs(x)
    near, far, small = _i_parts(order, magnitude)
    result = select(small, near * exp(-magnitude), far)
    return result.copysign(x) if order else result


def i0(x: Value) -> Value:
    """The modified Bessel function of order 0."""
    return _i(0, x)


def i1(x: Value) -> Value:
    """The modified Bessel function of order 1."""
    return _i(1, x)


def i0e(x: Value) -> Value:
    """exp(-|x|) i0(x)."""
    return _i_scaled(0, x)


def i1e(x: Value) -> Value:
    """exp(-|x|) i1(x)."""
    return _i_scaled(1, x)


def _from_zeros(x: Value, zeros: Sequence[float]) -> Value:
    """The product of x**2 - z**2 over zeros z that are given in two parts."""
    first, first_low, second, second_low = zeros
    factors = ((x - first) - first_low) * (x + first), ((x - second) - second_low) * (x + second)
    return factors[0] * factors[1]


def _hankel(order: int, x: Value, p: Sequence[float], q: Sequence[float]) -> Value:
    """The function for x >= 5."""
    x = select(x.eq(INFINITY), 1e300, x)
    inverse = 5 / x
    u = fma(inverse * inverse, 2, -1)
    amplitude = SQRT_INVERSE_PI / x.sqrt()
    a, b = horner(u, p), horner(u, q) / x
    sine, cosine = sin(x), cos(x)
    # cos and sin of x - pi/4, or of x - 3 pi/4, times the square root of 2
    turned = (cosine + sine, sine - cosine) if order == 0 else (sine - cosine, -(sine + cosine))
    return amplitude * fma(a, turned[0], -(b * turned[1]))


def j0(x: Value) -> Value:
    """The Bessel function of order 0."""
    magnitude = abs(x)
    small = magnitude < 5
    inside = select(small, magnitude, 0)
    near = _from_zeros(inside, J0_ROOTS) * horner(fma(inside * inside, 2 / 25, -1), J0)
    far = _hankel(0, select(small, 5, magnitude), J0_P, J0_Q)
    return select(magnitude.eq(INFINITY), 0, select(small, near, far))


def j1(x: Value) -> Value:
    """The Bessel function of order 1."""
    magnitude = abs(x)
    small = magnitude < 5
    inside = select(small, magnitude, 0)
    near = _from_zeros(inside, J1_ROOTS) * horner(fma(inside * inside, 2 / 25, -1), J1) * inside
    far = _hankel(1, select(small, 5, magnitude), J1_P, J1_Q)
    result = select(magnitude.eq(INFINITY), 0, select(small, near, far))
    return select(x.bits() < 0, -result, result)


KERNEL_NAMES: dict[str, object] = {formula.__name__: vectorized(formula) for formula in (i0, i1, i0e, i1e, j0, j1)}
