"""Shapes and axes with NumPy's names: reshape, transpose, broadcast, flip and similar functions.

Sizes may be free. What is known not to fit raises ShapeError; what shows only when sizes are known is checked by
the run, which raises FeedError.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.errors import ShapeError
from staticad.functional.axes import normalize_axes, normalize_axis
from staticad.functional.front import implements, public_names
from staticad.functional.reshaping import reshape_known
from staticad.ir import dims
from staticad.ir.dims import Dim, Shape, Size, product
from staticad.ir.graph import Tensor, describe
from staticad.ir.types import Demands, broadcast_shapes, same_size
from staticad.ops.base import apply
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS, RESHAPE, SQUEEZE, TRANSPOSE
from staticad.ops.promotion import Operand, to_tensor
from staticad.ops.slicing import reverse
from staticad.ops.sources import as_shape

Axes = int | tuple[int, ...] | list[int]


def _listed(shape: Shape) -> str:
    return f"[{','.join(map(str, shape))}]"


def _sizes(op: str, shape: Any, x: Tensor) -> Shape:
    try:
        return as_shape(shape)
    except ShapeError as error:
        raise ShapeError(f"{op}: {error} ({describe(x)})") from None


@implements(np.reshape)
def reshape(x: Operand, shape: Any) -> Tensor:
    """The same elements in row-major order in another shape, in which one size may be -1: what is left for it.

    Where only axes of size 1 come or go, this is expand_dims or squeeze.
    """
    a = to_tensor(x)
    entries = list(shape) if isinstance(shape, (list, tuple)) else [shape]
    open_places = [i for i, s in enumerate(entries) if not isinstance(s, (Dim, Tensor)) and s == -1]
    if len(open_places) > 1:
        raise ShapeError(f"reshape: only one size can be -1, not those of {shape} ({describe(a)})")
    with Demands() as demands:
        for place in open_places:
            entries[place] = _left_over(a, _sizes("reshape", entries[:place] + entries[place + 1 :], a), demands)
        target = _sizes("reshape", entries, a)
        if not open_places and same_size(product(a.shape), product(target), demands) is None:
            raise ShapeError(
                f"reshape: {product(a.shape)} elements do not fill the shape {_listed(target)}, "
                f"which has {product(target)} ({describe(a)})"
            )
        constraints = demands.close()
    if constraints:
        return apply(RESHAPE, a, shape=target, constraints=constraints)
    return reshape_known(a, target)


def _left_over(x: Tensor, others: Shape, demands: Demands) -> Size:
    """The size that -1 stands for."""
    total, known = product(x.shape), product(others)
    if known == 0 or (isinstance(total, int) and isinstance(known, int) and total % known):
        raise ShapeError(f"reshape: {total} elements can't be divided among {_listed(others)} and -1 ({describe(x)})")
    size = dims.floordiv(total, known)
    if size * known != total:
        demands.add(size * known, total)
    return size


@implements(np.ravel)
def ravel(x: Operand) -> Tensor:
    """All elements along one axis, row-major."""
    a = to_tensor(x)
    return reshape_known(a, (product(a.shape),))


@implements(np.transpose)
def transpose(x: Operand, axes: Any = None) -> Tensor:
    """Axis i of the result is axis ``axes[i]`` of x; the axes in reverse order by default."""
    a = to_tensor(x)
    order = tuple(reversed(range(a.ndim))) if axes is None else normalize_axes("transpose", axes, a)
    if len(order) != a.ndim:
        raise ShapeError(f"transpose: axes {axes} are no permutation of the {a.ndim} axes ({describe(a)})")
    return a if order == tuple(range(a.ndim)) else apply(TRANSPOSE, a, axes=order)


@implements(np.swapaxes)
def swapaxes(x: Operand, axis1: int, axis2: int) -> Tensor:
    """Two axes exchanged."""
    a = to_tensor(x)
    first, second = (normalize_axis("swapaxes", axis, a) for axis in (axis1, axis2))
    order = list(range(a.ndim))
    order[first], order[second] = second, first
    return transpose(a, order)


@implements(np.moveaxis)
def moveaxis(x: Operand, source: Axes, destination: Axes) -> Tensor:
    """Axes moved to other places; the rest keep their order."""
    a = to_tensor(x)
    sources, destinations = (normalize_axes("moveaxis", axes, a) for axes in (source, destination))
    if len(sources) != len(destinations):
        raise ShapeError(f"moveaxis: {len(sources)} sources for {len(destinations)} destinations ({describe(a)})")
    order = [axis for axis in range(a.ndim) if axis not in sources]
    for place, axis in sorted(zip(destinations, sources)):
        order.insert(place, axis)
    return transpose(a, order)


@implements(np.expand_dims)
def expand_dims(x: Operand, axis: Axes) -> Tensor:
    """Axes of size 1 at these places of the result."""
    a = to_tensor(x)
    count = len(axis) if isinstance(axis, (list, tuple)) else 1
    axes = tuple(sorted(normalize_axes("expand_dims", axis, a, a.ndim + count)))
    return apply(EXPAND_DIMS, a, axes=axes) if axes else a


@implements(np.squeeze)
def squeeze(x: Operand, axis: Axes | None = None) -> Tensor:
    """Without these axes, whose size is 1; by default without all axes of which that is known."""
    a = to_tensor(x)
    if axis is None:
        axes = tuple(i for i, size in enumerate(a.shape) if size == 1)
    else:
        axes = tuple(sorted(normalize_axes("squeeze", axis, a)))
    return apply(SQUEEZE, a, axes=axes) if axes else a


@implements(np.broadcast_to)
def broadcast_to(x: Operand, shape: Any) -> Tensor:
    """x repeated to a shape as NumPy's broadcasting does. Only sizes known to be 1 are stretched."""
    a = to_tensor(x)
    target = _sizes("broadcast_to", shape, a)
    return a if a.shape == target else apply(BROADCAST_TO, a, shape=target)


