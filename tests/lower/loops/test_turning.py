"""Matrices that loops go through by columns lie transposed: which ones do, and what is computed stays the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.ir.graph import Tensor, sort_nodes
from staticad.lower.families import FAMILIES
from staticad.lower.index.sizes import Sizes
from staticad.lower.loops.turning import turn_columns
from staticad.ops.base import apply_all
from staticad.ops.control import LOOP, all_nodes
from staticad.reference import evaluate
from staticad.rewrite.pipeline import Options, optimize
from tests.harness.loop_programs import LoopProgram
from tests.stress.loops import check

ROWS, COLUMNS = 5, 7
CAPTURED = """def program(x, y, A, s, n):
    P = zeros(A) + 0.5
    for i in range(n):
        for j in range(A.shape[1]):
            y[:i, j] -= sin((P[::-1, j] * A[::-1, j]).sum())
            A[:i, j] = 0.5 * where(j > 1, s + x[:i], P[:i, 0])
    return x + P[:, 1], y, A, s"""


def averaged(b: Any) -> Any:
    """Only columns of p, from zeros."""
    p = np.zeros_like(b)
    for j in range(1, b.shape[1]):
        p[1:-1, j] = b[j % 2, 0] / (3.0 - 0.5 * p[:-2, j - 1] + p[1:-1, j - 1])
    return b[0] + p[:, -1].sum()


def solved(b: Any) -> Any:
    """Two matrices, a loop in both directions, a part that is changed between the loops."""
    p, q = np.zeros_like(b), np.ones_like(b) * 0.5
    for j in range(1, b.shape[1]):
        p[:, j] = 0.3 / (1.6 - 0.3 * p[:, j - 1])
        q[1:, j] = (b[1:, j] + 0.3 * q[1:, j - 1]) / (1.6 - 0.3 * p[1:, j - 1])
    q[0, :] = 1.0
    q[:, 0] += b[:, 0]
    for j in range(b.shape[1] - 2, -1, -1):
        q[:, j] = p[:, j] * q[:, j + 1] + q[:, j]
    return q[1:, 0] * 2.0


def parts(b: Any) -> Any:
    """Parts of a matrix of zeros are read that are not written."""
    p, last = np.zeros_like(b), b[1:-1, 0] * 1.0
    for j in range(1, b.shape[1] - 1):
        last = last + b[1:-1, j] + p[1:-1, j]
    for j in range(1, b.shape[1]):
        p[:, j] = p[:, j - 1] * 0.5 + b[:, j]
    return p[1:-1, 1] + last


def nested(b: Any) -> Any:
    """A loop in a loop: the matrix is carried by both."""
    p = np.zeros_like(b)
    for k in range(3):
        for j in range(1, b.shape[1]):
            p[:, j] = p[:, j - 1] * 0.5 + b[:, j] + k
        p[:, 0] = p[:, -1] * 0.25
    return p[:, 0] * 1.0


def elementwise(b: Any) -> Any:
    """What is done to all elements is done to the transposed ones."""
    p = np.zeros_like(b)
    for j in range(1, b.shape[1]):
        p[:, j] = p[:, j - 1] + b[:, j]
        p = p * 0.5
    return p[:, -1] * 1.0


def whole(b: Any) -> Any:
    p = np.zeros_like(b)
    for j in range(1, b.shape[1]):
        p[:, j] = p[:, j - 1] + b[:, j]
    return p * 2.0


def given(b: Any) -> Any:
    for j in range(1, b.shape[1]):
        b[:, j] = b[:, j - 1] * 0.5
    return b[:, -1] * 1.0


def by_rows(b: Any) -> Any:
    p = np.zeros_like(b)
    for j in range(1, b.shape[1]):
        p[:, j] = p[:, j - 1] + b[:, j]
    for i in range(1, b.shape[0]):
        p[i] = p[i - 1] * 0.5
    return p[:, -1] * 1.0


def anywhere(b: Any) -> Any:
    """The index is checked, and an error of it names the axis of the user's array."""
    p = np.zeros_like(b)
    for j in range(1, b.shape[1]):
        p[:, (b[0, 0] * j).astype("int64")] = b[:, j]
    return p[:, -1] * 1.0


def lowered(program: Callable[..., Any], gradient: bool) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """A program's input, its results as they are when they are lowered, and with columns turned."""
    b = sa.placeholder(("n", "m"))
    y = sa.function(program)(b)
    outputs = optimize([y, *(sa.gradients(sa.sum(y * y), [b]) if gradient else [])], options=Options(True, False))
    return b, outputs, turn_columns(outputs, Sizes([c for n in sort_nodes(outputs) for c in n.constraints]), FAMILIES)


def carried(outputs: list[Tensor]) -> list[str]:
    """The shapes of the matrices that loops carry, in any order."""
    loops = [node for node in all_nodes(outputs) if node.op is LOOP]
    return sorted(
        ",".join(map(str, t.shape))
        for node in loops
        for t in node.outputs[: node.attrs["shape"].carries]
        if t.ndim == 2
    )


