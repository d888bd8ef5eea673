"""Derivatives through branches and loops, in every mode and to higher orders."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import staticad as sa
from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ops.control import LOOP
from tests.control.running import check_derivatives, run

Build = Callable[[Tensor, Tensor], Tensor]


def growing(x: Tensor, v: Tensor) -> Tensor:
    """A while loop whose number of steps depends on v."""
    return sa.while_loop(lambda s: (s * s).sum() < 50, lambda s: s * x + sa.sin(s), v)


def counted(x: Tensor, v: Tensor) -> Tensor:
    return sa.fori_loop(0, 4, lambda i, s: sa.tanh(s * x) + v / (i + 1), v)


def stacked(x: Tensor, v: Tensor) -> Tensor:
    last, ys = sa.scan(lambda s, e: (s * x + e, s * e), x, v)
    return sa.concatenate([ys, last.reshape((1,))])


def backwards(x: Tensor, v: Tensor) -> Tensor:
    last, ys = sa.scan(lambda s, e: (sa.sin(s) * x + e * e, s * s), x, v, reverse=True)
    return sa.concatenate([ys, last.reshape((1,))])


def chosen(x: Tensor, v: Tensor) -> Tensor:
    return sa.cond(x > 1, lambda a: a**3 * x, lambda a: sa.exp(a), v)


def switched(x: Tensor, v: Tensor) -> Tensor:
    index = sa.constant(1) + (x > 0).astype("int64")
    return sa.switch(index, [lambda a: a, lambda a: a * x, lambda a: sa.sin(a * x)], v)


def looped_choice(x: Tensor, v: Tensor) -> Tensor:
    def step(i: Tensor, s: Tensor) -> Tensor:
        return sa.cond(s.sum() > 2, lambda: s * 0.5 * x, lambda: s + v * v)

    return sa.fori_loop(0, 5, step, v)


def chosen_loop(x: Tensor, v: Tensor) -> Tensor:
    def loop() -> Tensor:
        return sa.while_loop(lambda s: s.sum() < 20, lambda s: s * x + 0.1, v)

    return sa.cond(x > 0, loop, lambda: v * x)


def nested_while(x: Tensor, v: Tensor) -> Tensor:
    """The inner loop's length differs from step to step of the outer one."""

    def step(s: Tensor) -> Tensor:
        inner = sa.while_loop(lambda t: t < 3, lambda t: t * x + 0.2, sa.abs(s).sum() * 0.3)
        return s * inner * 0.5 + sa.cos(s)

    return sa.while_loop(lambda s: (s * s).sum() < 60, step, v)


def nested_scan(x: Tensor, v: Tensor) -> Tensor:
    def row(s: Tensor, e: Tensor) -> tuple[Tensor, Tensor]:
        last, ys = sa.scan(lambda t, f: (sa.sin(t * e) + f, t * f * s), s, v)
        return last, ys

    return sa.scan(row, x, v)[1]


def in_place(x: Tensor, v: Tensor) -> Tensor:
    """Writes and reads single elements of the state."""
    return sa.fori_loop(1, 3, lambda i, s: s.at[i].set(s[i - 1] * x + s[i] ** 2), v)


