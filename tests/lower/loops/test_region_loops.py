"""Loops that change places and regions named by a counter beside slices and fixed indices: a step costs what it names.

Arrays of a few columns show what a square one hides, where a step that copies a column costs as much as one that
changes a row.
"""

from __future__ import annotations

import linecache
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.ir.graph import Tensor
from tests.harness.region_loops import RegionLoops
from tests.lower.interpreter import Run
from tests.lower.planning import plan_for
from tests.lower.work import work

SQUARE, NARROW, CUBE = ("n", "n"), ("n", 3), ("n", "n", "n")
FORMS: list[tuple[tuple[str | int, ...], str, str]] = [
    (NARROW, "a[i, 0]", "a[i - 1, 2] * 0.5"),
    (NARROW, "a[i, -1]", "a[i, -1] + a[i - 1, 0]"),
    (NARROW, "a[2, 0]", "a[2, 0] * a[i, 1]"),
    (NARROW, "a[i, 2]", "a[n - 1 - i, -1] * a[i, 2]"),
    (NARROW, "a[i, 1:]", "a[i - 1, :-1] * 0.5"),
    (NARROW, "a[i, ::-1]", "np.sin(a[i - 1])"),
    (NARROW, "a[i:i + 2, 1]", "a[i - 1:i + 1, 0] * a[-i, 1]"),
    (NARROW, "a[-i, :2]", "a[i, 1:] * 0.5"),
    (SQUARE, "a[1:-1, i]", "a[1:-1, i - 1] * 0.5"),
    (SQUARE, "a[i, 1:-1]", "a[i - 1, 1:-1] * a[i, 0]"),
    (SQUARE, "a[::-1, i]", "a[:, i - 1] * a[0, i]"),
    (SQUARE, "a[0, i:]", "a[i, i:] * a[0, 0]"),
    (SQUARE, "a[:i, 0]", "a[:i, 0] + a[i, :i] * 0.3"),
    (SQUARE, "a[-i:, i]", "a[:i, 0]"),
    (SQUARE, "a[i, n - 1:0:-1]", "a[i - 1, 1:] * 0.5"),
    (SQUARE, "a[i::-1, i]", "a[:i + 1, i - 1] * 0.5"),
    (CUBE, "a[1:-1, i, 1:]", "a[:-2, i - 1, 1:] * 0.5"),
    (CUBE, "a[i, 1, 1:-1]", "a[i - 1, 0, 1:-1] * 0.5"),
    (CUBE, "a[1:, i, i]", "a[:-1, i, 0] * 0.5"),
]


def defined(target: str, value: str) -> Any:
    text = f"def program(a, n):\n    for i in range(1, n - 1):\n        {target} = {value}\n    return a\n"
    file = f"<region {target} {value}>"
    linecache.cache[file] = (len(text), None, text.splitlines(True), file)
    words: dict[str, Any] = {"np": np}
    exec(compile(text, file, "exec"), words)
    return words["program"]


@pytest.mark.parametrize(("shape", "target", "value"), FORMS, ids=[target for _, target, _ in FORMS])
def test_a_step_costs_what_it_names(shape: tuple[str | int, ...], target: str, value: str) -> None:
    """In plans, and counted in runs; beside what is done to the whole array before and after the loop."""
    x = sa.placeholder(shape)
    program = defined(target, value)
    y = sa.function(program)(x, x.shape[0])
    (gradient,) = sa.gradients((y * y).sum(), [x])
    for tensor, often in ((y, 2), (gradient, 9)):
        plan = plan_for(tensor)
        most = {NARROW: 2.15, SQUARE: 4.4}.get(shape, 10.5)
        small, middle, large = (work(plan, n) for n in (20, 40, 80))
        assert middle < most * small and large < most * middle
        n = 8
        data = np.random.default_rng(0).uniform(0.3, 1.0, [n if size == "n" else size for size in shape])
        updates = sum(np.size(eval(target, {"a": data, "i": i, "n": n})) + 1 for i in range(1, n - 1))
        run = Run.on_arrays(plan, [data], [])
        fetched, _ = run.run()
        assert run.stores <= often * (data.size + updates)
        if tensor is y:
            np.testing.assert_allclose(fetched[0], program(data.copy(), n), rtol=1e-12)


@pytest.mark.parametrize(("branched", "seed"), [*((False, k) for k in range(8)), *((True, k) for k in range(6))])
def test_random_programs(branched: bool, seed: int) -> None:
    """All arrays grow as n does, and so do the steps; so has to the work."""
    program = RegionLoops(np.random.default_rng([1, seed]), branched=branched)
    xs = [sa.placeholder(shape) for shape in program.shapes]
    results = program.graph(*xs)
    total: Tensor = sum((t * t).sum() for t in results)  # type: ignore[assignment]
    for tensors in (results, sa.gradients(total, xs, unconnected="zero")):
        plan = plan_for(tensors, inputs=xs)
        assert work(plan, 400) < 1.1 * 4 * work(plan, 100), program.source


BRANCHED = [
    ("y[1, i:i + 2, 0] = A[2, -1]", "A[0, 1:] = x[i:i + 2] * y[1, i, 0]"),  # reads between the changes
    ("y[:, 2, 1] = y[-1, -1, ::-1] * 0.5", "y[:, 2, 1] *= x[i - 1:i + 1]"),  # a change of what was just written
]


@pytest.mark.parametrize("statements", BRANCHED, ids=str)
def test_statements_in_a_branch_that_read_each_other(statements: tuple[str, str]) -> None:
    lines = ["def program(x, y, A, n):", "    for i in range(1, n - 1):", "        if x[i] > A[i, 0]:"]
    lines += [f"            {text}" for text in statements]
    text = "\n".join([*lines, "    return x, y, A\n"])
    file = f"<branch {statements}>"
    linecache.cache[file] = (len(text), None, text.splitlines(True), file)
    words: dict[str, Any] = {}
    exec(compile(text, file, "exec"), words)
    xs = [sa.placeholder(shape) for shape in RegionLoops.shapes[:3]]
    results = sa.function(words["program"])(*xs, xs[0].shape[0])
    total: Tensor = sum((t * t).sum() for t in results)  # type: ignore[assignment]
    plan = plan_for(sa.gradients(total, xs, unconnected="zero"), inputs=xs)
    assert work(plan, 400) < 1.1 * 4 * work(plan, 100)
