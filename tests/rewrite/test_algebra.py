"""Algebraic rules keep every bit, on edge values of every dtype."""

from __future__ import annotations

import numpy as np
import pytest

from staticad.ir.graph import Tensor
from staticad.ops.arithmetic import ADD, DIV, MUL, NEG
from staticad.ops.base import apply
from staticad.ops.creation import fill
from staticad.ops.sources import constant, placeholder
from staticad.reference import evaluate
from staticad.rewrite.algebra import ALGEBRA_RULES, is_power_of_two
from staticad.rewrite.fold import FOLD_RULES
from staticad.rewrite.pattern import Rule
from tests.rewrite.support import check_equation, edges, equations, identical, only, rewritten

SOUND = [rule for rule in ALGEBRA_RULES if not rule.unsound]


@pytest.mark.parametrize("rule", equations(SOUND))
def test_both_sides_are_equal_bit_for_bit(rule: Rule) -> None:
    found = check_equation(rule)
    assert found, "the rule never fired"
    assert set(found.values()) == {0.0}, found


@pytest.mark.parametrize("rule", equations([rule for rule in ALGEBRA_RULES if rule.unsound]))
def test_unsound_rules_do_differ_somewhere(rule: Rule) -> None:
    assert any(value > 0 for value in check_equation(rule).values())


def compare(tensor: Tensor, x: Tensor, rule: str) -> Tensor:
    """Apply one rule (and folding), and compare on all edge values."""
    (new,) = rewritten([tensor], [only(ALGEBRA_RULES, rule), *FOLD_RULES])
    before, after = evaluate([tensor, new], {x: edges(x.dtype)})
    assert identical(before, after)
    return new


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("divisor", [2.0, -0.25, 2.0**100, 2.0**-100])
def test_division_by_a_power_of_two(dtype: str, divisor: float) -> None:
    x = placeholder((None,), dtype)
    new = compare(apply(DIV, x, fill((), divisor, x.dtype)), x, "x / c = x * (1 / c) (c a power of two)")
    assert new.op is MUL


@pytest.mark.parametrize("divisor", [3.0, 0.0, np.inf, 2.0**-1074, 2.0**1023])
def test_division_by_other_numbers_stays(divisor: float) -> None:
    x = placeholder((None,))
    rule = only(ALGEBRA_RULES, "x / c = x * (1 / c) (c a power of two)")
    rewritten([apply(DIV, x, fill((), divisor, x.dtype))], [rule], fires=False)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8"])
@pytest.mark.parametrize("left", [True, False])
def test_a_sign_goes_into_a_constant_factor(dtype: str, left: bool) -> None:
    x = placeholder((None,), dtype)
    factor = fill((), 3, x.dtype)
    inner = apply(MUL, factor, x) if left else apply(MUL, x, factor)
    assert compare(apply(NEG, inner), x, "-(x * c) = x * -c").op is MUL


@pytest.mark.parametrize("left", [True, False])
def test_a_sign_goes_into_a_constant_of_a_quotient(left: bool) -> None:
    x = placeholder((None,))
    three = fill((), 3, x.dtype)
    inner = apply(DIV, three, x) if left else apply(DIV, x, three)
    assert compare(apply(NEG, inner), x, "-(x * c) = x * -c").op is DIV


def test_a_sign_does_not_go_into_a_constant_without_one() -> None:
    x = placeholder((None,), "uint8")
    tensor = apply(NEG, apply(MUL, x, fill((), 3, x.dtype)))
    rewritten([tensor], [only(ALGEBRA_RULES, "-(x * c) = x * -c")], fires=False)


@pytest.mark.parametrize(("op", "dtype"), [(ADD, "int8"), (MUL, "int8"), (ADD, "uint8"), (MUL, "uint8")])
def test_constants_of_integers_are_merged(op: object, dtype: str) -> None:
    x = placeholder((None,), dtype)
    inner = apply(op, fill((), 100, x.dtype), x)
    new = compare(apply(op, inner, constant(np.array([90], dtype))), x, "(x op c) op d = x op (c op d)")
    assert x in new.inputs


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_powers_of_two_are_merged(dtype: str) -> None:
    x = placeholder((None,), dtype)
    inner = apply(MUL, x, fill((), 4.0, x.dtype))
    new = compare(apply(MUL, inner, fill((), -2.0, x.dtype)), x, "(x op c) op d = x op (c op d)")
    assert x in new.inputs


@pytest.mark.parametrize(("c", "d"), [(0.5, 2.0), (3.0, 2.0), (2.0, 1.1), (2.0**100, 2.0**100)])
def test_products_that_would_round_or_overflow_otherwise_are_not_merged(c: float, d: float) -> None:
    x = placeholder((None,))
    tensor = apply(MUL, apply(MUL, x, fill((), c, x.dtype)), fill((), d, x.dtype))
    rewritten([tensor], [only(ALGEBRA_RULES, "(x op c) op d = x op (c op d)")], fires=False)


def test_sums_of_floats_are_not_merged() -> None:
    x = placeholder((None,))
    one = fill((), 1.0, x.dtype)
    tensor = apply(ADD, apply(ADD, x, one), one)
    rewritten([tensor], [only(ALGEBRA_RULES, "(x op c) op d = x op (c op d)")], fires=False)


def test_a_factor_of_one_may_be_what_gives_the_shape() -> None:
    x = placeholder(())
    tensor = apply(MUL, x, fill((2, 3), 1.0, x.dtype))
    (new,) = rewritten([tensor], SOUND)
    assert new.shape == (2, 3)
    assert identical(*evaluate([tensor, new], {x: np.array(5.0)}))


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1.0, True), (-2.0, True), (0.125, True), (3.0, False), (0.0, False), (np.inf, False), (np.nan, False), (8, True)],
)
def test_powers_of_two(value: float, expected: bool) -> None:
    assert is_power_of_two(value) is expected
