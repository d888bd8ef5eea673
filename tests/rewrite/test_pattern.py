"""Patterns match what they describe, print as equations, and build what they describe."""

from __future__ import annotations

import numpy as np

from staticad.ops.arithmetic import ADD, MUL, SUB
from staticad.ops.base import apply
from staticad.ops.sources import constant, placeholder
from staticad.ops.transcendental import EXP, LOG, LOG1P
from staticad.reference import evaluate
from staticad.rewrite.pattern import Variable, call, equation

x, y = Variable("x"), Variable("y")
A, B = placeholder((3,), name="a"), placeholder((3,), name="b")


def test_variables_match_anything_but_the_same_thing_twice() -> None:
    pattern = x * x
    assert pattern.match(apply(MUL, A, A), {}) == {"x": A}
    assert pattern.match(apply(MUL, A, B), {}) is None
    assert pattern.match(apply(ADD, A, A), {}) is None


def test_operands_of_commutative_ops_match_in_either_order() -> None:
    log = call(LOG, 1 + x)
    one = constant(1.0)
    for inner in (apply(ADD, one, A), apply(ADD, A, one)):
        assert log.match(apply(LOG, inner), {}) == {"x": A}
    difference = 1 - x
    assert difference.match(apply(SUB, one, A), {}) == {"x": A}
    assert difference.match(apply(SUB, A, one), {}) is None


def test_equations_print_as_such() -> None:
    rule = equation(call(LOG, 1 + x), call(LOG1P, x))
    assert rule.name == "log(1 + x) = log1p(x)"
    assert str(-(x - y) / (2 * x) ** y) == "(-(x - y)) / ((2 * x) ** y)"


def test_a_guard_sees_the_tensors_of_the_variables() -> None:
    rule = equation(x * y, x, when=lambda x, y: x is A and y is B)
    assert rule.build(apply(MUL, A, B)) is A
    assert rule.build(apply(MUL, B, A)) is None


def test_the_right_side_gets_the_shape_of_the_left() -> None:
    rule = equation(x * 1, x)
    scalar = placeholder(())
    new = rule.build(apply(MUL, scalar, constant(np.ones((2, 3)))))
    assert new is not None and new.shape == (2, 3)
    assert evaluate(new, {scalar: 4.0})[0].tolist() == [[4.0] * 3] * 2


def test_numbers_of_the_right_side_have_the_dtype_of_the_left() -> None:
    rule = equation(call(EXP, x), 2 * x)
    new = rule.build(apply(EXP, placeholder((3,), "float32")))
    assert new is not None and new.dtype == np.float32
