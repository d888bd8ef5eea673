"""NaN and infinity survive reductions of expressions that would cancel if they were finite: the order of the terms of
a sum is free, but no term is looked into."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import staticad as sa

Form = Callable[[sa.Tensor, sa.Tensor], sa.Tensor]

FORMS: tuple[Form, ...] = (
    lambda x, y: x - x,
    lambda x, y: (x + y) - x,
    lambda x, y: y - (x + y),
    lambda x, y: x / x,
    lambda x, y: x * 0.0,
    lambda x, y: -x + x,
    lambda x, y: 2.0 * x - x - x,
    lambda x, y: sa.sin(x) - sa.sin(x),
    lambda x, y: x * y - x * y,
    lambda x, y: (x - y) * (1.0 / (x - y)),
    lambda x, y: sa.where(x > y, x, y) - sa.maximum(x, y),
)


def trees(rng: np.random.Generator, x: sa.Tensor, y: sa.Tensor, count: int) -> list[sa.Tensor]:
    """Every form of x and y, and forms of other expressions of them."""
    found = [form(x, y) for form in FORMS]
    simple = [x, y, x + y, x * y, -x, x - y, 0.5 * y, *found]
    for _ in range(count):
        a, b = (simple[int(k)] for k in rng.integers(0, len(simple), 2))
        found.append(FORMS[int(rng.integers(0, len(FORMS)))](a, b) + (y if rng.random() < 0.5 else 0.0))
    return found


def reduced(e: sa.Tensor, y: sa.Tensor) -> list[sa.Tensor]:
    """An expression of vectors, reduced to numbers in several ways."""
    columns = sa.reshape(e, (e.shape[0] // 3, 3)).sum(axis=0)
    return [e.sum(), e.mean(), sa.prod(e), e.max(), e.min(), sa.dot(e, y), sa.einsum("i,i->", e, e), columns]


def feeds(rng: np.random.Generator, dtype: str, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Pairs of vectors, most of them with a few elements that are not finite."""
    found = []
    for _ in range(count):
        pair = [(rng.uniform(0.5, 1.5, 39) * rng.choice([-1, 1], 39)).astype(dtype) for _ in range(2)]
        for values in pair:
            places = rng.integers(0, 39, int(rng.integers(0, 3)))
            values[places] = rng.choice([np.nan, np.inf, -np.inf], places.size)
        found.append((pair[0], pair[1]))
    return found


def assert_same_class(found: list[np.ndarray], wanted: list[np.ndarray]) -> None:
    for number, (f, w) in enumerate(zip(found, wanted, strict=True)):
        same = (np.isnan(f) == np.isnan(w)) & (np.isposinf(f) == np.isposinf(w)) & (np.isneginf(f) == np.isneginf(w))
        assert same.all(), (number, f, w)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_reductions_hide_nothing(dtype: str, rng: np.random.Generator) -> None:
    x, y = sa.placeholder((None,), dtype), sa.placeholder((None,), dtype)
    results = [r for e in trees(rng, x, y, 4) for r in reduced(e, y)]
    session = sa.compile(results, [x, y])
    for values in feeds(rng, dtype, 12):
        assert_same_class(session(*values), sa.evaluate(results, dict(zip((x, y), values, strict=True))))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_loops_hide_nothing(dtype: str, rng: np.random.Generator) -> None:
    """Both where a body becomes part of one kernel and where its kernels are called."""
    x, y = sa.placeholder((None,), dtype), sa.placeholder((None,), dtype)
    results: list[sa.Tensor] = []
    for group in (FORMS[:3], FORMS[3:7], FORMS[7:]):

        def step(i: sa.Tensor, state: list[sa.Tensor], group: tuple[Form, ...] = group) -> list[sa.Tensor]:
            return [s * 0.5 + form(x * (1.0 + 0.0 * s), y).sum() for s, form in zip(state, group, strict=True)]

        state = [sa.zeros((), dtype) for _ in group]
        results += sa.fori_loop(0, 3, step, state)
    total, means = sa.scan(lambda s, v: (s + (v - v), ((x - x) * v).mean() + (x + v - x).sum()), x.sum() * 0.0, y)
    results += [total, means]
    session = sa.compile(results, [x, y])
    for values in feeds(rng, dtype, 12):
        assert_same_class(session(*values), sa.evaluate(results, dict(zip((x, y), values, strict=True))))
