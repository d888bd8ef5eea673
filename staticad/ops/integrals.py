"""Exponential integrals."""

from __future__ import annotations

import numpy as np

from staticad.ir.graph import Tensor
from staticad.ops.base import Elementwise, apply
from staticad.ops.creation import zeros
from staticad.ops.double_precision import in_double, scipy_function
from staticad.ops.transcendental import EXP

_scipy_expn = scipy_function("expn")


def _expn(n: np.ndarray, x: np.ndarray) -> np.ndarray:
    """SciPy's has orders from 0 on; below, E(k) = (exp(-x) - k E(k + 1)) / x."""
    dtype = np.result_type(n, x)
    order, x = np.broadcast_arrays(np.rint(n).astype(np.float64), np.asarray(x, np.float64))
    found = _scipy_expn(np.maximum(order, 0), x)
    with np.errstate(all="ignore"):
        for k in range(-1, int(max(np.nanmin(order, initial=0), -1e4)) - 1, -1):
            found = np.where(order <= k, (np.exp(-x) - k * found) / x, found)
    return np.asarray(found, dtype)


def _expn_vjp(g: Tensor, y: Tensor, n: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    return zeros(y.type), -(g * apply(EXPN, n - 1, x))


EXPI = Elementwise(
    "expi",
    numpy=scipy_function("expi"),
    code=in_double("expi"),
    operands="f",
    cost=400,
    domain=(0.6, 3.0),
    ulps=10,
    vjp=lambda g, y, x: (g * (apply(EXP, x) / x),),
    notes="the integral of exp(t) / t up to x; -infinite at 0",
)
EXPN: Elementwise = Elementwise(
    "expn",
    numpy=_expn,
    code=in_double("expn"),
    operands="f",
    arity=2,
    cost=400,
    domain=(0.6, 1.4),
    ulps=10,
    vjp=_expn_vjp,
    notes="the integral of exp(-x t) / t**n over t >= 1; n is rounded, no derivative by n",
)

INTEGRAL_OPS = (EXPI, EXPN)
