"""Plans of profiles: kernels that hold loops of the program get words to count in; everything else stays."""

from __future__ import annotations

import re

import numpy as np

import staticad as sa
from staticad.codegen.source import render
from staticad.lower.kernel.language import Kernel
from staticad.lower.kernel.plan import BranchCall, LoopCall, Plan, Status, Turns
from staticad.lower.loops.counting import counting_plan

X = sa.placeholder((None,), name="x")
N = sa.placeholder((), "int64", name="n")


def plan_of(y: sa.Tensor) -> Plan:
    return sa.compile(y)._plan


def test_a_plan_without_loops_is_the_same() -> None:
    plan = plan_of(sa.exp(X).sum() + sa.max(X))
    counting = counting_plan(plan)
    assert counting == plan
    assert all(a is b for a, b in zip(counting.steps, plan.steps, strict=True))


def test_counters_come_behind_the_pointers_and_before_the_sizes() -> None:
    plan = counting_plan(plan_of(sa.scan(lambda s, v: (s + v, s), sa.constant(0.0), X)[1]))
    (step,) = [s for s in plan.steps if any(isinstance(a, Turns) for a in s.arguments)]
    assert isinstance(step.kernel, Kernel)
    at = len(step.kernel.pointers) - 1
    assert step.kernel.pointers[at].name == "turns" and step.arguments[at] == Turns(1)
    text = render(step.kernel)
    assert f"turns = pointer(args, {at}, int64," in text and "store(turns, 0, add(load(turns, 0), " in text
    assert f"n0 = size(args, {at + 1})" in text


def test_the_status_word_moves_on() -> None:
    y = sa.fori_loop(0, N, lambda i, s: s + X[i // 2 + N], sa.constant(0.0))
    plan = counting_plan(plan_of(y))
    (step,) = [s for s in plan.steps if any(isinstance(a, Turns) for a in s.arguments)]
    assert isinstance(step.kernel, Kernel)
    assert step.arguments[-1] == Status()
    slot = len(step.arguments) - 1
    text = render(step.kernel)
    assert "check_index(args" in text and set(re.findall(r"(?:check_index|failure)\(args, (\d+)", text)) == {str(slot)}


def test_bodies_are_counted_too() -> None:
    w = sa.variable(np.eye(300))

    def step(i: sa.Tensor, s: sa.Tensor) -> sa.Tensor:
        return sa.cond(i > 2, lambda: sa.fori_loop(0, i, lambda j, t: t * 0.5, s), lambda: sa.tanh(s @ w))

    plan = counting_plan(plan_of(sa.fori_loop(0, N, step, sa.zeros((64, 300)))))
    (loop,) = [s.kernel for s in plan.steps if isinstance(s.kernel, LoopCall)]
    (choice,) = [s.kernel for s in loop.plan.steps if isinstance(s.kernel, BranchCall)]
    counted = [sum(isinstance(a, Turns) for s in branch.steps for a in s.arguments) for branch in choice.plans]
    assert sorted(counted) == [0, 1]
