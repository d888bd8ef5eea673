"""Reductions over few or equal elements."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from staticad.ir.graph import Tensor, sort_nodes
from staticad.ops.arithmetic import NEG
from staticad.ops.base import Op, apply
from staticad.ops.comparison import LOGICAL_AND, LOGICAL_OR
from staticad.ops.creation import FULL, fill
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS
from staticad.ops.reduce import ALL, ANY, MAX, MAX_OR_LOWEST, MIN, PROD, SUM
from staticad.ops.sources import placeholder
from staticad.reference import evaluate
from staticad.rewrite.fold import FOLD_RULES
from staticad.rewrite.movement import MOVEMENT_RULES
from staticad.rewrite.pattern import Rule
from staticad.rewrite.reduction import REDUCTION_RULES, REDUCTIONS
from tests.rewrite.support import identical, rewritten

NUMBERS = (SUM, PROD, MAX, MIN)


def operand(op: Op, shape: tuple[int | None, ...]) -> Tensor:
    return placeholder(shape, "bool" if op in (ANY, ALL) else "float64")


ALWAYS = [op for op in REDUCTIONS if op is not MAX_OR_LOWEST]  # which becomes max where the sizes are known


def check(tensor: Tensor, x: Tensor, fires: bool = True, rules: Sequence[Rule] = REDUCTION_RULES) -> Tensor:
    """Rewrite and compare; values are integers, so that sums are exact in any order."""
    (new,) = rewritten([tensor], rules, fires)
    values = np.random.default_rng(0).integers(-3, 4, x.shape).astype(x.dtype)
    assert identical(*evaluate([tensor, new], {x: values + values.dtype.type(0)}))
    return new


def count(tensor: Tensor, op: Op) -> int:
    return sum(node.op is op for node in sort_nodes([tensor]))


@pytest.mark.parametrize("op", ALWAYS, ids=str)
def test_no_axes(op: Op) -> None:
    x = operand(op, (2, 3))
    assert check(apply(op, x, axes=()), x) is x


@pytest.mark.parametrize("op", ALWAYS, ids=str)
def test_axes_of_size_one(op: Op) -> None:
    x = operand(op, (1, 3, 1, 2))
    assert count(check(apply(op, x, axes=(0, 2)), x), op) == 0
    new = check(apply(op, x, axes=(0, 1, 2)), x)
    assert new.node.attrs["axes"] == (0,)
    rewritten([apply(op, x, axes=(1, 3))], REDUCTION_RULES, fires=False)


def test_the_maximum_or_the_lowest_value() -> None:
    x, free = placeholder((3, 2)), placeholder((None, 1, 2))
    assert check(apply(MAX_OR_LOWEST, x, axes=(1,)), x).op is MAX
    rewritten([apply(MAX_OR_LOWEST, placeholder((3, 0)), axes=(1,))], REDUCTION_RULES, fires=False)
    tensor = apply(MAX_OR_LOWEST, free, axes=(0, 1))
    (new,) = rewritten([tensor], REDUCTION_RULES)
    assert new.op is MAX_OR_LOWEST and new.node.attrs["axes"] == (0,)
    assert identical(*evaluate([tensor, new], {free: np.zeros((0, 1, 2))}))


@pytest.mark.parametrize("op", [MAX, MIN, SUM, PROD], ids=str)
def test_one_element_keeps_its_value(op: Op) -> None:
    x = placeholder((1, 7))
    tensor = apply(op, x, axes=(0,))
    (new,) = rewritten([tensor], REDUCTION_RULES)
    values = np.array([[np.nan, np.inf, -np.inf, 0.0, 5e-324, -1e308, 3.0]])
    assert identical(*evaluate([tensor, new], {x: values}))


@pytest.mark.parametrize("op", ALWAYS, ids=str)
@pytest.mark.parametrize(
    ("first", "second", "axes"), [((0,), (0,), (0, 1)), ((1,), (0, 1), (0, 1, 2)), ((0, 2), (0,), (0, 1, 2))]
)
def test_reductions_of_reductions(
    op: Op, first: tuple[int, ...], second: tuple[int, ...], axes: tuple[int, ...]
) -> None:
    x = operand(op, (2, 3, 4))
    new = check(apply(op, apply(op, x, axes=first), axes=second), x)
    assert new.node.attrs["axes"] == axes and new.inputs[0] is x


def test_different_reductions_stay() -> None:
    x = placeholder((2, 3))
    rewritten([apply(MAX, apply(SUM, x, axes=(0,)), axes=(0,))], REDUCTION_RULES, fires=False)


@pytest.mark.parametrize("dtype", ["float64", "float32", "int8"])
def test_sums_of_equal_numbers(dtype: str) -> None:
    kind = np.dtype(dtype)
    tensor = apply(SUM, fill((7, 30), 3, kind), axes=(0, 1))
    (new,) = rewritten([tensor], [*REDUCTION_RULES, *FOLD_RULES])
    assert new.op is FULL
    assert identical(*evaluate([tensor, new]))


@pytest.mark.parametrize("op", [MAX, MIN, ANY, ALL], ids=str)
def test_extremes_of_equal_elements(op: Op) -> None:
    kind = np.dtype("bool" if op in (ANY, ALL) else "float64")
    tensor = apply(op, fill((2, 3), 1, kind), axes=(1,))
    (new,) = rewritten([tensor], REDUCTION_RULES)
    assert identical(*evaluate([tensor, new]))
    (n,) = placeholder((None,)).shape
    rewritten([apply(op, fill((n,), 1, kind), axes=(0,))], REDUCTION_RULES, fires=False)


@pytest.mark.parametrize("size", [0, 1, 5])
def test_a_free_number_of_equal_numbers(size: int) -> None:
    x = placeholder((None,))
    tensor = apply(SUM, fill(x.shape, 2.5, x.dtype), axes=(0,))
    (new,) = rewritten([tensor], REDUCTION_RULES)
    assert count(new, SUM) == 0
    # The feed gives the size its value; an output that reads it makes it known.
    before, after, _ = evaluate([tensor, new, apply(NEG, x)], {x: np.zeros(size)})
    assert identical(before, after)


def test_sums_of_infinitely_many_stay() -> None:
    (n,) = placeholder((None,)).shape
    rewritten([apply(SUM, fill((n,), np.inf, np.dtype("float64")), axes=(0,))], REDUCTION_RULES, fires=False)


@pytest.mark.parametrize("op", [SUM, MAX, MIN, ANY, ALL], ids=str)
@pytest.mark.parametrize("axes", [(0,), (0, 2), (0, 1), (0, 1, 2), (2,), (1, 2)])
def test_reductions_of_broadcasts(op: Op, axes: tuple[int, ...]) -> None:
    x = operand(op, (3, 1))
    tensor = apply(op, apply(BROADCAST_TO, x, shape=(2, 3, 4)), axes=axes)
    new = check(tensor, x)
    assert all(node.types[0].shape != (2, 3, 4) for node in sort_nodes([new]))


def test_axes_that_were_not_broadcast_stay() -> None:
    x = placeholder((3, 1))
    wide = apply(BROADCAST_TO, x, shape=(2, 3, 4))
    rewritten([apply(SUM, wide, axes=(1,)), apply(PROD, wide, axes=(0,))], REDUCTION_RULES, fires=False)


def test_a_free_number_of_copies_stays() -> None:
    x, y = placeholder((3,)), placeholder((None, 3))
    rewritten([apply(SUM, apply(BROADCAST_TO, x, shape=y.shape), axes=(0,))], REDUCTION_RULES, fires=False)


@pytest.mark.parametrize("op", ALWAYS, ids=str)
@pytest.mark.parametrize("added", [(0,), (1,), (0, 2), (2, 3)])
def test_added_axes(op: Op, added: tuple[int, ...]) -> None:
    x = operand(op, (2, 3))
    view = apply(EXPAND_DIMS, x, axes=added)
    for axes in [(0,), (1,), (0, 1), (1, 2)]:
        new = check(apply(op, view, axes=axes), x, rules=(*REDUCTION_RULES, *MOVEMENT_RULES))
        reductions = [node for node in sort_nodes([new]) if node.op is op]
        assert all(node.inputs[0] is x for node in reductions)


@pytest.mark.parametrize("rows", [3, 0])
@pytest.mark.parametrize(("op", "either"), [(ANY, LOGICAL_OR), (ALL, LOGICAL_AND)], ids=str)
def test_of_what_is_the_same_in_a_row(op: Op, either: Op, rows: int) -> None:
    """The mask of what has a cotangent, where a row has been normalized."""
    x = operand(op, (2, None))
    values = np.random.default_rng(1).random((2, rows)) < 0.5
    row = apply(EXPAND_DIMS, apply(op, x, axes=(1,)), axes=(1,))
    for first in ((x, row), (row, x)):
        tensor = apply(op, apply(either, *first), axes=(1,))
        (new,) = rewritten([tensor], REDUCTION_RULES, True)
        assert all(node.inputs[0] is x for node in sort_nodes([new]) if node.op is op)
        assert identical(*evaluate([tensor, new], {x: values}))


@pytest.mark.parametrize(("op", "either"), [(ANY, LOGICAL_OR), (ALL, LOGICAL_AND)], ids=str)
def test_of_what_is_the_same_in_a_row_that_may_be_empty(op: Op, either: Op) -> None:
    x, s = operand(op, (2, None)), operand(op, (2, 1))
    rewritten([apply(op, apply(either, x, s), axes=(1,))], REDUCTION_RULES, fires=False)
    y = operand(op, (2, 3))
    rewritten([apply(op, apply(either, y, s), axes=(1,))], REDUCTION_RULES, True)
    rewritten([apply(op, apply(either, y, y), axes=(1,))], REDUCTION_RULES, fires=False)
