"""Indexing with NumPy's rules: ``x[key]``, take, take_along_axis, and updated copies ``x.at[key].set(v)``."""

from __future__ import annotations

from typing import Any

import numpy as np

from staticad.errors import DTypeError, GraphError, ShapeError
from staticad.functional import elementwise
from staticad.functional.axes import normalize_axis
from staticad.functional.front import implements
from staticad.functional.movement import broadcast_to, ravel, reshape
from staticad.functional.subscripts import Key, parse
from staticad.ir.dtypes import BOOL, INT64, is_integer
from staticad.ir.graph import Tensor, describe
from staticad.ir.types import Demands, broadcast_shapes
from staticad.ops.base import apply
from staticad.ops.indexing import GATHER, GATHER_ALONG, SCATTER, gather_shape
from staticad.ops.promotion import Operand, cast, common_dtype, to_tensor, weak_kind
from staticad.ops.slicing import REPLACE, reverse
from staticad.ops.sources import constant_array


def getitem(x: Tensor, key: Any) -> Tensor:
    """``x[key]`` with ints, slices, None, Ellipsis and integer arrays or tensors, combined as in NumPy.

    Negative indices count from the end. An int known to lie outside its axis raises IndexOutOfBounds, an index tensor
    does so in the run; an int on a free axis is checked when sizes are known (FeedError). A boolean array picks its
    True places; a boolean tensor raises GraphError, since the shape of the result would depend on data.
    """
    return _read(x, parse(x, key))


def setitem(x: Tensor, key: Any, value: Any) -> None:
    """``x[key] = value`` raises GraphError: tensors don't change."""
    raise GraphError(
        f"a tensor can't be changed in place; x = x.at[key].set(value) makes a changed copy ({describe(x)})"
    )


def _read(x: Tensor, key: Key) -> Tensor:
    if not key.indices:
        return key.view(x)
    key, backward = key.turned()
    found = apply(GATHER, key.view(x), *key.indices, axes=key.axes, position=key.position, aligned=False)
    return reverse(found, backward) if backward else found


class At:
    """``x.at``: indexed like x itself, it gives functions that return a changed copy."""

    __slots__ = ("_tensor",)

    def __init__(self, tensor: Tensor) -> None:
        self._tensor = tensor

    def __getitem__(self, key: Any) -> Place | MaskedPlace:
        if isinstance(key, Tensor) and key.dtype == BOOL and constant_array(key) is None:
            return MaskedPlace(self._tensor, key)
        return Place(self._tensor, parse(self._tensor, key))


class Place:
    """``x.at[key]``. The values broadcast to the shape of ``x[key]`` and are cast to x's dtype within their kind.

    Where an integer array names a place several times, `set` keeps the last value in row-major order; the others
    combine all of them.
    """

    __slots__ = ("_key", "_tensor")

    def __init__(self, tensor: Tensor, key: Key) -> None:
        self._tensor, self._key = tensor, key

    def get(self) -> Tensor:
        """``x[key]``."""
        return _read(self._tensor, self._key)

    def set(self, values: Operand) -> Tensor:
        """A copy of x with the values at the key."""
        return self._update("set", values)

    def add(self, values: Operand) -> Tensor:
        """A copy of x with the values added at the key; repeated places add up."""
        return self._update("add", values)

    def multiply(self, values: Operand) -> Tensor:
        """A copy of x multiplied by the values at the key."""
        return self._update("multiply", values)

    def min(self, values: Operand) -> Tensor:
        """A copy of x with the smaller of its elements and the values at the key."""
        return self._update("min", values)

    def max(self, values: Operand) -> Tensor:
        """A copy of x with the larger of its elements and the values at the key."""
        return self._update("max", values)

    def _update(self, mode: str, values: Operand) -> Tensor:
        x, key = self._tensor, self._key
        new = _fitting(mode, x, values)
        backward: tuple[int, ...] = ()
        if key.indices:
            key, backward = key.turned()
        view = key.view(x)
        if key.indices:
            if x.dtype == BOOL:  # bools add by or, multiply by and
                mode = {"add": "max", "multiply": "min"}.get(mode, mode)
            rule: dict[str, Any] = {"axes": key.axes, "position": key.position, "aligned": False}
            shape = gather_shape(view.shape, tuple(i.shape for i in key.indices), **rule)
            new = _broadcast(mode, new, shape, x)
            new = reverse(new, backward) if backward else new
            changed = apply(SCATTER, view, new, *key.indices, mode=mode, **rule)
        else:
            changed = _broadcast(mode, new, view.shape, x)
            if mode != "set":
                changed = _COMBINE[mode](view, changed)
        changed = key.as_region(changed)
        return changed if key.covers(x) else apply(REPLACE, x, changed, **key.forward())


