"""Gradients of loops that change an array: the changes are undone, and no step leaves the whole array on the tape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.ir.dim_values import evaluate
from staticad.ir.dims import Symbol
from staticad.ir.graph import sort_nodes
from tests.lower.interpreter import interpret
from tests.lower.planning import plan_for

Program = Callable[[Any], Any]


@sa.function
def cholesky(a: Any) -> Any:
    n = len(a)
    factor = np.zeros((n, n))
    for i in range(n):
        for j in range(i):
            factor[i, j] = (a[i, j] - factor[i, :j] @ factor[j, :j]) / factor[j, j]
        factor[i, i] = np.sqrt(a[i, i] - (factor[i, :i] ** 2).sum())
    return factor


@sa.function
def scaled_rows(a: Any) -> Any:
    """What the inner loop divides by is read before it, and overwritten in it."""
    for i in range(1, len(a)):
        pivot = a[i, 0] + 2.0
        for j in range(i):
            a[i, j] = np.sin(a[i, j] * a[i - 1, :i].sum()) / pivot
    return a


@sa.function
def two_arrays(a: Any) -> Any:
    """Two arrays that an inner loop changes, each reading the other."""
    b = a * 0.5
    for i in range(1, len(a)):
        for j in range(1, i + 1):
            a[i, j] = a[i, j] * b[j, :i].sum() * 0.1
            b[j, i] = np.cos(a[i, :j].sum()) + b[j, i]
        a[i, :i] = a[i, :i] * b[i, i]
    return a + b


@sa.function
def one_loop(a: Any) -> Any:
    for k in range(1, len(a)):
        a[k, :k] = a[k, :k] * (a[:k, :k] @ a[k, :k])
        a[k, k:] -= 0.1 * a[k - 1, k:] ** 2
    return a


@sa.function
def with_branches(a: Any) -> Any:
    """The tape has what the chosen block overwrites."""
    for i in range(len(a)):
        for j in range(len(a)):
            if i == j:
                a[i, i] = np.sqrt(1.0 + (a[i, :i] ** 2).sum())
            elif j < i:
                a[i, j] = np.sin(a[i] @ a[j])
                if a[i, 0] > 0.5:
                    a[j, i] = a[i, 0] * 0.5
    return a


@sa.function
def loops_in_branches(a: Any) -> Any:
    """Loops that read rows and overwrite an element of them, between other changes, and a loop around a branch."""
    n = len(a)
    for i in range(1, n):
        if a[i, 1] > a[i - 1, 0]:
            a[i, 0] *= 0.9
            for j in range(n):
                a[i, j] = np.sin(a[i] @ a[j])
            a[i, i] += a[i, 0] ** 2
        elif i % 2 == 0:
            for j in range(i):
                if j > 0:
                    a[j, i] = 0.5 * np.cos(a[:, j] @ a[i])
        else:
            a[i, 0] = np.sin(a[0, i])
    return a


@sa.function
def loops_of_two_arrays_in_branches(a: Any) -> Any:
    """The loop reads what it and the statements around it change in another array."""
    b = a * 0.5
    for i in range(1, len(a)):
        b[i, 0] = a[i, 0] * b[0, i]
        if i != 2:
            b[i, 1] = np.cos(b[i, 0] * a[i, 1])
            for j in range(1, i + 1):
                a[i, j] = np.sin(a[i] @ b[j] * 0.2)
                b[j, i] = np.cos(a[i] @ b[j] * 0.3)
            b[i, i] *= a[i, i]
        a[i, i] = a[i, i] * b[i, i]
    return a + b


@sa.function
def while_in_a_loop(a: Any) -> Any:
    """What the inner loop can reach is put back: row i of one array, a column of the other."""
    b = a * 0.5
    for i in range(1, len(a)):
        j = i - 1
        while j >= 0:
            a[i, j] = np.sin(a[i, j] * b[j, i] * a[i, i]) + b[j, 0]
            b[j, i] = np.cos(a[i, j]) * b[j, i]
            j -= 1
        b[i, 0] = b[i, 0] * a[i, 0]
    return a + b


@sa.function
def while_that_reaches_all(a: Any) -> Any:
    """An inner loop that changes a fixed element and, before it, elements that can be any: all of the array."""
    for i in range(1, len(a)):
        j = i - 1
        while j >= 0:
            a[j, j] = np.sin(a[j, j] * a[i, 0])
            a[0, 1] = np.cos(a[j, j]) * a[0, 1]
            j -= 1
    return a


@sa.function
def while_that_names_parts(a: Any) -> Any:
    """An inner loop that changes parts of a row, whose number is a size in there alone."""
    n = len(a)
    for i in range(1, n - 1):
        j = i - i
        while j < n - 1:
            a[n - 1 - i, j:] = 0.25 * a[j:, j]
            j += 1
        if i % 2 == 0:
            a[i, 2] = np.cos(a[0, 0])
    return a


IN_BRANCHES: list[Program] = [loops_in_branches, loops_of_two_arrays_in_branches]
PROGRAMS: list[Program] = [cholesky, scaled_rows, two_arrays, one_loop, with_branches, while_in_a_loop, *IN_BRANCHES]


def numpy_of(program: Program) -> Program:
    """The function as it was written, on arrays."""
    written: Program = program.__wrapped__  # type: ignore[attr-defined]
    return lambda a: written(a.copy())


@pytest.mark.parametrize(
    "program", [*PROGRAMS, while_that_reaches_all, while_that_names_parts], ids=lambda f: f.__name__
)
def test_changes_are_undone(program: Program, rng: np.random.Generator) -> None:
    a = sa.placeholder(("n", "n"), name="a")
    b = a @ a.T * 0.2 + sa.eye(a.shape[0])
    weights = sa.cos(sa.arange(100).astype("float64").reshape(10, 10))[: a.shape[0], : a.shape[0]]
    direction = sa.sin(3.0 * a)
    loss = (program(b) * weights).sum()
    (slope,) = sa.gradients(loss, [a])
    (along,) = sa.jvp([loss], [a], [direction])
    (second,) = sa.gradients((slope * sa.stop_gradient(direction)).sum(), [a])
    pushed = sa.jvp([slope], [a], [direction]) if program in (cholesky, while_in_a_loop, loops_in_branches) else []
    session = sa.compile([loss, slope, along, second, *pushed], [a])
    data = rng.uniform(0.2, 1.0, (5, 5))

    def by_hand(x: np.ndarray) -> float:
        made = numpy_of(program)(x @ x.T * 0.2 + np.eye(5))
        return float((made * np.cos(np.arange(100.0).reshape(10, 10))[:5, :5]).sum())

    value, gradient, tangent, curvature, *rates = session(data)
    v, step = np.sin(3.0 * data), 1e-6
    np.testing.assert_allclose(value, by_hand(data), rtol=1e-12)
    np.testing.assert_allclose(tangent, (gradient * v).sum(), rtol=1e-10)
    difference = (by_hand(data + step * v) - by_hand(data - step * v)) / (2 * step)
    np.testing.assert_allclose(tangent, difference, rtol=1e-6)
    slopes = [session(data + sign * step * v)[1] for sign in (1, -1)]
    np.testing.assert_allclose(curvature, (slopes[0] - slopes[1]) / (2 * step), rtol=1e-5, atol=1e-7)
    for rate in rates:
        np.testing.assert_allclose(curvature, rate, rtol=1e-8, atol=1e-10)


def test_no_step_leaves_the_array_on_the_tape() -> None:
    for program in PROGRAMS:
        a = sa.placeholder(("n", "n"), name="a")
        session = sa.compile(sa.gradients(program(a).sum(), [a]), [a])
        small, large = (evaluate(session._plan.arena, {Symbol("n"): n}) for n in (64, 256))
        assert large < 17 * small, program  # as the array, 4 times 4


def test_what_changes_as_a_whole_is_recorded(rng: np.random.Generator) -> None:
    x = sa.placeholder((6,), name="x")
    y = sa.fori_loop(0, 5, lambda i, s: sa.sin(s) * x, x)
    (slope,) = sa.gradients(y.sum(), [x])
    loops = [node for node in sort_nodes([slope]) if node.op.name == "loop"]
    assert [node.attrs["shape"].carries for node in loops if node.attrs["shape"].reverse] == [2]


@pytest.mark.parametrize("checkpoint", ["sqrt", "log"])
def test_second_derivatives_of_changes_between_checkpoints(checkpoint: str) -> None:
    """The backward pass of the inner loop adds to a fixed element and to moving ones."""
    y, v = sa.placeholder(("n",), name="y"), np.linspace(1.0, 2.0, 5)

    def body(y: sa.Tensor) -> sa.Tensor:
        return sa.fori_loop(1, y.shape[0] - 1, lambda i, y: y.at[i - 1].set(sa.cos(y[-1]) * y[i]), y)

    start = (sa.constant(0), y)
    _, last = sa.while_loop(lambda s: s[0] < 2, lambda s: (s[0] + 1, body(s[1])), start, checkpoint=checkpoint)
    slope = (sa.gradients((last**3).sum(), [y])[0] * v).sum()
    session = sa.compile([slope, *sa.gradients(slope, [y]), *sa.jvp([slope], [y], [v])], [y])
    x, step = np.linspace(0.3, 0.9, 5), 1e-6
    _, by_reverse, by_forward = session(x)
    difference = (session(x + step * v)[0] - session(x - step * v)[0]) / (2 * step)
    np.testing.assert_allclose(by_reverse @ v, by_forward, rtol=1e-12)
    np.testing.assert_allclose(by_forward, difference, rtol=1e-7)


def test_a_loop_whose_record_is_on_the_tape_does_not_run_again() -> None:
    """The condition of its branch is all that the inner loop records; it changes another array, too, of which nothing
    is known in the backward pass."""

    @sa.function
    def body(x: Any, a: Any) -> Any:
        for i in range(len(x) - 2, 0, -1):
            x[i] = x[-i] * 0.9
            if i % 2 == 0:
                a[-1] = a[i + 1] * 0.5
        k = sa.constant(1)
        while k < len(x) - 1:
            if k > 2:
                x[k] *= a[0, 0] * np.sin(x[0])
            k += 1
        return x, a

    x, a = sa.placeholder(("n",)), sa.placeholder(("n", "n"))
    start = (sa.constant(0), x, a)
    _, *last = sa.while_loop(lambda s: s[0] < 2, lambda s: (s[0] + 1, *body(*s[1:])), start, checkpoint="sqrt")
    loss = sum((t**2).sum() for t in last)
    data = [np.linspace(0.3, 0.9, 6), np.linspace(0.2, 1.1, 36).reshape(6, 6)]
    along = [np.cos(3 * t) for t in data]
    feeds = {x: data[0], a: data[1]}
    *gradients, tangent = interpret(
        plan_for([*sa.gradients(loss, [x, a]), *sa.jvp([loss], [x, a], along)], inputs=[x, a]), feeds
    )[0]
    by_reverse = sum((g * v).sum() for g, v in zip(gradients, along, strict=True))
    np.testing.assert_allclose(by_reverse, tangent, rtol=1e-12)
