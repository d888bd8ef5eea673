"""Comparisons, logic and the classification of floats with NumPy's names. All give bool tensors and derivative 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.functional.front import implements, public_names
from staticad.ir.dtypes import BOOL, UINT64, is_integer
from staticad.ir.graph import Tensor
from staticad.ops.base import Op, apply
from staticad.ops.comparison import (
    EQUAL,
    GREATER,
    GREATER_EQUAL,
    ISFINITE,
    ISINF,
    ISNAN,
    LESS,
    LESS_EQUAL,
    LOGICAL_AND,
    LOGICAL_NOT,
    LOGICAL_OR,
    LOGICAL_XOR,
    NOT_EQUAL,
)
from staticad.ops.creation import fill
from staticad.ops.promotion import Operand, as_operands, cast, to_tensor, weak_kind
from staticad.ops.selection import WHERE
from staticad.ops.sources import constant

# What each relation becomes when its operands trade places.
_MIRRORED = {
    EQUAL: EQUAL,
    NOT_EQUAL: NOT_EQUAL,
    LESS: GREATER,
    GREATER: LESS,
    LESS_EQUAL: GREATER_EQUAL,
    GREATER_EQUAL: LESS_EQUAL,
}


def _compare(op: Any, x1: Operand, x2: Operand) -> Tensor:
    """Comparisons are exact between integers of any two dtypes, and with Python integers of any size."""
    if weak_kind(x1) is int and isinstance(x2, Tensor):
        return _compare(_MIRRORED[op], x2, x1)
    if type(x2) is int and isinstance(x1, Tensor) and is_integer(x1.dtype):
        info = np.iinfo(x1.dtype)
        if not info.min <= x2 <= info.max:
            return fill(x1.shape, op.numpy(0, 1 if x2 > 0 else -1), BOOL)
    if weak_kind(x1) is None and weak_kind(x2) is None:
        a, b = to_tensor(x1), to_tensor(x2)
        if a.dtype == UINT64 and b.dtype.kind == "i":
            return _compare_mixed(_MIRRORED[op], b, a)
        if b.dtype == UINT64 and a.dtype.kind == "i":
            return _compare_mixed(op, a, b)
        x1, x2 = a, b
    return apply(op, *as_operands(op.name, x1, x2, widens=False))


def _compare_mixed(op: Any, a: Tensor, b: Tensor) -> Tensor:
    """A signed with a uint64: a negative one is less than every unsigned; the rest compare as uint64.

    float64, their NumPy result type, would take 2**63 and 2**63 + 1 for the same number.
    """
    negative = apply(LESS, a, constant(0, a.dtype))
    unsigned = apply(op, cast(a, UINT64), b)
    return apply(WHERE, negative, constant(bool(op.numpy(-1, 0))), unsigned)


@implements(np.equal)
def equal(x1: Operand, x2: Operand) -> Tensor:
    """x1 == x2; false for NaN."""
    return _compare(EQUAL, x1, x2)


@implements(np.not_equal)
def not_equal(x1: Operand, x2: Operand) -> Tensor:
    """x1 != x2; true for NaN."""
    return _compare(NOT_EQUAL, x1, x2)


@implements(np.less)
def less(x1: Operand, x2: Operand) -> Tensor:
    """x1 < x2; false for NaN."""
    return _compare(LESS, x1, x2)


@implements(np.less_equal)
def less_equal(x1: Operand, x2: Operand) -> Tensor:
    """x1 <= x2; false for NaN."""
    return _compare(LESS_EQUAL, x1, x2)


@implements(np.greater)
def greater(x1: Operand, x2: Operand) -> Tensor:
    """x1 > x2; false for NaN."""
    return _compare(GREATER, x1, x2)


@implements(np.greater_equal)
def greater_equal(x1: Operand, x2: Operand) -> Tensor:
    """x1 >= x2; false for NaN."""
    return _compare(GREATER_EQUAL, x1, x2)


def _logical(op: Op, x1: Operand, x2: Operand) -> Tensor:
    """Truth is `!= 0`, in whatever dtype each operand has."""
    a, b = to_tensor(x1), to_tensor(x2)
    return apply(op, a, b) if a.dtype == b.dtype else apply(op, cast(a, BOOL), cast(b, BOOL))


@implements(np.logical_and)
def logical_and(x1: Operand, x2: Operand) -> Tensor:
    """Both are not 0."""
    return _logical(LOGICAL_AND, x1, x2)


@implements(np.logical_or)
def logical_or(x1: Operand, x2: Operand) -> Tensor:
    """One or both are not 0."""
    return _logical(LOGICAL_OR, x1, x2)


@implements(np.logical_xor)
def logical_xor(x1: Operand, x2: Operand) -> Tensor:
    """Exactly one is not 0."""
    return _logical(LOGICAL_XOR, x1, x2)


@implements(np.logical_not)
def logical_not(x: Operand) -> Tensor:
    """x is 0."""
    return apply(LOGICAL_NOT, to_tensor(x))


@implements(np.isnan)
def isnan(x: Operand) -> Tensor:
    """x is NaN; false for integers."""
    return apply(ISNAN, to_tensor(x))


@implements(np.isfinite)
def isfinite(x: Operand) -> Tensor:
    """x is neither infinite nor NaN; true for integers."""
    return apply(ISFINITE, to_tensor(x))


@implements(np.isinf)
def isinf(x: Operand) -> Tensor:
    """x is infinite; false for integers."""
    return apply(ISINF, to_tensor(x))


if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
