"""Random programs of loops: every access to memory is checked in Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import pytest

import staticad as sa
from tests.control.typed_programs import TypedProgram
from tests.harness.looped import looped_graph
from tests.lower.checked_memory import IndexReported
from tests.lower.checking import values_of_variables
from tests.lower.interpreter import interpret
from tests.lower.planning import plan_for
from tests.lower.tiny import tiny_thresholds

SIZES = ({}, {"a": 2, "b": 3, "t": 2}, {"a": 1, "b": 2, "t": 0})


def check(program: TypedProgram, outputs: Sequence[sa.Tensor]) -> None:
    """The plan of these outputs is right for all sizes."""
    plan = plan_for(outputs, inputs=program.placeholders)
    rtol = 1e-9 if "float32" not in program.dtypes else 1e-4
    for number, sizes in enumerate(SIZES):
        feeds = program.feeds(number, **sizes)
        results, _ = interpret(plan, feeds)
        for tensor, result, expected in zip(outputs, results, sa.evaluate(outputs, feeds), strict=True):
            np.testing.assert_allclose(result, expected, rtol=rtol, atol=rtol, err_msg=str(tensor))


@pytest.mark.parametrize("thresholds", [nullcontext, tiny_thresholds], ids=["usual", "tiny"])
@pytest.mark.parametrize("first", range(0, 6, 2))
def test_every_access_is_right(first: int, thresholds: Callable[[], AbstractContextManager[None]]) -> None:
    """Each output and gradient alone, and all of them together."""
    with thresholds():
        for seed in (first, first + 1):
            program = TypedProgram(seed)
            outputs = [*program.outputs, *sa.gradients(program.loss, program.variables, unconnected="zero")]
            for group in (*([t] for t in outputs), outputs):
                check(program, group)


@pytest.mark.parametrize("optimized", [True, False])
def test_variables_that_loops_change(optimized: bool) -> None:
    checked = 0
    for seed in range(12):
        program = TypedProgram(seed, depth=2)
        if program.free:
            continue
        outputs, updates = program.updates()
        inputs = [t for t in program.placeholders if t.name not in {v.name for v in updates}]
        plan = plan_for(outputs, updates, inputs, optimized)
        given = {t.name: value for t, value in program.feeds(seed).items()}
        feeds, values = {t: given[t.name] for t in inputs}, {v: given[v.name] for v in updates}
        results, after = interpret(plan, feeds, values)
        found = [*results, *(after.get(v, values[v]) for v in updates)]
        rtol = 1e-9 if "float32" not in program.dtypes else 1e-4
        for result, expected in zip(found, sa.evaluate([*outputs, *updates.values()], feeds, values), strict=True):
            np.testing.assert_allclose(result, expected, rtol=rtol, atol=rtol, err_msg=f"seed {seed}")
        checked += 1
    assert checked > 2


@pytest.mark.parametrize("thresholds", [nullcontext, tiny_thresholds], ids=["usual", "tiny"])
def test_random_graphs_as_bodies(thresholds: Callable[[], AbstractContextManager[None]]) -> None:
    """Values are compared elsewhere, in compiled code; here every load and store is checked."""
    checked = 0
    with thresholds():
        for graph in filter(None, map(looped_graph, range(40, 60))):
            plan = plan_for(graph.outputs, inputs=graph.inputs)
            arrays = {t: np.ascontiguousarray(a, t.dtype).reshape(a.shape) for t, a in graph.feeds.items()}
            interpret(plan, arrays, values_of_variables(graph.outputs))
            checked += 1
    assert checked > 10


def test_wrong_indices_are_reported() -> None:
    """Half of the programs whose indices are not kept in range find one that is not, none goes astray."""
    found = 0
    for seed in range(20):
        program = TypedProgram(seed, strict=False, depth=1)
        plan = plan_for(program.outputs, inputs=program.placeholders)
        feeds = program.feeds(1)
        try:
            expected = sa.evaluate(program.outputs, feeds)
        except sa.IndexOutOfBounds:
            expected = None
        try:
            results, _ = interpret(plan, feeds)
        except IndexReported:
            assert expected is None, seed
            found += 1
        else:
            for result, wanted in zip(results, expected or (), strict=expected is not None):
                np.testing.assert_allclose(result, wanted, rtol=1e-4, atol=1e-4)
    assert found > 3
