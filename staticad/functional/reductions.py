"""Reductions with NumPy's names: over one axis, several, or all (``axis=None``), negative ones counted from the end.

All take ``keepdims``, which keeps the reduced axes with size 1. A wrong axis raises ShapeError, the extreme of no
elements too (when it is known; else the run raises FeedError).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.errors import DTypeError, ShapeError
from staticad.functional import elementwise
from staticad.functional.axes import normalize_axes, normalize_axis
from staticad.functional.front import implements, public_names
from staticad.ir import dims
from staticad.ir.dims import Size, product
from staticad.ir.dtypes import BOOL, FLOAT64, DType, as_dtype, is_inexact, real_dtype, summing
from staticad.ir.graph import Tensor, describe
from staticad.ops import reduce as ops
from staticad.ops.base import Op, apply
from staticad.ops.complex import squared_modulus
from staticad.ops.movement import EXPAND_DIMS, RESHAPE
from staticad.ops.promotion import Operand, cast, to_tensor

Axis = int | tuple[int, ...] | list[int] | None


def _reduce(op: Op, x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    axes = tuple(sorted(normalize_axes(op.name, axis, x)))
    if not axes:
        return x
    result = apply(op, x, axes=axes)
    return apply(EXPAND_DIMS, result, axes=axes) if keepdims else result


@implements(np.sum, reduces=np.add)
def sum(x: Operand, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Tensor:
    """The sum, 0 for no elements. Small integers and bools are summed as 64-bit integers; others in their dtype, or
    in ``dtype``."""
    a = to_tensor(x)
    return _reduce(ops.SUM, cast(a, as_dtype(dtype) if dtype is not None else summing(a.dtype)), axis, keepdims)


@implements(np.prod, reduces=np.multiply)
def prod(x: Operand, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Tensor:
    """The product, 1 for no elements; dtypes as in `sum`. Its derivatives are right with zeros among the elements,
    up to the third order."""
    a = to_tensor(x)
    return _reduce(ops.PROD, cast(a, as_dtype(dtype) if dtype is not None else summing(a.dtype)), axis, keepdims)


@implements(np.amax, np.max, reduces=np.maximum)
def max(x: Operand, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest element, NaN if there is a NaN. Elements that tie share the derivative equally."""
    return _reduce(ops.MAX, to_tensor(x), axis, keepdims)


@implements(np.amin, np.min, reduces=np.minimum)
def min(x: Operand, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest element, NaN if there is a NaN. Elements that tie share the derivative equally."""
    return _reduce(ops.MIN, to_tensor(x), axis, keepdims)


@implements(np.any, reduces=np.logical_or)
def any(x: Operand, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether an element is not 0; false for no elements. NaN is not 0."""
    return _reduce(ops.ANY, cast(to_tensor(x), BOOL), axis, keepdims)


@implements(np.all, reduces=np.logical_and)
def all(x: Operand, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether no element is 0; true for no elements."""
    return _reduce(ops.ALL, cast(to_tensor(x), BOOL), axis, keepdims)


def _arg(op: Op, x: Operand, axis: int | None, keepdims: bool) -> Tensor:
    a = to_tensor(x)
    if axis is None:
        flat = apply(RESHAPE, a, shape=(product(a.shape),), constraints=()) if a.ndim != 1 else a
        index = apply(op, flat, axis=0)
        return apply(EXPAND_DIMS, index, axes=tuple(range(a.ndim))) if keepdims and a.ndim else index
    place = normalize_axis(op.name, axis, a)
    index = apply(op, a, axis=place)
    return apply(EXPAND_DIMS, index, axes=(place,)) if keepdims else index


@implements(np.argmax)
def argmax(x: Operand, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The int64 index of the first largest element (of the first NaN, if there is one); of the flattened tensor
    where ``axis`` is None."""
    return _arg(ops.ARGMAX, x, axis, keepdims)


@implements(np.argmin)
def argmin(x: Operand, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The int64 index of the first smallest element (of the first NaN, if there is one); of the flattened tensor
    where ``axis`` is None."""
    return _arg(ops.ARGMIN, x, axis, keepdims)


def _count(x: Tensor, axis: Axis, name: str) -> Size:
    """How many elements are reduced to one."""
    return product(x.shape[a] for a in normalize_axes(name, axis, x))


def _averaging(name: str, x: Tensor, dtype: Any) -> DType:
    """The float (or complex) type of an average: that of x, or float64 for integers and bools."""
    found = as_dtype(dtype) if dtype is not None else x.dtype if is_inexact(x.dtype) else FLOAT64
    if not is_inexact(found):
        raise DTypeError(f"{name}: dtype has to be one of floats or complex numbers, not {found} ({describe(x)})")
    return found


@implements(np.mean)
def mean(x: Operand, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Tensor:
    """The arithmetic mean, NaN for no elements. Integers and bools give float64."""
    a = to_tensor(x)
    a = cast(a, _averaging("mean", a, dtype))
    count = to_tensor(_count(a, axis, "mean"), real_dtype(a.dtype))
    return elementwise.divide(_reduce(ops.SUM, a, axis, keepdims), count)


@implements(np.var)
def var(x: Operand, axis: Axis = None, dtype: Any = None, ddof: int = 0, keepdims: bool = False) -> Tensor:
    """The mean square distance from the mean; the sum of squares is divided by the count less ``ddof``.

    That of complex numbers is real. NaN for no elements, and where ``ddof`` leaves nothing to divide by (infinite where
    the sum is not zero).
    """
    a = to_tensor(x)
    a = cast(a, _averaging("var", a, dtype))
    if type(ddof) is not int or ddof < 0:
        raise ShapeError(f"var: ddof has to be a non-negative int, not {ddof!r} ({describe(a)})")
    distance = elementwise.subtract(a, mean(a, axis, keepdims=True))
    left = dims.maximum(_count(a, axis, "var") - ddof, 0)
    squares = squared_modulus(distance)
    return elementwise.divide(_reduce(ops.SUM, squares, axis, keepdims), to_tensor(left, squares.dtype))


@implements(np.std)
def std(x: Operand, axis: Axis = None, dtype: Any = None, ddof: int = 0, keepdims: bool = False) -> Tensor:
    """The square root of `var`. Where that is zero its derivative is NaN."""
    return elementwise.sqrt(var(x, axis, dtype, ddof, keepdims))


if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
