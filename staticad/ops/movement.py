"""Views: transposes, axes of size 1, broadcasts, slices, diagonals, reshapes.

Every result element is one operand element at affine indices; all are linear in the operand.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from staticad.errors import ShapeError
from staticad.ir import dims
from staticad.ir.dims import Shape, Size
from staticad.ir.dtypes import INT64
from staticad.ir.graph import Tensor
from staticad.ir.types import Constraint, Demands, same_size
from staticad.ops.base import AxisIndex, Movement, Op, Reshape, apply
from staticad.ops.comparison import EQUAL
from staticad.ops.creation import FULL, IOTA
from staticad.ops.selection import WHERE
from staticad.ops.slicing import EMBED, SLICE

_Ruled = tuple[Shape, tuple[Constraint, ...]]


def _along(axis: int) -> AxisIndex:
    """The result's index of that axis, unchanged."""
    return 0, ((axis, 1),)


def _transpose_shape(shape: Shape, axes: tuple[int, ...]) -> Shape:
    if sorted(axes) != list(range(len(shape))):
        raise ShapeError(f"axes {axes} are no permutation of the {len(shape)} axes")
    return tuple(shape[a] for a in axes)


def _transpose_index(shape: Shape, result_shape: Shape, axes: tuple[int, ...]) -> tuple[AxisIndex, ...]:
    return tuple(_along(axes.index(a)) for a in range(len(shape)))


def _transpose_vjp(g: Tensor, y: Tensor, x: Tensor, axes: tuple[int, ...]) -> tuple[Tensor, ...]:
    return (apply(TRANSPOSE, g, axes=tuple(axes.index(a) for a in range(len(axes)))),)


def _expand_shape(shape: Shape, axes: tuple[int, ...]) -> Shape:
    ndim = len(shape) + len(axes)
    if list(axes) != sorted(set(axes)) or any(not 0 <= a < ndim for a in axes):
        raise ShapeError(f"axes {axes} are not distinct axes of a result with {ndim}")
    rest = iter(shape)
    return tuple(1 if a in axes else next(rest) for a in range(ndim))


def _expand_index(shape: Shape, result_shape: Shape, axes: tuple[int, ...]) -> tuple[AxisIndex, ...]:
    return tuple(_along(a) for a in range(len(result_shape)) if a not in axes)


def _squeeze_shape(shape: Shape, axes: tuple[int, ...]) -> _Ruled:
    with Demands() as demands:
        for a in axes:
            if not 0 <= a < len(shape) or same_size(shape[a], 1, demands) is None:
                raise ShapeError(f"axis {a} can't be squeezed: its size is not 1")
        return tuple(s for a, s in enumerate(shape) if a not in axes), demands.close()


def _squeeze_index(shape: Shape, result_shape: Shape, axes: tuple[int, ...]) -> tuple[AxisIndex, ...]:
    kept = [a for a in range(len(shape)) if a not in axes]
    return tuple((0, ()) if a in axes else _along(kept.index(a)) for a in range(len(shape)))


def _broadcast_shape(operand: Shape, shape: Shape) -> _Ruled:
    lead = len(shape) - len(operand)
    with Demands() as demands:
        fits = lead >= 0 and all(
            size == 1 or same_size(size, shape[lead + a], demands) is not None for a, size in enumerate(operand)
        )
        if not fits:
            listed = ",".join(map(str, shape))
            raise ShapeError(f"the operand does not broadcast to [{listed}]; only sizes that are known to be 1 stretch")
        return shape, demands.close()


def _broadcast_index(operand: Shape, result_shape: Shape, shape: Shape) -> tuple[AxisIndex, ...]:
    lead = len(result_shape) - len(operand)
    return tuple((0, ()) if size == 1 else _along(lead + a) for a, size in enumerate(operand))


def _broadcast_vjp(g: Tensor, y: Tensor, x: Tensor, shape: Shape) -> tuple[Tensor, ...]:
    """The sum over all places that one element went to."""
    lead = len(shape) - x.ndim
    stretched = tuple(lead + a for a, size in enumerate(x.shape) if size == 1 and shape[lead + a] != 1)
    axes = tuple(range(lead)) + stretched
    if not axes:
        return (g,)
    total = g.sum(axis=axes)
    kept = tuple(a - lead for a in stretched)
    return (apply(EXPAND_DIMS, total, axes=kept) if kept else total,)


def diagonal_size(rows: Size, columns: Size, offset: int) -> Size:
    """The length of a diagonal; offset > 0 lies above the main one."""
    # Clamped before the minimum: simplifications of sizes rely on their not being negative.
    if offset >= 0:
        return dims.minimum(rows, dims.maximum(columns - offset, 0))
    return dims.minimum(dims.maximum(rows + offset, 0), columns)


def _diagonal_shape(shape: Shape, offset: int, axis1: int, axis2: int) -> Shape:
    if axis1 == axis2 or not (0 <= axis1 < len(shape) and 0 <= axis2 < len(shape)):
        raise ShapeError(f"axes {axis1} and {axis2} are not two axes of an array with {len(shape)}")
    rest = tuple(s for a, s in enumerate(shape) if a not in (axis1, axis2))
    return (*rest, diagonal_size(shape[axis1], shape[axis2], offset))


