"""Products of vectors, matrices and tensors, and parts of matrices, with NumPy's names.

Operands are promoted to a common dtype, which sums of products keep. Sizes that are known to differ raise ShapeError.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from staticad.errors import GraphError, ShapeError
from staticad.functional import elementwise, reductions
from staticad.functional.axes import as_index, normalize_axes, normalize_axis
from staticad.functional.einsum import Term, contract
from staticad.functional.front import implements
from staticad.functional.movement import expand_dims, ravel, squeeze
from staticad.ir.dims import Shape, at_least
from staticad.ir.dtypes import FLOAT64, floating, is_complex, is_inexact
from staticad.ir.graph import Attrs, Tensor, describe
from staticad.ir.provenance import here
from staticad.ir.types import Demands, broadcast_shapes, may_be_equal, same_size
from staticad.ops.base import apply, apply_all
from staticad.ops.comparison import EQUAL, LESS_EQUAL, LOGICAL_NOT
from staticad.ops.complex import CONJ, squared_modulus
from staticad.ops.contract import MATMUL
from staticad.ops.creation import fill, indices
from staticad.ops.linalg import CHOLESKY, LU_FACTOR, LU_SOLVE, SLOGDET, SOLVE_TRIANGULAR
from staticad.ops.movement import BROADCAST_TO, DIAGONAL, EXPAND_DIMS, SQUEEZE, swapped
from staticad.ops.promotion import Operand, as_operands, cast, to_tensor
from staticad.ops.reduce import MAX_OR_LOWEST
from staticad.ops.selection import WHERE
from staticad.ops.slicing import EMBED


@implements(np.matmul, np.linalg.matmul)
def matmul(x1: Operand, x2: Operand) -> Tensor:
    """The matrix product of the last two axes; the others broadcast. A vector is a row on the left, a column on the
    right, and leaves no axis behind. Numbers without axes raise ShapeError."""
    a, b = as_operands("matmul", x1, x2)
    if a.ndim == 0 or b.ndim == 0:
        raise ShapeError(f"matmul: both operands need an axis; use * for numbers ({describe(a)}, {describe(b)})")
    if a.ndim == 1 and b.ndim == 1:
        return _sum_of_products("matmul", a, b, (0,), (0,))
    left = expand_dims(a, 0) if a.ndim == 1 else a
    right = expand_dims(b, 1) if b.ndim == 1 else b
    product = apply(MATMUL, left, right)
    if a.ndim == 1:
        return squeeze(product, -2)
    return squeeze(product, -1) if b.ndim == 1 else product


def _sum_of_products(op: str, a: Tensor, b: Tensor, a_axes: tuple[int, ...], b_axes: tuple[int, ...]) -> Tensor:
    """Contracts pairs of axes; the result has the other axes of a, then those of b."""
    a_labels: list[Any] = [("a", i) for i in range(a.ndim)]
    b_labels: list[Any] = [("b", i) for i in range(b.ndim)]
    a_shape = list(a.shape)
    b_shape = list(b.shape)
    with Demands() as demands:
        for i, j in zip(a_axes, b_axes):
            size = same_size(a.shape[i], b.shape[j], demands)
            if size is None:
                raise ShapeError(
                    f"{op}: sizes {a.shape[i]} and {b.shape[j]} of the summed axes differ "
                    f"({describe(a)}, {describe(b)})"
                )
            a_shape[i] = b_shape[j] = size
            a_labels[i] = b_labels[j] = ("sum", i)
        left = Term(_checked(a, tuple(a_shape)), tuple(a_labels))
        right = Term(_checked(b, tuple(b_shape)), tuple(b_labels))
        demands.met_by(left.tensor.node.constraints, right.tensor.node.constraints)
    kept = [k for k in (*a_labels, *b_labels) if k[0] != "sum"]
    return contract(left, right, kept).tensor


def _checked(x: Tensor, shape: Shape) -> Tensor:
    """x with free sizes replaced by what they have to equal; never stretched."""
    return x if x.shape == shape else apply(BROADCAST_TO, x, shape=shape)


@implements(np.dot)
def dot(x1: Operand, x2: Operand) -> Tensor:
    """The sum of products over the last axis of x1 and the second to last (or only) axis of x2; the plain product if
    one has no axes."""
    a, b = as_operands("dot", x1, x2)
    if a.ndim == 0 or b.ndim == 0:
        return elementwise.multiply(a, b)
    return _sum_of_products("dot", a, b, (a.ndim - 1,), (max(b.ndim - 2, 0),))


@implements(np.inner)
def inner(x1: Operand, x2: Operand) -> Tensor:
    """The sum of products over the last axes; the plain product if one has no axes."""
    a, b = as_operands("inner", x1, x2)
    if a.ndim == 0 or b.ndim == 0:
        return elementwise.multiply(a, b)
    return _sum_of_products("inner", a, b, (a.ndim - 1,), (b.ndim - 1,))


@implements(np.vdot)
def vdot(x1: Operand, x2: Operand) -> Tensor:
    """The sum of all products of corresponding elements; those of x1 are conjugated where they are complex."""
    a, b = as_operands("vdot", x1, x2)
    a = apply(CONJ, a) if is_complex(a.dtype) else a
    return _sum_of_products("vdot", ravel(a), ravel(b), (0,), (0,))


@implements(np.outer, np.linalg.outer)
def outer(x1: Operand, x2: Operand) -> Tensor:
    """All products of an element of x1 with an element of x2, both flattened."""
    a, b = as_operands("outer", x1, x2)
    return elementwise.multiply(expand_dims(ravel(a), 1), expand_dims(ravel(b), 0))


@implements(np.tensordot, np.linalg.tensordot)
def tensordot(x1: Operand, x2: Operand, axes: Any = 2) -> Tensor:
    """The sum of products over the last ``axes`` axes of x1 and the first of x2, or over two lists of axes."""
    a, b = as_operands("tensordot", x1, x2)
    if isinstance(axes, (list, tuple)):
        if len(axes) != 2:
            raise ShapeError(f"tensordot: axes are a number or two lists, not {axes!r} ({describe(a)}, {describe(b)})")
        a_axes, b_axes = normalize_axes("tensordot", axes[0], a), normalize_axes("tensordot", axes[1], b)
        if len(a_axes) != len(b_axes):
            raise ShapeError(f"tensordot: {len(a_axes)} and {len(b_axes)} axes ({describe(a)}, {describe(b)})")
    else:
        count = as_index("tensordot", axes, "the number of axes", a)
        if not 0 <= count <= min(a.ndim, b.ndim):
            raise ShapeError(f"tensordot: there are no {count} axes to sum ({describe(a)}, {describe(b)})")
        a_axes, b_axes = tuple(range(a.ndim - count, a.ndim)), tuple(range(count))
    return _sum_of_products("tensordot", a, b, a_axes, b_axes)


@implements(np.diagonal)
def diagonal(x: Operand, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The elements whose index of axis2 is larger by ``offset`` than that of axis1, along a new last axis."""
    a = to_tensor(x)
    first, second = (normalize_axis("diagonal", axis, a) for axis in (axis1, axis2))
    if first == second:
        raise ShapeError(f"diagonal: axis1 and axis2 have to differ ({describe(a)})")
    return apply(DIAGONAL, a, offset=as_index("diagonal", offset, "offset", a), axis1=first, axis2=second)


