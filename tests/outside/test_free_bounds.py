"""Bounds that are free sizes, of every sign and in any relation: NumPy's meaning or a FeedError, and no foreign memory.

Random programs of slices, updated copies and their derivatives, and of other ops whose attributes hold sizes, compared
with NumPy; and their plans in Python, where every access to memory is checked.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import FeedError, IndexOutOfBounds
from staticad.ir import dims
from staticad.reference import evaluate
from tests.lower.interpreter import interpret
from tests.lower.planning import plan_for

N, M = dims.symbol("n"), dims.symbol("m")
X, Y = sa.placeholder(("n",), name="x"), sa.placeholder(("m",), name="y")

# Bounds as functions of both sizes, for Python's integers and for symbolic ones alike.
BOUNDS: tuple[Callable[[Any, Any], Any], ...] = (
    lambda n, m: None, lambda n, m: None, lambda n, m: 1, lambda n, m: -1, lambda n, m: 3, lambda n, m: -2,
    lambda n, m: m, lambda n, m: -m, lambda n, m: n - m, lambda n, m: m - n, lambda n, m: n, lambda n, m: -n,
    lambda n, m: n + 3, lambda n, m: n - 1, lambda n, m: n - 3, lambda n, m: m // 2, lambda n, m: -(m // 2),
    lambda n, m: n // 2, lambda n, m: m + 1, lambda n, m: -m - 1, lambda n, m: 2 * m - n, lambda n, m: n - n // 2,
    lambda n, m: m * n, lambda n, m: 2 - m, lambda n, m: -m * n,
)  # fmt: skip
STEPS = (None, 1, 2, 3, -1, -2, -3)
SIZES = list(itertools.product((0, 1, 2, 3, 5), (0, 1, 2, 4, 7)))


def random_key(rng: np.random.Generator) -> Callable[[Any, Any], slice]:
    start, stop = (BOUNDS[int(rng.integers(len(BOUNDS)))] for _ in range(2))
    step = STEPS[int(rng.integers(len(STEPS)))]
    return lambda n, m: slice(start(n, m), stop(n, m), step)


def arrays(n: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(1.0, n + 1), -np.arange(1.0, m + 1)


@pytest.mark.parametrize("seed", range(4))
def test_reads_updates_and_derivatives_are_those_of_numpy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    keys = [random_key(rng) for _ in range(6)]
    fetches = []
    for key in keys:
        k = key(N, M)
        (gradient,) = sa.gradients((X[k] ** 2).sum(), [X])
        (second,) = sa.gradients((gradient * X.at[k].multiply(X[k])).sum(), [X])
        (tangent,) = sa.jvp(X[k] * 2.0, X, X)
        updated = sa.gradients((X.at[k].set(X[k] * 5.0) ** 2).sum(), [X])[0]
        fetches += [X[k], X.at[k].add(10.0), X.at[k].set(0.5), gradient, second, tangent, updated]
    session, plan = sa.compile(fetches, [X, Y]), plan_for(fetches, inputs=[X, Y])
    for n, m in SIZES:
        x, y = arrays(n, m)
        expected = []
        for key in keys:
            k = key(n, m)
            inside = np.zeros(n)
            inside[k] = 1
            expected += [
                x[k], x + 10 * inside, np.where(inside, 0.5, x), 2 * x * inside, 6 * x**2 * inside, 2 * x[k],
                np.where(inside, 50 * x, 2 * x),
            ]  # fmt: skip
        for results in (session(x, y), evaluate(fetches, {X: x, Y: y}), interpret(plan, {X: x, Y: y})[0]):
            for number, (found, wanted) in enumerate(zip(results, expected, strict=True)):
                message = f"fetch {number % 7} of {keys[number // 7](n, m)}, n = {n}, m = {m}"
                np.testing.assert_array_equal(found, wanted, err_msg=message)


@pytest.mark.parametrize("seed", range(3))
def test_in_loops_and_branches(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    keys = [random_key(rng) for _ in range(3)]
    total = sa.constant(0.0)
    for key in keys:
        k = key(N, M)
        total = total + sa.fori_loop(0, 3, lambda i, s, k=k: s * 0.5 + (s[k] * (i + 1)).sum(), X).sum()
        total = total + sa.scan(lambda s, v, k=k: (s.at[k].add(v), (s[k] * v).sum()), X, Y)[1].sum()
        total = total + sa.cond(sa.asarray(N) > 2, lambda k=k: X[k].sum(), lambda k=k: (X.at[k].set(3.0) ** 2).sum())
    fetches = [total, *sa.gradients(total, [X, Y])]
    session = sa.compile(fetches, [X, Y])
    for n, m in SIZES[::2]:
        x, y = arrays(n, m)
        expected = 0.0
        for key in keys:
            k, s = key(n, m), x.copy()
            for i in range(3):
                s = s * 0.5 + (s[k] * (i + 1)).sum()
            expected, s = expected + s.sum(), x.copy()
            for v in y:
                expected += (s[k] * v).sum()
                s[k] += v
            s = x.copy()
            s[k] = 3.0
            expected += x[k].sum() if n > 2 else (s**2).sum()
        results, reference = session(x, y), evaluate(fetches, {X: x, Y: y})
        np.testing.assert_allclose(results[0], expected, rtol=1e-12)
        for found, wanted in zip(results, reference, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_sizes_as_indices() -> None:
    for index in BOUNDS[6:]:
        if index(N, M) in (N, N + 3):  # known to lie outside
            continue
        fetches = [X[index(N, M)], X.at[index(N, M)].set(7.0)]
        session = sa.compile(fetches, [X, Y])
        for n, m in SIZES:
            x, y = arrays(n, m)
            if -n <= index(n, m) < n:
                wanted = x.copy()
                wanted[index(n, m)] = 7.0
                for found in (session(x, y), evaluate(fetches, {X: x, Y: y})):
                    assert found[0] == x[index(n, m)]
                    np.testing.assert_array_equal(found[1], wanted)
            else:
                for run in (session.run, partial(evaluate, fetches)):
                    with pytest.raises(FeedError, match=rf"slice: .*n = {n}.*test_free_bounds.py"):
                        run({X: x, Y: y})


# Ops whose attributes hold sizes; what NumPy refuses is a FeedError.
PROGRAMS: dict[str, tuple[Callable[[Any, Any, Any, Any], Any], Callable[[Any, Any, int, int], Any]]] = {
    "pad": (lambda x, y, n, m: sa.pad(x, ((m, 2),)), lambda x, y, n, m: np.pad(x, ((m, 2),))),
    "pad by a difference": (lambda x, y, n, m: sa.pad(x, ((n - m, 1),)), lambda x, y, n, m: np.pad(x, ((n - m, 1),))),
    "broadcast": (lambda x, y, n, m: sa.broadcast_to(x, (m, n)), lambda x, y, n, m: np.broadcast_to(x, (m, n))),
    "broadcast to another": (lambda x, y, n, m: sa.broadcast_to(x, (2, m)), lambda x, y, n, m: same(x, m, (2, m))),
    "reshape": (lambda x, y, n, m: x.reshape((m, -1)), lambda x, y, n, m: x.reshape((m, -1))),
    "reshape to sizes": (lambda x, y, n, m: x.reshape((m, 2)), lambda x, y, n, m: x.reshape((m, 2))),
    "reshape to a difference": (lambda x, y, n, m: y.reshape((n - 3, n - 3)), lambda x, y, n, m: square(y, n - 3)),
    "roll": (lambda x, y, n, m: sa.roll(x, -3) + sa.roll(x, 2), lambda x, y, n, m: np.roll(x, -3) + np.roll(x, 2)),
    "tile": (lambda x, y, n, m: sa.tile(x, 3), lambda x, y, n, m: np.tile(x, 3)),
    "repeat": (lambda x, y, n, m: sa.repeat(x, 2), lambda x, y, n, m: np.repeat(x, 2)),
    "diagonal": (
        lambda x, y, n, m: sa.diagonal(sa.outer(x, y), 2) + sa.diagonal(sa.outer(x, y), -1).sum(),
        lambda x, y, n, m: np.diagonal(np.outer(x, y), 2) + np.diagonal(np.outer(x, y), -1).sum(),
    ),
    "concatenate": (
        lambda x, y, n, m: sa.concatenate([y, x[m:], x])[m:],
        lambda x, y, n, m: np.concatenate([x[m:], x]),
    ),
    "split": (lambda x, y, n, m: sa.split(x, [m])[1], lambda x, y, n, m: np.split(x, [m])[1]),
    "arange": (lambda x, y, n, m: sa.arange(m, n) * x.sum(), lambda x, y, n, m: np.arange(m, n) * x.sum()),
    "backward arange": (lambda x, y, n, m: sa.arange(n, m - 2, -2) * 1.0, lambda x, y, n, m: np.arange(n, m - 2, -2)),
    "zeros": (lambda x, y, n, m: sa.zeros(n - m) + 1.0, lambda x, y, n, m: np.ones(n - m)),
    "take along an axis": (
        lambda x, y, n, m: sa.take_along_axis(x.reshape(1, n), sa.zeros((1, m), "int64"), 1),
        lambda x, y, n, m: np.take_along_axis(x.reshape(1, n), np.zeros((1, m), int), 1),
    ),
    "take along another axis": (
        lambda x, y, n, m: sa.take_along_axis(sa.outer(x, x), sa.zeros((m, 2), "int64"), 1),
        lambda x, y, n, m: same(np.take_along_axis(np.outer(x, x), np.zeros((n, 2), int), 1), m),
    ),
    "two axes": (lambda x, y, n, m: sa.outer(x, y)[-m:, n - m :], lambda x, y, n, m: np.outer(x, y)[-m:, n - m :]),
    "slices of slices": (lambda x, y, n, m: x[-m:][::-1][n - m :], lambda x, y, n, m: x[-m:][::-1][n - m :]),
    "sum of slices": (lambda x, y, n, m: x[m:] * x[: n - m], lambda x, y, n, m: fit(x[m:], x[: n - m])),
    "part of a part": (lambda x, y, n, m: x.at[m:].set(x[: n - m]), lambda x, y, n, m: moved(x, n, m)),
}


def same(x: np.ndarray, size: int, shape: Any = None) -> np.ndarray:
    if len(x) != size:
        raise ValueError("free sizes do not stretch")
    return x if shape is None else np.broadcast_to(x, shape)


def square(y: np.ndarray, size: int) -> np.ndarray:
    if size < 0:
        raise ValueError("no size")
    return y.reshape((size, size))


def fit(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return same(a, len(b)) * b


def moved(x: np.ndarray, n: int, m: int) -> np.ndarray:
    result = x.copy()
    result[m:] = same(x[: n - m], len(x[m:]))
    return result


@pytest.mark.parametrize("name", PROGRAMS)
def test_ops_with_sizes_as_attributes(name: str) -> None:
    program, numpy = PROGRAMS[name]
    value = program(X, Y, N, M)
    fetches = [value, *sa.gradients((value * value).sum(), [X, Y], unconnected="zero")]
    fetches += sa.jvp(value, [X, Y], [X, Y])
    session, plan = sa.compile(fetches, [X, Y]), plan_for(fetches, inputs=[X, Y])
    answered = 0
    for n, m in SIZES:
        x, y = arrays(n, m)
        try:
            expected = numpy(x, y, n, m)
        except (ValueError, IndexError):
            for run in (session.run, partial(evaluate, fetches)):
                with pytest.raises((FeedError, IndexOutOfBounds), match="test_free_bounds.py"):
                    run({X: x, Y: y})
            continue
        answered += 1
        results, reference = session(x, y), evaluate(fetches, {X: x, Y: y})
        np.testing.assert_array_equal(results[0], expected, err_msg=f"n = {n}, m = {m}")
        for others in (reference, interpret(plan, {X: x, Y: y})[0]):
            for found, wanted in zip(results, others, strict=True):
                np.testing.assert_allclose(found, wanted, rtol=1e-12, err_msg=f"n = {n}, m = {m}")
    assert answered > 1
