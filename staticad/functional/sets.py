"""What is not zero, what occurs, and sets of numbers, with NumPy's names and, as in JAX, results of a given size.

How many results there are depends on data, and the shapes of a graph do not. So ``size`` says how many places the
result has: missing results are filled in at the end with ``fill_value``, and those beyond are left out. Without a size
the functions raise GraphError, which says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.errors import GraphError, ShapeError
from staticad.functional import elementwise
from staticad.functional.comparison import isnan
from staticad.functional.creation import arange, zeros
from staticad.functional.front import implements, public_names
from staticad.functional.indexing import along, take
from staticad.functional.joining import concatenate, stack
from staticad.functional.movement import ravel, reshape
from staticad.functional.shapes import as_size
from staticad.functional.sorting import argsort, searchsorted, sort
from staticad.functional.updates import At
from staticad.ir.dims import Dim, Size, at_least
from staticad.ir.dtypes import BOOL, INT64, is_float
from staticad.ir.graph import Tensor, describe
from staticad.ops.base import apply_all
from staticad.ops.promotion import Operand, as_operands, cast, to_tensor
from staticad.ops.sorting import NONZERO
from staticad.ops.sources import constant_array
from staticad.records import NamedTuple

Given = int | Dim | None


def _size(op: str, size: Given, x: Tensor) -> Size:
    if size is None:
        raise GraphError(
            f"{op}: the size of the result would depend on data; give size=, how many places it has: missing results "
            f"are filled with fill_value ({describe(x)})"
        )
    return as_size(size)


def _chosen(mask: Tensor, size: Size) -> tuple[Tensor, Tensor]:
    """The places of the first true elements of a vector, its length where there are no more; how many are true."""
    places, count = apply_all(NONZERO, mask, k=size)
    return places, count


def _padded(x: Tensor) -> Tensor:
    """A vector with one more element, so that the place behind it is one."""
    return concatenate([x, zeros(1, x.dtype)])


# ---- places ----------------------------------------------------------------------------------------------------------


@implements(np.flatnonzero)
def flatnonzero(x: Operand, *, size: Given = None, fill_value: Operand = 0) -> Tensor:
    """The int64 places of the elements of the flattened x that are not 0."""
    a = ravel(x)
    places, count = _chosen(cast(a, BOOL), _size("flatnonzero", size, a))
    return elementwise.where(arange(places.shape[0]) < count, places, cast(to_tensor(fill_value), INT64))


@implements(np.nonzero)
def nonzero(x: Operand, *, size: Given = None, fill_value: Any = 0) -> tuple[Tensor, ...]:
    """The int64 indices of the elements that are not 0, in row-major order, one vector for each axis. ``fill_value`` is
    one number, or one for each axis."""
    a = to_tensor(x)
    if a.ndim == 0:
        raise ShapeError(f"nonzero: needs an axis; use atleast_1d ({describe(a)})")
    fills = tuple(fill_value) if isinstance(fill_value, (tuple, list)) else (fill_value,) * a.ndim
    if len(fills) != a.ndim:
        raise ShapeError(f"nonzero: {len(fills)} fill values for {a.ndim} axes ({describe(a)})")
    rest, count = _chosen(cast(ravel(a), BOOL), _size("nonzero", size, a))
    found = arange(rest.shape[0]) < count
    result: list[Tensor] = []
    for axis in reversed(range(a.ndim)):
        length = elementwise.maximum(to_tensor(a.shape[axis]), 1)
        fill = cast(to_tensor(fills[axis]), INT64)
        result.append(elementwise.where(found, elementwise.remainder(rest, length), fill))
        rest = elementwise.floor_divide(rest, length)
    return tuple(reversed(result))


@implements(np.argwhere)
def argwhere(x: Operand, *, size: Given = None, fill_value: Any = 0) -> Tensor:
    """The indices of the elements that are not 0, one row each."""
    a = to_tensor(x)
    if a.ndim == 0:
        return zeros((_size("argwhere", size, a), 0), INT64)
    return stack(nonzero(a, size=size, fill_value=fill_value), axis=1)


@implements(np.compress)
def compress(
    condition: Operand, x: Operand, axis: int | None = None, *, size: Given = None, fill_value: Operand = 0
) -> Tensor:
    """The elements (or slices along an axis) for which the condition, a vector, is true; of the flattened x where
    ``axis`` is None. A condition that is shorter than the axis is false behind its end; one that is known needs no
    size."""
    mask = cast(to_tensor(condition), BOOL)
    if mask.ndim != 1:
        raise ShapeError(f"compress: the condition needs one axis ({describe(mask)})")
    a, place = along("compress", x, axis)
    known = constant_array(to_tensor(condition))
    if size is None and known is not None:
        return take(a, np.flatnonzero(known), place)
    places, count = _chosen(mask, _size("compress", size, a))
    found = arange(places.shape[0]) < count
    fill = cast(to_tensor(fill_value), a.dtype)
    index = elementwise.where(found, places, 0)
    if not at_least(a.shape[place], 1):  # an empty axis has nothing to take where nothing is found either
        end = to_tensor(a.shape[place])
        index = elementwise.where(index >= end, index + 1, index)
        index = elementwise.where(found, index, end)
        a = concatenate([a, zeros((*a.shape[:place], 1, *a.shape[place + 1 :]), a.dtype)], axis=place)
    slices = take(a, index, place)
    shape = tuple(places.shape[0] if i == place else 1 for i in range(a.ndim))
    return elementwise.where(reshape(found, shape), slices, fill)


@implements(np.extract)
def extract(condition: Operand, x: Operand, *, size: Given = None, fill_value: Operand = 0) -> Tensor:
    """The elements of the flattened x for which the condition is true: ``x[condition]`` of a given size."""
    known = constant_array(to_tensor(condition))
    flat = ravel(condition) if known is None else known.ravel() != 0
    return compress(flat, ravel(x), 0, size=size, fill_value=fill_value)


# ---- what occurs -----------------------------------------------------------------------------------------------------


def _beginnings(ordered: Tensor, equal_nan: bool) -> Tensor:
    """Which elements of a sorted vector are the first of those equal to them."""
    number = arange(ordered.shape[0])
    before = take(ordered, elementwise.maximum(number - 1, 0), 0)
    other = ordered != before
    if equal_nan and is_float(ordered.dtype):
        other = other & ~(isnan(ordered) & isnan(before))
    return (number == 0) | other


def _filled(ordered: Tensor, places: Tensor, count: Tensor, fill_value: Operand | None) -> Tensor:
    """The elements at places, and the fill value (the first of them without one) behind."""
    values = take(_padded(ordered), places, 0)
    fill = values[:1] if fill_value is None else cast(to_tensor(fill_value), ordered.dtype)
    return elementwise.where(arange(places.shape[0]) < count, values, fill)


class Distinct(NamedTuple):
    """The distinct elements in order, and what else there is to tell of them: the result of `unique_all`."""

    values: Tensor
    indices: Tensor
    inverse_indices: Tensor
    counts: Tensor


def _distinct(op: str, x: Operand, size: Given, fill_value: Operand | None, equal_nan: bool) -> Distinct:
    a = to_tensor(x)
    flat, wanted = ravel(a), _size(op, size, a)
    n, order = flat.shape[0], argsort(flat)
    ordered = sort(flat)
    places, count = _chosen(_beginnings(ordered, equal_nan), wanted + 1)
    first, number = places[:-1], arange(n)
    indices = take(_padded(order), first, 0)
    ranks = elementwise.maximum(searchsorted(first, number, "right") - 1, 0)
    return Distinct(
        _filled(ordered, first, count, fill_value),
        elementwise.where(arange(wanted) < count, indices, indices[:1]),
        reshape(At(zeros(n, INT64))[order].set(ranks), a.shape),
        places[1:] - first,
    )


@implements(np.unique)
def unique(
    x: Operand,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    *,
    equal_nan: bool = True,
    size: Given = None,
    fill_value: Operand | None = None,
) -> Any:
    """The distinct elements of the flattened x in order, and with the flags as in NumPy the index of the first of each,
    the place of every element among them (in x's shape), and how many are equal. Without a ``fill_value`` the smallest
    is repeated; missing counts are 0."""
    found = _distinct("unique", x, size, fill_value, equal_nan)
    flags = (True, return_index, return_inverse, return_counts)
    results = tuple(part for part, wanted in zip(found, flags, strict=True) if wanted)
    return results if len(results) > 1 else results[0]


@implements(np.unique_values)
def unique_values(x: Operand, *, size: Given = None, fill_value: Operand | None = None) -> Tensor:
    """The distinct elements in order; every NaN is one of its own, as the array API has it."""
    return _distinct("unique_values", x, size, fill_value, equal_nan=False).values


class Counted(NamedTuple):
    """The result of `unique_counts`."""

    values: Tensor
    counts: Tensor


@implements(np.unique_counts)
def unique_counts(x: Operand, *, size: Given = None, fill_value: Operand | None = None) -> Counted:
    """The distinct elements as in `unique_values`, and how many are equal to each."""
    found = _distinct("unique_counts", x, size, fill_value, equal_nan=False)
    return Counted(found.values, found.counts)


class Inverse(NamedTuple):
    """The result of `unique_inverse`."""

    values: Tensor
    inverse_indices: Tensor


@implements(np.unique_inverse)
def unique_inverse(x: Operand, *, size: Given = None, fill_value: Operand | None = None) -> Inverse:
    """The distinct elements as in `unique_values`, and the place of every element among them."""
    found = _distinct("unique_inverse", x, size, fill_value, equal_nan=False)
    return Inverse(found.values, found.inverse_indices)


@implements(np.unique_all)
def unique_all(x: Operand, *, size: Given = None, fill_value: Operand | None = None) -> Distinct:
    """All that `unique` tells of the distinct elements, which are those of `unique_values`."""
    return _distinct("unique_all", x, size, fill_value, equal_nan=False)


@implements(np.isin)
def isin(
    element: Operand,
    test_elements: Operand,
    assume_unique: bool = False,
    invert: bool = False,
    *,
    kind: str | None = None,
) -> Tensor:
    """Which elements are equal to one of the test elements; which are not with ``invert``. NaN is equal to nothing.
    ``kind`` is NumPy's, and the same whatever it is."""
    a, b = as_operands("isin", element, test_elements)
    if kind not in (None, "sort", "table"):
        raise ShapeError(f"isin: kind {kind!r} is neither 'sort' nor 'table' ({describe(a)})")
    ordered = sort(b, axis=None)
    place = searchsorted(ordered, a)
    found = (take(_padded(ordered), place, 0) == a) & (place < to_tensor(ordered.shape[0]))
    return ~found if invert else found


# ---- sets ------------------------------------------------------------------------------------------------------------


def _set(op: str, flat: Tensor, kept: Tensor | None, size: Given, fill_value: Operand | None) -> Tensor:
    """The distinct ones of the elements that are kept, in order. Equal elements are all kept, or none of them."""
    order = argsort(flat)
    ordered = take(flat, order, 0)
    first = _beginnings(ordered, equal_nan=True)
    if kept is not None:
        first = first & take(kept, order, 0)
    return _filled(ordered, *_chosen(first, _size(op, size, flat)), fill_value)


@implements(np.union1d)
def union1d(a: Operand, b: Operand, *, size: Given = None, fill_value: Operand | None = None) -> Tensor:
    """The distinct elements of a and b, in order."""
    left, right = as_operands("union1d", a, b)
    return _set("union1d", concatenate([ravel(left), ravel(right)]), None, size, fill_value)


@implements(np.intersect1d)
def intersect1d(
    a: Operand, b: Operand, assume_unique: bool = False, *, size: Given = None, fill_value: Operand | None = None
) -> Tensor:
    """The distinct elements of a that b has too, in order."""
    left, right = as_operands("intersect1d", a, b)
    flat = ravel(left)
    return _set("intersect1d", flat, isin(flat, right), size, fill_value)


@implements(np.setdiff1d)
def setdiff1d(
    a: Operand, b: Operand, assume_unique: bool = False, *, size: Given = None, fill_value: Operand | None = None
) -> Tensor:
    """The distinct elements of a that b does not have, in order."""
    left, right = as_operands("setdiff1d", a, b)
    flat = ravel(left)
    return _set("setdiff1d", flat, ~isin(flat, right), size, fill_value)


@implements(np.setxor1d)
def setxor1d(
    a: Operand, b: Operand, assume_unique: bool = False, *, size: Given = None, fill_value: Operand | None = None
) -> Tensor:
    """The distinct elements that only one of a and b has, in order."""
    left, right = map(ravel, as_operands("setxor1d", a, b))
    kept = concatenate([~isin(left, right), ~isin(right, left)])
    return _set("setxor1d", concatenate([left, right]), kept, size, fill_value)


if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
