"""Eigenvalues of symmetric matrices, singular values, orthogonal factors.

The derivatives follow M. Giles, Collected matrix derivative results for forward and reverse mode algorithmic
differentiation (2008), J. Townsend, Differentiating the singular value decomposition (2016), and S. Walter and L.
Lehmann, Algorithmic differentiation of linear algebra functions (arXiv:1001.1654, 2010), as in JAX. All are made of ops
again. Vectors of equal eigenvalues or singular values have no derivative: it is infinite or NaN there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from staticad.errors import GradientError
from staticad.ir.dims import Size, at_least, minimum
from staticad.ir.graph import Tensor, describe
from staticad.ops.arithmetic import ADD, DIV, MUL, NEG, SUB
from staticad.ops.assemble import CONCATENATE
from staticad.ops.base import apply, apply_all
from staticad.ops.creation import fill
from staticad.ops.library import Library
from staticad.ops.linalg import solve_with
from staticad.ops.matrices import (
    as_column,
    as_row,
    columns,
    diagonal_of,
    diagonal_or,
    inverse_differences,
    product,
    symmetric,
    total,
    triangle,
)
from staticad.ops.movement import swapped

Tangents = Sequence[Tensor | None]

NO_CONVERGENCE = "the {what} of {{matrix}} did not converge (status {{info}}); are all its elements finite numbers?"


def _scaled_columns(x: Tensor, factors: Tensor) -> Tensor:
    return apply(MUL, x, as_row(factors))


def _smaller(m: Size, n: Size) -> Size:
    return minimum(m, n)


# ---- eigenvalues of symmetric matrices -------------------------------------------------------------------------------


def _eigh_numpy(a: np.ndarray, upper: int) -> tuple[np.ndarray, np.ndarray]:
    values, vectors = np.linalg.eigh(a, "U" if upper else "L")
    return values, vectors


def _eigh_vjp(gs: Tangents, ys: Sequence[Tensor], a: Tensor, upper: int) -> tuple[Tensor]:
    """V (diag(ē) + F∘(Vᵀ V̄)) Vᵀ with F = 1 / (eⱼ - eᵢ): the symmetric one of the gradients (Giles, 3.1)."""
    values, vectors = ys
    if gs[1] is None:
        assert gs[0] is not None
        return (product(_scaled_columns(vectors, gs[0]), swapped(vectors)),)
    inverse = inverse_differences(apply(SUB, as_row(values), as_column(values)))
    inner = apply(MUL, inverse, product(swapped(vectors), gs[1]))
    if gs[0] is not None:
        inner = diagonal_or(inner, gs[0])
    return (symmetric(product(vectors, inner, swapped(vectors))),)


def _eigh_jvp(ts: Tangents, ys: Sequence[Tensor], a: Tensor, upper: int) -> Tangents:
    """The diagonal of Vᵀ Ȧ V, and V (F∘(Vᵀ Ȧ V)), for the symmetric part of the tangent."""
    (t,) = ts
    assert t is not None
    values, vectors = ys
    inner = product(swapped(vectors), symmetric(t), vectors)
    inverse = inverse_differences(apply(SUB, as_row(values), as_column(values)))
    return diagonal_of(inner), product(vectors, apply(MUL, inverse, inner))


EIGH = Library(
    "eigh",
    normwise=True,
    signature="(n,n)->(n),(n,n)",
    functions=("syevd",),
    workspace=lambda n: 8 * (4 + 11 * n + 3 * n * n),
    work=lambda n: 9 * n * n * n,
    failure=NO_CONVERGENCE.format(what="eigenvalues"),
    numpy=_eigh_numpy,
    vjp=_eigh_vjp,
    jvp=_eigh_jvp,
    notes="attr upper says which triangle is read; the derivative is that by symmetric matrices, and symmetric; that "
    "of eigenvectors of equal eigenvalues does not exist (infinite or NaN)",
)
"""Eigenvalues in ascending order, and eigenvectors as columns."""


def _eigvalsh_vjp(g: Tensor, y: Tensor, a: Tensor, upper: int) -> tuple[Tensor]:
    vectors = apply_all(EIGH, a, upper=upper)[1]
    return (product(_scaled_columns(vectors, g), swapped(vectors)),)


def _eigvalsh_jvp(ts: Tangents, y: Tensor, a: Tensor, upper: int) -> Tensor:
    assert ts[0] is not None
    vectors = apply_all(EIGH, a, upper=upper)[1]
    return diagonal_of(product(swapped(vectors), symmetric(ts[0]), vectors))


EIGVALSH = Library(
    "eigvalsh",
    normwise=True,
    signature="(n,n)->(n)",
    functions=("syevd",),
    workspace=lambda n: 8 * (4 + 40 * n + n * n),
    work=lambda n: 2 * n * n * n,
    failure=NO_CONVERGENCE.format(what="eigenvalues"),
    numpy=lambda a, upper: np.linalg.eigvalsh(a, "U" if upper else "L"),
    vjp=_eigvalsh_vjp,
    jvp=_eigvalsh_jvp,
    notes="the eigenvalues of `eigh` alone; attr upper; the derivative is by symmetric matrices",
)


# ---- singular values -------------------------------------------------------------------------------------------------


def _svd_numpy(full: bool) -> Callable[[np.ndarray], tuple[np.ndarray, ...]]:
    return lambda a: tuple(np.linalg.svd(a, full_matrices=full))


def _svd_inverse(s: Tensor) -> Tensor:
    """1 / (sⱼ² - sᵢ²), by factors that lose no digits."""
    row, column = as_row(s), as_column(s)
    return inverse_differences(apply(MUL, apply(SUB, row, column), apply(ADD, row, column)))


def _complement(u: Tensor, x: Tensor) -> Tensor:
    """(1 - U Uᵀ) x."""
    return apply(SUB, x, product(u, product(swapped(u), x)))


def _svd_vjp(gs: Tangents, ys: Sequence[Tensor], a: Tensor) -> tuple[Tensor]:
    """U P Vᵀ with P = diag(s̄) + (Y + Yᵀ) S + S (Z + Zᵀ), Y = F∘(Uᵀ Ū), Z = F∘(Vᵀ V̄) and F = 1 / (sⱼ² - sᵢ²), and what
    lies outside of the spaces of U and V."""
    u, s, vh = ys
    by_u, by_s, by_vh = gs
    m, n = a.shape[-2:]
    inner, outer = [], []
    if by_u is not None:
        y = apply(MUL, _svd_inverse(s), product(swapped(u), by_u))
        inner.append(_scaled_columns(apply(ADD, y, swapped(y)), s))
        if not at_least(n - m, 0):
            outer.append(product(_complement(u, apply(DIV, by_u, as_row(s))), vh))
    if by_vh is not None:
        z = apply(MUL, _svd_inverse(s), product(vh, swapped(by_vh)))
        inner.append(apply(MUL, as_column(s), apply(ADD, z, swapped(z))))
        if not at_least(m - n, 0):
            outside = swapped(_complement(swapped(vh), swapped(apply(DIV, by_vh, as_column(s)))))
            outer.append(product(u, outside))
    if not inner:
        assert by_s is not None
        return (product(_scaled_columns(u, by_s), vh),)
    middle = total(inner)
    if by_s is not None:
        middle = diagonal_or(middle, apply(ADD, diagonal_of(middle), by_s))
    return (total([product(u, middle, vh), *outer]),)


def _svd_jvp(ts: Tangents, ys: Sequence[Tensor], a: Tensor) -> Tangents:
    """U (F∘(P S + S Pᵀ)), the diagonal of P = Uᵀ Ȧ V, and V (F∘(S P + Pᵀ S)), and what lies outside of the spaces."""
    (t,) = ts
    assert t is not None
    u, s, vh = ys
    m, n = a.shape[-2:]
    p, inverse = product(swapped(u), t, swapped(vh)), _svd_inverse(s)
    by_column, by_row = _scaled_columns(p, s), apply(MUL, as_column(s), p)
    du = product(u, apply(MUL, inverse, apply(ADD, by_column, swapped(by_column))))
    dv = product(swapped(vh), apply(MUL, inverse, apply(ADD, by_row, swapped(by_row))))
    if not at_least(n - m, 0):
        du = apply(ADD, du, _complement(u, apply(DIV, product(t, swapped(vh)), as_row(s))))
    if not at_least(m - n, 0):
        dv = apply(ADD, dv, _complement(swapped(vh), apply(DIV, product(swapped(t), u), as_row(s))))
    return du, diagonal_of(p), swapped(dv)


def _svd_room(m: Size, n: Size, k: Size, u: Size, v: Size) -> Size:
    return 8 * (m * n + m + n + 4 * k * k + 15 * k)


SVD = Library(
    "svd",
    normwise=True,
    signature="(m,n)->(m,u),(k),(v,n)",
    functions=("gesdd",),
    derived=dict.fromkeys("kuv", _smaller),
    workspace=_svd_room,
    work=lambda m, n, k, **_: 14 * m * n * k,
    failure=NO_CONVERGENCE.format(what="singular values"),
    numpy=_svd_numpy(False),
    vjp=_svd_vjp,
    jvp=_svd_jvp,
    notes="as many singular vectors as values; the derivative of vectors of equal values does not exist (infinite or "
    "NaN), and that of vectors of a value 0 neither where the matrix is not square",
)
"""U, the singular values in descending order, and Vᵀ."""


def _full_svd_vjp(gs: Tangents, ys: Sequence[Tensor], a: Tensor) -> tuple[Tensor]:
    if gs[0] is not None or gs[2] is not None:
        raise _no_derivative("svd", "full_matrices=False", a)
    assert gs[1] is not None
    return _svdvals_vjp(gs[1], ys[1], a)


def _full_svd_jvp(ts: Tangents, ys: Sequence[Tensor], a: Tensor) -> Tangents:
    raise _no_derivative("svd", "full_matrices=False", a)


def _no_derivative(name: str, remedy: str, a: Tensor) -> GradientError:
    return GradientError(
        f"{name}: the vectors that complete a basis have no derivative ({describe(a)}); take {remedy}, or an array "
        "that is known to be square"
    )


FULL_SVD = Library(
    "full_svd",
    normwise=True,
    called="svd",
    signature="(m,n)->(m,u),(k),(v,n)",
    functions=("gesdd",),
    derived={"k": _smaller, "u": lambda m, n: m, "v": lambda m, n: n},
    workspace=_svd_room,
    work=lambda m, n, k, **_: 14 * m * n * k,
    failure=NO_CONVERGENCE.format(what="singular values"),
    numpy=_svd_numpy(True),
    vjp=_full_svd_vjp,
    jvp=_full_svd_jvp,
    notes="singular vectors that are complete bases; only the values have a gradient",
)


def _svdvals_vjp(g: Tensor, y: Tensor, a: Tensor) -> tuple[Tensor]:
    u, _, vh = apply_all(SVD, a)
    return (product(_scaled_columns(u, g), vh),)


def _svdvals_jvp(ts: Tangents, y: Tensor, a: Tensor) -> Tensor:
    assert ts[0] is not None
    u, _, vh = apply_all(SVD, a)
    return diagonal_of(product(swapped(u), ts[0], swapped(vh)))


SVDVALS = Library(
    "svdvals",
    normwise=True,
    signature="(m,n)->(k)",
    functions=("gesdd",),
    derived={"k": _smaller},
    workspace=lambda m, n, k: 8 * (m * n + m + n + 80 * k),
    work=lambda m, n, k: 3 * m * n * k,
    failure=NO_CONVERGENCE.format(what="singular values"),
    numpy=lambda a: np.linalg.svd(a, compute_uv=False),
    vjp=_svdvals_vjp,
    jvp=_svdvals_jvp,
    notes="the values of `svd` alone",
)


# ---- orthogonal factors ----------------------------------------------------------------------------------------------


def _of_r(x: Tensor, r: Tensor) -> Tensor:
    """x R⁻¹."""
    return swapped(solve_with(r, swapped(x), trans=1, lower=0))


def _of_r_transposed(x: Tensor, r: Tensor) -> Tensor:
    """x R⁻ᵀ."""
    return swapped(solve_with(r, swapped(x), trans=0, lower=0))


def _square_part(a: Tensor, q: Tensor, r: Tensor) -> Size | None:
    """Of how many first columns R is a triangle, if there may be more."""
    m, n = a.shape[-2:]
    return None if at_least(m - n, 0) else q.shape[-1]


def _tall_qr_vjp(by_q: Tensor | None, by_r: Tensor | None, q: Tensor, r: Tensor) -> Tensor:
    """(Q̄ + Q C) R⁻ᵀ, where C is symmetric, with the lower triangle of R R̄ᵀ - Q̄ᵀ Q (Walter and Lehmann)."""
    parts = []
    if by_r is not None:
        parts.append(product(r, swapped(triangle(by_r, 0, 0))))
    if by_q is not None:
        moved = product(swapped(by_q), q)
        parts = [apply(SUB, parts[0], moved)] if parts else [apply(NEG, moved)]
    lower = triangle(parts[0], 1, 0)
    copied = product(q, apply(ADD, lower, swapped(triangle(lower, 1, 1))))
    return _of_r_transposed(copied if by_q is None else apply(ADD, by_q, copied), r)


def _qr_vjp(gs: Tangents, ys: Sequence[Tensor], a: Tensor) -> tuple[Tensor]:
    """Of a wide matrix [X Y], Q and the first part of R belong to X, and the rest of R is Qᵀ Y."""
    by_q, by_r = gs
    q, r = ys
    k = _square_part(a, q, r)
    if k is None:
        return (_tall_qr_vjp(by_q, by_r, q, r),)
    rest = a.shape[-1] - k
    if by_r is None:
        by_x = _tall_qr_vjp(by_q, None, q, columns(r, 0, k))
        return (apply(CONCATENATE, by_x, fill((*a.shape[:-1], rest), 0, a.dtype), axis=a.ndim - 1),)
    by_rest = columns(by_r, k, rest)
    moved = product(columns(a, k, rest), swapped(by_rest))
    by_x = _tall_qr_vjp(moved if by_q is None else apply(ADD, by_q, moved), columns(by_r, 0, k), q, columns(r, 0, k))
    return (apply(CONCATENATE, by_x, product(q, by_rest), axis=a.ndim - 1),)


def _tall_qr_jvp(t: Tensor, q: Tensor, r: Tensor) -> tuple[Tensor, Tensor]:
    """Q W + (1 - Q Qᵀ) Ȧ R⁻¹ and (Qᵀ Ȧ R⁻¹ - W) R, where W is antisymmetric with the lower triangle of Qᵀ Ȧ R⁻¹."""
    moved = _of_r(t, r)
    inner = product(swapped(q), moved)
    lower = triangle(inner, 1, 1)
    rest = apply(SUB, inner, apply(SUB, lower, swapped(lower)))
    return apply(SUB, moved, product(q, rest)), product(rest, r)


def _qr_jvp(ts: Tangents, ys: Sequence[Tensor], a: Tensor) -> Tangents:
    (t,) = ts
    assert t is not None
    q, r = ys
    k = _square_part(a, q, r)
    if k is None:
        return _tall_qr_jvp(t, q, r)
    rest = a.shape[-1] - k
    by_q, by_r = _tall_qr_jvp(columns(t, 0, k), q, columns(r, 0, k))
    beyond = apply(ADD, product(swapped(by_q), columns(a, k, rest)), product(swapped(q), columns(t, k, rest)))
    return by_q, apply(CONCATENATE, by_r, beyond, axis=a.ndim - 1)


def _qr_numpy(mode: Literal["reduced", "complete"]) -> Callable[[np.ndarray], tuple[np.ndarray, ...]]:
    return lambda a: tuple(np.linalg.qr(a, mode))


def _qr_room(m: Size, n: Size, k: Size, q: Size) -> Size:
    return 8 * (m * n + k + minimum(32, k) * (n + q))


QR = Library(
    "qr",
    normwise=True,
    signature="(m,n)->(m,q),(q,n)",
    functions=("gelqf", "orglq"),
    derived=dict.fromkeys("kq", _smaller),
    workspace=_qr_room,
    work=lambda m, n, k, q: 4 * m * n * k,
    numpy=_qr_numpy("reduced"),
    vjp=_qr_vjp,
    jvp=_qr_jvp,
    notes="the signs are LAPACK's; the derivative needs a regular triangle in R",
)
"""Q with as many columns as the smaller size, and the triangle R."""


def _full_qr_vjp(gs: Tangents, ys: Sequence[Tensor], a: Tensor) -> tuple[Tensor]:
    raise _no_derivative("qr", 'mode="reduced"', a)


FULL_QR = Library(
    "full_qr",
    normwise=True,
    called="qr",
    signature="(m,n)->(m,q),(q,n)",
    functions=("gelqf", "orglq"),
    derived={"k": _smaller, "q": lambda m, n: m},
    workspace=_qr_room,
    work=lambda m, n, k, q: 4 * m * n * q,
    numpy=_qr_numpy("complete"),
    vjp=_full_qr_vjp,
    jvp=_full_qr_vjp,
    notes="Q is a complete basis; has no derivative",
)

DECOMPOSITION_OPS = (EIGH, EIGVALSH, SVD, FULL_SVD, SVDVALS, QR, FULL_QR)
