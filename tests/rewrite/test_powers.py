"""Powers and roots: exact where the header says so, within two units in the last place of the true power elsewhere."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from staticad.ops.arithmetic import DIV, MUL, POW, RECIPROCAL, RSQRT, SQRT, SQUARE
from staticad.ops.base import apply
from staticad.ops.creation import fill
from staticad.ops.sources import placeholder
from staticad.ops.transcendental import EXP
from staticad.reference import evaluate
from staticad.rewrite.pattern import Rule
from staticad.rewrite.powers import POWER_RULES
from tests.rewrite.support import check_equation, edges, equations, identical, rewritten

# x * reciprocal(y) rounds twice and 1 / y may overflow; x / y does neither, so these two improve on their left side.
BETTER = ("x * reciprocal(y) = x / y", "x / reciprocal(y) = x * y")


@pytest.mark.parametrize("rule", equations([r for r in POWER_RULES if r.name not in BETTER]))
def test_both_sides_are_equal_bit_for_bit(rule: Rule) -> None:
    found = check_equation(rule)
    assert found and set(found.values()) == {0.0}, found


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_quotients_by_reciprocals(dtype: str, rng: np.random.Generator) -> None:
    x, y = placeholder(("n",), dtype), placeholder(("n",), dtype)
    left = [apply(MUL, x, apply(RECIPROCAL, y)), apply(DIV, x, apply(RECIPROCAL, y))]
    right = rewritten(left, POWER_RULES)
    assert [t.op for t in right] == [DIV, MUL]
    values = rng.normal(size=(2, 1000)).astype(dtype)
    before, after = (evaluate(t, {x: values[0], y: values[1]}) for t in (left, right))
    for a, b in zip(before, after, strict=True):
        assert np.max(np.abs(a - b) / np.spacing(np.abs(a))) <= 2


def test_one_reciprocal_of_a_row_stays() -> None:
    x, row = placeholder((4, 3)), placeholder((3,))
    rewritten([apply(MUL, x, apply(RECIPROCAL, row))], POWER_RULES, fires=False)
    rewritten([apply(MUL, placeholder(()), apply(RECIPROCAL, row))], POWER_RULES)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 4, -1, -2, 0.5])
def test_powers_of_floats(dtype: str, exponent: float, rng: np.random.Generator) -> None:
    x = placeholder((None,), dtype)
    tensor = apply(POW, x, fill((), exponent, x.dtype))
    (new,) = rewritten([tensor], POWER_RULES)
    special = edges(x.dtype)
    numbers = np.exp(rng.uniform(-20, 20, 200)).astype(dtype)
    before, after = evaluate([tensor, new], {x: special})
    # The same kind of value everywhere: NaN, zero, infinity, sign.
    assert np.array_equal(np.isnan(before), np.isnan(after))
    ordinary = ~np.isnan(before)
    assert np.array_equal(np.signbit(before[ordinary]), np.signbit(after[ordinary]))
    assert np.array_equal(np.isinf(before), np.isinf(after))
    assert np.array_equal(before == 0, after == 0)
    (result,) = evaluate(new, {x: numbers})
    for value, got in zip(numbers, result, strict=True):
        truth = mpmath.mpf(float(value)) ** mpmath.mpf(exponent)
        if np.finfo(dtype).tiny < truth < np.finfo(dtype).max:
            assert abs(mpmath.mpf(float(got)) - truth) <= 2 * mpmath.mpf(float(np.spacing(got)))


@pytest.mark.parametrize("dtype", ["int32", "int8", "uint8"])
@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 4])
def test_powers_of_integers_are_exact(dtype: str, exponent: int) -> None:
    x = placeholder((None,), dtype)
    tensor = apply(POW, x, fill((None or 1,), exponent, x.dtype))
    (new,) = rewritten([tensor], POWER_RULES)
    assert identical(*evaluate([tensor, new], {x: edges(x.dtype)}))


def test_roots_that_differ_at_negative_zero_stay() -> None:
    x = placeholder((3,))
    array_of_halves = fill((3,), 0.5, x.dtype)
    rewritten([apply(POW, x, array_of_halves)], POWER_RULES, fires=False)
    rewritten([apply(POW, x, fill((), -0.5, x.dtype))], POWER_RULES, fires=False)


def test_roots_of_what_is_never_negative() -> None:
    x = placeholder((None,))
    for inner in (apply(SQUARE, x), apply(EXP, x)):
        tensors = [apply(POW, inner, fill((), v, x.dtype)) for v in (0.5, -0.5)]
        new = rewritten(tensors, POWER_RULES)
        assert [t.op for t in new] == [SQRT, RSQRT]
        before, after = (evaluate(t, {x: np.array([0.0, -3.0, 1e-3, np.nan, 20.0])}) for t in (tensors, new))
        np.testing.assert_array_max_ulp(before[0], after[0], 1)
        np.testing.assert_array_max_ulp(before[1], after[1], 2)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("exponent", [1.5, 2.5, -1.5, -2.5])
def test_halves_of_odd_numbers_of_what_is_never_negative(dtype: str, exponent: float, rng: np.random.Generator) -> None:
    x = placeholder((None,), dtype)
    base = apply(SQUARE, x)
    tensor = apply(POW, base, fill((), exponent, x.dtype))
    (new,) = rewritten([tensor], POWER_RULES)
    before, after = evaluate([tensor, new], {x: edges(x.dtype)})
    assert np.array_equal(np.isnan(before), np.isnan(after))
    assert np.array_equal(np.isinf(before), np.isinf(after))
    assert np.array_equal(before == 0, after == 0)
    roots = np.exp(rng.uniform(-15, 15, 300)).astype(dtype)
    squares, result = evaluate([base, new], {x: roots})
    for value, got in zip(squares, result, strict=True):
        truth = mpmath.mpf(float(value)) ** mpmath.mpf(exponent)
        if np.finfo(dtype).tiny < truth < np.finfo(dtype).max:
            assert abs(mpmath.mpf(float(got)) - truth) <= 3 * mpmath.mpf(float(np.spacing(got)))


def test_other_exponents_stay() -> None:
    x = placeholder((3,))
    for exponent in (5.0, 1.5, -3.0, np.inf):
        rewritten([apply(POW, x, fill((), exponent, x.dtype))], POWER_RULES, fires=False)


@pytest.mark.parametrize("dtype", ["float64", "int8"])
def test_a_product_with_itself_is_a_square(dtype: str) -> None:
    x = placeholder((None,), dtype)
    tensor = apply(MUL, x, x)
    (new,) = rewritten([tensor], POWER_RULES)
    assert new.op is SQUARE
    assert identical(*evaluate([tensor, new], {x: edges(x.dtype)}))


def test_one_divided_by_a_root() -> None:
    x = placeholder((None,))
    one = fill((), 1.0, x.dtype)
    tensors = [apply(DIV, one, apply(SQRT, x)), apply(DIV, one, x)]
    new = rewritten(tensors, POWER_RULES)
    assert [t.op for t in new] == [RSQRT, RECIPROCAL]
    for a, b in zip(*(evaluate(t, {x: edges(x.dtype)}) for t in (tensors, new)), strict=True):
        assert identical(a, b)
