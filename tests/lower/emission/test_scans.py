"""Scans by the interpreter of plans, which checks every access: lanes of a few elements, sizes that steps determine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.ops.base import apply
from staticad.ops.cumulative import CUMULATIVE_OPS, RECURRENCE, Form
from tests.lower.interpreter import interpret
from tests.lower.planning import plan_for
from tests.lower.tiny import tiny_thresholds


def scans(x: Any, axis: int) -> list[sa.Tensor]:
    """All ops in both directions."""
    attrs = [{"axis": axis, "reverse": r, "form": f} for r in (False, True) for f in (Form.PLAIN, Form.EXCLUSIVE)]
    nodes = [apply(op, -x, **a) for op in CUMULATIVE_OPS if op is not RECURRENCE for a in attrs]
    return nodes + [apply(RECURRENCE, 0.5 * x, x, axis=axis, reverse=True, form=form) for form in Form]


def check(x: sa.Tensor, nodes: list[sa.Tensor], value: np.ndarray) -> None:
    results, _ = interpret(plan_for(nodes, inputs=[x]), {x: value})
    for found, wanted in zip(results, sa.evaluate(nodes, {x: value}), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5 if value.dtype == np.float32 else 1e-12, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_lanes_of_vectors(dtype: str, rng: np.random.Generator) -> None:
    x = sa.placeholder((None,), dtype)
    with tiny_thresholds():
        nodes = scans(x, 0)
        for n in (0, 1, 11, 12, 31):
            check(x, nodes, rng.normal(size=n).astype(dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_axis(dtype: str, rng: np.random.Generator) -> None:
    x = sa.placeholder((None, None, None), dtype)
    for shape in ((2, 3, 4), (2, 0, 4), (0, 3, 4), (1, 3, 1)):
        for axis in range(3):
            check(x, scans(x, axis), rng.normal(size=shape).astype(dtype))
