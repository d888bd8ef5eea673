"""Reductions and cumulative functions that leave NaN out, with NumPy's names.

What is left out has no derivative. Where nothing is left, sums are 0 and products 1, the others NaN without a warning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.functional import comparison, cumulative, elementwise, reductions
from staticad.functional.front import implements, public_names
from staticad.functional.reductions import Axis, Where
from staticad.ir.dtypes import is_inexact
from staticad.ir.graph import Tensor
from staticad.ops.base import Op, apply
from staticad.ops.creation import fill
from staticad.ops.promotion import Operand, to_tensor
from staticad.ops.reduce import ARGMAX, ARGMIN
from staticad.ops.selection import WHERE


def _filled(x: Operand, value: float) -> Tensor:
    """x with a number in the place of NaN."""
    a = to_tensor(x)
    if not is_inexact(a.dtype):
        return a
    return apply(WHERE, comparison.isnan(a), fill((), value, a.dtype), a)


def _counted(x: Tensor, where: Where) -> Where:
    """The mask of what is no NaN, and counts."""
    if not is_inexact(x.dtype):
        return where
    there = comparison.logical_not(comparison.isnan(x))
    return there if where is None or where is True else comparison.logical_and(there, where)


@implements(np.nansum)
def nansum(
    x: Operand,
    axis: Axis = None,
    dtype: Any = None,
    keepdims: bool = False,
    initial: Operand | None = None,
    where: Where = None,
) -> Tensor:
    """`sum` with 0 for NaN."""
    return reductions.sum(_filled(x, 0), axis, dtype, keepdims, initial, where)


@implements(np.nanprod)
def nanprod(
    x: Operand,
    axis: Axis = None,
    dtype: Any = None,
    keepdims: bool = False,
    initial: Operand | None = None,
    where: Where = None,
) -> Tensor:
    """`prod` with 1 for NaN."""
    return reductions.prod(_filled(x, 1), axis, dtype, keepdims, initial, where)


def _extreme(name: str, x: Operand, axis: Axis, keepdims: bool, initial: Operand | None, where: Where) -> Tensor:
    a = to_tensor(x)
    result: Tensor = getattr(reductions, name)(
        _filled(a, -np.inf if name == "max" else np.inf), axis, keepdims, initial, where
    )
    if not is_inexact(a.dtype) or initial is not None:
        return result
    nothing = reductions.all(comparison.isnan(a), axis, keepdims)
    return apply(WHERE, nothing, fill((), np.nan, a.dtype), result)


@implements(np.nanmax)
def nanmax(
    x: Operand, axis: Axis = None, keepdims: bool = False, initial: Operand | None = None, where: Where = None
) -> Tensor:
    """The largest element that is no NaN; NaN where there is none."""
    return _extreme("max", x, axis, keepdims, initial, where)


@implements(np.nanmin)
def nanmin(
    x: Operand, axis: Axis = None, keepdims: bool = False, initial: Operand | None = None, where: Where = None
) -> Tensor:
    """The smallest element that is no NaN; NaN where there is none."""
    return _extreme("min", x, axis, keepdims, initial, where)


def _place(op: Op, x: Operand, axis: int | None, keepdims: bool) -> Tensor:
    a = to_tensor(x)
    find = reductions.argmax if op is ARGMAX else reductions.argmin
    place = find(_filled(a, -np.inf if op is ARGMAX else np.inf), axis, keepdims)
    if not is_inexact(a.dtype):
        return place
    return apply(WHERE, reductions.all(comparison.isnan(a), axis, keepdims), fill((), -1, place.dtype), place)


@implements(np.nanargmax)
def nanargmax(x: Operand, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index of the first largest element that is no NaN. Where there is none it is -1, as in JAX (in NumPy an
    error)."""
    return _place(ARGMAX, x, axis, keepdims)


@implements(np.nanargmin)
def nanargmin(x: Operand, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index of the first smallest element that is no NaN; -1 where there is none."""
    return _place(ARGMIN, x, axis, keepdims)


@implements(np.nanmean)
def nanmean(x: Operand, axis: Axis = None, dtype: Any = None, keepdims: bool = False, where: Where = None) -> Tensor:
    """The mean of what is no NaN."""
    a = to_tensor(x)
    return reductions.mean(a, axis, dtype, keepdims, _counted(a, where))


@implements(np.nanvar)
def nanvar(
    x: Operand,
    axis: Axis = None,
    dtype: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    where: Where = None,
    mean: Operand | None = None,
    correction: float | None = None,
) -> Tensor:
    """`var` of what is no NaN; NaN where ``ddof`` leaves nothing to divide by."""
    a = to_tensor(x)
    mask = _counted(a, where)
    result = reductions.var(a, axis, dtype, ddof, keepdims, mask, mean, correction)
    if not isinstance(mask, Tensor):
        return result
    counts = reductions.sum(elementwise.multiply(mask, comparison.equal(a, a)), axis, result.dtype, keepdims)
    enough = comparison.greater(counts, float(ddof if correction is None else correction))
    return apply(WHERE, enough, result, fill((), np.nan, result.dtype))


@implements(np.nanstd)
def nanstd(
    x: Operand,
    axis: Axis = None,
    dtype: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    where: Where = None,
    mean: Operand | None = None,
    correction: float | None = None,
) -> Tensor:
    """The square root of `nanvar`."""
    return elementwise.sqrt(nanvar(x, axis, dtype, ddof, keepdims, where, mean, correction))


@implements(np.nancumsum)
def nancumsum(x: Operand, axis: int | None = None, dtype: Any = None) -> Tensor:
    """`cumsum` with 0 for NaN."""
    return cumulative.cumsum(_filled(x, 0), axis, dtype)


@implements(np.nancumprod)
def nancumprod(x: Operand, axis: int | None = None, dtype: Any = None) -> Tensor:
    """`cumprod` with 1 for NaN."""
    return cumulative.cumprod(_filled(x, 1), axis, dtype)


if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
