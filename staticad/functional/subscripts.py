"""An index ``x[key]`` taken apart: a region, axes that drop out or come in, and integer arrays.

Ints, slices, None and Ellipsis make a view: a region of x, less the axes of ints, plus an axis of size 1 per None.
Integer arrays gather from that view. They stand in the result where NumPy puts them: in the place of the first, if
all arrays (and ints, when there are arrays) are next to each other, else in front.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from staticad.errors import DTypeError, GraphError, IndexOutOfBounds, ShapeError
from staticad.functional.local_sizes import as_size, nested
from staticad.functional.movement import broadcast_arrays
from staticad.functional.slices import resolve, wrapped
from staticad.ir.arrays import read_array
from staticad.ir.dims import Dim, Shape, Size, local_symbols
from staticad.ir.dtypes import BOOL, INT64, is_integer
from staticad.ir.graph import Tensor, describe
from staticad.ir.proofs import follows
from staticad.ops.barrier import of_shape
from staticad.ops.base import apply
from staticad.ops.movement import EXPAND_DIMS, SLICE, SQUEEZE
from staticad.ops.promotion import cast, to_tensor
from staticad.ops.slicing import reverse
from staticad.ops.sources import constant, constant_array
from staticad.records import dataclass


@dataclass(frozen=True)
class Key:
    """``starts``, ``steps``, ``sizes``: the region; ``dropped``: axes of x that are ints; ``added``: axes of the view
    that are None; ``axes``, ``indices``, ``position``: what is gathered from the view."""

    starts: Shape
    steps: tuple[int, ...]
    sizes: Shape
    dropped: tuple[int, ...]
    added: tuple[int, ...]
    axes: tuple[int, ...]
    indices: tuple[Tensor, ...]
    position: int

    def covers(self, x: Tensor) -> bool:
        """Whether the region is all of x, in order."""
        return self.sizes == x.shape and all(s == 0 for s in self.starts) and all(s == 1 for s in self.steps)

    def view(self, x: Tensor) -> Tensor:
        """The view that the arrays index."""
        if not self.covers(x):
            x = apply(SLICE, x, starts=self.starts, steps=self.steps, sizes=self.sizes)
        if self.dropped:
            x = apply(SQUEEZE, x, axes=self.dropped)
        return apply(EXPAND_DIMS, x, axes=self.added) if self.added else x

    def as_region(self, value: Tensor) -> Tensor:
        """A value of the view's shape as it stands in x, along forward steps."""
        if self.added:
            value = apply(SQUEEZE, value, axes=self.added)
        if self.dropped:
            value = apply(EXPAND_DIMS, value, axes=self.dropped)
        backward = tuple(axis for axis, step in enumerate(self.steps) if step < 0)
        return reverse(value, backward) if backward else value

    def turned(self) -> tuple[Key, tuple[int, ...]]:
        """The key with positive steps, and the axes along which what it gathers then has to be turned around: that is
        what is gathered, not all of the view."""
        places = [axis for axis in range(len(self.steps)) if axis not in self.dropped]
        for axis in self.added:
            places.insert(axis, -1)
        others = [axis for axis in range(len(places)) if axis not in self.axes]
        backward = [n for n, axis in enumerate(others) if places[axis] >= 0 and self.steps[places[axis]] < 0]
        behind = self.indices[0].ndim
        return replace(self, **self.forward()), tuple(n if n < self.position else n + behind for n in backward)

    def forward(self) -> dict[str, Any]:
        """The region with positive steps."""
        starts = tuple(
            start if step > 0 else start + (size - 1) * step
            for start, step, size in zip(self.starts, self.steps, self.sizes)
        )
        return {"starts": starts, "steps": tuple(abs(step) for step in self.steps), "sizes": self.sizes}