def _diagonal_index(shape: Shape, result_shape: Shape, offset: int, axis1: int, axis2: int) -> tuple[AxisIndex, ...]:
    rest = [a for a in range(len(shape)) if a not in (axis1, axis2)]
    last = ((len(rest), 1),)
    start = {axis1: max(-offset, 0), axis2: max(offset, 0)}
    return tuple((start[a], last) if a in start else _along(rest.index(a)) for a in range(len(shape)))


def _diagonal_vjp(g: Tensor, y: Tensor, x: Tensor, offset: int, axis1: int, axis2: int) -> tuple[Tensor, ...]:
    """g spread along both axes, kept where column - row = offset."""
    rest = [a for a in range(x.ndim) if a not in (axis1, axis2)]
    rows = x.shape[axis1]
    # The diagonal's index counts rows from -offset on, if the diagonal lies below the main one.
    shape = (*(x.shape[a] for a in rest), rows)
    starts = (*(0 for _ in rest), max(-offset, 0))
    by_row = apply(EMBED, g, shape=shape, starts=starts, steps=(1,) * len(shape), fill=0.0)
    spread = apply(EXPAND_DIMS, by_row, axes=(x.ndim - 1,))
    order = [*rest, axis1, axis2]
    spread = apply(TRANSPOSE, spread, axes=tuple(order.index(a) for a in range(x.ndim)))
    plane = tuple(x.shape[a] if a in (axis1, axis2) else 1 for a in range(x.ndim))
    row = apply(IOTA, shape=plane, dtype=INT64, axis=axis1)
    column = apply(IOTA, shape=plane, dtype=INT64, axis=axis2)
    zero = apply(FULL, shape=(), dtype=g.dtype, value=0.0)
    kept = apply(WHERE, apply(EQUAL, column, row + offset), spread, zero)
    return (kept,)


def _reshape_vjp(
    g: Tensor, y: Tensor, x: Tensor, shape: Shape, constraints: tuple[Constraint, ...]
) -> tuple[Tensor, ...]:
    return (apply(RESHAPE, g, shape=x.shape, constraints=()),)


TRANSPOSE = Movement(
    "transpose",
    shape_rule=_transpose_shape,
    index=_transpose_index,
    numpy=lambda x, axes: np.transpose(x, axes),
    vjp=_transpose_vjp,
    certain=True,
)
"""attrs axes: axis i of the result is axis ``axes[i]`` of the operand."""


def last_two_swapped(ndim: int) -> tuple[int, ...]:
    """The axes of the transpose of a stack of matrices."""
    return (*range(ndim - 2), ndim - 1, ndim - 2)


def swapped(x: Tensor) -> Tensor:
    """The transposed matrices of a stack."""
    return apply(TRANSPOSE, x, axes=last_two_swapped(x.ndim))


EXPAND_DIMS: Movement = Movement(
    "expand_dims",
    shape_rule=_expand_shape,
    index=_expand_index,
    keeps_order=True,
    numpy=lambda x, axes: np.expand_dims(x, axes),
    vjp=lambda g, y, x, axes: (apply(SQUEEZE, g, axes=axes),),
    certain=True,
)
"""attrs axes: sorted axes of the result that have size 1."""

SQUEEZE: Movement = Movement(
    "squeeze",
    shape_rule=_squeeze_shape,
    index=_squeeze_index,
    keeps_order=True,
    numpy=lambda x, axes: np.squeeze(x, axes),
    vjp=lambda g, y, x, axes: (apply(EXPAND_DIMS, g, axes=axes),),
    certain=True,
)
"""attrs axes: sorted axes of the operand, of size 1, that disappear."""

INVERSES: Mapping[Op, Op] = {EXPAND_DIMS: SQUEEZE, SQUEEZE: EXPAND_DIMS}  # with the same axes

BROADCAST_TO = Movement(
    "broadcast_to",
    shape_rule=_broadcast_shape,
    index=_broadcast_index,
    numpy=lambda x, shape: np.broadcast_to(x, shape),
    vjp=_broadcast_vjp,
    certain=True,
    hands_on=True,
)
"""attrs shape: NumPy's broadcast; only sizes known to be 1 are stretched."""

DIAGONAL = Movement(
    "diagonal",
    shape_rule=_diagonal_shape,
    index=_diagonal_index,
    numpy=lambda x, offset, axis1, axis2: np.diagonal(x, offset, axis1, axis2),
    vjp=_diagonal_vjp,
    notes="becomes the last axis",
)
"""attrs offset, axis1, axis2: the elements with ``index[axis2] - index[axis1] = offset``, as a new last axis."""

RESHAPE = Reshape(
    "reshape",
    numpy=lambda x, shape, constraints: np.reshape(x, shape),
    vjp=_reshape_vjp,
    certain=True,
)
"""attrs shape, constraints: the same elements in row-major order."""

__all__ = [
    "BROADCAST_TO", "DIAGONAL", "EXPAND_DIMS", "RESHAPE", "SLICE", "SQUEEZE", "TRANSPOSE", "diagonal_size",
]  # fmt: skip
