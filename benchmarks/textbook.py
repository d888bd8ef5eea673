"""Loops of textbooks, written naturally: sorting, factorizations, solvers, paths."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.written import Arrays, Scanned, Text, Written, matrix, vector

SWEEPS = 4  # of Gauss-Seidel
STEPS = 5  # of ADI
ACROSS, ALONG = 0.4, 0.2  # what a step of ADI moves between neighbours, over the rows and over the columns


def bubble_pass(x: Any) -> Any:
    for i in range(x.shape[0] - 1):
        if x[i] > x[i + 1]:
            x[i], x[i + 1] = x[i + 1], x[i]
    return x


def bubble_sort(x: Any) -> Any:
    n = x.shape[0]
    for i in range(n):
        for j in range(n - 1 - i):
            if x[j] > x[j + 1]:
                x[j], x[j + 1] = x[j + 1], x[j]
    return x


def cholesky(a: Any) -> Any:
    for i in range(a.shape[0]):
        for j in range(i):
            a[i, j] = (a[i, j] - a[i, :j] @ a[j, :j]) / a[j, j]
        a[i, i] = np.sqrt(a[i, i] - a[i, :i] @ a[i, :i])
    return a


def lu(a: Any) -> Any:
    n = a.shape[0]
    for i in range(n):
        for j in range(i):
            a[i, j] = (a[i, j] - a[i, :j] @ a[:j, j]) / a[j, j]
        for j in range(i, n):
            a[i, j] -= a[i, :i] @ a[:i, j]
    return a


def triangular_product(a: Any, b: Any) -> Any:
    for i in range(b.shape[0]):
        for j in range(b.shape[1]):
            b[i, j] += a[i + 1 :, i] @ b[i + 1 :, j]
    return b * 1.5


def triangular_solve(a: Any, b: Any) -> Any:
    x = np.zeros_like(b)
    for i in range(b.shape[0]):
        x[i] = (b[i] - a[i, :i] @ x[:i]) / a[i, i]
    return x


def rank_update(a: Any, c: Any) -> Any:
    for i in range(c.shape[0]):
        c[i, : i + 1] *= 0.5
        for k in range(a.shape[1]):
            c[i, : i + 1] += 1.5 * a[i, k] * a[: i + 1, k]
    return c


def durbin(r: Any) -> Any:
    y = np.zeros_like(r)
    alpha = -r[0]
    beta = 1.0
    y[0] = -r[0]
    for k in range(1, r.shape[0]):
        beta = beta * (1.0 - alpha * alpha)
        alpha = -(r[k] + np.flip(r[:k]) @ y[:k]) / beta
        y[:k] += alpha * np.flip(y[:k])
        y[k] = alpha
    return y


def gauss_seidel(a: Any) -> Any:
    for _ in range(SWEEPS):
        for i in range(1, a.shape[0] - 1):
            for j in range(1, a.shape[1] - 1):
                a[i, j] = (
                    a[i - 1, j - 1] + a[i - 1, j] + a[i - 1, j + 1] + a[i, j - 1] + a[i, j] + a[i, j + 1]
                    + a[i + 1, j - 1] + a[i + 1, j] + a[i + 1, j + 1]
                ) / 9.0  # fmt: skip
    return a


def floyd_warshall(d: Any) -> Any:
    for k in range(d.shape[0]):
        d = np.minimum(d, np.add.outer(d[:, k], d[k, :]))
    return d


def edit_distance(costs: Any, gap: Any) -> Any:
    n = costs.shape[0]
    d = np.zeros((n, n))
    for i in range(1, n):
        d[i, 0] = d[i - 1, 0] + gap
        d[0, i] = d[0, i - 1] + gap
    for i in range(1, n):
        for j in range(1, n):
            kept = d[i - 1, j - 1] + costs[i, j]
            d[i, j] = np.minimum(kept, np.minimum(d[i - 1, j], d[i, j - 1]) + gap)
    return d


def adi(u: Any) -> Any:
    """Diffusion by alternating directions: in every step systems along the columns, then along the rows."""
    n = u.shape[0]
    v, p, q = np.zeros_like(u), np.zeros_like(u), np.zeros_like(u)
    for _ in range(STEPS):
        v[0, 1 : n - 1] = 1.0
        p[1 : n - 1, 0] = 0.0
        q[1 : n - 1, 0] = v[0, 1 : n - 1]
        for j in range(1, n - 1):
            p[1 : n - 1, j] = ACROSS / (1 + 2 * ACROSS - ACROSS * p[1 : n - 1, j - 1])
            given = ALONG * u[j, : n - 2] + (1 - 2 * ALONG) * u[j, 1 : n - 1] + ALONG * u[j, 2:n]
            q[1 : n - 1, j] = (given + ACROSS * q[1 : n - 1, j - 1]) / (1 + 2 * ACROSS - ACROSS * p[1 : n - 1, j - 1])
        v[n - 1, 1 : n - 1] = 1.0
        for j in range(n - 2, 0, -1):
            v[j, 1 : n - 1] = p[1 : n - 1, j] * v[j + 1, 1 : n - 1] + q[1 : n - 1, j]
        u[1 : n - 1, 0] = 1.0
        p[1 : n - 1, 0] = 0.0
        q[1 : n - 1, 0] = u[1 : n - 1, 0]
        for j in range(1, n - 1):
            p[1 : n - 1, j] = ALONG / (1 + 2 * ALONG - ALONG * p[1 : n - 1, j - 1])
            given = ACROSS * v[: n - 2, j] + (1 - 2 * ACROSS) * v[1 : n - 1, j] + ACROSS * v[2:n, j]
            q[1 : n - 1, j] = (given + ALONG * q[1 : n - 1, j - 1]) / (1 + 2 * ALONG - ALONG * p[1 : n - 1, j - 1])
        u[1 : n - 1, n - 1] = 1.0
        for j in range(n - 2, 0, -1):
            u[1 : n - 1, j] = p[1 : n - 1, j] * u[1 : n - 1, j + 1] + q[1 : n - 1, j]
    return u


def positive_definite(rng: np.random.Generator, n: int) -> Arrays:
    half = rng.standard_normal((n, n))
    return [half @ half.T / n + np.eye(n)]


def two_matrices(rng: np.random.Generator, n: int) -> Arrays:
    return [rng.standard_normal((n, n)) / n**0.5, rng.standard_normal((n, n))]


def triangle(rng: np.random.Generator, n: int) -> Arrays:
    return [np.tril(rng.standard_normal((n, n))) / n**0.5 + 3 * np.eye(n), rng.standard_normal(n)]


def decaying(rng: np.random.Generator, n: int) -> Arrays:
    return [rng.uniform(0.5, 1.0, n) / (2.0 + np.arange(n)) ** 2]


def prices(rng: np.random.Generator, n: int) -> Arrays:
    return [rng.uniform(0.0, 1.0, (n, n)), np.asarray(0.35)]


TEXTS: tuple[tuple[Text, Any, str], ...] = (
    (bubble_pass, vector, "a pass of bubble sort"),
    (bubble_sort, vector, "bubble sort"),
    (cholesky, positive_definite, "Cholesky factorization"),
    (lu, positive_definite, "LU factorization"),
    (triangular_product, two_matrices, "triangular product"),
    (triangular_solve, triangle, "triangular solve"),
    (rank_update, two_matrices, "symmetric rank-k update"),
    (durbin, decaying, "Durbin's recursion"),
    (gauss_seidel, matrix, f"{SWEEPS} sweeps of Gauss-Seidel"),
    (floyd_warshall, matrix, "shortest paths by Floyd and Warshall"),
    (edit_distance, prices, "edit distance"),
)
TEXTBOOK: dict[str, tuple[str, Written]] = {
    **{text.__name__: (f"{title}, n = 200, value + gradient", Written(text, make, 200)) for text, make, title in TEXTS},
    "adi": (f"{STEPS} steps of ADI, n = 200, value + gradient", Scanned(adi, matrix, 200)),
}
