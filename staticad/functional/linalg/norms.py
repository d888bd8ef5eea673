"""Norms of vectors and matrices, condition numbers and ranks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from staticad.errors import LinAlgError, ShapeError
from staticad.functional import comparison, elementwise, reductions
from staticad.functional.axes import normalize_axes
from staticad.functional.front import implements, inexact
from staticad.functional.linalg.decompositions import svdvals
from staticad.functional.linalg.least_squares import rounding
from staticad.functional.linalg.operands import matrices, rectangular, spread
from staticad.functional.movement import expand_dims, moveaxis
from staticad.ir.dims import at_least
from staticad.ir.dtypes import INT64
from staticad.ir.graph import Tensor, describe
from staticad.ops.base import apply, apply_all
from staticad.ops.comparison import EQUAL
from staticad.ops.complex import squared_modulus
from staticad.ops.creation import fill
from staticad.ops.linalg import LU_FACTOR, LU_SOLVE
from staticad.ops.matrices import diagonal_of, eye
from staticad.ops.movement import EXPAND_DIMS
from staticad.ops.promotion import Operand, cast, to_tensor, weak_kind
from staticad.ops.reduce import MAX_OR_LOWEST
from staticad.ops.selection import WHERE

Axes = tuple[int, ...]


@implements(np.linalg.norm)
def norm(x: Operand, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The length of vectors along one axis, or the norm of matrices in two; without ``axis`` that of a vector or
    matrix, or with ``ord=None`` the root of the sum of all squares.

    Orders of vectors are numbers p for the p-th root of the sum of p-th powers (None: 2), inf and -inf for the largest
    and smallest absolute value, and 0 for the number of elements that are not 0. Orders of matrices are None or
    "fro" for the root of the sum of squares, "nuc" for the sum of singular values, 2 and -2 for the largest and
    smallest one, 1 and -1 for the largest and smallest sum of absolute values in a column, inf and -inf in a row.

    Integers are float64. The norm of no elements is 0 where the numbers are not negative (else an error). The gradient
    of the Euclidean length at 0 is 0, the subgradient that PyTorch chooses too (JAX: NaN). Its square is a sum of
    squares to derivatives of every order. Raises ShapeError for other orders.
    """
    a = inexact(x)
    axes = normalize_axes("norm", axis, a)
    if ord is None:
        return _length(a, axes, keepdims)
    if len(axes) == 1:
        return _of_vectors("norm", a, ord, axes, keepdims)
    if len(axes) == 2:
        return _of_matrices("norm", a, ord, axes, keepdims)
    raise ShapeError(f"norm: ord {ord!r} is for one or two axes, not for {len(axes)} ({describe(a)})")


