"""Differences of neighbours, derivatives and integrals of sampled functions, with NumPy's and SciPy's names."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.errors import DTypeError, ShapeError
from staticad.functional import comparison, elementwise, reductions
from staticad.functional.axes import as_index, normalize_axes, normalize_axis
from staticad.functional.cumulative import cumsum
from staticad.functional.front import implements, inexact, public_names
from staticad.functional.joining import concatenate
from staticad.functional.movement import ravel, reshape
from staticad.functional.slices import take_slice
from staticad.ir.dims import Size
from staticad.ir.dtypes import BOOL, FLOAT32, is_complex, is_half, is_inexact, real_dtype
from staticad.ir.graph import Tensor, describe
from staticad.ir.types import may_be_equal
from staticad.ops.barrier import STOP_GRADIENT
from staticad.ops.base import apply
from staticad.ops.movement import BROADCAST_TO, SLICE
from staticad.ops.promotion import Operand, cast, common_dtype, to_tensor


def _beside(x: Tensor, end: Operand, axis: int) -> Tensor:
    """What is put at an end of x: a number is spread."""
    e = to_tensor(end)
    if e.ndim == 0:
        e = apply(BROADCAST_TO, e, shape=tuple(1 if i == axis else size for i, size in enumerate(x.shape)))
    return e


@implements(np.diff)
def diff(
    x: Operand, n: int = 1, axis: int = -1, prepend: Operand | None = None, append: Operand | None = None
) -> Tensor:
    """Each element less the one before, n times over; of bools whether they differ. What is prepended and appended
    takes part: arrays, or numbers in the place of slices. Raises ShapeError for a negative n."""
    a = to_tensor(x)
    count = as_index("diff", n, "n", a)
    if count < 0:
        raise ShapeError(f"diff: n has to be at least 0, not {n} ({describe(a)})")
    if count == 0:
        return a
    place = normalize_axis("diff", axis, a)
    parts = [_beside(a, prepend, place)] if prepend is not None else []
    parts.append(a)
    parts += [_beside(a, append, place)] if append is not None else []
    a = concatenate(parts, place)
    size = a.shape[place]
    for _ in range(min(count, size) if isinstance(size, int) else count):  # nothing is left of fewer elements
        later, earlier = take_slice(a, place, slice(1, None)), take_slice(a, place, slice(None, -1))
        a = comparison.not_equal(later, earlier) if a.dtype == BOOL else elementwise.subtract(later, earlier)
    return a


@implements(np.ediff1d)
def ediff1d(x: Operand, to_end: Operand | None = None, to_begin: Operand | None = None) -> Tensor:
    """The differences of neighbours in the flattened tensor, between what is put at the ends, in its dtype. Raises
    DTypeError for ends of another kind: floats beside integers, or complex numbers beside floats."""
    a = ravel(x)
    parts = [diff(a)]
    if a.dtype == BOOL:
        raise DTypeError(f"ediff1d: bools have no difference; use sa.diff or cast them ({describe(a)})")
    for end, at in ((to_begin, 0), (to_end, len(parts) + 1)):
        if end is not None:
            e = to_tensor(end)
            if (is_inexact(e.dtype), is_complex(e.dtype)) > (is_inexact(a.dtype), is_complex(a.dtype)):
                raise DTypeError(f"ediff1d: an end of {e.dtype} does not fit differences of {a.dtype} ({describe(a)})")
            parts.insert(at, ravel(to_tensor(end, a.dtype)))
    return concatenate(parts, 0)


def _is_number(value: Operand) -> bool:
    return isinstance(value, (int, float, np.number, np.bool_)) or (isinstance(value, np.ndarray) and value.ndim == 0)


def _widths(name: str, y: Tensor, x: Operand | None, dx: Operand, axis: int) -> Operand:
    """The widths of the intervals, ready to be multiplied with what lies between neighbours of y."""
    if x is None:
        return dx
    points = to_tensor(x)
    if points.ndim == 1:
        if not may_be_equal(points.shape[0], y.shape[axis]):
            raise ShapeError(f"{name}: x and y differ in size along axis {axis} ({describe(points)}, {describe(y)})")
        widths = diff(points)
        return reshape(widths, tuple(widths.shape[0] if i == axis else 1 for i in range(y.ndim)))
    if points.ndim != y.ndim:
        raise ShapeError(f"{name}: x needs one axis, or those of y ({describe(points)}, {describe(y)})")
    return diff(points, axis=axis)


def _areas(name: str, y: Operand, x: Operand | None, dx: Operand, axis: int) -> tuple[Tensor, int]:
    a = inexact(y)
    place = normalize_axis(name, axis, a)
    both = elementwise.add(take_slice(a, place, slice(1, None)), take_slice(a, place, slice(None, -1)))
    return elementwise.divide(elementwise.multiply(_widths(name, a, x, dx, place), both), 2.0), place


@implements(np.trapezoid)
def trapezoid(y: Operand, x: Operand | None = None, dx: Operand = 1.0, axis: int = -1) -> Tensor:
    """The integral of samples along an axis by the trapezoidal rule; x are the points, in one axis or in the shape of
    y, or ``dx`` is their distance."""
    areas, place = _areas("trapezoid", y, x, dx, axis)
    return reductions.sum(areas, place)


def cumulative_trapezoid(
    y: Operand, x: Operand | None = None, dx: Operand = 1.0, axis: int = -1, initial: float | None = None
) -> Tensor:
    """The integrals up to each point but the first, by the trapezoidal rule, as `scipy.integrate` has it. ``initial``
    (0) is put before. Raises ShapeError for no samples."""
    areas, place = _areas("cumulative_trapezoid", y, x, dx, axis)
    found = cumsum(areas, place)
    if initial is None:
        return found
    if not _is_number(initial):
        raise ShapeError(f"cumulative_trapezoid: initial has to be a number, not {initial!r} ({describe(found)})")
    return concatenate([_beside(found, to_tensor(initial, found.dtype), place), found], place)


@implements(np.gradient)
def gradient(f: Operand, *varargs: Operand, axis: Any = None, edge_order: int = 1) -> Tensor | tuple[Tensor, ...]:
    """The derivative of samples along one axis, or a tuple of those along several (None: all): central differences
    inside, and one-sided ones at the ends, of first or second ``edge_order``.

    ``varargs`` are one distance for all axes, or for each one a distance or the points as a vector. Integers are
    float64. Raises ShapeError for fewer than ``edge_order + 1`` samples.
    """
    a = inexact(f)
    axes = normalize_axes("gradient", axis, a)
    if edge_order not in (1, 2):
        raise ShapeError(f"gradient: edge_order has to be 1 or 2, not {edge_order!r} ({describe(a)})")
    if len(varargs) not in (0, 1, len(axes)):
        raise ShapeError(f"gradient: takes no distance, one, or one for each of {len(axes)} axes ({describe(a)})")
    given = list(varargs) or [1.0]
    if len(given) == 1:
        if len(axes) != 1 and not _is_number(given[0]) and to_tensor(given[0]).ndim:
            raise ShapeError(f"gradient: give the points of every axis ({describe(a)})")
        given *= len(axes)
    found = tuple(_along(a, i, spacing, edge_order) for i, spacing in zip(axes, given))
    return found[0] if len(found) == 1 else found


def _along(f: Tensor, axis: int, spacing: Operand, edge_order: int) -> Tensor:
    n = f.shape[axis]
    if isinstance(n, int) and n < edge_order + 1:
        raise ShapeError(f"gradient: axis {axis} needs at least {edge_order + 1} elements ({describe(f)})")
    points = inexact(spacing)
    x = cast(f, FLOAT32) if is_half(f.dtype) else f
    if points.ndim == 0:
        return cast(_even(x, axis, _beside_samples(points, x), edge_order), f.dtype)
    if points.ndim > 1 or not may_be_equal(points.shape[0], n):
        raise ShapeError(f"gradient: the points of axis {axis} have to be a vector of {n} ({describe(points)})")
    widths = _part(points, 0, 1, n - 1) - _part(points, 0, 0, n - 1)
    return cast(_uneven(x, axis, _beside_samples(widths, x), edge_order), f.dtype)


def _beside_samples(distances: Tensor, f: Tensor) -> Tensor:
    """In the precision of the samples, which the result has."""
    return distances if is_complex(distances.dtype) else cast(distances, real_dtype(f.dtype))


def _part(x: Tensor, axis: int, start: Size, size: Size) -> Tensor:
    """So many elements along an axis; that there are as many is demanded."""
    starts = tuple(start if i == axis else 0 for i in range(x.ndim))
    sizes = tuple(size if i == axis else s for i, s in enumerate(x.shape))
    return apply(SLICE, x, starts=starts, steps=(1,) * x.ndim, sizes=sizes)


def _even(f: Tensor, axis: int, h: Operand, edge_order: int) -> Tensor:
    n = f.shape[axis]

    def at(start: Size, size: Size = 1) -> Tensor:
        return _part(f, axis, start, size)

    inside = (at(2, n - 2) - at(0, n - 2)) / elementwise.multiply(2.0, h)
    if edge_order == 1:
        first, last = (at(1) - at(0)) / h, (at(n - 1) - at(n - 2)) / h
    else:
        first = (-1.5 * at(0) + 2.0 * at(1) - 0.5 * at(2)) / h
        last = (0.5 * at(n - 3) - 2.0 * at(n - 2) + 1.5 * at(n - 1)) / h
    return concatenate([first, inside, last], axis)


def _uneven(f: Tensor, axis: int, widths: Tensor, edge_order: int) -> Tensor:
    """By the parabola through three points (Fornberg 1988)."""
    n = f.shape[axis]

    def at(start: Size, size: Size = 1) -> Tensor:
        return _part(f, axis, start, size)

    def width(start: Size, size: Size = 1) -> Tensor:
        part = _part(widths, 0, start, size)
        return reshape(part, tuple(size if i == axis else 1 for i in range(f.ndim)))

    before, behind = width(0, n - 2), width(1, n - 2)
    both = before + behind
    inside = (
        -behind / (before * both) * at(0, n - 2)
        + (behind - before) / (before * behind) * at(1, n - 2)
        + before / (behind * both) * at(2, n - 2)
    )
    if edge_order == 1:
        first, last = (at(1) - at(0)) / width(0), (at(n - 1) - at(n - 2)) / width(n - 2)
    else:
        p, q = width(0), width(1)
        first = -(2 * p + q) / (p * (p + q)) * at(0) + (p + q) / (p * q) * at(1) - p / (q * (p + q)) * at(2)
        p, q = width(n - 3), width(n - 2)
        last = q / (p * (p + q)) * at(n - 3) - (q + p) / (p * q) * at(n - 2)
        last = last + (2 * q + p) / (q * (p + q)) * at(n - 1)
    return concatenate([first, inside, last], axis)


@implements(np.unwrap)
def unwrap(x: Operand, discont: Operand | None = None, axis: int = -1, *, period: Operand = 2 * math.pi) -> Tensor:
    """x plus multiples of the period, such that neighbours along the axis differ by half a period at most.

    Only steps of at least ``discont`` (default: half a period) are changed. The derivative is that of x. Integers with
    an integer period stay integers.
    """
    a = to_tensor(x)
    place = normalize_axis("unwrap", axis, a)
    step = diff(a, axis=place)
    if step.dtype == BOOL:
        raise DTypeError(f"unwrap: bools have no difference; use astype ({describe(a)})")
    dtype = common_dtype(step, period)
    a, step, length = cast(a, dtype), apply(STOP_GRADIENT, cast(step, dtype)), to_tensor(period, dtype)
    high = elementwise.divide(length, 2) if is_inexact(dtype) else elementwise.floor_divide(length, 2)
    near = elementwise.subtract(elementwise.remainder(elementwise.add(step, high), length), high)
    both = True if is_inexact(dtype) else comparison.equal(elementwise.remainder(length, 2), 0)
    at_low = comparison.logical_and(comparison.equal(near, elementwise.negative(high)), comparison.greater(step, 0))
    near = elementwise.where(comparison.logical_and(at_low, both), high, near)
    limit = elementwise.divide(length, 2) if discont is None else discont
    change = elementwise.where(comparison.less(elementwise.absolute(step), limit), 0, elementwise.subtract(near, step))
    start = elementwise.multiply(take_slice(a, place, slice(0, 1)), 0)
    return elementwise.add(a, cumsum(concatenate([apply(STOP_GRADIENT, start), change], place), place, dtype))


if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
