"""How a library routine can read an operand in place: a base in memory, an offset and strides."""

from __future__ import annotations

from collections.abc import Mapping

from staticad.ir.dims import Shape, Size, at_least
from staticad.ir.graph import Tensor
from staticad.lower.index.affine import ZERO, Affine, Context, linear, loop, strides
from staticad.lower.index.sizes import Sizes
from staticad.lower.index.views import IndexedFamily
from staticad.ops.base import Op
from staticad.records import dataclass


@dataclass(frozen=True)
class Strided:
    """Element (i, j, …) of the operand lies at ``offset + i*strides[0] + …`` in the memory of ``base``."""

    base: Tensor
    offset: Size
    strides: tuple[Size, ...]


@dataclass(frozen=True)
class Matrix:
    """A stack of matrices as BLAS takes it: row-major with leading dimension ``ld``, or the transpose of that."""

    base: Tensor
    offset: Size
    transposed: bool
    ld: Size
    batch_stride: Size


def strided_view(tensor: Tensor, sizes: Sizes, families: Mapping[Op, IndexedFamily]) -> Strided:
    """Follow a chain of views to the tensor below; `base` may be any tensor (also one that has no memory yet)."""
    shape = sizes.shape(tensor.shape)
    if not families[tensor.op].view:
        return Strided(
            tensor, 0, tuple([0 if size == 1 else step for step, size in zip(strides(shape), shape, strict=True)])
        )
    context: Context = tuple(loop(a) if size != 1 else ZERO for a, size in enumerate(shape))
    base = tensor
    while families[base.op].view:
        context = families[base.op].operand_context(base.node, context, sizes.canonical)
        base = base.inputs[0]
    total: Affine = linear(context, sizes.shape(base.shape))
    return Strided(base, total.constant, tuple(total.coefficient(a) for a in range(len(shape))))


def matrix(view: Strided, shape: Shape) -> Matrix | None:
    """The last two axes as a BLAS matrix, the others as one batch axis; None where that takes a copy."""
    rows, columns = shape[-2:]
    row, column = view.strides[-2:]
    batch = _batch_stride(view.strides[:-2], shape[:-2])
    if batch is None:
        return None
    ld = _leading(row, column, rows, columns)
    if ld is not None:
        return Matrix(view.base, view.offset, False, ld, batch)
    ld = _leading(column, row, columns, rows)
    return None if ld is None else Matrix(view.base, view.offset, True, ld, batch)


def along(view: Strided, shape: Shape, axis: int) -> Strided | None:
    """With all axes before one as an axis, and all behind it; None where that takes a copy."""
    before = _batch_stride(view.strides[:axis], shape[:axis])
    behind = _batch_stride(view.strides[axis + 1 :], shape[axis + 1 :])
    if before is None or behind is None:
        return None
    return Strided(view.base, view.offset, (before, view.strides[axis], behind))


def _leading(row: Size, column: Size, rows: Size, columns: Size) -> Size | None:
    """The leading dimension if rows are contiguous."""
    if columns != 1 and column != 1:
        return None
    if rows == 1 or row == columns:
        return columns
    return row if at_least(row - columns, 0) and at_least(row, 1 if isinstance(row, int) else 0) else None


def _batch_stride(strides: tuple[Size, ...], shape: Shape) -> Size | None:
    looped = [(stride, size) for stride, size in zip(strides, shape, strict=True) if size != 1]
    if not looped:
        return 0
    for (outer, _), (inner, size) in zip(looped, looped[1:], strict=False):
        if outer != inner * size:
            return None
    return looped[-1][0]