def parse(x: Tensor, key: Any) -> Key:
    """The parts of a key.

    Raises ShapeError for too many indices, IndexOutOfBounds for ints and constant arrays known to lie outside,
    DTypeError for what is no index, GraphError for boolean masks whose values are not known now.
    """
    items = _full_length(x, [_item(x, k) for k in _without_masks(x, key if isinstance(key, tuple) else (key,))])
    items = _looked_at(x, _with_counters(x, items))
    gathers = any(isinstance(item, (Tensor, Flag)) for item in items)
    starts: list[Size] = []
    steps: list[int] = []
    sizes: list[Size] = []
    dropped: list[int] = []
    added: list[int] = []
    arrays: list[tuple[int, Tensor]] = []
    groups: list[tuple[bool, int]] = []  # for every item: whether it is advanced, and the view's kept axes before it
    seen = kept = 0
    for item in items:
        advanced = gathers and isinstance(item, (int, Dim, Tensor, Flag))
        groups.append((advanced, kept))
        if isinstance(item, Flag):  # an axis of size 1, taken once or not at all
            added.append(seen)
            arrays.append((seen, constant(np.zeros(int(item.value), np.int64))))
            seen += 1
            continue
        if item is None:
            added.append(seen)
            seen, kept = seen + 1, kept + 1
            continue
        if item is Ellipsis:  # of no axes: it only keeps its neighbours apart
            continue
        axis = len(starts)
        n = x.shape[axis]
        start, step, size = _region_of(x, axis, item, n)
        starts.append(start)
        steps.append(step)
        sizes.append(size)
        if isinstance(item, (int, Dim)):
            dropped.append(axis)
            continue
        if isinstance(item, Tensor):
            arrays.append((seen, item))
        else:
            kept += 1
        seen += 1
    common = broadcast_arrays(*(array for _, array in arrays)) if arrays else []
    return Key(
        tuple(starts), tuple(steps), tuple(sizes), tuple(dropped), tuple(added),
        tuple(axis for axis, _ in arrays), tuple(common), _position(groups),
    )  # fmt: skip


def _with_counters(x: Tensor, items: list[Any]) -> list[Any]:
    """The items with counters as sizes, beside slices that end at one: then all of it is one region."""
    if not any(isinstance(item, slice) and _is_counted(item) for item in items):
        return items
    if any(isinstance(item, Tensor) and item.ndim for item in items):
        return items
    sizes = iter(x.shape)
    return [_as_place(item, next(sizes)) if _width(item) else item for item in items]


def _is_counted(item: slice) -> bool:
    bounds = (item.start, item.stop)
    return any(isinstance(bound, Tensor) or (isinstance(bound, Dim) and bound.locals) for bound in bounds)


def _as_place(item: Any, n: Size) -> Any:
    """A scalar that is known to be an index of an axis of size n, as a size."""
    size = as_size(item) if isinstance(item, Tensor) else None
    return size if size is not None and follows(size, ()) and follows(n - 1 - size, ()) else item


def _looked_at(x: Tensor, items: list[Any]) -> list[Any]:
    """The items with arrays for places along axes of which only a step knows whether they have them: then the step
    looks, as at any index that it computes."""
    if not nested():
        return items
    sizes = iter(x.shape)
    return [_if_unsure(item, next(sizes)) if _width(item) else item for item in items]


def _if_unsure(item: Any, n: Size) -> Any:
    if not isinstance(item, (int, Dim)) or not (local_symbols(n) or local_symbols(item)):
        return item
    place = item if follows(item, ()) else item + n
    if follows(place, ()) and follows(n - 1 - place, ()):
        return item
    return to_tensor(item, INT64)


def _position(groups: list[tuple[bool, int]]) -> int:
    """Where the gathered axes stand: NumPy's rule for arrays that are next to each other or apart."""
    places = [i for i, (advanced, _) in enumerate(groups) if advanced]
    if not places or places[-1] - places[0] != len(places) - 1:
        return 0
    return groups[places[0]][1]


@dataclass(frozen=True)
class Flag:
    """A mask without axes, which is known: it picks all or nothing."""

    value: bool


def fitted(x: Tensor, key: Any) -> Tensor:
    """x, whose free sizes have to be those of the boolean arrays that index it."""
    shape = list(x.shape)
    for _, axis, mask in _masks(x, key if isinstance(key, tuple) else (key,)):
        if len(shape) >= axis + mask.ndim:
            sizes = zip(shape[axis:], mask.shape)
            shape[axis : axis + mask.ndim] = [m if isinstance(n, Dim) else n for n, m in sizes]
    return of_shape(x, tuple(shape))


def _masks(x: Tensor, items: tuple[Any, ...]) -> list[tuple[int, int, np.ndarray]]:
    """The boolean arrays among the items: their place, the first axis that they index, and they themselves."""
    masks = [_mask(item) for item in items]
    widths = [_width(item) if mask is None else mask.ndim for item, mask in zip(items, masks)]
    found = []
    for place, mask in enumerate(masks):
        if mask is not None:
            behind_dots = any(other is Ellipsis for other in items[:place])
            axis = x.ndim - sum(widths[place:]) if behind_dots else sum(widths[:place])
            found.append((place, max(axis, 0), mask))
    return found


