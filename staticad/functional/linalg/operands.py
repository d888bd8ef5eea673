"""Operands of matrix functions: one floating dtype, matrices in the last two axes, batches that broadcast."""

from __future__ import annotations

from staticad.errors import ShapeError
from staticad.functional.front import inexact
from staticad.ir.dims import Shape, Size
from staticad.ir.dtypes import DType
from staticad.ir.graph import Tensor, describe
from staticad.ir.types import Demands, broadcast_shapes, may_be_equal
from staticad.ops.base import apply
from staticad.ops.creation import fill
from staticad.ops.matrices import eye
from staticad.ops.movement import BROADCAST_TO, SQUEEZE
from staticad.ops.promotion import Operand, as_operands, to_tensor


def rectangular(name: str, a: Operand) -> Tensor:
    """Matrices of any shape in a floating dtype."""
    x = to_tensor(a)
    if x.ndim < 2:
        raise ShapeError(f"{name}: needs a matrix in the last two axes ({describe(x)})")
    return inexact(x)


def unit(n: Size, dtype: DType) -> Tensor:
    """The unit matrix."""
    return eye(fill((n, n), 0, dtype))


def matrices(name: str, a: Operand, *others: Operand) -> list[Tensor]:
    """The operands in one floating dtype; the first of them is square in its last axes."""
    operands = as_operands(name, *map(inexact, (a, *others)))
    x = operands[0]
    if x.ndim < 2 or not may_be_equal(*x.shape[-2:]):
        raise ShapeError(f"{name}: needs a square matrix in the last two axes ({describe(x)})")
    for other in operands[1:]:
        rows = other.shape[-min(2, other.ndim)] if other.ndim else None
        if rows is None or not may_be_equal(x.shape[-1], rows):
            raise ShapeError(f"{name}: the matrix and the right side differ in rows ({describe(x)}, {describe(other)})")
    return operands


def common_batch(name: str, a: Tensor, b: Tensor, demands: Demands) -> Shape:
    try:
        return broadcast_shapes([a.shape[:-2], b.shape[:-2]], demands)
    except ShapeError as error:
        raise ShapeError(f"{name}: {error} ({describe(a)}, {describe(b)})") from None


def in_batch(x: Tensor, rank: int, batch: Shape) -> Tensor:
    """x, whose last axes are those of a matrix, for every matrix of the batch: without batch axes if it is one."""
    own = x.shape[: x.ndim - rank]
    if any(size != 1 for size in own):
        return spread(x, rank, batch)
    return apply(SQUEEZE, x, axes=tuple(range(len(own)))) if own else x


def spread(x: Tensor, rank: int, batch: Shape) -> Tensor:
    own, core = x.shape[: x.ndim - rank], x.shape[x.ndim - rank :]
    return x if own == batch else apply(BROADCAST_TO, x, shape=(*batch, *core))
