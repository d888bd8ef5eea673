"""Distributions of counts: Poisson, binomial, and what is made of them. No derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np

from staticad.errors import DTypeError, ShapeError
from staticad.functional import elementwise, reductions
from staticad.functional.control import scan
from staticad.functional.cumulative import cumsum
from staticad.functional.movement import broadcast_to, flip, moveaxis
from staticad.functional.random.continuous import open_unit
from staticad.functional.random.keys import fold_in, raw_bits, split
from staticad.functional.random.parameters import require
from staticad.functional.random.sampling import gamma, sample, shape_of
from staticad.functional.shapes import as_shape
from staticad.ir.dtypes import FLOAT64, INT64, UINT32, DType, as_dtype, is_float, is_integer
from staticad.ir.graph import Tensor, describe
from staticad.ir.provenance import here
from staticad.ops.promotion import Operand, cast, to_tensor
from staticad.ops.samplers import SAMPLE_BINOMIAL, SAMPLE_POISSON


def _count_dtype(function: str, dtype: Any) -> DType:
    """The dtype of counts. Raises DTypeError."""
    kind = as_dtype(dtype)
    if not is_integer(kind) and not is_float(kind):
        raise DTypeError(f"random.{function}: draws counts, which {kind} does not hold (at {here()})")
    return kind


def poisson(key: Operand, lam: Operand = 1.0, shape: Any = None, dtype: Any = INT64) -> Tensor:
    """The Poisson distribution of mean lam. Raises ConfigError for a known lam that is negative; one that turns out to
    be gives -1."""
    kind = _count_dtype("poisson", dtype)
    require("poisson", lambda a: a >= 0, "lam has to be at least 0", lam)
    rate = to_tensor(lam, FLOAT64)
    return cast(sample("poisson", SAMPLE_POISSON, key, shape_of("poisson", shape, lam=rate), rate), kind)


def binomial(key: Operand, n: Operand, p: Operand, shape: Any = None, dtype: Any = INT64) -> Tensor:
    """The number of successes in n trials of probability p. Raises ConfigError for known parameters of which n is
    negative or p not in [0, 1]; those that turn out so give -1."""
    kind = _count_dtype("binomial", dtype)
    require("binomial", lambda a: a >= 0, "n has to be at least 0", n)
    require("binomial", lambda a: (a >= 0) & (a <= 1), "p has to be in [0, 1]", p)
    trials, chance = to_tensor(n, FLOAT64), to_tensor(p, FLOAT64)
    target = shape_of("binomial", shape, n=trials, p=chance)
    return cast(sample("binomial", SAMPLE_BINOMIAL, key, target, trials, chance), kind)


def geometric(key: Operand, p: Operand, shape: Any = None, dtype: Any = INT64) -> Tensor:
    """The number of trials of probability p until the first success, at least 1: by inversion. Raises ConfigError for
    a known p that is not in (0, 1]."""
    kind = _count_dtype("geometric", dtype)
    require("geometric", lambda a: (a > 0) & (a <= 1), "p has to be in (0, 1]", p)
    chance = to_tensor(p, FLOAT64)
    u = open_unit("geometric", key, shape_of("geometric", shape, p=chance), FLOAT64, np.finfo(FLOAT64).tiny)
    steps = elementwise.ceil(elementwise.divide(elementwise.log(u), elementwise.log1p(elementwise.negative(chance))))
    return cast(elementwise.maximum(steps, 1.0), kind)


def negative_binomial(key: Operand, n: Operand, p: Operand, shape: Any = None, dtype: Any = INT64) -> Tensor:
    """The number of failures before n successes of probability p: Poisson of a gamma distributed mean. n may be any
    positive number. Raises ConfigError for known parameters of which n is not positive or p not in (0, 1]."""
    require("negative_binomial", lambda a: a > 0, "n has to be greater than 0", n)
    require("negative_binomial", lambda a: (a > 0) & (a <= 1), "p has to be in (0, 1]", p)
    successes, chance = to_tensor(n, FLOAT64), to_tensor(p, FLOAT64)
    target = shape_of("negative_binomial", shape, n=successes, p=chance)
    first, second = split(key)
    odds = elementwise.divide(elementwise.subtract(1.0, chance), chance)
    return poisson(second, elementwise.multiply(gamma(first, successes, target), odds), target, dtype)


def multinomial(key: Operand, n: Operand, p: Operand, shape: Any = None, dtype: Any = INT64) -> Tensor:
    """How often each outcome comes in n trials; ``p`` has their probabilities along the last axis, up to a factor.

    A binomial number after another, of what is left, in a loop over the outcomes. ``shape`` is that of the batch, to
    which n, and the axes of p before the last one, broadcast. Raises ConfigError for known p that are negative,
    ShapeError for p without an axis.
    """
    kind = _count_dtype("multinomial", dtype)
    require("multinomial", lambda a: a >= 0, "n has to be at least 0", n)
    require("multinomial", lambda a: a >= 0, "p has to be at least 0", p)
    trials, weights = to_tensor(n, FLOAT64), to_tensor(p, FLOAT64)
    if not weights.ndim:
        raise ShapeError(f"random.multinomial: p has to have an axis, unlike {describe(weights)} (at {here()})")
    batch = shape_of("multinomial", shape, n=trials, p=reductions.sum(weights, -1))
    target = (*batch, weights.shape[-1])
    rows = moveaxis(broadcast_to(weights, target), -1, 0)
    rest = flip(cumsum(flip(rows, 0), 0), 0)  # of an outcome and all behind it: exact for the last one that can be
    shares = elementwise.clip(elementwise.where(rest > 0, rows / elementwise.where(rest > 0, rest, 1.0), 0.0), 0.0, 1.0)
    left = broadcast_to(trials, target[:-1])

    def draw(state: tuple[Tensor, Tensor], share: Tensor) -> tuple[tuple[Tensor, Tensor], Tensor]:
        remaining, number = state
        taken = sample("multinomial", SAMPLE_BINOMIAL, fold_in(key, number), target[:-1], remaining, share)
        return (remaining - taken, number + 1), taken

    _, counts = scan(draw, (left, to_tensor(0, INT64)), shares)
    return cast(moveaxis(counts, 0, -1), kind)


def rademacher(key: Operand, shape: Any = (), dtype: Any = INT64) -> Tensor:
    """-1 and 1, each with probability 1/2."""
    kind = _count_dtype("rademacher", dtype)
    bit = raw_bits("rademacher", key, as_shape(shape), UINT32) >= np.uint32(1 << 31)
    return elementwise.where(bit, cast(to_tensor(1), kind), cast(to_tensor(-1), kind))


__all__ = ["binomial", "geometric", "multinomial", "negative_binomial", "poisson", "rademacher"]
