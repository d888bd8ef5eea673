"""Shapes and axes with NumPy's names: reshape, transpose, broadcast, flip and similar functions.

Sizes may be free. What is known not to fit raises ShapeError; what shows only when sizes are known is checked by
the run, which raises FeedError.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.errors import ShapeError
from staticad.functional.axes import as_index, normalize_axes, normalize_axis
from staticad.functional.front import implements, public_names
from staticad.functional.reshaping import reshape_known
from staticad.functional.shapes import as_shape
from staticad.ir import dims
from staticad.ir.dims import Shape, Size, product
from staticad.ir.graph import Tensor, describe
from staticad.ir.types import Demands, broadcast_shapes, same_size
from staticad.ops.base import apply
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS, RESHAPE, SQUEEZE, TRANSPOSE
from staticad.ops.promotion import Operand, to_tensor
from staticad.ops.slicing import reverse

Axes = int | tuple[int, ...] | list[int]


def _listed(shape: Shape) -> str:
    return f"[{','.join(map(str, shape))}]"


def _sizes(op: str, shape: Any, x: Tensor) -> Shape:
    try:
        return as_shape(shape)
    except ShapeError as error:
        raise ShapeError(f"{op}: {error} ({describe(x)})") from None


def _is_reversed(op: str, order: Any, orders: str, x: Tensor) -> bool:
    """Whether the first index is to run fastest. What depends on memory in NumPy is row-major."""
    if not (isinstance(order, str) and len(order) == 1 and order in orders):
        raise ShapeError(f"{op}: order {order!r} is none of {', '.join(map(repr, orders))} ({describe(x)})")
    return order == "F"


@implements(np.reshape)
def reshape(x: Operand, shape: Any, order: str = "C", *, copy: bool | None = None) -> Tensor:
    """The same elements in row-major order in another shape, in which one size may be -1: what is left for it. With
    ``order="F"`` the first index of both shapes runs fastest. ``copy`` makes no difference.

    Where only axes of size 1 come or go, this is expand_dims or squeeze.
    """
    a = to_tensor(x)
    several = isinstance(shape, (list, tuple)) or (isinstance(shape, np.ndarray) and shape.ndim == 1)
    entries = list(shape) if several else [shape]
    if _is_reversed("reshape", order, "CFA", a):
        return transpose(reshape(transpose(a), entries[::-1]))
    open_places = [i for i, s in enumerate(entries) if isinstance(s, (int, np.integer)) and s == -1]
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
def ravel(x: Operand, order: str = "C") -> Tensor:
    """All elements along one axis, row-major; with ``order="F"`` column-major."""
    a = to_tensor(x)
    if _is_reversed("ravel", order, "CFAK", a):
        a = transpose(a)
    return reshape_known(a, (product(a.shape),))


@implements(np.transpose)
def transpose(x: Operand, axes: Any = None) -> Tensor:
    """Axis i of the result is axis ``axes[i]`` of x; the axes in reverse order by default."""
    a = to_tensor(x)
    order = tuple(reversed(range(a.ndim))) if axes is None else normalize_axes("transpose", axes, a)
    if len(order) != a.ndim:
        raise ShapeError(f"transpose: axes {axes} are no permutation of the {a.ndim} axes ({describe(a)})")
    return a if order == tuple(range(a.ndim)) else apply(TRANSPOSE, a, axes=order)


permute_dims = transpose


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


@implements(np.rollaxis)
def rollaxis(x: Operand, axis: int, start: int = 0) -> Tensor:
    """An axis moved before the axis that is ``start`` now; `moveaxis` says it more plainly."""
    a = to_tensor(x)
    place, before = normalize_axis("rollaxis", axis, a), as_index("rollaxis", start, "start", a)
    before = before + a.ndim if before < 0 else before
    if not 0 <= before <= a.ndim:
        raise ShapeError(f"rollaxis: start {start} is no place among {a.ndim} axes ({describe(a)})")
    return moveaxis(a, place, before - 1 if place < before else before)


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


@implements(np.fliplr)
def fliplr(x: Operand) -> Tensor:
    """The second axis in reverse."""
    return _flipped("fliplr", x, 1)


@implements(np.flipud)
def flipud(x: Operand) -> Tensor:
    """The first axis in reverse."""
    return _flipped("flipud", x, 0)


def _flipped(op: str, x: Operand, axis: int) -> Tensor:
    a = to_tensor(x)
    if a.ndim <= axis:
        raise ShapeError(f"{op}: needs at least {axis + 1} axes ({describe(a)})")
    return reverse(a, (axis,))


@implements(np.rot90)
def rot90(x: Operand, k: int = 1, axes: Any = (0, 1)) -> Tensor:
    """The plane of two axes turned by ``k`` quarters, from the first axis towards the second."""
    a = to_tensor(x)
    plane = normalize_axes("rot90", tuple(axes) if isinstance(axes, np.ndarray) else axes, a)
    if len(plane) != 2:
        raise ShapeError(f"rot90: axes {axes!r} are not two ({describe(a)})")
    quarters = as_index("rot90", k, "k", a) % 4
    if quarters in (0, 2):
        return reverse(a, plane) if quarters else a
    return flip(swapaxes(a, *plane), plane[0]) if quarters == 1 else swapaxes(flip(a, plane[0]), *plane)


@implements(np.atleast_1d)
def atleast_1d(*xs: Operand) -> Any:
    """x with one axis if it has none; a tuple for several."""
    return _each(lambda a: expand_dims(a, 0) if a.ndim == 0 else a, xs)


@implements(np.atleast_2d)
def atleast_2d(*xs: Operand) -> Any:
    """x with axes of size 1 in front, so that it has two; a tuple for several."""
    return _each(lambda a: expand_dims(a, tuple(range(2 - a.ndim))) if a.ndim < 2 else a, xs)


@implements(np.atleast_3d)
def atleast_3d(*xs: Operand) -> Any:
    """x with three axes: (1, n, 1) for a vector, (n, m, 1) for a matrix; a tuple for several."""
    return _each(lambda a: expand_dims(a, ((0, 1, 2), (0, 2), (2,))[a.ndim]) if a.ndim < 3 else a, xs)


def _each(function: Callable[[Tensor], Tensor], xs: tuple[Operand, ...]) -> Any:
    results = tuple(function(to_tensor(x)) for x in xs)
    return results[0] if len(results) == 1 else results


if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
