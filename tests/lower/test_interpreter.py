"""The interpreter of plans notices what it is there to notice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import staticad as sa
from staticad.ir.expressions import Index
from staticad.lower.kernel.language import Kernel, Load, Loop, Statement, Store
from staticad.lower.kernel.plan import Plan
from tests.lower.checked_memory import NOBODY, Block, IndexReported, Pointer, WrongAccess
from tests.lower.interpreter import interpret
from tests.lower.planning import plan_for

X = sa.placeholder((None,))
FEEDS = {X: np.arange(5.0)}


def broken(plan: Plan, edit: object, position: int = 0) -> Plan:
    """The plan with every statement of a kernel's loops replaced by what ``edit`` makes of it."""
    step = plan.compute[position]
    assert isinstance(step.kernel, Kernel)

    def walk(body: tuple[Statement, ...]) -> tuple[Statement, ...]:
        return tuple(replace(s, body=walk(s.body)) if isinstance(s, Loop) else edit(s) for s in body)  # type: ignore

    changed = replace(step, kernel=replace(step.kernel, body=walk(step.kernel.body)))
    return replace(plan, compute=(*plan.compute[:position], changed, *plan.compute[position + 1 :]))


def moved(statement: Statement, kind: type) -> Statement:
    if isinstance(statement, kind):
        assert isinstance(statement, (Load, Store))
        return replace(statement, index=Index(statement.index.terms, 1))
    return statement


def test_a_right_plan_is_fine() -> None:
    (result,), _ = interpret(plan_for(sa.exp(X)), FEEDS)
    np.testing.assert_array_equal(result, np.exp(FEEDS[X]))


@pytest.mark.parametrize("kind", [Load, Store])
def test_an_index_outside_of_a_buffer(kind: type) -> None:
    with pytest.raises(WrongAccess, match="which has 5 elements"):
        interpret(broken(plan_for(sa.exp(X)), lambda s: moved(s, kind)), FEEDS)


def test_a_fetch_that_is_not_written() -> None:
    plan = broken(plan_for(sa.exp(X)), lambda s: replace(s, index=Index(())) if isinstance(s, Store) else s)
    with pytest.raises(WrongAccess, match="another iteration"):
        interpret(plan, FEEDS)
    with pytest.raises(WrongAccess, match="not written everywhere"):
        interpret(replace(plan_for(sa.exp(X)), compute=()), FEEDS)


def test_memory_that_was_never_written() -> None:
    plan = plan_for(sa.exp(X).reshape(-1, 1)[::-1] * 2.0)
    assert len(plan.compute) == 2
    with pytest.raises(WrongAccess, match="last written by b-1"):
        interpret(replace(plan, compute=plan.compute[1:]), FEEDS)


def test_buffers_that_overlap() -> None:
    y = sa.exp(X)
    plan = plan_for([y[::-1].reshape(-1, 1) @ y.reshape(1, -1)], optimized=False)
    assert len(plan.offsets) >= 1
    plan = plan_for(sa.exp(X).sum() * sa.exp(sa.sin(X))[::-1].sum() + sa.flip(X))
    together = {n for s in plan.steps for n in (*s.reads, *s.writes) if n in plan.offsets}
    assert len(together) >= 2
    with pytest.raises(WrongAccess, match="overlap|last written"):
        interpret(replace(plan, offsets=dict.fromkeys(plan.offsets, 0)), FEEDS)


def test_writing_to_a_feed() -> None:
    plan = plan_for(sa.exp(X))
    step = plan.compute[0]
    swapped = replace(step, arguments=(*reversed(step.arguments[:2]), *step.arguments[2:]))
    with pytest.raises(WrongAccess):
        interpret(replace(plan, compute=(swapped,)), FEEDS)


def test_a_step_that_hides_what_it_reads() -> None:
    plan = plan_for(sa.exp(X))
    with pytest.raises(WrongAccess, match="gets the buffers"):
        interpret(replace(plan, compute=(replace(plan.compute[0], reads=()),)), FEEDS)


def test_a_commit_step_that_comes_too_early() -> None:
    w = sa.variable(np.ones(5))
    plan = plan_for([], {w: w + 1.0})
    with pytest.raises(WrongAccess, match="changed by a compute step"):
        interpret(replace(plan, compute=plan.commit, commit=()), {}, {w: w.value})


def test_an_index_out_of_range() -> None:
    index = sa.placeholder((2,), "int64")
    plan = plan_for(X[index] * 1.5)
    with pytest.raises(IndexReported):
        interpret(plan, {**FEEDS, index: np.array([0, 5])})
    (result,), _ = interpret(plan, {**FEEDS, index: np.array([0, -1])})
    np.testing.assert_array_equal(result, [0, 6])


def test_parts_of_a_buffer_of_bytes_are_buffers() -> None:
    whole = Pointer(Block(128), 0, np.dtype("uint8"), 0, 128, writable=True)
    numbers, flags = whole.part(0, 16, np.dtype("float64"), 1), whole.part(64, 3, np.dtype("bool"), 2)
    numbers.store(1, 0.5, NOBODY)
    flags.store(2, True, NOBODY)
    assert (numbers.load(1, NOBODY), flags.load(2, NOBODY)) == (0.5, True)
    with pytest.raises(WrongAccess, match="load at 2 of b1, which has 2 elements"):
        numbers.load(2, NOBODY)
    with pytest.raises(WrongAccess, match="store at 3 of b2, which has 3 elements"):
        flags.store(3, True, NOBODY)
    with pytest.raises(WrongAccess, match="last written by"):
        flags.load(1, NOBODY)
    with pytest.raises(WrongAccess, match="last written by b1"):
        whole.part(8, 8, np.dtype("float64"), 3).load(0, NOBODY)
