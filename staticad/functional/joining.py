"""Arrays joined with NumPy's names: concatenate, stack and the like, block, append."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.errors import ShapeError
from staticad.functional.axes import normalize_axis
from staticad.functional.front import implements, public_names
from staticad.functional.movement import atleast_1d, atleast_2d, atleast_3d, expand_dims, ravel, transpose
from staticad.functional.reshaping import reshape_known
from staticad.ir.dtypes import as_dtype
from staticad.ir.graph import Tensor, describe
from staticad.ir.types import may_be_same
from staticad.ops.assemble import CONCATENATE
from staticad.ops.base import apply
from staticad.ops.promotion import Operand, as_operands

Arrays = Sequence[Operand] | Tensor


def _several(op: str, tensors: Any, dtype: Any = None) -> list[Tensor]:
    """The operands in their common dtype, or the one given."""
    if isinstance(tensors, Tensor):
        tensors = list(tensors)
    if not isinstance(tensors, (list, tuple)):
        tensors = list(tensors)
    if not tensors:
        raise ShapeError(f"{op}: needs at least one array")
    return as_operands(op, *tensors, dtype=None if dtype is None else as_dtype(dtype))


@implements(np.concatenate)
def concatenate(tensors: Arrays, axis: int | None = 0, dtype: Any = None) -> Tensor:
    """Arrays one after the other along an axis, or all elements of all of them where ``axis`` is None."""
    operands = _several("concatenate", tensors, dtype)
    if axis is None:
        operands, axis = [ravel(t) for t in operands], 0
    if operands[0].ndim == 0:
        raise ShapeError(f"concatenate: arrays without axes can't be joined; use sa.stack ({describe(operands[0])})")
    place = normalize_axis("concatenate", axis, operands[0])
    return operands[0] if len(operands) == 1 else apply(CONCATENATE, *operands, axis=place)


concat = concatenate


@implements(np.stack)
def stack(tensors: Arrays, axis: int = 0, dtype: Any = None) -> Tensor:
    """Arrays of one shape along a new axis."""
    operands = _several("stack", tensors, dtype)
    first = operands[0]
    for other in operands[1:]:
        if not may_be_same(other.shape, first.shape):
            raise ShapeError(f"stack: {describe(first)} and {describe(other)} differ in shape")
    place = normalize_axis("stack", axis, first, first.ndim + 1)
    return concatenate([expand_dims(t, place) for t in operands], place)


@implements(np.vstack)
def vstack(tensors: Arrays, dtype: Any = None) -> Tensor:
    """Arrays of rows below each other."""
    return concatenate([atleast_2d(t) for t in _several("vstack", tensors, dtype)], 0)


@implements(np.hstack)
def hstack(tensors: Arrays, dtype: Any = None) -> Tensor:
    """Arrays beside each other: along the second axis, or the only one."""
    operands = [atleast_1d(t) for t in _several("hstack", tensors, dtype)]
    return concatenate(operands, 0 if operands[0].ndim == 1 else 1)


@implements(np.dstack)
def dstack(tensors: Arrays) -> Tensor:
    """Arrays one after the other along the third axis, which those with fewer axes get (see `atleast_3d`)."""
    return concatenate([atleast_3d(t) for t in _several("dstack", tensors)], 2)


@implements(np.column_stack)
def column_stack(tensors: Arrays) -> Tensor:
    """Vectors as the columns of a matrix; matrices stand beside them as they are."""
    operands = _several("column_stack", tensors)
    return concatenate([transpose(atleast_2d(t)) if t.ndim < 2 else t for t in operands], 1)


@implements(np.block)
def block(arrays: Any) -> Tensor:
    """Nested lists of blocks joined to one array: the innermost lists along the last axis, those around them along the
    one before, and so on. Blocks get axes of size 1 in front, as many as they lack."""
    leaves: list[Operand] = []
    depth = _leaves(arrays, leaves)
    tensors = as_operands("block", *leaves)
    ndim = max(depth, *(t.ndim for t in tensors))
    ready = iter([reshape_known(t, (1,) * (ndim - t.ndim) + t.shape) for t in tensors])

    def joined(part: Any, level: int) -> Tensor:
        if not isinstance(part, list):
            return next(ready)
        return concatenate([joined(each, level + 1) for each in part], ndim - depth + level)

    return joined(arrays, 0)


def _leaves(part: Any, found: list[Operand]) -> int:
    """Collects the blocks; how deep they are nested, which has to be equal for all."""
    if isinstance(part, tuple):
        raise ShapeError("block: blocks are nested in lists, not in tuples")
    if not isinstance(part, list):
        found.append(part)
        return 0
    if not part:
        raise ShapeError("block: a list of blocks is empty")
    depths = {_leaves(each, found) for each in part}
    if len(depths) > 1:
        raise ShapeError(f"block: lists are nested to different depths ({', '.join(map(str, sorted(depths)))})")
    return depths.pop() + 1


@implements(np.append)
def append(x: Operand, values: Operand, axis: int | None = None) -> Tensor:
    """The values behind x along an axis, or all elements of both where ``axis`` is None."""
    return concatenate([x, values], axis)


if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
