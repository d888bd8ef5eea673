"""Bodies of loops that need loops of their own when they stand in one kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa
from tests.control.running import run


@pytest.mark.parametrize("size", [3, 700])
def test_a_sum_of_float32_in_runs(size: int, rng: np.random.Generator) -> None:
    """Such sums are made in runs of 512 terms, in a loop around the loop over the terms."""
    x = sa.placeholder((None,), "float32", name="x")
    y = sa.fori_loop(0, 3, lambda i, v: sa.tanh(v - v.mean()), x)
    run([y], {x: rng.standard_normal(size, dtype=np.float32)})


@pytest.mark.parametrize("size", [3, 40])
def test_a_transpose_in_tiles(size: int, rng: np.random.Generator) -> None:
    """Two matrices that are read along different axes are read in squares."""
    x = sa.placeholder(("n", "n"), name="x")
    y = sa.fori_loop(0, 2, lambda i, v: sa.fori_loop(0, 2, lambda j, w: sa.tanh(2 * w - w.T), v), x)
    run([y], {x: rng.standard_normal((size, size))})


def test_empty_values_of_several_dtypes(rng: np.random.Generator) -> None:
    x = sa.placeholder((3, 4), name="x")

    def step(state: tuple[sa.Tensor, sa.Tensor], row: sa.Tensor) -> tuple[tuple[sa.Tensor, sa.Tensor], None]:
        numbers, whole = state
        return (numbers[::-1] * row.sum(), whole[::-1] + 1), None

    (numbers, whole), _ = sa.scan(step, (sa.zeros(0), sa.zeros(0, "int32")), x)
    run([numbers, whole], {x: rng.standard_normal((3, 4))})


def test_bodies_that_do_nothing() -> None:
    x = sa.placeholder((3,), name="x")
    same = sa.fori_loop(0, 3, lambda i, s: s, x)
    nested = sa.fori_loop(0, 3, lambda i, s: sa.fori_loop(0, 2, lambda j, r: r, s), x)
    unused, _ = sa.while_loop(lambda s: s[0].sum() < -1, lambda s: s, (x, 2 * x))
    run([same, nested, unused], {x: np.arange(3.0)})


def test_a_state_that_stays_is_not_changed_in_place(rng: np.random.Generator) -> None:
    x, k = sa.placeholder((3,), name="x"), sa.placeholder((3, 2), "int64", name="k")

    def beside(i: sa.Tensor, state: tuple[sa.Tensor, sa.Tensor]) -> tuple[sa.Tensor, sa.Tensor]:
        one, _ = state
        return one, sa.tanh(one.at[i].set(2.0) - 0.1)

    def instead(i: sa.Tensor, state: tuple[sa.Tensor, sa.Tensor]) -> tuple[sa.Tensor, sa.Tensor]:
        _, other = state
        return other.at[0:1].set(i).at[i].min(0), other

    found = [*sa.fori_loop(0, 3, beside, (x, 2 * x)), *sa.fori_loop(0, 3, instead, (k, 2 * k))]
    run(found, {x: rng.standard_normal(3), k: np.arange(6).reshape(3, 2)})


def test_memory_of_a_state_is_not_that_of_the_next_value_of_another(rng: np.random.Generator) -> None:
    """The second derivative of a step in which two arrays change and one goes into a third."""

    @sa.function
    def program(x: Any, y: Any, table: Any) -> Any:
        for j in range(1, len(x) - 1):
            y[1] = x[1]
            x = x * x[j]
            table[-1] = y * x
        return x, y, table

    xs = [sa.placeholder(shape, name=name) for name, shape in (("x", ("n",)), ("y", ("n",)), ("t", ("n", "n")))]
    weights = [sa.cos(2.0 * x) for x in xs]
    results = program(*xs)
    loss = sum((sa.stop_gradient(w) * r * r).sum() for w, r in zip(weights, results, strict=True))
    slopes = sa.gradients(loss, xs, unconnected="zero")
    slope = sum((g * sa.stop_gradient(sa.sin(x))).sum() for g, x in zip(slopes, xs, strict=True))
    outputs = [*slopes, *sa.gradients(slope, xs, unconnected="zero")]
    data = [rng.uniform(0.3, 1.0, shape) for shape in ((5,), (5,), (5, 5))]
    found = sa.compile(outputs, xs)(*data)
    for one, other in zip(found, sa.evaluate(outputs, dict(zip(xs, data, strict=True))), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-14)
