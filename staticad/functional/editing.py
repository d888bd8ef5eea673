"""Slices left out of an array or put into it, with NumPy's names: delete, insert.

Which ones is known when the graph is built: the size of the result depends on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.errors import DTypeError, GraphError, IndexOutOfBounds, ShapeError
from staticad.functional.front import implements, public_names
from staticad.functional.indexing import along, take
from staticad.functional.joining import concatenate
from staticad.functional.movement import broadcast_to, expand_dims, moveaxis, squeeze
from staticad.functional.splitting import part
from staticad.ir.arrays import read_array
from staticad.ir.dims import Size, at_least
from staticad.ir.graph import Tensor, describe
from staticad.ops.barrier import of_shape
from staticad.ops.promotion import Operand, cast, to_tensor
from staticad.ops.sources import constant_array


def _places(op: str, obj: Any, x: Tensor, axis: int) -> tuple[Tensor, np.ndarray | int, Size]:
    """x, the places that ``obj`` names along the axis, counted from the front, and the size of the axis."""
    n = x.shape[axis]
    if isinstance(obj, slice):
        if not isinstance(n, int):
            raise ShapeError(f"{op}: a slice of the free size {n}; join slices with sa.concatenate ({describe(x)})")
        return x, np.arange(n)[obj], n
    if isinstance(obj, Tensor):
        known = constant_array(obj)
    else:
        known = read_array(obj, f"{op}: the list of places", DTypeError, ShapeError)
    if known is None:
        raise GraphError(
            f"{op}: places that are known only at run time; take rows by computed indices with sa.take "
            f"({describe(x)}, {describe(obj)})"
        )
    if known.dtype == bool and known.ndim == 1:
        if op == "delete" and len(known) != n:
            if isinstance(n, int):
                raise ShapeError(f"{op}: a mask of {len(known)} elements for an axis of size {n} ({describe(x)})")
            x, n = of_shape(x, (*x.shape[:axis], len(known), *x.shape[axis + 1 :])), len(known)
        return x, known.nonzero()[0], n
    if known.size == 0 and not isinstance(obj, np.ndarray):
        known = known.astype(np.int64)
    if op == "delete" and known.size == 1:
        known = known.reshape(())
    if known.dtype.kind not in "iu" or known.ndim > 1:
        raise DTypeError(f"{op}: places are an int, a slice, or a vector of ints or bools, not {obj!r} ({describe(x)})")
    return x, (int(known) if known.ndim == 0 else known.astype(np.int64)), n


def _outside(op: str, index: int, axis: int, n: Size, x: Tensor) -> IndexOutOfBounds:
    return IndexOutOfBounds(f"{op}: index {index} is out of bounds for axis {axis} of size {n} ({describe(x)})")


def _from_front(op: str, index: int, x: Tensor, axis: int, end: int) -> Size:
    """The place of an index, of which there are n + end; a run checks free sizes."""
    n = x.shape[axis]
    place = index + n if index < 0 else index
    room = n - 1 + end - place
    if at_least(room * -1, 1) or (isinstance(place, int) and place < 0):
        raise _outside(op, index, axis, n, x)
    return place


@implements(np.delete)
def delete(x: Operand, obj: Any, axis: int | None = None) -> Tensor:
    """x without the slices along an axis (the elements of the flattened x where it is None) that an int, a slice, or a
    list of ints or bools names.

    An axis of a free size takes an int, or ints of one sign; a run checks that they are inside.
    """
    a, place = along("delete", x, axis)
    a, where, n = _places("delete", obj, a, place)
    if isinstance(n, int):
        gone = np.atleast_1d(where)
        outside = gone[(gone < -n) | (gone >= n)]
        if outside.size:
            raise _outside("delete", int(outside[0]), place, n, a)
        kept = np.ones(n, bool)
        kept[gone] = False
        return _runs(a, place, kept)
    indices = sorted({int(i) for i in np.atleast_1d(where)})
    if indices and indices[0] < 0 <= indices[-1]:
        raise ShapeError(f"delete: {obj!r} counts from both ends of the free size {n} ({describe(a)})")
    starts: list[Size] = [_from_front("delete", i, a, place, 0) for i in indices]
    edges: list[Size] = [-1, *starts, n]
    return concatenate([part(a, place, low + 1, high - low - 1) for low, high in zip(edges, edges[1:])], place)


def _runs(x: Tensor, axis: int, kept: np.ndarray) -> Tensor:
    """The slices that are kept: parts of x where these are few, else by their indices."""
    changes = np.flatnonzero(np.diff(np.concatenate([[False], kept, [False]]).astype(np.int8)))
    if len(changes) > 8:
        return take(x, kept.nonzero()[0], axis)
    if not len(changes):
        return part(x, axis, 0, 0)
    bounds = zip(changes[::2].tolist(), changes[1::2].tolist())
    return concatenate([part(x, axis, low, high - low) for low, high in bounds], axis)


@implements(np.insert)
def insert(x: Operand, obj: Any, values: Operand, axis: int | None = None) -> Tensor:
    """x with values put before the slices along an axis (the elements of the flattened x where it is None) that an int,
    a slice, or a list of ints or bools names, in the numbering of x.

    As in NumPy: the values broadcast to one slice per place; several values at one int are several slices, and their
    first axis is the one along which they stand. They are cast to x's dtype. An axis of a free size takes an int.
    """
    a, place = along("insert", x, axis)
    a, where, n = _places("insert", obj, a, place)
    new = cast(to_tensor(values), a.dtype)
    if np.size(where) == 1:
        new = expand_dims(new, tuple(range(a.ndim - new.ndim))) if new.ndim < a.ndim else new
        if isinstance(where, int):
            new = moveaxis(new, 0, place)
        at = _from_front("insert", int(np.reshape(where, ())), a, place, 1)
        new = broadcast_to(new, (*a.shape[:place], new.shape[place], *a.shape[place + 1 :]))
        return concatenate([part(a, place, 0, at), new, part(a, place, at, n - at)], place)
    if not isinstance(n, int):
        raise ShapeError(f"insert: several places in the free size {n}; join parts with sa.concatenate ({describe(a)})")
    where = np.atleast_1d(where)
    outside = where[(where < -n) | (where > n)]
    if outside.size:
        raise _outside("insert", int(outside[0]), place, n, a)
    if new.ndim > a.ndim and all(size == 1 for size in new.shape[: new.ndim - a.ndim]):
        new = squeeze(new, tuple(range(new.ndim - a.ndim)))
    counted = np.where(where < 0, where + n, where)
    new = broadcast_to(new, (*a.shape[:place], len(counted), *a.shape[place + 1 :]))
    order = np.argsort(counted, kind="stable")
    source = np.insert(np.arange(n), counted[order], n + order)
    return take(concatenate([a, new], place), source, place)


if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