@implements(np.broadcast_arrays)
def broadcast_arrays(*xs: Operand) -> list[Tensor]:
    """All operands broadcast to their common shape."""
    tensors = [to_tensor(x) for x in xs]
    try:
        with Demands() as demands:
            shape = broadcast_shapes([t.shape for t in tensors], demands)
            results = [broadcast_to(t, shape) for t in tensors]
            demands.met_by(*(t.node.constraints for t in results))
            return results
    except ShapeError as error:
        raise ShapeError(f"broadcast_arrays: {error} ({', '.join(map(describe, tensors))})") from None


@implements(np.flip)
def flip(x: Operand, axis: Axes | None = None) -> Tensor:
    """These axes (all by default) in reverse."""
    a = to_tensor(x)
    axes = normalize_axes("flip", axis, a)
    return reverse(a, axes) if axes else a


@implements(np.tile)
def tile(x: Operand, reps: Any) -> Tensor:
    """x repeated as a whole, ``reps`` times along the last axes."""
    a = to_tensor(x)
    counts = _sizes("tile", reps, a)
    ndim = max(a.ndim, len(counts))
    sizes = (1,) * (ndim - a.ndim) + a.shape
    counts = (1,) * (ndim - len(counts)) + counts
    apart = reshape_known(a, tuple(s for size in sizes for s in (1, size)))
    repeated = broadcast_to(apart, tuple(s for pair in zip(counts, sizes) for s in pair))
    return reshape_known(repeated, tuple(count * size for count, size in zip(counts, sizes)))


@implements(np.repeat)
def repeat(x: Operand, repeats: int | Dim, axis: int | None = None) -> Tensor:
    """Every element repeated next to itself along an axis, or of the flattened x where ``axis`` is None."""
    a = to_tensor(x)
    if axis is None:
        a, axis = ravel(a), 0
    place = normalize_axis("repeat", axis, a)
    counts = _sizes("repeat", repeats, a)
    if len(counts) != 1:
        raise ShapeError(f"repeat: repeats has to be one number for all elements, not {repeats!r} ({describe(a)})")
    (count,) = counts
    shape = [*a.shape[: place + 1], count, *a.shape[place + 1 :]]
    repeated = broadcast_to(expand_dims(a, place + 1), shape)
    return reshape_known(repeated, (*a.shape[:place], a.shape[place] * count, *a.shape[place + 1 :]))


@implements(np.atleast_1d)
def atleast_1d(x: Operand) -> Tensor:
    """x with one axis if it has none."""
    a = to_tensor(x)
    return expand_dims(a, 0) if a.ndim == 0 else a


@implements(np.atleast_2d)
def atleast_2d(x: Operand) -> Tensor:
    """x with axes of size 1 in front, so that it has two."""
    a = to_tensor(x)
    return expand_dims(a, tuple(range(2 - a.ndim))) if a.ndim < 2 else a


if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
