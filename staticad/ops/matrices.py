"""What rules of matrices are made of: transposes, triangles, unit matrices, products."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from staticad.ir.dims import Size
from staticad.ir.dtypes import is_complex
from staticad.ir.graph import Tensor
from staticad.ops.arithmetic import ADD, MUL, RECIPROCAL
from staticad.ops.base import apply
from staticad.ops.comparison import EQUAL, LESS, LESS_EQUAL
from staticad.ops.complex import COMPLEX, CONJ, IMAG, REAL
from staticad.ops.contract import MATMUL
from staticad.ops.conversion import CAST
from staticad.ops.creation import fill, indices
from staticad.ops.movement import DIAGONAL, EXPAND_DIMS, swapped
from staticad.ops.selection import WHERE
from staticad.ops.slicing import SLICE


def swap(x: np.ndarray) -> np.ndarray:
    """The transposes of arrays of matrices."""
    return np.swapaxes(x, -1, -2)


def row_and_column(x: Tensor) -> tuple[Tensor, Tensor]:
    """The indices of a matrix, as a column and as a row."""
    n, m = x.shape[-2:]
    return indices((n, 1), 0), indices((1, m), 1)


def eye(x: Tensor) -> Tensor:
    """The unit matrix of the size and dtype of a matrix."""
    row, column = row_and_column(x)
    return apply(WHERE, apply(EQUAL, row, column), fill((), 1, x.dtype), fill((), 0, x.dtype))


def diagonal_or(x: Tensor, diagonal: Tensor | float) -> Tensor:
    """The matrices with another diagonal: a number, or vectors."""
    row, column = row_and_column(x)
    value = apply(EXPAND_DIMS, diagonal, axes=(diagonal.ndim,)) if isinstance(diagonal, Tensor) else diagonal
    return apply(WHERE, apply(EQUAL, row, column), value if isinstance(value, Tensor) else fill((), value, x.dtype), x)


def conj(x: Tensor) -> Tensor:
    """The complex conjugate; of real numbers themselves."""
    return apply(CONJ, x) if is_complex(x.dtype) else x


def adjoint(x: Tensor) -> Tensor:
    """The conjugate transpose."""
    return swapped(conj(x))


def half(x: Tensor) -> Tensor:
    return apply(MUL, x, fill((), 0.5, x.dtype))


def triangle(x: Tensor, lower: int, strict: int) -> Tensor:
    """The lower or upper triangle of matrices, with or without the diagonal, and zeros elsewhere."""
    row, column = row_and_column(x)
    near, far = (column, row) if lower else (row, column)
    return apply(WHERE, apply(LESS if strict else LESS_EQUAL, near, far), x, fill((), 0, x.dtype))


def inverse_differences(differences: Tensor) -> Tensor:
    """The inverse elements off the diagonal, and zeros on it."""
    return diagonal_or(apply(RECIPROCAL, diagonal_or(differences, 1.0)), 0.0)


def product(first: Tensor, *others: Tensor) -> Tensor:
    """The product of matrices, from the left."""
    for other in others:
        first = apply(MATMUL, first, other)
    return first


def symmetric(x: Tensor) -> Tensor:
    """The symmetric part of matrices; of complex ones the hermitian part."""
    return half(apply(ADD, x, adjoint(x)))


def real(x: Tensor) -> Tensor:
    """The real part; real numbers themselves."""
    return apply(REAL, x) if is_complex(x.dtype) else x


def as_numbers(x: Tensor, like: Tensor) -> Tensor:
    """Real numbers in the dtype of others, which may be complex."""
    return x if x.dtype == like.dtype else apply(CAST, x, dtype=like.dtype)


def imaginary_diagonal(x: Tensor) -> Tensor:
    """The imaginary part of the diagonal, and zeros elsewhere; nothing of real matrices."""
    assert is_complex(x.dtype)
    imaginary = apply(IMAG, x)
    zero = fill((), 0, imaginary.dtype)
    row, column = row_and_column(x)
    return apply(COMPLEX, zero, apply(WHERE, apply(EQUAL, row, column), imaginary, zero))


def diagonal_of(x: Tensor) -> Tensor:
    """The diagonals of matrices."""
    return apply(DIAGONAL, x, offset=0, axis1=x.ndim - 2, axis2=x.ndim - 1)


def total(terms: Sequence[Tensor]) -> Tensor:
    """The sum of some tensors."""
    first, *others = terms
    for other in others:
        first = apply(ADD, first, other)
    return first


def as_row(x: Tensor) -> Tensor:
    """Vectors as matrices of one row, which scale the columns of matrices."""
    return apply(EXPAND_DIMS, x, axes=(x.ndim - 1,))


def as_column(x: Tensor) -> Tensor:
    """Vectors as matrices of one column, which scale the rows of matrices."""
    return apply(EXPAND_DIMS, x, axes=(x.ndim,))


def columns(x: Tensor, start: Size, count: Size) -> Tensor:
    """Some columns of matrices."""
    starts = (*[0] * (x.ndim - 1), start)
    return apply(SLICE, x, starts=starts, steps=(1,) * x.ndim, sizes=(*x.shape[:-1], count))
