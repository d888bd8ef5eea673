"""From graph to plan: buffers and their roles, fetches that share values, steps that are no loops."""

from __future__ import annotations

import numpy as np
import pytest

import staticad as sa
from staticad.lower.kernel.plan import CONSTANT, FEED, FETCH, TEMPORARY, VARIABLE, Address, Status, Symbolic
from tests.lower.checking import computes, made_up, stored
from tests.lower.planning import labels, loop_steps, plan_for

X = sa.placeholder((None, 3), name="x")


def roles(*tensors: sa.Tensor) -> list[str]:
    return sorted(b.role for b in computes(list(tensors)).buffers)


def test_roles_of_buffers() -> None:
    w = sa.variable(np.ones(3))
    assert roles(X * w + sa.constant(np.array([0.1, 0.2, 0.3]))) == sorted([FEED, VARIABLE, CONSTANT, FETCH])
    assert roles(sa.exp(X) @ sa.exp(X).T).count(TEMPORARY) == 1
    assert roles(X) == [FEED, FETCH]


def test_positions_are_those_of_inputs_variables_and_fetches() -> None:
    y, w = sa.placeholder((3,)), sa.variable(np.ones(3))
    plan = plan_for([X * y, y + w], inputs=[y, X])
    for b in plan.buffers:
        if b.role == FEED:
            assert b.shape == plan.inputs[b.position].shape
    assert [b.position for b in plan.fetches] == [0, 1]
    assert plan.variables[0].key == w.node.serial


def test_an_input_that_nobody_reads_has_no_buffer() -> None:
    y = sa.placeholder((3,))
    plan = plan_for(X + 1.0, inputs=[y, X])
    assert [b.position for b in plan.buffers if b.role == FEED] == [1]
    assert plan.inputs[0].key == y.node.serial


def test_one_value_fetched_in_several_forms() -> None:
    value = sa.exp(X)
    plan = computes([value, value, value.reshape(-1), value[:, None], value.T, value[::-1]])
    assert sum("exp" in label for label in labels(plan)) == 1


def test_sources_can_be_fetched() -> None:
    w = sa.variable(np.arange(3.0))
    computes([X, w, sa.constant(np.array([7.0, 8.0])), sa.zeros((2, 2)), sa.arange(4)])


def test_what_nobody_asks_for_is_not_computed() -> None:
    sa.exp(X)
    plan = computes(X + 1.0)
    assert labels(plan) == ["add"]
    split = sa.split(sa.exp(sa.placeholder((4,))), 2)
    assert len(computes(split[0]).steps) <= 2


@pytest.mark.parametrize(
    "build",
    [
        lambda x: sa.concatenate([x, sa.exp(x), x[:1]]),
        lambda x: sa.concatenate([x.T, x.T], axis=1),
        lambda x: sa.stack([x, x * 2.0], axis=1),
        lambda x: sa.pad(x, ((1, 2), (0, 1)), constant_values=7.0),
        lambda x: sa.pad(sa.exp(x), 1).sum(axis=0),
        lambda x: x.at[1].set(0.0),
        lambda x: x.at[::2, 1:].add(x[::2, :2]),
        lambda x: x.at[-1].multiply(3.0).at[0].set(x[1]),
        lambda x: x.at[np.array([0, 2, 0])].add(1.0),
        lambda x: x.at[np.array([0, 2]), np.array([1, -1])].set(9.0),
        lambda x: x.at[np.array([[0], [2]])].max(0.25),
        lambda x: sa.take_along_axis(x, sa.argmax(x, axis=1, keepdims=True), axis=1),
        lambda x: sa.take(x, sa.argmin(x, axis=0), axis=0),
        lambda x: sa.roll(x, 2, axis=0),
        lambda x: sa.repeat(x, 2, axis=1),
        lambda x: sa.tile(x, (2, 1)),
        lambda x: sa.flip(x).reshape(3, -1).T,
        lambda x: sa.gradients((x.at[1:].set(x[:-1]) ** 2).sum(), x)[0],
        lambda x: sa.gradients((sa.concatenate([x, sa.sin(x)]) ** 2).sum(), x)[0],
        lambda x: sa.gradients((x[np.array([1, 1, 0])] ** 2).sum(), x)[0],
        lambda x: sa.gradients(sa.max(x, axis=0).sum(), x)[0],
        lambda x: sa.gradients(sa.prod(x, axis=1).sum(), x)[0],
    ],
)
@pytest.mark.parametrize("rows", [4, 6])
def test_joining_padding_and_indexing(build: object, rows: int) -> None:
    computes(build(X), rows)  # type: ignore[operator]


def test_arguments_are_pointers_then_sizes_then_the_status_word() -> None:
    index = sa.placeholder((None,), "int64")
    for step in loop_steps(computes(sa.exp(X)[index] * 2.0, [4, 2])):
        kinds = [type(a) for a in step.arguments]
        order = [Address, Symbolic, Status]
        assert kinds == sorted(kinds, key=order.index)
        assert kinds.count(Status) == int(step.kernel.status)  # type: ignore[union-attr]


def test_checks_name_the_op_and_the_line_once_each() -> None:
    index, other = sa.placeholder((None,), "int64"), sa.placeholder((None,), "int64")
    one, two = X[index], X[other]
    plan = computes([one * 2.0, one + 1.0, two * 3.0], [4, 2, 3])
    assert sorted(c.where.line for c in plan.checks) == [one.where.line, one.where.line][:1]  # both on one line
    third = X[other]
    plan = computes([one * 2.0, third + 1.0], [4, 2, 3])
    assert {c.where.line for c in plan.checks} == {one.where.line, third.where.line}
    assert all("axis 0" in c.text for c in plan.checks)


def test_a_cheap_value_of_a_gather_by_a_computed_index_waits_for_the_index() -> None:
    flags, x = sa.placeholder(("n",), "bool"), sa.placeholder(("n",))
    factor = sa.take_along_axis(flags, sa.argmax(flags, axis=0, keepdims=True), axis=0).astype("float64")
    scaled = sa.tanh(x) * factor
    total = scaled.sum()
    values = made_up([scaled], 5)
    computes([sa.square(x).sum(), scaled, x * total * factor], feeds=values)
    computes([(x[:, None] * scaled).sum(axis=0) * factor, x * scaled.sum()], feeds=values)


def test_the_memory_of_a_plan_is_that_of_its_temporaries() -> None:
    plan = computes(sa.exp(X) @ sa.exp(X).T)
    (buffer,) = stored(plan)
    assert plan.offsets == {buffer.number: 0}
    assert computes(X + 1.0).arena == 0
