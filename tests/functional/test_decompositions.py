"""Decompositions of matrices: what they mean, what has no result and what no derivative, SciPy's conventions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.linalg

import staticad as sa
from staticad.errors import GradientError, GraphError, LinAlgError, ShapeError
from staticad.reference import evaluate
from tests.harness.derivatives import check_gradients

linalg = sa.linalg


def run(build: Any, *arrays: np.ndarray) -> Any:
    inputs = [sa.placeholder(a.shape, a.dtype) for a in arrays]
    return sa.compile(build(*inputs), inputs)(*arrays)


def same(found: Any, expected: Any) -> None:
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("uplo", ["L", "U"])
def test_eigenvalues_read_one_triangle(uplo: str, rng: np.random.Generator) -> None:
    a = rng.normal(size=(2, 5, 5))
    symmetric = a + np.swapaxes(a, 1, 2)
    unread = np.triu(np.full((5, 5), np.nan), 1)
    values, vectors, alone = run(
        lambda x: [*linalg.eigh(x, uplo), linalg.eigvalsh(x, uplo)], symmetric + (unread if uplo == "L" else unread.T)
    )
    same([values, alone], [np.linalg.eigvalsh(symmetric)] * 2)
    same([vectors * values[:, None] @ np.swapaxes(vectors, 1, 2)], [symmetric])


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 4), (0, 3), (3, 0)])
def test_rectangular_matrices(shape: tuple[int, int], rng: np.random.Generator) -> None:
    """Thin and complete, as NumPy and SciPy have them."""
    a = rng.normal(size=shape)
    x = sa.placeholder(shape)
    u, s, vh = linalg.svd(x)
    q, r = linalg.qr(x, "complete")
    rows = (*linalg.lu(x), *linalg.lu_factor(x), *linalg.qr(x), linalg.pinv(x), linalg.matrix_rank(x))
    basis, values, others, whole, triangle, *found = sa.compile([u, s, vh, q, r, *rows], [x])(a)
    k = min(shape)
    same([basis[:, :k] * values @ others[:k], whole @ triangle], [a, a])
    same([basis.T @ basis, others @ others.T, whole.T @ whole], [np.eye(n) for n in (*shape, shape[0])])
    if k:
        rank = np.linalg.matrix_rank(a)
        same(found, [*scipy.linalg.lu(a), *scipy.linalg.lu_factor(a), *np.linalg.qr(a), np.linalg.pinv(a), rank])


def test_a_rank_that_is_not_full(rng: np.random.Generator) -> None:
    a, b = rng.normal(size=(5, 2)) @ rng.normal(size=(2, 4)), rng.normal(size=(5, 2))
    expected = np.linalg.lstsq(a, b)
    found = run(linalg.lstsq, a, b)
    same([found.x, found.rank, found.s], [expected[0], expected[2], expected[3]])
    assert found.residuals.shape == (2,)
    same([run(linalg.pinv, a)], [np.linalg.pinv(a)])


SHAPES = [(7, 4), (4, 7), (5, 5), (1, 1), (40, 33), (33, 40)]


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_least_squares_without_singular_values_are_the_same(dtype: str, rng: np.random.Generator) -> None:
    """Whose values nobody reads is solved with a triangular factor, unless its rank may not be full: of all conditions,
    the ranks are those that singular values show, and the errors are no larger."""
    eps = np.finfo(dtype).eps
    for shape in SHAPES:
        x, y = sa.placeholder(("n", *shape), dtype), sa.placeholder(("n", shape[0], 3), dtype)
        one, other = linalg.lstsq(x, y), linalg.lstsq(x, y, 1e-3)
        session = sa.compile([one.x, one.rank, other.x, other.rank], [x, y])
        u, _, vh = np.linalg.svd(_numbers(rng, dtype, 18, *shape), full_matrices=False)
        fall = 10.0 ** -np.linspace(0, 1.2 * np.log10(1 / eps), 18)[:, None]
        values = np.where(np.arange(min(shape)) < min(shape) - 1, 1, fall) * 10.0 ** rng.integers(-9, 9, (18, 1))
        a, b = (u * values[:, None] @ vh).astype(dtype), _numbers(rng, dtype, 18, shape[0], 3).astype(dtype)
        a[3] = 0
        found = session(a, b)
        for number, limit in ((0, eps * max(shape)), (2, 1e-3)):
            xs, ranks = found[number : number + 2]
            for k in range(18):
                known = np.linalg.svd(a[k], compute_uv=False)
                expected, _, rank, _ = np.linalg.lstsq(a[k], b[k], rcond=limit)
                margin = np.abs(known / known[0] - limit).min() if known[0] else 1
                if margin < 8 * eps:
                    continue  # rounding decides
                assert ranks[k] == rank, (shape, k)
                kept = known[:rank]
                condition = kept[0] / kept[-1] if rank else 1
                assert np.abs(xs[k] - expected).max() <= 40 * eps * condition**2 * np.abs(expected).max(), (shape, k)


def _numbers(rng: np.random.Generator, dtype: str, *shape: int) -> np.ndarray:
    x = rng.normal(size=shape)
    return x + 1j * rng.normal(size=shape) if np.dtype(dtype).kind == "c" else x


@pytest.mark.parametrize("columns", [1, 2, 9])
@pytest.mark.parametrize("shape", [(5, 4), (4, 5), (4, 4)])
def test_derivatives_at_a_rank_that_is_not_full(shape: tuple[int, int], columns: int, rng: np.random.Generator) -> None:
    """Along matrices of this rank, which the factors are; right sides with fewer columns than the matrix has rows are
    solved, others multiplied by the pseudo-inverse."""
    m, n = shape
    left, right, b = sa.placeholder((m, 3)), sa.placeholder((3, n)), sa.placeholder((m, columns))
    found = linalg.lstsq(left @ right, b)
    feeds = {left: rng.normal(size=(m, 3)), right: rng.normal(size=(3, n)), b: rng.normal(size=(m, columns))}
    check_gradients((found.x * sa.arange(columns + 1.0)[1:]).sum() + found.x[0, 0] ** 2, [left, right, b], feeds)


def test_a_gradient_of_least_squares_costs_no_square_of_the_rows() -> None:
    x, y = sa.placeholder((100_000, 2)), sa.placeholder((100_000,))
    found = linalg.lstsq(x, y)
    session = sa.compile(sa.gradients(sa.square(found.x).sum(), [x, y]), [x, y])
    steps = np.arange(100_000.0)
    by_x, by_y = session(np.stack([np.ones(100_000), steps], 1), 3 - 2 * steps)
    assert session.memory() < 1e8
    np.testing.assert_allclose([by_y.sum(), by_y @ steps], [6, -4], rtol=1e-6)
    np.testing.assert_allclose([by_x[:, 0].sum(), steps @ by_x[:, 1]], [-18, -8], rtol=1e-6)


def test_residuals_of_free_sizes_are_those_of_overdetermined_systems(rng: np.random.Generator) -> None:
    x, b, v = sa.placeholder(("m", "n")), sa.placeholder(("m", "k")), sa.placeholder(("m",))
    session = sa.compile([linalg.lstsq(x, b).residuals, linalg.lstsq(x, v).residuals], [x, b, v])
    for m, n in ((4, 2), (3, 3), (2, 4), (1, 1)):
        fed = rng.normal(size=(m, n)), rng.normal(size=(m, 2)), rng.normal(size=m)
        same(session(*fed), [np.linalg.lstsq(fed[0], right)[1] for right in fed[1:]])


INTEGERS = np.array([[2, 1], [1, 3]])
OF_MATRICES: list[Callable[[Any, Any], Any]] = [
    lambda m, a: m.inv(a), lambda m, a: m.solve(a, a[0]), lambda m, a: m.svd(a)[1], lambda m, a: m.cholesky(a),
    lambda m, a: m.slogdet(a)[1], lambda m, a: m.eigh(a)[0], lambda m, a: m.pinv(a), lambda m, a: m.cond(a),
    lambda m, a: m.lstsq(a, a[0])[0], lambda m, a: m.tensorsolve(a, a[0]), lambda m, a: m.norm(a),
    lambda m, a: m.solve(np.asarray(INTEGERS, "float32"), a), lambda m, a: abs(m.qr(a)[1]),
]  # fmt: skip


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "int64"])
def test_matrices_of_integers_of_every_size_are_computed_in_float64(dtype: str) -> None:
    """As in NumPy; its functions of numbers, such as exp, take fewer bits for small ones."""
    a = (INTEGERS * [[1, 0], [0, 1]] if dtype == "bool" else INTEGERS).astype(dtype)
    x = sa.placeholder(a.shape, dtype)
    found = sa.evaluate([call(linalg, x) for call in OF_MATRICES], {x: a})
    for number, (got, call) in enumerate(zip(found, OF_MATRICES, strict=True)):
        wanted = np.asarray(call(np.linalg, a))
        assert got.dtype == wanted.dtype == np.float64, number
        np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-15)


def test_a_matrix_without_elements_has_no_condition_number() -> None:
    for shape in ((0, 0), (3, 0, 0), (0, 2)):
        for order in (None, 1):
            with pytest.raises(sa.LinAlgError, match="cond: a matrix without elements .*test_decompositions"):
                linalg.cond(sa.placeholder(shape), order)


def test_an_exponential_of_any_norm(rng: np.random.Generator) -> None:
    a = rng.normal(size=(4, 3, 3)) * np.array([1e-9, 0.5, 5, 40])[:, None, None]
    found, expected = run(linalg.expm, a), scipy.linalg.expm(a)
    assert (np.abs(found - expected).max((1, 2)) <= 1e-12 * np.abs(expected).max((1, 2))).all()
    assert np.isnan(run(linalg.expm, np.array([[np.inf, 0], [0, 1.0]]))).all()


# Matrices far from normal, and how far off their exponentials may be, relative to the largest element: where the norm
# is large and powers are not; where powers overflow; with elements of all sizes (R. Ward, Numerical computation of the
# matrix exponential with accuracy estimate, 1977); a nilpotent one; and the logarithm of a matrix of elements of one
# size (A. Al-Mohy and N. Higham), of which a change of the last digits changes the exponential by 1e-7.
FAR_FROM_NORMAL: list[tuple[list[list[float]], float]] = [
    ([[1, 1e6], [0, -1]], 1e-15),
    ([[8, 1e301, 0], [0, -7, 1], [0, 0, 1]], 1e-15),
    ([[0, 0, 0], [-(2e10 + 4e8 / 6), -3, 2e10], [200 / 3, 0, -200 / 3]], 1e-12),
    ([[0, 1e9, 0, 1e8], [0, 0, 1e9, 3e8], [0, 0, 0, -2e8], [0, 0, 0, 0]], 1e-15),
    (
        [
            [-1.1287, 9.6142e4, -4.525e9, 2.9250e14],
            [0, -1.2010, 9.6347e4, -4.681e9],
            [0, 0, -1.1329, 9.5325e4],
            [0, 0, 0, -1.1795],
        ],
        1e-6,
    ),
]


@pytest.mark.parametrize(("rows", "error"), FAR_FROM_NORMAL)
@pytest.mark.parametrize("turn", [1, 1 + 0.5j])
def test_exponentials_of_matrices_far_from_normal(rows: list[list[float]], error: float, turn: complex) -> None:
    for a in (np.array(rows) * turn, np.array(rows).T * turn):
        squarings = int(np.log2(np.abs(a).max())) + 80
        with mpmath.workprec(5000):
            exact, term, whole = mpmath.eye(len(a)), mpmath.eye(len(a)), mpmath.matrix(a.tolist()) / 2**squarings
            for k in range(1, 21):
                term = term * whole / k
                exact += term
            for _ in range(squarings):
                exact *= exact
            expected = np.array(exact.tolist()).astype(complex)
        x = sa.placeholder(a.shape, a.dtype)
        for found in (run(linalg.expm, a), evaluate([linalg.expm(x)], {x: a})[0]):
            assert np.abs(found - expected).max() <= error * np.abs(expected).max()


def test_second_derivatives_of_large_exponentials_keep_their_digits(rng: np.random.Generator) -> None:
    """The direction of a second derivative is as large as the first one, here 1e4 times the matrix."""
    value, along = rng.standard_normal((3, 3)) * 3, rng.standard_normal((3, 3))
    found = []
    for dtype in ("float32", "float64"):
        a = sa.placeholder((3, 3), dtype)
        (slope,) = sa.gradients(sa.square(linalg.expm(a)).sum(), [a])
        (curve,) = sa.gradients((slope * along.astype(dtype)).sum(), [a])
        found.append(sa.compile([slope, curve], [a])(value.astype(dtype)))
    for single, double in zip(*found, strict=True):
        assert np.abs(single - double).max() < 1e-5 * np.abs(double).max()
    a, e = sa.placeholder((3, 3)), sa.placeholder((3, 3))
    [made] = sa.jvp([linalg.expm(a)], [a], [e])
    tangent = sa.compile(made, [a, e])
    for size in (0.0, 1e-300, 1e300):
        np.testing.assert_allclose(tangent(value, size * along), size * tangent(value, along), rtol=1e-12)


@pytest.mark.parametrize(
    "build", [lambda x: linalg.eigh(x)[0], linalg.svdvals, lambda x: linalg.svd(x)[0], linalg.pinv], ids="abcd"
)
def test_what_does_not_converge_is_an_error_of_its_line(build: Any) -> None:
    x = sa.placeholder((2, 3, 3))
    session = sa.compile(build(x), [x])
    try:
        found = session(np.stack([np.eye(3), np.full((3, 3), np.nan)]))
    except LinAlgError as error:
        assert "matrix 1 of the batch" in str(error) and "did not converge" in str(error)
        assert "test_decompositions.py" in str(error)
    else:  # some versions of LAPACK return NaN
        assert np.isnan(found[1]).any()


def test_equal_values_have_a_derivative_and_their_vectors_none() -> None:
    x = sa.placeholder((3, 3))
    values, vectors = linalg.eigh(x)
    (by_values,) = evaluate(sa.gradients(values.sum(), [x]), {x: np.eye(3)})
    np.testing.assert_allclose(by_values, np.eye(3), atol=1e-15)
    with np.errstate(all="ignore"):
        (by_vectors,) = evaluate(sa.gradients((vectors * vectors).sum(), [x]), {x: np.eye(3)})
    assert not np.isfinite(by_vectors).all()


X = sa.placeholder((3, 4))


@pytest.mark.parametrize(
    ("kind", "build", "message"),
    [
        (GraphError, lambda: linalg.qr(X, "raw"), 'mode is "reduced", "complete" or "r"'),
        (GraphError, lambda: linalg.eigh(X[:, :3], "lower"), "UPLO"),
        (GraphError, lambda: linalg.solve(X[:, :3], X, assume_a="banded"), "assume_a is one of"),
        (GraphError, lambda: linalg.lu_solve(linalg.lu_factor(X[:, :3]), X, 3), "trans is 0, 1 or 2"),
        (GraphError, lambda: linalg.multi_dot([X]), "at least two"),
        (ShapeError, lambda: linalg.eigh(X), "needs a square matrix"),
        (ShapeError, lambda: linalg.svd(X[0]), "needs a matrix"),
        (ShapeError, lambda: linalg.lstsq(X, X[:2]), "differ in rows"),
        (ShapeError, lambda: linalg.norm(X, 3), "ord 3 is no norm of matrices"),
        (ShapeError, lambda: linalg.vector_norm(X, ord="fro"), "no norm of vectors"),
        (ShapeError, lambda: linalg.cross(X, X), "two or three"),
        (ShapeError, lambda: linalg.pinv(X, 1e-3, rtol=1e-3), "pinv: give rcond or rtol, not both"),
        (ShapeError, lambda: linalg.matrix_rank(X, 1e-3, rtol=1e-3), "matrix_rank: give tol or rtol, not both"),
        (ShapeError, lambda: linalg.tensorinv(X), "ind|elements"),
        (ShapeError, lambda: linalg.block_diag(X[None]), "takes matrices"),
        (GradientError, lambda: sa.gradients(linalg.svd(X)[0].sum(), [X]), "full_matrices=False"),
        (GradientError, lambda: sa.gradients(linalg.qr(X.T, "complete")[0].sum(), [X]), "reduced"),
    ],
)
def test_wrong_calls(kind: type[Exception], build: Any, message: str) -> None:
    with pytest.raises(kind, match=message) as caught:
        build()
    assert "test_decompositions.py" in str(caught.value)
