"""The arithmetic and the memory of kernels, counted from their text for known sizes."""

from __future__ import annotations

from functools import partial

import staticad as sa
from staticad.ir.dim_values import evaluate
from staticad.lower.kernel.operations import moved_bytes, operations, type_text

X = sa.placeholder(("n", 6), name="x")
N = sa.placeholder((), "int64", name="steps")


def counted(*outputs: sa.Tensor, n: int = 10) -> list[tuple[str, int | None, int | None]]:
    session = sa.compile(list(outputs))
    values = dict.fromkeys(session._symbols, n)
    plan, size = session._plan, partial(evaluate, values=values)
    return [(step.label, operations(step, size), moved_bytes(step, plan, size)) for step in plan.steps]


def test_functions_count_as_one_and_copies_and_choices_as_none() -> None:
    assert counted(sa.exp(X) * X + 1.0) == [("exp mul add", 3 * 60, 2 * 60 * 8)]
    assert counted(sa.where(X > 0.0, X, 0.0)) == [("greater where", 0, 2 * 60 * 8)]
    assert counted(X.T + 1.0) == [("add", 60, 2 * 60 * 8)]  # in tiles, of which some are not whole


def test_sums_count_their_elements_and_products_twice_their_terms() -> None:
    assert [operations for _, operations, _ in counted(X.sum(), n=10)] == [60, 1]
    assert [operations for _, operations, _ in counted(X.sum(), n=10_000)][0] == 60_000
    assert counted(sa.exp(X).sum(axis=1))[0][1] == 2 * 60
    assert counted(X @ X.T)[0][1] == 2 * 10 * 10 * 6


def test_sizes_of_no_elements_cost_nothing() -> None:
    assert counted(sa.exp(X), n=0) == [("exp", 0, 0)]


def test_loops_are_not_counted_before_they_run() -> None:
    steps = counted(sa.while_loop(lambda s: s < 10, lambda s: s * 2, X.sum()))
    assert [operations for label, operations, _ in steps if label.startswith("loop")] == [None]


def test_types_show_sizes_as_far_as_they_are_known() -> None:
    (buffer,) = [b for b in sa.compile(sa.exp(X))._plan.buffers if b.role == "feed"]
    (symbol,) = sa.compile(sa.exp(X))._symbols
    assert type_text(buffer, partial(evaluate, values={symbol: 3})) == "float64[3,6]"
    assert type_text(buffer, partial(evaluate, values={})) == "float64[n,6]"
