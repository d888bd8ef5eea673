"""Factorizations of matrices and what is solved with them.

The derivatives follow I. Murray, Differentiation of the Cholesky decomposition (arXiv:1602.07527, 2016) and M. Giles,
Collected matrix derivative results for forward and reverse mode algorithmic differentiation (2008). All are made of
these ops again, so that they differentiate again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from staticad.ir.dims import floordiv
from staticad.ir.dtypes import SUPPORTED, is_complex
from staticad.ir.graph import Tensor
from staticad.ops.arithmetic import ADD, MUL, NEG, SUB
from staticad.ops.base import apply
from staticad.ops.comparison import EQUAL, LESS_EQUAL
from staticad.ops.complex import COMPLEX, IMAG, REAL
from staticad.ops.contract import MATMUL
from staticad.ops.creation import fill, zeros
from staticad.ops.library import Library
from staticad.ops.matrices import adjoint, conj, eye, half, row_and_column, swap, triangle
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS, swapped
from staticad.ops.reduce import SUM
from staticad.ops.selection import WHERE

Tangents = Sequence[Tensor | None]


def _phi(x: Tensor) -> Tensor:
    """The lower triangle with half of the diagonal."""
    row, column = row_and_column(x)
    diagonal = apply(WHERE, apply(EQUAL, row, column), half(x), x)
    return apply(WHERE, apply(LESS_EQUAL, column, row), diagonal, fill((), 0, x.dtype))


# ---- Cholesky --------------------------------------------------------------------------------------------------------


def _cholesky_numpy(a: np.ndarray) -> np.ndarray:
    if a.dtype not in SUPPORTED:  # a higher precision, in which LAPACK does not compute
        return _cholesky_columns(a)
    return np.linalg.cholesky(a)


def _cholesky_columns(a: np.ndarray) -> np.ndarray:
    """Column by column, in any precision."""
    result = np.zeros_like(a)
    for j in range(a.shape[-1]):
        rest = a[..., j:, j] - np.einsum("...ik,...k->...i", result[..., j:, :j], result[..., j, :j].conj())
        if not (rest[..., 0].real > 0).all():
            raise np.linalg.LinAlgError("Matrix is not positive definite")
        result[..., j:, j] = rest / np.sqrt(rest[..., :1].real)
    return result


def _cholesky_vjp(g: Tensor, y: Tensor, a: Tensor) -> tuple[Tensor]:
    """½ L⁻ᴴ (P + Pᴴ) L⁻¹ with P = Φ(Lᴴ G): the symmetric one of the gradients (Murray, eq. 10). It holds for
    gradients d/dx + i d/dy, the conjugates of cotangents."""
    p = _phi(apply(MATMUL, adjoint(y), conj(g)))
    left = solve_with(conj(y), apply(ADD, p, adjoint(p)), trans=1)
    return (conj(half(solve_with(conj(y), adjoint(left), trans=1))),)


def _cholesky_jvp(ts: Tangents, y: Tensor, a: Tensor) -> Tensor | None:
    """L Φ(L⁻¹ S L⁻ᴴ), where S is the symmetric part of the tangent (Murray, eq. 8)."""
    (t,) = ts
    assert t is not None
    left = solve_with(y, half(apply(ADD, t, adjoint(t))))
    return apply(MATMUL, y, _phi(solve_with(y, adjoint(left))))


CHOLESKY = Library(
    "cholesky",
    operands="fc",
    signature="(n,n)->(n,n)",
    functions=("potrf",),
    changes=((0, 0),),
    work=lambda n: floordiv(n * n * n, 6),
    failure="{matrix} is not positive definite: its leading minor of order {info} is not positive; if "
    "that is rounding, add a multiple of the identity",
    numpy=_cholesky_numpy,
    vjp=_cholesky_vjp,
    jvp=_cholesky_jvp,
    notes="lower; reads the lower triangle; the derivative is that by symmetric matrices, and symmetric",
)


# ---- triangular matrices ---------------------------------------------------------------------------------------------


def solve_with(a: Tensor, b: Tensor, trans: int = 0, lower: int = 1, unit: int = 0) -> Tensor:
    return apply(SOLVE_TRIANGULAR, a, b, trans=trans, lower=lower, unit=unit)


def _triangular_numpy(a: np.ndarray, b: np.ndarray, trans: int, lower: int, unit: int) -> np.ndarray:
    """Substitution, row by row."""
    diagonal = np.diagonal(a, axis1=-2, axis2=-1)
    diagonal = np.ones_like(diagonal) if unit else diagonal
    if (diagonal == 0).any():
        raise np.linalg.LinAlgError("Singular matrix")
    factor = np.tril(a, -1) if lower else np.triu(a, 1)
    factor = swap(factor) if trans else factor
    x = np.array(b)
    n = a.shape[-1]
    for i in range(n) if bool(lower) != bool(trans) else reversed(range(n)):
        x[..., i, :] -= np.einsum("...j,...jk->...k", factor[..., i, :], np.where(factor[..., i, :, None] != 0, x, 0))
        x[..., i, :] /= diagonal[..., i, None]
    return x


def _of_matrix(by_b: Tensor, x: Tensor, trans: int) -> Tensor:
    """The cotangent of A from those of b and the solution of op(A) x = b: -b̄ xᵀ, or its transpose."""
    return apply(NEG, apply(MATMUL, x, swapped(by_b)) if trans else apply(MATMUL, by_b, swapped(x)))


def _triangular_vjp(
    g: Tensor, y: Tensor, a: Tensor, b: Tensor, trans: int, lower: int, unit: int
) -> tuple[Tensor, ...]:
    """b̄ = op(A)⁻ᵀ G and Ā = -b̄ xᵀ, as far as A is read (Giles, 2.3.1)."""
    by_b = solve_with(a, g, 1 - trans, lower, unit)
    return triangle(_of_matrix(by_b, y, trans), lower, unit), by_b


def _triangular_jvp(ts: Tangents, y: Tensor, a: Tensor, b: Tensor, trans: int, lower: int, unit: int) -> Tensor | None:
    """op(A)⁻¹ (ḃ - op(Ȧ) x)."""
    by_a = None if ts[0] is None else triangle(ts[0], lower, unit)
    return solve_with(a, _right_side(by_a, ts[1], y, trans), trans, lower, unit)


def _right_side(by_a: Tensor | None, by_b: Tensor | None, x: Tensor, trans: int) -> Tensor:
    if by_a is None:
        assert by_b is not None
        return by_b
    moved = apply(MATMUL, swapped(by_a) if trans else by_a, x)
    return apply(NEG, moved) if by_b is None else apply(SUB, by_b, moved)


SOLVE_TRIANGULAR = Library(
    "solve_triangular",
    operands="fc",
    signature="(n,n),(n,k)->(n,k)",
    functions=("trsm",),
    changes=((1, 0),),
    work=lambda n, k: floordiv(n * n * k, 2),
    failure="{matrix} is singular: element {info} of its diagonal is 0; a system with it has no single solution",
    numpy=_triangular_numpy,
    vjp=_triangular_vjp,
    jvp=_triangular_jvp,
    notes="attrs lower, unit (a diagonal of ones), trans (1: the transposed matrix)",
)
"""The solution of op(A) x = b, where one triangle of A is read."""


# ---- LU --------------------------------------------------------------------------------------------------------------


def _exchange(x: np.ndarray, i: int, p: np.ndarray) -> None:
    """Row i of every matrix trades places with the row of number p."""
    if not x.size:
        return
    other = np.broadcast_to(p[..., None, None], (*x.shape[:-2], 1, x.shape[-1]))
    mine, theirs = x[..., i : i + 1, :].copy(), np.take_along_axis(x, other, -2)
    np.put_along_axis(x, other, mine, -2)
    x[..., i : i + 1, :] = theirs


def _lu_numpy(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian elimination of the transposed matrices with exchange of rows, in any precision."""
    m, pivots = np.array(swap(a)), np.zeros(a.shape[:-1], np.int64)
    for i in range(a.shape[-1]):
        pivots[..., i] = i + np.argmax(np.abs(m[..., i:, i].real) + np.abs(m[..., i:, i].imag), -1)
        _exchange(m, i, pivots[..., i])
        pivot = m[..., i, i, None]
        m[..., i + 1 :, i] /= np.where(pivot != 0, pivot, 1)
        m[..., i + 1 :, i + 1 :] -= m[..., i + 1 :, i, None] * m[..., i, None, i + 1 :]
    return swap(m), pivots


