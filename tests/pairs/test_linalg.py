"""Factorizations of complex matrices: values as NumPy and SciPy have them, derivatives, errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import linalg as scipy_linalg

import staticad as sa
from staticad import Tensor
from staticad.reference import evaluate
from tests.harness.derivatives import check_gradients

SHAPES = [(1, 1, ()), (5, 3, ()), (33, 70, ()), (4, 2, (3,)), (2, 1, (2, 0))]
FLAGS = [(trans, lower) for trans in (0, "T", "C") for lower in (False, True)]


def numbers(rng: np.random.Generator, dtype: str, *shape: int) -> np.ndarray:
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(dtype)


def adjoint(x: np.ndarray) -> np.ndarray:
    return np.conj(np.swapaxes(x, -1, -2))


def triangular(a: np.ndarray, b: np.ndarray, trans: Any, lower: bool) -> np.ndarray:
    pairs = zip(a.reshape(-1, *a.shape[-2:]), b.reshape(-1, *b.shape[-2:]), strict=True)
    return np.array([scipy_linalg.solve_triangular(x, y, trans=trans, lower=lower) for x, y in pairs]).reshape(b.shape)


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_values(dtype: str, rng: np.random.Generator) -> None:
    """Of one matrix and of batches, of any size and with many right sides."""
    tolerance = 1e-10 if dtype == "complex128" else 2e-3
    for n, k, batch in SHAPES:
        x, y = numbers(rng, dtype, *batch, n, n) + 3 * np.eye(n, dtype=dtype)[::-1], numbers(rng, dtype, *batch, n, k)
        definite = (x @ adjoint(x) + np.eye(n, dtype=dtype)).astype(dtype)
        a, b, h = (sa.placeholder((*batch, None, None), dtype) for _ in range(3))
        sign, logarithm = sa.linalg.slogdet(a)
        calls: list[tuple[Tensor, Any]] = [
            (sa.linalg.cholesky(h), np.linalg.cholesky(definite)),
            (sa.linalg.cholesky(h, upper=True), adjoint(np.linalg.cholesky(definite))),
            (sa.linalg.solve(a, b), np.linalg.solve(x, y)),
            (sa.linalg.inv(a), np.linalg.inv(x)),
            (sign, np.linalg.slogdet(x)[0]),
            (logarithm, np.linalg.slogdet(x)[1]),
            (sa.linalg.det(a), np.linalg.det(x)),
        ]
        if x.size:
            calls += [
                (sa.linalg.solve_triangular(a, b, trans=trans, lower=lower), triangular(x, y, trans, lower))
                for trans, lower in (FLAGS if n == 5 else FLAGS[2:3])
            ]
        results = [t for t, _ in calls]
        found = sa.compile(results, inputs=[a, b, h])(x, y, definite)
        oracle = evaluate(results, {a: x, b: y, h: definite})
        for got, reference, (tensor, wanted) in zip(found, oracle, calls, strict=True):
            expected = np.asarray(wanted)
            assert (got.dtype, got.shape) == (expected.dtype, expected.shape), tensor
            scale = max(1.0, np.abs(expected).max(initial=0))
            for other in (expected, reference):
                np.testing.assert_allclose(got, other, rtol=tolerance, atol=tolerance * scale, err_msg=str(tensor))


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_decompositions(dtype: str, rng: np.random.Generator) -> None:
    """Square, high and wide matrices, large ones, none, and batches, by one session: NumPy's and SciPy's values, and
    what vectors have to be."""
    linalg = sa.linalg
    a, b, square = (sa.placeholder((None, None, None), dtype) for _ in range(3))
    hermitian = (square + sa.conj(square.mT)) * 0.5
    whole = {
        "svd": linalg.svd(a), "values": (linalg.svdvals(a),), "left": (linalg.svd(a, False).U,),
        "qr": (*linalg.qr(a), *linalg.qr(a, "complete")), "eigh": linalg.eigh(hermitian),
        "eigvalsh": (linalg.eigvalsh(hermitian, "U"),), "lu": linalg.lu(a), "lstsq": linalg.lstsq(a, b),
        "pinv": (linalg.pinv(a),), "rank": (linalg.matrix_rank(a),), "expm": (linalg.expm(square),),
        "power": (linalg.matrix_power(square, -3),), "cond": (linalg.cond(square, 1), linalg.cond(a)),
        "lu_solve": (linalg.lu_solve(linalg.lu_factor(square), square, trans=2),),
        "norm": (linalg.matrix_norm(a, ord="nuc"),),
    }  # fmt: skip
    session = sa.compile([t for group in whole.values() for t in group], inputs=[a, b, square])
    tolerance = 2e-3 if dtype == "complex64" else 1e-9
    for batch, m, n in ((2, 3, 5), (2, 5, 3), (1, 40, 40), (2, 1, 1), (0, 2, 2)):
        x, y, z = numbers(rng, dtype, batch, m, n), numbers(rng, dtype, batch, m, 2), numbers(rng, dtype, batch, n, n)
        z = (z * 0.5 + np.eye(n)).astype(dtype)
        results = iter(session(x, y, z))
        found = {name: [next(results) for _ in group] for name, group in whole.items()}
        h, k = (z + adjoint(z)) / 2, min(m, n)

        def same(got: Any, expected: Any) -> None:
            wanted = np.asarray(expected)
            assert (got.dtype, got.shape) == (wanted.dtype, wanted.shape)
            scale = max(1.0, np.abs(wanted).max(initial=0))
            np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance * scale)

        u, s, vh = found["svd"]
        same(s, np.linalg.svd(x, compute_uv=False))
        same(found["values"][0], s)
        same(u[..., :k] * s[:, None] @ vh[:, :k], x)
        for vectors in (u, adjoint(vh), found["left"][0], found["eigh"][1], found["qr"][2]):
            same(adjoint(vectors) @ vectors, np.eye(vectors.shape[-1], dtype=dtype) + 0 * adjoint(vectors) @ vectors)
        q, r, complete, over = found["qr"]
        for got, expected in zip((q, r), np.linalg.qr(x), strict=True):
            same(got, expected)
        same(complete @ over, x)
        values, vectors = found["eigh"]
        same(values, np.linalg.eigvalsh(h))
        same(found["eigvalsh"][0], values)
        same(vectors * values[:, None] @ adjoint(vectors), h)
        if batch:  # SciPy has no empty batches, and P of one row complex
            for got, expected in zip(found["lu"], scipy_linalg.lu(x), strict=True) if k > 1 else ():
                same(got, expected)
            same(found["expm"][0], scipy_linalg.expm(z))
            wanted = np.linalg.lstsq(x[0], y[0])
            least = found["lstsq"]
            for got, expected in ((least[0], wanted[0]), (least[3], wanted[3])):
                same(got[0], expected)
            assert least[1].dtype == s.dtype and least[2][0] == wanted[2]
            same(found["norm"][0], np.linalg.norm(x, "nuc", axis=(1, 2)))
        same(found["pinv"][0], np.linalg.pinv(x))
        same(found["rank"][0], np.linalg.matrix_rank(x))
        same(found["power"][0], np.linalg.matrix_power(z, -3))
        same(found["cond"][0], np.linalg.cond(z, 1))
        same(found["cond"][1], np.linalg.cond(x))
        same(found["lu_solve"][0], np.linalg.solve(adjoint(z), z))


A, B = sa.placeholder((3, 3), "complex128", name="a"), sa.placeholder((3, 2), "complex128", name="b")


def definite(x: Tensor) -> Tensor:
    return x @ np.conj(x.T) + sa.eye(3)


DERIVED: dict[str, Callable[[], Tensor]] = {
    "solve": lambda: sa.linalg.solve(A, B),
    "slogdet": lambda: sa.linalg.slogdet(A).logabsdet,
    "sign": lambda: sa.linalg.slogdet(A).sign,
    "det": lambda: sa.linalg.det(A),
    "triangular": lambda: sa.linalg.solve_triangular(A, B, trans="T"),
    "adjoint": lambda: sa.linalg.solve_triangular(A, B, trans="C", lower=True),
    "cholesky": lambda: sa.linalg.cholesky(definite(A), upper=True),
    "eigh": lambda: abs(sa.linalg.eigh(definite(A)).eigenvectors) * sa.linalg.eigvalsh(definite(A)),
    "svd": lambda: parts_of_svd(A[:, :2]),
    "wide svd": lambda: parts_of_svd(A[:2]),
    "qr": lambda: sa.concatenate([*sa.linalg.qr(A[:, :2])]),
    "wide qr": lambda: sa.concatenate([*sa.linalg.qr(A[:2])], 1),
    "lu": lambda: sa.concatenate([sa.linalg.lu(A)[1], sa.linalg.lu(A)[2]]),
    "lstsq": lambda: sa.linalg.lstsq(A[:, :2], B).x,
    "pinv": lambda: sa.linalg.pinv(A[:2]),
    "expm": lambda: sa.linalg.expm(A * 0.5),
    "power": lambda: sa.linalg.matrix_power(A, -2),
    "cond": lambda: sa.linalg.cond(A, 1),
}


def parts_of_svd(x: Tensor) -> Tensor:
    """What does not depend on phases."""
    u, s, vh = sa.linalg.svd(x, full_matrices=False)
    return sa.concatenate([(abs(u) * s).ravel(), abs(vh).ravel(), abs((u * s**2) @ vh).ravel()])


SECOND = {"solve", "slogdet", "sign", "det", "triangular", "adjoint", "eigh", "svd", "qr", "lu", "lstsq", "expm"}


@pytest.mark.parametrize("name", DERIVED)
def test_derivatives(name: str, rng: np.random.Generator) -> None:
    """Of both modes and second order."""
    y = DERIVED[name]()
    feeds = {A: numbers(rng, "complex128", 3, 3) + 2 * np.eye(3), B: numbers(rng, "complex128", 3, 2)}
    order = 2 if name in SECOND else 1
    check_gradients(y, [A, B], feeds, order=order, rtol=1e-5, atol=1e-5)
    tangents = [numbers(rng, "complex128", *x.shape) for x in (A, B)]
    weight = numbers(rng, "complex128", *y.shape)
    weight = weight if y.dtype.kind == "c" else weight.real
    pulled = sa.gradients(y, [A, B], sa.constant(weight), unconnected="zero")
    (pushed,) = sa.jvp(y, [A, B], tangents)
    forward, *backward = sa.compile([pushed, *pulled], inputs=[A, B])(*feeds.values())
    expected = sum((g * t).sum() for g, t in zip(backward, tangents, strict=True)).real
    np.testing.assert_allclose((weight * forward).sum().real, expected, rtol=1e-9)


def test_errors_name_the_line_and_the_type() -> None:
    cholesky, solved = sa.compile(sa.linalg.cholesky(A)), sa.compile(sa.linalg.solve(A, B), inputs=[A, B])
    with pytest.raises(sa.LinAlgError, match=r"cholesky of complex128\[3,3\]: the matrix is not positive.*test_linalg"):
        cholesky(-np.eye(3) + 0j)
    with pytest.raises(sa.LinAlgError, match=r"solve of complex128\[3,3\]: the matrix is singular.*test_linalg"):
        solved(np.zeros((3, 3), complex), np.zeros((3, 2), complex))
    sign, logarithm = sa.compile([*sa.linalg.slogdet(A)])(np.zeros((3, 3), complex))
    assert sign == 0 and logarithm == -np.inf
