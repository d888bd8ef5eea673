"""Interpolation in tables, with NumPy's names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.errors import ShapeError
from staticad.functional import comparison, elementwise
from staticad.functional.complex import complex, imag, real
from staticad.functional.front import implements, public_names
from staticad.functional.indexing import take
from staticad.functional.joining import concatenate
from staticad.functional.sorting import argsort, searchsorted
from staticad.ir import dims
from staticad.ir.dtypes import FLOAT64, is_complex
from staticad.ir.graph import Tensor, describe
from staticad.ir.types import may_be_same
from staticad.ops.promotion import Operand, cast, to_tensor


def _line(at: Tensor, low: Tensor, high: Tensor, start: Tensor, end: Tensor) -> Tensor:
    """A value of the line through two points. Where infinities make NaN of it, it is what the point next to it, or two
    equal values, say, as in NumPy."""
    flat = comparison.equal(low, high)
    slope = (end - start) / elementwise.where(flat, 1.0, high - low)
    found = start + elementwise.where(flat, 0.0, at - low) * slope
    behind = end + (at - high) * slope
    level = comparison.equal(at, low) | (comparison.isnan(behind) & comparison.equal(start, end))
    instead = elementwise.where(level, start, elementwise.where(comparison.equal(at, high), end, behind))
    return elementwise.where(comparison.isnan(found) & comparison.equal(at, at), instead, found)


@implements(np.interp)
def interp(
    x: Operand,
    xp: Operand,
    fp: Operand,
    left: Operand | None = None,
    right: Operand | None = None,
    period: Any = None,
) -> Tensor:
    """The value at x of the line through the points (xp, fp), whose xp increase; ``left`` and ``right`` of them the
    first and last value, or the given ones. With a ``period`` xp may have any order. The result is float64, or complex.

    At a point the derivative by x is that to its right. Raises ShapeError for points that are no vectors of one size.
    """
    at, points, values = cast(to_tensor(x), FLOAT64), cast(to_tensor(xp), FLOAT64), to_tensor(fp)
    values = values if is_complex(values.dtype) else cast(values, FLOAT64)
    if points.ndim != 1 or values.ndim != 1 or not may_be_same(points.shape, values.shape) or points.shape[0] == 0:
        given = f"({describe(points)}, {describe(values)})"
        raise ShapeError(f"interp: xp and fp have to be vectors of one size, not empty {given}")
    if period is not None:
        number = isinstance(period, (int, float, np.number)) and not isinstance(period, np.complexfloating)
        if not number or not np.isfinite(float(period)) or period == 0:
            raise ShapeError(f"interp: period has to be a number other than 0, not {period!r} ({describe(points)})")
        left = right = None
        length = float(np.abs(period))
        at, points = elementwise.remainder(at, length), elementwise.remainder(points, length)
        order = argsort(points)
        points, values = take(points, order), take(values, order)
        points = concatenate([take(points, [-1]) - length, points, take(points, [0]) + length])
        values = concatenate([take(values, [-1]), values, take(values, [0])])
    first = elementwise.clip(searchsorted(points, at, side="right") - 1, 0, dims.maximum(points.shape[0] - 2, 0))
    second = elementwise.minimum(first + 1, to_tensor(points.shape[0]) - 1)
    low, high, start, end = take(points, first), take(points, second), take(values, first), take(values, second)
    parts = [[part(v) for v in (start, end)] for part in (real, imag)] if is_complex(values.dtype) else [[start, end]]
    lines = [_line(at, low, high, *ends) for ends in parts]
    found = complex(*lines) if len(lines) == 2 else lines[0]
    before, behind = take(values, 0) if left is None else left, take(values, -1) if right is None else right
    found = elementwise.where(comparison.less(at, take(points, 0)), before, found)
    return elementwise.where(comparison.greater(at, take(points, -1)), behind, found)


if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