def _lu_parts(ys: Sequence[Tensor], a: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """L, U and A⁻¹ L, which is P U⁻¹."""
    lower = triangle(ys[0], 1, 0)
    upper = apply(ADD, triangle(ys[0], 0, 1), eye(a))
    return lower, upper, _lu_solve(a, ys[0], ys[1], lower, 0)


def _lu_vjp(gs: Tangents, ys: Sequence[Tensor], a: Tensor) -> tuple[Tensor]:
    """L⁻ᵀ F̄ (A⁻¹ L)ᵀ, where F̄ is the lower triangle of Lᵀ L̄ and the upper one of Ū Uᵀ."""
    g = gs[0]
    assert g is not None
    lower, upper, solved = _lu_parts(ys, a)
    below = triangle(apply(MATMUL, swapped(lower), triangle(g, 1, 0)), 1, 0)
    above = triangle(apply(MATMUL, triangle(g, 0, 1), swapped(upper)), 0, 1)
    return (apply(MATMUL, solve_with(ys[0], apply(ADD, below, above), trans=1), swapped(solved)),)


def _lu_jvp(ts: Tangents, ys: Sequence[Tensor], a: Tensor) -> Tangents:
    """With F = L⁻¹ Ȧ A⁻¹ L: L times its lower triangle, and its upper one times U."""
    assert ts[0] is not None
    lower, upper, solved = _lu_parts(ys, a)
    f = solve_with(ys[0], apply(MATMUL, ts[0], solved))
    by_lower, by_upper = apply(MATMUL, lower, triangle(f, 1, 0)), apply(MATMUL, triangle(f, 0, 1), upper)
    return apply(ADD, by_lower, by_upper), None


LU_FACTOR = Library(
    "lu_factor",
    operands="fc",
    signature="(n,n)->(n,n),(n):int64",
    functions=("getrf",),
    changes=((0, 0),),
    workspace=lambda n: 8 * n,
    work=lambda n: floordiv(n * n * n, 3),
    numpy=_lu_numpy,
    vjp=_lu_vjp,
    jvp=_lu_jvp,
    notes="factors of `A P = L U` in one matrix, and pivots; what reads them has a derivative by the matrix itself",
)
"""The factors of ``A P = L U``: L lower, U upper with a diagonal of ones, in one matrix; and pivots, each the column
that the next one was exchanged with. It is what LAPACK makes of a row-major matrix, which it sees transposed, without
a copy that turns it."""


def _lu_solve_numpy(a: np.ndarray, lu: np.ndarray, pivots: np.ndarray, b: np.ndarray, trans: int) -> np.ndarray:
    x, steps = np.array(b), range(b.shape[-2])
    if trans:
        for i in steps:
            _exchange(x, i, pivots[..., i])
        return _triangular_numpy(lu, _triangular_numpy(lu, x, 1, 0, 1), 1, 1, 0)
    x = _triangular_numpy(lu, _triangular_numpy(lu, x, 0, 1, 0), 0, 0, 1)
    for i in reversed(steps):
        _exchange(x, i, pivots[..., i])
    return x


def _lu_solve(a: Tensor, lu: Tensor, pivots: Tensor, b: Tensor, trans: int) -> Tensor:
    return apply(LU_SOLVE, a, lu, pivots, b, trans=trans)


def _lu_solve_vjp(
    g: Tensor, y: Tensor, a: Tensor, lu: Tensor, pivots: Tensor, b: Tensor, trans: int
) -> tuple[Tensor, None, None, Tensor]:
    """b̄ = op(A)⁻ᵀ G and Ā = -b̄ xᵀ, with the same factors (Giles, 2.3.1)."""
    by_b = _lu_solve(a, lu, pivots, g, 1 - trans)
    return _of_matrix(by_b, y, trans), None, None, by_b


def _lu_solve_jvp(
    ts: Tangents, y: Tensor, a: Tensor, lu: Tensor, pivots: Tensor, b: Tensor, trans: int
) -> Tensor | None:
    """op(A)⁻¹ (ḃ - op(Ȧ) x)."""
    return _lu_solve(a, lu, pivots, _right_side(ts[0], ts[3], y, trans), trans)


LU_SOLVE = Library(
    "lu_solve",
    called="solve",
    operands="fc",
    signature="(n,n),(n,n),(n):int64,(n,k)->(n,k)",
    functions=("trsm",),
    changes=((3, 0),),
    unread=(0,),
    work=lambda n, k: n * n * k,
    failure="{matrix} is singular: pivot {info} of its elimination is 0; a system with it has no single solution",
    numpy=_lu_solve_numpy,
    vjp=_lu_solve_vjp,
    jvp=_lu_solve_jvp,
    notes="attr trans (1: the transposed matrix); its derivative by the matrix uses the same factors",
)
"""The solution of op(A) x = b by the factors of A. The matrix itself is an operand for its derivative alone."""


# ---- determinants ----------------------------------------------------------------------------------------------------


def _slogdet_numpy(a: np.ndarray, lu: np.ndarray, pivots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    diagonal = np.diagonal(lu, axis1=-2, axis2=-1)
    if lu.dtype.kind == "c":
        swaps = (pivots != np.arange(pivots.shape[-1])).sum(-1) % 2
        size = np.abs(diagonal)
        turns = np.where(size != 0, diagonal / np.where(size != 0, size, 1), 0).prod(-1)
        return (turns * np.where(swaps, -1, 1)).astype(lu.dtype), np.log(size).sum(-1)
    swaps = (pivots != np.arange(pivots.shape[-1])) ^ (diagonal < 0)
    sign = np.where(swaps.sum(-1) % 2, -1, 1) * (diagonal != 0).all(-1)
    return sign.astype(lu.dtype), np.log(np.abs(diagonal)).sum(-1)


def _slogdet_vjp(gs: Tangents, ys: Sequence[Tensor], a: Tensor, lu: Tensor, pivots: Tensor) -> tuple[Any, ...]:
    """G A⁻ᵀ for the logarithm (Giles, 2.2.4). The sign s is piecewise constant; that of a complex matrix turns by the
    imaginary part of the trace of A⁻¹ Ȧ, times i s."""
    weight = gs[1]
    if is_complex(a.dtype):
        real = zeros(ys[1].type) if weight is None else weight
        turn = zeros(ys[1].type) if gs[0] is None else apply(IMAG, apply(MUL, gs[0], ys[0]))
        weight = apply(COMPLEX, real, turn)
    if weight is None:
        return None, None, None
    n = a.shape[-1]
    one = apply(BROADCAST_TO, eye(a), shape=(*ys[1].shape, n, n))
    rank = ys[1].ndim
    return apply(MUL, apply(EXPAND_DIMS, weight, axes=(rank, rank + 1)), _lu_solve(a, lu, pivots, one, 1)), None, None


def _slogdet_jvp(ts: Tangents, ys: Sequence[Tensor], a: Tensor, lu: Tensor, pivots: Tensor) -> Tangents:
    """The trace of A⁻¹ Ȧ, of a complex matrix the real part; its imaginary part turns the sign."""
    assert ts[0] is not None
    solved = _lu_solve(a, lu, pivots, ts[0], 0)
    row, column = row_and_column(a)
    diagonal = apply(WHERE, apply(EQUAL, row, column), solved, fill((), 0, a.dtype))
    trace = apply(SUM, diagonal, axes=(solved.ndim - 2, solved.ndim - 1))
    if not is_complex(a.dtype):
        return None, trace
    turn = apply(COMPLEX, zeros(ys[1].type), apply(IMAG, trace))
    return apply(MUL, ys[0], turn), apply(REAL, trace)


SLOGDET = Library(
    "slogdet",
    operands="fc",
    signature="(n,n),(n,n),(n):int64->(),():real",
    unread=(0,),
    work=lambda n: 20 * n,
    numpy=_slogdet_numpy,
    vjp=_slogdet_vjp,
    jvp=_slogdet_jvp,
    notes="sign and logarithm of the absolute value of a determinant, from the factors; 0 and -inf if it is singular",
)

LIBRARY_OPS = (CHOLESKY, SOLVE_TRIANGULAR, LU_FACTOR, LU_SOLVE, SLOGDET)

__all__ = ["CHOLESKY", "LIBRARY_OPS", "LU_FACTOR", "LU_SOLVE", "SLOGDET", "SOLVE_TRIANGULAR"]
