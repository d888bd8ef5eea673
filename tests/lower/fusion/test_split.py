"""Expensive functions of rows: which leave the kernel that reduces the rows, and which have to stay."""

from __future__ import annotations

import staticad as sa
from tests.lower.checking import computes
from tests.lower.planning import loop_steps


def labels(fetches: object, *sizes: int) -> list[str]:
    return [step.label for step in loop_steps(computes(fetches, *sizes))]


def test_what_no_loop_over_the_row_needs_is_computed_for_all_rows_at_once() -> None:
    x = sa.placeholder((None, 5))
    assert labels(sa.log(x.sum(axis=1) ** 2 + 2), 7) == ["sum", "square add log"]


def test_what_depends_on_it_goes_along() -> None:
    x, t = sa.placeholder((None, 5)), sa.placeholder((None,))
    z = x.sum(axis=1)
    found = labels([z, (sa.softplus(z) - t * z).sum()], 7)
    assert found[0] == "sum" and found[1].startswith("softplus mul sub")


def test_what_a_loop_over_the_row_needs_stays() -> None:
    x = sa.placeholder((None, 5))
    assert len(labels(x * sa.exp(x.sum(axis=1, keepdims=True)), 7)) == 1


def test_cheap_functions_long_rows_and_few_rows_stay() -> None:
    assert len(labels(2 * sa.placeholder((None, 5)).sum(axis=1) + 1, 7)) == 1
    assert len(labels(sa.exp(sa.placeholder((None, 513)).sum(axis=1)), 7)) == 1
    assert len(labels(sa.exp(sa.placeholder((4, 5)).sum(axis=1)))) == 1


def test_two_kernels_of_one_graph_are_split() -> None:
    x, y = sa.placeholder((None, 5)), sa.placeholder((None, 6))
    fetches = [sa.exp(x.sum(axis=1)), sa.exp(x.sum(axis=1)).sum(), sa.log(y.max(axis=1) + 9)]
    assert len(labels(fetches, 7)) >= 4
