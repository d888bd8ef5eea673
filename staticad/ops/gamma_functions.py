"""The gamma function and its kin: logarithm and its derivatives, zeta, beta."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from staticad.errors import GradientError
from staticad.ir.graph import Tensor, describe
from staticad.ops.base import Elementwise, apply
from staticad.ops.double_precision import in_double, scipy_function
from staticad.ops.sources import constant

_scipy_zeta = scipy_function("zeta")


def _zeta_of_arrays(s: np.ndarray, q: np.ndarray) -> np.ndarray:
    """SciPy's is for q > 0. Below, as many terms are added as take q there."""
    s, q = np.broadcast_arrays(np.asarray(s), np.asarray(q))
    steps = np.where((q < 0) & np.isfinite(q), np.ceil(-np.where(np.isfinite(q), q, 0)), 0)
    total = _scipy_zeta(s, q + steps)
    with np.errstate(all="ignore"):
        for k in range(int(min(steps.max(initial=0), 1e5))):
            total = total + np.where(k < steps, np.power(q + k, -s), 0)
        undefined = (q < 0) & (np.floor(q) != q) & (np.floor(s) != s)
        return np.asarray(np.where(undefined, np.nan, total), np.result_type(s, q))


def _of_ordered(name: str) -> Callable[..., Any]:
    """SciPy's function, whose result depends on the order of its operands in the last digits."""
    scipy = scipy_function(name)
    return lambda a, b: scipy(np.minimum(a, b), np.maximum(a, b))


def _zeta_vjp(g: Tensor, y: Tensor, s: Tensor, q: Tensor) -> tuple[GradientError, Tensor]:
    error = GradientError(f"zeta has no derivative by its first operand ({describe(s)}); pass stop_gradient of it")
    return error, g * (-s * apply(ZETA, s + 1, q))


def _riemann_zeta_vjp(g: Tensor, y: Tensor, s: Tensor) -> tuple[GradientError]:
    return (GradientError(f"zeta has no derivative by its first operand ({describe(s)}); pass stop_gradient of it"),)


def _trigamma_vjp(g: Tensor, y: Tensor, x: Tensor) -> tuple[Tensor]:
    return (g * (apply(ZETA, constant(3, x.dtype), x) * -2),)


def _trigamma_of_array(x: np.ndarray) -> np.ndarray:
    return _zeta_of_arrays(np.full_like(x, 2), x)


def _beta_vjp(g: Tensor, y: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    both, scaled = apply(DIGAMMA, a + b), g * y
    return scaled * (apply(DIGAMMA, a) - both), scaled * (apply(DIGAMMA, b) - both)


def _betaln_vjp(g: Tensor, y: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    both = apply(DIGAMMA, a + b)
    return g * (apply(DIGAMMA, a) - both), g * (apply(DIGAMMA, b) - both)


GAMMA = Elementwise(
    "gamma",
    numpy=scipy_function("gamma"),
    code=in_double("gamma"),
    operands="f",
    cost=100,
    domain=(0.4, 3.0),
    ulps=10,
    vjp=lambda g, y, x: (g * (y * apply(DIGAMMA, x)),),
    notes="NaN at negative integers",
)
GAMMALN = Elementwise(
    "gammaln",
    numpy=scipy_function("gammaln"),
    code=in_double("gammaln"),
    operands="f",
    cost=80,
    domain=(0.4, 3.0),
    ulps=10,
    vjp=lambda g, y, x: (g * apply(DIGAMMA, x),),
    notes="log of the magnitude of gamma; infinite at 0 and at negative integers",
)
DIGAMMA: Elementwise = Elementwise(
    "digamma",
    numpy=scipy_function("digamma"),
    code=in_double("digamma"),
    operands="f",
    cost=80,
    domain=(0.4, 3.0),
    ulps=10,
    vjp=lambda g, y, x: (g * apply(TRIGAMMA, x),),
    notes="NaN at negative integers",
)
TRIGAMMA: Elementwise = Elementwise(
    "trigamma",
    numpy=_trigamma_of_array,
    code=in_double("trigamma"),
    operands="f",
    cost=80,
    domain=(0.4, 3.0),
    ulps=10,
    vjp=_trigamma_vjp,
    notes="the derivative of digamma: `polygamma` of order 1",
)
ZETA: Elementwise = Elementwise(
    "zeta",
    numpy=_zeta_of_arrays,
    operands="f",
    arity=2,
    cost=600,
    domain=(2.0, 4.0),
    ulps=10,
    orders=0,
    vjp=_zeta_vjp,
    notes="the sum of (q + k)**-s; negative q for integers s; no derivative by s",
)
RIEMANN_ZETA = Elementwise(
    "riemann_zeta",
    numpy=scipy_function("zeta"),
    code=in_double("riemann_zeta"),
    operands="f",
    cost=600,
    domain=(2.0, 4.0),
    ulps=10,
    orders=0,
    vjp=_riemann_zeta_vjp,
    notes="`zeta` of one operand, also a negative one; no derivative",
)
BETA = Elementwise(
    "beta",
    numpy=_of_ordered("beta"),
    code=in_double("beta"),
    operands="f",
    arity=2,
    commutative=True,
    cost=300,
    domain=(0.4, 3.0),
    ulps=10,
    vjp=_beta_vjp,
    notes="gamma(a) gamma(b) / gamma(a + b)",
)
BETALN = Elementwise(
    "betaln",
    numpy=_of_ordered("betaln"),
    code=in_double("betaln"),
    operands="f",
    arity=2,
    commutative=True,
    cost=300,
    domain=(0.4, 3.0),
    ulps=10,
    vjp=_betaln_vjp,
    notes="log of the magnitude of beta, without the cancellation of large logarithms",
)

GAMMA_OPS = (GAMMA, GAMMALN, DIGAMMA, TRIGAMMA, ZETA, RIEMANN_ZETA, BETA, BETALN)
