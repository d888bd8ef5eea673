"""Exponential integrals, by SciPy's names."""

from __future__ import annotations

from staticad.functional import elementwise
from staticad.functional.front import as_float, float_unary, implements
from staticad.functional.special.operands import with_order
from staticad.ir.graph import Tensor
from staticad.ops.base import apply
from staticad.ops.integrals import EXPI, EXPN
from staticad.ops.promotion import Operand
from staticad.ops.sources import constant

expi = float_unary(EXPI, "expi", "The principal value of the integral of exp(t) / t up to x; -infinite at 0.")


@implements("exp1")
def exp1(x: Operand) -> Tensor:
    """The integral of exp(-t) / t from x on; infinite at 0, NaN below."""
    a = as_float(x)
    return apply(EXPN, constant(1, a.dtype), a)


@implements("expn")
def expn(n: Operand, x: Operand) -> Tensor:
    """The integral of exp(-x t) / t**n over t >= 1, for x >= 0.

    Raises DTypeError for an n that is no integer.
    """
    order, a = with_order("expn", n, x)
    return apply(EXPN, order, elementwise.positive(a))
