"""The regularized incomplete gamma and beta functions, by SciPy's names.

By the last operand they have derivatives of every order, by the parameters two: a third one raises
GradientError. Those by parameters have relative errors below 1e-11, except next to their zeros.
"""

from __future__ import annotations

from staticad.functional import elementwise
from staticad.functional.front import implements
from staticad.functional.special.operands import floats
from staticad.ir.graph import Tensor
from staticad.ops.base import apply
from staticad.ops.incomplete import BETAINC, GAMMAINC, GAMMAINCC
from staticad.ops.promotion import Operand


@implements("gammainc")
def gammainc(a: Operand, x: Operand) -> Tensor:
    """The integral of t**(a - 1) exp(-t) / gamma(a) from 0 to x; NaN for negative operands."""
    return apply(GAMMAINC, *floats("gammainc", a, x))


@implements("gammaincc")
def gammaincc(a: Operand, x: Operand) -> Tensor:
    """1 - gammainc(a, x), exact to the last digits where that is small."""
    return apply(GAMMAINCC, *floats("gammaincc", a, x))


@implements("betainc")
def betainc(a: Operand, b: Operand, x: Operand) -> Tensor:
    """The integral of t**(a - 1) (1 - t)**(b - 1) / beta(a, b) from 0 to x; NaN for negative parameters and for x
    outside of 0 to 1."""
    return apply(BETAINC, *floats("betainc", a, b, x))


@implements("betaincc")
def betaincc(a: Operand, b: Operand, x: Operand) -> Tensor:
    """1 - betainc(a, b, x), as betainc(b, a, 1 - x)."""
    p, q, y = floats("betaincc", a, b, x)
    return apply(BETAINC, q, p, elementwise.subtract(1, y))
