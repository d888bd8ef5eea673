"""The gamma function, its logarithm and the derivatives of that; zeta; beta. By SciPy's names."""

from __future__ import annotations

import math

import numpy as np

from staticad.errors import DTypeError
from staticad.functional import comparison, elementwise, reductions
from staticad.functional.creation import arange
from staticad.functional.front import as_float, float_unary, implements
from staticad.functional.movement import expand_dims
from staticad.functional.special.operands import floats, with_order
from staticad.ir.graph import Tensor, describe
from staticad.ops.base import apply
from staticad.ops.gamma_functions import BETA, BETALN, DIGAMMA, GAMMA, GAMMALN, RIEMANN_ZETA, TRIGAMMA, ZETA
from staticad.ops.promotion import Operand, to_tensor
from staticad.ops.sources import constant, constant_array

gamma = float_unary(GAMMA, "gamma", "The gamma function; NaN at negative integers, and at 0 infinite with its sign.")
gammaln = float_unary(GAMMALN, "gammaln", "log|gamma(x)|; infinite at 0 and at negative integers.")
digamma = float_unary(DIGAMMA, "psi", "The derivative of gammaln; NaN at negative integers.")
psi = digamma
lgamma = loggamma = gammaln


def polygamma(n: Operand, x: Operand) -> Tensor:
    """The derivative of order n of digamma, (-1)**(n + 1) n! zeta(n + 1, x); also for negative x.

    Raises DTypeError for an n that is no integer, or that is known to be negative.
    """
    order, a = with_order("polygamma", n, x)
    known = constant_array(to_tensor(n))
    if known is not None and not (np.isfinite(known) & (known >= 0)).all():
        raise DTypeError(f"polygamma: the order has to be an integer from 0 on, not {known} ({describe(a)})")
    if known is not None and known.ndim == 0:
        if known <= 1:
            return apply(TRIGAMMA if known else DIGAMMA, a)
        whole = int(known)
        scale = (1 if whole % 2 else -1) * math.gamma(whole + 1) if whole < 170 else math.inf
        return elementwise.multiply(apply(ZETA, constant(whole + 1, a.dtype), a), scale)
    sign = elementwise.subtract(elementwise.multiply(elementwise.remainder(order, 2), 2), 1)
    following = elementwise.add(order, 1)
    general = elementwise.multiply(elementwise.multiply(sign, apply(GAMMA, following)), apply(ZETA, following, a))
    return elementwise.where(comparison.equal(order, 0), apply(DIGAMMA, a), general)


def zeta(x: Operand, q: Operand | None = None) -> Tensor:
    """Riemann's zeta function, or with ``q`` that of Hurwitz: the sum of (q + k)**-x over all k >= 0.

    The latter is for x > 1, NaN below; for integers x also q < 0 is legal. Neither has a derivative by x
    (GradientError).
    """
    if q is None:
        return apply(RIEMANN_ZETA, as_float(x))
    return apply(ZETA, *floats("zeta", x, q))


@implements("beta")
def beta(a: Operand, b: Operand) -> Tensor:
    """gamma(a) gamma(b) / gamma(a + b)."""
    return apply(BETA, *floats("beta", a, b))


@implements("betaln")
def betaln(a: Operand, b: Operand) -> Tensor:
    """log|beta(a, b)|, without the cancellation of large logarithms."""
    return apply(BETALN, *floats("betaln", a, b))


def multigammaln(a: Operand, d: int) -> Tensor:
    """The logarithm of the multivariate gamma function of dimension d, the sum of gammaln(a - i / 2) for i < d, and
    d (d - 1) / 4 log(pi). NaN where a <= (d - 1) / 2, where SciPy raises an error.

    Raises DTypeError for a d that is no positive integer.
    """
    if type(d) is not int or d < 1:
        raise DTypeError(f"multigammaln: the dimension has to be a positive int, not {d!r}")
    x = as_float(a)
    if d > 64:
        halves = elementwise.multiply(arange(d, dtype=x.dtype), 0.5)
        total = reductions.sum(apply(GAMMALN, elementwise.subtract(expand_dims(x, -1), halves)), -1)
    else:
        total = apply(GAMMALN, x)
        for i in range(1, d):
            total = elementwise.add(total, apply(GAMMALN, elementwise.subtract(x, i / 2)))
    total = elementwise.add(total, d * (d - 1) / 4 * math.log(math.pi))
    return elementwise.where(comparison.greater(x, (d - 1) / 2), total, math.nan)
