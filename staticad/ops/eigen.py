"""Eigenvalues of any square matrix, Schur forms, square roots of matrices, Sylvester's equation.

The derivatives of eigenvalues and eigenvectors follow C. Boeddeker et al., On the computation of complex-valued
gradients with application to statistically optimum beamforming (arXiv:1701.00392, 2017), as in PyTorch; that of the
root X of a matrix solves X Ẋ + Ẋ X = Ȧ. Rules that are not holomorphic are written for gradients d/dx + i d/dy, the
conjugates of cotangents.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from staticad.errors import GradientError
from staticad.ir.dtypes import is_complex
from staticad.ir.graph import Tensor, describe
from staticad.late import later
from staticad.ops.arithmetic import MUL, NEG, SUB
from staticad.ops.base import apply, apply_all
from staticad.ops.decompositions import NO_CONVERGENCE
from staticad.ops.library import Library
from staticad.ops.linalg import LU_FACTOR, LU_SOLVE
from staticad.ops.matrices import (
    adjoint,
    as_column,
    as_numbers,
    as_row,
    conj,
    diagonal_of,
    diagonal_or,
    inverse_differences,
    product,
    real,
    total,
)
from staticad.ops.movement import swapped

if TYPE_CHECKING:
    from scipy import linalg
else:
    linalg = later("scipy.linalg")  # which the reference needs, and nothing else

Tangents = Sequence[Tensor | None]


def _eig_numpy(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values, vectors = np.linalg.eig(a)
    kind = np.result_type(a.dtype, np.complex64)
    return values.astype(kind), vectors.astype(kind)


def _inverse(values: Tensor) -> Tensor:
    """1 / (eⱼ - eᵢ), and 0 on the diagonal."""
    return inverse_differences(apply(SUB, as_row(values), as_column(values)))


def _lengths(vectors: Tensor, inner: Tensor) -> Tensor:
    """Vᴴ V diag(Re(Vᴴ x)), what a change of vectors that keep their length has less, given Vᴴ x."""
    by_length = as_numbers(real(diagonal_of(inner)), vectors)
    return apply(MUL, product(adjoint(vectors), vectors), as_row(by_length))


def _eig_vjp(gs: Tangents, ys: Sequence[Tensor], a: Tensor) -> tuple[Tensor]:
    """V⁻ᵀ (diag(ē) + F∘(Vᴴ V̄ - Vᴴ V diag(Re(Vᴴ V̄)))) Vᵀ with F = 1 / (eⱼ - eᵢ), where what stands in the product with F
    is conjugated."""
    values, vectors = ys
    by_values, by_vectors = gs
    if by_vectors is None:
        assert by_values is not None
        right = apply(MUL, as_column(by_values), swapped(vectors))
    else:
        moved = product(adjoint(vectors), conj(by_vectors))
        inner = apply(MUL, _inverse(values), conj(apply(SUB, moved, _lengths(vectors, moved))))
        if by_values is not None:
            inner = diagonal_or(inner, by_values)
        right = product(inner, swapped(vectors))
    solved = apply(LU_SOLVE, vectors, *apply_all(LU_FACTOR, vectors), right, trans=1)
    return (solved if is_complex(a.dtype) else real(solved),)


def _eig_jvp(ts: Tangents, ys: Sequence[Tensor], a: Tensor) -> Tangents:
    """The diagonal of P = V⁻¹ Ȧ V, and V (F∘P) less what changes the length of a vector."""
    (t,) = ts
    assert t is not None
    values, vectors = ys
    moved = product(as_numbers(t, vectors), vectors)
    p = apply(LU_SOLVE, vectors, *apply_all(LU_FACTOR, vectors), moved, trans=0)
    change = product(vectors, apply(MUL, _inverse(values), p))
    along = as_numbers(real(diagonal_of(product(adjoint(vectors), change))), vectors)
    return diagonal_of(p), apply(SUB, change, apply(MUL, vectors, as_row(along)))


EIG = Library(
    "eig",
    operands="fc",
    normwise=True,
    signature="(n,n)->(n):complex,(n,n):complex",
    functions=("geev",),
    optional=(1,),
    workspace=lambda n: 8 * (2 * n * n + 40 * n),
    work=lambda n: 25 * n * n * n,
    failure=NO_CONVERGENCE.format(what="eigenvalues"),
    numpy=_eig_numpy,
    vjp=_eig_vjp,
    jvp=_eig_jvp,
    notes="always complex; vectors of length 1, which are not made where nobody reads them; in the derivative a vector "
    "keeps its length, and has no change along itself but one of phase; derivatives need a regular matrix of vectors, "
    "those of vectors of equal eigenvalues do not exist (infinite or NaN)",
)
"""Eigenvalues in LAPACK's order, and eigenvectors as columns."""


