"""Windows that slide over an array: views, whose derivatives are sums over the windows that hold an element."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.errors import ShapeError
from staticad.functional.axes import normalize_axis
from staticad.functional.front import implements, public_names
from staticad.functional.movement import broadcast_to, expand_dims
from staticad.functional.shapes import as_shape
from staticad.ir.dims import at_least, minimum
from staticad.ir.graph import Tensor, describe
from staticad.ops.barrier import demanding
from staticad.ops.base import apply
from staticad.ops.promotion import Operand, to_tensor
from staticad.ops.skewing import SKEW


@implements(np.lib.stride_tricks.sliding_window_view)
def sliding_window_view(x: Operand, window_shape: Any, axis: Any = None) -> Tensor:
    """All windows of a shape: ``result[i, …, k, …] = x[i + k, …]``, with the axes of the windows behind those of x.

    One size for each axis, or for those listed in ``axis``, where one may recur. It is a view, read in place. Raises
    ShapeError for a window that is known to be larger than x; a run checks free sizes.
    """
    a = to_tensor(x)
    sizes = as_shape(window_shape.tolist() if isinstance(window_shape, np.ndarray) else window_shape)
    if axis is None:
        axes = tuple(range(a.ndim))
    else:
        listed = axis if isinstance(axis, (list, tuple)) else (axis,)
        axes = tuple(normalize_axis("sliding_window_view", each, a) for each in listed)
    if len(axes) != len(sizes):
        raise ShapeError(f"sliding_window_view: {len(sizes)} sizes for {len(axes)} axes ({describe(a)})")
    result = a
    for place, size in zip(axes, sizes):
        count = result.shape[place] - size + 1
        if isinstance(count, int) and count < 1:
            raise ShapeError(
                f"sliding_window_view: a window of size {size} is larger than axis {place} of size {a.shape[place]} "
                f"({describe(a)})"
            )
        if not at_least(count, 1):
            result = demanding(result, [(minimum(count - 1, 0), 0)])
        spread = broadcast_to(expand_dims(result, result.ndim), (*result.shape, size))
        result = apply(SKEW, spread, axis=place, by=result.ndim, sign=1, start=0, size=count)
    return result


if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
