"""Eigenvalues of any square matrix, Schur forms, roots and Sylvester's equation: what they mean, what has no result."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.linalg

import staticad as sa
from staticad.errors import GradientError, GraphError, LinAlgError, ShapeError
from tests.harness.derivatives import check_gradients

linalg = sa.linalg
DTYPES = ["float64", "complex64", "complex128"]


def numbers(rng: np.random.Generator, dtype: str, *shape: int) -> np.ndarray:
    z = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    return (z if dtype.startswith("c") else z.real).astype(dtype)


def adjoint(x: np.ndarray) -> np.ndarray:
    return np.conj(np.swapaxes(x, -1, -2))


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_they_mean(dtype: str, rng: np.random.Generator) -> None:
    """For batches, large and small matrices, and none, by one session."""
    a, b = (sa.placeholder((None, None, None), dtype) for _ in range(2))
    square = a @ a + 0.1 * sa.eye(a.shape[-1], dtype=dtype)
    fetches = [
        *linalg.eig(a), linalg.eigvals(a), *linalg.schur(a), *linalg.schur(a, "complex"), linalg.sqrtm(square), square,
        linalg.solve_sylvester(a, b, a @ b), a @ b,
    ]  # fmt: skip
    session = sa.compile(fetches, inputs=[a, b])
    alone = sa.compile(linalg.eigvals(a), inputs=[a])
    tolerance = 1e-3 if dtype == "complex64" else 1e-9
    for batch, n in ((3, 4), (1, 40), (2, 1), (0, 3), (2, 0)):
        x, y = (numbers(rng, dtype, batch, n, n) for _ in range(2))
        values, vectors, same, *forms, root, squares, solved, product = session(x, y)
        assert values.dtype == vectors.dtype == np.result_type(dtype, "complex64")

        def close(found: Any, expected: Any) -> None:
            scale = max(1.0, np.abs(expected).max(initial=0))
            np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * scale)

        if dtype != "complex64":  # NumPy computes that in complex128, which may give another order
            close(values, np.linalg.eig(x)[0])
        distances = np.abs(alone(x)[..., None] - np.linalg.eigvals(x)[:, None])
        assert (distances.min(-1, initial=1e9) < tolerance * max(1.0, n)).all() or not n
        np.testing.assert_array_equal(same, values)
        close(x @ vectors, vectors * values[:, None])
        close(np.linalg.norm(vectors, axis=1), np.ones((batch, n)))
        for form, basis in (forms[:2], forms[2:]):
            close(basis @ form @ adjoint(basis), x)
            close(basis @ adjoint(basis), np.broadcast_to(np.eye(n), x.shape))
            assert not np.tril(form, -2).any()
        assert not np.tril(forms[2], -1).any() and forms[0].dtype == dtype
        close(root @ root, squares)
        assert (np.linalg.eigvals(root).real > -tolerance).all()
        assert solved.dtype == dtype
        close(x @ solved + solved @ y, product)


def test_pairs_of_eigenvalues_are_conjugate(rng: np.random.Generator) -> None:
    x = sa.placeholder((3, 3))
    values, vectors = sa.compile([*linalg.eig(x)], inputs=[x])(np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 2]]))
    np.testing.assert_array_equal(values, np.linalg.eigvals(np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 2]])))
    np.testing.assert_array_equal(vectors[:, 1], np.conj(vectors[:, 0]))
    assert vectors[2, 2] == 1 and not vectors[:, 2].imag.any()


def test_roots_of_matrices_with_equal_eigenvalues() -> None:
    x = sa.placeholder((3, 3))
    session = sa.compile(linalg.sqrtm(x), inputs=[x])
    chain = 4 * np.eye(3) + np.eye(3, k=1)
    np.testing.assert_allclose(session(chain), scipy.linalg.sqrtm(chain), atol=1e-14)
    np.testing.assert_array_equal(session(np.zeros((3, 3))), np.zeros((3, 3)))
    np.testing.assert_allclose(session(-np.eye(3)), 1j * np.eye(3))
    with pytest.raises(LinAlgError, match=r"sqrtm of complex128\[3,3\]: the matrix is singular .*test_eigen"):
        session(np.eye(3, k=1))


def test_an_equation_without_a_single_solution() -> None:
    a, b, q = (sa.placeholder((2, 2), name=name) for name in "abq")
    solved = sa.compile(linalg.solve_sylvester(a, b, q), inputs=[a, b, q])
    with pytest.raises(LinAlgError, match=r"solve_sylvester.*is the negative of one .*test_eigen"):
        solved(np.diag([1.0, 2]), np.diag([3.0, -1]), np.ones((2, 2)))


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("build", [lambda x: linalg.eig(x)[1], linalg.eigvals, linalg.sqrtm], ids="abc")
def test_elements_that_are_not_finite_are_an_error_of_their_line(build: Any, dtype: str) -> None:
    x = sa.placeholder((2, 3, 3), dtype)
    session = sa.compile(build(x), [x])
    with pytest.raises(LinAlgError, match="matrix 1 of the batch did not converge.*test_eigen"):
        session(np.stack([np.eye(3), np.diag([1, 2, np.inf])]).astype(dtype))


FUNCTIONS: dict[str, tuple[Any, int]] = {
    "eigvals": (lambda a, b: linalg.eigvals(a) ** 2, 2),
    "eig": (lambda a, b: abs(linalg.eig(a).eigenvectors) * linalg.eigvals(a), 2),
    "sqrtm": (lambda a, b: linalg.sqrtm(a), 2),
    "solve_sylvester": (lambda a, b: linalg.solve_sylvester(a, b, a @ b + 1), 2),
}


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives(name: str, dtype: str, rng: np.random.Generator) -> None:
    """Of second order, and both modes."""
    build, order = FUNCTIONS[name]
    a, b = (sa.placeholder((3, 3), dtype) for _ in range(2))
    y = build(a, b)
    feeds = {x: numbers(rng, dtype, 3, 3) * 0.3 + np.diag([1.0, 2, 4]).astype(dtype) for x in (a, b)}
    check_gradients(y, [a, b], feeds, order=order, rtol=1e-5, atol=1e-5)
    tangents = [numbers(rng, dtype, 3, 3) for _ in range(2)]
    weight = numbers(rng, str(y.dtype), *y.shape)
    pulled = sa.gradients(y, [a, b], sa.constant(weight), unconnected="zero")
    (pushed,) = sa.jvp(y, [a, b], tangents)
    forward, *backward = sa.compile([pushed, *pulled], inputs=[a, b])(*feeds.values())
    expected = sum((g * t).sum() for g, t in zip(backward, tangents, strict=True)).real
    np.testing.assert_allclose((weight * forward).sum().real, expected, rtol=1e-9)


X = sa.placeholder((3, 4))


@pytest.mark.parametrize(
    ("kind", "build", "message"),
    [
        (ShapeError, lambda: linalg.eig(X), "needs a square matrix"),
        (GraphError, lambda: linalg.schur(X[:, :3], "upper"), 'output is "real" or "complex"'),
        (ShapeError, lambda: linalg.solve_sylvester(X, X, X), "square matrices"),
        (ShapeError, lambda: linalg.solve_sylvester(X[:, :3], X[:, :3], X), "rows of a and the columns of b"),
        (GradientError, lambda: sa.gradients(linalg.schur(X[:, :3])[0].sum(), [X]), "Schur forms have no derivative"),
    ],
)
def test_wrong_calls(kind: type[Exception], build: Any, message: str) -> None:
    with pytest.raises(kind, match=message) as caught:
        build()
    assert "test_eigen.py" in str(caught.value)
