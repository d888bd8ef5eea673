"""Integrals of oscillating functions: sine and cosine integrals, and those of Fresnel.

Near 0 they are polynomials, beyond amplitudes f and g that fall, times sines and cosines (DLMF 6.2.17, 7.5.3).
"""

from __future__ import annotations

import math

from staticad.codegen.special.flow import choose, outlined
from staticad.codegen.special.gamma_function import INFINITY
from staticad.codegen.special.integral_coefficients import (
    COSINE_INTEGRAL,
    FRESNEL_C,
    FRESNEL_F,
    FRESNEL_G,
    FRESNEL_S,
    SINE_F,
    SINE_G,
    SINE_INTEGRAL,
)
from staticad.codegen.special.scalar import log
from staticad.codegen.vecmath.builder import Value, fma, horner, select
from staticad.codegen.vecmath.trigonometric import cos, sin

EULER = 0.5772156649015329
FRESNEL_NEAR = 1.6


def _falling(x: Value) -> tuple[Value, Value]:
    """f and g of the sine integral, for x >= 4."""
    t = 1 - 12 / (x + 2)
    return horner(t, SINE_F) / x, horner(t, SINE_G) / x / x


def sine_integral(x: Value) -> Value:
    """The integral of sin(t) / t from 0 to x."""
    magnitude = abs(x)

    def near() -> Value:
        return magnitude * horner(fma(x * x, 1 / 8, -1), SINE_INTEGRAL)

    def far() -> Value:
        f, g = _falling(magnitude)
        return math.pi / 2 - fma(f, cos(magnitude), g * sin(magnitude))

    def beyond() -> Value:
        return choose(magnitude < INFINITY, far, lambda: x.constant(math.pi / 2))

    return select(x.is_nan(), x, choose(magnitude < 4, near, beyond).copysign(x))


def cosine_integral(x: Value) -> Value:
    """Euler's constant, log|x|, and the integral of (cos(t) - 1) / t from 0 to |x|."""
    magnitude = abs(x)

    def near() -> Value:
        square = x * x
        return fma(square, horner(fma(square, 1 / 8, -1), COSINE_INTEGRAL), log(magnitude) + EULER)

    def far() -> Value:
        f, g = _falling(magnitude)
        return fma(f, sin(magnitude), -(g * cos(magnitude)))

    def beyond() -> Value:
        return choose(magnitude < INFINITY, far, lambda: x.constant(0))

    return select(x.is_nan(), x, choose(magnitude < 4, near, beyond))


def _turns(x: Value) -> tuple[Value, Value]:
    """The sine and cosine of pi / 2 x**2, whose square is rounded to a period in two parts."""
    square = x * x
    rest = fma(x, x, -square)
    angle = ((square - (square * 0.25).rint() * 4) + rest) * (math.pi / 2)
    return sin(angle), cos(angle)


def _fresnel(x: Value, cosine: bool) -> Value:
    magnitude = abs(x)
    fourth = magnitude * magnitude * magnitude * magnitude

    def near() -> Value:
        t = fma(fourth, 2 / FRESNEL_NEAR**4, -1)
        if cosine:
            return magnitude * horner(t, FRESNEL_C)
        return magnitude * magnitude * magnitude * horner(t, FRESNEL_S)

    def far() -> Value:
        t = 1 - 2 * (FRESNEL_NEAR**2 + 1) / (magnitude * magnitude + 1)
        f = horner(t, FRESNEL_F) / (magnitude * math.pi)
        g = horner(t, FRESNEL_G) / (magnitude * math.pi) / (magnitude * math.pi) / magnitude
        sine, cosine_of = _turns(magnitude)
        return 0.5 + (fma(f, sine, -(g * cosine_of)) if cosine else -fma(f, cosine_of, g * sine))

    def beyond() -> Value:
        return choose(magnitude < 1e100, far, lambda: x.constant(0.5))

    return select(x.is_nan(), x, choose(magnitude < FRESNEL_NEAR, near, beyond).copysign(x))


def fresnel_sine(x: Value) -> Value:
    """The integral of sin(pi / 2 t**2) from 0 to x."""
    return _fresnel(x, False)


def fresnel_cosine(x: Value) -> Value:
    """The integral of cos(pi / 2 t**2) from 0 to x."""
    return _fresnel(x, True)


KERNEL_NAMES: dict[str, object] = {
    formula.__name__: outlined(formula) for formula in (sine_integral, cosine_integral, fresnel_sine, fresnel_cosine)
}