def _without_masks(x: Tensor, items: tuple[Any, ...]) -> list[Any]:
    """The items with every boolean array replaced by the indices of its True elements, one array per axis of it."""
    masks = {place: (axis, mask) for place, axis, mask in _masks(x, items)}
    found: list[Any] = []
    for place, item in enumerate(items):
        if place not in masks:
            found.append(item)
            continue
        axis, mask = masks[place]
        if not mask.ndim:
            found.append(Flag(bool(mask)))
            continue
        if x.shape[axis : axis + mask.ndim] != mask.shape:
            raise ShapeError(
                f"getitem: a boolean mask of shape {mask.shape} needs axes of exactly these sizes at axis {axis} "
                f"({describe(x)})"
            )
        found += mask.nonzero()
    return found


def _mask(item: Any) -> np.ndarray | None:
    """The boolean array that an item is, if it is one that is known now."""
    if isinstance(item, Tensor):
        array = constant_array(item) if item.dtype == BOOL else None
    else:
        try:
            array = np.asarray(item) if isinstance(item, (np.ndarray, list)) else None
        except ValueError as error:
            raise ShapeError(f"getitem: an index is no rectangular array ({error})") from None
    return array if array is not None and array.dtype == BOOL else None


def _width(item: Any) -> int:
    return 0 if item is None or item is Ellipsis or isinstance(item, (bool, np.bool_, Flag)) else 1


def _item(x: Tensor, item: Any) -> Any:
    """None, Ellipsis, a slice, an int, a size, or an int64 index tensor."""
    if item is None or item is Ellipsis or isinstance(item, (slice, Dim, Flag)):
        return item
    if isinstance(item, (bool, np.bool_)):
        return Flag(bool(item))
    if isinstance(item, (int, np.integer)):
        return int(item)
    if isinstance(item, Tensor):
        index = item
    else:
        array = read_array(item, "getitem: a list of indices", DTypeError, ShapeError)
        if array.size == 0 and not isinstance(item, np.ndarray):
            array = array.astype(INT64)
        if array.dtype.kind not in "biu":
            raise DTypeError(
                f"getitem: an index is an int, a slice, None, ... or an integer array, not {item!r} ({describe(x)})"
            )
        if array.ndim == 0 and array.dtype.kind != "b":
            return int(array)
        index = constant(array)
    if index.dtype == BOOL:
        raise _mask_error(x)
    if not is_integer(index.dtype):
        raise DTypeError(f"getitem: index arrays have to be integers, not {describe(index)} ({describe(x)})")
    return cast(index, INT64)


def _mask_error(x: Tensor) -> GraphError:
    return GraphError(
        "getitem: a boolean mask that is known only at run time gives a shape that depends on data; use "
        "sa.where(mask, x, other), x.at[mask].set(number), or for results of a size that is known "
        f"sa.extract(mask, x, size=n) and sa.flatnonzero(mask, size=n) ({describe(x)})"
    )


def _full_length(x: Tensor, items: list[Any]) -> list[Any]:
    """The items with one entry for every axis of x: slices in the place of the Ellipsis, or at the end."""
    used = sum(map(_width, items))
    if used > x.ndim:
        raise ShapeError(f"getitem: {used} indices for {x.ndim} axes ({describe(x)})")
    dots = [i for i, item in enumerate(items) if item is Ellipsis]
    if len(dots) > 1:
        raise ShapeError(f"getitem: an index can have only one Ellipsis ({describe(x)})")
    rest: list[Any] = [slice(None)] * (x.ndim - used)
    if not dots:
        return items + rest
    return items[: dots[0]] + (rest or [Ellipsis]) + items[dots[0] + 1 :]


def _region_of(x: Tensor, axis: int, item: Any, n: Size) -> tuple[Size, int, Size]:
    if isinstance(item, slice):
        return resolve(item, n, x)
    if isinstance(item, Tensor):
        array = constant_array(item)
        if array is not None and isinstance(n, int):
            _check(x, axis, n, array.ravel().tolist())
        return 0, 1, n
    if isinstance(item, int):
        if isinstance(n, int):
            _check(x, axis, n, (item,))
        return (item if item >= 0 else n + item), 1, 1
    left = n - item
    if isinstance(left, int) and left <= 0:  # n is no index of an axis of size n
        raise _outside(x, axis, n, item)
    if not follows(item * -1 - n - 1, (item * -1 - 1,)):  # else a negative one lies outside, as n - 1 does
        item = wrapped(item, n)
    return item, 1, 1


def _check(x: Tensor, axis: int, n: int, numbers: Iterable[int]) -> None:
    for number in numbers:
        if not -n <= number < n:
            raise _outside(x, axis, n, number)


def _outside(x: Tensor, axis: int, n: Size, index: Size) -> IndexOutOfBounds:
    return IndexOutOfBounds(f"getitem: index {index} is out of bounds for axis {axis} of size {n} ({describe(x)})")
