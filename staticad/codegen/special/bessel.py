"""Bessel functions of order 0 and 1: J, and I with and without the factor exp(-|x|).

I is its power series up to 8, whose terms are all positive, and a polynomial in 1 / x beyond. J is a polynomial in x**2
up to 5, times the distances of x from its two zeros there, and beyond 5 the amplitudes P and Q of Hankel's form,
sqrt(2 / (pi x)) (P cos(x - n pi / 2 - pi / 4) - Q sin(...)), as polynomials in 1 / x**2.

Functions of float32 are computed in float64, by polynomials that are as short as the result allows. There J goes up to
8, and is sqrt(2 / (pi x)) M cos(x - n pi / 2 - pi / 4 + theta) beyond it, by one sine; the phase theta is more precise
than the modulus M, so that the zeros of J are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from staticad.codegen.special.coefficients import (
    I0_FAR_SINGLE,
    I0_LARGE,
    I0_NEAR_SINGLE,
    I1_FAR_SINGLE,
    I1_LARGE,
    I1_NEAR_SINGLE,
    J0,
    J0_MODULUS_SINGLE,
    J0_NEAR_SINGLE,
    J0_P,
    J0_PHASE_SINGLE,
    J0_Q,
    J0_ROOTS,
    J1,
    J1_MODULUS_SINGLE,
    J1_NEAR_SINGLE,
    J1_P,
    J1_PHASE_SINGLE,
    J1_Q,
    J1_ROOTS,
)
from staticad.codegen.special.flow import in_either
from staticad.codegen.vecmath.builder import Value, fma, horner, select
from staticad.codegen.vecmath.exponential import exp, exp_for_single
from staticad.codegen.vecmath.trigonometric import cos, sin, sin_of_turns

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


def from_zeros(x: Value, zeros: Sequence[float]) -> Value:
    """The product of x**2 - z**2 over zeros z that are given in two parts."""
    first, first_low, second, second_low = zeros
    factors = ((x - first) - first_low) * (x + first), ((x - second) - second_low) * (x + second)
    return factors[0] * factors[1]


def hankel(order: int, x: Value, second_kind: bool = False) -> Value:
    """J of x >= 5, or Y."""
    inverse = 5 / x
    u = fma(inverse * inverse, 2, -1)
    a, b = horner(u, J1_P if order else J0_P), horner(u, J1_Q if order else J0_Q) / x
    sine, cosine = sin(x), cos(x)
    # cos and sin of x - pi/4, or of x - 3 pi/4, times the square root of 2
    turned = (cosine + sine, sine - cosine) if order == 0 else (sine - cosine, -(sine + cosine))
    total = fma(a, turned[1], b * turned[0]) if second_kind else fma(a, turned[0], -(b * turned[1]))
    return SQRT_INVERSE_PI / x.sqrt() * total


def j0(x: Value) -> Value:
    """The Bessel function of order 0."""
    magnitude = abs(x)
    small = magnitude < 5
    inside = select(small, magnitude, 0)
    near = from_zeros(inside, J0_ROOTS) * horner(fma(inside * inside, 2 / 25, -1), J0)
    infinite = magnitude.eq(INFINITY)
    far = hankel(0, select(small, 5, select(infinite, 1e300, magnitude)))
    return select(infinite, 0, select(small, near, far))


def j1(x: Value) -> Value:
    """The Bessel function of order 1."""
    magnitude = abs(x)
    small = magnitude < 5
    inside = select(small, magnitude, 0)
    near = from_zeros(inside, J1_ROOTS) * horner(fma(inside * inside, 2 / 25, -1), J1) * inside
    infinite = magnitude.eq(INFINITY)
    far = hankel(1, select(small, 5, select(infinite, 1e300, magnitude)))
    result = select(infinite, 0, select(small, near, far))
    return select(x.bits() < 0, -result, result)


# ---- float32


def _i_single(order: int, x: Value, scaled: bool) -> Value:
    """I, or exp(-|x|) I, of a float32, which up to 90 is one."""
    magnitude = abs(x)
    small = magnitude < 8
    inside, outside = select(small, magnitude, 0), select(small, 8, magnitude)
    near = horner(inside * inside, I1_NEAR_SINGLE) * inside if order else horner(inside * inside, I0_NEAR_SINGLE)
    if not scaled:
        outside = select(outside > 100, 100, outside)
    inverse = 1 / outside
    far = inverse.sqrt() * horner(inverse, I1_FAR_SINGLE if order else I0_FAR_SINGLE)
    if scaled:
        result = select(small, near * exp_for_single(-inside), far)
    else:
        result = select(small, near, far * exp_for_single(outside))
    return result.copysign(x) if order else result


def _j_single(order: int, x: Value) -> Value:
    magnitude = abs(x)
    small = magnitude < 8
    inside, outside = select(small, magnitude, 0), select(small, 8, magnitude)
    near = from_zeros(inside, J1_ROOTS if order else J0_ROOTS)
    near = near * horner(inside * inside, J1_NEAR_SINGLE if order else J0_NEAR_SINGLE)
    inverse = 1 / outside
    square = inverse * inverse
    phase = inverse * horner(square, J1_PHASE_SINGLE if order else J0_PHASE_SINGLE)
    modulus = inverse.sqrt() * horner(square, J1_MODULUS_SINGLE if order else J0_MODULUS_SINGLE)
    # the cosine is the sine of what is pi / 2 more
    far = modulus * sin_of_turns(outside, 0.25 if order else -0.25, phase)
    result = select(small, near * inside if order else near, select(magnitude.eq(INFINITY), 0, far))
    return select(x.bits() < 0, -result, result) if order else result


KERNEL_NAMES: dict[str, object] = {
    "i0": in_either(i0, lambda x: _i_single(0, x, False)),
    "i1": in_either(i1, lambda x: _i_single(1, x, False)),
    "i0e": in_either(i0e, lambda x: _i_single(0, x, True)),
    "i1e": in_either(i1e, lambda x: _i_single(1, x, True)),
    "j0": in_either(j0, lambda x: _j_single(0, x)),
    "j1": in_either(j1, lambda x: _j_single(1, x)),
}
