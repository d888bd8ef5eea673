"""Sorting and searching with NumPy's names, along one axis, or of the flattened tensor where ``axis`` is None.

NaN stands behind all numbers (in front of them where the order is descending), both zeros are equal, and what is equal
stays in its order: every sort is stable, whichever kind is asked for. Derivatives go by the order that is found: a
sorted element is the element that it was before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.errors import DTypeError, IndexOutOfBounds, ShapeError
from staticad.functional.axes import as_index, normalize_axis
from staticad.functional.elementwise import where
from staticad.functional.front import implements, public_names
from staticad.functional.indexing import take, take_along_axis
from staticad.functional.movement import flip, moveaxis, ravel, reshape
from staticad.functional.orders import by_keys, part_sorted, sortable
from staticad.functional.shapes import as_size
from staticad.functional.splitting import part
from staticad.ir.arrays import read_array
from staticad.ir.dims import Dim, Size
from staticad.ir.dtypes import is_complex
from staticad.ir.graph import Tensor, describe
from staticad.ir.types import may_be_equal
from staticad.ops.barrier import demanding
from staticad.ops.base import apply, apply_all
from staticad.ops.promotion import Operand, as_operands, cast, to_tensor
from staticad.ops.sorting import PARTITION, SEARCHSORTED
from staticad.ops.sources import constant_array
from staticad.records import NamedTuple

_KINDS = (None, "quicksort", "mergesort", "heapsort", "stable")


def _row(op: str, x: Operand, axis: Any) -> tuple[Tensor, int]:
    """The tensor, and which of its axes; flattened for None."""
    a = to_tensor(x)
    return (ravel(a), 0) if axis is None else (a, normalize_axis(op, axis, a))


def _sorted(op: str, x: Operand, axis: Any, kind: str | None, descending: bool) -> tuple[Tensor, Tensor]:
    """The elements in order, and their places before."""
    a, place = _row(op, x, axis)
    if kind not in _KINDS:
        raise ShapeError(f"{op}: kind {kind!r} is none of {', '.join(map(repr, _KINDS[1:]))} ({describe(a)})")
    if not isinstance(descending, (bool, np.bool_)):
        raise ShapeError(f"{op}: descending has to be True or False, not {descending!r} ({describe(a)})")
    return part_sorted(a, place, 0, a.shape[place], descending)


@implements(np.sort)
def sort(
    x: Operand,
    axis: int | None = -1,
    kind: str | None = None,
    *,
    stable: bool | None = None,
    descending: bool = False,
) -> Tensor:
    """A sorted copy. ``kind`` and ``stable`` are NumPy's, and the same whatever they are: the sort is stable. Complex
    numbers are sorted by their real parts, those that are equal by the imaginary ones."""
    return _sorted("sort", x, axis, kind, descending)[0]


@implements(np.argsort)
def argsort(
    x: Operand,
    axis: int | None = -1,
    kind: str | None = None,
    *,
    stable: bool | None = None,
    descending: bool = False,
) -> Tensor:
    """The int64 indices that sort: ``take_along_axis(x, argsort(x))`` is `sort`. Of equal elements the first comes
    first, also where the order is descending."""
    return _sorted("argsort", x, axis, kind, descending)[1]


@implements(np.lexsort)
def lexsort(keys: Operand | Sequence[Operand], axis: int = -1) -> Tensor:
    """The indices that sort by the last key, where that ties by the one before it, and so on. The keys are a sequence,
    or the rows of a tensor. Raises ShapeError for none."""
    several = list(keys) if isinstance(keys, (list, tuple)) else _unstacked(keys)  # type: ignore[arg-type]
    listed = [to_tensor(key) for key in several]
    if not listed:
        raise ShapeError("lexsort: needs a key")
    return by_keys(listed, normalize_axis("lexsort", axis, listed[0]), False)


def _unstacked(keys: Operand) -> list[Tensor]:
    a = to_tensor(keys)
    if a.ndim == 0 or not isinstance(a.shape[0], int):
        raise ShapeError(f"lexsort: how many keys there are has to be known ({describe(a)})")
    return [take(a, number, 0) for number in range(a.shape[0])]


@implements(np.partition)
def partition(x: Operand, kth: Any, axis: int | None = -1, kind: str = "introselect") -> Tensor:
    """A copy in which each of the positions ``kth`` has the element that is there in sorted order, with none larger
    before it and none smaller behind. For one position the smaller elements keep their order, and so do those equal to
    the one there, and the larger ones. For several positions all of it is sorted. A position may be a size, such as
    ``x.shape[0] // 2``."""
    return _partitioned("partition", x, kth, axis, kind)[0]


@implements(np.argpartition)
def argpartition(x: Operand, kth: Any, axis: int | None = -1, kind: str = "introselect") -> Tensor:
    """The indices that `partition`."""
    return _partitioned("argpartition", x, kth, axis, kind)[1]


