"""Error functions, the normal distribution and their inverses. erf and erfinv are in `staticad.ops.transcendental`."""

from __future__ import annotations

import math

import numpy as np

from staticad.ir.graph import Tensor
from staticad.ops.base import Elementwise, apply
from staticad.ops.conversion import ROUND
from staticad.ops.creation import zeros
from staticad.ops.double_precision import in_double, integral, scipy_function
from staticad.ops.sources import constant
from staticad.ops.transcendental import EXP

SQRT_PI, SQRT_TWO_PI = math.sqrt(math.pi), math.sqrt(2 * math.pi)


def _erfcx_vjp(g: Tensor, y: Tensor, x: Tensor) -> tuple[Tensor]:
    return (g * (apply(ERFCX_INTEGRAL, constant(1, x.dtype), x) * -2),)


def _erfcx_integral_vjp(g: Tensor, y: Tensor, n: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    following = apply(ROUND, n) + 1
    return zeros(y.type), g * (apply(ERFCX_INTEGRAL, following, x) * (following * -2))


def _log_ndtr_vjp(g: Tensor, y: Tensor, x: Tensor) -> tuple[Tensor]:
    return (g * (math.sqrt(2 / math.pi) / apply(ERFCX, x * -math.sqrt(0.5))),)


def _erfcx_integral(n: np.ndarray, x: np.ndarray) -> np.ndarray:
    """By the integral of exp(x**2) (t - x)**n exp(-t**2) 2 / sqrt(pi) / n! over t = x + u."""
    order, at = (np.asarray(v, np.float64)[..., None] for v in np.broadcast_arrays(np.rint(n), x))
    width = np.minimum(9 + 2 * np.maximum(-at, 0), 90 / np.maximum(at, 1e-3))
    factor = 2 / SQRT_PI / np.vectorize(math.gamma, otypes=[float])(order + 1)
    found = integral(lambda u: factor * u**order * np.exp(-u * (u + 2 * at)), width[..., 0])
    return np.asarray(found, np.result_type(n, x))


ERFC = Elementwise(
    "erfc",
    numpy=scipy_function("erfc"),
    operands="f",
    cost=50,
    ulps=10,
    vjp=lambda g, y, x: (g * (-2 / SQRT_PI * apply(EXP, -(x * x))),),
    notes="1 - erf(x), exact where that is small",
)
ERFCX: Elementwise = Elementwise(
    "erfcx",
    numpy=scipy_function("erfcx"),
    operands="f",
    cost=60,
    ulps=10,
    vjp=_erfcx_vjp,
    notes="exp(x**2) erfc(x) without underflow; derivatives without cancellation",
)
ERFCX_INTEGRAL: Elementwise = Elementwise(
    "erfcx_integral",
    numpy=_erfcx_integral,
    code=in_double("erfcx_integral"),
    operands="f",
    arity=2,
    cost=300,
    domain=(0.6, 1.4),
    ulps=10,
    vjp=_erfcx_integral_vjp,
    notes="exp(x**2) times the integral of erfc repeated n times, for the derivatives of erfcx; n is rounded",
)
ERFCINV = Elementwise(
    "erfcinv",
    numpy=scipy_function("erfcinv"),
    operands="f",
    cost=60,
    domain=(0.1, 1.9),
    ulps=10,
    vjp=lambda g, y, x: (g * (-SQRT_PI / 2 * apply(EXP, y * y)),),
    notes="infinite at 0, -infinite at 2, NaN beyond",
)
NDTR = Elementwise(
    "ndtr",
    numpy=scipy_function("ndtr"),
    operands="f",
    cost=30,
    ulps=10,
    vjp=lambda g, y, x: (g * (apply(EXP, x * x * -0.5) * (1 / SQRT_TWO_PI)),),
    notes="the normal distribution",
)
LOG_NDTR = Elementwise(
    "log_ndtr",
    numpy=scipy_function("log_ndtr"),
    operands="f",
    cost=90,
    ulps=10,
    vjp=_log_ndtr_vjp,
    notes="log of the normal distribution, without underflow",
)
NDTRI = Elementwise(
    "ndtri",
    numpy=scipy_function("ndtri"),
    operands="f",
    cost=60,
    domain=(0.1, 0.9),
    ulps=10,
    vjp=lambda g, y, x: (g * (SQRT_TWO_PI * apply(EXP, y * y * 0.5)),),
    notes="the inverse of ndtr; -infinite at 0, infinite at 1, NaN beyond",
)

ERROR_FUNCTION_OPS = (ERFC, ERFCX, ERFCX_INTEGRAL, ERFCINV, NDTR, LOG_NDTR, NDTRI)
