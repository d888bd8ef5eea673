"""Plans with routines: their arguments, copies that are left out, and every access to memory checked in Python."""

from __future__ import annotations

import numpy as np
import pytest

import staticad as sa
from staticad.lower.kernel.plan import Library, Plan, Step
from staticad.lower.kernel.routine import Routine
from staticad.ops.base import apply, apply_all
from staticad.ops.linalg import LU_FACTOR, LU_SOLVE, SLOGDET
from tests.lower.checked_memory import RoutineReported
from tests.lower.checking import computes
from tests.lower.interpreter import interpret
from tests.lower.planning import labels, plan_for

RNG = np.random.default_rng(0)


def routine(plan: Plan, name: str) -> Step:
    (step,) = (s for s in plan.steps if isinstance(s.kernel, Routine) and s.kernel.name == name)
    return step


def regular(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape) + 3 * np.eye(shape[-1])[::-1]


def test_the_arguments_have_the_names_of_the_declaration() -> None:
    x = sa.placeholder((None, None), "float32")
    factors, pivots = apply_all(LU_FACTOR, x)
    plan = plan_for([factors, pivots])
    step = routine(plan, "lu_factor")
    assert isinstance(step.kernel, Routine) and str(step.kernel) == "lu_factor:float32"
    assert step.kernel.slots == ("GETRF", "OUT0", "STEP_OUT0", "OUT1", "STEP_OUT1", "N", "WORK", "STEP_WORK")
    assert step.arguments[0] == Library("getrf")
    assert not step.may_fail and routine(plan_for(sa.linalg.cholesky(x)), "cholesky").may_fail


@pytest.mark.parametrize("batch", [(), (3,), (2, 2)])
def test_routines_compute_what_the_reference_says(batch: tuple[int, ...]) -> None:
    x, b = sa.placeholder((*batch, 3, 3), "float64"), sa.placeholder((*batch, 3, 2), "float64")
    y = sa.linalg.solve(x, b)
    definite = x @ sa.swapaxes(x, -1, -2)
    outputs = [
        y, *sa.linalg.slogdet(x), sa.linalg.cholesky(definite), *sa.gradients(y.sum(), [x, b]),
        sa.linalg.solve_triangular(x[..., ::-1, :], b, trans=1, lower=True, unit_diagonal=True),
        *sa.gradients(sa.linalg.cholesky(definite).sum(), [x]),
    ]  # fmt: skip
    computes(outputs, feeds={x: regular(*batch, 3, 3), b: RNG.normal(size=(*batch, 3, 2))})


def test_one_matrix_serves_a_batch() -> None:
    x, b = sa.placeholder((3, 3), "float64"), sa.placeholder((4, 3, 2), "float64")
    plan = computes(sa.linalg.solve(x, b), feeds={x: regular(3, 3), b: RNG.normal(size=(4, 3, 2))})
    assert labels(plan) == ["copy", "lu_factor", "copy", "lu_solve"]
    assert plan.steps[1].extent == 1 and plan.steps[3].extent == 4


def test_a_value_that_nobody_else_needs_is_factored_in_place() -> None:
    x = sa.placeholder((3, 3), "float64")
    feeds = {x: regular(3, 3)}
    for alone in (x @ x.T, sa.exp(x @ x.T)):
        plan = computes(sa.linalg.cholesky(alone), feeds=feeds)
        assert "copy" not in labels(plan) and labels(plan)[-1] == "cholesky"
    shared = sa.exp(x @ x.T)
    plan = computes([sa.linalg.cholesky(shared), shared], feeds=feeds)
    assert labels(plan).count("copy") == 1
    plan = computes(sa.linalg.cholesky(x @ x.T) + sa.linalg.slogdet(x @ x.T).logabsdet, feeds=feeds)
    assert labels(plan).count("copy") == 1  # two routines can't both have it


def test_a_right_side_is_overwritten_and_the_factors_are_not() -> None:
    x, b = sa.placeholder((3, 3), "float64"), sa.placeholder((3, 3), "float64")
    feeds = {x: regular(3, 3), b: RNG.normal(size=(3, 3))}
    inner = sa.linalg.solve(x, sa.exp(b))
    plan = computes(sa.linalg.solve(x, sa.tanh(inner)), feeds=feeds)
    assert labels(plan).count("lu_factor") == 1 and labels(plan).count("copy") == 1
    factors, pivots = apply_all(LU_FACTOR, x)
    computes([apply(LU_SOLVE, x, factors, pivots, factors, trans=0), factors], feeds=feeds)


def test_an_operand_for_derivatives_alone_takes_no_memory() -> None:
    x, b = sa.placeholder((3, 3), "float64"), sa.placeholder((3, 2), "float64")
    turned = sa.exp(x).T
    plan = computes(sa.linalg.solve(turned, b), feeds={x: regular(3, 3), b: RNG.normal(size=(3, 2))})
    assert labels(plan) == ["exp", "copy", "lu_factor", "copy", "lu_solve"]
    step = routine(plan, "lu_solve")
    assert isinstance(step.kernel, Routine) and "IN0" not in step.kernel.slots


def test_outputs_that_nobody_reads_are_temporaries() -> None:
    x = sa.placeholder((3, 3), "float64")
    sign, logarithm = apply_all(SLOGDET, x, *apply_all(LU_FACTOR, x))
    for wanted in (sign, logarithm):
        plan = computes(wanted, feeds={x: regular(3, 3)})
        assert len(plan.fetches) == 1 and labels(plan) == ["copy", "lu_factor", "slogdet"]


def test_a_step_that_may_fail_writes_no_variable() -> None:
    w = sa.variable(np.eye(3))
    x = sa.placeholder((3, 3), "float64")
    plan = computes([], feeds={x: np.eye(3) + 1}, updates={w: sa.linalg.cholesky(x + w)})
    assert labels(plan)[-1] == "assign!" and "cholesky" in labels(plan)
    with pytest.raises(RoutineReported):
        interpret(plan, {x: -3 * np.eye(3)}, {w: np.eye(3)})


def test_the_carry_of_a_loop_is_factored_in_place() -> None:
    x = sa.placeholder((3, 3), "float64")
    y = sa.fori_loop(0, 3, lambda i, state: sa.linalg.cholesky(state @ state.T + x), x)
    session_plan = plan_for(y)
    (call,) = (s.kernel for s in session_plan.steps if s.bodies)
    inner = [s.label for s in call.bodies[0].steps]  # type: ignore[union-attr]
    assert "cholesky" in inner
    a = np.eye(3) + 1
    np.testing.assert_allclose(sa.compile(y)(a), sa.evaluate(y, {x: a})[0], rtol=1e-10)


def test_a_plan_prints_its_routines_and_checks() -> None:
    x = sa.placeholder((2, 3, 3), "float64")
    text = str(plan_for(sa.linalg.cholesky(x)))
    assert "cholesky by cholesky:float64: b" in text
    assert "cholesky of float64[2,3,3]: matrix {number} of the batch is not positive definite" in text
    assert "test_library.py" in text
