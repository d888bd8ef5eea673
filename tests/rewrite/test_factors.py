"""Factors are found behind views, signs and quotients, and put together again."""

from __future__ import annotations

import numpy as np
import pytest

from staticad.ir.graph import Tensor
from staticad.ops.arithmetic import ADD, DIV, MUL, NEG, RECIPROCAL, SQUARE
from staticad.ops.base import apply
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS, TRANSPOSE
from staticad.ops.sources import placeholder
from staticad.ops.transcendental import EXP
from staticad.reference import evaluate
from staticad.rewrite.factors import LIMIT, factorize
from staticad.rewrite.match import fit

A, B, C = (placeholder((2, 3), name=name) for name in "abc")
ROW, COLUMN, LINE = placeholder((3,), name="row"), placeholder((2, 1), name="column"), placeholder((2,), name="line")
VALUES = {t: np.random.default_rng(i).uniform(0.5, 2.0, t.shape) for i, t in enumerate((A, B, C, ROW, COLUMN, LINE))}


def listed(tensor: Tensor) -> list[tuple[str | None, bool]]:
    return [(f.tensor.name, f.inverse) for f in factorize(tensor).factors]


def test_a_tree_of_products() -> None:
    tensor = apply(DIV, apply(MUL, A, apply(NEG, B)), apply(DIV, C, apply(RECIPROCAL, apply(SQUARE, A))))
    assert listed(tensor) == [("a", False), ("b", False), ("c", True), ("a", True), ("a", True)]
    assert factorize(tensor).negative


def test_views_give_the_axes_of_a_factor() -> None:
    line = apply(EXPAND_DIMS, LINE, axes=(1,))
    tensor = apply(MUL, apply(BROADCAST_TO, apply(MUL, line, COLUMN), shape=(2, 3)), apply(MUL, A, ROW))
    assert [(f.tensor.name, f.axes) for f in factorize(tensor).factors] == [
        ("line", (-2,)),
        ("column", (-2, -1)),
        ("a", (-2, -1)),
        ("row", (-1,)),
    ]


def test_the_same_factor_has_the_same_key_however_it_was_broadcast() -> None:
    kept = apply(EXPAND_DIMS, LINE, axes=(1,))
    for other in (apply(BROADCAST_TO, kept, shape=(2, 3)), apply(EXPAND_DIMS, LINE, axes=(0, 2))):
        left, right = factorize(apply(MUL, kept, other)).factors
        assert left.key == right.key
    square = placeholder((3, 3))
    by_row, by_column = factorize(apply(MUL, apply(MUL, square, ROW), apply(EXPAND_DIMS, ROW, axes=(1,)))).factors[1:]
    assert by_row.tensor is by_column.tensor and by_row.key != by_column.key


@pytest.mark.parametrize(
    "tensor",
    [
        apply(MUL, A, B),
        apply(DIV, apply(NEG, A), apply(MUL, B, C)),
        apply(RECIPROCAL, A),
        apply(NEG, apply(DIV, A, apply(EXPAND_DIMS, LINE, axes=(1,)))),
        apply(MUL, apply(BROADCAST_TO, apply(MUL, COLUMN, ROW), shape=(2, 3)), apply(RECIPROCAL, A)),
        apply(BROADCAST_TO, apply(MUL, ROW, ROW), shape=(2, 3)),
        apply(ADD, A, B),
    ],
    ids=str,
)
def test_the_product_is_what_it_was(tensor: Tensor) -> None:
    again = fit(factorize(tensor).build(tensor), tensor.type)
    np.testing.assert_allclose(*evaluate([tensor, again], VALUES), rtol=1e-15)


def test_factors_are_taken_away_one_at_a_time() -> None:
    product = factorize(apply(SQUARE, A))
    first, second = product.factors
    assert product.without(first).factors == (second,)
    assert product.without(first).times(first).factors[-1] is first


def test_what_is_no_product_is_one_factor() -> None:
    for tensor in (apply(EXP, A), apply(ADD, A, B), apply(TRANSPOSE, apply(MUL, A, B), axes=(1, 0))):
        (factor,) = factorize(tensor).factors
        assert factor.tensor is tensor


def test_large_products_are_not_taken_apart_without_end() -> None:
    tensor = A
    for _ in range(100):
        tensor = apply(MUL, tensor, B)
    product = factorize(tensor)
    assert len(product.factors) <= LIMIT + 1
    power = A
    for _ in range(60):
        power = apply(SQUARE, power)
    assert len(factorize(power).factors) <= 2 * LIMIT
