"""Loops whose number of steps is known when they begin: `range` of an integer tensor, `fori_loop` with such bounds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.ir.graph import Tensor
from staticad.lower.kernel.language import Kernel
from staticad.lower.kernel.plan import RECORD, LoopCall
from staticad.ops.control import LOOP, all_nodes
from staticad.reference import evaluate
from tests.lower.interpreter import interpret
from tests.lower.planning import plan_for


@sa.function
def walk(x: Tensor, first: Tensor, stop: Tensor) -> tuple[Tensor, Tensor]:
    s = 0.0
    for i in range(first, stop):
        x[i] = sa.sin(x[i - 1]) * x[i]
        s = s * 0.5 + x[:i].sum()
    for k in reversed(range(stop)):
        s += x[k] * x[k]
    return x, s


def by_hand(x: Tensor, first: Tensor, stop: Tensor) -> tuple[Tensor, Tensor]:
    def step(i: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        x, s = state
        x = x.at[i].set(sa.sin(x[i - 1]) * x[i])
        return x, s * 0.5 + x[:i].sum()

    x, s = sa.fori_loop(first, stop, step, (x, sa.constant(0.0)))
    return x, s + sa.fori_loop(0, stop, lambda k, s: s + x[k] * x[k], sa.constant(0.0))


def numpy(x: np.ndarray, first: int, stop: int) -> tuple[np.ndarray, float]:
    x, s = x.copy(), 0.0
    for i in range(first, stop):
        x[i] = np.sin(x[i - 1]) * x[i]
        s = s * 0.5 + x[:i].sum()
    return x, s + (x[: max(stop, 0)] ** 2).sum()


def test_loops_over_ranges_of_tensors_are_kernels(rng: np.random.Generator) -> None:
    x = sa.placeholder(("n",), name="x")
    first, stop = (sa.placeholder((), "int64", name=name) for name in ("first", "stop"))
    data, along = rng.uniform(0.3, 1.0, 7), rng.normal(size=7)
    outputs: list[Tensor] = []
    for program in (walk, by_hand):
        y, s = program(x, first, stop)
        total = (y * y).sum() * s
        (g,) = sa.gradients(total, [x])
        slope = (g * sa.constant(along)).sum()
        outputs += [y, s, g, slope, *sa.jvp([total, slope], [x], [along]), *sa.gradients(slope, [x])]
    plan = plan_for([*outputs[:6], outputs[6]], inputs=[x, first, stop])
    assert not any(isinstance(step.kernel, LoopCall) for step in plan.steps)
    assert any(b.role == RECORD for b in plan.buffers)
    session = sa.compile(outputs, inputs=[x, first, stop])
    for low, high in ((1, 7), (2, 3), (5, 5), (6, 2), (1, 4), (3, -9), (1, 7)):
        feeds = {x: data, first: np.asarray(low), stop: np.asarray(high)}
        found, expected = session(data, low, high), evaluate(outputs, feeds)
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-13)
        for a, b in zip(found[:2], numpy(data, low, high), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-13)
        np.testing.assert_allclose(found[3], found[4], rtol=1e-10)
        np.testing.assert_allclose(found[5], found[6] @ along, rtol=1e-9)
        for a, b in zip(found[:7], found[7:], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-13)
        for a, b in zip(interpret(plan, feeds)[0], found, strict=False):
            np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-13)
    with pytest.raises(sa.IndexOutOfBounds):
        session(data, 1, 8)
    with pytest.raises(sa.OutOfMemory, match="for all its steps there is no room"):
        session(data, 1, 1 << 60)
    assert len(session(data, 1, 7)) == len(outputs)


def test_ranges_of_constants_are_known_before_the_run() -> None:
    @sa.function
    def doubled(x: Tensor) -> Tensor:
        for i in range(sa.constant(1), sa.constant(5), 2):
            x[i] = x[i] * 2
        return x

    x = sa.placeholder((5,), name="x")
    (step,) = [step for step in plan_for([doubled(x)], inputs=[x]).steps if step.inlined is not None]
    assert step.inlined is not None and step.inlined.count is None and step.inlined.length == 2
    assert isinstance(step.kernel, Kernel) and not step.kernel.status


def test_ranges_of_tensors_in_loops_and_branches(rng: np.random.Generator) -> None:
    """Loops whose bounds are elements of an array, in a loop and in a branch of it; some of them have no steps."""

    def program(a: Any, ends: Any) -> Any:
        n = len(a)
        for i in range(1, n):
            for j in range(ends[i]):
                a[i, j] = np.sin(a[i, j]) * a[i - 1, j]
            if a[i, 0] > 0.4:
                for j in reversed(range(1, np.minimum(ends[i - 1], n))):
                    a[i, j] = a[i, j - 1] * a[i, j]
        return a

    a, ends = sa.placeholder(("n", "n"), name="a"), sa.placeholder(("n",), "int64", name="ends")
    y = sa.function(program)(a, ends)
    loops = [node for node in all_nodes([y]) if node.op is LOOP]
    assert len(loops) == 3 and not any(node.attrs["shape"].conditional for node in loops)
    data, along, counts = rng.uniform(0.3, 1.0, (5, 5)), rng.normal(size=(5, 5)), np.array([3, 5, 0, -2, 4])
    total = (y * y).sum()
    (g,) = sa.gradients(total, [a])
    slope = (g * sa.constant(along)).sum()
    outputs = [y, g, *sa.jvp([total, slope], [a], [along]), *sa.gradients(slope, [a])]
    session = sa.compile(outputs, inputs=[a, ends])
    value, gradient, tangent, rate, second = session(data, counts)
    np.testing.assert_allclose(value, program(data.copy(), counts), rtol=1e-13)
    moved = [(program(data + h * along, counts) ** 2).sum() for h in (1e-6, -1e-6)]
    np.testing.assert_allclose(tangent, (moved[0] - moved[1]) / 2e-6, rtol=1e-7)
    np.testing.assert_allclose([(gradient * along).sum(), (second * along).sum()], [tangent, rate], rtol=1e-10)
    found = interpret(plan_for(outputs, inputs=[a, ends]), {a: data, ends: counts})[0]
    for one, other in zip(found, (value, gradient, tangent, rate, second), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-13)
    with pytest.raises(sa.IndexOutOfBounds):
        session(data, np.full(5, 6))
