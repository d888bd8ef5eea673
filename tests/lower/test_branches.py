"""Branches in loops: part of the loop's kernel, and changing their operands in place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import staticad as sa
from staticad.errors import IndexOutOfBounds
from staticad.ir.graph import Node
from staticad.lower.families import FAMILIES
from staticad.lower.fusion.changes import Changed
from staticad.lower.kernel.language import Branch, Kernel, Loop, Statement
from staticad.lower.kernel.plan import BranchCall, LoopCall, Plan
from tests.harness.derivatives import check_gradients
from tests.lower.planning import labels, plan_for

Tensor = sa.Tensor


def changed_by(node: Node, used: set[Tensor]) -> Changed:
    return FAMILIES[node.op].changed(node, used, FAMILIES)


def branches(statements: tuple[Statement, ...]) -> int:
    inner = [s for s in statements if isinstance(s, (Loop, Branch))]
    return sum(isinstance(s, Branch) for s in statements) + sum(branches(s.body) for s in inner)


def only_kernel(plan: Plan) -> Kernel:
    (kernel,) = [s.kernel for s in plan.steps if "loop" in s.label]
    assert isinstance(kernel, Kernel)
    return kernel


def collatz(n: Tensor) -> Tensor:
    def step(s: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        return sa.cond(s[0] % 2 == 0, lambda v: v // 2, lambda v: 3 * v + 1, s[0]), s[1] + 1

    return sa.while_loop(lambda s: s[0] > 1, step, (n, sa.constant(0)))[1]


def test_a_branch_in_a_loop_of_numbers_is_part_of_its_kernel() -> None:
    n = sa.placeholder((), "int64")
    y = collatz(n)
    assert branches(only_kernel(plan_for(y)).body) >= 2
    assert sa.compile(y, inputs=[n])(27) == 111


@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_switch_in_a_loop(count: int) -> None:
    k, x = sa.placeholder((6,), "int64"), sa.placeholder((3,))
    choices: list[Callable[[Tensor], Tensor]] = [
        lambda v: v + 1.0,
        lambda v: v * 2.0,
        lambda v: sa.flip(v),
        lambda v: v - v.sum(),
    ]
    last, rows = sa.scan(lambda s, i: ((t := sa.switch(i, choices[:count], s)), t.sum()), x, k)
    only_kernel(plan_for([last, rows]))
    numbers, data = np.array([0, 3, -5, 2, 1, 9]), np.array([1.0, 2.0, 4.0])
    by_hand = [lambda v: v + 1.0, lambda v: v * 2.0, lambda v: v[::-1], lambda v: v - v.sum()]
    state, sums = data, []
    for i in numbers:
        state = by_hand[min(max(int(i), 0), count - 1)](state)
        sums.append(state.sum())
    got, given = sa.compile([last, rows], inputs=[k, x])(numbers, data)
    np.testing.assert_allclose(got, state)
    np.testing.assert_allclose(given, sums)


def test_branches_in_branches_and_loops_in_them() -> None:
    x = sa.placeholder((5,))

    def step(s: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        inner = sa.cond(
            v > 0,
            lambda: sa.cond(v > 1, lambda: s * 0.5, lambda: sa.fori_loop(0, 3, lambda i, t: t + v * i, s)),
            lambda: -s,
        )
        return inner, inner + v

    last, rows = sa.scan(step, sa.constant(1.0), x)
    only_kernel(plan_for([last, rows]))
    (slope,) = sa.gradients(last + rows.sum(), x)
    data = np.array([0.3, 2.0, -1.0, 0.7, 1.5])
    state, found = 1.0, []
    for v in data:
        state = (state * 0.5 if v > 1 else state + 3 * v) if v > 0 else -state
        found.append(state + v)
    got, given, gradient = sa.compile([last, rows, slope], inputs=[x])(data)
    np.testing.assert_allclose(got, state)
    np.testing.assert_allclose(given, found)
    check_gradients(last + rows.sum(), x, {x: data})
    assert gradient.shape == (5,)


def flip_some(x: Tensor, mask: Tensor) -> Tensor:
    """Sets element i to 1 where the mask holds, else leaves all as it is."""
    return sa.fori_loop(0, mask.shape[0], lambda i, u: sa.cond(mask[i], lambda v: v.at[i].set(1.0), lambda v: v, u), x)


def test_an_operand_that_every_branch_changes_or_keeps_is_changed_in_place() -> None:
    x, mask = sa.placeholder((None,)), sa.placeholder((None,), "bool")
    y = flip_some(x, mask)
    (session,) = [sa.compile(y, inputs=[x, mask])]
    text = next(t for t in session.source().split("# ") if t.startswith("loop"))
    assert text.count("for ") == 1  # no loop over the array inside of the loop over steps
    chosen = np.array([True, False, True, False])
    np.testing.assert_array_equal(session(np.arange(4.0) + 5, chosen), [1, 6, 1, 8])


def test_its_gradient() -> None:
    x, mask = sa.placeholder((4,)), sa.placeholder((4,), "bool")
    loss = (flip_some(x, mask) ** 2).sum()
    (g,) = sa.gradients(loss, x)
    chosen = np.array([True, False, True, False])
    np.testing.assert_allclose(sa.compile(g, inputs=[x, mask])(np.arange(4.0) + 5, chosen), [0, 12, 0, 16])


def test_the_operand_itself_stays() -> None:
    p, x = sa.placeholder((), "bool"), sa.placeholder((4,))
    y = sa.exp(x)
    changed = sa.cond(p, lambda v: v.at[1].set(0.0), lambda v: v.at[2].add(1.0), y)
    session = sa.compile([changed, y], inputs=[p, x])
    for choice, place, value in ((True, 1, 0.0), (False, 2, 2.0)):
        got, base = session(choice, np.zeros(4))
        want = np.ones(4)
        want[place] = value
        np.testing.assert_array_equal(got, want)
        np.testing.assert_array_equal(base, np.ones(4))


def test_outputs_that_nobody_reads_carry_nothing() -> None:
    p, x = sa.placeholder((), "bool"), sa.placeholder((4,))
    y = sa.exp(x)
    first, second = sa.cond(p, lambda v: (v.at[1].set(0.0), v.sum()), lambda v: (v, v.max()), y)
    assert changed_by(first.node, {first, second}) == [(1, 0)]
    assert changed_by(first.node, {second}) == []
    np.testing.assert_allclose(sa.compile(second, inputs=[p, x])(True, np.zeros(4)), 4.0)
    np.testing.assert_allclose(sa.compile([first, second], inputs=[p, x])(False, np.zeros(4))[0], np.ones(4))


def test_one_operand_is_changed_by_one_output_only() -> None:
    p, x = sa.placeholder((), "bool"), sa.placeholder((4,))
    a, b = sa.cond(p, lambda v: (v.at[0].set(1.0), v.at[1].set(2.0)), lambda v: (v, v.at[2].set(3.0)), x)
    assert changed_by(a.node, {a, b}) == [(1, 0)]
    got = sa.compile([a, b], inputs=[p, x])(True, np.zeros(4))
    np.testing.assert_array_equal(got[0], [1, 0, 0, 0])
    np.testing.assert_array_equal(got[1], [0, 2, 0, 0])
    got = sa.compile([a, b], inputs=[p, x])(False, np.zeros(4))
    np.testing.assert_array_equal(got[0], np.zeros(4))
    np.testing.assert_array_equal(got[1], [0, 0, 3, 0])


def test_two_operands_that_are_one_tensor() -> None:
    p, x = sa.placeholder((), "bool"), sa.placeholder((3,))
    a, b = sa.cond(p, lambda u, v: (u.at[0].set(1.0), v.at[1].set(2.0)), lambda u, v: (u, v), sa.exp(x), sa.exp(x))
    got = sa.compile([a, b], inputs=[p, x])(True, np.zeros(3))
    np.testing.assert_array_equal(got[0], [1, 1, 1])
    np.testing.assert_array_equal(got[1], [1, 2, 1])


def test_a_branch_beside_a_library_call_is_a_call() -> None:
    x = sa.placeholder((260, 260))
    y = sa.fori_loop(0, 3, lambda i, u: sa.cond(i > 0, lambda v: v.at[i, i].set(0.0), lambda v: v, u @ x), x)
    (loop,) = [s.kernel for s in plan_for(y).steps if isinstance(s.kernel, LoopCall)]
    (choice,) = [s.kernel for s in loop.plan.steps if isinstance(s.kernel, BranchCall)]
    assert len(choice.carries) == 1 and "first" not in labels(loop.plan)
    data = np.random.default_rng(0).normal(size=(260, 260))
    want = data
    for i in range(3):
        want = want @ data
        if i:
            want[i, i] = 0.0
    np.testing.assert_allclose(sa.compile(y, inputs=[x])(data), want, rtol=1e-9)


def test_a_wrong_index_in_a_branch_is_found() -> None:
    k, x = sa.placeholder((), "int64"), sa.placeholder((4,))
    y = sa.fori_loop(0, 3, lambda i, u: sa.cond(i == 1, lambda v: v.at[k].add(1.0), lambda v: v, u), x)
    session = sa.compile(y, inputs=[k, x])
    np.testing.assert_array_equal(session(-1, np.zeros(4)), [0, 0, 0, 1])
    with pytest.raises(IndexOutOfBounds, match="test_branches"):
        session(4, np.zeros(4))
    np.testing.assert_array_equal(session(0, np.zeros(4)), [1, 0, 0, 0])
