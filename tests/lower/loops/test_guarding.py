"""Plans for sizes that do not fit a body: the body reports, its loop is dispatched, all other steps stay."""

from __future__ import annotations

import numpy as np

import staticad as sa
from staticad.lower.kernel.language import Kernel
from staticad.lower.kernel.plan import BranchCall, LoopCall, Plan, Status, Symbolic
from staticad.lower.loops.guarding import bodies, guarded_plan

X = sa.placeholder((None,), name="x")
N = sa.placeholder((), "int64", name="n")


def plan_of(y: sa.Tensor) -> Plan:
    return sa.compile(y, [X, N])._plan


def test_a_plan_whose_bodies_fit_is_the_same() -> None:
    plan = plan_of(sa.fori_loop(0, N, lambda i, s: s + sa.max(X * i), sa.constant(0.0)))
    assert guarded_plan(plan, {}) is plan


def test_bodies_know_what_they_demand() -> None:
    plan = plan_of(sa.cond(N > 0, lambda: sa.max(X), lambda: sa.constant(0.0)))
    one, other = bodies(plan)
    assert sorted(len(body.requirements) for body in (one, other)) == [0, 1]
    assert not plan.requirements
    plan = plan_of(sa.max(X) + sa.cond(N > 0, lambda: X[3], lambda: sa.constant(0.0)))
    assert len(plan.requirements) == 1
    assert sorted(sum(check.right is not None for check in body.sized) for body in bodies(plan)) == [0, 1]


def test_a_body_becomes_one_step_that_reports_its_code() -> None:
    plan = plan_of(sa.cond(N > 0, lambda: sa.max(X), lambda: sa.sum(X)))
    (body,) = [b for b in bodies(plan) if b.requirements]
    guarded = guarded_plan(plan, {id(body): 7})
    (call,) = [s.kernel for s in guarded.steps if isinstance(s.kernel, BranchCall)]
    (report,) = [b for b in call.plans if b.steps and b.steps[0].label == "sizes do not fit"]
    assert report.steps[0].arguments == (Symbolic(7), Status()) and report.arena == 0 and not report.buffers
    (kept,) = [b for b in call.plans if b is not report]
    assert any(kept is b for b in bodies(plan))


def test_a_kernel_that_holds_such_a_body_is_dispatched() -> None:
    def outer(i: sa.Tensor, s: sa.Tensor) -> sa.Tensor:
        return sa.fori_loop(0, N, lambda j, t: t + sa.max(X * j), s * 0.5 + sa.exp(X * i).sum())

    plan = plan_of(sa.fori_loop(0, 3, outer, sa.constant(0.0)))
    (step,) = [s for s in plan.steps if s.inlined is not None]
    (body,) = [b for b in bodies(plan) if b.requirements]
    guarded = guarded_plan(plan, {id(body): 0})
    (loop,) = [s for s in guarded.steps if isinstance(s.kernel, LoopCall)]
    assert isinstance(loop.kernel, LoopCall) and loop.where == step.where
    assert loop.kernel.scratch in loop.writes and loop.kernel.scratch in guarded.offsets
    inner = [s.kernel for s in loop.kernel.plan.steps]
    assert any(isinstance(k, Kernel) for k in inner)
    (report,) = [k for k in inner if isinstance(k, LoopCall)]
    assert not report.feeds and len(report.plan.steps) == 1
    others = [s for s in plan.steps if s is not step]
    assert all(any(s is other for s in guarded.steps) for other in others)


def test_memory_of_a_body_that_is_gone_is_not_planned() -> None:
    """Its sizes mean nothing: this one would be negative."""
    y = sa.cond(
        N > 0, lambda: sa.exp(sa.exp(X[3:])[::-1].reshape((1, -1)).T @ sa.ones((1, 2))).sum(), lambda: sa.sum(X)
    )
    session = sa.compile([y, sa.exp(X[::-1]).reshape((1, -1)).T @ sa.ones((1, 2))], [X, N])
    for size in (0, 1, 2, 3, 10):
        x = np.linspace(0, 1, size)
        value, other = session(x, np.int64(0))
        np.testing.assert_allclose(value, x.sum())
        np.testing.assert_allclose(other, np.stack([np.exp(x[::-1])] * 2, axis=1))
