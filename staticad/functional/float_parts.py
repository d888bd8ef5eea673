"""Parts of floats with NumPy's names: signs, significands, fractions, neighbours, and what to do with NaN."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from staticad.errors import DTypeError
from staticad.functional import comparison, elementwise
from staticad.functional.front import as_float, float_binary, float_unary, implements, public_names
from staticad.ir.dtypes import BOOL, INT8, finfo, floating, is_complex, is_float
from staticad.ir.graph import Tensor, describe
from staticad.ops.arithmetic import ABS
from staticad.ops.base import Op, apply
from staticad.ops.comparison import EQUAL, LESS
from staticad.ops.complex import COMPLEX, IMAG, REAL
from staticad.ops.conversion import TRUNC
from staticad.ops.creation import fill
from staticad.ops.float_parts import EXPONENT, FMOD, FRACTION, LDEXP, NEXTAFTER, SIGNBIT, SIGNIFICAND, SPACING
from staticad.ops.promotion import Operand, as_operands, cast, to_tensor
from staticad.ops.selection import FMAX, FMIN
from staticad.ops.sources import constant

nextafter = float_binary(
    NEXTAFTER, np.nextafter, "The float next to x1 towards x2. The derivative in x1 is 1, in x2 it is 0."
)
spacing = float_unary(
    SPACING, np.spacing, "The distance from x to the next float away from 0, with the sign of x. Its derivative is 0."
)


@implements(np.fabs)
def fabs(x: Operand) -> Tensor:
    """|x| in floats, for integers too. The derivative at 0 is 0."""
    return apply(ABS, as_float(x))


@implements(np.signbit)
def signbit(x: Operand) -> Tensor:
    """The sign is minus, as of -0.0; a bool."""
    a = to_tensor(x)
    if is_float(a.dtype):
        return apply(SIGNBIT, a)
    return fill(a.shape, False, BOOL) if a.dtype == BOOL else apply(LESS, a, constant(0, a.dtype))


@implements(np.frexp)
def frexp(x: Operand) -> tuple[Tensor, Tensor]:
    """The significand, from 1/2 to 1 in absolute value, and the int32 exponent e: x = significand * 2**e.

    Zeros, infinities and NaN are their own significands, with 0 as exponent. The derivative of the significand is
    2**-e."""
    a = as_float(x)
    return apply(SIGNIFICAND, a), apply(EXPONENT, a)


_FAR = 10_000  # an exponent beyond it makes 0 or infinity of every number


@implements(np.ldexp)
def ldexp(x1: Operand, x2: Operand) -> Tensor:
    """x1 * 2**x2 for integers x2, rounded once. Raises DTypeError for exponents that are floats."""
    a, e = as_float(x1), to_tensor(x2)
    if is_float(e.dtype):
        raise DTypeError(f"ldexp: exponents have to be integers, not {describe(e)}; use x1 * sa.exp2(x2)")
    if e.dtype.itemsize > 2:
        e = elementwise.minimum(e, _FAR) if e.dtype.kind == "u" else elementwise.clip(e, -_FAR, _FAR)
    return apply(LDEXP, a, cast(e, a.dtype))


@implements(np.modf)
def modf(x: Operand) -> tuple[Tensor, Tensor]:
    """The fraction and the integral part of x, both floats with the sign of x. The derivative of the fraction is 1, of
    the integral part 0."""
    a = as_float(x)
    return apply(FRACTION, a), apply(TRUNC, a)


def _no_bool(op: Op, x1: Operand, x2: Operand) -> Tensor:
    a, b = as_operands(op.name, x1, x2)
    return apply(op, cast(a, INT8), cast(b, INT8)) if a.dtype == BOOL else apply(op, a, b)


@implements(np.fmod)
def fmod(x1: Operand, x2: Operand) -> Tensor:
    """x1 - trunc(x1 / x2) * x2, exact, with the sign of x1; 0 for an integer and a zero divisor."""
    return _no_bool(FMOD, x1, x2)


@implements(np.fmax)
def fmax(x1: Operand, x2: Operand) -> Tensor:
    """The larger of two, the other one if one is NaN. Equal operands get half the derivative each."""
    return apply(FMAX, *as_operands("fmax", x1, x2))


@implements(np.fmin)
def fmin(x1: Operand, x2: Operand) -> Tensor:
    """The smaller of two, the other one if one is NaN. Equal operands get half the derivative each."""
    return apply(FMIN, *as_operands("fmin", x1, x2))


@implements(np.heaviside)
def heaviside(x1: Operand, x2: Operand) -> Tensor:
    """0 for negative x1, 1 for positive, x2 for 0, NaN for NaN; in floats. The derivative in x1 is 0."""
    a, b = as_operands("heaviside", x1, x2)
    dtype = floating(a.dtype)
    a, b = cast(a, dtype), cast(b, dtype)
    step = elementwise.where(comparison.greater(a, 0), 1.0, constant(np.nan, dtype))
    return elementwise.where(comparison.equal(a, 0), b, elementwise.where(comparison.less(a, 0), 0.0, step))


def _is_infinity(x: Operand, infinity: float) -> Tensor:
    a = to_tensor(x)
    if is_complex(a.dtype):
        raise DTypeError(f"isposinf, isneginf: complex numbers have no sign; take .real or .imag ({describe(a)})")
    return apply(EQUAL, a, constant(infinity, a.dtype)) if is_float(a.dtype) else fill(a.shape, False, BOOL)


@implements(np.isposinf)
def isposinf(x: Operand) -> Tensor:
    """x is inf; false for integers."""
    return _is_infinity(x, np.inf)


@implements(np.isneginf)
def isneginf(x: Operand) -> Tensor:
    """x is -inf; false for integers."""
    return _is_infinity(x, -np.inf)


@implements(np.nan_to_num)
def nan_to_num(
    x: Operand,
    nan: Operand = 0.0,
    posinf: Operand | None = None,
    neginf: Operand | None = None,
    *,
    copy: bool = True,
) -> Tensor:
    """x with numbers for NaN and infinities: these are the largest and the lowest number unless others are given.
    Integers stay as they are, complex numbers are mended in both parts. The derivative is 0 where a number was put in.
    ``copy`` makes no difference.
    """
    a = to_tensor(x)
    if is_complex(a.dtype):
        return apply(COMPLEX, *(nan_to_num(apply(part, a), nan, posinf, neginf) for part in (REAL, IMAG)))
    if not is_float(a.dtype):
        return a
    info = finfo(a.dtype)
    top = float(info.max) if posinf is None else posinf
    bottom = float(info.min) if neginf is None else neginf
    (for_nan, above, below) = (to_tensor(value, a.dtype) for value in (nan, top, bottom))
    bounded = elementwise.where(isposinf(a), above, elementwise.where(isneginf(a), below, a))
    return elementwise.where(comparison.isnan(a), for_nan, bounded)


if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