@pytest.mark.parametrize("gradient", [False, True], ids=["value", "gradient"])
@pytest.mark.parametrize("program", [averaged, solved, parts, nested, elementwise])
def test_what_loops_read_by_columns_is_turned(program: Callable[..., Any], gradient: bool) -> None:
    b, outputs, turned = lowered(program, gradient)
    if not gradient:
        assert set(carried(turned)) == {"m,n"} and set(carried(outputs)) == {"n,m"}
    else:
        assert "m,n" in carried(turned)
    data = np.random.default_rng(0).uniform(0.5, 1.0, (ROWS, COLUMNS))
    for got, want in zip(evaluate(turned, {b: data}), evaluate(outputs, {b: data}), strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("program", [whole, given, by_rows, anywhere])
def test_what_would_have_to_be_transposed_stays(program: Callable[..., Any]) -> None:
    _, _, turned = lowered(program, gradient=False)
    assert set(carried(turned)) == {"n,m"}


@pytest.mark.parametrize("extended", [False, True], ids=["the same body", "with a record"])
@pytest.mark.parametrize("first", [0, 1])
def test_a_body_that_runs_on_other_numbers_is_looked_at_for_all_of_them(first: int, extended: bool) -> None:
    """On one loop's numbers the index is within its axis, on the other's it is checked: the error names the axis."""
    b, numbers = sa.placeholder(("n", "m")), sa.placeholder(("m",), "int64")

    def step(p: Tensor, j: Tensor) -> tuple[Tensor, None]:
        return p.at[:, j].set(p[:, j] * 0.5 + b[:, j]), None

    counted, _ = sa.scan(step, sa.zeros_like(b), sa.arange(b.shape[1]))
    node = counted.node
    inputs = tuple(numbers if x is node.inputs[1] else x for x in node.inputs)
    body, shape = node.attrs["body"], node.attrs["shape"]
    if extended:
        body = replace(body, outputs=(*body.outputs, body.parameters[1]))
        shape = replace(shape, results=shape.results + 1)
    found = apply_all(LOOP, *inputs, body=body, shape=shape, base=node.attrs["base"])[0]
    outputs = [t[:, -1] for t in ((counted, found), (found, counted))[first]]
    turned = turn_columns(outputs, Sizes([c for n in sort_nodes(outputs) for c in n.constraints]), FAMILIES)
    assert set(carried(turned)) == {"n,m"}


@pytest.mark.parametrize("kept", [lambda c: c * 2.0, lambda c: c[:, None] * sa.sin(c)], ids=["vector", "matrix"])
def test_what_each_step_records_stays(kept: Callable[[Tensor], Tensor]) -> None:
    """Here it stands at the place that the turned matrix ``y``, which the body captures, has among the parameters."""
    b = sa.placeholder(("n", "m"))
    columns = sa.arange(1, b.shape[1])
    y = sa.fori_loop(1, b.shape[1], lambda j, y: y.at[:, j].set(y[:, j - 1] * 0.5 + b[:, j]), sa.zeros_like(b))

    def step(p: Tensor, j: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        p = p.at[:, j].set(p[:, j - 1] * 0.5 + y[:, j])
        return p, (p[:, j].sum(), kept(p[:, j]))

    last, records = sa.scan(step, sa.zeros_like(b), columns)
    outputs = optimize([last[:, -1], *records], options=Options(True, False))
    turned = turn_columns(outputs, Sizes([c for n in sort_nodes(outputs) for c in n.constraints]), FAMILIES)
    assert set(carried(turned)) == {"m,n"}
    data = np.random.default_rng(0).random((5, 5))
    for got, want in zip(evaluate(turned, {b: data}), evaluate(outputs, {b: data}), strict=True):
        np.testing.assert_array_equal(got, want)


def test_a_loop_that_records_shares_the_body_of_the_one_that_does_not() -> None:
    b, _, turned = lowered(solved, gradient=True)
    forward = [n for n in all_nodes(turned) if n.op is LOOP and not n.attrs["shape"].reverse]
    parameters = {n.attrs["body"].parameters for n in forward if n.attrs["base"] is forward[0].attrs["base"]}
    assert len(parameters) == 1


@pytest.mark.parametrize("program", [solved, nested])
def test_compiled(program: Callable[..., Any]) -> None:
    b = sa.placeholder(("n", "m"))
    y = sa.function(program)(b)
    session = sa.compile([y, *sa.gradients(sa.sum(y * y), [b])], inputs=[b])
    data = np.random.default_rng(0).uniform(0.5, 1.0, (ROWS, COLUMNS))
    value, gradient = session(data)
    np.testing.assert_allclose(value, program(data.copy()), rtol=1e-14)
    step = np.random.default_rng(1).normal(size=data.shape)
    up, down = ((program(data + h * step) ** 2).sum() for h in (1e-6, -1e-6))
    np.testing.assert_allclose((gradient * step).sum(), (up - down) / 2e-6, rtol=1e-7)


@pytest.mark.parametrize("shape", [("n", "m"), (4, 4)], ids=["free", "square"])
@pytest.mark.parametrize("around", ["", "scan"])
def test_records_beside_a_turned_matrix_that_is_captured(shape: tuple[Any, Any], around: str) -> None:
    """A loop around a loop over columns, which chooses what they become: what it records has the place of a captured
    matrix."""
    program = LoopProgram(CAPTURED, around)
    program.shapes = (shape[:1], shape, shape, ())
    assert check(program, np.random.default_rng(0), twice=False)
