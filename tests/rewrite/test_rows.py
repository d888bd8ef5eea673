"""Steps along gradients by the rows of a table: the same bits as of the whole sum, at the cost of the rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.ir.dim_values import evaluate as size_of
from staticad.ir.dims import as_symbol
from staticad.ir.dtypes import as_dtype
from staticad.ir.graph import sort_nodes
from staticad.lower.kernel.plan import Plan
from staticad.reference import evaluate
from tests.lower.checking import values_of_variables
from tests.lower.interpreter import interpret
from tests.lower.planning import labels, plan_for

ROWS, WIDTH, COUNT = 1 << 14, 2, 6
TABLE = sa.variable(np.random.default_rng(0).normal(size=(ROWS, WIDTH)), name="table")
INDEX = sa.placeholder((COUNT,), "int64", name="index")
ANY = sa.placeholder((None,), "int64", name="any")
RATE = sa.placeholder((), name="rate")
PLACES = np.array([7, -1, 7, 0, ROWS - 1, 7])
FEEDS = {INDEX: PLACES, ANY: PLACES, RATE: 0.3}


def slope(*picked: sa.Tensor) -> sa.Tensor:
    """The gradient by the table of something that reads rows of it."""
    return sa.gradients(sum(sa.sum(sa.sin(x) * (1 + k)) for k, x in enumerate(picked)), TABLE)[0]


def planned(updates: Mapping[Any, sa.Tensor], *fetches: sa.Tensor) -> Plan:
    """The plan of updates, whose results are bit for bit those of the reference."""
    targets = [*fetches, *updates.values()]
    below = {node.out for node in sort_nodes(targets) if node.op.name == "placeholder"}
    feeds = {t: np.asarray(value, t.dtype) for t, value in FEEDS.items() if t in below}
    plan = plan_for(list(fetches), dict(updates), list(feeds))
    results, variables = interpret(plan, feeds, values_of_variables([*targets, *updates]))
    found = [*results, *(variables[v] for v in updates)]
    for one, other in zip(found, evaluate(targets, feeds), strict=True):
        np.testing.assert_array_equal(one, other)
    return plan


def work(plan: Plan) -> int:
    return sum(int(size_of(step.work, {as_symbol(ANY.shape[0]): COUNT})) for step in plan.steps)


@pytest.mark.parametrize(
    "new",
    [
        lambda: TABLE - 0.1 * slope(TABLE[INDEX]),
        lambda: TABLE - RATE * slope(TABLE[ANY]),
        lambda: slope(TABLE[INDEX]) * -RATE / 3.0 + TABLE,
        lambda: TABLE - (slope(TABLE[INDEX]) / 7.0 + 0.1 * slope(TABLE[INDEX])) * RATE,
        lambda: TABLE - 0.1 * slope(TABLE[INDEX], TABLE[ANY], TABLE[INDEX // 2]),
        lambda: TABLE - 0.1 * slope(TABLE[INDEX.reshape(2, 3)], TABLE[INDEX[1]], TABLE[ANY]),
        lambda: TABLE - 0.1 * slope(TABLE[INDEX, INDEX % 2]),
        lambda: TABLE - 0.1 * slope(TABLE[INDEX[1]]),
        lambda: TABLE - 0.1 * slope(sa.nn.embedding(abs(INDEX), TABLE, padding_idx=7)),
    ],
)
def test_a_step_costs_the_rows_that_it_changes(new: Any) -> None:
    plan = planned({TABLE: new()})
    assert work(plan) < ROWS // 4 and labels(plan)[-1] == "scatter!"


def test_steps_in_loops_cost_the_rows_that_they_change() -> None:
    table, indices = sa.variable(np.ones((600, 2))), sa.constant(np.arange(12).reshape(3, 4) ** 2)

    def step(k: sa.Tensor, state: sa.Tensor) -> sa.Tensor:
        return state - RATE * sa.gradients(sa.sum(state[indices[k]] ** 2), state)[0]

    plan = planned({table: sa.fori_loop(0, 3, step, table)})
    (body,) = (s.inlined.plan for s in plan.steps if s.inlined is not None)
    assert work(body) < 600


def test_float32_and_repeated_rows_add_up_as_in_the_whole_sum() -> None:
    table = sa.variable(np.random.default_rng(1).normal(size=(400, 3)).astype("float32"))
    index, weights = sa.placeholder((200,), "int64"), sa.placeholder((200, 3), "float32")
    (gradient,) = sa.gradients(sa.sum(table[index] * weights), table)
    session = sa.compile([], [index, weights], updates={table: table - 0.1 * gradient})
    rng = np.random.default_rng(2)
    feeds = {index: rng.integers(-9, 9, 200), weights: rng.normal(size=(200, 3)).astype("float32")}
    (expected,) = evaluate(table - 0.1 * gradient, feeds)
    session.run(feeds)
    np.testing.assert_array_equal(table.value, expected)
    feeds[index][[3, 150]] = 400, -401
    with pytest.raises(sa.IndexOutOfBounds, match=r"index 400 is out of range for axis 0 .*test_rows\.py"):
        session.run(feeds)
    np.testing.assert_array_equal(table.value, expected)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_16_bits_cost_the_rows_too_and_are_rounded_as_the_whole_sum(dtype: str) -> None:
    kind, rng = as_dtype(dtype), np.random.default_rng(3)
    table = sa.variable(rng.normal(size=(3000, 3)).astype(kind), name="table")
    index, weights = sa.placeholder((9,), "int64"), sa.placeholder((9, 3), dtype)
    (gradient,) = sa.gradients(sa.sum(table[index] * weights), table)
    new = table - RATE.astype("float32") * gradient
    session = sa.compile([], [index, weights, RATE], updates={table: new.astype(dtype)})
    feeds = {index: rng.integers(-3, 3, 9), weights: rng.normal(size=(9, 3)).astype(kind), RATE: np.array(0.3)}
    (expected,) = evaluate(new.astype(dtype), feeds)
    assert work(session._plan) < 1500
    session.run(feeds)
    assert table.value.tobytes() == expected.tobytes()


def test_what_needs_the_whole_gradient_costs_the_table() -> None:
    g, velocity = slope(TABLE[INDEX]), sa.variable(np.zeros((ROWS, WIDTH)))
    small, index = sa.variable(np.ones((2 * COUNT - 1, 2))), INDEX % (2 * COUNT - 1)
    short = sa.variable(np.ones((40, 2)))
    (of_small,) = sa.gradients(sa.sum(small[index] ** 2), small)
    clipped = g * sa.minimum(1.0, 1.0 / sa.sqrt(sa.sum(g * g)))
    moved = 0.9 * velocity + g
    for updates in (
        {TABLE: TABLE - 0.1 * (g + 0.01 * TABLE)},
        {TABLE: TABLE - 0.1 * moved, velocity: moved},
        {TABLE: TABLE - 0.1 * clipped},
        {TABLE: TABLE - g / sa.sum(g)},
        {TABLE: TABLE - g * TABLE},
        {TABLE: TABLE - np.inf * g},
        {small: small - 0.1 * of_small},
        {short: short - 0.1 * sa.gradients(sa.sum(short[INDEX % 40] ** 2), short)[0]},
    ):
        assert "places" not in labels(plan_for([], updates))
    assert "places" not in labels(plan_for(g, {TABLE: TABLE - 0.1 * g}))
