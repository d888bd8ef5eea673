"""Reductions with NumPy's names: over one axis, several, or all (``axis=None``), negative ones counted from the end.

All take ``keepdims``, which keeps the reduced axes with size 1. ``where`` is a mask that broadcasts to the tensor and
tells which elements count, ``initial`` takes part like one more element. A wrong axis raises ShapeError, the extreme of
no elements too (when it is known; else the run raises FeedError).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.errors import DTypeError, ShapeError
from staticad.functional import elementwise
from staticad.functional.axes import normalize_axes, normalize_axis
from staticad.functional.counts import number
from staticad.functional.front import implements, public_names
from staticad.ir import dims
from staticad.ir.dims import Size, product
from staticad.ir.dtypes import BOOL, FLOAT64, DType, as_dtype, is_complex, is_inexact, real_dtype, summing, unsupported
from staticad.ir.graph import Tensor, describe
from staticad.ops import reduce as ops
from staticad.ops.base import Op, Reduce, apply
from staticad.ops.complex import squared_modulus
from staticad.ops.creation import fill
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS, RESHAPE, SQUEEZE
from staticad.ops.promotion import Operand, cast, to_tensor
from staticad.ops.selection import WHERE

Axis = int | tuple[int, ...] | list[int] | None


Where = Operand | None


def _chosen(name: str, x: Tensor, where: Where) -> Tensor | None:
    """The mask of what counts, in the shape of x; None where everything does."""
    if where is None or where is True:
        return None
    mask = cast(to_tensor(where), BOOL)
    if mask.ndim > x.ndim:
        raise ShapeError(f"{name}: the mask has more axes than the tensor ({describe(mask)}, {describe(x)})")
    return apply(BROADCAST_TO, mask, shape=x.shape)


def _among(name: str, x: Tensor, where: Where, other: Any) -> Tensor:
    """x with a number in the place of what does not count."""
    mask = _chosen(name, x, where)
    return x if mask is None else apply(WHERE, mask, x, fill((), other, x.dtype))


def _is_of_number(x: Tensor, axis: Any) -> bool:
    """Whether it is the axis 0 or -1 of an array without axes, which NumPy's reductions take."""
    return not x.ndim and isinstance(axis, (int, np.integer)) and not isinstance(axis, bool) and axis in (0, -1)


