"""The square of a root keeps its number, and its class: no over- or underflow is added, NaN stays NaN."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import staticad as sa
from staticad.ir.graph import Tensor
from staticad.ops.roots import without_root
from staticad.reference import evaluate

POINTS = np.array([0.0, -0.0, 5e-324, -1e-300, 1e-160, 3.0, -7.0, 1e150, -1e154, np.inf, -np.inf, np.nan])


def lengths(x: Tensor) -> Tensor:
    return sa.linalg.norm(x, axis=1)


@pytest.mark.parametrize(
    ("root", "product"),
    [
        (lengths, sa.square),
        (lengths, lambda d: d * -d),
        (lengths, lambda d: sa.square(1e170 * d)),
        (lengths, lambda d: sa.square(d / 1e170)),
        (lengths, lambda d: sa.square(d[:, None])),
        (sa.sqrt, sa.square),
        (sa.sqrt, lambda d: (1e-20 * d) ** 4.0),
        (abs, sa.square),
        (abs, lambda d: (d * 1e-200) * d),
    ],
)
def test_classes_and_numbers_stay(root: Callable[[Tensor], Tensor], product: Callable[[Tensor], Tensor]) -> None:
    x = sa.placeholder((len(POINTS), 1))
    y = product(root(x))
    squared = without_root(y, lambda a, b: a is b)
    assert squared is not None and squared.type == y.type
    before, after = evaluate([y, squared], {x: POINTS[:, None]})
    np.testing.assert_allclose(after, before, rtol=1e-14, atol=5e-320)


def test_other_products_stay() -> None:
    x, y = sa.placeholder((3,)), sa.placeholder((3,))
    products = [
        sa.sqrt(x) * sa.sqrt(y), sa.linalg.norm(x) * sa.linalg.norm(y), sa.sqrt(x) ** 3, sa.sqrt(x) ** 1, abs(x) * x,
        sa.square(sa.where(x == 0, 0.0, sa.sqrt(sa.where(x == 0, 2.0, x)))), abs(x) ** y, sa.square(1 / sa.sqrt(x)),
    ]  # fmt: skip
    assert all(without_root(p, lambda a, b: a is b) is None for p in products)