@implements(np.trace)
def trace(x: Operand, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The sum of a diagonal, in the dtype of `sum`."""
    return reductions.sum(diagonal(x, offset, axis1, axis2), axis=-1)


@implements(np.diag)
def diag(x: Operand, k: int = 0) -> Tensor:
    """The k-th diagonal of a matrix, or a matrix with that diagonal and zeros elsewhere made from a vector."""
    a = to_tensor(x)
    offset = as_index("diag", k, "k", a)
    if a.ndim == 2:
        return diagonal(a, offset)
    if a.ndim != 1:
        raise ShapeError(f"diag: needs one or two axes ({describe(a)})")
    n = a.shape[0] + abs(offset)
    zero = fill((), 0, a.dtype)
    by_row = apply(EMBED, a, shape=(n,), starts=(max(-offset, 0),), steps=(1,), fill=zero.node.attrs["value"])
    row, column = indices((n, 1), 0), indices((1, n), 1)
    on_it = apply(EQUAL, column, elementwise.add(row, offset))
    return apply(WHERE, on_it, expand_dims(by_row, 1), zero)


def _below(name: str, x: Tensor, k: Any) -> Tensor:
    """Where column - row <= k."""
    if x.ndim < 2:
        raise ShapeError(f"{name}: needs at least two axes ({describe(x)})")
    n, m = x.shape[-2:]
    row, column = indices((n, 1), 0), indices((1, m), 1)
    return apply(LESS_EQUAL, column, elementwise.add(row, as_index(name, k, "k", x)))


@implements(np.tril)
def tril(x: Operand, k: int = 0) -> Tensor:
    """The matrices with zeros above the k-th diagonal."""
    a = to_tensor(x)
    return apply(WHERE, _below("tril", a, k), a, fill((), 0, a.dtype))


@implements(np.triu)
def triu(x: Operand, k: int = 0) -> Tensor:
    """The matrices with zeros below the k-th diagonal."""
    a = to_tensor(x)
    above = apply(LOGICAL_NOT, _below("triu", a, as_index("triu", k, "k", a) - 1))
    return apply(WHERE, above, a, fill((), 0, a.dtype))


@implements(np.linalg.norm, np.linalg.vector_norm)
def norm(x: Operand, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The length of vectors along one axis, or of everything that two axes or all (None) hold (Frobenius).

    ``ord`` is None or 2 for the Euclidean length, "fro" for two axes, and for one axis also 1, inf or -inf. Integers
    are float64. The norm of no elements is 0 (for -inf an error). The gradient of the Euclidean length at 0 is 0, the
    subgradient that PyTorch chooses too (JAX: NaN). Its square is a sum of squares to derivatives of every order.

    Raises ShapeError for other orders; a matrix has no order but "fro".
    """
    a = to_tensor(x)
    a = a if is_inexact(a.dtype) else cast(a, FLOAT64)
    axes = normalize_axes("norm", axis, a)
    one = len(axes) == 1
    if ord is None or (ord == "fro" and len(axes) == 2) or (one and ord == 2):
        return _length(a, axes, keepdims)
    if one and ord == 1:
        return reductions.sum(elementwise.absolute(a), axes, keepdims=keepdims)
    if one and ord == np.inf:
        return _largest(elementwise.absolute(a), axes, keepdims)
    if one and ord == -np.inf:
        return reductions.min(elementwise.absolute(a), axes, keepdims)
    raise ShapeError(f"norm: ord {ord!r} is not supported for {len(axes)} axes ({describe(a)})")


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


# ---- factorizations --------------------------------------------------------------------------------------------------


class SlogdetResult(NamedTuple):
    """What `slogdet` returns, as NumPy names it."""

    sign: Tensor
    logabsdet: Tensor


@implements(np.linalg.cholesky)
def cholesky(a: Operand, *, upper: bool = False) -> Tensor:
    """The lower triangular L with ``L @ L.T`` = a, for a symmetric positive definite matrix, or a batch of them in the
    last two axes; with ``upper`` its transpose. Of a complex one, which is hermitian, the transpose is conjugated.

    As in NumPy one triangle is read, the lower one, or with ``upper`` the upper one. The derivative is that by
    symmetric matrices and symmetric itself, as in JAX and PyTorch. A matrix that is not positive definite raises
    LinAlgError in a run.
    """
    (x,) = _matrices("cholesky", a)
    return swapped(apply(CHOLESKY, swapped(x))) if upper else apply(CHOLESKY, x)


@implements(np.linalg.solve)
def solve(a: Operand, b: Operand) -> Tensor:
    """The x with ``a @ x`` = b. As in NumPy 2, b is a vector if it has one axis, else a batch of matrices; batches of a
    and b broadcast. Its derivative uses the factors of a once more. A singular matrix raises LinAlgError in a run."""
    x, right = _matrices("solve", a, b)
    column = apply(EXPAND_DIMS, right, axes=(1,)) if right.ndim == 1 else right
    factors, pivots = apply_all(LU_FACTOR, x)
    with Demands() as demands:
        batch = _common_batch("solve", x, column, demands)
        operands = [_in_batch(t, rank, batch) for t, rank in ((x, 2), (factors, 2), (pivots, 1))]
        solved = apply(LU_SOLVE, *operands, _broadcast(column, 2, batch), trans=0)
        demands.met_by(*(t.node.constraints for t in (*solved.inputs, solved)))
    return apply(SQUEEZE, solved, axes=(solved.ndim - 1,)) if right.ndim == 1 else solved


def solve_triangular(
    a: Operand, b: Operand, trans: int | str = 0, lower: bool = False, unit_diagonal: bool = False
) -> Tensor:
    """The x with ``a @ x`` = b for a triangular a, of which the other triangle is not read; as in SciPy and JAX.

    ``trans`` is 0 or "N", 1 or "T" for ``a.T @ x`` = b, or 2 or "C" for the conjugate transpose; with
    ``unit_diagonal`` the diagonal counts as ones. b is a vector if it has one axis, else a batch of matrices; batches
    broadcast. A zero on the diagonal raises LinAlgError in a run.
    """
    if trans not in _TRANSPOSED:
        raise GraphError(f'solve_triangular: trans is 0, 1, 2, "N", "T" or "C", not {trans!r} (at {here()})')
    x, right = _matrices("solve_triangular", a, b)
    if trans in (2, "C") and is_complex(x.dtype):
        x = apply(CONJ, x)
    column = apply(EXPAND_DIMS, right, axes=(1,)) if right.ndim == 1 else right
    flags = Attrs(trans=_TRANSPOSED[trans], lower=int(lower), unit=int(unit_diagonal))
    with Demands() as demands:
        batch = _common_batch("solve_triangular", x, column, demands)
        solved = apply(SOLVE_TRIANGULAR, _in_batch(x, 2, batch), _broadcast(column, 2, batch), **flags)
        demands.met_by(*(t.node.constraints for t in (*solved.inputs, solved)))
    return apply(SQUEEZE, solved, axes=(solved.ndim - 1,)) if right.ndim == 1 else solved


_TRANSPOSED: dict[int | str, int] = {0: 0, "N": 0, 1: 1, "T": 1, 2: 1, "C": 1}


@implements(np.linalg.slogdet)
def slogdet(a: Operand) -> SlogdetResult:
    """The sign of the determinant and the logarithm of its absolute value: 0 and -inf for a singular matrix. The sign
    of a complex determinant is that number over its absolute value. The gradient of the logarithm is the inverse,
    transposed; where there is none, it raises LinAlgError in a run."""
    (x,) = _matrices("slogdet", a)
    return SlogdetResult(*apply_all(SLOGDET, x, *apply_all(LU_FACTOR, x)))


@implements(np.linalg.det)
def det(a: Operand) -> Tensor:
    """The determinant, by `slogdet`."""
    sign, logarithm = slogdet(a)
    return elementwise.multiply(sign, elementwise.exp(logarithm))


@implements(np.linalg.inv)
def inv(a: Operand) -> Tensor:
    """The inverse. ``solve(a, b)`` is faster and more accurate than ``inv(a) @ b``."""
    (x,) = _matrices("inv", a)
    row, column = indices((x.shape[-1], 1), 0), indices((1, x.shape[-1]), 1)
    one, zero = fill((), 1, x.dtype), fill((), 0, x.dtype)
    return solve(x, apply(WHERE, apply(EQUAL, row, column), one, zero))


def _matrices(name: str, a: Operand, *others: Operand) -> list[Tensor]:
    """The operands in one floating dtype; the first of them is square in its last axes."""
    operands = as_operands(name, a, *others)
    operands = [cast(t, floating(t.dtype)) for t in operands]
    x = operands[0]
    if x.ndim < 2 or not may_be_equal(*x.shape[-2:]):
        raise ShapeError(f"{name}: needs a square matrix in the last two axes ({describe(x)})")
    for other in operands[1:]:
        rows = other.shape[-min(2, other.ndim)] if other.ndim else None
        if rows is None or not may_be_equal(x.shape[-1], rows):
            raise ShapeError(f"{name}: the matrix and the right side differ in rows ({describe(x)}, {describe(other)})")
    return operands


def _common_batch(name: str, a: Tensor, b: Tensor, demands: Demands) -> Shape:
    try:
        return broadcast_shapes([a.shape[:-2], b.shape[:-2]], demands)
    except ShapeError as error:
        raise ShapeError(f"{name}: {error} ({describe(a)}, {describe(b)})") from None


def _in_batch(x: Tensor, rank: int, batch: Shape) -> Tensor:
    """x, whose last axes are those of a matrix, for every matrix of the batch: without batch axes if it is one."""
    own = x.shape[: x.ndim - rank]
    if any(size != 1 for size in own):
        return _broadcast(x, rank, batch)
    return apply(SQUEEZE, x, axes=tuple(range(len(own)))) if own else x


def _broadcast(x: Tensor, rank: int, batch: Shape) -> Tensor:
    own, core = x.shape[: x.ndim - rank], x.shape[x.ndim - rank :]
    return x if own == batch else apply(BROADCAST_TO, x, shape=(*batch, *core))