def _partitioned(op: str, x: Operand, kth: Any, axis: Any, kind: str) -> tuple[Tensor, Tensor]:
    a, place = _row(op, x, axis)
    if kind != "introselect":
        raise ShapeError(f"{op}: kind is 'introselect', not {kind!r} ({describe(a)})")
    size, numbers, sizes = a.shape[place], [], []
    for position in kth if isinstance(kth, (list, tuple, np.ndarray)) else (kth,):
        if isinstance(position, Dim):
            sizes.append(position)
            continue
        index = as_index(op, position, "kth", a)
        if isinstance(size, int) and not -size <= index < size:
            raise ShapeError(f"{op}: kth {index} is out of bounds for {size} elements ({describe(a)})")
        numbers.append(index)
    ends: set[Size] = {n + (size if n < 0 else 0) for n in (min(numbers), max(numbers))} if numbers else set()
    ends.update(sizes)
    if len(ends) != 1 or is_complex(a.dtype):
        if sizes or not isinstance(size, int):
            a = demanding(a, nodes=[part(a, place, end, 1).node for end in ends])
        return part_sorted(a, place, 0, size)
    values, places = apply_all(PARTITION, cast(moveaxis(a, place, -1), sortable(a.dtype)), first=ends.pop())
    return moveaxis(cast(values, a.dtype), -1, place), moveaxis(places, -1, place)


class TopK(NamedTuple):
    """The result of `top_k`."""

    values: Tensor
    indices: Tensor


def top_k(x: Operand, k: int | Dim, axis: int = -1, largest: bool = True, sorted: bool = True) -> TopK:
    """The k largest elements along an axis, the largest first, and their int64 indices; with ``largest=False`` the
    smallest. Of equal elements the first comes first; NaN is larger than all numbers. The names are JAX's and torch's;
    the result is in order whatever ``sorted`` says.

    Raises ShapeError where there are fewer elements; FeedError in a run with free sizes.
    """
    a, place = _row("top_k", x, axis)
    count, size = as_size(k), a.shape[place]
    if isinstance(count, int) and isinstance(size, int) and count > size:
        raise ShapeError(f"top_k: k is {count}, but there are {size} elements along axis {place} ({describe(a)})")
    return TopK(*part_sorted(a, place, 0, count, bool(largest)))


topk = top_k


def _strong(values: Operand) -> Tensor:
    """A number or list in the dtype that NumPy gives it."""
    return to_tensor(values if isinstance(values, Tensor) else read_array(values, "an operand", DTypeError, ShapeError))


def _in_order(row: Tensor, sorter: Operand) -> Tensor:
    """What is searched, in the order of the indices that sort it. Raises ShapeError and IndexOutOfBounds."""
    order = to_tensor(sorter)
    if order.ndim != row.ndim or not may_be_equal(order.shape[-1], row.shape[-1]):
        raise ShapeError(
            f"searchsorted: sorter needs as many indices as there are elements ({describe(row)}, {describe(order)})"
        )
    known = constant_array(order)
    if known is not None and known.size and known.dtype.kind == "i" and known.min() < 0:
        raise IndexOutOfBounds(f"searchsorted: an index of sorter is {known.min()}; it counts from 0 ({describe(row)})")
    return take_along_axis(row, order, -1)


@implements(np.searchsorted)
def searchsorted(a: Operand, v: Operand, side: str = "left", sorter: Operand | None = None) -> Tensor:
    """Where the elements of v belong in a, which is in ascending order: in front of equal elements, or behind them
    with ``side="right"``; as int64 of v's shape.

    a has one axis, or as in torch as many as v, and equal ones before the last: then each row of v belongs to one of
    a. ``sorter`` holds indices that sort a. A number or list keeps NumPy's dtype for it: both are compared exactly.
    """
    row, sought = as_operands("searchsorted", _strong(a), _strong(v))
    if side not in ("left", "right"):
        raise ShapeError(f"searchsorted: side {side!r} is neither 'left' nor 'right' ({describe(row)})")
    if row.ndim == 0:
        raise ShapeError(f"searchsorted: what is searched needs an axis ({describe(row)})")
    if sorter is not None:
        row = _in_order(row, sorter)
    wanted = sortable(row.dtype)
    row, sought = cast(row, wanted), cast(sought, wanted)
    if row.ndim > 1:
        return apply(SEARCHSORTED, row, sought, side=int(side == "right"))
    return reshape(apply(SEARCHSORTED, row, ravel(sought), side=int(side == "right")), sought.shape)


@implements(np.digitize)
def digitize(x: Operand, bins: Operand, right: bool = False) -> Tensor:
    """The number of the bin of each element: i where ``bins[i-1] <= x < bins[i]``, with ``right=True`` where
    ``bins[i-1] < x <= bins[i]``; the other way round for descending bins. Raises ShapeError for bins that are known to
    be in no order."""
    edges = _strong(bins)
    if edges.ndim != 1:
        raise ShapeError(f"digitize: bins have to have one axis ({describe(edges)})")
    known = constant_array(edges)
    if known is not None:
        if not ((known[1:] >= known[:-1]).all() or (known[1:] <= known[:-1]).all()):
            raise ShapeError(f"digitize: bins have to ascend or descend ({describe(edges)})")
        if (known[1:] >= known[:-1]).all():
            return searchsorted(edges, x, "left" if right else "right")
    falling = (edges[:1] > edges[-1:]).any()
    found = searchsorted(where(falling, flip(edges), edges), x, "left" if right else "right")
    return where(falling, to_tensor(edges.shape[0]) - found, found)


if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
