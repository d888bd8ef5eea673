"""Products and linear algebra: stacks, no matrices, matrices without elements, every mode whose result is unique."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.outside.comparisons.table import Case, Table, uniform

S, R = uniform(-0.5, 0.5, 2, 3, 3) + 1.5 * np.eye(3), uniform(-1, 1, 2, 4, 3) + 2 * np.eye(4, 3)[::-1]
A, B, V, W = uniform(-1, 1, 2, 3, 4), uniform(-1, 1, 2, 4, 2), uniform(-1, 1, 3), uniform(-1, 1, 4)
THREES = uniform(-1, 1, 4, 3)


def both(call: Any, *operands: np.ndarray, **given: Any) -> Case:
    return Case(call, operands, "fc", **given)


def definite(x: Any) -> Any:
    return x @ x.mT.conj() + 2 * np.eye(x.shape[-1]).astype(np.dtype(x.dtype))


def symmetric(x: Any) -> Any:
    return x + x.mT.conj()


TABLE: Table = {
    "matmul": both(
        lambda m, a, b: [
            m.matmul(a, b),
            m.matmul(a[0], b),
            m.matmul(a, b[0]),
            m.matmul(a[0, 0], b),
            m.matmul(a, b[0, :, 0]),
            m.matmul(a[:, :0], b),
            m.matmul(a[..., :0], b[:, :0]),
            m.matmul(a[0, 0], b[0, :, 0]),
        ],
        A,
        B,
    ),
    "dot, inner": both(
        lambda m, a, b: [
            m.dot(a, b),
            m.dot(a[0, 0], b[0, :, 0]),
            m.dot(a, 2.0),
            m.dot(a[0, 0, 0], b),
            m.inner(a, b.mT),
            m.inner(a[0, 0], b[0, :, 0]),
            m.inner(a[0, 0, 0], b),
        ],
        A,
        B,
    ),
    "vdot, vecdot, matvec, vecmat": both(
        lambda m, a, v, w: [
            m.vdot(a[0], a[1]),
            m.vecdot(a, w),
            m.vecdot(a, a, axis=1),
            m.matvec(a, w),
            m.vecmat(v, a),
            m.matvec(a[:0], w),
        ],
        A,
        V,
        W,
    ),
    "outer, cross": both(
        lambda m, x, v: [
            m.outer(x, v),
            m.outer(x[0], v),
            m.cross(x, v),
            m.cross(x.T, x[::-1].T, axis=0),
            m.cross(x[0, :2], v[:2]),
            m.cross(x[:0], v),
        ],
        THREES,
        V,
    ),
    "tensordot": both(
        lambda m, a, b: [
            m.tensordot(a[0], b, (1, 1)),
            m.tensordot(a, b, ([0, 2], [0, 1])),
            m.tensordot(a[0], b[0], 0),
            m.tensordot(a, a, 3),
        ],
        A,
        B,
    ),
    "einsum": both(
        lambda m, a, b: [
            m.einsum("bij,bjk->ik", a, b),
            m.einsum("...ij->...ji", a),
            m.einsum("bij,bjk", a, b),
            m.einsum("bii->b", a[:, :, :3]),
            m.einsum("bij,bjk,bil->kl", a, b, a),
            m.einsum("i...->...", a),
            m.einsum("ij,ij->", a[0, :0], a[1, :0]),
        ],
        A,
        B,
    ),
    "linalg.cross, linalg.vecdot, linalg.matrix_transpose": both(
        lambda m, x, v: [
            m.linalg.cross(x, x[::-1]),
            m.linalg.vecdot(x, v),
            m.linalg.matrix_transpose(x),
            m.linalg.outer(x[0], v),
            m.linalg.tensordot(x, x, axes=2),
            m.linalg.matmul(x, x.T),
        ],
        THREES,
        V,
    ),
    "linalg.diagonal, linalg.trace": both(
        lambda m, x: [f(x, offset=k) for f in (m.linalg.diagonal, m.linalg.trace) for k in (0, 1, -2, 5)], R
    ),
    "linalg.inv, linalg.det, linalg.slogdet": both(
        lambda m, x: [
            m.linalg.inv(x),
            m.linalg.det(x),
            m.linalg.slogdet(x)[1],
            m.linalg.inv(x[0]),
            m.linalg.inv(x[:0]),
            m.linalg.det(x[:0]),
            m.linalg.det(x[0, :1, :1]),
        ],
        S,
    ),
    "linalg.solve": both(
        lambda m, x, r: [
            m.linalg.solve(x, r.mT),
            m.linalg.solve(x[0], r[0, 0]),
            m.linalg.solve(x, r[0].T),
            m.linalg.solve(x[:0], r[0].T),
        ],
        S,
        R,
    ),
    "linalg.solve_triangular": both(
        lambda m, x, r: [
            m.linalg.solve_triangular(x[0], r[0].T, trans=trans, lower=lower, unit_diagonal=unit)
            for trans, lower, unit in ((0, False, False), (1, True, False), (2, False, True))
        ],
        S,
        R,
    ),
    "linalg.cholesky": both(
        lambda m, x: [
            m.linalg.cholesky(definite(x)),
            m.linalg.cholesky(definite(x[0]), upper=True),
            m.linalg.cholesky(definite(x[:0])),
        ],
        S,
    ),
    "linalg.cho_factor, linalg.cho_solve": both(
        lambda m, x, r: [
            m.linalg.cho_solve((m.linalg.cho_factor(definite(x[0]), lower)[0], lower), r[0].T)
            for lower in (False, True)
        ],
        S,
        R,
    ),
    "linalg.lu, linalg.lu_factor, linalg.lu_solve": both(
        lambda m, x, r: [
            m.linalg.lu(x[0]),
            m.linalg.lu(r[0]),
            m.linalg.lu(r[0].T, permute_l=True),
            m.linalg.lu_factor(x[0])[0],
            *(m.linalg.lu_solve(m.linalg.lu_factor(x[0]), r[0].T, trans) for trans in (0, 1, 2)),
        ],
        S,
        R,
    ),
    "linalg.qr": both(
        lambda m, x, r: [
            abs(m.linalg.qr(x)[1]),
            abs(m.linalg.qr(r)[0]),
            abs(m.linalg.qr(r, mode="r")),
            abs(m.linalg.qr(x[0, :, :1])[0]),
        ],
        S,
        R,
    ),
    "linalg.svd, linalg.svdvals": both(
        lambda m, x, r: [
            m.linalg.svdvals(r),
            m.linalg.svdvals(r.mT),
            abs(m.linalg.svd(r, full_matrices=False)[0]),
            abs(m.linalg.svd(r.mT, False)[2]),
            m.linalg.svd(x, compute_uv=False),
        ],
        S,
        R,
    ),
    "linalg.eigh, linalg.eigvalsh": both(
        lambda m, x: [
            m.linalg.eigvalsh(symmetric(x)),
            abs(m.linalg.eigh(symmetric(x))[1]),
            m.linalg.eigvalsh(symmetric(x), UPLO="U"),
            m.linalg.eigvalsh(symmetric(x[:0])),
        ],
        S,
    ),
    "linalg.eigvals, linalg.eig": both(
        lambda m, x: [(m.linalg.eigvals(x) ** 2).sum(-1), (m.linalg.eig(x)[0] ** 3).sum(-1)],
        S,
        orders=1,
        why="JAX has no second derivative",
        theirs=lambda m, x: [(m.linalg.eigvals(x) ** k).sum(-1) for k in (2, 3)],
    ),
    "linalg.pinv": both(lambda m, x, r: [m.linalg.pinv(r), m.linalg.pinv(r.mT), m.linalg.pinv(x[0])], S, R),
    "linalg.matrix_rank": Case(
        lambda m, x: [m.linalg.matrix_rank(x), m.linalg.matrix_rank(x * 0), m.linalg.matrix_rank(x, 1.2)], (R,), "fc", 0
    ),
    "linalg.lstsq": both(
        lambda m, r, v: [
            m.linalg.lstsq(r[0], r[1])[0],
            m.linalg.lstsq(r[0], r[1, :, 0])[0],
            m.linalg.lstsq(r[0].T, v)[0],
        ],
        R,
        V,
    ),
    "linalg.norm": both(
        lambda m, r, v: [
            m.linalg.norm(r),
            *(m.linalg.norm(r, ord, axis=(1, 2)) for ord in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)),
            *(m.linalg.norm(r, ord, axis=-1, keepdims=True) for ord in (None, 1, 2, 3, 0.5, np.inf, -np.inf, -1)),
            m.linalg.norm(v),
            m.linalg.norm(r[:0], axis=1),
        ],
        R,
        V,
    ),
    "linalg.vector_norm, linalg.matrix_norm": both(
        lambda m, r: [
            m.linalg.vector_norm(r),
            m.linalg.vector_norm(r, axis=(0, -1), keepdims=True, ord=3),
            m.linalg.vector_norm(r, axis=1, ord=np.inf),
            m.linalg.matrix_norm(r),
            m.linalg.matrix_norm(r, keepdims=True, ord="nuc"),
            m.linalg.matrix_norm(r, ord=-1),
        ],
        R,
    ),
    "linalg.cond": both(lambda m, x: [m.linalg.cond(x, p) for p in (None, 2, -2, 1, -1, np.inf, "fro")], S),
    "linalg.matrix_power": both(lambda m, x: [m.linalg.matrix_power(x, n) for n in (0, 1, 3, 5, -2)], S),
    "linalg.expm": both(lambda m, x: [m.linalg.expm(x), m.linalg.expm(x[0, :1, :1]), m.linalg.expm(x[0] * 3)], S),
    "linalg.sqrtm": both(
        lambda m, x: m.linalg.sqrtm(definite(x[0])), S, orders=0, why="JAX has no derivative", theirs=None
    ),
    "linalg.multi_dot, linalg.block_diag": both(
        lambda m, x, r: [
            m.linalg.multi_dot([r[0], x[0], x[1], r[1].T]),
            m.linalg.multi_dot([r[0, 0], x[0]]),
            m.linalg.block_diag(x[0], r[0], x[1, 0]),
        ],
        S,
        R,
    ),
    "linalg.toeplitz": both(lambda m, v, w: [m.linalg.toeplitz(v), m.linalg.toeplitz(v, w)], V, W),
    "linalg.tensorinv, linalg.tensorsolve": both(
        lambda m, x, v: [
            m.linalg.tensorinv(m.reshape(x[0], (3, 3, 1)), ind=1),
            m.linalg.tensorsolve(x[0], v),
            m.linalg.tensorsolve(m.reshape(x[0], (3, 1, 3)), v[:, None]),
        ],
        S,
        V,
    ),
}
