"""Steps of random graphs that work on the bits of integers and draw random numbers (see `random_steps`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import staticad as sa
from staticad.ir.graph import Tensor

if TYPE_CHECKING:
    from tests.harness.random_builder import Builder

BITWISE = (sa.bitwise_and, sa.bitwise_or, sa.bitwise_xor, sa.left_shift, sa.right_shift)
DRAWS = (sa.random.uniform, sa.random.normal, sa.random.exponential, sa.random.gumbel, sa.random.laplace)
# Distributions that are drawn by rejection, of a key and a positive parameter, by their ops.
REJECTING = {
    "sample_log_gamma": (
        lambda k, a: sa.random.gamma(k, a, dtype=a.dtype),
        lambda k, a: sa.random.loggamma(k, a, dtype=a.dtype),
        lambda k, a: sa.random.beta(k, a, 2.0, dtype=a.dtype),
        lambda k, a: (
            sa.random.dirichlet(k, sa.stack([a, a * 0.5 + 1.0]), dtype=a.dtype)[0]
            if not a.ndim
            else sa.random.dirichlet(k, a, dtype=a.dtype)
        ),
        lambda k, a: sa.random.chisquare(k, a * 3.0, dtype=a.dtype),
        lambda k, a: sa.random.t(k, a * 4.0, dtype=a.dtype),
        lambda k, a: sa.random.f(k, a + 2.0, 9.0, dtype=a.dtype),
    ),
    "sample_von_mises": (lambda k, a: sa.random.vonmises(k, 0.5, a, dtype=a.dtype),),
    "sample_poisson": (
        lambda k, a: sa.random.poisson(k, a * 8.0, dtype=a.dtype),
        lambda k, a: sa.random.negative_binomial(k, a * 3.0, 0.4, dtype=a.dtype),
    ),
    "sample_binomial": (
        lambda k, a: sa.random.binomial(k, 40, a * 0.4, dtype=a.dtype),
        lambda k, a: sa.random.multinomial(k, 9, [1.0, 2.0, 3.0], (*a.shape,))[..., 1] * a,
    ),
}
FEW = 30  # numbers that the reference draws in no time


def is_integer(t: Tensor) -> bool:
    return t.dtype.kind in "iu"


def bits(build: Builder) -> Tensor | None:
    x = build.pick(is_integer)
    if x is None:
        return None
    if build.chance(0.2):
        return sa.invert(x)
    y = build.pick(lambda t: is_integer(t) and (t.ndim == 0 or x.ndim == 0 or t.shape[-1] in (1, x.shape[-1])))
    return build.choose(BITWISE)(x, 3 if y is None or build.chance(0.3) else y)


def random_key(build: Builder) -> Tensor:
    """A known key, or one that depends on integers of the graph; perhaps one of several."""
    number = build.pick(is_integer)
    seed = build.seed if number is None or build.chance(0.5) else sa.sum(number)
    key = sa.random.key(seed)
    if build.chance(0.3):
        return sa.random.split(key, 3)[build.choose((0, 2, -1))]
    return sa.random.fold_in(key, 5) if build.chance(0.3) else key


def drawing(build: Builder) -> Tensor | None:
    x = build.pick()
    if x is None:
        return None
    key, dtype = random_key(build), build.choose(("float32", "float64"))
    kind = int(build.rng.integers(8))
    if kind == 0:
        return sa.random.bits(key, x.shape, build.choose(("uint8", "uint32", "uint64")))
    if kind == 1:
        return sa.random.randint(key, x.shape, -3, 10, build.choose(("int8", "int64")))
    if kind == 2:
        return sa.random.bernoulli(key, 0.4, x.shape)
    if kind == 3 and x.dtype.kind == "f":
        return sa.special.erfinv(sa.tanh(x) * 0.9)
    if kind == 4 and x.dtype.kind == "f":
        return x * build.choose(DRAWS)(key, x.shape, x.dtype)
    return build.choose(DRAWS)(key, x.shape, dtype)


def by_rejection(build: Builder, name: str) -> Tensor:
    """Numbers of a distribution that the op of that name draws, by a parameter of the graph."""
    x = build.pick(lambda t: t.dtype.kind == "f" and t.ndim < 3 and np.prod(build.concrete(t)) <= FEW)
    if x is None:
        build.source((3,), np.dtype(build.choose(("float32", "float64"))))
        x = build.tensors[-1]
    parameter = sa.absolute(sa.tanh(sa.where(sa.isfinite(x), x, 0.5))) * 1.7 + 0.3
    return build.choose(REJECTING[name])(random_key(build), parameter)


def rejecting(build: Builder) -> Tensor:
    return by_rejection(build, build.choose(tuple(REJECTING)))
