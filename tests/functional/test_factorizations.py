"""Cholesky, LU, triangular matrices, determinants: NumPy's and SciPy's names, shapes and values, and their errors."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import scipy.linalg

import staticad as sa
from staticad.errors import FeedError, GraphError, LinAlgError, ShapeError
from staticad.ir.graph import sort_nodes
from staticad.ops.linalg import LU_FACTOR
from tests.harness.derivatives import check_gradients

DTYPES = ["float32", "float64"]


def run(build: Any, *arrays: np.ndarray) -> Any:
    inputs = [sa.placeholder(a.shape, a.dtype) for a in arrays]
    return sa.compile(build(*inputs), inputs)(*arrays)


def definite(rng: np.random.Generator, *shape: int, dtype: Any = "float64") -> np.ndarray:
    a = rng.normal(size=(*shape, shape[-1]))
    return (a @ np.swapaxes(a, -1, -2) + np.eye(shape[-1])).astype(dtype)


def close(actual: np.ndarray, desired: np.ndarray) -> None:
    assert actual.dtype == desired.dtype
    tolerance = 1e-4 if actual.dtype == np.float32 else 1e-10
    np.testing.assert_allclose(actual, desired, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(1,), (5,), (3, 4), (2, 3, 2), (0, 3), (3, 0), (150,)])
def test_cholesky(dtype: str, shape: tuple[int, ...], rng: np.random.Generator) -> None:
    a = definite(rng, *shape, dtype=dtype)
    close(run(sa.linalg.cholesky, a), np.linalg.cholesky(a))
    close(run(lambda x: sa.linalg.cholesky(x, upper=True), a), np.linalg.cholesky(a, upper=True))


def test_cholesky_reads_one_triangle(rng: np.random.Generator) -> None:
    a = definite(rng, 4)
    wrong = a + np.triu(np.full((4, 4), np.nan), 1)
    close(run(sa.linalg.cholesky, wrong), np.linalg.cholesky(a))
    close(run(lambda x: sa.linalg.cholesky(x, upper=True), wrong.T.copy()), np.linalg.cholesky(a, upper=True))


def test_cholesky_has_a_symmetric_gradient(rng: np.random.Generator) -> None:
    a, w = definite(rng, 4), np.tril(rng.normal(size=(4, 4)))
    x = sa.placeholder((4, 4), "float64")
    (gradient,) = sa.gradients(sa.linalg.cholesky(x), x, w)
    found = sa.compile(gradient)(a)
    np.testing.assert_allclose(found, found.T, rtol=1e-12)
    direction = rng.normal(size=(4, 4))
    direction += direction.T
    step = 1e-6
    up, down = (np.sum(w * np.linalg.cholesky(a + sign * step * direction)) for sign in (1, -1))
    np.testing.assert_allclose(np.sum(found * direction), (up - down) / (2 * step), rtol=1e-6)


SHAPES = [
    ((3, 3), (3,)), ((3, 3), (3, 2)), ((1, 1), (1, 1)), ((3, 3), (3, 0)), ((0, 0), (0, 2)), ((2, 3, 3), (3,)),
    ((2, 3, 3), (3, 4)), ((2, 3, 3), (2, 3, 1)), ((3, 3), (5, 3, 2)), ((1, 3, 3), (5, 3, 2)), ((4, 1, 3, 3), (2, 3, 2)),
    ((0, 3, 3), (0, 3, 2)), ((150, 150), (150, 130)),
]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("left", "right"), SHAPES)
def test_solve(dtype: str, left: tuple[int, ...], right: tuple[int, ...], rng: np.random.Generator) -> None:
    a = (rng.normal(size=left) + 2 * np.sqrt(left[-1]) * np.eye(left[-1])[::-1]).astype(dtype)
    b = rng.normal(size=right).astype(dtype)
    close(run(sa.linalg.solve, a, b), np.linalg.solve(a, b))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("lower", "trans", "unit"), [*itertools.product((False, True), (0, 1), (False, True))])
def test_solve_triangular(dtype: str, lower: bool, trans: int, unit: bool, rng: np.random.Generator) -> None:
    a, b = rng.normal(size=(5, 5)).astype(dtype) + 3 * np.eye(5, dtype=dtype), rng.normal(size=(5, 3)).astype(dtype)
    unread = ~np.tri(5, dtype=bool) if lower else ~np.tri(5, dtype=bool).T
    unread |= unit & np.eye(5, dtype=bool)
    given = np.where(unread, np.nan, a).astype(dtype)

    def build(x: sa.Tensor, y: sa.Tensor) -> sa.Tensor:
        return sa.linalg.solve_triangular(x, y, trans=trans, lower=lower, unit_diagonal=unit)

    for side in (b, b[:, 0].copy()):
        close(run(build, given, side), scipy.linalg.solve_triangular(a, side, trans, lower, unit))
    batch = np.stack([given, 2 * given])
    close(run(build, batch, b)[1], scipy.linalg.solve_triangular(2 * a, b, trans, lower, unit))


@pytest.mark.parametrize(("name", "number"), [("N", 0), ("T", 1), ("C", 2)])
def test_letters_say_what_numbers_do(name: str, number: int, rng: np.random.Generator) -> None:
    a, b = np.tril(rng.normal(size=(3, 3))) + 3 * np.eye(3), rng.normal(size=3)
    one, two = (run(lambda x, y, t=t: sa.linalg.solve_triangular(x, y, t, True), a, b) for t in (name, number))
    np.testing.assert_array_equal(one, two)
    close(one, scipy.linalg.solve_triangular(a, b, trans=number, lower=True))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(1, 1), (4, 4), (3, 4, 4), (2, 3, 2, 2), (0, 3, 3), (3, 0, 0), (0, 0)])
def test_determinants_and_inverses(dtype: str, shape: tuple[int, ...], rng: np.random.Generator) -> None:
    a = rng.normal(size=shape).astype(dtype)
    found, expected = run(sa.linalg.slogdet, a), np.linalg.slogdet(a)
    assert type(found).__name__ == "SlogdetResult" and found._fields == ("sign", "logabsdet")
    close(found.sign, np.asarray(expected.sign))
    close(found.logabsdet, np.asarray(expected.logabsdet))
    close(run(sa.linalg.det, a), np.asarray(np.linalg.det(a)))
    close(run(sa.linalg.inv, a), np.linalg.inv(a))


def test_a_singular_matrix_has_a_determinant_and_no_inverse() -> None:
    a = np.array([[1.0, 2.0], [2.0, 4.0]])
    sign, logarithm = run(sa.linalg.slogdet, a)
    assert (sign, logarithm) == (0, -np.inf)
    assert run(sa.linalg.det, a) == 0
    with pytest.raises(LinAlgError, match="the matrix is singular"):
        run(sa.linalg.inv, a)


def test_integers_become_floats_as_in_numpy() -> None:
    a, b = np.array([[2, 1], [1, 3]]), np.array([1, 2])
    for found, expected in (
        (run(sa.linalg.solve, a, b), np.linalg.solve(a, b)),
        (run(sa.linalg.cholesky, a), np.linalg.cholesky(a)),
        (run(sa.linalg.solve, a, b.astype("float32")), np.linalg.solve(a, b)),
    ):
        close(found, expected)
    assert run(sa.linalg.det, a.astype("int8")).dtype == np.linalg.det(a.astype("int8")).dtype


def test_numpy_calls_them() -> None:
    x, b = sa.placeholder((3, 3), "float64"), sa.placeholder((3,), "float64")
    found = [np.linalg.cholesky(x), np.linalg.solve(x, b), *np.linalg.slogdet(x), np.linalg.det(x), np.linalg.inv(x)]
    a, right = np.array([[4.0, 1, 0], [1, 3, 1], [0, 1, 2]]), np.array([1.0, 2, 3])
    expected = [
        np.linalg.cholesky(a), np.linalg.solve(a, right), *np.linalg.slogdet(a), np.linalg.det(a), np.linalg.inv(a),
    ]  # fmt: skip
    for one, other in zip(sa.compile(found, [x, b])(a, right), expected, strict=True):
        close(one, np.asarray(other))


def test_operands_may_be_views(rng: np.random.Generator) -> None:
    large, b = rng.normal(size=(7, 9)), rng.normal(size=(4, 6))
    x, y = sa.placeholder((7, 9), "float64"), sa.placeholder((4, 6), "float64")
    z = sa.linalg.solve(x[1:5, 2:6].T, y[::-1, ::2])
    close(sa.compile(z, [x, y])(large, b), np.linalg.solve(large[1:5, 2:6].T, b[::-1, ::2]))


def test_shapes_that_do_not_fit_are_errors_of_the_users_line() -> None:
    square, wide, vector = (sa.placeholder(shape, "float64") for shape in ((3, 3), (3, 4), (3,)))
    for build in (sa.linalg.cholesky, sa.linalg.slogdet, sa.linalg.det, sa.linalg.inv):
        with pytest.raises(ShapeError, match=r"needs a square matrix .*test_factorizations"):
            build(wide)
        with pytest.raises(ShapeError, match="needs a square matrix"):
            build(vector)
    for build in (sa.linalg.solve, sa.linalg.solve_triangular):
        with pytest.raises(ShapeError, match="square"):
            build(wide, vector)
        with pytest.raises(ShapeError, match="differ in rows"):
            build(square, sa.placeholder((4,)))
        with pytest.raises(ShapeError, match="differ in rows"):
            build(square, sa.placeholder((), "float64"))
        with pytest.raises(ShapeError, match=f"{build.__name__}: .*2 and 4"):
            build(sa.placeholder((2, 3, 3)), sa.placeholder((4, 3, 1)))
    with pytest.raises(GraphError, match='trans is 0, 1, 2, "N", "T" or "C", not 3'):
        sa.linalg.solve_triangular(square, vector, trans=3)


def test_free_sizes_are_checked_in_a_run() -> None:
    x, b = sa.placeholder((None, None), "float64", name="x"), sa.placeholder((None,), "float64")
    chol, solved = sa.compile(sa.linalg.cholesky(x)), sa.compile(sa.linalg.solve(x, b), [x, b])
    with pytest.raises(FeedError, match=r"cholesky: sizes .* = 2 and .* = 3"):
        chol(np.ones((2, 3)))
    with pytest.raises(FeedError, match=r"sizes .* have to be equal"):
        solved(np.eye(3), np.ones(4))
    for n in (3, 1, 0, 40, 2):
        a = np.eye(n) + 1
        close(chol(a), np.linalg.cholesky(a))
        close(solved(a, np.ones(n)), np.linalg.solve(a, np.ones(n)))


def test_a_matrix_without_a_result_is_a_typed_error_of_its_line(rng: np.random.Generator) -> None:
    x = sa.placeholder((None, 3, 3), "float64")
    factor = sa.compile(sa.linalg.cholesky(x))  # this line
    batch = definite(rng, 4, 3)
    batch[2, 1, 1] = -1
    with pytest.raises(LinAlgError, match="matrix 2 of the batch is not positive definite.* order 2 ") as caught:
        factor(batch)
    assert isinstance(caught.value, np.linalg.LinAlgError)
    assert f"{__file__}:" in str(caught.value)
    close(factor(batch[:2]), np.linalg.cholesky(batch[:2]))  # the next run is a new one
    solve = sa.compile(sa.linalg.solve(x[0], x[1]), [x])
    with pytest.raises(LinAlgError, match=r"^solve of float64\[3,3\]: the matrix is singular.*test_factorizations"):
        solve(np.stack([np.zeros((3, 3)), np.eye(3)]))
    triangular = sa.compile(sa.linalg.solve_triangular(x, sa.constant(np.ones(3))), [x])
    with pytest.raises(LinAlgError, match="matrix 1 of the batch is singular: element 3 of its diagonal is 0"):
        triangular(np.stack([np.eye(3), np.diag([1.0, 1, 0])]))


def test_a_diagonal_matrix_is_solved_as_scipy_does(rng: np.random.Generator) -> None:
    """Batches, vectors and several right sides, of which all are found or none."""
    d = np.stack([np.diag([1.0, 2, 3]), np.diag([4.0, 5, 6])])
    for a, b in ((d[0], rng.normal(size=3)), (d, rng.normal(size=(3, 2))), (d[0], rng.normal(size=(4, 3, 2)))):
        close(run(lambda x, y: sa.linalg.solve(x, y, assume_a="diagonal"), a, b), np.linalg.solve(a, b))
    with pytest.raises(LinAlgError, match="singular.*test_factorizations"):
        run(lambda x, y: sa.linalg.solve(x, y, assume_a="diagonal"), np.diag([1.0, 0, 2]), np.ones(3))


def test_the_reference_raises_the_same_error() -> None:
    x = sa.placeholder((2, 2), "float64")
    for name, y in (
        ("cholesky", sa.linalg.cholesky(x)),
        ("solve", sa.linalg.inv(x)),
        ("solve_triangular", sa.linalg.solve_triangular(x, x)),
    ):
        with pytest.raises(LinAlgError, match=rf"^{name} float64\[2,2\] \(made at .*test_factorizations"):
            sa.evaluate(y, {x: -np.ones((2, 2)) * [[1, 1], [1, 0]] * [[1, 1], [1, 1]] * 0})


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("dtype", DTYPES)
def test_numbers_that_are_not_finite_are_not_hidden(value: float, dtype: str) -> None:
    a = np.array([[value, 1, 0], [1, 3, 1], [0, 1, 2]], dtype)
    for build in (lambda x: sa.linalg.solve(x, x[:, 0]), lambda x: sa.linalg.slogdet(x).logabsdet, sa.linalg.cholesky):
        try:
            found = run(build, a)
        except LinAlgError:
            continue
        assert not np.isfinite(found).all()


def test_one_factorization_serves_value_gradient_and_determinant(rng: np.random.Generator) -> None:
    x, b = sa.placeholder((4, 4), "float64"), sa.placeholder((4,), "float64")
    y = sa.sum(sa.linalg.solve(x, b) ** 2) + sa.linalg.slogdet(x).logabsdet
    gradient = sa.gradients(y, [x, b])
    session = sa.compile([y, *gradient], [x, b])
    assert sum(node.op is LU_FACTOR for node in sort_nodes(session._lowered.optimized)) == 1
    check_gradients(y, [x, b], {x: rng.normal(size=(4, 4)) + 3 * np.eye(4), b: rng.normal(size=4)})


def test_the_gradient_of_a_determinant_is_the_inverse_transposed(rng: np.random.Generator) -> None:
    a = rng.normal(size=(2, 4, 4))
    x = sa.placeholder((2, 4, 4), "float64")
    (gradient,) = sa.gradients(sa.linalg.slogdet(x).logabsdet.sum(), x)
    close(sa.compile(gradient)(a), np.swapaxes(np.linalg.inv(a), -1, -2))
