"""Reductions in runs: bools beside sums of float32 begin anew in each run."""

from __future__ import annotations

import numpy as np
import pytest

import staticad as sa
from staticad.ir.dtypes import BOOL
from staticad.ir.expressions import Constant, names
from staticad.lower.kernel.language import Compute, Kernel, Loop, Statements
from tests.lower.interpreter import interpret
from tests.lower.planning import plan_for

COLUMNS = 600  # three runs


def bools_from_outside(body: Statements) -> int:
    """How many bools an innermost loop combines that were not set right before it."""
    found = 0
    for number, s in enumerate(body):
        if isinstance(s, Loop) and not any(isinstance(inner, Loop) for inner in s.body):
            begun = {c.name for c in body[:number] if isinstance(c, Compute) and isinstance(c.value, Constant)}
            bools = [c for c in s.body if isinstance(c, Compute) and c.value.dtype == BOOL]
            found += sum(c.name in names(c.value) and c.name not in begun for c in bools)
        elif isinstance(s, Loop):
            found += bools_from_outside(s.body)
    return found


@pytest.mark.parametrize("taken", [(), (3,), (599,), (0, 300)], ids=str)
def test_any_beside_a_sum(taken: tuple[int, ...]) -> None:
    x = sa.placeholder(("n", "m"), "float32")
    mask = x > 1.0
    outputs = [sa.where(mask, x, 0.0).sum(axis=1), mask.any(axis=1), (x > 0.0).all(axis=1)]
    plan = plan_for(outputs, inputs=[x])
    kernels = [step.kernel for step in plan.steps if isinstance(step.kernel, Kernel)]
    assert sum(bools_from_outside(kernel.body) for kernel in kernels) == 0
    data = np.full((2, COLUMNS), 0.5, "float32")
    data[1, list(taken)] = 2.0
    data[0, 599] = -1.0
    found, _ = interpret(plan, {x: data})
    wanted = [2.0 * (data > 1.0).sum(axis=1), (data > 1.0).any(axis=1), (data > 0.0).all(axis=1)]
    for got, want in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(got, want)
