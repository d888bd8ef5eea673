"""Constants are computed once, and nothing is folded that should not be."""

from __future__ import annotations

import numpy as np
import pytest

from staticad.ir.graph import Tensor
from staticad.ops.arithmetic import ADD, DIV, FLOOR_DIVIDE, NEG
from staticad.ops.base import apply
from staticad.ops.contract import MATMUL
from staticad.ops.conversion import CAST
from staticad.ops.creation import FULL, IOTA, SIZE, SizeNumber, fill, size_tensor
from staticad.ops.indexing import GATHER
from staticad.ops.movement import BROADCAST_TO, DIAGONAL, EXPAND_DIMS, RESHAPE, SLICE, SQUEEZE, TRANSPOSE
from staticad.ops.reduce import ARGMAX, SUM
from staticad.ops.sources import CONSTANT, constant, placeholder
from staticad.ops.transcendental import EXP, LOG
from staticad.reference import evaluate
from staticad.rewrite.fold import FILLED, FOLD_RULES, LIMIT
from tests.rewrite.support import identical, only, rewritten

VALUES = constant([[1.0, 2.0], [3.0, 4.0]])
FLOAT = np.dtype("float64")


def check(tensor: Tensor, expected: object) -> Tensor:
    (new,) = rewritten([tensor], FOLD_RULES)
    assert new.op is expected and not new.inputs
    assert identical(*evaluate([tensor, new]))
    return new


@pytest.mark.parametrize(
    "tensor",
    [
        apply(EXP, VALUES),
        apply(ADD, VALUES, constant([10.0, 20.0])),
        apply(ADD, VALUES, fill((2, 2), 0.5, FLOAT)),
        apply(MATMUL, VALUES, VALUES),
        apply(TRANSPOSE, VALUES, axes=(1, 0)),
        apply(RESHAPE, VALUES, shape=(4,), constraints=()),
        apply(SLICE, VALUES, starts=(0, 1), steps=(1, -1), sizes=(2, 2)),
        apply(SUM, VALUES, axes=(0,)),
        apply(ARGMAX, constant([[1.0, 2.0], [4.0, 3.0]]), axis=1),
        apply(DIAGONAL, VALUES, offset=0, axis1=0, axis2=1),
        apply(CAST, VALUES, dtype=np.dtype("int8")),
        apply(GATHER, VALUES, constant([1, -2]), axes=(0,), position=0, aligned=False),
        apply(LOG, constant([-1.0, 0.0])),
    ],
    ids=str,
)
def test_functions_of_constants(tensor: Tensor) -> None:
    check(tensor, CONSTANT)


@pytest.mark.parametrize("value", [2.0, -0.0, np.inf, 5e-324])
@pytest.mark.parametrize("shape", [(), (3,), (2, 0 + 2)])
def test_equal_elements_become_a_fill(value: float, shape: tuple[int, ...]) -> None:
    new = check(constant(np.full(shape, value)), FULL)
    assert np.signbit(new.node.attrs["value"]) == np.signbit(value)


@pytest.mark.parametrize("array", [[1.0, 2.0], [0.0, -0.0], [np.nan, np.nan], []])
def test_other_constants_stay(array: list[float]) -> None:
    rewritten([constant(np.array(array))], FOLD_RULES, fires=False)


def test_functions_of_numbers_have_any_shape() -> None:
    (n,) = placeholder((None,)).shape
    tensor = apply(DIV, fill((n,), 3.0, FLOAT), apply(NEG, fill((), 2.0, FLOAT)))
    (new,) = rewritten([tensor], FOLD_RULES)
    assert new.op is FULL and new.node.attrs["value"] == -1.5 and new.shape == (n,)


def test_float32_is_computed_in_float32() -> None:
    third = apply(DIV, fill((), 1.0, np.dtype("float32")), fill((), 3.0, np.dtype("float32")))
    new = check(third, FULL)
    assert new.node.attrs["value"] == float(np.float32(1) / np.float32(3))


def test_integers_wrap_and_divide_as_numpy() -> None:
    int8 = np.dtype("int8")
    check(apply(ADD, fill((), 100, int8), fill((), 100, int8)), FULL)
    check(apply(FLOOR_DIVIDE, fill((), 7, int8), fill((), 0, int8)), FULL)


def test_a_result_that_is_no_number() -> None:
    zero = fill((), 0.0, FLOAT)
    check(apply(DIV, zero, zero), CONSTANT)
    (n,) = placeholder((None,)).shape
    rewritten([apply(DIV, fill((n,), 0.0, FLOAT), zero)], FOLD_RULES, fires=False)


@pytest.mark.parametrize(
    "view",
    [
        lambda x: apply(BROADCAST_TO, x, shape=(5, 1, 3)),
        lambda x: apply(EXPAND_DIMS, x, axes=(0,)),
        lambda x: apply(SQUEEZE, x, axes=(0,)),
        lambda x: apply(TRANSPOSE, x, axes=(1, 0)),
        lambda x: apply(SLICE, x, starts=(0, 2), steps=(1, -2), sizes=(1, 2)),
        lambda x: apply(RESHAPE, x, shape=(3,), constraints=()),
        lambda x: apply(DIAGONAL, x, offset=0, axis1=0, axis2=1),
    ],
)
def test_views_of_fills(view: object) -> None:
    check(view(fill((1, 3), -0.0, FLOAT)), FULL)


def test_a_large_fill_is_not_looked_at() -> None:
    """NumPy would need minutes for the sum."""
    total = apply(SUM, fill((FILLED * 10**6,), 1.0, FLOAT), axes=(0,))
    rewritten([total], FOLD_RULES, fires=False)
    check(apply(SUM, fill((FILLED,), 1.0, FLOAT), axes=(0,)), FULL)


def test_sizes() -> None:
    check(size_tensor(7), FULL)
    rewritten([size_tensor(placeholder((None,)).shape[0])], FOLD_RULES, fires=False)
    assert isinstance(SIZE, SizeNumber)


def test_what_raises_is_left_for_the_run() -> None:
    outside = apply(GATHER, VALUES, constant([0, 5]), axes=(0,), position=0, aligned=False)
    rewritten([outside], FOLD_RULES, fires=False)


def test_results_larger_than_their_operands_are_left_for_the_run() -> None:
    column, row = constant(np.arange(1.0, 101).reshape(100, 1)), constant(np.arange(100.0))
    rewritten([apply(ADD, column, row)], FOLD_RULES, fires=False)
    large = constant(np.arange(2.0 * LIMIT))
    check(apply(NEG, large), CONSTANT)


def test_what_depends_on_an_input_stays() -> None:
    x = placeholder((2, 2))
    rewritten([apply(ADD, x, VALUES), apply(IOTA, shape=(3,), dtype=FLOAT, axis=0)], FOLD_RULES, fires=False)


def test_every_rule_has_a_test() -> None:
    assert {rule.name for rule in FOLD_RULES} == {
        "constant of equal elements = full",
        "size of a known size = number",
        "view(full) = full",
        "f(numbers) = number",
        "f(constants) = constant",
    }
    assert only(FOLD_RULES, "view(full) = full").ops
