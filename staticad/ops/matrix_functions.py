"""Rectangular LU factors and least squares.

The derivatives follow G. Golub and V. Pereyra, The differentiation of pseudo-inverses (1973). They are made of ops
again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from staticad.ir.dims import Size, at_least, maximum, minimum
from staticad.ir.graph import Tensor
from staticad.ops.arithmetic import ADD, MUL, NEG, SUB
from staticad.ops.assemble import CONCATENATE
from staticad.ops.base import apply, apply_all
from staticad.ops.comparison import EQUAL, LESS_EQUAL, LOGICAL_AND
from staticad.ops.creation import fill, size_tensor
from staticad.ops.decompositions import SVD
from staticad.ops.indexing import GATHER_ALONG
from staticad.ops.library import Library
from staticad.ops.linalg import solve_with
from staticad.ops.matrices import (
    adjoint,
    as_numbers,
    as_row,
    columns,
    conj,
    diagonal_of,
    eye,
    product,
    real,
    row_and_column,
    swap,
    total,
    triangle,
)
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS, swapped
from staticad.ops.selection import WHERE
from staticad.ops.slicing import EMBED, SLICE

Tangents = Sequence[Tensor | None]


def _smaller(m: Size, n: Size) -> Size:
    return minimum(m, n)


# ---- LU of any shape -------------------------------------------------------------------------------------------------


def _lu_numpy(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian elimination of the transposed matrices with exchange of rows."""
    m = np.array(swap(a))
    count = min(m.shape[-2:])
    pivots = np.zeros((*a.shape[:-2], count), np.int64)
    for place in np.ndindex(a.shape[:-2]):
        x = m[place]
        for i in range(count):
            p = i + int(np.argmax(np.abs(x[i:, i].real) + np.abs(x[i:, i].imag)))
            pivots[(*place, i)] = p
            x[[i, p]] = x[[p, i]]
            x[i + 1 :, i] /= x[i, i] if x[i, i] != 0 else 1
            x[i + 1 :, i + 1 :] -= np.outer(x[i + 1 :, i], x[i, i + 1 :])
    return np.ascontiguousarray(swap(m)), pivots


def _squares(factors: Tensor) -> tuple[Tensor, Tensor]:
    """L, completed by ones on the diagonal, and U as square matrices."""
    m, n = factors.shape[-2:]
    k = minimum(m, n)
    lower = _grown(triangle(columns(factors, 0, k), 1, 0), m)
    row, column = row_and_column(lower)
    added = apply(LOGICAL_AND, apply(EQUAL, row, column), apply(LESS_EQUAL, size_tensor(k), row))
    starts, sizes = (0,) * factors.ndim, (*factors.shape[:-2], k, n)
    upper = _grown(triangle(apply(SLICE, factors, starts=starts, steps=(1,) * factors.ndim, sizes=sizes), 0, 1), n)
    return apply(WHERE, added, fill((), 1, lower.dtype), lower), apply(ADD, upper, eye(upper))


def _grown(x: Tensor, size: Size) -> Tensor:
    zero = fill((), 0, x.dtype).node.attrs["value"]
    shape, starts = (*x.shape[:-2], size, size), (0,) * x.ndim
    return apply(EMBED, x, shape=shape, starts=starts, steps=(1,) * x.ndim, fill=zero)


def _permuted(x: Tensor, order: Tensor) -> Tensor:
    """The columns of matrices in another order, for each matrix its own."""
    places = apply(BROADCAST_TO, apply(EXPAND_DIMS, order, axes=(order.ndim - 1,)), shape=x.shape)
    return apply(GATHER_ALONG, x, places, axes=(x.ndim - 1,), position=0, aligned=True)


def _lu_vjp(gs: Tangents, ys: Sequence[Tensor], a: Tensor) -> tuple[Tensor]:
    """L⁻ᵀ F̄ U⁻ᵀ in the order of the columns, where F̄ is the lower triangle of Lᵀ Ḡ and the upper one of Ḡ Uᵀ."""
    g, (lower, upper) = gs[0], _squares(ys[0])
    assert g is not None
    by_f = apply(
        ADD, triangle(product(swapped(lower), g), 1, 0), triangle(product(g, swapped(upper)), 0, 1)
    )  # fmt: skip
    left = solve_with(lower, by_f, trans=1, lower=1)
    solved = swapped(solve_with(upper, swapped(left), lower=0, unit=1))
    _, inverse = apply_all(PIVOT_ORDER, *ys)
    return (_permuted(solved, inverse),)


