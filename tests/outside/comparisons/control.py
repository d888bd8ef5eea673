"""Branches and loops, derivatives as functions, and samples whose numbers are JAX's, with derivatives by parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

import staticad as sa
from tests.outside.comparisons.table import Case, Table, uniform

X, V, UNIT = uniform(0.5, 1.5, 3, 4), uniform(0.5, 1.5, 3, 4), uniform(0.2, 0.8, 3)
SAMPLES, COVARIANCE = (5, 3), X @ X.T + np.eye(3)


def cubes(m: Any, x: Any) -> Any:
    return (m.sin(x) * x * x).sum()


def derived(m: Any, x: Any, v: Any) -> list[Any]:
    y = cubes(m, x)
    return [sa.gradients(y, x), sa.hessian(y, x), sa.hvp(y, [x], [v]), sa.jacobian(m.cos(x) * v, x),
            sa.jvp(m.cos(x) * v, [x], [v])]  # fmt: skip


def as_jax_derives(m: Any, x: Any, v: Any) -> list[Any]:
    import jax

    slope = jax.grad(lambda x: cubes(m, x))
    return [slope(x), jax.hessian(lambda x: cubes(m, x))(x), jax.jvp(slope, (x,), (v,))[1],
            jax.jacobian(lambda x: m.cos(x) * v)(x), jax.jvp(lambda x: m.cos(x) * v, (x,), (v,))[1]]  # fmt: skip


def sampled(name: str, *parameters: np.ndarray, orders: int = 2, shape: tuple[int, ...] = SAMPLES) -> Case:
    return Case(
        lambda m, *xs: [getattr(m.random, name)(m.random.key(3), *xs, shape=shape), getattr(m.random, name)(
            m.random.key(4), *(x[:1] for x in xs), shape=(0, *shape[1:]))], parameters, "f", orders,
    )  # fmt: skip


TABLE: Table = {
    "cond, switch": Case(
        lambda m, x, v: [
            m.cond(True, m.sin, m.cos, x),
            m.cond(False, lambda x, v: (x, v), lambda x, v: (v * x, m.exp(x)), x, v),
            m.switch(1, [m.sin, m.cos, m.exp], x),
            m.switch(7, [m.sin, m.cos], v),
        ],
        (X, V),
        "fc",
    ),
    "scan": Case(
        lambda m, x, v: [
            m.scan(lambda s, x: (s * x + m.sin(s), s * s), v[0], x),
            m.scan(lambda s, x: (s + x, x * s), v[0], x, reverse=True),
            m.scan(lambda s, _: (s * s, s), v[0], None, length=3),
            m.scan(lambda s, x: (s + x, x * s), v[0], x[:0]),
        ],
        (X, V),
        "fc",
    ),
    "fori_loop": Case(
        lambda m, x: [m.fori_loop(0, 3, lambda i, s: s * x + 1, x), m.fori_loop(2, 2, lambda i, s: s * x, x)],
        (X,),
        "fc",
    ),
    "while_loop": Case(
        lambda m, x: m.while_loop(lambda s: s[1] < 3, lambda s: (s[0] * s[0], s[1] + 1), (x, 0)),
        (X,),
        "fc",
        orders=0,
        why="JAX has no gradients of it",
    ),
    "gradients, hessian, hvp, jacobian, jvp": Case(derived, (X[0], V[0]), theirs=as_jax_derives, orders=1),
    "complex": Case(lambda m, x, v: [m.complex(x, v), m.complex(x[0, 0], v[1, 1]), m.complex(x[:0], v[:0])], (X, V)),
    **{
        f"random.{name}": Case(
            lambda m, x, name=name: getattr(m.random, name)(m.random.key(3), SAMPLES), (X,), orders=0
        )
        for name in ("cauchy", "logistic", "maxwell", "gumbel", "laplace")
    },
    "random.triangular": sampled("triangular", UNIT, UNIT + 1, UNIT + 2.5),
    **{f"random.{name}": sampled(name, UNIT) for name in ("lognormal", "pareto", "rayleigh")},
    "random.geometric": Case(lambda m, x: m.random.geometric(m.random.key(3), UNIT, shape=SAMPLES), (X,), orders=0),
    "random.multivariate_normal": Case(
        lambda m, x, v: m.random.multivariate_normal(m.random.key(3), v, COVARIANCE, shape=(5,)), (X, UNIT)
    ),
}
