"""Loops that change an array, in all modes of derivatives: a step costs what it changes, whatever says what it does.

Work is counted in plans, with n and with 4 n: of the value, its gradient, its tangent, and the gradient and the tangent
of that gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.ir.graph import Tensor
from tests.lower.interpreter import Run
from tests.lower.planning import plan_for
from tests.lower.work import work

Build = Callable[..., Any]


def backwards(x: Any, n: Any) -> Any:
    for i in range(n - 2, 0, -1):
        x[i] = x[i + 1] * x[i]
    return x


def parts_backwards(x: Any, n: Any) -> Any:
    for i in range(n - 3, 1, -3):
        x[i : i + 2] = x[i + 1 : i - 1 : -1] * x[i]
    return x


def switched(x: Any, n: Any) -> Any:
    ways: list[Build] = [
        lambda i, y: y.at[i].multiply(y[i - 1]),
        lambda i, y: y.at[i].set(sa.sin(y[i])),
        lambda i, y: y,
    ]
    return sa.fori_loop(1, n, lambda i, y: sa.switch(i % 3, ways, i, y), x)


def closures(x: Any, n: Any) -> Any:
    weights = x * 2.0

    def changed(y: Any, i: Any) -> Any:
        y[i] = y[i - 1] * weights[i] * y[i]
        return y

    for i in range(1, n):
        x = changed(x, i)
    return x


def tuples_of_arrays(x: Any, n: Any) -> Any:
    def step(i: Any, state: Any) -> Any:
        (a, b), s = state["arrays"], state["sum"]
        s = s * 0.5 + a[i] * b[i - 1]
        return {"arrays": (a.at[i].set(s), b.at[i].multiply(a[i - 1])), "sum": s}

    last = sa.fori_loop(1, n, step, {"arrays": (x, x * 0.5), "sum": sa.constant(0.0)})
    return last["arrays"][0] * last["arrays"][1]


def added(x: Any, n: Any) -> Any:
    return sa.fori_loop(1, n, lambda i, y: y.at[i].add(y[i - 1] * y[i]), x)


def multiplied(x: Any, n: Any) -> Any:
    return sa.fori_loop(1, n, lambda i, y: y.at[i].multiply(y[i - 1]), x)


def extremes(x: Any, n: Any) -> Any:
    y = sa.fori_loop(1, n, lambda i, y: y.at[i].max(y[i - 1] * 0.5), x)
    return sa.fori_loop(1, n, lambda i, y: y.at[i].min(sa.sin(y[i - 1])), y)


def indexed(x: Any, n: Any) -> Any:
    few, twice = np.arange(3), np.array([0, 2, 0])
    for i in range(2, n - 3):
        x[i + few] = x[i - few] * x[i]
        x = x.at[i + twice].add(x[i - twice] * x[i])
    return x


def masked_rows(a: Any, n: Any) -> Any:
    places = sa.arange(n)
    for i in range(1, n):
        a[i] = sa.where(places > i, a[i] * a[i - 1], a[i])
    return a


def scanned(x: Any, n: Any) -> Any:
    def step(state: Any, v: Any) -> Any:
        i, y = state
        return (i + 1, y.at[i].set(y[i] * v + y[i - 1])), y[i] * v

    (_, y), out = sa.scan(step, (sa.constant(0), x), x * 0.5)
    return y + out


def in_a_scan(a: Any, n: Any) -> Any:
    def step(y: Any, row: Any) -> Any:
        for i in range(1, n):
            y[i] = y[i - 1] * row[i]
        return y, y[0] * row

    y, out = sa.scan(sa.function(step), a[0], a)
    return out + y


def while_loop(x: Any, n: Any) -> Any:
    i = sa.constant(1)
    while i < n:
        x[i] *= x[i - 1]
        i += 1
    return x


def branches(x: Any, n: Any) -> Any:
    for i in range(1, n):
        if x[i] > 0.5:
            x[i] *= x[i - 1]
        elif x[i] > 0.2:
            x[i], x[i - 1] = x[i - 1], x[i]
        else:
            x[0] += sa.sin(x[i])
    return x


def counted(x: Any, n: Any) -> Any:
    for i in range((x[0] * 0.0).astype("int64") + n):
        x[i] = x[i - 1] * x[i]
    return x


SQUARE = (masked_rows, in_a_scan)
FORMS = (
    backwards, parts_backwards, switched, closures, tuples_of_arrays, added, multiplied, extremes, indexed, masked_rows,
    scanned, in_a_scan, while_loop, branches, counted,
)  # fmt: skip


def derivatives(y: Tensor, x: Tensor) -> list[Tensor]:
    (gradient,) = sa.gradients((y * y).sum(), [x])
    (second,) = sa.gradients((gradient * gradient).sum(), [x])
    return [y, gradient, second, *sa.jvp([y, gradient], [x], [x])]


@pytest.mark.parametrize("function", FORMS, ids=lambda f: f.__name__)
def test_every_derivative_costs_the_updates(function: Build) -> None:
    x = sa.placeholder(("n", "n") if function in SQUARE else ("n",))
    y = sa.function(function)(x, x.shape[0])
    most = 16 if function in SQUARE else 4
    for number, tensor in enumerate(derivatives(y, x)):
        plan = plan_for(tensor, inputs=[x])
        assert work(plan, 400) < 1.1 * most * work(plan, 100), number


@pytest.mark.parametrize("function", [switched, while_loop])
def test_updates_of_variables(function: Build) -> None:
    """An array of a session that a loop changes, and a step along its gradient."""
    works: dict[int, list[int]] = {}
    for n in (100, 400):
        v = sa.variable(np.zeros(n))
        y = sa.function(function)(v, n)
        (gradient,) = sa.gradients((y * y).sum(), [v])
        plans = [plan_for([], updates={v: following}, inputs=[]) for following in (y, v - 0.1 * gradient)]
        works[n] = [work(plan, n) for plan in plans]
    assert all(large < 1.1 * 4 * small for small, large in zip(works[100], works[400], strict=True))


def test_checkpoints() -> None:
    """Counted in runs: the state is copied at the start of each of √n segments, and a step costs what it changes."""
    x = sa.placeholder(("n",))

    def step(state: Any) -> Any:
        i, y = state
        return i + 1, y.at[i].multiply(y[i - 1])

    n = x.shape[0]
    _, y = sa.while_loop(lambda s: s[0] < n, step, (sa.constant(1), x), checkpoint="sqrt")
    plan = plan_for(sa.gradients((y * y).sum(), [x]), inputs=[x])
    stores = []
    for size in (16, 64):
        run = Run.on_arrays(plan, [np.full(size, 0.9)], [])
        run.run()
        stores.append(run.stores)
    assert stores[1] < 1.1 * 8 * stores[0]
