"""Rules for conditions, comparisons and casts keep every value."""

from __future__ import annotations

import numpy as np
import pytest

from staticad.ir.dtypes import as_dtype, is_lossless
from staticad.ops.base import apply
from staticad.ops.comparison import LESS, LOGICAL_NOT
from staticad.ops.conversion import CAST
from staticad.ops.creation import fill
from staticad.ops.selection import WHERE
from staticad.ops.sources import placeholder
from staticad.reference import evaluate
from staticad.rewrite.logic import LOGIC_RULES
from staticad.rewrite.pattern import Rule
from tests.rewrite.support import DTYPES, check_equation, edges, equations, identical, only, rewritten


@pytest.mark.parametrize("rule", equations(LOGIC_RULES))
def test_both_sides_are_equal_bit_for_bit(rule: Rule) -> None:
    found = check_equation(rule)
    assert found, "the rule never fired"
    assert set(found.values()) == {0.0}, found


@pytest.mark.parametrize("known", [True, False])
def test_a_known_condition_is_decided(known: bool) -> None:
    a, b = placeholder((3,)), placeholder(())
    tensor = apply(WHERE, fill((3,), known, np.dtype(bool)), a, b)
    (new,) = rewritten([tensor], LOGIC_RULES)
    assert new is a if known else new.inputs == (b,)
    assert identical(*evaluate([tensor, new], {a: np.array([1.0, np.nan, -0.0]), b: np.array(2.0)}))


def test_the_complement_of_an_order_of_floats_stays() -> None:
    x, y = placeholder((3,)), placeholder((3,))
    rewritten([apply(LOGICAL_NOT, apply(LESS, x, y))], LOGIC_RULES, fires=False)


CAST_RULE = only(LOGIC_RULES, "cast(cast(x)) = cast(x), cast to the same dtype = x")


@pytest.mark.parametrize("source", DTYPES, ids=str)
@pytest.mark.parametrize("middle", DTYPES, ids=str)
@pytest.mark.parametrize("target", DTYPES, ids=str)
def test_chains_of_casts(source: np.dtype, middle: np.dtype, target: np.dtype) -> None:
    x = placeholder((None,), source)
    inner = apply(CAST, x, dtype=middle)
    tensor = apply(CAST, inner, dtype=target)
    goes_through_float = middle.kind == "f" and source.kind in "iu" and target.kind in "iu"
    direct = is_lossless(source, middle) and (not goes_through_float or is_lossless(source, target))
    (new,) = rewritten([tensor], [CAST_RULE], fires=direct or source == middle or middle == target)
    if direct:
        assert new is x or new.inputs == (x,)
    values = edges(source)
    if source.kind == "f" and target.kind in "iu":
        # What a float outside the integers' range becomes is left open.
        values = np.array([0.0, -0.0, 1.0, 2.5], source)
    if middle.kind in "iu" and source.kind == "f":
        values = np.array([0.0, -0.0, 1.0, 2.5], source)
    if middle.kind == "f" and source.kind in "iu" and target.kind in "iu":
        values = values[(values >= 0) & (values < 100)]
    with np.errstate(all="ignore"):
        assert identical(*evaluate([tensor, new], {x: values}))


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("int32", "float64", True),
        ("int64", "float64", False),
        ("int32", "float32", False),
        ("int16", "float32", True),
        ("float32", "float64", True),
        ("float64", "float32", False),
        ("bool", "int8", True),
        ("int8", "bool", False),
        ("uint8", "int16", True),
        ("int8", "uint16", False),
        ("int64", "complex128", False),
        ("int32", "complex128", True),
        ("complex64", "float64", False),
        ("float16", "bfloat16", False),
        ("bfloat16", "float16", False),
        ("bfloat16", "complex64", True),
        ("int8", "float16", True),
    ],
)
def test_lossless_casts(source: str, target: str, expected: bool) -> None:
    assert is_lossless(as_dtype(source), as_dtype(target)) is expected
