"""Exponential, logarithmic, trigonometric and related functions of one float.

Derivatives are written with the output y where that saves the function's evaluation. That of expm1 is not: y + 1 has no
digits where exp(x) is small. 1 - y * y, that of tanh, has none there either (it is right to one unit in the last place
of 1); an exponential instead would be half of the cost of a recurrent network's backward pass.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.ir.graph import Tensor
from staticad.late import later
from staticad.ops.base import Elementwise, apply

if TYPE_CHECKING:
    from scipy import special
else:
    special = later("scipy.special")  # which the reference needs, and nothing else


def _erf(x: np.ndarray) -> np.ndarray:
    return special.erf(x)


def _erfinv(x: np.ndarray) -> np.ndarray:
    return np.copysign(special.erfinv(x), x)  # SciPy's is 0.0 at -0.0


def _expit(x: np.ndarray) -> np.ndarray:
    if x.dtype.kind != "c":
        return special.expit(x)
    forward = x.real >= 0
    size = np.exp(np.where(forward, -x, x))
    return np.where(forward, 1, size) / (1 + size)


def _softplus(x: np.ndarray) -> np.ndarray:
    if x.dtype.kind != "c":
        return np.logaddexp(x, x.dtype.type(0))
    forward = x.real >= 0
    log = np.log1p(np.exp(np.where(forward, -x, x))) + np.where(forward, x, 0)
    turns = np.rint(log.imag / (2 * np.pi)).astype(log.imag.dtype)
    return log - np.asarray(2j * np.pi * turns, x.dtype)


def _function(
    name: str,
    numpy: Callable[..., Any],
    vjp: Callable[[Tensor, Tensor, Tensor], tuple[Tensor]],
    cost: int,
    domain: tuple[float, float] = (-2.0, 2.0),
    notes: str = "",
    operands: str = "f",
) -> Elementwise:
    return Elementwise(
        name, numpy=numpy, operands=operands, cost=cost, domain=domain, vjp=vjp, certain=True, notes=notes
    )


EXP = _function("exp", np.exp, lambda g, y, x: (g * y,), cost=12, operands="fc")
EXPM1 = _function(
    "expm1",
    np.expm1,
    lambda g, y, x: (g * apply(EXP, x),),
    cost=16,
    notes="exact near 0",
    operands="fc",
)
LOG = _function(
    "log", np.log, lambda g, y, x: (g / x,), cost=15, domain=(0.2, 3.0), notes="-inf at 0, NaN below", operands="fc"
)
LOG1P = _function(
    "log1p", np.log1p, lambda g, y, x: (g / (x + 1),), cost=18, domain=(-0.8, 3.0), notes="exact near 0", operands="fc"
)

SIN: Elementwise = _function("sin", np.sin, lambda g, y, x: (g * apply(COS, x),), cost=15, operands="fc")
COS: Elementwise = _function("cos", np.cos, lambda g, y, x: (-(g * apply(SIN, x)),), cost=15, operands="fc")
TAN = _function("tan", np.tan, lambda g, y, x: (g * (1 + y * y),), cost=25, domain=(-1.2, 1.2), operands="fc")

TANH = _function(
    "tanh",
    np.tanh,
    lambda g, y, x: (g * (1 - y * y),),
    cost=20,
    notes="derivative 1 - tanh(x)**2, right to a unit in the last place of 1",
    operands="fc",
)
SIGMOID = _function(
    "sigmoid",
    _expit,
    lambda g, y, x: (g * (y * (1 - y)),),
    cost=18,
    notes="no overflow for any x",
    operands="fc",
)
SOFTPLUS = _function(
    "softplus",
    _softplus,
    lambda g, y, x: (g * apply(SIGMOID, x),),
    cost=30,
    notes="log(1 + exp(x)) without overflow; derivative sigmoid(x)",
    operands="fc",
)
ERF = _function("erf", _erf, lambda g, y, x: (g * (2 / math.sqrt(math.pi) * apply(EXP, -(x * x))),), cost=25)
ERFINV = _function(
    "erfinv",
    _erfinv,
    lambda g, y, x: (g * (math.sqrt(math.pi) / 2 * apply(EXP, y * y)),),
    cost=40,
    domain=(-0.9, 0.9),
    notes="infinite at -1 and 1, NaN beyond",
)

TRANSCENDENTAL_OPS = (EXP, EXPM1, LOG, LOG1P, SIN, COS, TAN, TANH, SIGMOID, SOFTPLUS, ERF, ERFINV)
