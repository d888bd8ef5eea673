"""Eigenvalues of symmetric and hermitian matrices, singular values, orthogonal factors.

The derivatives follow M. Giles, Collected matrix derivative results for forward and reverse mode algorithmic
differentiation (2008), J. Townsend, Differentiating the singular value decomposition (2016), and S. Walter and L.
Lehmann, Algorithmic differentiation of linear algebra functions (arXiv:1001.1654, 2010), as in JAX. All are made of ops
again. Vectors of equal eigenvalues or singular values have no derivative: it is infinite or NaN there.

Rules of complex matrices are written for gradients d/dx + i d/dy, the conjugates of cotangents. Complex vectors have a
phase that nothing determines; how it moves is a choice, which is JAX's: an eigenvector has no change along itself, a
pair of singular vectors has it on the left, and the diagonal of R stays real.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from staticad.errors import GradientError
from staticad.ir.dims import Size, at_least, minimum
from staticad.ir.dtypes import is_complex
from staticad.ir.graph import Tensor, describe
from staticad.ops.arithmetic import ADD, DIV, MUL, NEG, RECIPROCAL, SUB
from staticad.ops.assemble import CONCATENATE
from staticad.ops.base import apply, apply_all
from staticad.ops.creation import fill
from staticad.ops.library import Library
from staticad.ops.linalg import solve_with
from staticad.ops.matrices import (
    adjoint,
    as_column,
    as_numbers,
    as_row,
    columns,
    conj,
    diagonal_of,
    diagonal_or,
    imaginary_diagonal,
    inverse_differences,
    product,
    real,
    symmetric,
    total,
    triangle,
)
from staticad.ops.movement import swapped

Tangents = Sequence[Tensor | None]

NO_CONVERGENCE = "the {what} of {{matrix}} did not converge (status {{info}}); are all its elements finite numbers?"


def _scaled_columns(x: Tensor, factors: Tensor) -> Tensor:
    return apply(MUL, x, as_row(as_numbers(factors, x)))


def _smaller(m: Size, n: Size) -> Size:
    return minimum(m, n)


# ---- eigenvalues of symmetric matrices -------------------------------------------------------------------------------


def _eigh_numpy(a: np.ndarray, upper: int) -> tuple[np.ndarray, np.ndarray]:
    values, vectors = np.linalg.eigh(a, "U" if upper else "L")
    return values, vectors


def _eigh_vjp(gs: Tangents, ys: Sequence[Tensor], a: Tensor, upper: int) -> tuple[Tensor]:
    """V (diag(ē) + F∘(Vᴴ V̄)) Vᴴ with F = 1 / (eⱼ - eᵢ): the symmetric one of the gradients (Giles, 3.1)."""
    values, vectors = ys
    if gs[1] is None:
        assert gs[0] is not None
        return (conj(product(_scaled_columns(vectors, gs[0]), adjoint(vectors))),)
    inner = apply(MUL, _eigh_inverse(values, a), product(adjoint(vectors), conj(gs[1])))
    if gs[0] is not None:
        inner = diagonal_or(inner, as_numbers(gs[0], a))
    return (conj(symmetric(product(vectors, inner, adjoint(vectors)))),)


def _eigh_jvp(ts: Tangents, ys: Sequence[Tensor], a: Tensor, upper: int) -> Tangents:
    """The diagonal of Vᴴ Ȧ V, and V (F∘(Vᴴ Ȧ V)), for the symmetric part of the tangent."""
    (t,) = ts
    assert t is not None
    values, vectors = ys
    inner = product(adjoint(vectors), symmetric(t), vectors)
    return real(diagonal_of(inner)), product(vectors, apply(MUL, _eigh_inverse(values, a), inner))


def _eigh_inverse(values: Tensor, like: Tensor) -> Tensor:
    return as_numbers(inverse_differences(apply(SUB, as_row(values), as_column(values))), like)


EIGH = Library(
    "eigh",
    operands="fc",
    normwise=True,
    signature="(n,n)->(n):real,(n,n)",
    optional=(1,),
    functions=("syevd",),
    workspace=lambda n: 8 * (4 + 11 * n + 3 * n * n),
    work=lambda n: 9 * n * n * n,
    failure=NO_CONVERGENCE.format(what="eigenvalues"),
    numpy=_eigh_numpy,
    vjp=_eigh_vjp,
    jvp=_eigh_jvp,
    notes="attr upper says which triangle is read; vectors that nobody reads are not made; the derivative is that by "
    "symmetric (hermitian) matrices, and symmetric; that of eigenvectors of equal eigenvalues does not exist (infinite "
    "or NaN)",
)
"""Eigenvalues in ascending order, and eigenvectors as columns."""


# ---- singular values -------------------------------------------------------------------------------------------------


def _svd_numpy(full: bool) -> Callable[[np.ndarray], tuple[np.ndarray, ...]]:
    return lambda a: tuple(np.linalg.svd(a, full_matrices=full))


def _svd_inverse(s: Tensor, like: Tensor) -> Tensor:
    """1 / (sⱼ² - sᵢ²), by factors that lose no digits."""
    row, column = as_row(s), as_column(s)
    inverse = inverse_differences(apply(MUL, apply(SUB, row, column), apply(ADD, row, column)))
    return as_numbers(inverse, like)


def _complement(u: Tensor, x: Tensor) -> Tensor:
    """(1 - U Uᴴ) x."""
    return apply(SUB, x, product(u, product(adjoint(u), x)))


def _values_vjp(g: Tensor, u: Tensor, vh: Tensor) -> tuple[Tensor]:
    return (conj(product(_scaled_columns(u, g), vh)),)


def _svd_vjp(gs: Tangents, ys: Sequence[Tensor], a: Tensor) -> tuple[Tensor]:
    """U P Vᴴ with P = diag(s̄) + (Y + Yᴴ) S + S (Z + Zᴴ), Y = F∘(Uᴴ Ū), Z = F∘(Vᴴ V̄) and F = 1 / (sⱼ² - sᵢ²), and what
    lies outside of the spaces of U and V. Of complex matrices the phase of U adds i Im(Uᴴ Ū) / s on the diagonal."""
    u, s, vh = ys
    by_u, by_s, by_vh = gs
    if by_u is None and by_vh is None:
        assert by_s is not None
        return _values_vjp(by_s, u, vh)
    m, n = a.shape[-2:]
    sizes = as_numbers(s, a)
    inner, outer = [], []
    if by_u is not None:
        by_u = conj(by_u)
        moved = product(adjoint(u), by_u)
        y = apply(MUL, _svd_inverse(s, a), moved)
        inner.append(_scaled_columns(apply(ADD, y, adjoint(y)), sizes))
        if is_complex(a.dtype):
            inner.append(_scaled_columns(imaginary_diagonal(moved), apply(RECIPROCAL, sizes)))
        if not at_least(n - m, 0):
            outer.append(product(_complement(u, apply(DIV, by_u, as_row(sizes))), vh))
    if by_vh is not None:
        by_vh = conj(by_vh)
        z = apply(MUL, _svd_inverse(s, a), product(vh, adjoint(by_vh)))
        inner.append(apply(MUL, as_column(sizes), apply(ADD, z, adjoint(z))))
        if not at_least(m - n, 0):
            outside = adjoint(_complement(adjoint(vh), adjoint(apply(DIV, by_vh, as_column(sizes)))))
            outer.append(product(u, outside))
    middle = total(inner)
    if by_s is not None:
        middle = diagonal_or(middle, apply(ADD, diagonal_of(middle), as_numbers(by_s, a)))
    return (conj(total([product(u, middle, vh), *outer])),)


def _svd_jvp(ts: Tangents, ys: Sequence[Tensor], a: Tensor) -> Tangents:
    """U (F∘(P S + S Pᴴ)), the diagonal of P = Uᴴ Ȧ V, and V (F∘(S P + Pᴴ S)), and what lies outside of the spaces. Of
    complex matrices U has the change of the phase, i Im(P) / s on the diagonal."""
    (t,) = ts
    assert t is not None
    u, s, vh = ys
    m, n = a.shape[-2:]
    sizes = as_numbers(s, a)
    p, inverse = product(adjoint(u), t, adjoint(vh)), _svd_inverse(s, a)
    by_column, by_row = _scaled_columns(p, sizes), apply(MUL, as_column(sizes), p)
    inner = apply(MUL, inverse, apply(ADD, by_column, adjoint(by_column)))
    if is_complex(a.dtype):
        inner = apply(ADD, inner, _scaled_columns(imaginary_diagonal(p), apply(RECIPROCAL, sizes)))
    du = product(u, inner)
    dv = product(adjoint(vh), apply(MUL, inverse, apply(ADD, by_row, adjoint(by_row))))
    if not at_least(n - m, 0):
        du = apply(ADD, du, _complement(u, apply(DIV, product(t, adjoint(vh)), as_row(sizes))))
    if not at_least(m - n, 0):
        dv = apply(ADD, dv, _complement(adjoint(vh), apply(DIV, product(adjoint(t), u), as_row(sizes))))
    return du, real(diagonal_of(p)), adjoint(dv)


def _svd_room(m: Size, n: Size, k: Size, u: Size, v: Size) -> Size:
    return 8 * (m * n + m * u + v * n + m + n + 4 * k * k + 15 * k)


SVD = Library(
    "svd",
    operands="fc",
    normwise=True,
    signature="(m,n)->(m,u),(k):real,(v,n)",
    optional=(0, 2),
    functions=("gesdd",),
    derived=dict.fromkeys("kuv", _smaller),
    workspace=_svd_room,
    work=lambda m, n, k, **_: 14 * m * n * k,
    failure=NO_CONVERGENCE.format(what="singular values"),
    numpy=_svd_numpy(False),
    vjp=_svd_vjp,
    jvp=_svd_jvp,
    notes="as many singular vectors as values, which are not made where nobody reads them; the derivative of vectors "
    "of equal values does not exist (infinite or NaN), and that of vectors of a value 0 neither where the matrix is "
    "complex or not square",
)
"""U, the singular values in descending order, and Vᴴ."""


def _full_svd_vjp(gs: Tangents, ys: Sequence[Tensor], a: Tensor) -> tuple[Tensor]:
    if gs[0] is not None or gs[2] is not None:
        raise _no_derivative("svd", "full_matrices=False", a)
    assert gs[1] is not None
    u, _, vh = apply_all(SVD, a)
    return _values_vjp(gs[1], u, vh)


def _full_svd_jvp(ts: Tangents, ys: Sequence[Tensor], a: Tensor) -> Tangents:
    raise _no_derivative("svd", "full_matrices=False", a)


def _no_derivative(name: str, remedy: str, a: Tensor) -> GradientError:
    return GradientError(
        f"{name}: the vectors that complete a basis have no derivative ({describe(a)}); take {remedy}, or an array "
        "that is known to be square"
    )


FULL_SVD = Library(
    "full_svd",
    operands="fc",
    normwise=True,
    called="svd",
    signature="(m,n)->(m,u),(k):real,(v,n)",
    optional=(0, 2),
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


# ---- orthogonal factors ----------------------------------------------------------------------------------------------


def _of_r(x: Tensor, r: Tensor) -> Tensor:
    """x R⁻¹."""
    return swapped(solve_with(r, swapped(x), trans=1, lower=0))


def _of_r_adjoint(x: Tensor, r: Tensor) -> Tensor:
    """x R⁻ᴴ."""
    return adjoint(solve_with(r, adjoint(x), trans=0, lower=0))


def _square_part(a: Tensor, q: Tensor, r: Tensor) -> Size | None:
    """Of how many first columns R is a triangle, if there may be more."""
    m, n = a.shape[-2:]
    return None if at_least(m - n, 0) else q.shape[-1]


def _tall_qr_vjp(by_q: Tensor | None, by_r: Tensor | None, q: Tensor, r: Tensor) -> Tensor:
    """(Q̄ + Q C) R⁻ᴴ, where C is symmetric, with the lower triangle of R R̄ᴴ - Q̄ᴴ Q (Walter and Lehmann), and hermitian
    for complex matrices: of the diagonal it has the real part."""
    parts = []
    if by_r is not None:
        parts.append(product(r, adjoint(triangle(by_r, 0, 0))))
    if by_q is not None:
        moved = product(adjoint(by_q), q)
        parts = [apply(SUB, parts[0], moved)] if parts else [apply(NEG, moved)]
    lower = triangle(parts[0], 1, 0)
    if is_complex(lower.dtype):
        lower = apply(SUB, lower, imaginary_diagonal(lower))
    copied = product(q, apply(ADD, lower, adjoint(triangle(lower, 1, 1))))
    return _of_r_adjoint(copied if by_q is None else apply(ADD, by_q, copied), r)


def _qr_vjp(gs: Tangents, ys: Sequence[Tensor], a: Tensor) -> tuple[Tensor]:
    """Of a wide matrix [X Y], Q and the first part of R belong to X, and the rest of R is Qᴴ Y."""
    by_q, by_r = (None if g is None else conj(g) for g in gs)
    q, r = ys
    k = _square_part(a, q, r)
    if k is None:
        return (conj(_tall_qr_vjp(by_q, by_r, q, r)),)
    rest = a.shape[-1] - k
    if by_r is None:
        by_x = _tall_qr_vjp(by_q, None, q, columns(r, 0, k))
        return (conj(apply(CONCATENATE, by_x, fill((*a.shape[:-1], rest), 0, a.dtype), axis=a.ndim - 1)),)
    by_rest = columns(by_r, k, rest)
    moved = product(columns(a, k, rest), adjoint(by_rest))
    by_x = _tall_qr_vjp(moved if by_q is None else apply(ADD, by_q, moved), columns(by_r, 0, k), q, columns(r, 0, k))
    return (conj(apply(CONCATENATE, by_x, product(q, by_rest), axis=a.ndim - 1)),)


def _tall_qr_jvp(t: Tensor, q: Tensor, r: Tensor) -> tuple[Tensor, Tensor]:
    """Q W + (1 - Q Qᴴ) Ȧ R⁻¹ and (Qᴴ Ȧ R⁻¹ - W) R, where W is antisymmetric with the lower triangle of Qᴴ Ȧ R⁻¹, and
    of complex matrices the imaginary part of its diagonal."""
    moved = _of_r(t, r)
    inner = product(adjoint(q), moved)
    lower = triangle(inner, 1, 1)
    rest = apply(SUB, inner, apply(SUB, lower, adjoint(lower)))
    if is_complex(inner.dtype):
        rest = apply(SUB, rest, imaginary_diagonal(inner))
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
    beyond = apply(ADD, product(adjoint(by_q), columns(a, k, rest)), product(adjoint(q), columns(t, k, rest)))
    return by_q, apply(CONCATENATE, by_r, beyond, axis=a.ndim - 1)


def _qr_numpy(mode: Literal["reduced", "complete"]) -> Callable[[np.ndarray], tuple[np.ndarray, ...]]:
    return lambda a: tuple(np.linalg.qr(a, mode))


def _qr_room(m: Size, n: Size, k: Size, q: Size) -> Size:
    return 8 * (m * n + k + minimum(32, k) * (n + q))


QR = Library(
    "qr",
    operands="fc",
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
    operands="fc",
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

DECOMPOSITION_OPS = (EIGH, SVD, FULL_SVD, QR, FULL_QR)
