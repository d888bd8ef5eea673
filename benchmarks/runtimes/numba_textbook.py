"""The loops of textbooks in Numba: value and gradients, with adjoints written by hand.

Every function returns the sum of the squares of the result, weighted along the last axis, and its gradients. Inner
loops run along rows wherever the order of the sums allows it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from benchmarks import textbook


@numba.njit
def weighted(result: np.ndarray) -> tuple[float, np.ndarray]:
    """The value, and its gradient by the result."""
    gradient = np.empty_like(result)
    rows, slopes = result.reshape(-1, result.shape[-1]), gradient.reshape(-1, result.shape[-1])
    value = 0.0
    for i in range(rows.shape[0]):
        for j in range(rows.shape[1]):
            slope = (j * 0.01 + 1) * rows[i, j]
            value += slope * rows[i, j]
            slopes[i, j] = 2 * slope
    return value, gradient


@numba.njit
def bubble_pass(x: np.ndarray) -> tuple[float, np.ndarray]:
    x = x.copy()
    swapped = np.zeros(len(x) - 1, np.bool_)
    for i in range(len(x) - 1):
        if x[i] > x[i + 1]:
            swapped[i] = True
            x[i], x[i + 1] = x[i + 1], x[i]
    value, g = weighted(x)
    for i in range(len(x) - 2, -1, -1):
        if swapped[i]:
            g[i], g[i + 1] = g[i + 1], g[i]
    return value, g


@numba.njit
def bubble_sort(x: np.ndarray) -> tuple[float, np.ndarray]:
    x = x.copy()
    n = len(x)
    swapped = np.zeros((n, n), np.bool_)
    for i in range(n):
        for j in range(n - 1 - i):
            if x[j] > x[j + 1]:
                swapped[i, j] = True
                x[j], x[j + 1] = x[j + 1], x[j]
    value, g = weighted(x)
    for i in range(n - 1, -1, -1):
        for j in range(n - 2 - i, -1, -1):
            if swapped[i, j]:
                g[j], g[j + 1] = g[j + 1], g[j]
    return value, g


@numba.njit
def cholesky(a: np.ndarray) -> tuple[float, np.ndarray]:
    a = a.copy()
    n = len(a)
    for i in range(n):
        for j in range(i + 1):
            total = a[i, j]
            for k in range(j):
                total -= a[i, k] * a[j, k]
            a[i, j] = total / a[j, j] if j < i else np.sqrt(total)
    value, g = weighted(a)
    for i in range(n - 1, -1, -1):
        slope = 0.5 * g[i, i] / a[i, i]
        g[i, i] = slope
        for k in range(i):
            g[i, k] -= 2 * slope * a[i, k]
        for j in range(i - 1, -1, -1):
            slope = g[i, j] / a[j, j]
            g[i, j] = slope
            g[j, j] -= slope * a[i, j]
            for k in range(j):
                g[i, k] -= slope * a[j, k]
                g[j, k] -= slope * a[i, k]
    return value, g


@numba.njit
def lu(a: np.ndarray) -> tuple[float, np.ndarray]:
    a = a.copy()
    n = len(a)
    for i in range(n):
        for k in range(i):
            a[i, k] /= a[k, k]
            for j in range(k + 1, n):
                a[i, j] -= a[i, k] * a[k, j]
    value, g = weighted(a)
    for i in range(n - 1, -1, -1):
        for k in range(i - 1, -1, -1):
            slope = g[i, k]
            for j in range(k + 1, n):
                slope -= g[i, j] * a[k, j]
                g[k, j] -= g[i, j] * a[i, k]
            slope /= a[k, k]
            g[k, k] -= slope * a[i, k]
            g[i, k] = slope
    return value, g


@numba.njit
def triangular_product(a: np.ndarray, b: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    old, b = b, b.copy()
    n, m = b.shape
    for i in range(n):
        for k in range(i + 1, n):
            for j in range(m):
                b[i, j] += a[k, i] * b[k, j]
    b *= 1.5
    value, g = weighted(b)
    g *= 1.5
    by_a = np.zeros_like(a)
    for i in range(n - 1, -1, -1):
        for k in range(i + 1, n):
            slope = 0.0
            for j in range(m):
                slope += g[i, j] * old[k, j]
                g[k, j] += a[k, i] * g[i, j]
            by_a[k, i] = slope
    return value, by_a, g


@numba.njit
def triangular_solve(a: np.ndarray, b: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    n = len(b)
    x = np.zeros_like(b)
    for i in range(n):
        total = b[i]
        for k in range(i):
            total -= a[i, k] * x[k]
        x[i] = total / a[i, i]
    value, g = weighted(x)
    by_a = np.zeros_like(a)
    for i in range(n - 1, -1, -1):
        slope = g[i] / a[i, i]
        g[i] = slope
        by_a[i, i] = -slope * x[i]
        for k in range(i):
            by_a[i, k] = -slope * x[k]
            g[k] -= slope * a[i, k]
    return value, by_a, g


@numba.njit
def rank_update(a: np.ndarray, c: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    c = c.copy()
    n, m = a.shape
    for i in range(n):
        for j in range(i + 1):
            total = 0.0
            for k in range(m):
                total += a[i, k] * a[j, k]
            c[i, j] = 0.5 * c[i, j] + 1.5 * total
    value, g = weighted(c)
    by_a = np.zeros_like(a)
    for i in range(n):
        for j in range(i + 1):
            slope = 1.5 * g[i, j]
            g[i, j] *= 0.5
            for k in range(m):
                by_a[i, k] += slope * a[j, k]
                by_a[j, k] += slope * a[i, k]
    return value, by_a, g


@numba.njit
def durbin(r: np.ndarray) -> tuple[float, np.ndarray]:
    n = len(r)
    before, y = np.empty((n, n)), np.zeros(n)
    alphas, betas = np.empty(n), np.empty(n)
    y[0] = alphas[0] = -r[0]
    betas[0] = 1.0
    for k in range(1, n):
        betas[k] = betas[k - 1] * (1 - alphas[k - 1] ** 2)
        total = r[k]
        for j in range(k):
            before[k, j] = y[j]
            total += r[k - 1 - j] * y[j]
        alpha = alphas[k] = -total / betas[k]
        for j in range(k):
            y[j] += alpha * before[k, k - 1 - j]
        y[k] = alpha
    value, g = weighted(y)
    by_r, old = np.zeros(n), np.empty(n)
    by_alpha = by_beta = 0.0
    for k in range(n - 1, 0, -1):
        by_alpha += g[k]
        for j in range(k):
            by_alpha += g[j] * before[k, k - 1 - j]
        slope = -by_alpha / betas[k]
        by_r[k] += slope
        for j in range(k):
            by_r[k - 1 - j] += slope * before[k, j]
            old[j] = g[j] + alphas[k] * g[k - 1 - j] + slope * r[k - 1 - j]
        for j in range(k):
            g[j] = old[j]
        by_beta += slope * alphas[k]
        by_alpha = -2 * by_beta * betas[k - 1] * alphas[k - 1]
        by_beta *= 1 - alphas[k - 1] ** 2
    by_r[0] -= by_alpha + g[0]
    return value, by_r


@numba.njit
def gauss_seidel(a: np.ndarray) -> tuple[float, np.ndarray]:
    a = a.copy()
    rows, columns = a.shape
    for _ in range(textbook.SWEEPS):
        for i in range(1, rows - 1):
            for j in range(1, columns - 1):
                total = a[i - 1, j - 1] + a[i - 1, j] + a[i - 1, j + 1] + a[i, j - 1] + a[i, j] + a[i, j + 1]
                a[i, j] = (total + a[i + 1, j - 1] + a[i + 1, j] + a[i + 1, j + 1]) / 9.0
    value, g = weighted(a)
    for _ in range(textbook.SWEEPS):
        for i in range(rows - 2, 0, -1):
            for j in range(columns - 2, 0, -1):
                slope = g[i, j] / 9.0
                g[i, j] = slope
                g[i, j - 1] += slope
                g[i, j + 1] += slope
                for k in range(j - 1, j + 2):
                    g[i - 1, k] += slope
                    g[i + 1, k] += slope
    return value, g


@numba.njit
def floyd_warshall(d: np.ndarray) -> tuple[float, np.ndarray]:
    d = d.copy()
    n = len(d)
    shorter = np.empty((n, n, n), np.bool_)
    row, column = np.empty(n), np.empty(n)
    for k in range(n):
        row[:], column[:] = d[k], d[:, k]
        for i in range(n):
            for j in range(n):
                through = column[i] + row[j]
                shorter[k, i, j] = through < d[i, j]
                d[i, j] = min(d[i, j], through)
    value, g = weighted(d)
    for k in range(n - 1, -1, -1):
        row[:], column[:] = 0.0, 0.0
        for i in range(n):
            total = 0.0
            for j in range(n):
                slope = g[i, j] if shorter[k, i, j] else 0.0
                g[i, j] -= slope
                row[j] += slope
                total += slope
            column[i] = total
        for i in range(n):
            g[k, i] += row[i]
            g[i, k] += column[i]
    return value, g


@numba.njit
def edit_distance(costs: np.ndarray, gap: np.ndarray) -> tuple[float, np.ndarray, float]:
    n = len(costs)
    d = np.zeros((n, n))
    step = gap.item()
    for i in range(1, n):
        d[i, 0] = d[0, i] = d[i - 1, 0] + step
    for i in range(1, n):
        for j in range(1, n):
            d[i, j] = min(d[i - 1, j - 1] + costs[i, j], min(d[i - 1, j], d[i, j - 1]) + step)
    value, g = weighted(d)
    by_costs, by_gap = np.zeros_like(costs), 0.0
    for i in range(n - 1, 0, -1):
        for j in range(n - 1, 0, -1):
            slope = g[i, j]
            if d[i - 1, j - 1] + costs[i, j] < min(d[i - 1, j], d[i, j - 1]) + step:
                by_costs[i, j] = slope
                g[i - 1, j - 1] += slope
            else:
                by_gap += slope
                if d[i - 1, j] < d[i, j - 1]:
                    g[i - 1, j] += slope
                else:
                    g[i, j - 1] += slope
    for i in range(n - 1, 0, -1):
        by_gap += g[i, 0] + g[0, i]
        g[i - 1, 0] += g[i, 0]
        g[0, i - 1] += g[0, i]
    return value, by_costs, by_gap


@numba.njit
def coefficients(n: int, moved: float) -> tuple[np.ndarray, np.ndarray]:
    """Of the systems of ADI along an axis: p, and what divides q."""
    p, divisors = np.zeros(n), np.empty(n)
    for j in range(1, n - 1):
        divisors[j] = 1 + 2 * moved - moved * p[j - 1]
        p[j] = moved / divisors[j]
    return p, divisors


@numba.njit
def adi(u: np.ndarray) -> tuple[float, np.ndarray]:
    u, n = u.copy(), len(u)
    v, q = np.ones_like(u), np.ones_like(u)  # q[j] belongs to the systems' unknowns of number j
    a, d = textbook.ACROSS, textbook.ALONG
    (p, divisors), (r, others) = coefficients(n, a), coefficients(n, d)
    for _ in range(textbook.STEPS):
        for j in range(1, n - 1):
            for i in range(1, n - 1):
                given = d * u[j, i - 1] + (1 - 2 * d) * u[j, i] + d * u[j, i + 1]
                q[j, i] = (given + a * q[j - 1, i]) / divisors[j]
        for j in range(n - 2, 0, -1):
            for i in range(1, n - 1):
                v[j, i] = p[j] * v[j + 1, i] + q[j, i]
        for j in range(1, n - 1):
            for i in range(1, n - 1):
                given = a * v[i - 1, j] + (1 - 2 * a) * v[i, j] + a * v[i + 1, j]
                q[j, i] = (given + d * q[j - 1, i]) / others[j]
        for i in range(1, n - 1):
            u[i, 0] = u[i, n - 1] = 1.0
        for j in range(n - 2, 0, -1):
            for i in range(1, n - 1):
                u[i, j] = r[j] * u[i, j + 1] + q[j, i]
    value, g = weighted(u)
    by_v, by_q = np.empty_like(u), np.empty_like(u)
    for _ in range(textbook.STEPS):
        by_v[:] = 0.0
        by_q[0] = 0.0
        for j in range(1, n - 1):
            for i in range(1, n - 1):
                by_q[j, i] = g[i, j] + r[j - 1] * by_q[j - 1, i]
        for j in range(n - 2, 0, -1):
            for i in range(1, n - 1):
                slope = by_q[j, i] / others[j]
                by_v[i - 1, j] += a * slope
                by_v[i, j] += (1 - 2 * a) * slope
                by_v[i + 1, j] += a * slope
                by_q[j - 1, i] += d * slope
        g[1 : n - 1] = 0.0
        by_q[0] = 0.0
        for j in range(1, n - 1):
            for i in range(1, n - 1):
                by_q[j, i] = by_v[j, i] + p[j - 1] * by_q[j - 1, i]
        for j in range(n - 2, 0, -1):
            for i in range(1, n - 1):
                slope = by_q[j, i] / divisors[j]
                g[j, i - 1] += d * slope
                g[j, i] += (1 - 2 * d) * slope
                g[j, i + 1] += d * slope
                by_q[j - 1, i] += a * slope
    return value, g


ADJOINTS: dict[Callable[..., Any], Callable[..., Any]] = {
    textbook.bubble_pass: bubble_pass,
    textbook.bubble_sort: bubble_sort,
    textbook.cholesky: cholesky,
    textbook.lu: lu,
    textbook.triangular_product: triangular_product,
    textbook.triangular_solve: triangular_solve,
    textbook.rank_update: rank_update,
    textbook.durbin: durbin,
    textbook.gauss_seidel: gauss_seidel,
    textbook.floyd_warshall: floyd_warshall,
    textbook.edit_distance: edit_distance,
    textbook.adi: adi,
}
