"""Expressions: which are equal, their dtypes, and what is found inside them."""

from __future__ import annotations

import numpy as np
import pytest

from staticad.ir.dtypes import BOOL, FLOAT32, FLOAT64, INT64
from staticad.ir.expressions import (
    STATUS,
    Cast,
    Constant,
    Expression,
    Index,
    Name,
    Number,
    add,
    arithmetic,
    call,
    children,
    constant,
    div,
    is_serial,
    map_children,
    mul,
    names,
    sub,
)

X, Y = Name("x", FLOAT32), Name("y", FLOAT32)


def test_constants_are_equal_where_their_bits_are() -> None:
    assert constant(0.0, FLOAT64) != constant(-0.0, FLOAT64)
    assert constant(1, INT64) != constant(True, BOOL) != constant(1.0, FLOAT64)
    assert constant(0.1, FLOAT32) == constant(np.float32(0.1), FLOAT32) != constant(0.1, FLOAT64)
    nans = {constant(value, FLOAT64) for value in (np.nan, -np.nan, float("nan"))}
    assert len(nans) == 1


@pytest.mark.parametrize(
    ("expression", "dtype"),
    [
        (X, FLOAT32),
        (Name("n0"), INT64),
        (call("exp", X), FLOAT32),
        (call("less", X, Y), BOOL),
        (call("isnan", X), BOOL),
        (call("where", call("less", X, Y), X, Y), FLOAT32),
        (Cast(X, FLOAT64), FLOAT64),
        (arithmetic("i", "*", 2), INT64),
        (arithmetic("i", "<", 2), BOOL),
        (Index((("i", "n0"),)), INT64),
        (Number(1), INT64),
    ],
)
def test_dtypes(expression: Expression, dtype: np.dtype) -> None:
    assert expression.dtype == dtype


def test_numbers_beside_an_operand_have_its_dtype() -> None:
    half = constant(0.5, FLOAT32)
    assert mul(X, 0.5) == call("mul", X, half) and mul(0.5, X) == call("mul", half, X)
    for build, name in ((add, "add"), (sub, "sub"), (div, "div")):
        assert build(X, Y) == call(name, X, Y)
        assert [e.dtype for e in children(build(X, 2))] == [FLOAT32, FLOAT32]


def test_names_at_any_depth() -> None:
    index = Index((("i", "n0"), ("j", -1)), "n1")
    whole = call("f", add(X, Cast(Y, FLOAT32)), index, arithmetic("a", "-", arithmetic("b", "*", 3)), STATUS)
    assert names(whole) == ["x", "y", "i", "n0", "j", "n1", "a", "b"]


def test_calls_that_are_done_one_by_one_at_any_depth() -> None:
    assert is_serial(add(X, Cast(call("remainder", Y, Y), FLOAT32))) and not is_serial(add(X, Cast(Y, FLOAT32)))


def test_a_change_of_the_leaves_keeps_the_rest() -> None:
    def renamed(e: Expression) -> Expression:
        return Name("z", e.dtype) if isinstance(e, Name) else map_children(e, renamed)

    z = Name("z", FLOAT32)
    assert renamed(add(call("exp", X), Cast(Y, FLOAT32))) == add(call("exp", z), Cast(z, FLOAT32))
    assert renamed(arithmetic("i", "+", 1)) == arithmetic("z", "+", 1)
    assert isinstance(renamed(constant(1, INT64)), Constant)
