"""The extension `linalg` of the array API standard."""

from __future__ import annotations

from typing import Any

from staticad.functional import linalg
from staticad.functional.linalg import (
    cholesky,
    cross,
    det,
    eigh,
    eigvalsh,
    inv,
    matmul,
    matrix_norm,
    matrix_power,
    matrix_rank,
    matrix_transpose,
    outer,
    pinv,
    qr,
    slogdet,
    solve,
    svd,
    svdvals,
    tensordot,
    vecdot,
    vector_norm,
)
from staticad.functional.reductions import sum
from staticad.ir.graph import Tensor
from staticad.ops.promotion import Operand


def diagonal(x: Operand, /, *, offset: int = 0) -> Tensor:
    """The diagonals of the matrices in the last two axes."""
    return linalg.diagonal(x, offset)


def trace(x: Operand, /, *, offset: int = 0, dtype: Any = None) -> Tensor:
    """The sums of these diagonals."""
    return sum(diagonal(x, offset=offset), axis=-1, dtype=dtype)


__all__ = [
    "cholesky", "cross", "det", "diagonal", "eigh", "eigvalsh", "inv", "matmul", "matrix_norm", "matrix_power",
    "matrix_rank", "matrix_transpose", "outer", "pinv", "qr", "slogdet", "solve", "svd", "svdvals", "tensordot",
    "trace", "vecdot", "vector_norm",
]  # fmt: skip
