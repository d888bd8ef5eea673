"""Loops inside kernels become rounds with a look between them; everything else stays as it is."""

from __future__ import annotations

import numpy as np

import staticad as sa
from staticad.codegen.source import render
from staticad.lower.kernel.language import Kernel
from staticad.lower.kernel.plan import LoopCall, Plan, Step, Watch
from staticad.lower.loops.watching import FIRST, FIRST_LONG, watched_plan

X = sa.placeholder((), name="x")
V = sa.placeholder((None,), name="v")
N = sa.placeholder((), "int64", name="n")


def watched(y: sa.Tensor) -> list[Step]:
    plan = watched_plan(sa.compile(y, [X, V, N])._plan)
    return [s for s in plan.steps if any(isinstance(a, Watch) for a in s.arguments)]


def text(step: Step) -> str:
    assert isinstance(step.kernel, Kernel) and step.arguments[-1] == Watch()
    return render(step.kernel)


def test_a_plan_without_loops_is_the_same() -> None:
    plan: Plan = sa.compile(sa.exp(V).sum() + sa.max(V))._plan
    assert all(a is b for a, b in zip(watched_plan(plan).steps, plan.steps, strict=True))


def test_a_while_loop_counts_down_before_its_exit() -> None:
    (step,) = watched(sa.while_loop(lambda s: s < 10.0, lambda s: s * 2.0, X))
    source = text(step)
    assert f"left0 = int64({FIRST})" in source and source.count("while True:") == 1
    assert isinstance(step.kernel, Kernel)
    look = f"round0 = look(args, {len(step.arguments) - 1}, round0, {step.kernel.scopes})"
    lines = [line.strip() for line in source.split("left0 = left0 - 1\n")[1].splitlines()]
    assert lines == [
        "if left0 < 1:",
        look,
        "left0 = round0",
        "if round0 == 0:",
        "break",
        "if logical_not(again):",
        "break",
    ]


def test_a_loop_over_a_size_ends_a_round_or_itself() -> None:
    (step,) = watched(sa.scan(lambda s, v: (s * 0.5 + v, s), sa.constant(0.0), V)[1])
    source = text(step)
    assert "last0 = minimum(begin0 + left0, int64(n" in source and "for t in range(begin0, last0):" in source


def test_steps_that_are_loops_begin_with_a_short_round() -> None:
    (step,) = watched(sa.while_loop(lambda s: s.sum() < 10.0, lambda s: sa.exp(s) + s, V))
    assert f"left0 = int64({FIRST_LONG})" in text(step)


def test_of_loops_in_loops_those_of_a_known_length_are_left_alone() -> None:
    def row(i: sa.Tensor, a: sa.Tensor) -> sa.Tensor:
        return sa.fori_loop(0, V.shape[0], lambda j, b: b + sa.sin(b * i) * j, a)

    (step,) = watched(sa.fori_loop(0, V.shape[0], row, X))
    assert text(step).count("look(args") == 1

    def halvings(i: sa.Tensor, a: sa.Tensor) -> sa.Tensor:
        return sa.while_loop(lambda b: b > 1.0, lambda b: b * 0.5, a + i)

    (step,) = watched(sa.fori_loop(0, V.shape[0], halvings, X))
    assert text(step).count("look(args") == 2


def test_kernels_in_bodies_are_watched_too() -> None:
    w = sa.variable(np.eye(300))

    def step(i: sa.Tensor, s: sa.Tensor) -> sa.Tensor:
        return sa.tanh(s @ w) + sa.while_loop(lambda b: b > 1.0, lambda b: b * 0.5, X + i)

    plan = watched_plan(sa.compile(sa.fori_loop(0, N, step, sa.zeros((64, 300))))._plan)
    (loop,) = [s.kernel for s in plan.steps if isinstance(s.kernel, LoopCall)]
    assert sum(isinstance(a, Watch) for s in loop.plan.steps for a in s.arguments) == 1
