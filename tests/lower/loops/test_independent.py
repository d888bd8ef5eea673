"""Loops over columns that do not need each other are operations on all columns; others stay loops."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.ir.graph import Tensor, sort_nodes
from staticad.lower.families import FAMILIES
from staticad.lower.index.ranges import Ranges
from staticad.lower.index.sizes import Sizes
from staticad.lower.loops.independent import all_at_once
from staticad.ops.control import LOOP
from staticad.reference import evaluate
from staticad.rewrite.pipeline import Options, optimize
from tests.lower.interpreter import interpret
from tests.lower.planning import plan_for

ROWS = 4


def projected(a: Any, b: Any) -> Any:
    """A sum down each column, which is read again."""
    for j in range(b.shape[1]):
        b[1:, j] -= (a[1:, 0] @ b[1:, j]) * a[1:, 0]
    return b


def places(a: Any, b: Any) -> Any:
    """Single places, fixed rows, neighbours of an array that stays as it is, and the counter as a number."""
    for j in range(1, b.shape[1] - 1):
        b[0, j] = np.sum(a[:, j - 1] * b[:, j]) + j
        b[1:-1, j] = b[1:-1, j] * a[1:-1, j + 1] + b[0, j]
        b[-1, j] += 2.0
    return b


def turned(a: Any, b: Any) -> Any:
    """Steps hand vectors to their derivatives."""
    for j in range(b.shape[1]):
        b[:, j] = np.sin(a[:, j] * b[::-1, j]) * b[:, j].sum()
    return b


def totals(a: Any, b: Any) -> Any:
    """What all columns give to one array is added up."""
    total = np.zeros_like(b[:, 0])
    for j in range(b.shape[1]):
        total = total + b[:, j] * a[0, j]
        b[:, j] = b[:, j] * 0.5
    return b + total[:, None]


def neighbours(a: Any, b: Any) -> Any:
    for j in range(1, b.shape[1]):
        b[:, j] = b[:, j - 1] * a[:, j]
    return b


def crossed(a: Any, b: Any) -> Any:
    """The array is read and written at two places of the step."""
    for j in range(b.shape[1] - 1):
        b[1:, j] = b[1:, j + 1] * a[1:, j]
    return b


def wholes(a: Any, b: Any) -> Any:
    for j in range(b.shape[1]):
        b[:, j] = b.sum(axis=1) * a[:, j]
    return b


def growing(a: Any, b: Any) -> Any:
    for j in range(b.shape[1]):
        b[:, j] = b[:, j] * a[0, :j].sum()
    return b


def chained(a: Any, b: Any) -> Any:
    """A number goes from step to step."""
    last = 1.0
    for j in range(b.shape[1]):
        b[:, j] = b[:, j] * last
        last = 0.5 * last + a[0, j]
    return b


def numbers(a: Any, b: Any) -> Any:
    """Nothing is gained for single numbers."""
    for j in range(b.shape[1]):
        b[0, j] = b[0, j] * a[1, j]
    return b


INDEPENDENT = [projected, places, turned, totals]


def lowered(program: Callable[..., Any], gradient: bool = True) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """The inputs of a program, its outputs, and what stands for them without such loops."""
    inputs = [sa.placeholder((ROWS, "m")) for _ in range(2)]
    y = sa.function(program)(*inputs)
    rewrite = partial(optimize, options=Options(True, False))
    outputs = rewrite([y, *(sa.gradients((y * y).sum(), inputs) if gradient else [])])
    sizes = Sizes([c for n in sort_nodes(outputs) for c in n.constraints])
    return inputs, outputs, all_at_once((), outputs, rewrite, Ranges(sizes, FAMILIES, {}))[1]


def loops(outputs: list[Tensor]) -> int:
    return sum(node.op is LOOP for node in sort_nodes(outputs))


@pytest.mark.parametrize("program", INDEPENDENT)
def test_columns_at_once(program: Callable[..., Any]) -> None:
    inputs, outputs, made = lowered(program)
    assert loops(outputs) > 1 and loops(made[:1]) == 0
    rng = np.random.default_rng(0)
    for columns in (5, 1, 0) if program is turned else (5,):
        feeds = {x: rng.uniform(0.5, 1.0, (ROWS, columns)) for x in inputs}
        for got, want in zip(evaluate(made, feeds), evaluate(outputs, feeds), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-13)


def test_gradients_of_columns_have_no_loops_either() -> None:
    assert loops(lowered(turned)[2]) == 0


@pytest.mark.parametrize("program", [neighbours, crossed, wholes, growing, chained, numbers])
def test_steps_that_need_each_other_stay(program: Callable[..., Any]) -> None:
    _, outputs, made = lowered(program, gradient=False)
    assert loops(made) == loops(outputs) == 1


def test_an_index_that_is_checked_keeps_the_loop() -> None:
    """Without a step nothing may fail."""

    def program(a: Any, b: Any) -> Any:
        row = a[0, 0].astype("int64")
        for j in range(b.shape[1]):
            b[row, j] = b[:, j].sum()
        return b

    assert loops(lowered(program, gradient=False)[2]) == 1


def triangular(a: Any, b: Any) -> Any:
    for i in range(b.shape[0]):
        for j in range(b.shape[1]):
            b[i, j] += a[i + 1 :, i] @ b[i + 1 :, j]
    return b * 1.5


def test_a_local_size_that_only_the_loop_was_given() -> None:
    def program(b: Any) -> Any:
        for i in range(b.shape[0]):
            for j in range(b.shape[1]):
                b[:i, j] = b[:i, j] * b[i, j] + (b[i:, j] ** 2).sum()
        return b

    b = sa.placeholder(("n", "m"))
    plan = plan_for(sa.function(program)(b))
    for shape in ((4, 3), (1, 2), (3, 0), (0, 2)):
        data = np.random.default_rng(0).uniform(0.2, 0.6, shape)
        (found,), _ = interpret(plan, {b: data})
        np.testing.assert_allclose(found, program(data.copy()), rtol=1e-13)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_compiled(dtype: str) -> None:
    """Inside of another loop, with sizes that change from step to step."""
    inputs = [sa.placeholder(("n", "n"), dtype), sa.placeholder(("n", "m"), dtype)]
    y = sa.function(triangular)(*inputs)
    session = sa.compile([y, *sa.gradients((y * y).sum(), inputs)], inputs=inputs)
    rng = np.random.default_rng(0)
    data = [(rng.normal(size=shape) / 3).astype(dtype) for shape in ((7, 7), (7, 5))]
    along = [rng.normal(size=x.shape) for x in data]
    wide = [x.astype("float64") for x in data]
    value, *gradients = session(*data)
    np.testing.assert_allclose(value, triangular(wide[0], wide[1].copy()), rtol=1e-5 if dtype == "float32" else 1e-13)
    up, down = ((triangular(*(x + h * v for x, v in zip(wide, along))) ** 2).sum() for h in (1e-6, -1e-6))
    slope = sum((g.astype("float64") * v).sum() for g, v in zip(gradients, along, strict=True))
    np.testing.assert_allclose(slope, (up - down) / 2e-6, rtol=1e-4 if dtype == "float32" else 1e-7)
    assert "stride(" not in session.source()