def _reduce(op: Op, x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    axes = () if _is_of_number(x, axis) else tuple(sorted(normalize_axes(op.name, axis, x)))
    if not axes:
        return x
    result = apply(op, x, axes=axes)
    return apply(EXPAND_DIMS, result, axes=axes) if keepdims else result


@implements(np.sum, reduces=np.add)
def sum(
    x: Operand,
    axis: Axis = None,
    dtype: Any = None,
    keepdims: bool = False,
    initial: Operand | None = None,
    where: Where = None,
) -> Tensor:
    """The sum, 0 for no elements. Small integers and bools are summed as 64-bit integers; others in their dtype, or
    in ``dtype``."""
    a = to_tensor(x)
    a = cast(a, as_dtype(dtype) if dtype is not None else summing(a.dtype))
    total = _reduce(ops.SUM, _among("sum", a, where, 0), axis, keepdims)
    return total if initial is None else elementwise.add(total, to_tensor(initial, a.dtype))


@implements(np.prod, reduces=np.multiply)
def prod(
    x: Operand,
    axis: Axis = None,
    dtype: Any = None,
    keepdims: bool = False,
    initial: Operand | None = None,
    where: Where = None,
) -> Tensor:
    """The product, 1 for no elements; dtypes as in `sum`. Its derivatives are right with zeros among the elements,
    up to the third order."""
    a = to_tensor(x)
    a = cast(a, as_dtype(dtype) if dtype is not None else summing(a.dtype))
    product = _reduce(ops.PROD, _among("prod", a, where, 1), axis, keepdims)
    return product if initial is None else elementwise.multiply(product, to_tensor(initial, a.dtype))


def _extreme(op: Reduce, x: Operand, axis: Axis, keepdims: bool, initial: Operand | None, where: Where) -> Tensor:
    """An extreme; one that has an initial element is never of no elements."""
    a = to_tensor(x)
    if initial is None:
        if _chosen(op.name, a, where) is not None:
            raise ShapeError(f"{op.name}: where= needs initial=, the {op.name} of no elements ({describe(a)})")
        return _reduce(op, a, axis, keepdims)
    if is_complex(a.dtype):
        raise DTypeError(f"{op.name}: {unsupported(a.dtype)} ({describe(a)})")
    bounded, least, defined = _BOUNDED[op]
    among = _among(op.name, a, where, least(a.dtype))
    return bounded(_reduce(defined, among, axis, keepdims), to_tensor(initial, a.dtype))


# For an extreme: that of two, what changes none, and the extreme that no elements have too.
_BOUNDED: dict[Reduce, tuple[Any, Any, Reduce]] = {
    ops.MAX: (elementwise.maximum, ops.lowest, ops.MAX_OR_LOWEST),
    ops.MIN: (elementwise.minimum, ops.highest, ops.MIN_OR_HIGHEST),
}


@implements(np.amax, np.max, reduces=np.maximum)
def max(
    x: Operand, axis: Axis = None, keepdims: bool = False, initial: Operand | None = None, where: Where = None
) -> Tensor:
    """The largest element, NaN if there is a NaN. Elements that tie share the derivative equally. ``where`` needs
    ``initial``."""
    return _extreme(ops.MAX, x, axis, keepdims, initial, where)


@implements(np.amin, np.min, reduces=np.minimum)
def min(
    x: Operand, axis: Axis = None, keepdims: bool = False, initial: Operand | None = None, where: Where = None
) -> Tensor:
    """The smallest element, NaN if there is a NaN. Elements that tie share the derivative equally. ``where`` needs
    ``initial``."""
    return _extreme(ops.MIN, x, axis, keepdims, initial, where)


@implements(np.any, reduces=np.logical_or)
def any(x: Operand, axis: Axis = None, keepdims: bool = False, where: Where = None) -> Tensor:
    """Whether an element is not 0; false for no elements. NaN is not 0."""
    return _reduce(ops.ANY, _among("any", cast(to_tensor(x), BOOL), where, False), axis, keepdims)


@implements(np.all, reduces=np.logical_and)
def all(x: Operand, axis: Axis = None, keepdims: bool = False, where: Where = None) -> Tensor:
    """Whether no element is 0; true for no elements."""
    return _reduce(ops.ALL, _among("all", cast(to_tensor(x), BOOL), where, True), axis, keepdims)


def _arg(op: Op, x: Operand, axis: int | None, keepdims: bool) -> Tensor:
    a = to_tensor(x)
    if axis is None or _is_of_number(a, axis):
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


def _count(x: Tensor, axis: Axis, name: str, mask: Tensor | None) -> Size | Tensor:
    """How many elements are reduced to one: a size, or numbers with the reduced axes kept."""
    if mask is not None:
        return _reduce(ops.SUM, cast(mask, real_dtype(x.dtype)), axis, True)
    return product(x.shape[a] for a in normalize_axes(name, axis, x))


def _left(count: Size | Tensor, ddof: Any, dtype: DType) -> Tensor:
    """What a sum of squares is divided by: the count less ddof, at least 0."""
    if not isinstance(count, Tensor) and isinstance(ddof, int):
        return number(dims.maximum(count - ddof, 0), dtype)
    return elementwise.maximum(elementwise.subtract(number(count, dtype), float(ddof)), 0.0)


def _averaging(name: str, x: Tensor, dtype: Any) -> DType:
    """The float (or complex) type of an average: that of x, or float64 for integers and bools."""
    found = as_dtype(dtype) if dtype is not None else x.dtype if is_inexact(x.dtype) else FLOAT64
    if not is_inexact(found):
        raise DTypeError(f"{name}: dtype has to be one of floats or complex numbers, not {found} ({describe(x)})")
    return found


@implements(np.mean)
def mean(x: Operand, axis: Axis = None, dtype: Any = None, keepdims: bool = False, where: Where = None) -> Tensor:
    """The arithmetic mean, NaN for no elements. Integers and bools give float64."""
    a = to_tensor(x)
    a = cast(a, _averaging("mean", a, dtype))
    mask = _chosen("mean", a, where)
    count = number(_count(a, axis, "mean", mask), real_dtype(a.dtype))
    if mask is None:
        return elementwise.divide(_reduce(ops.SUM, a, axis, keepdims), count)
    average = elementwise.divide(_reduce(ops.SUM, _among("mean", a, mask, 0), axis, True), count)
    return _dropped("mean", average, axis, keepdims, a)


def _dropped(name: str, found: Tensor, axis: Axis, keepdims: bool, x: Tensor) -> Tensor:
    """A result whose reduced axes were kept, without them if they are not wanted."""
    axes = tuple(sorted(normalize_axes(name, axis, x)))
    return found if keepdims or not axes else apply(SQUEEZE, found, axes=axes)


@implements(np.var)
def var(
    x: Operand,
    axis: Axis = None,
    dtype: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    where: Where = None,
    mean: Operand | None = None,
    correction: float | None = None,
) -> Tensor:
    """The mean square distance from the mean; the sum of squares is divided by the count less ``ddof``, any number,
    which the array API calls ``correction``. ``mean`` is the mean, if it is known, with the reduced axes kept.

    That of complex numbers is real. NaN for no elements, and where ``ddof`` leaves nothing to divide by (infinite where
    the sum is not zero).
    """
    a = to_tensor(x)
    a = cast(a, _averaging("var", a, dtype))
    if correction is not None:
        if ddof != 0:
            raise ShapeError(f"var: ddof and correction are one number; give one of them ({describe(a)})")
        ddof = correction
    if isinstance(ddof, (bool, np.bool_)) or not isinstance(ddof, (int, float, np.integer, np.floating)):
        raise ShapeError(f"var: ddof has to be a number, not {ddof!r} ({describe(a)})")
    ddof = int(ddof) if float(ddof).is_integer() else float(ddof)
    mask = _chosen("var", a, where)
    centre = _mean(a, axis, keepdims=True, where=mask) if mean is None else to_tensor(mean, a.dtype)
    squares = squared_modulus(elementwise.subtract(a, centre))
    left = _left(_count(a, axis, "var", mask), ddof, squares.dtype)
    if mask is None:
        return elementwise.divide(_reduce(ops.SUM, squares, axis, keepdims), left)
    total = _reduce(ops.SUM, _among("var", squares, mask, 0), axis, True)
    return _dropped("var", elementwise.divide(total, left), axis, keepdims, a)


_mean = mean  # var has a parameter of that name


@implements(np.std)
def std(
    x: Operand,
    axis: Axis = None,
    dtype: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    where: Where = None,
    mean: Operand | None = None,
    correction: float | None = None,
) -> Tensor:
    """The square root of `var`. Where that is zero its derivative is NaN."""
    return elementwise.sqrt(var(x, axis, dtype, ddof, keepdims, where, mean, correction))


amax = max
amin = min

if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
