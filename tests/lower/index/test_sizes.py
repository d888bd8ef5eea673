"""Sizes that have to be equal have one representative."""

from __future__ import annotations

import numpy as np

import staticad as sa
from staticad.ir.dims import floordiv, symbol
from staticad.lower.index.sizes import Sizes
from tests.lower.interpreter import interpret
from tests.lower.planning import labels, plan_for

A, B, C = symbol("a"), symbol("b"), symbol("c")


def test_without_constraints_sizes_stay() -> None:
    sizes = Sizes([])
    assert sizes.canonical(A) == A
    assert sizes.shape((3, A, B)) == (3, A, B)


def test_two_symbols_become_one() -> None:
    sizes = Sizes([(A, B)])
    assert sizes.canonical(A) == sizes.canonical(B)
    assert sizes.canonical(C) == C
    assert sizes.canonical(2 * A + B) == 3 * sizes.canonical(A)


def test_chains_of_equalities_meet_in_any_order() -> None:
    for pairs in ([(A, B), (B, C)], [(B, C), (A, B)], [(C, A), (B, C)], [(A, B), (C, B), (A, C)]):
        sizes = Sizes(pairs)
        assert len({sizes.canonical(s) for s in (A, B, C)}) == 1


def test_a_number_wins() -> None:
    for pairs in ([(A, 7)], [(7, A)], [(A, B), (B, 7)], [(B, 7), (A, B)]):
        assert Sizes(pairs).canonical(A) == 7
    assert Sizes([(A, 7)]).canonical(floordiv(A + 1, 2)) == 4


def test_equal_expressions_that_name_no_symbol_are_left_alone() -> None:
    sizes = Sizes([(2 * A, B + 1)])
    assert sizes.shape((A, B)) == (A, B)


def test_contradictions_are_left_for_the_run() -> None:
    assert Sizes([(A, 3), (A, 4)]).canonical(A) == 3


def test_tensors_of_free_sizes_that_meet_share_a_kernel() -> None:
    x, y = sa.placeholder((None,)), sa.placeholder((None,))
    plan = plan_for([sa.exp(x), x + y, sa.sin(y)])
    assert len(plan.steps) == 1, labels(plan)
    feeds = {x: np.arange(3.0), y: np.ones(3)}
    fetched, _ = interpret(plan, feeds)
    for found, expected in zip(fetched, [np.exp(feeds[x]), feeds[x] + 1, np.sin(feeds[y])], strict=True):
        np.testing.assert_allclose(found, expected)
