"""Indexing with NumPy's rules: ``x[key]``, take, take_along_axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from staticad.errors import DTypeError, GraphError, ShapeError
from staticad.functional import elementwise
from staticad.functional.axes import normalize_axis
from staticad.functional.front import implements
from staticad.functional.movement import broadcast_to, ravel
from staticad.functional.subscripts import Key, fitted, parse
from staticad.ir.dtypes import INT64, is_integer
from staticad.ir.graph import Tensor, describe
from staticad.ir.types import Demands, broadcast_shapes
from staticad.ops.base import apply
from staticad.ops.indexing import GATHER, GATHER_ALONG
from staticad.ops.promotion import Operand, cast, to_tensor
from staticad.ops.slicing import reverse


def getitem(x: Tensor, key: Any) -> Tensor:
    """``x[key]`` with ints, slices, None, Ellipsis and integer arrays or tensors, combined as in NumPy.

    Negative indices count from the end. An int known to lie outside its axis raises IndexOutOfBounds, an index tensor
    does so in the run; an int on a free axis is checked when sizes are known (FeedError). A boolean array picks its
    True places; a boolean tensor raises GraphError, since the shape of the result would depend on data.
    """
    x = fitted(x, key)
    return read(x, parse(x, key))


def setitem(x: Tensor, key: Any, value: Any) -> None:
    """``x[key] = value`` raises GraphError: tensors don't change."""
    raise GraphError(
        f"a tensor can't be changed in place; x = x.at[key].set(value) makes a changed copy ({describe(x)})"
    )


def read(x: Tensor, key: Key) -> Tensor:
    """``x[key]`` of a key that was parsed."""
    if not key.indices:
        return key.view(x)
    key, backward = key.turned()
    found = apply(GATHER, key.view(x), *key.indices, axes=key.axes, position=key.position, aligned=False)
    return reverse(found, backward) if backward else found


def index_tensor(op: str, indices: Operand, x: Tensor) -> Tensor:
    """Indices of x as an int64 tensor. Raises DTypeError."""
    if isinstance(indices, (list, tuple)) and not indices:
        indices = np.zeros(0, np.int64)
    index = to_tensor(indices)
    if not is_integer(index.dtype):
        raise DTypeError(f"{op}: indices have to be integers, not {describe(index)} ({describe(x)})")
    return cast(index, INT64)


def along(op: str, x: Operand, axis: int | None) -> tuple[Tensor, int]:
    """An array and one of its axes, counted from the front; the flattened array where ``axis`` is None."""
    a = to_tensor(x)
    return (ravel(a), 0) if axis is None else (a, normalize_axis(op, axis, a))


@implements(np.take)
def take(x: Operand, indices: Operand, axis: int | None = None, mode: str = "raise") -> Tensor:
    """The elements (or slices along ``axis``) at integer indices; of the flattened x where ``axis`` is None.

    ``mode`` says what an index outside does: "raise" IndexOutOfBounds (negative ones count from the end), "clip" to
    the ends (negative ones to 0), "wrap" around.
    """
    a, place = along("take", x, axis)
    if mode == "raise" and isinstance(indices, (int, np.integer)):
        return getitem(a, (*(slice(None),) * place, int(indices)))
    index = moved_inside("take", index_tensor("take", indices, a), a, place, mode)
    return getitem(a, (*(slice(None),) * place, index))


def moved_inside(op: str, index: Tensor, x: Tensor, axis: int, mode: str) -> Tensor:
    """An index of an axis by the modes of `take`."""
    if mode not in ("raise", "clip", "wrap"):
        raise ShapeError(f"{op}: mode {mode!r} is none of 'raise', 'clip', 'wrap' ({describe(x)})")
    if mode == "clip":
        return elementwise.minimum(elementwise.maximum(index, 0), elementwise.subtract(x.shape[axis], 1))
    return elementwise.remainder(index, to_tensor(x.shape[axis])) if mode == "wrap" else index


@implements(np.take_along_axis)
def take_along_axis(x: Operand, indices: Operand, axis: int | None = -1) -> Tensor:
    """``result[…, k, …] = x[…, indices[…, k, …], …]`` along one axis; the other axes broadcast.

    x and indices have equally many axes; where ``axis`` is None both are flattened. An index outside raises
    IndexOutOfBounds in the run.
    """
    a = to_tensor(x)
    index = index_tensor("take_along_axis", indices, a)
    if axis is None:
        a, index, axis = ravel(a), ravel(index), 0
    place = normalize_axis("take_along_axis", axis, a)
    a, index = aligned("take_along_axis", a, index, place)
    return apply(GATHER_ALONG, a, index, axes=(place,), position=0, aligned=True)


def aligned(op: str, x: Tensor, index: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """x and an index tensor along one of its axes, broadcast along the others."""
    if x.ndim != index.ndim:
        raise ShapeError(f"{op}: {x.ndim} and {index.ndim} axes ({describe(x)}, {describe(index)})")

    def others(shape: Any) -> Any:
        return (*shape[:axis], *shape[axis + 1 :])

    with Demands() as demands:
        try:
            common = broadcast_shapes([others(x.shape), others(index.shape)], demands)
        except ShapeError as error:
            raise ShapeError(f"{op}: {error} ({describe(x)}, {describe(index)})") from None
        x, index = (broadcast_to(t, (*common[:axis], t.shape[axis], *common[axis:])) for t in (x, index))
        demands.met_by(x.node.constraints, index.node.constraints)
        return x, index
