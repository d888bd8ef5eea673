"""Random numbers as pure functions of a key: the names and arguments of ``jax.random``."""

from __future__ import annotations

import typing as _typing

from staticad.names import public as _public
from staticad.spellings import RANDOM as _RANDOM

if _typing.TYPE_CHECKING:
    from staticad.functional.random.continuous import (
        exponential,
        gumbel,
        laplace,
        normal,
        truncated_normal,
        uniform,
    )
    from staticad.functional.random.counts import (
        binomial,
        geometric,
        multinomial,
        negative_binomial,
        poisson,
        rademacher,
    )
    from staticad.functional.random.discrete import bernoulli, categorical, choice, randint
    from staticad.functional.random.keys import bits, fold_in, key, split
    from staticad.functional.random.orders import permutation, shuffle
    from staticad.functional.random.sampling import (
        beta,
        chisquare,
        dirichlet,
        f,
        gamma,
        loggamma,
        student_t,
        t,
        von_mises,
        vonmises,
    )
    from staticad.functional.random.transformed import (
        cauchy,
        double_sided_maxwell,
        logistic,
        lognormal,
        maxwell,
        multivariate_normal,
        pareto,
        rayleigh,
        triangular,
        weibull,
        weibull_min,
    )

__all__ = [
    "bernoulli", "beta", "binomial", "bits", "categorical", "cauchy", "chisquare", "choice", "dirichlet",
    "double_sided_maxwell", "exponential", "f", "fold_in", "gamma", "geometric", "gumbel", "key", "laplace",
    "loggamma", "logistic", "lognormal", "maxwell", "multinomial", "multivariate_normal", "negative_binomial",
    "normal", "pareto", "permutation", "poisson", "rademacher", "randint", "rayleigh", "shuffle", "split",
    "student_t", "t", "triangular", "truncated_normal", "uniform", "von_mises", "vonmises", "weibull", "weibull_min",
]  # fmt: skip

if not _typing.TYPE_CHECKING:
    __getattr__, __dir__ = _public(globals(), _RANDOM)