@implements(np.linalg.vector_norm)
def vector_norm(x: Operand, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Tensor:
    """The norm of the vectors that all, one or several axes hold; orders as in `norm`."""
    a = inexact(x)
    return _of_vectors("vector_norm", a, ord, normalize_axes("vector_norm", axis, a), keepdims)


@implements(np.linalg.matrix_norm)
def matrix_norm(x: Operand, keepdims: bool = False, ord: Any = "fro") -> Tensor:
    """The norm of the matrices in the last two axes; orders as in `norm`."""
    a = inexact(x)
    if a.ndim < 2:
        raise ShapeError(f"matrix_norm: needs a matrix in the last two axes ({describe(a)})")
    axes = a.ndim - 2, a.ndim - 1
    return _length(a, axes, keepdims) if ord is None else _of_matrices("matrix_norm", a, ord, axes, keepdims)


def _of_vectors(name: str, a: Tensor, ord: Any, axes: Axes, keepdims: bool) -> Tensor:
    if isinstance(ord, str) or not isinstance(ord, (int, float, np.integer, np.floating)) or math.isnan(ord):
        raise ShapeError(f"{name}: ord {ord!r} is no norm of vectors ({describe(a)})")
    if ord == 2:
        return _length(a, axes, keepdims)
    sizes = elementwise.absolute(a)
    if ord == 0:
        return reductions.sum(_counted(sizes), axes, keepdims=keepdims)
    if ord == 1:
        return reductions.sum(sizes, axes, keepdims=keepdims)
    if ord == math.inf:
        return _largest(sizes, axes, keepdims)
    if ord == -math.inf:
        return reductions.min(sizes, axes, keepdims)
    return _root(reductions.sum(elementwise.power(sizes, float(ord)), axes, keepdims=keepdims), float(ord))


def _of_matrices(name: str, a: Tensor, ord: Any, axes: Axes, keepdims: bool) -> Tensor:
    rows, columns = axes
    _check_order(name, ord, a)
    if isinstance(ord, str) and ord == "fro":
        return _length(a, axes, keepdims)
    if isinstance(ord, str) and ord == "nuc" or not isinstance(ord, str) and ord in (2, -2):
        values = svdvals(moveaxis(a, (rows, columns), (-2, -1)))
        if ord == "nuc":
            found = reductions.sum(values, axis=-1)
        else:
            found = _largest(values, (values.ndim - 1,), False) if ord == 2 else reductions.min(values, axis=-1)
        return expand_dims(found, tuple(sorted(axes))) if keepdims else found
    if isinstance(ord, str) or ord not in (1, -1, math.inf, -math.inf):
        raise ShapeError(f"{name}: ord {ord!r} is no norm of matrices ({describe(a)})")
    summed, compared = (rows, columns) if abs(ord) == 1 else (columns, rows)
    sums = reductions.sum(elementwise.absolute(a), summed, keepdims=True)
    found = _largest(sums, (compared,), True) if ord > 0 else reductions.min(sums, compared, keepdims=True)
    return found if keepdims else reductions.sum(found, axes)


def _check_order(name: str, ord: Any, a: Tensor) -> None:
    if not isinstance(ord, (str, int, float, np.integer, np.floating)):
        raise ShapeError(f"{name}: ord {ord!r} is no norm of matrices ({describe(a)})")


def _counted(sizes: Tensor) -> Tensor:
    zero, one = fill((), 0, sizes.dtype), fill((), 1, sizes.dtype)
    return apply(WHERE, apply(EQUAL, sizes, zero), zero, one)


def _root(total: Tensor, order: float) -> Tensor:
    """The root; of 1 where the sum is 0, so that its infinite derivative never arises."""
    if order < 0:
        return elementwise.power(total, 1 / order)
    zero = apply(EQUAL, total, fill((), 0, total.dtype))
    root = elementwise.power(apply(WHERE, zero, fill((), 1, total.dtype), total), 1 / order)
    return apply(WHERE, zero, fill((), 0, total.dtype), root)


def _largest(sizes: Tensor, axes: tuple[int, ...], keepdims: bool) -> Tensor:
    """The maximum of numbers that are not negative, 0 of none."""
    top = apply(MAX_OR_LOWEST, sizes, axes=axes)
    if not all(at_least(sizes.shape[a], 1) for a in axes):
        top = elementwise.maximum(top, 0)
    return apply(EXPAND_DIMS, top, axes=axes) if keepdims else top


def _length(x: Tensor, axes: tuple[int, ...], keepdims: bool) -> Tensor:
    """sqrt(Σ|x|²); the root is taken of 1 where the sum is 0, so that its infinite derivative never arises."""
    squares = reductions.sum(squared_modulus(x), axes, keepdims=keepdims)
    zero = apply(EQUAL, squares, fill((), 0, squares.dtype))
    root = elementwise.sqrt(apply(WHERE, zero, fill((), 1, squares.dtype), squares))
    return apply(WHERE, zero, fill((), 0, squares.dtype), root)


@implements(np.linalg.cond)
def cond(x: Operand, p: Any = None) -> Tensor:
    """The condition number: the largest singular value divided by the smallest, or with ``p`` the norm of that order
    (see `norm`) times that of the inverse. It is inf for a singular matrix. Raises LinAlgError for matrices that are
    known to have no elements."""
    a = rectangular("cond", x)
    if 0 in a.shape[-2:]:
        raise LinAlgError(f"cond: a matrix without elements has no condition number ({describe(a)})")
    if p is not None:
        _check_order("cond", p, a)
    if p is None or (not isinstance(p, str) and p in (2, -2)):
        values = svdvals(a)
        first, last = values[..., 0], values[..., -1]
        ratio = elementwise.divide(*((last, first) if p == -2 else (first, last)))
    else:
        (a,) = matrices("cond", a)
        factors, pivots = apply_all(LU_FACTOR, a)
        singular = reductions.any(apply(EQUAL, diagonal_of(factors), fill((), 0, a.dtype)), axis=-1)
        one, mask, axes = eye(a), expand_dims(singular, (-2, -1)), (a.ndim - 2, a.ndim - 1)
        safe, regular = (elementwise.where(mask, one, x) for x in (a, factors))
        inverse = apply(LU_SOLVE, safe, regular, pivots, spread(one, 2, a.shape[:-2]), trans=0)
        product = elementwise.multiply(norm(a, p, axes), norm(inverse, p, axes))
        ratio = elementwise.where(singular, math.inf, product)
    has_nan = reductions.any(comparison.isnan(a), axis=(-2, -1))
    undefined = comparison.logical_and(comparison.isnan(ratio), comparison.logical_not(has_nan))
    return elementwise.where(undefined, math.inf, ratio)


def _for_each_matrix(given: Operand) -> Operand:
    """One number for all matrices, or an array with one for each."""
    if weak_kind(given) is not None:
        return given
    numbers = to_tensor(given)
    return numbers if numbers.ndim == 0 else expand_dims(numbers, -1)


@implements(np.linalg.matrix_rank)
def matrix_rank(
    A: Operand, tol: Operand | None = None, hermitian: bool = False, *, rtol: Operand | None = None
) -> Tensor:
    """How many singular values are larger than ``tol``, or than ``rtol`` times the largest (without both: the larger
    size times the precision). Of a vector 1, unless it is zero. ``hermitian`` makes no difference."""
    a = to_tensor(A)
    if a.ndim < 2:
        return cast(reductions.any(comparison.not_equal(a, 0)), INT64)
    if tol is not None and rtol is not None:
        raise ShapeError(f"matrix_rank: give tol or rtol, not both ({describe(a)})")
    x = rectangular("matrix_rank", a)
    values = svdvals(x)
    limit: Operand
    if tol is None:
        limit = _largest(values, (values.ndim - 1,), True) * _for_each_matrix(rounding(x) if rtol is None else rtol)
    else:
        limit = _for_each_matrix(tol)
    return reductions.sum(comparison.greater(values, limit), axis=-1)
