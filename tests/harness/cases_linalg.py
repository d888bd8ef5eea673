"""What tests do with decompositions of matrices: what of them is unique, of matrices whose values lie apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

import staticad as sa
from staticad.ir.graph import Tensor
from staticad.ops.base import apply, apply_all
from staticad.ops.decompositions import EIGH, FULL_QR, FULL_SVD, QR, SVD
from staticad.ops.matrix_exponential import EXPM
from staticad.ops.matrix_functions import LSTSQ, LU, PIVOT_ORDER
from tests.harness.cases import FLOATS, Case, values
from tests.harness.family_cases import FamilyCases

if TYPE_CHECKING:
    from tests.harness.random_builder import Builder

linalg = sa.linalg


def _apart(x: Tensor) -> Tensor:
    """A matrix whose eigenvalues and singular values lie apart, and whose rows have to be exchanged."""
    n, m = x.shape[-2:]
    steps = sa.astype(sa.arange(m), x.dtype) + 1
    return x * 0.1 + sa.flip(sa.eye(n, m, dtype=x.dtype), 0) * steps


def _symmetric(x: Tensor) -> Tensor:
    steps = sa.astype(sa.arange(x.shape[-1]), x.dtype)
    return (x + sa.swapaxes(x, -1, -2)) * 0.1 + sa.eye(x.shape[-1], dtype=x.dtype) * steps


def _case(name: str, shapes: tuple[str, ...], build: Any, smooth: bool = True) -> Case:
    operands = values(*shapes)
    return Case(name, operands, build, "library", FLOATS, ulp=None, special=False, total=False, smooth=smooth, orders=1)


def op_cases() -> Iterator[Case]:
    def pivot_order(x: Tensor) -> Tensor:
        order, inverse = apply_all(PIVOT_ORDER, *apply_all(LU, _apart(x)))
        return sa.concatenate([order, inverse], axis=-1)

    def least_squares(x: Tensor, b: Tensor) -> tuple[Tensor, ...]:
        return apply_all(LSTSQ, _apart(x), b, sa.constant(0.01, x.dtype))

    yield _case("eigh[aa] values", ("aa",), lambda x: apply_all(EIGH, _symmetric(x), upper=0)[0])
    yield _case("eigh[ebb] vectors", ("ebb",), lambda x: sa.square(apply_all(EIGH, _symmetric(x), upper=1)[1]))
    yield _case("eigh[ebb] values", ("ebb",), lambda x: apply_all(EIGH, _symmetric(x), upper=1)[0])
    yield _case("svd[ab] U", ("ab",), lambda x: sa.square(apply_all(SVD, _apart(x))[0]))
    yield _case("svd[eab] V", ("eab",), lambda x: sa.square(apply_all(SVD, _apart(x))[2]))
    yield _case("full_svd[ab] values", ("ab",), lambda x: apply_all(FULL_SVD, _apart(x))[1], False)
    yield _case("svd[eba] values", ("eba",), lambda x: apply_all(SVD, _apart(x))[1])
    for number, part in enumerate("QR"):
        yield _case(f"qr[ab] {part}", ("ab",), lambda x, i=number: apply_all(QR, _apart(x))[i])
        yield _case(f"qr[eba] {part}", ("eba",), lambda x, i=number: apply_all(QR, _apart(x))[i], False)
    yield _case("full_qr[eab] R", ("eab",), lambda x: apply_all(FULL_QR, _apart(x))[1], False)
    for shape in ("ab", "eba"):
        yield _case(f"lu[{shape}] factors", (shape,), lambda x: apply_all(LU, _apart(x))[0])
    yield _case("lu[ab] pivots", ("ab",), lambda x: apply_all(LU, _apart(x))[1], False)
    yield _case("pivot_order[eab]", ("eab",), pivot_order, False)
    yield _case("lstsq[ab,ac] x", ("ab", "ac"), lambda x, b: least_squares(x, b)[0])
    yield _case("lstsq[ba,ebc] x", ("ba", "ebc"), lambda x, b: least_squares(x, b)[0])
    yield _case("lstsq[ab,ac] rank", ("ab", "ac"), lambda x, b: least_squares(x, b)[1], False)
    yield _case("lstsq[ab,ac] values", ("ab", "ac"), lambda x, b: least_squares(x, b)[2])
    yield _case("expm[eaa]", ("eaa",), lambda x: apply(EXPM, x))


def front_cases() -> Iterator[Case]:
    def case(name: str, shapes: tuple[str, ...], build: Any, smooth: bool = True, orders: int = 1) -> Case:
        operands = values(*shapes)
        return Case(
            name, operands, build, "front matrices", FLOATS, ulp=None, special=False, total=False, smooth=smooth,
            orders=orders,
        )  # fmt: skip

    yield case("pinv[ab]", ("ab",), lambda x: linalg.pinv(_apart(x)))
    yield case("lstsq[ab,a]", ("ab", "a"), lambda x, b: linalg.lstsq(_apart(x), b).residuals)
    yield case(
        "lu_solve[eaa,a]", ("eaa", "a"), lambda x, b: linalg.lu_solve(linalg.lu_factor(_apart(x)), b, trans=1), True
    )
    yield case("lu[eab] P", ("eab",), lambda x: linalg.lu(_apart(x))[0])
    yield case("lu[ab] P @ L", ("ab",), lambda x: linalg.lu(_apart(x), permute_l=True)[0])
    yield case(
        "cho_solve[aa,ab]", ("aa", "ab"),
        lambda x, b: linalg.cho_solve(linalg.cho_factor(x @ x.T + sa.eye(x.shape[0], dtype=x.dtype)), b),
    )  # fmt: skip
    yield case("solve assume_a", ("aa", "a"), lambda x, b: linalg.solve(_symmetric(x) + 1, b, assume_a="sym"))
    yield case("matrix_power", ("eaa",), lambda x: linalg.matrix_power(x, 5))
    yield case("norms of matrices", ("eab",), _norms)
    yield case("norm of order 3", ("eab",), lambda x: linalg.vector_norm(x, axis=(0, 2), ord=3))
    yield case("matrix_rank", ("eab",), lambda x: linalg.matrix_rank(_apart(x)), smooth=False)
    yield case("multi_dot", ("a", "ab", "b4", "4c"), lambda w, x, y, z: linalg.multi_dot([w, x, y, z]))
    yield case("matvec", ("eab", "b"), lambda x, y: sa.matvec(x, y))
    yield case("vecmat", ("a", "eab"), lambda x, y: sa.vecmat(x, y))
    yield case("vecdot", ("ab", "b"), lambda x, y: sa.vecdot(x, y))
    yield case("matrix_transpose", ("eab",), lambda x: sa.matrix_transpose(x))
    yield case("cross", ("a3", "3"), linalg.cross)
    yield case("block_diag", ("ab", "c"), linalg.block_diag)
    yield case("toeplitz", ("a", "b"), linalg.toeplitz)
    yield case("eigvals", ("eaa",), _eigenvalues)
    yield case("sqrtm", ("aa",), lambda x: linalg.sqrtm(_apart(x)[::-1]).real)
    yield case("solve_sylvester", ("aa", "bb", "ab"), _sylvester)
    yield case("einsum of four", ("ab", "bc", "cd", "da"), lambda *xs: sa.einsum("ab,bc,cd,da->", *xs))


def _eigenvalues(x: Tensor) -> Tensor:
    """Sums of powers, in which their order does not matter."""
    values = linalg.eigvals(_apart(x)[..., ::-1])
    return sa.stack([abs(values).sum(-1), (values**2).imag.sum(-1) + values.real.sum(-1)])


def _sylvester(a: Tensor, b: Tensor, q: Tensor) -> Tensor:
    return linalg.solve_sylvester(_apart(a)[::-1], _apart(b)[::-1], q)


def _norms(x: Tensor) -> Tensor:
    orders = ("fro", "nuc", 2, 1, np.inf)
    return sa.stack([linalg.matrix_norm(x, ord=order) for order in orders])


NUMPY_CALLS: dict[Callable[..., Any], list[Callable[..., Any]]] = {
    np.linalg.cond: [np.linalg.cond, lambda x: np.linalg.cond(x @ x.T, p=1)],
    np.linalg.cross: [lambda x: np.linalg.cross(x, x[::-1])],
    np.cross: [lambda x: np.cross(x, x[::-1], axis=1)],
    np.linalg.eig: [lambda x: np.linalg.eig(x @ x.T).eigenvalues.real],
    np.linalg.eigvals: [lambda x: np.linalg.eigvals(x @ x.T).real],
    np.linalg.eigh: [lambda x: np.linalg.eigh(x @ x.T, UPLO="U").eigenvalues],
    np.linalg.eigvalsh: [lambda x: np.linalg.eigvalsh(x @ x.T)],
    np.linalg.lstsq: [
        lambda x: np.linalg.lstsq(x, x.sum(axis=1))[0],
        lambda x: np.linalg.lstsq(x.T, x.T[::-1], rcond=1e-3)[1],
    ],
    np.linalg.matrix_norm: [lambda x: np.linalg.matrix_norm(x, ord="nuc"), np.linalg.matrix_norm],
    np.linalg.matrix_power: [lambda x: np.linalg.matrix_power(x @ x.T, 3)],
    np.linalg.matrix_rank: [np.linalg.matrix_rank, lambda x: np.linalg.matrix_rank(x, tol=1e9)],
    np.linalg.multi_dot: [lambda x: np.linalg.multi_dot([x, x.T, x])],
    np.linalg.pinv: [np.linalg.pinv, lambda x: np.linalg.pinv(x, rcond=0.5)],
    np.linalg.qr: [lambda x: np.linalg.qr(x)[1], lambda x: np.linalg.qr(x.T, mode="r")],
    np.linalg.svd: [lambda x: np.linalg.svd(x)[1], lambda x: np.linalg.svd(x, compute_uv=False)],
    np.linalg.svdvals: [np.linalg.svdvals],
    np.linalg.tensorinv: [lambda x: np.linalg.tensorinv(np.reshape(x @ x.T, (2, 1, 2)))],
    np.linalg.tensorsolve: [lambda x: np.linalg.tensorsolve(x @ x.T, x[:, 0])],
    np.linalg.vecdot: [lambda x: np.linalg.vecdot(x, x, axis=0)],
}
UFUNC_OPERANDS = {
    "vecdot": (np.arange(6.0).reshape(2, 3), np.arange(3.0) - 1),
    "matvec": (np.arange(6.0).reshape(2, 3), np.arange(3.0) - 1),
    "vecmat": (np.arange(2.0) - 3, np.arange(6.0).reshape(2, 3)),
}


def exponential(build: Builder) -> Tensor | None:
    """The exponential of a small matrix that is not extreme."""
    x = build.pick(lambda t: t.dtype.kind == "f" and t.ndim == 2)
    if x is None:
        return None
    bounded = sa.tanh(x)
    return linalg.expm(bounded @ bounded.T)


FAMILY = FamilyCases(
    op_cases=op_cases,
    front_cases=front_cases,
    numpy_calls=NUMPY_CALLS,
    ufunc_operands=UFUNC_OPERANDS,
    steps=(exponential,),
)
