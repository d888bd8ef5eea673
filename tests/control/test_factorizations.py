"""Matrix factorizations and triangular solves written by hand, with updates in place of single elements and rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg

import staticad as sa
from tests.control.running import check_derivatives, run

N = 4


def cholesky(a: sa.Tensor) -> sa.Tensor:
    """Row by row: l[j, j]² = a[j, j] - Σ l[j, k]², l[i, j] = (a[i, j] - Σ l[i, k] l[j, k]) / l[j, j]."""
    n = a.shape[0]
    rows = sa.arange(n)

    def column(j: sa.Tensor, l: sa.Tensor) -> sa.Tensor:  # noqa: E741
        s = a[:, j] - l @ l[j]
        below = sa.where(rows >= j, s / sa.sqrt(s[j]), 0.0)
        return l.at[:, j].set(below)

    return sa.fori_loop(0, n, column, sa.zeros((n, n)))


def cholesky_by_elements(a: sa.Tensor) -> sa.Tensor:
    """Three loops, as in a textbook."""
    n = a.shape[0]

    def row(i: sa.Tensor, l: sa.Tensor) -> sa.Tensor:  # noqa: E741
        def element(j: sa.Tensor, l: sa.Tensor) -> sa.Tensor:  # noqa: E741
            s = sa.fori_loop(0, j, lambda k, s: s - l[i, k] * l[j, k], a[i, j])
            value = sa.cond(i > j, lambda: s / l[j, j], lambda: sa.sqrt(s))
            return l.at[i, j].set(value)

        return sa.fori_loop(0, i + 1, element, l)

    return sa.fori_loop(0, n, row, sa.zeros((n, n)))


def lu(a: sa.Tensor) -> sa.Tensor:
    """Doolittle's factors without pivoting, packed in one matrix."""
    n = a.shape[0]
    rows = sa.arange(n)

    def eliminate(k: sa.Tensor, m: sa.Tensor) -> sa.Tensor:
        factors = sa.where(rows > k, m[:, k] / m[k, k], 0.0)
        kept = sa.where(rows > k, m[k], 0.0)
        m = m - sa.outer(factors, kept)
        return m.at[:, k].set(sa.where(rows > k, factors, m[:, k]))

    return sa.fori_loop(0, n, eliminate, a)


def solve_lower(l: sa.Tensor, b: sa.Tensor) -> sa.Tensor:  # noqa: E741
    """Forward substitution, one element at a time."""
    n = l.shape[0]
    return sa.fori_loop(0, n, lambda i, x: x.at[i].set((b[i] - l[i] @ x) / l[i, i]), sa.zeros((n,)))


def solve_upper(u: sa.Tensor, b: sa.Tensor) -> sa.Tensor:
    """Back substitution: a scan in reverse over the rows."""
    n = u.shape[0]

    def step(x: sa.Tensor, row: Any) -> tuple[sa.Tensor, None]:
        i, line, right = row
        return x.at[i].set((right - line @ x) / line[i]), None

    x, _ = sa.scan(step, sa.zeros((n,)), (sa.arange(n), u, b), reverse=True)
    return x


def definite(seed: int = 0, n: int = N) -> np.ndarray:
    a = np.random.default_rng(seed).normal(size=(n, n))
    return a @ a.T + n * np.eye(n)


@pytest.mark.parametrize("function", [cholesky, cholesky_by_elements], ids=lambda f: f.__name__)
@pytest.mark.parametrize("n", [None, N])
def test_cholesky(function: Callable[[sa.Tensor], sa.Tensor], n: int | None) -> None:
    shape = ("n", "n") if n is None else (n, n)
    a = sa.placeholder(shape, name="a")
    factor = function(a)
    (gradient,) = sa.gradients(sa.log(sa.diagonal(factor)).sum(), a)  # half the logarithm of the determinant
    value = definite()
    found, slopes = run([factor, gradient], {a: value})
    np.testing.assert_allclose(found, np.linalg.cholesky(value), rtol=1e-12)
    np.testing.assert_allclose((slopes + slopes.T) / 2, np.linalg.inv(value) / 2, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("function", [cholesky, cholesky_by_elements, lu], ids=lambda f: f.__name__)
def test_derivatives_of_factorizations(function: Callable[[sa.Tensor], sa.Tensor]) -> None:
    a = sa.placeholder((3, 3), name="a")
    check_derivatives([function(a)], [a], {a: definite(n=3)}, order=1)


def test_lu() -> None:
    a = sa.placeholder(("n", "n"), name="a")
    value = definite(1)
    (packed,) = run([lu(a)], {a: value})
    lower, upper = np.tril(packed, -1) + np.eye(N), np.triu(packed)
    np.testing.assert_allclose(lower @ upper, value, rtol=1e-12)


def test_triangular_solves() -> None:
    m, b = sa.placeholder(("n", "n"), name="m"), sa.placeholder(("n",), name="b")
    feeds = {m: definite(2), b: np.arange(1.0, N + 1)}
    lower, upper = run([solve_lower(m, b), solve_upper(m, b)], feeds)
    np.testing.assert_allclose(lower, scipy.linalg.solve_triangular(feeds[m], feeds[b], lower=True), rtol=1e-12)
    np.testing.assert_allclose(upper, scipy.linalg.solve_triangular(feeds[m], feeds[b]), rtol=1e-12)


@pytest.mark.parametrize("function", [solve_lower, solve_upper], ids=lambda f: f.__name__)
def test_derivatives_of_triangular_solves(function: Callable[..., sa.Tensor]) -> None:
    m, b = sa.placeholder((3, 3), name="m"), sa.placeholder((3,), name="b")
    check_derivatives([function(m, b)], [m, b], {m: definite(3, 3), b: np.array([1.0, -2.0, 0.5])})