# ---- Schur forms -----------------------------------------------------------------------------------------------------


def _schur_numpy(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    form, basis = np.empty_like(a), np.empty_like(a)
    for place in np.ndindex(a.shape[:-2]):
        if a.shape[-1]:
            form[place], basis[place] = linalg.schur(a[place], "complex" if a.dtype.kind == "c" else "real")
    return form, basis


def _no_schur_vjp(gs: Tangents, ys: Sequence[Tensor], a: Tensor) -> tuple[Tensor]:
    raise GradientError(f"schur: Schur forms have no derivative here ({describe(a)}); eig and eigvals have one")


SCHUR = Library(
    "schur",
    operands="fc",
    normwise=True,
    signature="(n,n)->(n,n),(n,n)",
    functions=("gees",),
    workspace=lambda n: 8 * (2 * n * n + 40 * n),
    work=lambda n: 25 * n * n * n,
    failure=NO_CONVERGENCE.format(what="Schur form"),
    numpy=_schur_numpy,
    vjp=_no_schur_vjp,
    jvp=_no_schur_vjp,
    notes="an upper triangle, of real matrices with blocks of two rows for pairs of eigenvalues, and the basis; has no "
    "derivative",
)
"""T and Z with ``A = Z T Zᴴ``."""


# ---- Sylvester's equation --------------------------------------------------------------------------------------------


def _sylvester_numpy(
    a: np.ndarray, b: np.ndarray, r: np.ndarray, u: np.ndarray, s: np.ndarray, v: np.ndarray, q: np.ndarray
) -> np.ndarray:
    """By one system for all elements of a solution, of the matrices whose Schur forms these are."""
    x = np.empty_like(q)
    m, n = q.shape[-2:]
    whole = [basis @ form @ basis.conj().swapaxes(-1, -2) for form, basis in ((r, u), (s, v))]
    for place in np.ndindex(q.shape[:-2]):
        left, right = (t[place] if t.ndim > 2 else t for t in whole)
        system = np.kron(left, np.eye(n)) + np.kron(np.eye(m), right.T)
        x[place] = np.linalg.solve(system, q[place].reshape(-1)).reshape(m, n)
    return x


def _sylvester_vjp(
    g: Tensor, y: Tensor, a: Tensor, b: Tensor, r: Tensor, u: Tensor, s: Tensor, v: Tensor, q: Tensor
) -> tuple[Tensor | None, ...]:
    """Q̄ solves Aᵀ Q̄ + Q̄ Bᵀ = G; Ā = -Q̄ Xᵀ and B̄ = -Xᵀ Q̄."""
    by_q = swapped(apply(SYLVESTER, b, a, s, v, r, u, swapped(g)))
    by_a, by_b = (apply(NEG, product(*factors)) for factors in ((by_q, swapped(y)), (swapped(y), by_q)))
    return by_a, by_b, None, None, None, None, by_q


def _sylvester_jvp(
    ts: Tangents, y: Tensor, a: Tensor, b: Tensor, r: Tensor, u: Tensor, s: Tensor, v: Tensor, q: Tensor
) -> Tensor:
    """The solution for Q̇ - Ȧ X - X Ḃ."""
    parts = [] if ts[6] is None else [ts[6]]
    if ts[0] is not None:
        parts.append(apply(NEG, product(ts[0], y)))
    if ts[1] is not None:
        parts.append(apply(NEG, product(y, ts[1])))
    return apply(SYLVESTER, a, b, r, u, s, v, total(parts))


SYLVESTER: Library = Library(
    "sylvester",
    operands="c",
    normwise=True,
    called="solve_sylvester",
    signature="(m,m),(n,n),(m,m),(m,m),(n,n),(n,n),(m,n)->(m,n)",
    functions=("gemm",),
    unread=(0, 1),
    workspace=lambda m, n: 16 * m * n,
    work=lambda m, n: 3 * m * n * (m + n),
    failure="an eigenvalue of {matrix} is the negative of one of the other matrix (row {info} of its Schur form): "
    "there is no single solution",
    numpy=_sylvester_numpy,
    vjp=_sylvester_vjp,
    jvp=_sylvester_jvp,
    notes="X with `A X + X B = Q`, by the Schur forms R, U of A and S, V of B; its derivative uses the same ones",
)
"""The solution by Schur forms. The matrices themselves are operands for its derivative alone."""


# ---- square roots ----------------------------------------------------------------------------------------------------


def _sqrtm_numpy(a: np.ndarray, t: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    root = np.zeros_like(t)
    n = t.shape[-1]
    for j in range(n):
        root[..., j, j] = np.sqrt(t[..., j, j])
        for i in reversed(range(j)):
            rest = t[..., i, j] - np.einsum("...k,...k->...", root[..., i, i + 1 : j], root[..., i + 1 : j, j])
            size = root[..., i, i] + root[..., j, j]
            if ((size == 0) & (rest != 0)).any():
                raise np.linalg.LinAlgError("Singular matrix")
            root[..., i, j] = np.where(size != 0, rest / np.where(size != 0, size, 1), rest)
    return z @ root @ np.conj(np.swapaxes(z, -1, -2)), root


def _root_equation(x: Tensor, root: Tensor, z: Tensor, q: Tensor) -> Tensor:
    """The solution of X Y + Y X = Q, whose Schur form has the basis of A."""
    return apply(SYLVESTER, x, x, root, z, root, z, q)


def _sqrtm_vjp(
    gs: Tangents, ys: Sequence[Tensor], a: Tensor, t: Tensor, z: Tensor
) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
    """Xᵀ Ā + Ā Xᵀ = G, transposed."""
    x, root = ys
    assert gs[0] is not None
    return swapped(_root_equation(x, root, z, swapped(gs[0]))), None, None


def _sqrtm_jvp(ts: Tangents, ys: Sequence[Tensor], a: Tensor, t: Tensor, z: Tensor) -> Tangents:
    """X Ẋ + Ẋ X = Ȧ."""
    x, root = ys
    assert ts[0] is not None
    return _root_equation(x, root, z, ts[0]), None


SQRTM = Library(
    "sqrtm",
    operands="c",
    normwise=True,
    signature="(n,n),(n,n),(n,n)->(n,n),(n,n)",
    functions=("gemm",),
    unread=(0,),
    workspace=lambda n: 8 * n * n,
    work=lambda n: 3 * n * n * n,
    failure="{matrix} is singular and has no square root (column {info} of its Schur form)",
    numpy=_sqrtm_numpy,
    vjp=_sqrtm_vjp,
    jvp=_sqrtm_jvp,
    notes="the square root by the Schur form, whose root is the second result; the derivative by the matrix itself "
    "needs a regular one",
)
"""The principal square root. The matrix itself is an operand for its derivative alone."""

EIGEN_OPS = (EIG, SCHUR, SYLVESTER, SQRTM)
