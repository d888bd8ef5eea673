"""Gradients of loops around loops of run-time length that can change any place of an array: both become one loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.autodiff import loops
from staticad.autodiff.flattening import Flat, flattened
from staticad.autodiff.loop_parts import LoopParts
from staticad.ops.control import check_scopes
from tests.lower.interpreter import Run, interpret
from tests.lower.planning import plan_for

Program = Callable[..., Any]


def insertion_sort(x: Any, n: Any, whole: Any) -> Any:
    for i in range(1, n):
        j = whole(i)
        while j > 0 and x[j - 1] > x[j]:
            t = x[j]
            x[j] = x[j - 1]
            x[j - 1] = t
            j -= 1
    return x


def with_numbers(x: Any, n: Any, whole: Any) -> Any:
    """Numbers and another array live through the inner loop, which runs until a value is small."""
    s, y = 0.5, x * 0.3
    for i in range(1, n - 1):
        y[i] = y[i - 1] * 0.5 + x[i]
        pivot, j = np.cos(y[i]) * s, whole(i)
        while (j > 0) & (x[j] + pivot > 0.4 * y[i]):
            x[j] = x[j] * pivot * 0.9 + 0.1 * np.sin(y[i - 1] * x[j - 1])
            s = s * 0.9 + 0.1 * x[j]
            j -= 1
        y[i + 1] = y[i + 1] * pivot + x[i] * s
        x[j] += 0.1 * y[i + 1]
    return x + y * s


def numbers_of_a_run(x: Any, n: Any, whole: Any) -> Any:
    """How many steps the inner loop has is a tensor, often none."""
    for i in range(n - 1, 0, -1):
        k = whole(i) % 3
        for j in range(k):
            x[i - j] = x[i - j] * np.sin(x[j]) + x[i - 1]
        x[0] += x[i]
    return x


def with_branches_and_parts(x: Any, n: Any, whole: Any) -> Any:
    """The inner loop changes the array in branches, and parts of a fixed size."""
    for i in range(1, n):
        j = whole(0)
        while j < i:
            if x[j] > x[i]:
                x[j + np.arange(2)] *= 0.5 * x[i]
            elif j > 2:
                x[j] = np.cos(x[i - j])
            j += 2
    return x


def with_a_captured_array(x: Any, n: Any, whole: Any) -> Any:
    """Nothing that the inner loop reads is older than an array that it does not change."""
    w = np.sin(x)
    for i in range(1, n):
        j = whole(i)
        while (j > 0) & (w[j] > 0.3):
            x[j] = x[j] * w[j - 1] + 0.2 * x[j - 1]
            j -= 1
    return x


def from_a_counter_on(x: Any, n: Any, whole: Any) -> Any:
    """The length of the flat loop is local to the loop around it, of whose counter the innermost loop knows nothing."""
    y = x * 0.5
    for i in range(n - 2):
        for j in range(i, n):
            for k in range(whole(j) % 3):
                x[k] *= np.sin(y[i])
                x[j] += 0.1 * np.sin(y[i])
    return x


PROGRAMS: list[Program] = [
    insertion_sort, with_numbers, numbers_of_a_run, with_branches_and_parts, with_a_captured_array, from_a_counter_on
]  # fmt: skip


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Flat]:
    """The flat loops that derivatives make."""
    found: list[Flat] = []

    def kept(parts: LoopParts) -> Flat | None:
        flat = flattened(parts)
        found.extend([flat] if flat is not None else [])
        return flat

    monkeypatch.setattr(loops, "flattened", kept)
    return found


def check(loss: Callable[[sa.Tensor], sa.Tensor], n: int, value: Callable[[np.ndarray], float] | None = None) -> None:
    """Gradients, tangents, and derivatives of gradients agree with each other and with differences."""
    x = sa.placeholder(("n",), name="x")
    rng = np.random.default_rng(0)
    data, v = rng.uniform(0.3, 1.0, n), rng.normal(size=n)
    y, along = loss(x), sa.constant(v)
    (slope,) = sa.gradients(y, [x])
    rate = (slope * sa.constant(v)).sum()
    outputs = [y, slope, *sa.jvp([y], [x], [along]), *sa.gradients(rate, [x], unconnected="zero")]
    session = sa.compile([*outputs, *sa.jvp([rate], [x], [along])], [x])
    found, gradient, tangent, second, pushed = session(data)
    if value is not None:
        np.testing.assert_allclose(found, value(data), rtol=1e-12)
    np.testing.assert_allclose(gradient @ v, tangent, rtol=1e-10)
    np.testing.assert_allclose(second @ v, pushed, rtol=1e-9, atol=1e-12)
    up, down = session(data + 1e-6 * v), session(data - 1e-6 * v)
    np.testing.assert_allclose(tangent, (up[0] - down[0]) / 2e-6, rtol=1e-6)
    np.testing.assert_allclose(pushed, (up[1] - down[1]) @ v / 2e-6, rtol=1e-5, atol=1e-7)


def graph_of(program: Program, x: sa.Tensor) -> sa.Tensor:
    return sa.function(program)(x, x.shape[0], lambda i: sa.constant(0) + i)


def weighted(y: Any) -> Any:
    return (np.cos(3.0 * np.arange(40))[: y.shape[0]] * y * y).sum()


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_derivatives(program: Program, made: list[Flat]) -> None:
    weights = sa.constant(np.cos(3.0 * np.arange(40)))
    check(
        lambda x: (weights[: x.shape[0]] * graph_of(program, x) ** 2).sum(),
        7,
        lambda data: float(weighted(program(data.copy(), len(data), int))),
    )
    assert made


def test_a_sequence_of_a_local_length(made: list[Flat]) -> None:
    """Rows that only a step of the outermost loop has: there is no flat loop."""

    def program(x: Any, n: Any, whole: Any) -> Any:
        y = x * 0.5
        for i in range(n):
            for v in y[i:]:
                for k in range(whole(i) % 3):
                    x[k] *= np.sin(v)
        return x

    x = sa.placeholder(("n",))
    y = graph_of(program, x)
    v, data = np.linspace(-1.0, 1.0, 5), np.linspace(0.3, 1.0, 5)
    slopes = [*sa.gradients((y * y).sum(), [x]), *sa.jvp([(y * y).sum()], [x], [v])]
    check_scopes(slopes)
    gradient, tangent = interpret(plan_for(slopes, inputs=[x]), {x: data})[0]
    moved = program(data + 1e-30j * v, 5, int)
    np.testing.assert_allclose([gradient @ v, tangent], (moved * moved).sum().imag / 1e-30, rtol=1e-12)
    assert not made


@pytest.mark.parametrize("reverse", [False, True])
def test_results_and_sequences(reverse: bool, made: list[Flat]) -> None:
    """A scan over sequences, one of which are the rows that a step reads, with results of every step."""

    def step(state: Any, given: Any) -> Any:
        x, s = state
        a, b = given

        def again(now: Any) -> Any:
            return (now[0] > 0) & (now[1][now[0]] < 2.0 * b[0])

        def inner(now: Any) -> Any:
            return now[0] - 1, now[1].at[now[0]].set(sa.sin(now[1][now[0] - 1] * a) + b[1])

        j, x = sa.while_loop(again, inner, ((a * 5.0).astype("int64"), x))
        return (x, s + x[j] * a), (x[j] * s, sa.stack([x[0], a]))

    def loss(x: sa.Tensor) -> sa.Tensor:
        rows = sa.stack([x, x * x], axis=1)
        (last, s), (ys, pairs) = sa.scan(step, (x * 0.5, sa.constant(0.2)), (sa.sin(x), rows), reverse=reverse)
        return (last**2).sum() + s * (ys * x).sum() + (pairs**2).sum()

    check(loss, 6)
    assert made


@pytest.mark.parametrize("around", ["scan", "while", "sqrt", "log"])
def test_inside_of_other_loops(around: str, made: list[Flat]) -> None:
    def step(x: sa.Tensor) -> sa.Tensor:
        return sa.sin(graph_of(numbers_of_a_run, x)) + 0.1

    def advance(state: Any) -> Any:
        return state[0] + 1, step(state[1])

    def loss(x: sa.Tensor) -> sa.Tensor:
        if around == "scan":
            return (sa.fori_loop(0, 2, lambda i, s: step(s), x) ** 2).sum()
        checkpoint = None if around == "while" else around
        start = (sa.constant(0), x)
        return (sa.while_loop(lambda s: s[0] < 2, advance, start, checkpoint=checkpoint)[1] ** 2).sum()

    check(loss, 6)
    assert made


@pytest.mark.parametrize("program", [insertion_sort, numbers_of_a_run], ids=lambda f: f.__name__)
def test_a_run_costs_its_updates(program: Program) -> None:
    """The elements that kernels write grow as the steps of the inner loop do: here they are few."""
    x = sa.placeholder(("n",))
    (slope,) = sa.gradients((graph_of(program, x) ** 2).sum(), [x])
    plan, stores = plan_for(slope), []
    for n in (20, 40, 80):
        data = np.arange(n) + 0.5 * np.cos(np.arange(n)) + (np.arange(n) % 5 == 0)
        run = Run.on_arrays(plan, [data], [])
        run.run()
        stores.append(run.stores)
    assert stores[1] < 2.2 * stores[0] and stores[2] < 2.2 * stores[1]
