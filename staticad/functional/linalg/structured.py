"""Matrices with a structure: blocks on a diagonal, constant diagonals."""

from __future__ import annotations

from staticad.errors import ShapeError
from staticad.functional.complex import conjugate
from staticad.functional.indexing import take
from staticad.functional.joining import concatenate
from staticad.functional.movement import ravel, reshape
from staticad.ir.dims import Size
from staticad.ir.graph import Tensor, describe
from staticad.ops.arithmetic import ADD, SUB
from staticad.ops.base import apply
from staticad.ops.comparison import LESS_EQUAL
from staticad.ops.creation import fill, indices, size_tensor
from staticad.ops.promotion import Operand, as_operands, to_tensor
from staticad.ops.selection import WHERE


def block_diag(*arrs: Operand) -> Tensor:
    """The matrix with these on its diagonal, and zeros elsewhere, as in SciPy: vectors are matrices of one row. Without
    operands it has one row and no column."""
    if not arrs:
        return to_tensor([[]])
    tensors = as_operands("block_diag", *arrs)
    for x in tensors:
        if x.ndim > 2:
            raise ShapeError(f"block_diag: takes matrices, not arrays of more axes ({describe(x)})")
    blocks = [x if x.ndim == 2 else reshape(x, (1, x.shape[0] if x.ndim else 1)) for x in tensors]
    width = sum((x.shape[1] for x in blocks), 0)
    rows: list[Tensor] = []
    before: Size = 0
    for x in blocks:
        left = fill((x.shape[0], before), 0, x.dtype)
        before = before + x.shape[1]
        rows.append(concatenate([left, x, fill((x.shape[0], width - before), 0, x.dtype)], axis=1))
    return concatenate(rows, axis=0)


def toeplitz(c: Operand, r: Operand | None = None) -> Tensor:
    """The matrix with constant diagonals that has the first column c and the first row r, whose first element is not
    read; without r that is c, conjugated. As in SciPy; both are flattened."""
    column = ravel(to_tensor(c))
    row = conjugate(column) if r is None else ravel(to_tensor(r))
    column, row = as_operands("toeplitz", column, row)
    m, n = column.shape[0], row.shape[0]
    i, j = indices((m, 1), 0), indices((1, n), 1)
    below = apply(LESS_EQUAL, j, i)
    beyond = apply(ADD, apply(SUB, j, i), size_tensor(m))
    return take(concatenate([column, row]), apply(WHERE, below, apply(SUB, i, j), beyond))
