"""Random numbers as pure functions of a key: the names and arguments of ``jax.random``."""

from __future__ import annotations

from staticad.functional.random.continuous import (
    exponential,
    gumbel,
    laplace,
    normal,
    truncated_normal,
    uniform,
)
from staticad.functional.random.discrete import bernoulli, categorical, choice, randint
from staticad.functional.random.keys import bits, fold_in, key, split

__all__ = [
    "bernoulli", "bits", "categorical", "choice", "exponential", "fold_in", "gumbel", "key", "laplace", "normal",
    "randint", "split", "truncated_normal", "uniform",
]  # fmt: skip
