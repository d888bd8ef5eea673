"""Sizes in the arithmetic of floats: what Python computes of an int, in a dtype that widens nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.ir.dims import Dim

NUMBERS: list[Callable[[Any], Any]] = [
    lambda n: 0.5 * n, lambda n: n * 0.5, lambda n: n + 0.5, lambda n: 0.5 - n, lambda n: n / 2, lambda n: 1 / n,
    lambda n: n / n, lambda n: n**0.5, lambda n: n**-1, lambda n: 0.5**n, lambda n: n // 2.5, lambda n: n % 1.5,
    lambda n: -(0.5 * n), lambda n: abs(0.5 - n), lambda n: 3 * (n / 2) + n, lambda n: (n / 4) ** 2 * (n * 1.5),
    lambda n: (1 + n) * 2 / (n - 1.0), lambda n: 7.5 % (n / 2),
]  # fmt: skip


def test_numbers() -> None:
    x = sa.placeholder(("n",), "float32", name="x")
    found = [number(x.shape[0]) for number in NUMBERS]
    session = sa.compile([*found, *(x * y for y in found)], [x])
    data = np.linspace(1.0, 2.0, 6, dtype="float32")
    results = session(data)
    for number, alone, product in zip(NUMBERS, results, results[len(NUMBERS) :], strict=False):
        assert alone.dtype == "float64" and product.dtype == "float32"
        assert alone == number(6)
        np.testing.assert_array_equal(product, data * np.float32(number(6)))


def test_numpy_scalars_are_strong() -> None:
    n = sa.placeholder(("n",), name="x").shape[0]
    x = sa.placeholder((2,), "float32")
    for number in (n * np.float64(0.5), np.float64(0.5) * n, np.sqrt(n), np.exp(n)):
        assert (x * number).dtype == "float64"
    assert (x * (np.float32(0.5) * n)).dtype == "float32"


def test_integers_stay_sizes() -> None:
    n = sa.placeholder(("n",), name="x").shape[0]
    for size in (n + np.int64(2), np.int64(2) * n, n // 2, n**2, 7 % n, np.int64(9) - n):
        assert isinstance(size, Dim)


def test_sizes_are_differentiated_as_constants() -> None:
    x = sa.placeholder(("n",), name="x")
    session = sa.compile(sa.gradients((x**2).sum() * (x.shape[0] / 2), [x]), [x])
    np.testing.assert_allclose(session(np.arange(4.0))[0], 4.0 * np.arange(4.0))


def test_foreign_operands_are_refused() -> None:
    n = sa.placeholder(("n",), name="x").shape[0]
    with pytest.raises(TypeError):
        n / "a"
    with pytest.raises(TypeError):
        (n / 2) + "a"
