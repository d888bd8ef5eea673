"""Elements repeated or moved around with NumPy's names: tile, repeat, resize, roll."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.errors import DTypeError, GraphError, ShapeError
from staticad.functional.axes import as_index, normalize_axis
from staticad.functional.front import implements, public_names
from staticad.functional.indexing import along, take
from staticad.functional.movement import broadcast_to, expand_dims, ravel
from staticad.functional.reshaping import reshape_known
from staticad.functional.shapes import as_shape
from staticad.functional.splitting import part
from staticad.ir import dims
from staticad.ir.arrays import read_array
from staticad.ir.dims import Dim, product
from staticad.ir.dtypes import INT64, is_integer
from staticad.ir.graph import Tensor, describe
from staticad.ir.types import may_be_equal
from staticad.ops.arithmetic import REMAINDER, SUB
from staticad.ops.assemble import CONCATENATE, or_filled
from staticad.ops.barrier import of_shape
from staticad.ops.base import apply
from staticad.ops.creation import indices, size_tensor
from staticad.ops.movement import RESHAPE, SLICE
from staticad.ops.promotion import Operand, cast, to_tensor
from staticad.ops.sources import constant_array


def _sizes(op: str, shape: Any, x: Tensor) -> tuple[dims.Size, ...]:
    try:
        return as_shape(shape)
    except ShapeError as error:
        raise ShapeError(f"{op}: {error} ({describe(x)})") from None


@implements(np.tile)
def tile(x: Operand, reps: Any) -> Tensor:
    """x repeated as a whole, ``reps`` times along the last axes."""
    a = to_tensor(x)
    counts = _sizes("tile", reps.tolist() if isinstance(reps, np.ndarray) else reps, a)
    ndim = max(a.ndim, len(counts))
    sizes = (1,) * (ndim - a.ndim) + a.shape
    counts = (1,) * (ndim - len(counts)) + counts
    apart = reshape_known(a, tuple(s for size in sizes for s in (1, size)))
    repeated = broadcast_to(apart, tuple(s for pair in zip(counts, sizes) for s in pair))
    return reshape_known(repeated, tuple(count * size for count, size in zip(counts, sizes)))


@implements(np.repeat)
def repeat(x: Operand, repeats: Any, axis: int | None = None) -> Tensor:
    """Every element repeated next to itself along an axis, or of the flattened x where ``axis`` is None.

    ``repeats`` is one number, or one for each element, which have to be known now: the size of the result depends on
    them (else GraphError).
    """
    a, place = along("repeat", x, axis)
    given = repeats if isinstance(repeats, Dim) else _counts(repeats, a)
    if isinstance(given, np.ndarray):
        if not may_be_equal(a.shape[place], len(given)):
            raise ShapeError(f"repeat: {len(given)} counts for axis {place} of size {a.shape[place]} ({describe(a)})")
        a = of_shape(a, (*a.shape[:place], len(given), *a.shape[place + 1 :]))
        return take(a, np.repeat(np.arange(len(given)), given), place)
    (count,) = _sizes("repeat", given, a)
    shape = [*a.shape[: place + 1], count, *a.shape[place + 1 :]]
    repeated = broadcast_to(expand_dims(a, place + 1), shape)
    return reshape_known(repeated, (*a.shape[:place], a.shape[place] * count, *a.shape[place + 1 :]))


def _counts(repeats: Any, x: Tensor) -> int | np.ndarray:
    """One number, or a vector of several that are not negative."""
    if isinstance(repeats, Tensor):
        counts = constant_array(repeats)
    else:
        counts = read_array(repeats, "repeat: the list of repeats", DTypeError, ShapeError)
    if counts is None:
        raise GraphError(
            "repeat: counts that are known only in a run make a result whose size depends on data; give numbers, or "
            f"take rows by indices of a known length with sa.take ({describe(x)}, {describe(repeats)})"
        )
    if counts.size == 1 and counts.ndim <= 1:
        return as_index("repeat", counts.reshape(()).item(), "repeats", x)
    if counts.ndim != 1 or (counts.size and counts.dtype.kind not in "iub"):
        raise ShapeError(f"repeat: repeats is an int or a list of ints, not {repeats!r} ({describe(x)})")
    if (counts < 0).any():
        raise ShapeError(f"repeat: a size can't be negative: {repeats!r} ({describe(x)})")
    return counts.astype(np.int64)


@implements(np.resize)
def resize(x: Operand, new_shape: Any) -> Tensor:
    """The elements in row-major order in another shape: repeated from the front where there are too few, left out
    where there are too many. An array without elements gives zeros."""
    a = ravel(x)
    target = _sizes("resize", new_shape, a)
    have, count = a.shape[0], product(target)
    if have == 0:
        return broadcast_to(to_tensor(np.zeros((), a.dtype)), target)
    if not dims.at_least(have - count, 0):
        position = indices((count,), 0)
        a = take(or_filled(a, have, 0), apply(REMAINDER, position, size_tensor(dims.maximum(have, 1))), 0)
    elif have != count:
        a = apply(SLICE, a, starts=(0,), steps=(1,), sizes=(count,))
    return reshape_known(a, target)


@implements(np.roll)
def roll(x: Operand, shift: Any, axis: Any = None) -> Tensor:
    """The elements moved along axes by so many places; what leaves at the end comes in at the front.

    Shifts and axes broadcast; an axis that is named several times moves by the sum. A shift may be a size or an integer
    scalar of the graph. Where ``axis`` is None the flattened tensor is rolled.
    """
    a = to_tensor(x)
    if axis is None:
        flat = roll(ravel(a), shift, 0)
        return flat if a.ndim == 1 else apply(RESHAPE, flat, shape=a.shape, constraints=())
    axes, shifts = (list(v) if isinstance(v, (list, tuple, np.ndarray)) else [v] for v in (axis, shift))
    count = max(len(axes), len(shifts)) if axes and shifts else 0
    if any(len(v) not in (1, count) for v in (axes, shifts)):
        raise ShapeError(f"roll: {len(shifts)} shifts for {len(axes)} axes ({describe(a)})")
    for amount, each in zip(shifts * (count // (len(shifts) or 1)), axes * (count // (len(axes) or 1))):
        a = _roll(a, normalize_axis("roll", each, a), amount)
    return a


def _roll(x: Tensor, axis: int, shift: Any) -> Tensor:
    n = x.shape[axis]
    # A size of 0 has nothing to roll; the remainder must not divide by it.
    rest = dims.maximum(n, 1)
    of_graph = isinstance(shift, (Tensor, Dim))
    moved = 0 if of_graph else as_index("roll", shift, "a shift", x)
    if of_graph or dims.local_symbols(n):  # of a remainder by such a size it is not known that it lies within the axis
        amount = to_tensor(shift if of_graph else moved)
        if amount.ndim or not is_integer(amount.dtype):
            raise ShapeError(f"roll: a shift has to be an int, not {describe(amount)} ({describe(x)})")
        position = apply(SUB, indices((n,), 0), cast(amount, INT64))
        return take(x, apply(REMAINDER, position, size_tensor(rest)), axis)
    by = abs(moved) % rest
    cut = by if moved < 0 else n - by
    if by == 0:
        return x
    return apply(CONCATENATE, part(x, axis, cut, n - cut), part(x, axis, 0, cut), axis=axis)


if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
