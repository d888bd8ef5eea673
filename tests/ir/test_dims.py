"""Symbolic sizes: a normal form that agrees with integer arithmetic for every value of the free sizes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from staticad.errors import GraphError, ShapeError
from staticad.ir import dims
from staticad.ir.convolved import LARGEST_FACTOR, largest_factor
from staticad.ir.dim_values import evaluate, substitute
from staticad.ir.dims import Dim, Size, Symbol

N, M = dims.symbol("n"), dims.symbol("m")
SYMBOLS = (Symbol("n"), Symbol("m"))

Number = Callable[[int, int], int]
Pair = tuple[Size, Number]  # an expression, and the same in Python's integers

BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
}


def _combine(name: str, left: Pair, right: Pair) -> Pair:
    (a, f), (b, g) = left, right
    if name in BINARY:
        operator = BINARY[name]
        return operator(a, b), lambda n, m: operator(f(n, m), g(n, m))
    if name == "max":
        return dims.maximum(dims.maximum(a, 0), dims.maximum(b, 0)), lambda n, m: max(f(n, m), g(n, m), 0)
    if name == "min":
        return dims.minimum(dims.maximum(a, 0), dims.maximum(b, 0)), lambda n, m: min(max(f(n, m), 0), max(g(n, m), 0))
    # divisors are positive
    return dims.floordiv(a, dims.maximum(b, 1)), lambda n, m: f(n, m) // max(g(n, m), 1)


def pairs() -> st.SearchStrategy[Pair]:
    leaves = st.one_of(
        st.integers(-4, 9).map(lambda k: (k, lambda n, m: k)),
        st.just((N, lambda n, m: n)),
        st.just((M, lambda n, m: m)),
    )
    names = st.sampled_from(["add", "sub", "mul", "max", "min", "div"])
    return st.recursive(leaves, lambda inner: st.builds(_combine, names, inner, inner), max_leaves=7)


VALUES = list(itertools.product((0, 1, 2, 3, 7), (0, 1, 4, 5)))


@given(pairs())
def test_expressions_evaluate_as_integers(pair: Pair) -> None:
    size, number = pair
    for n, m in VALUES:
        assert evaluate(size, {SYMBOLS[0]: n, SYMBOLS[1]: m}) == number(n, m)


@given(pairs())
def test_constant_expressions_are_ints(pair: Pair) -> None:
    size, _ = pair
    assert isinstance(size, int) == (not dims.symbols(size))
    if isinstance(size, Dim):
        assert size - size == 0
        assert size + 0 == size
        assert size * 1 == size
        assert size * 0 == 0
        assert 0 - (0 - size) == size
        assert 0 - size == -size


@given(pairs(), pairs(), pairs())
def test_the_normal_form_is_canonical_in_sums_and_products(left: Pair, middle: Pair, right: Pair) -> None:
    a, b, c = left[0], middle[0], right[0]
    for one, other in (
        (a + b, b + a),
        (a * b, b * a),
        ((a + b) + c, a + (b + c)),
        (a * (b + c), a * b + a * c),
        (a - b, -(b - a)),
    ):
        assert one == other
        assert hash(one) == hash(other)
        assert str(one) == str(other)


@given(pairs(), st.integers(-3, 3))
def test_at_least_is_never_wrong(pair: Pair, bound: int) -> None:
    size, number = pair
    assume(dims.at_least(size, bound))
    assert all(number(n, m) >= bound for n, m in VALUES)


@given(pairs(), pairs())
def test_substitution_is_evaluation_in_two_steps(pair: Pair, replacement: Pair) -> None:
    size, number = pair
    new, inner = replacement
    replaced = substitute(size, {SYMBOLS[0]: new})
    for n, m in VALUES:
        if inner(n, m) >= 0:  # sizes are
            assert evaluate(replaced, {SYMBOLS[0]: n, SYMBOLS[1]: m}) == number(inner(n, m), m)


def test_at_least_knows_that_a_floor_division_may_be_negative() -> None:
    assert not dims.at_least((N - 5) // 2, 0)
    assert dims.at_least((N + 5) // 2, 0)
    assert evaluate(dims.maximum((N - 5) // 2, 0), {SYMBOLS[0]: 1}) == 0
    assert dims.at_least(dims.maximum(N - 3, 0), 0)
    assert not dims.at_least(dims.minimum(N - 3, M), 0)
    assert dims.at_least(2 * N + M + 3, 3)
    assert not dims.at_least(N - M, 0)
    assert not dims.at_least(N, 1)
    assert dims.at_least(4, 4)
    assert not dims.at_least(3, 4)


def test_symbols_with_one_name_are_one_size_and_fresh_ones_are_not() -> None:
    assert dims.symbol("n") == N
    assert hash(dims.symbol("n")) == hash(N)
    assert N != M
    a, b = dims.fresh(), dims.fresh()
    assert a != b
    assert a == a
    assert isinstance(a - b, Dim)
    assert a != dims.symbol(str(a))  # a user's name never meets a fresh one
    assert N != 3
    assert 3 != N
    assert N != "n"
    assert len({N, dims.symbol("n"), M, a, b}) == 4


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (N, "n"),
        (N + 1, "n + 1"),
        (1 + N, "n + 1"),
        (N - 1, "n - 1"),
        (3 - N, "-n + 3"),
        (2 * N + M, "m + 2*n"),
        (N * M, "m*n"),
        (N * N, "n**2"),
        (-2 * N * N - 1, "-2*n**2 - 1"),
        ((N + 1) // 2, "(n + 1)//2"),
        (N // M, "(n)//(m)"),
        (N - 2 * ((3 * N + 1) // 5), "-2*((3*n + 1)//5) + n"),
        (dims.maximum(N, M), "max(n, m)"),
        (dims.minimum(N, 4) * 2, "2*min(n, 4)"),
        ((N + 1) * (N - 1), "n**2 - 1"),
    ],
)
def test_text(size: Size, text: str) -> None:
    assert str(size) == repr(size) == text


@pytest.mark.parametrize(
    ("size", "simple"),
    [
        ((2 * N) // 2, N),
        ((4 * N + 6) // 2, 2 * N + 3),
        ((N * M) // N, M),
        ((3 * N * N * M) // (N * M), 3 * N),
        (N // 1, N),
        (N // N, 1),
        ((N * M + 2 * M) // M, N + 2),
        (N % 1, 0),
        ((6 * N) % 3, 0),
        (dims.maximum(N + 1, N), N + 1),
        (dims.maximum(N, 0), N),
        (dims.minimum(N, N + 3), N),
        (dims.minimum(N, 0), 0),
        (dims.maximum(3, 5), 5),
        (dims.minimum(3, 5), 3),
        (7 // dims.symbol("n") * 0, 0),
        (N - N, 0),
        (N + 2 - N, 2),
    ],
)
def test_simplification(size: Size, simple: Size) -> None:
    assert size == simple
    assert type(size) is type(simple)


def test_floor_division_and_remainder_with_numbers() -> None:
    values = {SYMBOLS[0]: 5, SYMBOLS[1]: 3}
    for size, number in ((N % 3, 2), (17 // N, 3), (17 % N, 2), (N % M, 2), (N // 2, 2), ((N + M) // 3 * 2, 4)):
        assert evaluate(size, values) == number
    with pytest.raises(ZeroDivisionError):
        evaluate(17 // N, {SYMBOLS[0]: 0})
    with pytest.raises(ZeroDivisionError):
        evaluate(N // 0, values)


def test_product() -> None:
    assert dims.product([]) == 1
    assert dims.product([2, N, 3, M]) == 6 * N * M
    assert dims.product([N, 0]) == 0


def test_symbols_of_an_expression() -> None:
    assert dims.symbols(5) == set()
    assert dims.symbols(dims.maximum(N // 2, M) + 1) == set(SYMBOLS)
    assert dims.as_symbol(N) == SYMBOLS[0]
    assert [dims.as_symbol(s) for s in (3, 2 * N, N + 1, N * N, N // 2, N * M)] == [None] * 6


def test_a_missing_value_is_named() -> None:
    with pytest.raises(KeyError) as caught:
        evaluate(N + M, {SYMBOLS[0]: 1})
    assert caught.value.args[0] == SYMBOLS[1]


def test_sizes_are_no_python_numbers() -> None:
    with pytest.raises(GraphError, match=r"size n \+ 1 is zero .* sa.where"):
        bool(N + 1)
    with pytest.raises(ShapeError, match="known only at run time"):
        range(N)
    with pytest.raises(ShapeError, match="known only at run time"):
        [1, 2, 3][N]
    with pytest.raises(TypeError):
        N - "a"
    for wrong in (lambda: 2**N, lambda: N > 1, lambda: 1 > N, lambda: max(N, 1)):
        with pytest.raises(GraphError, match=r"no size, .* sa.asarray"):
            wrong()
    assert N**2 == N * N and N**0 == 1


def test_numpy_integers_are_sizes_too() -> None:
    for size in (N + np.int64(2), N * np.int8(2), np.int64(2) * N, N // np.int32(2), N - np.int64(1)):
        assert isinstance(size, Dim)
    assert N + np.int64(2) == N + 2
    assert np.int64(3) - N == 3 - N


def test_long_sums_stay_small() -> None:
    total: Size = 0
    for _ in range(2000):
        total = total + N + 1
    assert total == 2000 * N + 2000
    assert str(total) == "2000*n + 2000"


def test_convolutions_of_transforms_have_a_power_of_two() -> None:
    """From the smallest prime on that takes one; other lengths take none."""
    length = dims.convolved(N)
    for n in range(1, 300):
        largest = max((p for p in range(2, n + 1) if n % p == 0 and all(p % k for k in range(2, p))), default=1)
        assert largest_factor(n) == largest
        size = evaluate(length, {Symbol("n"): n})
        assert size == dims.convolved(n) == evaluate(substitute(length, {Symbol("n"): n}), {})
        if largest > LARGEST_FACTOR:
            assert 2 * n - 1 <= size < 4 * n and size & (size - 1) == 0
        else:
            assert size == 1