class MaskedPlace:
    """``x.at[mask]`` with a boolean tensor of x's shape, or of that of its first axes. Values are single numbers."""

    __slots__ = ("_mask", "_tensor")

    def __init__(self, tensor: Tensor, mask: Tensor) -> None:
        missing = tensor.ndim - mask.ndim
        try:
            if missing < 0:
                raise ShapeError(f"it has {mask.ndim} axes")
            self._mask = broadcast_to(reshape(mask, (*mask.shape, *(1,) * missing)), tensor.shape)
        except ShapeError as error:
            raise ShapeError(f"at[]: the mask does not fit: {error} ({describe(tensor)}, {describe(mask)})") from None
        self._tensor = tensor

    def set(self, value: Operand) -> Tensor:
        """A copy of x with the value where the mask is true."""
        return self._update("set", value)

    def add(self, value: Operand) -> Tensor:
        """A copy of x with the value added where the mask is true."""
        return self._update("add", value)

    def multiply(self, value: Operand) -> Tensor:
        """A copy of x multiplied by the value where the mask is true."""
        return self._update("multiply", value)

    def min(self, value: Operand) -> Tensor:
        """A copy of x with the smaller of its elements and the value where the mask is true."""
        return self._update("min", value)

    def max(self, value: Operand) -> Tensor:
        """A copy of x with the larger of its elements and the value where the mask is true."""
        return self._update("max", value)

    def _update(self, mode: str, value: Operand) -> Tensor:
        x = self._tensor
        new = _fitting(mode, x, value)
        if new.ndim:
            raise ShapeError(
                f"at[mask].{mode}: how many values a mask takes depends on data; give one number, or use "
                f"sa.where(mask, values, x) ({describe(x)}, {describe(new)})"
            )
        return elementwise.where(self._mask, new if mode == "set" else _COMBINE[mode](x, new), x)


_COMBINE = {
    "add": elementwise.add,
    "multiply": elementwise.multiply,
    "min": elementwise.minimum,
    "max": elementwise.maximum,
}


def _fitting(mode: str, x: Tensor, values: Operand) -> Tensor:
    """The values in x's dtype. Raises DTypeError where that would change their kind."""
    if weak_kind(values) is not None:
        if common_dtype(x, values) == x.dtype:
            return to_tensor(values, x.dtype)
    else:
        new = to_tensor(values)
        if np.can_cast(new.dtype, x.dtype, "same_kind"):
            return cast(new, x.dtype)
    kind = values if weak_kind(values) is not None else to_tensor(values).dtype
    raise DTypeError(f"at[].{mode}: {kind} does not go into {x.dtype}; use astype ({describe(x)})")


def _broadcast(mode: str, new: Tensor, shape: Any, x: Tensor) -> Tensor:
    try:
        return broadcast_to(new, shape)
    except ShapeError as error:
        raise ShapeError(f"at[].{mode}: the values do not fit the places: {error} ({describe(x)})") from None


def _indices(op: str, indices: Operand, x: Tensor) -> Tensor:
    if isinstance(indices, (list, tuple)) and not indices:
        indices = np.zeros(0, np.int64)
    index = to_tensor(indices)
    if not is_integer(index.dtype):
        raise DTypeError(f"{op}: indices have to be integers, not {describe(index)} ({describe(x)})")
    return cast(index, INT64)


@implements(np.take)
def take(x: Operand, indices: Operand, axis: int | None = None, mode: str = "raise") -> Tensor:
    """The elements (or slices along ``axis``) at integer indices; of the flattened x where ``axis`` is None.

    ``mode`` says what an index outside does: "raise" IndexOutOfBounds (negative ones count from the end), "clip" to
    the ends (negative ones to 0), "wrap" around.
    """
    a = to_tensor(x)
    if mode not in ("raise", "clip", "wrap"):
        raise ShapeError(f"take: mode {mode!r} is none of 'raise', 'clip', 'wrap' ({describe(a)})")
    if axis is None:
        a, axis = ravel(a), 0
    place = normalize_axis("take", axis, a)
    index: Any = _indices("take", indices, a)
    if mode == "raise" and isinstance(indices, (int, np.integer)):
        index = int(indices)
    elif mode == "clip":
        last = elementwise.subtract(a.shape[place], 1)
        index = elementwise.minimum(elementwise.maximum(index, 0), last)
    elif mode == "wrap":
        index = elementwise.remainder(index, to_tensor(a.shape[place]))
    return getitem(a, (*(slice(None),) * place, index))


@implements(np.take_along_axis)
def take_along_axis(x: Operand, indices: Operand, axis: int | None = -1) -> Tensor:
    """``result[…, k, …] = x[…, indices[…, k, …], …]`` along one axis; the other axes broadcast.

    x and indices have equally many axes; where ``axis`` is None both are flattened. An index outside raises
    IndexOutOfBounds in the run.
    """
    a = to_tensor(x)
    index = _indices("take_along_axis", indices, a)
    if axis is None:
        a, index, axis = ravel(a), ravel(index), 0
    if a.ndim != index.ndim:
        raise ShapeError(f"take_along_axis: {a.ndim} and {index.ndim} axes ({describe(a)}, {describe(index)})")
    place = normalize_axis("take_along_axis", axis, a)

    def others(shape: Any) -> Any:
        return (*shape[:place], *shape[place + 1 :])

    with Demands() as demands:
        try:
            common = broadcast_shapes([others(a.shape), others(index.shape)], demands)
        except ShapeError as error:
            raise ShapeError(f"take_along_axis: {error} ({describe(a)}, {describe(index)})") from None
        a, index = (broadcast_to(t, (*common[:place], t.shape[place], *common[place:])) for t in (a, index))
        demands.met_by(a.node.constraints, index.node.constraints)
    return apply(GATHER_ALONG, a, index, axes=(place,), position=0, aligned=True)
