"""Inequalities of free sizes: what is proved holds for every value, and what slices need is proved."""

from __future__ import annotations

import pytest
from hypothesis import assume, given

from staticad.ir import dims
from staticad.ir.dim_values import evaluate
from staticad.ir.dims import Size
from staticad.ir.proofs import follows
from tests.ir.test_dims import SYMBOLS, VALUES, M, N, Pair, pairs


@given(pairs(), pairs())
def test_what_follows_is_true(goal: Pair, condition: Pair) -> None:
    (size, number), (given_size, given_number) = goal, condition
    assume(follows(size, (given_size,)))
    assert all(number(n, m) >= 0 for n, m in VALUES if given_number(n, m) >= 0)


@given(pairs())
def test_what_needs_nothing_is_true(goal: Pair) -> None:
    size, number = goal
    assume(follows(size, ()))
    assert all(number(n, m) >= 0 for n, m in VALUES)
    assert evaluate(size, {SYMBOLS[0]: 4, SYMBOLS[1]: 9}) >= 0


@pytest.mark.parametrize(
    ("goal", "given_sizes"),
    [
        (N, ()),
        (N - dims.minimum(N, 5), ()),
        (dims.maximum(N, M) - M, ()),
        (N - N // 2, ()),
        (N + 1 - 2 * ((N + 1) // 2), ()),
        (2 * (N // 2) + 1 - N, ()),
        (N - 1, (N - M, M - 1)),
        (N - 5 - dims.maximum(N - 5, 0), (dims.maximum(N - 5, 0) - 1,)),
        (1 - 2 * N, (-N,)),
        (-1, (N - M - 1, M - N)),
        (N + 3 - dims.minimum(dims.maximum(M, 3), N + 3), ()),
    ],
)
def test_proved(goal: Size, given_sizes: tuple[Size, ...]) -> None:
    assert follows(goal, given_sizes)


@pytest.mark.parametrize(
    ("goal", "given_sizes"),
    [(N - M, ()), (N - 1, ()), (-N, ()), (-1, (N - M,)), (3 - 2 * N, (2 - N,)), (N // M - N, ())],
)
def test_not_proved(goal: Size, given_sizes: tuple[Size, ...]) -> None:
    assert not follows(goal, given_sizes)
