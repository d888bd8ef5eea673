"""Inverse trigonometric and hyperbolic functions, degrees and radians, sinc."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from staticad.errors import DTypeError
from staticad.functional.comparison import less
from staticad.functional.elementwise import absolute
from staticad.functional.front import as_float, float_unary, implements, inexact, public_names
from staticad.functional.turns import sine_of_turn
from staticad.ir.dtypes import is_complex
from staticad.ir.graph import Tensor, describe
from staticad.ops.angles import ARCCOS, ARCSIN, ARCTAN
from staticad.ops.hyperbolic import ARCCOSH, ARCSINH, ARCTANH, COSH, SINH
from staticad.ops.promotion import Operand
from staticad.ops.selection import select
from staticad.ops.sources import constant

arcsin = float_unary(ARCSIN, np.arcsin, "The angle from -pi/2 to pi/2 whose sine is x; NaN beyond -1 and 1.")
arccos = float_unary(ARCCOS, np.arccos, "The angle from 0 to pi whose cosine is x; NaN beyond -1 and 1.")
arctan = float_unary(ARCTAN, np.arctan, "The angle from -pi/2 to pi/2 whose tangent is x.")
sinh = float_unary(SINH, np.sinh, "The hyperbolic sine.")
cosh = float_unary(COSH, np.cosh, "The hyperbolic cosine.")
arcsinh = float_unary(ARCSINH, np.arcsinh, "The inverse hyperbolic sine.")
arccosh = float_unary(ARCCOSH, np.arccosh, "The inverse hyperbolic cosine, 0 or above; NaN below 1.")
arctanh = float_unary(ARCTANH, np.arctanh, "The inverse hyperbolic tangent; infinite at -1 and 1, NaN beyond.")


def _scaled(x: Operand, above: float, below: float) -> Tensor:
    """x times a quotient of numbers that is rounded in the precision of x, as NumPy does it."""
    a = as_float(x)
    if is_complex(a.dtype):
        raise DTypeError(f"degrees and radians are not complex; take .real or .imag ({describe(a)})")
    return a * float(a.dtype.type(above) / a.dtype.type(below))


@implements(np.deg2rad, np.radians)
def deg2rad(x: Operand) -> Tensor:
    """Degrees as radians: x pi / 180."""
    return _scaled(x, math.pi, 180)


@implements(np.rad2deg, np.degrees)
def rad2deg(x: Operand) -> Tensor:
    """Radians as degrees: x 180 / pi."""
    return _scaled(x, 180, math.pi)


_NEAR = 0.25
_TERMS = 9  # the next one is below 2**-64 for |x| < 1/4, and below 2**-55 in the second derivative


@implements(np.sinc)
def sinc(x: Operand) -> Tensor:
    """sin(pi x) / (pi x), and 1 at 0. Near 0 it is its Taylor series, so that derivatives of all orders keep their
    digits. Of real numbers, the sine is that of the distance to the nearest integer: it is 0 at integers, and within 2
    units in the last place next to them and far from 0, where NumPy's has rounding errors of pi x."""
    a = inexact(x)
    y = a * math.pi
    square = y * y
    series: Tensor = constant((-1) ** _TERMS / math.factorial(2 * _TERMS + 1), a.dtype)
    for k in reversed(range(_TERMS)):
        series = series * square + (-1) ** k / math.factorial(2 * k + 1)
    near = less(absolute(a), _NEAR)
    return select(near, series, sine_of_turn(a) / y)


acos = arccos
acosh = arccosh
asin = arcsin
asinh = arcsinh
atan = arctan
atanh = arctanh
degrees = rad2deg
radians = deg2rad

if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