def with_integers(x: Tensor, v: Tensor) -> Tensor:
    """Integer and bool states beside a smooth one."""

    def step(s: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        k, flip, value = s
        return k + 1, ~flip, sa.where(flip, value * x, value + k)

    return sa.while_loop(lambda s: s[0] < 5, step, (sa.constant(0), sa.constant(False), v))[2]


PROGRAMS = [
    growing, counted, stacked, backwards, chosen, switched, looped_choice, chosen_loop, nested_while, nested_scan,
    in_place, with_integers,
]  # fmt: skip


@pytest.fixture
def x() -> Tensor:
    return sa.placeholder((), name="x")


@pytest.fixture
def v() -> Tensor:
    return sa.placeholder((3,), name="v")


@pytest.mark.parametrize("build", PROGRAMS, ids=lambda f: f.__name__)
def test_every_mode_to_second_order(build: Build, x: Tensor, v: Tensor) -> None:
    check_derivatives([build(x, v)], [x, v], {x: 1.3, v: np.array([0.4, -0.7, 1.1])})


@pytest.mark.parametrize("build", [growing, stacked, chosen_loop], ids=lambda f: f.__name__)
def test_hessians_forward_over_reverse_and_reverse_over_forward(build: Build, x: Tensor, v: Tensor) -> None:
    y = (build(x, v) ** 2).sum()
    tangent = sa.placeholder((3,), name="tangent")
    (gradient,) = sa.gradients(y, v)
    (forward_over_reverse,) = sa.jvp([gradient], [v], [tangent])
    (slope,) = sa.jvp([y], [v], [tangent])
    (reverse_over_forward,) = sa.gradients(slope, v)
    (product,) = sa.hvp(y, [v], [tangent])
    feeds = {x: 1.3, v: np.array([0.4, -0.7, 1.1]), tangent: np.array([1.0, -2.0, 0.5])}
    found = run([forward_over_reverse, reverse_over_forward, product], feeds, rtol=1e-9)
    np.testing.assert_allclose(found[1], found[0], rtol=1e-9)
    np.testing.assert_allclose(found[2], found[0], rtol=1e-9)


def test_third_derivatives_of_a_power_by_a_while_loop(x: Tensor) -> None:
    """The loop multiplies until it has x⁴."""
    power = sa.while_loop(lambda s: s[0] < 4, lambda s: (s[0] + 1, s[1] * x), (sa.constant(0), x * 0 + 1))[1]
    derivatives = [power]
    for _ in range(3):
        derivatives.append(sa.gradients(derivatives[-1], x)[0])
    np.testing.assert_allclose(run(derivatives, {x: 1.5}), [1.5**4, 4 * 1.5**3, 12 * 1.5**2, 24 * 1.5])


def test_no_steps(x: Tensor, v: Tensor) -> None:
    """The derivative of a loop that makes no step is that of its start, and zero by what only the steps use."""
    y = sa.while_loop(lambda s: s.sum() > 1e9, lambda s: s * x, v * 2)
    by_x, by_v = sa.gradients(y.sum(), [x, v])
    found = run([by_x, by_v], {x: 3.0, v: np.ones(3)})
    assert found[0] == 0
    np.testing.assert_array_equal(found[1], [2, 2, 2])


def test_an_empty_sequence(x: Tensor) -> None:
    xs = sa.placeholder((None,), name="xs")
    last, ys = sa.scan(lambda s, e: (s * e, s + e), x * x, xs)
    by_x, by_xs = sa.gradients(last + ys.sum(), [x, xs])
    found = run([by_x, by_xs], {x: 3.0, xs: np.zeros(0)})
    assert found[0] == 6 and found[1].shape == (0,)


def test_a_branch_that_does_not_use_an_x_has_a_zero_derivative_by_it(x: Tensor, v: Tensor) -> None:
    y = sa.cond(x > 0, lambda: v.sum(), lambda: x * 2)
    by_x, by_v = sa.gradients(y, [x, v])
    positive, negative = (run([by_x, by_v], {x: value, v: np.ones(3)}) for value in (1.0, -1.0))
    assert positive[0] == 0 and negative[0] == 2
    np.testing.assert_array_equal(positive[1], np.ones(3))
    np.testing.assert_array_equal(negative[1], np.zeros(3))


def test_unconnected_states_are_reported(x: Tensor, v: Tensor) -> None:
    last = sa.while_loop(lambda s: s[0] < x, lambda s: (s[0] + 1, s[1] * 2), (sa.constant(0.0), v.sum()))
    with pytest.raises(sa.GradientError, match="no gradient"):
        sa.gradients(last[1], x)  # only the condition reads it
    assert run(sa.gradients(last[1], x, unconnected="zero"), {x: 2.5, v: np.ones(3)}) == [0]
    by_v = run(sa.gradients(last[1], v), {x: 2.5, v: np.ones(3)})[0]
    np.testing.assert_array_equal(by_v, [8, 8, 8])


def test_states_that_become_active_late(x: Tensor) -> None:
    """A dependence that reaches the result after three steps only."""
    start = (x * x, sa.constant(1.0), sa.constant(2.0), sa.constant(3.0))
    shifted = sa.fori_loop(0, 3, lambda i, s: (s[0], s[0], s[1], s[2]), start)
    assert run(sa.gradients(shifted[3], x), {x: 5.0}) == [10]
    early = sa.fori_loop(0, 2, lambda i, s: (s[0], s[0], s[1], s[2]), start)
    assert run(sa.gradients(early[3], x, unconnected="zero"), {x: 5.0}) == [0]


def test_float32_stays_float32() -> None:
    x = sa.placeholder((), "float32", name="x")
    y = sa.while_loop(lambda s: s < 100, lambda s: s * x, x)
    (gradient,) = sa.gradients(y, x)
    found = run([y, gradient], {x: 3.0})
    assert found == [243, 405] and found[1].dtype == np.float32


def test_detached_states_and_no_grad(x: Tensor) -> None:
    detached = sa.fori_loop(0, 3, lambda i, s: s.detach() * x, x)
    assert run(sa.gradients(detached, x), {x: 2.0}) == [8]
    with sa.no_grad():
        constant = sa.fori_loop(0, 3, lambda i, s: s * x, x)
    assert run(sa.gradients(constant * x, x), {x: 2.0}) == [16]


def loops(tensors: list[Tensor]) -> list[Node]:
    return [node for node in sort_nodes(tensors) if node.op is LOOP]


def test_what_is_cheap_to_compute_again_is_not_recorded(v: Tensor) -> None:
    """Of exp(s) + 1 and its square the tape holds one vector a step."""
    y = sa.fori_loop(0, 9, lambda i, s: sa.exp(s) * 0.1 + 1, v)
    (gradient,) = sa.gradients(y.sum(), v)
    (forward,) = [n for n in loops([gradient]) if not n.attrs["shape"].reverse]
    assert forward.attrs["shape"].results == 1


def test_a_linear_loop_records_nothing(v: Tensor) -> None:
    y = sa.fori_loop(0, 9, lambda i, s: s * 0.5 + 1, v)
    (gradient,) = sa.gradients(y.sum(), v)
    assert all(n.attrs["shape"].results == 0 for n in loops([gradient]))


def test_gradients_by_what_a_body_captures_sum_over_the_steps() -> None:
    w, xs = sa.placeholder((2, 2), name="w"), sa.placeholder((None, 2), name="xs")
    last, _ = sa.scan(lambda s, e: (sa.tanh(s @ w + e), None), sa.zeros((2,)), xs)
    rng = np.random.default_rng(0)
    check_derivatives([last], [w, xs], {w: rng.normal(size=(2, 2)), xs: rng.normal(size=(4, 2))})


def test_a_node_of_the_gradient_knows_the_line_of_its_loop(x: Tensor) -> None:
    y = sa.while_loop(lambda s: s < 10, lambda s: s * x, x)
    (gradient,) = sa.gradients(y, x)
    lines = {(n.where.file, n.where.line) for n in loops([gradient])}
    assert lines == {(y.where.file, y.where.line)}
    assert any("gradient of loop" in n.where.notes for n in loops([gradient]))


def test_an_output_that_depends_on_nothing_has_no_derivative() -> None:
    """Though another output of the same loop or branch has one."""
    x, c = sa.placeholder((), name="x"), sa.placeholder((), "bool", name="c")
    p, q = sa.fori_loop(0, 3, lambda i, s: (s[0] * 0.5 + 1.0, s[1] * s[0]), (sa.constant(1.0), x))
    a, b = sa.cond(c, lambda v: (v * 2.0, p), lambda v: (v, p + 1.0), x)
    for one in (p, b):
        assert sa.gradients(one, [x], unconnected="none") == [None]
        (tangent,) = sa.jvp([one], [x], [1.0])
        assert not tangent.inputs
    slopes = [*sa.gradients(p * q, [x]), *sa.gradients(a * b, [x])]
    assert sa.evaluate(slopes, {x: 2.0, c: True}) == pytest.approx([1.875 * 1.5 * 1.75, 2.0 * 1.875])
