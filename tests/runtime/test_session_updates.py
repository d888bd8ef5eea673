"""Updates: all from the old values, all together, or none; shared by sessions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa
from tests.lower.random_models import random_model


def v(*values: float, name: str | None = None) -> sa.Variable:
    return sa.variable(np.array(values), name=name)


def test_right_hand_sides_see_the_old_values() -> None:
    a, b = v(1.0), v(10.0)
    session = sa.compile(a + b, updates={a: b, b: a + b})
    assert session() == 11
    assert (a.value, b.value) == (10, 11)
    assert session() == 21
    assert (a.value, b.value) == (11, 21)


def test_a_fetched_variable_is_the_old_value_and_its_update_the_new() -> None:
    a = v(1.0)
    new = a * 3.0
    old_value, new_value = sa.compile([a, new], updates={a: new})()
    assert (old_value, new_value, a.value) == (1, 3, 3)


@pytest.mark.parametrize("form", [dict, list, tuple, iter])
def test_updates_are_a_mapping_or_pairs(form: Any) -> None:
    a, b = v(1.0), v(2.0)
    pairs = {a: a + 1.0, b: b * 2.0}
    updates = pairs if form is dict else form(pairs.items())
    sa.compile([], updates=updates)()
    assert (a.value, b.value) == (2, 4)


def test_constants_and_numbers_as_new_values() -> None:
    a, b, c = v(1.0), v(2.0), sa.variable(5, "int32")
    sa.compile([], updates=[(a, sa.constant(np.array([7.0]))), (b, np.array([8.0])), (c, 3)])()
    assert (a.value, b.value, c.value) == (7, 8, 3)


def test_variables_into_each_other() -> None:
    a, b, c = v(1.0, 2.0), v(3.0, 4.0), v(5.0, 6.0)
    session = sa.compile([], updates={a: b, b: c, c: a})
    session()
    np.testing.assert_array_equal([a.value, b.value, c.value], [[3, 4], [5, 6], [1, 2]])
    session()
    session()
    np.testing.assert_array_equal([a.value, b.value, c.value], [[1, 2], [3, 4], [5, 6]])


def test_sessions_share_variables() -> None:
    w = v(1.0, 2.0)
    x = sa.placeholder((2,))
    grow, read = sa.compile([], [x], updates={w: w + x}), sa.compile(w * 2.0)
    np.testing.assert_array_equal(read(), [2, 4])
    grow(np.array([1.0, 1.0]))
    np.testing.assert_array_equal(read(), [4, 6])
    w.assign([0.0, 5.0])
    grow(np.array([1.0, 1.0]))
    np.testing.assert_array_equal(read(), [2, 12])
    np.testing.assert_array_equal(w.value, [1, 6])


def test_the_value_is_a_copy() -> None:
    w = v(1.0)
    session = sa.compile(w, updates={w: w + 1.0})
    before = w.value
    result = session()
    assert before == 1 and result == 1 and w.value == 2


def test_an_index_out_of_range_leaves_every_variable_untouched() -> None:
    table, counter, other = sa.variable(np.arange(6.0).reshape(3, 2)), sa.variable(0), v(1.0, 1.0)
    index = sa.placeholder((None,), "int64", name="index")
    picked = table[index]
    session = sa.compile(
        picked,
        [index],
        updates={
            counter: counter + 1,
            other: other * 2.0,
            table: table.at[index].add(1.0),
        },
    )
    before = [t.value for t in (table, counter, other)]
    for wrong in ([0, 3], [-4], [1, 2, 99]):
        with pytest.raises(sa.IndexOutOfBounds, match="out of range for axis 0 of .*, which has size 3"):
            session(np.array(wrong))
        for variable, value in zip((table, counter, other), before, strict=True):
            np.testing.assert_array_equal(variable.value, value)
    np.testing.assert_array_equal(session(np.array([0, -1])), [[0, 1], [4, 5]])
    assert counter.value == 1
    np.testing.assert_array_equal(table.value, [[1, 2], [2, 3], [5, 6]])
    np.testing.assert_array_equal(other.value, [2, 2])


def test_rows_of_several_tables_change_all_or_not_at_all() -> None:
    users, items, step = sa.variable(np.ones((5, 2))), sa.variable(np.ones((4, 2))), sa.variable(0)
    i, j = (sa.placeholder((None,), "int64", name=name) for name in "ij")
    session = sa.compile(
        [],
        [i, j],
        updates={
            users: users.at[i].add(items[j]).at[i, 1].multiply(3.0),
            items: items.at[1:].set(items[1:].at[j].subtract(users[i])),
            step: step + 1,
        },
    )
    for first, second, axis in (([0, 5], [1, 2], 5), ([4, -1], [0, 3], 3), ([0, 1], [-3, -4], 3)):
        with pytest.raises(sa.IndexOutOfBounds, match=f"axis 0 of .*, which has size {axis}, at .*updates.py"):
            session(np.array(first), np.array(second))
        for variable, shape in ((users, (5, 2)), (items, (4, 2))):
            np.testing.assert_array_equal(variable.value, np.ones(shape))
    assert step.value == 0
    session(np.array([0, -1, 0]), np.array([0, 2, -1]))
    np.testing.assert_array_equal(users.value, [[3, 27], [1, 1], [1, 1], [1, 1], [2, 6]])
    np.testing.assert_array_equal(items.value, [[1, 1], [0, 0], [1, 1], [-1, -1]])


def test_a_feed_that_does_not_fit_leaves_every_variable_untouched() -> None:
    w, x = v(1.0, 2.0), sa.placeholder((None, 2))
    session = sa.compile([], [x], updates={w: w + x.sum(axis=0)})
    for wrong in (np.zeros((1, 3)), np.zeros(2), np.zeros((1, 2), "complex64"), "x"):
        with pytest.raises(sa.StaticadError):
            session(wrong)
    np.testing.assert_array_equal(w.value, [1, 2])
    session(np.zeros((0, 2)))
    np.testing.assert_array_equal(w.value, [1, 2])


def test_updates_of_free_sizes_are_checked_against_the_variable() -> None:
    w, x = v(1.0, 2.0), sa.placeholder((None,))
    session = sa.compile([], [x], updates={w: x})
    session(np.array([5.0, 6.0]))
    with pytest.raises(sa.FeedError, match="has the shape .* with these feeds"):
        session(np.array([5.0, 6.0, 7.0]))
    np.testing.assert_array_equal(w.value, [5, 6])


def test_running_twice_is_two_steps() -> None:
    w = v(0.0)
    session = sa.compile(w + 1.0, updates={w: w + 1.0})
    assert [float(session()[0]) for _ in range(5)] == [1, 2, 3, 4, 5]


def test_several_updates_of_random_models() -> None:
    """Compiled code against the reference, over the plans that the interpreter has checked."""
    models = [random_model(seed) for seed in range(6)] + [random_model(seed, fixed=True) for seed in range(6)]
    for model in models:
        expected = sa.evaluate([*model.fetches, *model.updates.values()], model.feeds)
        session = sa.compile(model.fetches, list(model.feeds), updates=model.updates)
        results = session.run(model.feeds)
        for result, want in zip(results, expected, strict=False):
            np.testing.assert_allclose(result, want, rtol=1e-9, atol=1e-12)
        for variable, want in zip(model.updates, expected[len(results) :], strict=True):
            np.testing.assert_allclose(variable.value, want, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("updates", "error", "message"),
    [
        (lambda w, x: {x: x + 1.0}, sa.GraphError, "placeholder 'x' .* can't be updated: it is no variable"),
        (lambda w, x: {w + 1.0: x}, sa.GraphError, "add .* can't be updated: it is no variable"),
        (lambda w, x: {"w": x}, sa.GraphError, "'w' can't be updated: it is no variable"),
        (lambda w, x: [(w, x, x)], sa.GraphError, "an update is a pair"),
        (lambda w, x: [(w, x), (w, x)], sa.GraphError, "variable 'w' .* has two updates; combine them"),
        (lambda w, x: {w: x.astype("float32")}, sa.DTypeError, "update of variable 'w' .* has dtype float32"),
        (lambda w, x: {w: x.sum()}, sa.ShapeError, "update of variable 'w' .* has another shape"),
        (lambda w, x: {w: sa.concatenate([x, x])}, sa.ShapeError, "another shape"),
        (lambda w, x: {w: 1.0}, sa.ShapeError, "another shape"),
        (lambda w, x: {w: "one"}, sa.DTypeError, "update of variable 'w' .*<U3"),
        (lambda w, x: [w], sa.GraphError, "an update is a pair .*, not <Variable"),
        (lambda w, x: 3, sa.GraphError, "updates are a mapping .*, not 3"),
        (lambda w, x: w, sa.GraphError, "updates are a mapping .*, not <Variable"),
    ],
)
def test_updates_that_make_no_sense(updates: Any, error: type[Exception], message: str) -> None:
    w, x = v(1.0, 2.0, name="w"), sa.placeholder((2,), name="x")
    with pytest.raises(error, match=message) as caught:
        sa.compile([], [x], updates=updates(w, x))
    assert __file__ in str(caught.value)
