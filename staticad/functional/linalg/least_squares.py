"""Least squares, pseudo-inverses, and systems of tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from staticad.errors import ShapeError
from staticad.functional import comparison, elementwise, reductions
from staticad.functional.axes import as_index, normalize_axes
from staticad.functional.front import implements, inexact
from staticad.functional.linalg.operands import common_batch, in_batch, rectangular, spread, unit
from staticad.functional.linalg.systems import inv, solve
from staticad.functional.movement import reshape, transpose
from staticad.ir.dims import at_least, maximum, minimum, product
from staticad.ir.dtypes import finfo, real_dtype
from staticad.ir.graph import Tensor, describe
from staticad.ir.types import Demands, may_be_equal
from staticad.ops.base import apply, apply_all
from staticad.ops.complex import squared_modulus
from staticad.ops.creation import fill, size_tensor
from staticad.ops.matrix_functions import LSTSQ
from staticad.ops.movement import EXPAND_DIMS, SQUEEZE
from staticad.ops.promotion import Operand, as_operands, cast, to_tensor
from staticad.records import NamedTuple


class LstsqResult(NamedTuple):
    """What `lstsq` returns, in NumPy's order."""

    x: Tensor
    residuals: Tensor
    rank: Tensor
    s: Tensor


def rounding(x: Tensor) -> Tensor:
    """The larger size of matrices times the distance between 1 and the next number."""
    count = cast(size_tensor(maximum(*x.shape[-2:])), real_dtype(x.dtype))
    return elementwise.multiply(count, float(finfo(x.dtype).eps))


def _limit(rcond: Any, x: Tensor) -> Tensor:
    """What singular values count as zero, relative to the largest; negative numbers are for the precision."""
    if rcond is None:
        return rounding(x)
    given = cast(to_tensor(rcond), real_dtype(x.dtype))
    return elementwise.where(comparison.less(given, 0), float(finfo(x.dtype).eps), given)


@implements(np.linalg.lstsq)
def lstsq(a: Operand, b: Operand, rcond: Operand | None = None) -> LstsqResult:
    """The x of least norm for which ``a @ x - b`` is shortest, the sums of squares of that, the rank of a, and its
    singular values. Those below ``rcond`` times the largest count as zero (None: the larger size times the precision;
    negative: the precision). a may be a batch of matrices; b is a vector if it has one axis.

    ``residuals`` have no element where a has no more rows than columns, as in NumPy; of free sizes that is part of
    their own size. Otherwise they have one for each right side, where NumPy returns none if the rank is less than the
    number of columns: that is known in a run only. Where nobody reads the singular values, a matrix that has full rank
    is solved by a QR factorization, in a fraction of the time. The derivative is that at matrices of the same rank
    (Golub and Pereyra): none exists where the rank changes.
    """
    left, y = as_operands("lstsq", inexact(a), inexact(b))
    x = rectangular("lstsq", left)
    m, n = x.shape[-2:]
    if y.ndim == 0 or not may_be_equal(m, y.shape[-min(2, y.ndim)]):
        raise ShapeError(f"lstsq: the matrix and the right side differ in rows ({describe(x)}, {describe(y)})")
    column = apply(EXPAND_DIMS, y, axes=(1,)) if y.ndim == 1 else y
    solution, rank, values = _least_squares("lstsq", x, column, _limit(rcond, x))
    if at_least(n - m, 0):
        residuals = fill((*solution.shape[:-2], 0), 0, values.dtype)
    else:
        rest = elementwise.subtract(column, x @ solution)
        residuals = reductions.sum(squared_modulus(rest), axis=-2)
        if not at_least(m - n, 1):
            taller = minimum(maximum(m - n, 0), 1)
            residuals = residuals[..., : residuals.shape[-1] * taller]
    if y.ndim == 1:
        solution = apply(SQUEEZE, solution, axes=(solution.ndim - 1,))
    return LstsqResult(solution, residuals, rank, values)


def _least_squares(name: str, x: Tensor, column: Tensor, limit: Tensor) -> tuple[Tensor, ...]:
    with Demands() as demands:
        batch = common_batch(name, x, column, demands)
        limits = limit if limit.ndim == 0 else spread(limit, 0, batch)
        operands = in_batch(x, 2, batch), spread(column, 2, batch), limits
        found = apply_all(LSTSQ, *operands)
        demands.met_by(*(t.node.constraints for t in (*operands, found[0])))
    return found


@implements(np.linalg.pinv)
def pinv(a: Operand, rcond: Operand | None = None, hermitian: bool = False, *, rtol: Operand | None = None) -> Tensor:
    """The pseudo-inverse: of singular values below ``rcond`` (or ``rtol``) times the largest it has none. One limit
    for all matrices, or one for each of the batch; None is the larger size times the precision, as in the array API
    standard (NumPy's own default is 1e-15 in every dtype). ``hermitian`` is a promise that makes no difference: NumPy
    reads one triangle only, here all of the matrix is read.

    The derivative is that at matrices of the same rank (Golub and Pereyra): none exists where the rank changes.
    """
    x = rectangular("pinv", a)
    if rcond is not None and rtol is not None:
        raise ShapeError(f"pinv: give rcond or rtol, not both ({describe(x)})")
    m = x.shape[-2]
    one = unit(m, x.dtype)
    limit = _limit(rtol if rcond is None else rcond, x)
    if limit.ndim:
        limit = elementwise.add(limit, fill(x.shape[:-2], 0, limit.dtype))
    return _least_squares("pinv", x, spread(one, 2, x.shape[:-2]), limit)[0]


@implements(np.linalg.tensorsolve)
def tensorsolve(a: Operand, b: Operand, axes: Any = None) -> Tensor:
    """The x with ``tensordot(a, x, x.ndim)`` = b. ``axes`` of a are moved to the end first."""
    x, right = as_operands("tensorsolve", inexact(a), inexact(b))
    if axes is not None:
        last = normalize_axes("tensorsolve", axes, x)
        x = transpose(x, tuple(k for k in range(x.ndim) if k not in last) + last)
    shape = x.shape[right.ndim :]
    if x.ndim < right.ndim or not may_be_equal(product(shape), product(x.shape[: right.ndim])):
        raise ShapeError(f"tensorsolve: as many equations as unknowns are needed ({describe(x)}, {describe(right)})")
    if not may_be_equal(product(right.shape), product(shape)):
        raise ShapeError(
            f"tensorsolve: the right side has another number of elements ({describe(x)}, {describe(right)})"
        )
    count = product(shape)
    return reshape(solve(reshape(x, (count, count)), reshape(right, (count,))), shape)


@implements(np.linalg.tensorinv)
def tensorinv(a: Operand, ind: int = 2) -> Tensor:
    """The inverse for `tensordot` over ``ind`` axes: the first ``ind`` axes of a come last in it."""
    x = to_tensor(a)
    count = as_index("tensorinv", ind, "ind", x)
    if not 0 < count <= x.ndim:
        raise ShapeError(f"tensorinv: ind is a number from 1 to the number of axes ({describe(x)})")
    first, last = x.shape[:count], x.shape[count:]
    if not may_be_equal(product(first), product(last)):
        raise ShapeError(f"tensorinv: the first {count} axes and the others differ in elements ({describe(x)})")
    return reshape(inv(reshape(x, (product(first), product(last)))), (*last, *first))