def _lu_jvp(ts: Tangents, ys: Sequence[Tensor], a: Tensor) -> Tangents:
    """With F = L⁻¹ Ȧ U⁻¹: L times its lower triangle, and its upper one times U."""
    (t,), (lower, upper) = ts, _squares(ys[0])
    assert t is not None
    order, _ = apply_all(PIVOT_ORDER, *ys)
    left = solve_with(lower, _permuted(t, order), lower=1)
    f = swapped(solve_with(upper, swapped(left), trans=1, lower=0, unit=1))
    return apply(ADD, product(lower, triangle(f, 1, 0)), product(triangle(f, 0, 1), upper)), None


LU = Library(
    "lu",
    operands="fc",
    signature="(m,n)->(m,n),(k):int64",
    functions=("getrf",),
    changes=((0, 0),),
    derived={"k": _smaller},
    workspace=lambda m, n, k: 8 * k,
    work=lambda m, n, k: m * n * k,
    numpy=_lu_numpy,
    vjp=_lu_vjp,
    jvp=_lu_jvp,
    notes="`lu_factor` of matrices of any shape; the derivative needs a regular first square",
)
"""The factors of ``A P = L U`` in one matrix, with ones on the diagonal of U, and pivots."""


def _order_numpy(lu: np.ndarray, pivots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n = lu.shape[-1]
    order = np.broadcast_to(np.arange(n), (*lu.shape[:-2], n)).copy()
    for place in np.ndindex(order.shape[:-1]):
        for i, p in enumerate(pivots[place] if pivots.ndim > 1 else pivots):
            if 0 <= p < n:
                order[place][[i, p]] = order[place][[p, i]]
    return order, np.argsort(order, -1)


PIVOT_ORDER = Library(
    "pivot_order",
    operands="fc",
    signature="(m,n),(k):int64->(n):int64,(n):int64",
    unread=(0,),
    work=lambda m, n, k: 4 * n,
    numpy=_order_numpy,
    nondifferentiable=True,
    notes="the order of columns that pivots make, and the inverse of that permutation",
)


# ---- least squares ---------------------------------------------------------------------------------------------------


def _lstsq_numpy(a: np.ndarray, b: np.ndarray, rcond: np.ndarray) -> tuple[np.ndarray, ...]:
    m, n, k = *a.shape[-2:], b.shape[-1]
    batch = b.shape[:-2]
    x = np.zeros((*batch, n, k), a.dtype)
    rank, values = np.zeros(batch, np.int64), np.zeros((*batch, min(m, n)), a.real.dtype)
    for place in np.ndindex(batch):
        matrix = a[place] if a.ndim > 2 else a
        u, s, vh = np.linalg.svd(matrix, full_matrices=False)
        limit = rcond[place] if rcond.ndim else rcond
        kept = (s > limit * s.max(initial=0)) & (s > 0)
        inverse, adjoint_basis = vh.conj().T * np.where(kept, 1 / np.where(kept, s, 1), 0), u.conj().T
        first = inverse @ (adjoint_basis @ b[place])
        residual = b[place] - matrix @ first
        x[place] = first + inverse @ (adjoint_basis @ residual)  # which takes back what the singular vectors are off
        rank[place], values[place] = kept.sum(), s
    return x, rank, values


def _pseudo_inverse(a: Tensor, rcond: Tensor) -> Tensor:
    m = a.shape[-2]
    one = apply(BROADCAST_TO, eye(fill((m, m), 0, a.dtype)), shape=(*a.shape[:-2], m, m))
    return apply_all(LSTSQ, a, one, rcond)[0]


Solves = Callable[..., tuple[Tensor, ...]]


def _solves(a: Tensor, b: Tensor, rcond: Tensor) -> tuple[Solves, Solves]:
    """Two functions of matrices: the pseudo-inverse of a times each, and its adjoint times each. It is made only where
    the right side b has as many columns as it has; else each call solves for the columns of all its matrices."""
    if at_least(b.shape[-1] - a.shape[-2], 0):
        inverse = _pseudo_inverse(a, rcond)
        return (
            lambda *sides: tuple(product(inverse, side) for side in sides),
            lambda *sides: tuple(product(adjoint(inverse), side) for side in sides),
        )

    def solve(matrix: Tensor, sides: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        counts = [side.shape[-1] for side in sides]
        joined = sides[0] if len(sides) == 1 else apply(CONCATENATE, *sides, axis=sides[0].ndim - 1)
        found = apply_all(LSTSQ, matrix, joined, rcond)[0]
        if len(sides) == 1:
            return (found,)
        return tuple(columns(found, sum(counts[:number]), count) for number, count in enumerate(counts))

    return lambda *sides: solve(a, sides), lambda *sides: solve(adjoint(a), sides)


def _values_vjp(g: Tensor, a: Tensor) -> Tensor:
    u, _, vh = apply_all(SVD, a)
    return product(apply(MUL, u, as_row(as_numbers(g, a))), vh)


def _lstsq_vjp(
    gs: Tangents, ys: Sequence[Tensor], a: Tensor, b: Tensor, rcond: Tensor
) -> tuple[Tensor | None, Tensor | None, None]:
    """With P the pseudo-inverse and r = b - A x: b̄ = Pᴴ G and Ā = -b̄ xᴴ + r (P b̄)ᴴ + Pᴴ x (G - Aᴴ b̄)ᴴ, where Aᴴ Pᴴ
    is P A, for gradients d/dx + i d/dy, the conjugates of cotangents."""
    g, _, by_values = gs
    parts, by_b = [], None
    if g is not None:
        x, g = ys[0], conj(g)
        solved, solved_adjoint = _solves(a, b, rcond)
        by_b, above = solved_adjoint(g, x)
        (inside,) = solved(by_b)
        rest = apply(SUB, b, product(a, x))
        outside = apply(SUB, g, product(adjoint(a), by_b))
        parts = [
            apply(NEG, product(by_b, adjoint(x))),
            product(rest, adjoint(inside)),
            product(above, adjoint(outside)),
        ]
    if by_values is not None:
        parts.append(_values_vjp(by_values, a))
    return conj(total(parts)), None if by_b is None else conj(by_b), None


def _lstsq_jvp(ts: Tangents, ys: Sequence[Tensor], a: Tensor, b: Tensor, rcond: Tensor) -> Tangents:
    """P (ḃ - Ȧ x + Pᴴ Ȧᴴ r) + (1 - P A) Ȧᴴ Pᴴ x, where P A is Aᴴ Pᴴ."""
    by_a, by_b, _ = ts
    x = ys[0]
    solved, solved_adjoint = _solves(a, b, rcond)
    if by_a is None:
        assert by_b is not None
        return solved(by_b)[0], None, None
    moved = product(by_a, x)
    moved = apply(NEG, moved) if by_b is None else apply(SUB, by_b, moved)
    (above,) = solved_adjoint(x)
    turned = product(adjoint(by_a), above)
    residual = product(adjoint(by_a), apply(SUB, b, product(a, x)))
    residual, projected = solved_adjoint(residual, turned)
    (inside,) = solved(apply(ADD, moved, residual))
    outside = apply(SUB, turned, product(adjoint(a), projected))
    u, _, vh = apply_all(SVD, a)
    values = real(diagonal_of(product(adjoint(u), by_a, adjoint(vh))))
    return apply(ADD, inside, outside), None, values


LSTSQ = Library(
    "lstsq",
    operands="fc",
    normwise=True,
    signature="(m,n),(m,k),():real->(n,k),():int64,(r):real",
    optional=(2,),
    functions=("gels", "gelsd", "trtri"),
    derived={"r": lambda m, n, k: minimum(m, n), "s": lambda m, n, k: maximum(m, n)},
    workspace=lambda m, n, k, r, s: 8 * (m * n + s * k + 374 * r + r * k + 3 * s + 701),
    work=lambda m, n, k, r, s: 4 * m * n * (r + k) + 1,
    failure="the singular values of {matrix} did not converge (status {info}); are all its elements finite numbers?",
    numpy=_lstsq_numpy,
    vjp=_lstsq_vjp,
    jvp=_lstsq_jvp,
    notes="the solution of least norm, the rank, and the singular values; those that are smaller than rcond times the "
    "largest count as zero; where nobody reads them, matrices of full rank are solved without them; the derivative is "
    "that at matrices of the same rank",
)


MATRIX_FUNCTION_OPS = (LU, PIVOT_ORDER, LSTSQ)
