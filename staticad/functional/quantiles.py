"""Medians, quantiles and percentiles, also of what is no NaN, with NumPy's names and all its methods.

One or two elements of the sorted row are taken: derivatives are those of these elements. Where it is known about where
they are, only that part of the order is found. Where there is a NaN the result is NaN, or with the functions that leave
them out, where there is nothing else.

References: Hyndman and Fan 1996, "Sample quantiles in statistical packages", for the methods.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.errors import DTypeError, ShapeError
from staticad.functional import comparison, elementwise, reductions
from staticad.functional.axes import normalize_axes
from staticad.functional.front import implements, public_names
from staticad.functional.indexing import take_along_axis
from staticad.functional.joining import concatenate, stack
from staticad.functional.movement import expand_dims, moveaxis, ravel, reshape
from staticad.functional.orders import part_sorted
from staticad.functional.reductions import Axis
from staticad.functional.sorting import sort
from staticad.ir.dims import Size, floordiv, is_runtime, local_symbols, maximum, minimum, product
from staticad.ir.dtypes import FLOAT16, FLOAT32, FLOAT64, INT64, is_complex, is_float
from staticad.ir.graph import Tensor, describe
from staticad.ops.assemble import or_filled
from staticad.ops.base import apply
from staticad.ops.creation import fill, size_tensor
from staticad.ops.movement import BROADCAST_TO
from staticad.ops.promotion import Operand, cast, common_dtype, to_tensor
from staticad.ops.selection import WHERE

# From the number of elements n and q: where in the sorted row a quantile is, perhaps between two elements.
_PLACES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "inverted_cdf": lambda n, q: n * q - 1,
    "averaged_inverted_cdf": lambda n, q: n * q - 1,
    "closest_observation": lambda n, q: n * q - 1.5,
    "interpolated_inverted_cdf": lambda n, q: n * q + (0 + q * (1 - 0 - 1)) - 1,
    "hazen": lambda n, q: n * q + (0.5 + q * (1 - 0.5 - 0.5)) - 1,
    "weibull": lambda n, q: n * q + (0 + q * (1 - 0 - 0)) - 1,
    "linear": lambda n, q: (n - 1) * q,
    "median_unbiased": lambda n, q: n * q + (1 / 3.0 + q * (1 - 1 / 3.0 - 1 / 3.0)) - 1,
    "normal_unbiased": lambda n, q: n * q + (3 / 8.0 + q * (1 - 3 / 8.0 - 3 / 8.0)) - 1,
    "lower": lambda n, q: (n - 1) * q,
    "higher": lambda n, q: (n - 1) * q,
    "midpoint": lambda n, q: (n - 1) * q,
    "nearest": lambda n, q: (n - 1) * q,
}


def _choose(condition: Tensor, a: Operand, b: Operand, like: Tensor) -> Tensor:
    return apply(WHERE, condition, to_tensor(a, like.dtype), to_tensor(b, like.dtype))


def _neighbours(method: str, place: Tensor) -> tuple[Tensor, Tensor]:
    """The element before a place, and the share of the next one."""
    before = elementwise.floor(place)
    share = place - before
    whole = comparison.equal(share, 0)
    if method in ("inverted_cdf", "higher"):
        share = _choose(whole, 0, 1, share)
    elif method == "averaged_inverted_cdf":
        share = _choose(whole, 0.5, 1, share)
    elif method == "midpoint":
        share = _choose(whole, 0, 0.5, share)
    elif method == "lower":
        share = elementwise.multiply(share, 0)
    elif method == "nearest":
        share = elementwise.rint(place) - before
    elif method == "closest_observation":
        odd = comparison.equal(elementwise.remainder(before, 2), 1)
        share = _choose(comparison.logical_and(whole, odd), 0, 1, share)
    return before, share


_WHOLE = ("inverted_cdf", "closest_observation", "lower", "higher", "nearest")  # take one element


def _rows(name: str, x: Operand, axis: Axis) -> tuple[Tensor, tuple[int, ...]]:
    """The elements of each quantile in a last axis; and the axes."""
    a = to_tensor(x)
    if is_complex(a.dtype):
        raise DTypeError(f"{name}: complex numbers have no order ({describe(a)})")
    axes = normalize_axes(name, axis, a)
    if axis is None:
        return ravel(a), axes
    if not axes:
        return expand_dims(a, a.ndim), axes
    last = moveaxis(a, axes, tuple(range(a.ndim - len(axes), a.ndim)))
    rest = last.shape[: a.ndim - len(axes)]
    return reshape(last, (*rest, product(last.shape[len(rest) :]))) if len(axes) != 1 else last, axes


_FINENESS = 1 << 20
_MOST_PARTS = 4
_SHORT = 32  # elements for each part, from which on parts pay


def _ordered(rows: Tensor, shares: Sequence[float] | None) -> tuple[Tensor, Sequence[Size]]:
    """The sorted rows, and how far to the left each share of the elements stands there: where the shares are known,
    only the places about them, which are a few and one of a hundred thousand."""
    n = rows.shape[-1]
    some = 0 if shares is None else len(shares)
    whole = some == 0 or some > _MOST_PARTS or (isinstance(n, int) and n < _SHORT * some)
    if shares is None or whole or is_runtime(n) or local_symbols(n):
        return sort(rows), [0] * max(some, 1)
    parts: list[Tensor] = []
    left: list[Size] = []
    known: Size = 0
    spare = floordiv(n, _FINENESS)
    for share in shares:
        place = floordiv(n * int(share * _FINENESS), _FINENESS)
        first = maximum(place - 3 - spare, 0)
        count = minimum(place + 6 + 2 * spare, n) - first
        parts.append(part_sorted(rows, rows.ndim - 1, first, count)[0])
        left.append(first - known)
        known = known + count
    return concatenate(parts, -1) if len(parts) > 1 else parts[0], left


def _or_nan(ordered: Tensor, n: Size) -> Tensor:
    """With a NaN at the end where a run may find that rows of n elements have none."""
    return or_filled(ordered, n, np.nan) if is_float(ordered.dtype) else ordered


def _counts(rows: Tensor, without_nan: bool) -> Tensor:
    """How many elements there are, as int64; with the last axis where it differs from row to row."""
    if without_nan and is_float(rows.dtype):
        return reductions.sum(comparison.logical_not(comparison.isnan(rows)), -1, INT64, keepdims=True)
    return to_tensor(rows.shape[-1])


def _picked(rows: Tensor, places: Tensor) -> Tensor:
    """Elements of each row; places are those of all rows, or have the axes of the rows."""
    if places.ndim < rows.ndim:
        places = apply(BROADCAST_TO, places, shape=(*rows.shape[:-1], places.shape[-1]))
    return take_along_axis(rows, places, -1)


def _with_nan(rows: Tensor, found: Tensor, without_nan: bool) -> Tensor:
    """NaN where a row has one."""
    if without_nan or not is_float(rows.dtype):
        return found
    unordered = reductions.any(comparison.isnan(rows), -1, keepdims=True)
    return apply(WHERE, unordered, fill((), np.nan, found.dtype), found)


def _finished(found: Tensor, rank: int, axes: tuple[int, ...], q_shape: Any, keepdims: bool) -> Tensor:
    """The quantiles, which stand in the last axis, in the first axes."""
    rest = found.shape[:-1]
    found = reshape(moveaxis(found, -1, 0), (*q_shape, *rest))
    lead = len(q_shape)
    return expand_dims(found, tuple(lead + a for a in sorted(axes))) if keepdims and axes else found


def _quantile(
    name: str, x: Operand, q: Operand, scale: int, axis: Axis, method: str, keepdims: bool, without_nan: bool
) -> Tensor:
    a = to_tensor(x)
    if not isinstance(method, str) or method not in _PLACES:
        raise ShapeError(f"{name}: method {method!r} is none of {', '.join(_PLACES)} ({describe(a)})")
    weak = type(q) in (int, float)
    wanted = to_tensor(q)
    if is_complex(wanted.dtype):
        raise DTypeError(f"{name}: q has to be real, not {describe(wanted)}")
    if wanted.ndim > 2:
        raise ShapeError(f"{name}: q needs at most two axes ({describe(wanted)})")
    if not isinstance(q, Tensor):
        values = np.asarray(q, np.float64)
        if not ((values >= 0) & (values <= scale)).all():
            raise ShapeError(f"{name}: q has to be between 0 and {scale}, not {q!r} ({describe(a)})")
    # NumPy computes the place in the dtype of q, which is that of the elements for a Python number.
    single = a.dtype in (FLOAT32, FLOAT16) if weak else wanted.dtype == FLOAT32
    wanted = cast(wanted, FLOAT32 if single else FLOAT64)
    if scale != 1:
        wanted = elementwise.divide(wanted, float(scale))
    rows, axes = _rows(name, a, axis)
    if rows.shape[-1] == 0:
        if not without_nan:
            raise ShapeError(f"{name}: there is no quantile of no elements ({describe(rows)})")
        nothing = reductions.mean(a, axis, keepdims=keepdims)
        return apply(BROADCAST_TO, nothing, shape=(*wanted.shape, *nothing.shape))
    count = _counts(rows, without_nan)
    n = cast(count, wanted.dtype)
    before, share = _neighbours(method, _PLACES[method](n, ravel(wanted)))
    last = elementwise.subtract(count, 1)
    first, second = (
        elementwise.clip(cast(place, INT64), 0, elementwise.maximum(last, 0)) for place in (before, before + 1)
    )
    known = None if isinstance(q, Tensor) or without_nan else [float(v) / scale for v in np.ravel(values)]
    ordered, left = _ordered(rows, known)
    if known is not None:
        offsets = stack([size_tensor(offset) for offset in left]) if left else to_tensor(np.zeros(0, np.int64))
        first, second = elementwise.subtract(first, offsets), elementwise.subtract(second, offsets)
    if method not in _WHOLE and not is_float(rows.dtype):
        ordered = cast(ordered, FLOAT64)
    if without_nan:
        ordered = _or_nan(ordered, rows.shape[-1])
    if method in _WHOLE:
        found = _picked(ordered, _choose(comparison.equal(share, 0), first, second, first))
    else:
        low, high = _picked(ordered, first), _picked(ordered, second)
        dtype = ordered.dtype if weak else common_dtype(ordered, wanted)
        found = _between(cast(low, dtype), cast(high, dtype), cast(share, dtype))
    return _finished(_with_nan(rows, found, without_nan), a.ndim, axes, wanted.shape, keepdims)


def _between(low: Tensor, high: Tensor, share: Tensor) -> Tensor:
    """From the nearer one, so that the last one is met exactly; infinite elements are met as well."""
    distance = apply(WHERE, comparison.equal(low, high), fill((), 0, low.dtype), elementwise.subtract(high, low))
    near_low = elementwise.add(low, elementwise.multiply(distance, share))
    near_high = elementwise.subtract(high, elementwise.multiply(distance, elementwise.subtract(1.0, share)))
    found = apply(WHERE, comparison.greater_equal(share, 0.5), near_high, near_low)
    return apply(WHERE, comparison.equal(share, 0), low, found)


def _median(name: str, x: Operand, axis: Axis, keepdims: bool, without_nan: bool) -> Tensor:
    """The mean of the two elements in the middle, which may be one."""
    a = to_tensor(x)
    if not is_float(a.dtype) and not is_complex(a.dtype):
        a = cast(a, FLOAT64)
    rows, axes = _rows(name, a, axis)
    if rows.shape[-1] == 0:
        return reductions.mean(a, axis, keepdims=keepdims)
    count = _counts(rows, without_nan)
    count = count if count.ndim else expand_dims(count, 0)
    middle = [elementwise.floor_divide(elementwise.maximum(count - less, 0), 2) for less in (1, 0)]
    ordered, (left,) = _ordered(rows, None if without_nan else [0.5])
    ordered = _or_nan(ordered, rows.shape[-1])
    low, high = (
        _picked(ordered, elementwise.minimum(place, elementwise.maximum(count - 1, 0)) - size_tensor(left))
        for place in middle
    )
    found = elementwise.divide(elementwise.add(low, high), 2.0)
    return _finished(_with_nan(rows, found, without_nan), a.ndim, axes, (), keepdims)


@implements(np.median)
def median(x: Operand, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The middle element, or the mean of the two in the middle; NaN where there is none. Integers and bools give
    float64."""
    return _median("median", x, axis, keepdims, False)


@implements(np.nanmedian)
def nanmedian(x: Operand, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The median of what is no NaN."""
    return _median("nanmedian", x, axis, keepdims, True)


@implements(np.quantile)
def quantile(x: Operand, q: Operand, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """The quantiles at q between 0 and 1: numbers, or arrays whose axes come first in the result. ``method`` is one
    of NumPy's, which tell what is taken between two elements.

    Raises ShapeError for a q out of range (one in a tensor is clipped), another method, and no elements; a run that
    finds none raises IndexOutOfBounds.
    """
    return _quantile("quantile", x, q, 1, axis, method, keepdims, False)


@implements(np.nanquantile)
def nanquantile(x: Operand, q: Operand, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """The quantiles of what is no NaN."""
    return _quantile("nanquantile", x, q, 1, axis, method, keepdims, True)


@implements(np.percentile)
def percentile(x: Operand, q: Operand, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """The quantiles at q between 0 and 100."""
    return _quantile("percentile", x, q, 100, axis, method, keepdims, False)


@implements(np.nanpercentile)
def nanpercentile(x: Operand, q: Operand, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """The quantiles of what is no NaN, at q between 0 and 100."""
    return _quantile("nanpercentile", x, q, 100, axis, method, keepdims, True)


if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
