"""Matrix products in canonical form; values are small integers, so that sums are exact in any order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from staticad.autodiff.reverse import gradients
from staticad.ir.graph import Tensor, sort_nodes
from staticad.ops.arithmetic import MUL, NEG
from staticad.ops.base import apply
from staticad.ops.contract import MATMUL
from staticad.ops.creation import fill
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS, TRANSPOSE, swapped
from staticad.ops.reduce import SUM
from staticad.ops.sources import placeholder
from staticad.ops.transcendental import EXP
from staticad.reference import evaluate
from staticad.rewrite.contract import CONTRACT_RULES, single_use
from staticad.rewrite.engine import apply_rules
from staticad.rewrite.layout import layout_rules
from staticad.rewrite.movement import MOVEMENT_RULES
from staticad.rewrite.pattern import Rule
from tests.rewrite.support import only, rewritten


def contract_rules(outputs: Sequence[Tensor]) -> list[Rule]:
    return [*layout_rules(outputs), *CONTRACT_RULES]


def check(tensor: Tensor, *inputs: Tensor, fires: bool = True, rules: object = None) -> Tensor:
    sound = [rule for rule in contract_rules([tensor]) if not rule.unsound]
    (new,) = rewritten([tensor], sound if rules is None else rules, fires)
    rng = np.random.default_rng(0)
    feeds = {}
    for x in inputs:
        shape = tuple(s if isinstance(s, int) else 4 for s in x.shape)
        feeds[x] = rng.integers(-4, 5, shape).astype(x.dtype)
    before, after = evaluate([tensor, new], feeds)
    assert np.array_equal(before, after) and before.dtype == after.dtype
    return new


def products(tensor: Tensor) -> list[tuple[object, ...]]:
    """The shapes of the operands of all matrix products."""
    return [tuple(t.shape for t in node.inputs) for node in sort_nodes([tensor]) if node.op is MATMUL]


@pytest.mark.parametrize("dtype", ["float64", "int32", "uint8"])
@pytest.mark.parametrize("side", [0, 1])
def test_signs_go_outside(dtype: str, side: int) -> None:
    a, b = placeholder((2, 3), dtype), placeholder((3, 4), dtype)
    operands = [apply(NEG, t) if i == side else t for i, t in enumerate((a, b))]
    new = check(apply(MATMUL, *operands), a, b)
    assert new.op is NEG and new.inputs[0].inputs[side] is (a, b)[side]


def test_powers_of_two_go_outside_on_request() -> None:
    a, b = placeholder((2, 3)), placeholder((3, 4))
    rule = only(CONTRACT_RULES, "matmul(c * a, b) = c * matmul(a, b)")
    assert rule.unsound
    for left in (apply(MUL, a, fill((), 0.5, a.dtype)), apply(MUL, fill((2, 3), -4.0, a.dtype), a)):
        new = check(apply(MATMUL, left, b), a, b, rules=[rule])
        assert new.op is MUL and new.inputs[0].op is MATMUL
    right = apply(MUL, b, fill((), 2.0, a.dtype))
    assert check(apply(MATMUL, a, right), a, b, rules=[rule]).op is MUL
    rewritten([apply(MATMUL, apply(MUL, a, fill((), 3.0, a.dtype)), b)], [rule], fires=False)
    check(apply(MATMUL, a, right), a, b, fires=False)


@pytest.mark.parametrize("dtype", ["float64", "int8", "bool"])
@pytest.mark.parametrize("batch", [(), (2,), (2, 1)])
def test_an_inner_size_of_one_is_an_outer_product(dtype: str, batch: tuple[int, ...]) -> None:
    a, b = placeholder((*batch, 3, 1), dtype), placeholder((1, 4), dtype)
    new = check(apply(MATMUL, a, b), a, b)
    assert new.op is MUL


@pytest.mark.parametrize("dtype", ["float64", "int8"])
@pytest.mark.parametrize("batch", [(), (2,)])
def test_a_row_times_a_column_is_a_sum(dtype: str, batch: tuple[int, ...]) -> None:
    a, b = placeholder((*batch, 1, 3), dtype), placeholder((3, 1), dtype)
    assert not products(check(apply(MATMUL, a, b), a, b))


def test_a_row_times_a_column_of_bools_stays() -> None:
    a, b = placeholder((1, 3), "bool"), placeholder((3, 1), "bool")
    check(apply(MATMUL, a, b), a, b, fires=False)


def test_products_of_larger_matrices_stay() -> None:
    a, b = placeholder((2, 3)), placeholder((3, 1))
    check(apply(MATMUL, a, b), a, b, fires=False)


@pytest.mark.parametrize("batch", [(2,), (2, 6), (None,), (None, 6)])
def test_a_stack_times_one_matrix_is_one_product(batch: tuple[int | None, ...]) -> None:
    x, w = placeholder((*batch, 3, 5)), placeholder((5, 7))
    ((left, right),) = products(check(apply(MATMUL, x, w), x, w))
    assert len(left) == 2 and right == (5, 7)


def test_one_matrix_that_was_broadcast_to_a_stack() -> None:
    x, w = placeholder((2, 3, 5)), placeholder((5, 7))
    for wide in (apply(BROADCAST_TO, w, shape=(2, 5, 7)), apply(EXPAND_DIMS, w, axes=(0,))):
        ((left, right),) = products(check(apply(MATMUL, x, wide), x, w))
        assert (left, right) == ((6, 5), (5, 7))


def test_stacks_that_are_not_rows_stay() -> None:
    x, w, many = placeholder((2, 5, 3)), placeholder((5, 7)), placeholder((2, 5, 7))
    y = placeholder((2, 3, 5))
    check(apply(MATMUL, swapped(x), w), x, w, fires=False)
    check(apply(MATMUL, y, many), y, many, fires=False)
    one = placeholder((3, 5))
    check(apply(MATMUL, one, many), one, many, fires=False)


@pytest.mark.parametrize("batch", [(2,), (2, 6), (None,)])
def test_the_gradient_of_a_weight_is_one_product(batch: tuple[int | None, ...]) -> None:
    x, g = placeholder((*batch, 3, 5)), placeholder((*batch, 3, 7))
    if batch == (None,):
        g = apply(BROADCAST_TO, placeholder((3, 7)), shape=(*x.shape[:-2], 3, 7))
    tensor = apply(SUM, apply(MATMUL, swapped(x), g), axes=tuple(range(len(batch))))
    inputs = (x, g) if batch != (None,) else (x, g.inputs[0])
    ((left, right),) = products(check(tensor, *inputs))
    assert len(left) == len(right) == 2 and left[0] == 5 and right[1] == 7


def test_sums_over_other_axes_stay() -> None:
    x, g = placeholder((2, 6, 3, 5)), placeholder((2, 6, 3, 7))
    stack = apply(MATMUL, swapped(x), g)
    check(apply(SUM, stack, axes=(0,)), x, g, fires=False)
    check(apply(SUM, stack, axes=(0, 1, 2)), x, g, fires=False)
    wide = placeholder((6, 3, 7))
    check(apply(SUM, apply(MATMUL, swapped(x), wide), axes=(0, 1)), x, wide, fires=False)
    y = placeholder((2, 5, 3))
    h = placeholder((2, 3, 7))
    check(apply(SUM, apply(MATMUL, y, h), axes=(0,)), y, h, fires=False)


def test_the_transpose_of_a_product() -> None:
    a, b = placeholder((2, 3)), placeholder((3, 4))
    new = check(swapped(apply(MATMUL, a, b)), a, b)
    assert new.op is MATMUL and products(new) == [((4, 3), (3, 2))]
    stack_a, stack_b = placeholder((5, 2, 3)), placeholder((5, 3, 4))
    assert check(swapped(apply(MATMUL, stack_a, stack_b)), stack_a, stack_b).op is MATMUL


def test_transposes_of_transposed_operands_cancel() -> None:
    x, g = placeholder((6, 3)), placeholder((6, 4))
    tensor = swapped(apply(MATMUL, swapped(x), g))
    rules = [*contract_rules([tensor]), *MOVEMENT_RULES]
    new = check(tensor, x, g, rules=rules)
    assert new.inputs[0].op is TRANSPOSE and new.inputs[1] is x


def test_a_product_that_is_needed_itself_is_computed_once() -> None:
    a, b = placeholder((2, 3)), placeholder((3, 4))
    product = apply(MATMUL, a, b)
    outputs = [apply(EXP, product), swapped(product)]
    assert product.node not in single_use(outputs)
    assert products(apply_rules(outputs, contract_rules(outputs))[1]) == [((2, 3), (3, 4))]
    both = [product, swapped(product)]
    assert product.node not in single_use(both)


def test_other_permutations_of_a_product_stay() -> None:
    a, b = placeholder((5, 2, 3)), placeholder((5, 3, 4))
    tensor = apply(TRANSPOSE, apply(MATMUL, a, b), axes=(1, 0, 2))
    check(tensor, a, b, fires=False)


def test_a_linear_layer_with_a_transposed_weight() -> None:
    x, w = placeholder(("n", 3)), placeholder((4, 3))
    layer = apply(MATMUL, x, swapped(w))
    (gradient,) = gradients(layer, [w], [layer])
    new = check(gradient, x, w, rules=[*contract_rules([gradient]), *MOVEMENT_RULES])
    assert new.op is MATMUL and new.inputs[1] is x


def test_equal_rows_and_columns_are_multiplied_once() -> None:
    """The cotangent of a sum is one number throughout."""
    a, b, c, scale = (placeholder(shape) for shape in ((5, 3), (3, 4), (4, 6), ()))
    loss = apply(SUM, apply(MATMUL, apply(MATMUL, a, b), c), axes=(0, 1))
    large = []
    for slope in gradients(loss, [a, b, c], grad_ys=scale):
        found = products(check(slope, a, b, c, scale))
        large.append([p for p in found if p[0][-2] != 1 != p[1][-1]])
    assert large == [[], [((3, 5), (5, 4))], [((4, 3), (3, 5))]]
    wide = apply(BROADCAST_TO, placeholder((1, 3)), shape=(1, 3))
    check(apply(MATMUL, wide, b), wide.inputs[0], b, fires=False)
    rows = apply(BROADCAST_TO, placeholder((3,)), shape=(7, 2, 3))
    assert products(check(apply(MATMUL, rows, b), rows.inputs[0], b)) == [((1, 3), (3, 4))]
