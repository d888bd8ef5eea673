"""Small loops that change an array. A step costs its update, forward and backward, whatever the spelling."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.written import Growing, Text, matrix, vector


def product(x: Any) -> Any:
    for i in range(2, x.shape[0]):
        x[i] = x[i - 1] * x[i - 2]
    return x


def sine(x: Any) -> Any:
    for i in range(1, x.shape[0]):
        x[i] = np.sin(x[i - 1]) * x[i]
    return x


def added(x: Any) -> Any:
    for i in range(1, x.shape[0]):
        x[i] += x[i - 1] * 0.5
    return x


def summed(x: Any) -> Any:
    for i in range(1, x.shape[0]):
        x[i] = x[i - 1] * 0.5 + x[i]
    return x


def added_sine(x: Any) -> Any:
    for i in range(1, x.shape[0]):
        x[i] += np.sin(x[i - 1])
    return x


def moved(x: Any) -> Any:
    for i in range(1, x.shape[0] - 1):
        x[i] = x[i + 1]
    return x


def exchanged(x: Any) -> Any:
    for i in range(1, x.shape[0] - 1):
        t = x[i]
        x[i] = x[i + 1]
        x[i + 1] = t
    return x


def exchanged_with_factors(x: Any) -> Any:
    for i in range(1, x.shape[0] - 1):
        t = x[i] * 0.999
        x[i] = x[i + 1] * 1.5
        x[i + 1] = t
    return x


def smaller(x: Any) -> Any:
    for i in range(1, x.shape[0] - 1):
        if x[i] > x[i + 1]:
            x[i] = x[i + 1]
    return x


def every_other(x: Any) -> Any:
    for i in range(1, x.shape[0] - 1):
        if i % 2 == 0:
            x[i] = x[i - 1] * x[i + 1]
    return x


def swapped_pair(x: Any) -> Any:
    for i in range(1, x.shape[0] - 1):
        a, b = x[i], x[i + 1]
        if a > b:
            x[i] = b
            x[i + 1] = a
    return x


def swapped(x: Any) -> Any:
    for i in range(1, x.shape[0] - 1):
        if x[i] > x[i + 1]:
            t = x[i]
            x[i] = x[i + 1]
            x[i + 1] = t
    return x


def row_product(a: Any) -> Any:
    for i in range(1, a.shape[0]):
        a[i, 0] = (a[i] * a[i - 1]).sum()
    return a


def nested(a: Any) -> Any:
    for i in range(1, a.shape[0]):
        for j in range(1, a.shape[1]):
            a[i, j] = a[i, j] * a[i - 1, j]
    return a


def part_of_column(p: Any) -> Any:
    n = p.shape[0]
    for j in range(1, n):
        p[1 : n - 1, j] = p[1 : n - 1, j - 1] * 0.5
    return p


def part_of_row(p: Any) -> Any:
    for j in range(1, p.shape[0]):
        p[j, 1:-1] = p[j - 1, 1:-1] * 0.5
    return p


def whole_column(p: Any) -> Any:
    for j in range(1, p.shape[0]):
        p[:, j] = p[:, j - 1] * 0.5
    return p


VECTORS: tuple[tuple[Text, str], ...] = (
    (product, "x[i] = x[i-1] * x[i-2]"),
    (sine, "x[i] = sin(x[i-1]) * x[i]"),
    (added, "x[i] += x[i-1] * 0.5"),
    (summed, "x[i] = x[i-1] * 0.5 + x[i]"),
    (added_sine, "x[i] += sin(x[i-1])"),
    (moved, "x[i] = x[i+1]"),
    (exchanged, "t = x[i]; x[i] = x[i+1]; x[i+1] = t"),
    (exchanged_with_factors, "t = x[i] * 0.999; x[i] = x[i+1] * 1.5; x[i+1] = t"),
    (smaller, "if x[i] > x[i+1]: x[i] = x[i+1]"),
    (every_other, "if i % 2 == 0: x[i] = x[i-1] * x[i+1]"),
    (swapped_pair, "a, b = x[i], x[i+1]; if a > b: x[i] = b; x[i+1] = a"),
    (swapped, "if x[i] > x[i+1]: t = x[i]; x[i] = x[i+1]; x[i+1] = t"),
)
MATRICES: tuple[tuple[Text, str, int], ...] = (
    (row_product, "A[i, 0] = (A[i] * A[i-1]).sum()", 100),
    (nested, "two loops: A[i, j] = A[i, j] * A[i-1, j]", 50),
    (part_of_column, "P[1:n-1, j] = P[1:n-1, j-1] * 0.5", 100),
    (part_of_row, "P[j, 1:-1] = P[j-1, 1:-1] * 0.5", 100),
    (whole_column, "P[:, j] = P[:, j-1] * 0.5", 100),
)
GROWING: dict[str, tuple[str, Growing]] = {
    **{text.__name__: (f"{body}, n = 4000", Growing(text, vector, 4000)) for text, body in VECTORS},
    **{text.__name__: (f"{body}, n = {n}", Growing(text, matrix, n)) for text, body, n in MATRICES},
}
