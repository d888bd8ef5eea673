"""Updates of variables: written in place where that is right, through a temporary where it would not be.

Every plan is interpreted: compute steps must not change variables, and the new values are the reference's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.ir.dim_values import evaluate
from staticad.ir.dims import as_symbol
from staticad.ir.graph import sort_nodes
from staticad.lower.kernel.plan import VARIABLE, Plan, Symbolic
from staticad.lower.kernel.routine import Routine
from tests.lower.checking import computes
from tests.lower.interpreter import interpret
from tests.lower.planning import labels, plan_for


def v(*shape: int) -> sa.Variable:
    return sa.variable(np.random.default_rng(len(shape)).normal(size=shape))


def plan_of(
    updates: Mapping[sa.Variable, sa.Tensor], *fetches: sa.Tensor, feeds: dict[sa.Tensor, Any] | None = None
) -> Plan:
    return computes(list(fetches), updates=updates, feeds=feeds)


def copied(plan: Plan) -> int:
    """How many variables get their value by a copy."""
    return labels(plan).count("assign!")


def test_a_step_of_gradient_descent_is_written_in_place() -> None:
    x, w = sa.placeholder((None, 4)), v(4)
    loss = ((x @ w) ** 2).sum()
    (slope,) = sa.gradients(loss, w)
    plan = plan_of({w: w - 0.1 * slope}, loss)
    assert copied(plan) == 0 and len(plan.commit) == 1


def test_momentum_is_one_kernel() -> None:
    g, w, m = sa.placeholder((4,)), v(4), v(4)
    new = 0.9 * m + g
    plan = plan_of({m: new, w: w - 0.1 * new})
    assert labels(plan) == [labels(plan)[0]] and labels(plan)[0].endswith("!") and copied(plan) == 0


def test_the_old_value_can_be_fetched() -> None:
    w = v(4)
    plan = plan_of({w: w + 1.0}, w)
    assert copied(plan) == 0


def test_the_new_value_can_be_fetched() -> None:
    w = v(4)
    new = w + 1.0
    assert copied(plan_of({w: new}, new)) == 0


def test_a_new_value_that_others_read_is_copied_in_the_end() -> None:
    w, x = v(4, 4), sa.placeholder((4, 4))
    new = w + 1.0
    plan = plan_of({w: new}, new @ x)
    assert copied(plan) == 1


def test_swapping() -> None:
    a, b = v(4), v(4)
    assert copied(plan_of({a: b, b: a})) == 1
    # In one kernel that loads both before it stores either nothing can go wrong.
    assert copied(plan_of({a: b, b: a}, a + b)) == 0


def test_rotating_three() -> None:
    a, b, c = v(3), v(3), v(3)
    plan_of({a: b, b: c, c: a})
    plan_of({a: b + c, b: c + a, c: a + b})


def test_variables_that_read_each_other_at_the_same_place() -> None:
    w1, w2 = v(4), v(4)
    plan = plan_of({w1: w1 - w2, w2: w2 + w1})
    assert copied(plan) == 0 and len(plan.commit) == 1


def test_variables_that_read_each_other_elsewhere() -> None:
    w1, w2 = v(4, 4), v(4, 4)
    assert copied(plan_of({w1: w1 - w2.T, w2: w2 + w1.T})) == 2
    assert copied(plan_of({w1: w1 + w2[::-1], w2: w2 * 2.0})) >= 1
    assert copied(plan_of({w1: sa.tanh(w2 @ w1), w2: sa.tanh(w1 @ w2)})) == 0  # the products are computed before


@pytest.mark.parametrize(
    "new",
    [
        lambda w: w.T,
        lambda w: w + w.T,
        lambda w: w[::-1],
        lambda w: sa.flip(w, 1) * 2.0,
        lambda w: w[np.array([1, 0, 3, 2])] * 1.0,
        lambda w: w - w[0],
        lambda w: w - w[:, :1],
        lambda w: sa.concatenate([w[1:], w[:1]]),
    ],
)
def test_a_variable_that_reads_itself_elsewhere(new: object) -> None:
    w = v(4, 4)
    plan = plan_of({w: new(w)})  # type: ignore[operator]
    assert copied(plan) == 1


@pytest.mark.parametrize(
    "new",
    [
        lambda w: w / w.sum(axis=1, keepdims=True),
        lambda w: sa.softmax(w, axis=1),
        lambda w: w - w.mean(),
        lambda w: sa.where(w > 0, w, 0.1 * w),
        lambda w: (w.reshape(-1) * 2.0).reshape(4, 4),
    ],
)
def test_a_variable_that_is_read_before_it_is_written(new: object) -> None:
    w = v(4, 4)
    assert copied(plan_of({w: new(w)})) == 0  # type: ignore[operator]


def test_sums_that_accumulate_in_memory_do_not_do_so_in_the_variable() -> None:
    w, x = v(4), sa.placeholder((3, 4))
    plan_of({w: x.sum(axis=0)})
    plan_of({w: (x * w).sum(axis=0)})
    plan_of({w: w + x.sum(axis=0)})


def test_a_new_value_that_a_later_stage_reads() -> None:
    w = v(3, 4)
    e = sa.exp(w - w.max(axis=1, keepdims=True))
    plan_of({w: e}, e / e.sum(axis=1, keepdims=True))


def test_one_value_for_several_variables() -> None:
    a, b, x = v(4), v(4), sa.placeholder((4,))
    new = sa.exp(x)
    plan = plan_of({a: new, b: new})
    assert copied(plan) == 0 and len(plan.steps) == 1
    plan_of({a: new, b: new}, new)
    plan_of({a: x, b: x})


def test_a_scalar_variable_that_a_loop_reads() -> None:
    """The pieces of a loop that is cut over threads must all see the old value."""
    s, x = v(), sa.placeholder((None,))
    rate = sa.exp(sa.sin(s))
    plan = plan_of({s: rate}, x * rate, x * s)
    assert copied(plan) == 1
    t, w = v(), v(6)
    plan_of({t: t + 1.0, w: w * t})


def test_counters_of_steps_are_integers() -> None:
    step = sa.variable(0, "int64")
    plan = plan_of({step: step + 1})
    assert copied(plan) == 0 and len(plan.steps) == 1


def test_updates_that_can_fail_are_computed_before_anything_is_written() -> None:
    w, index = v(4), sa.placeholder((4,), "int64")
    plan = plan_of({w: w[index] + 1.0}, feeds={index: np.array([3, 2, 1, 0])})
    assert all(not s.kernel.status for s in plan.commit if not isinstance(s.kernel, Routine))
    table = sa.variable(np.ones((5, 2)))
    plan = plan_of({table: table + sa.placeholder((5, 2))[index[:1]][0]}, feeds=None)
    assert all(not s.kernel.status for s in plan.commit if not isinstance(s.kernel, Routine))


@pytest.mark.parametrize(
    "new",
    [
        lambda w: w.at[0].set(1.0),
        lambda w: w.at[0].set(w[0] * 2.0),
        lambda w: w.at[0].set(1.0).at[1].set(w[0] * 2.0),
        lambda w: w.at[1].set(w[0] * 2.0).at[0].set(1.0),
        lambda w: w.at[0].add(w[1]).at[1].add(w[0]),
        lambda w: w.at[1:].set(w[:-1]),
        lambda w: w.at[1:3].add(w[1:3]),
        lambda w: w.at[::-2].multiply(2.0),
        lambda w: w.at[np.array([0, 1, 0])].add(1.0),
        lambda w: w[::-1].at[0].set(3.0),
    ],
)
def test_updates_of_parts(new: object) -> None:
    w = v(4)
    value = new(w)  # type: ignore[operator]
    plan_of({w: value})
    plan_of({w: value}, value)
    plan_of({w: value}, w, value.sum())
    other = v(4)
    plan_of({w: value, other: value})
    plan_of({other: value})
    plan_of({w: value, other: other + w})
    plan_of({w: value, other: other[::-1] + w[::-1]})


def test_parts_of_two_variables_that_read_each_other() -> None:
    a, b = v(4), v(4)
    plan_of({a: a.at[0].set(b[1]), b: b.at[1].set(a[0])})
    plan_of({a: a.at[0].set(b[1]), b: b + a})


def test_variables_that_only_are_read_stay() -> None:
    w, x = v(4), sa.placeholder((4,))
    plan = plan_of({}, w * x)
    assert plan.commit == () and [b.role for b in plan.buffers].count(VARIABLE) == 1


def test_an_unchanged_variable() -> None:
    a, b = v(4), v(4)
    plan_of({a: a, b: b})
    plan_of({a: a * 1.0})


def product_of(plan: Plan) -> list[float]:
    """alpha and beta of the one product among the commit steps, which are nothing else."""
    (step,) = plan.commit
    bits = [a.size for a in step.arguments if isinstance(a, Symbolic)][8:10]
    return [float(np.array(b, np.uint64).view(np.float64)) for b in bits]


@pytest.mark.parametrize(
    ("build", "alpha"),
    [
        (lambda w, p: w - 0.1 * p, -0.1),
        (lambda w, p: w - p * 0.1, -0.1),
        (lambda w, p: w + p, 1.0),
        (lambda w, p: -0.5 * p + w, -0.5),
        (lambda w, p: w - p, -1.0),
    ],
)
def test_a_multiple_of_a_product_is_added_by_the_library(build: Any, alpha: float) -> None:
    x, g, w = sa.placeholder((None, 4)), sa.placeholder((None, 3)), v(4, 3)
    plan = plan_of({w: build(w, x.T @ g)})
    assert product_of(plan) == [alpha, 1.0] and not plan.compute


def test_products_that_others_read_or_that_read_the_variable_are_computed_first() -> None:
    x, g, w, u = sa.placeholder((None, 4)), sa.placeholder((None, 3)), v(4, 3), v(3, 3)
    gradient = x.T @ g
    assert len(plan_of({w: w - 0.1 * gradient}, gradient).compute) >= 1
    assert labels(plan_of({w: w - 0.1 * gradient}, gradient.sum())) != ["matmul!"]
    assert len(plan_of({u: u - 0.1 * (u @ u)}).compute) == 1
    assert len(plan_of({w: w - 0.1 * gradient + 0.001 * w}).compute) == 1
    new = w - 0.1 * gradient
    assert len(plan_of({w: new}, new).compute) >= 1


def test_products_of_a_step_of_gradient_descent_read_the_old_weights() -> None:
    x, w, u = sa.placeholder((None, 4)), v(4, 3), v(3, 5)
    loss = ((sa.tanh(x @ w) @ u) ** 2).mean()
    slopes = sa.gradients(loss, [w, u])
    plan = plan_of({w: w - 0.1 * slopes[0], u: u - 0.1 * slopes[1]}, loss)
    assert [step.label for step in plan.commit] == ["matmul", "matmul"]


def test_a_part_made_of_the_part_before_it() -> None:
    """The first part is read as what the second one changes, and for a number in it: it has memory of its own."""
    v = sa.variable(np.array([3, 4, -20]))
    low = sa.placeholder((), "int64")
    first = v.at[0:1].set(1)
    second = first.at[1:2].set(sa.maximum(first[1], low))
    plan = plan_for([], inputs=[low], updates={v: second}, optimized=False)
    _, after = interpret(plan, {low: np.array(-7)}, {v: v.value})
    np.testing.assert_array_equal(after[v], [1, 4, -20])


def test_a_product_stays_where_others_overwrite_its_factor_later() -> None:
    """The hidden layer of a network gives its memory to its cotangent; the gradient by the weights after it reads the
    hidden layer before that."""
    rng = np.random.default_rng(0)
    x = sa.placeholder((None, 4))
    first, second = sa.variable(rng.normal(size=(4, 6))), sa.variable(rng.normal(size=(6, 16)))
    hidden = sa.relu(x @ first)
    loss = sa.sum(sa.sin(hidden @ second))
    gradients = sa.gradients(loss, [first, second])
    computes(loss, 5, updates={w: w - 0.1 * g for w, g in zip((first, second), gradients, strict=True)})


def test_products_that_are_added_to_variables_keep_their_factors() -> None:
    """The hidden layer could give its memory to its cotangent, were it not a factor of what runs in the end."""
    x, w1, w2 = sa.placeholder((None, 5)), v(5, 6), sa.variable(np.random.default_rng(5).normal(size=(6, 3)))
    loss = (sa.tanh(x @ w1) @ w2).sum()
    g1, g2 = sa.gradients(loss, [w1, w2])
    plan = plan_of({w1: w1 - 0.1 * g1, w2: w2 - 0.1 * g2}, loss)
    assert copied(plan) == 0 and labels(plan).count("matmul!") >= 1


TABLE = (400, 3)
ROWS = sa.placeholder((None,), "int64", name="rows")
DELTAS = sa.placeholder((ROWS.shape[0], 3), name="deltas")
FIVE = {ROWS: np.array([3, -1, 3, 399, 0]), DELTAS: np.arange(15.0).reshape(5, 3) + 0.5}


def five_rows(updates: Mapping[sa.Variable, sa.Tensor], *fetches: sa.Tensor) -> Plan:
    """The plan of updates of five rows, whose steps touch no more than these a few times."""
    below = {node.out for node in sort_nodes([*fetches, *updates.values()]) if node.op.name == "placeholder"}
    plan = plan_of(updates, *fetches, feeds={t: value for t, value in FIVE.items() if t in below})
    values = {as_symbol(ROWS.shape[0]): 5}
    assert copied(plan) == 0
    assert sum(int(evaluate(step.work, values)) for step in plan.steps) < 400 * len(updates)
    return plan


@pytest.mark.parametrize(
    "new",
    [
        lambda w: w.at[ROWS].set(DELTAS),
        lambda w: w.at[ROWS].add(DELTAS),
        lambda w: w.at[ROWS].subtract(1.0),
        lambda w: w.at[ROWS].multiply(DELTAS),
        lambda w: w.at[ROWS].min(DELTAS).at[ROWS // 2].max(0.25 * DELTAS),
        lambda w: w.at[ROWS].add(DELTAS).at[ROWS, 1].set(2.0).at[7].set(1.0),
        lambda w: w.at[ROWS].set(w[ROWS] * 0.9 + DELTAS),
        lambda w: w.at[ROWS].set(w[-1 - ROWS]),
        lambda w: w.at[ROWS].set(w[1:6]),
        lambda w: w.at[ROWS].add(2.0 * w[1:6]),
        lambda w: w.at[ROWS, ::2].add(DELTAS[:, ::2]),
        lambda w: w.at[1:7, 1].set(1.0).at[394:, 2].set(2.0).at[ROWS].add(DELTAS),
        lambda w: w.at[1:, 1:].set(w[1:, 1:].at[ROWS // 2].add(DELTAS[:, 1:])),
        lambda w: w.reshape(-1).at[ROWS].add(DELTAS[:, 0]).reshape(TABLE),
    ],
)
def test_rows_that_an_index_names_are_written_in_place(new: Any) -> None:
    w = v(*TABLE)
    five_rows({w: new(w)})


def test_tables_that_read_each_other_are_written_in_place() -> None:
    """As in matrix factorization: what each reads of the other is computed before."""
    p, q = v(*TABLE), v(*TABLE)
    five_rows({p: p.at[ROWS].add(0.1 * q[-1 - ROWS]), q: q.at[-1 - ROWS].add(0.1 * p[ROWS])}, p[ROWS], q[ROWS])
    five_rows({p: p.at[ROWS].set(q[1:6]), q: q.at[ROWS].set(p[1:6])})


def test_rows_of_a_table_that_others_read_later_are_copied() -> None:
    w = v(*TABLE)
    new = w.at[ROWS].add(DELTAS)
    assert copied(plan_of({w: new}, new[0] * 2.0, feeds=FIVE)) == 1
    assert copied(plan_of({w: new.at[ROWS].multiply(new[ROWS])}, feeds=FIVE)) == 1
