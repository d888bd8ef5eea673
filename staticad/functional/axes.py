"""Axes as users write them: negative, one or several, or None for all."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from staticad.errors import ShapeError
from staticad.ir.graph import Tensor, describe
from staticad.ir.provenance import here


def as_index(op: str, value: Any, what: str, x: Tensor) -> int:
    """A Python or NumPy integer as an int. Raises ShapeError."""
    try:
        if not isinstance(value, (bool, Tensor)):
            return operator.index(value)
    except TypeError:
        pass
    raise ShapeError(f"{op}: {what} has to be an int, not {value!r} ({describe(x)})")


def as_offset(op: str, k: Any) -> int:
    """Which diagonal. Raises ShapeError for what is no int."""
    try:
        return operator.index(k)
    except TypeError:
        raise ShapeError(f"{op}: k has to be an int, not {k!r} (at {here()})") from None


def normalize_axis(op: str, axis: Any, x: Tensor, ndim: int | None = None) -> int:
    """One axis, counted from the front. ``ndim`` is that of the result, if the axis is one of the result's."""
    count = x.ndim if ndim is None else ndim
    index = as_index(op, axis, "an axis", x)
    if not -count <= index < count:
        raise ShapeError(f"{op}: axis {index} is out of bounds for {count} axes ({describe(x)})")
    return index % count


def normalize_axes(op: str, axis: Any, x: Tensor, ndim: int | None = None) -> tuple[int, ...]:
    """One or several axes as a tuple in the given order; None is all of them. Raises ShapeError for a repeated one."""
    count = x.ndim if ndim is None else ndim
    if axis is None:
        return tuple(range(count))
    several = isinstance(axis, (list, tuple, range)) or (isinstance(axis, np.ndarray) and axis.ndim == 1)
    listed = axis if several else (axis,)
    axes = tuple(normalize_axis(op, a, x, ndim) for a in listed)
    if len(set(axes)) != len(axes):
        raise ShapeError(f"{op}: axis {axis} names an axis twice ({describe(x)})")
    return axes
