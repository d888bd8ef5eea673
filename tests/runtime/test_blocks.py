"""Argument blocks of programs with many steps that are alike."""

from __future__ import annotations

import numpy as np

import staticad as sa
from staticad.ir.dims import symbols
from staticad.lower.kernel.routine import Routine
from staticad.reference import evaluate
from staticad.runtime.compiled import Compiled
from tests.lower.planning import plan_for


def products(rows: int | None) -> tuple[list[sa.Tensor], list[sa.Tensor]]:
    """Products of few kinds with as many matrices of the same shapes, and their inputs."""
    h = first = sa.placeholder((rows, 8))
    weights = [sa.placeholder((8, 8)) for _ in range(6)]
    for w in weights:
        h = sa.tanh(h @ w)
    return [h], [first, *weights]


def test_equal_uses_of_a_routine_are_cut_once() -> None:
    outputs, inputs = products(None)
    plan = plan_for(outputs, inputs=inputs)
    calls = [step for step in plan.steps if isinstance(step.kernel, Routine)]
    (free,) = {symbol for size in inputs[0].shape for symbol in symbols(size)}
    traced = Compiled(plan).tables([free])
    assert traced is not None and len(calls) == 6
    assert len(traced.tables.routines) == 1
    assert len(traced.tables.steps) == len(plan.steps)


def test_every_step_has_its_own_arrays(rng: np.random.Generator) -> None:
    for rows in (None, 30):
        outputs, inputs = products(rows)
        session = sa.compile(outputs, inputs)
        for count in (30, 3, 0) if rows is None else (30,):
            arrays = [rng.normal(size=(count, 8)), *(rng.normal(size=(8, 8)) / 3 for _ in inputs[1:])]
            (expected,) = evaluate(outputs, dict(zip(inputs, arrays, strict=True)))
            (found,) = session(*arrays)
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
