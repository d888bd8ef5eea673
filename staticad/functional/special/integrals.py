"""Exponential integrals, those of sines and cosines, Dawson's, and the dilogarithm, by SciPy's names."""

from __future__ import annotations

import math

from staticad.functional import comparison, elementwise
from staticad.functional.front import as_float, float_unary, implements
from staticad.functional.special.operands import with_order
from staticad.ir.graph import Tensor
from staticad.ops.base import apply
from staticad.ops.integrals import EXPI, EXPN
from staticad.ops.phase_integrals import (
    COSINE_INTEGRAL,
    DAWSN,
    ERFI,
    FRESNEL_COSINE,
    FRESNEL_SINE,
    SINE_INTEGRAL,
    SPENCE,
)
from staticad.ops.promotion import Operand
from staticad.ops.sources import constant, constant_array

expi = float_unary(EXPI, "expi", "The principal value of the integral of exp(t) / t up to x; -infinite at 0.")


@implements("exp1")
def exp1(x: Operand) -> Tensor:
    """The integral of exp(-t) / t from x on; infinite at 0, NaN below."""
    a = as_float(x)
    return apply(EXPN, constant(1, a.dtype), a)


@implements("expn")
def expn(n: Operand, x: Operand) -> Tensor:
    """The integral of exp(-x t) / t**n over t >= 1, for x >= 0 and n >= 0; NaN beyond.

    Raises DTypeError for an n that is no integer.
    """
    order, a = with_order("expn", n, x)
    value = apply(EXPN, order, elementwise.positive(a))
    known = constant_array(order)
    if known is not None and (known >= 0).all():
        return value
    return elementwise.where(comparison.less(order, 0), math.nan, value)


dawsn = float_unary(DAWSN, "dawsn", "Dawson's integral: exp(-x**2) times the integral of exp(t**2) from 0 to x.")
erfi = float_unary(ERFI, "erfi", "2 / sqrt(pi) times the integral of exp(t**2) from 0 to x: -1j erf(1j x).")
spence = float_unary(
    SPENCE, "spence", "The integral of log(t) / (1 - t) from 1 to x, the dilogarithm of 1 - x; NaN below 0."
)


@implements("sici")
def sici(x: Operand) -> tuple[Tensor, Tensor]:
    """The sine and the cosine integral: that of sin(t) / t from 0 to x, and Euler's constant, log|x|, and the integral
    of (cos(t) - 1) / t from 0 to |x|, which is -infinite at 0."""
    a = as_float(x)
    return apply(SINE_INTEGRAL, a), apply(COSINE_INTEGRAL, a)


@implements("fresnel")
def fresnel(x: Operand) -> tuple[Tensor, Tensor]:
    """Fresnel's integrals of sin(pi / 2 t**2) and of cos(pi / 2 t**2) from 0 to x."""
    a = as_float(x)
    return apply(FRESNEL_SINE, a), apply(FRESNEL_COSINE, a)
