"""Numbers of elements in row-major order, to and from indices of every axis: unravel_index, ravel_multi_index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.errors import DTypeError, GraphError, IndexOutOfBounds, ShapeError
from staticad.functional import elementwise
from staticad.functional.front import implements, public_names
from staticad.functional.movement import broadcast_arrays
from staticad.functional.shapes import as_shape
from staticad.ir.dims import Size, maximum, product
from staticad.ir.dtypes import INT64, is_integer
from staticad.ir.graph import Tensor, describe
from staticad.ir.provenance import here
from staticad.ops.base import apply
from staticad.ops.creation import indices, size_tensor
from staticad.ops.indexing import GATHER
from staticad.ops.promotion import Operand, cast, to_tensor
from staticad.ops.sources import constant_array


def checked(op: str, index: Tensor, size: Size, mode: str) -> Tensor:
    """An index of an axis of that size. ``mode`` "raise" raises IndexOutOfBounds, in the run where it is not known
    now; negative ones are outside, too. "clip" takes the nearest, "wrap" goes around."""
    if not isinstance(mode, str) or mode not in ("raise", "clip", "wrap"):
        raise GraphError(f"{op}: mode {mode!r} is none of 'raise', 'clip', 'wrap' (at {here()})")
    if mode == "clip":
        return elementwise.maximum(elementwise.minimum(index, size_tensor(size - 1)), 0)
    if mode == "wrap":
        return elementwise.remainder(index, size_tensor(maximum(size, 1)))
    known = constant_array(index)
    if known is not None and isinstance(size, int):
        outside = known[(known < 0) | (known >= size)]
        if outside.size:
            raise IndexOutOfBounds(f"{op}: index {outside[0]} is out of bounds for size {size} (at {here()})")
        return index
    # Reading from the numbers 0 to size - 1 checks the index in the kernel; what is negative is moved out of it.
    beyond = elementwise.where(index < 0, size_tensor(size), index)
    return apply(GATHER, indices((size,), 0), beyond, axes=(0,), position=0, aligned=False)


def _integers(op: str, x: Operand) -> Tensor:
    a = to_tensor(np.zeros(0, np.int64) if isinstance(x, (list, tuple)) and not x else x)
    if not is_integer(a.dtype):
        raise DTypeError(f"{op}: indices have to be integers ({describe(a)})")
    return cast(a, INT64)


def _order(op: str, order: str) -> bool:
    """Whether the last axis runs fastest."""
    if order not in ("C", "F"):
        raise GraphError(f"{op}: order is 'C' or 'F', not {order!r} (at {here()})")
    return order == "C"


@implements(np.unravel_index)
def unravel_index(indices: Operand, shape: Any, order: str = "C") -> tuple[Tensor, ...]:
    """The index of every axis of the elements with these numbers in row-major order ("F": column-major).

    A number outside raises IndexOutOfBounds, in the run where it is not known now.
    """
    sizes = as_shape(shape)
    rest = checked("unravel_index", _integers("unravel_index", indices), product(sizes), "raise")
    row_major = _order("unravel_index", order)
    if not sizes and rest.ndim:
        raise ShapeError(f"unravel_index: an array without axes has one element, not those of {describe(rest)}")
    found = []
    for size in sizes[:0:-1] if row_major else sizes[:-1]:
        divisor = size_tensor(maximum(size, 1))
        found.append(elementwise.remainder(rest, divisor))
        rest = elementwise.floor_divide(rest, divisor)
    if sizes:
        found.append(rest)
    return tuple(found[::-1] if row_major else found)


@implements(np.ravel_multi_index)
def ravel_multi_index(multi_index: Any, dims: Any, mode: Any = "raise", order: str = "C") -> Tensor:
    """The numbers in row-major order ("F": column-major) of the elements with these indices, one array per axis.

    ``mode``, one for all axes or one for each, says what an index outside does: "raise" IndexOutOfBounds, also for
    negative ones, "clip" to the nearest, "wrap" around.
    """
    sizes = as_shape(dims)
    if not isinstance(multi_index, (list, tuple, np.ndarray, Tensor)):
        raise ShapeError(f"ravel_multi_index: needs one array of indices for each axis, not {multi_index!r}")
    listed = [_integers("ravel_multi_index", i) for i in multi_index]
    modes = list(mode) if isinstance(mode, (list, tuple)) else [mode] * len(sizes)
    if not len(listed) == len(sizes) == len(modes):
        raise ShapeError(
            f"ravel_multi_index: {len(listed)} index arrays and {len(modes)} modes for {len(sizes)} axes (at {here()})"
        )
    if not listed:
        raise ShapeError(f"ravel_multi_index: needs at least one axis (at {here()})")
    ready = broadcast_arrays(*(checked("ravel_multi_index", *each) for each in zip(listed, sizes, modes)))
    pairs = list(zip(ready, sizes))
    if not _order("ravel_multi_index", order):
        pairs.reverse()
    total = pairs[0][0]
    for index, size in pairs[1:]:
        total = total * size_tensor(size) + index
    return total


if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = [name for name in public_names(globals()) if name != "checked"]
