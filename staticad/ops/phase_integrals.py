"""Sine and cosine integrals, those of Fresnel and Dawson, the imaginary error function, and the dilogarithm."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from staticad import late
from staticad.ir.graph import Tensor
from staticad.ops.arithmetic import ABS
from staticad.ops.base import Elementwise, apply
from staticad.ops.comparison import LESS
from staticad.ops.creation import zeros
from staticad.ops.double_precision import in_double, scipy_function
from staticad.ops.selection import select
from staticad.ops.sources import constant
from staticad.ops.transcendental import COS, EXP, LOG1P, SIN

_TERMS = 30
_ASYMPTOTIC = 7.0  # where the series of derivatives of Dawson's integral has all digits
_LARGEST_ORDER = 1000


def _one_of(name: str, place: int) -> Callable[[np.ndarray], np.ndarray]:
    """One result of a function of SciPy that has two; the integrals up to -infinity, too."""

    def function(x: np.ndarray) -> np.ndarray:
        size = np.abs(np.asarray(x, np.float64))
        found = np.asarray(getattr(late.imported("scipy.special"), name)(size)[place])
        even = name == "sici" and place == 1
        return np.asarray(found if even else np.copysign(found, x), x.dtype)

    return function


def _dawson_derivative(n: np.ndarray, x: np.ndarray) -> np.ndarray:
    """By the recurrence, and where that cancels by the asymptotic series."""
    dtype = np.result_type(n, x)
    order, x = np.broadcast_arrays(np.rint(n).astype(np.float64), np.asarray(x, np.float64))
    highest = int(np.clip(np.nanmax(order, initial=0), 0, _LARGEST_ORDER))
    with np.errstate(all="ignore"):
        found = [scipy_function("dawsn")(x)]
        found.append(1 - 2 * x * found[0])
        for k in range(1, highest):
            found.append(-2 * (x * found[k] + k * found[k - 1]))
        places = np.clip(np.nan_to_num(order), 0, highest).astype(int)
        near = np.take_along_axis(np.stack(found), places[None], axis=0)[0]
        term = 0.5 / x
        for k in range(highest):
            term = np.where(k < order, -term * (k + 1) / x, term)
        total = term
        for k in range(25):
            term = term * (2 * k + order + 1) * (2 * k + order + 2) / (4 * (k + 1) * x * x)
            total = total + term
        value = np.where(np.abs(x) < _ASYMPTOTIC, near, total)
        return np.asarray(np.where((order >= 0) & (order <= _LARGEST_ORDER), value, np.nan), dtype)


def _dawson_derivative_vjp(g: Tensor, y: Tensor, n: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    return zeros(y.type), g * apply(DAWSN_DERIVATIVE, n + 1, x)


def _series(x: Tensor, whole: Tensor, near: float, coefficient: Callable[[int], float]) -> Tensor:
    """A power series of x near 0, else the function that is given."""
    total: Tensor = constant(coefficient(_TERMS), x.dtype)
    for k in reversed(range(_TERMS)):
        total = total * x + constant(coefficient(k), x.dtype)
    return select(apply(LESS, apply(ABS, x), constant(near, x.dtype)), total, whole)


def _sine_quotient(x: Tensor) -> Tensor:
    """sin(x) / x."""
    return _series(x, apply(SIN, x) / x, 1.0, lambda k: 0 if k % 2 else (-1) ** (k // 2) / math.factorial(k + 1))


def _logarithm_quotient(x: Tensor) -> Tensor:
    """log(x) / (1 - x)."""
    t = x - 1
    return -_series(t, apply(LOG1P, t) / t, 0.25, lambda k: (-1) ** k / (k + 1))


def _phase(x: Tensor) -> Tensor:
    return x * x * (math.pi / 2)


def _op(name: str, numpy: Callable[..., Any], **more: Any) -> Elementwise:
    known = {"cost": 100, "domain": (0.2, 3.0), "ulps": 10, **more}
    return Elementwise(name, numpy=numpy, code=in_double(name), operands="f", **known)


SINE_INTEGRAL = _op("sine_integral", _one_of("sici", 0), vjp=lambda g, y, x: (g * _sine_quotient(x),))
COSINE_INTEGRAL = _op(
    "cosine_integral", _one_of("sici", 1), domain=(0.8, 3.0), vjp=lambda g, y, x: (g * (apply(COS, x) / x),),
    notes="of negative numbers that of their magnitude",
)  # fmt: skip
FRESNEL_SINE = _op("fresnel_sine", _one_of("fresnel", 0), vjp=lambda g, y, x: (g * apply(SIN, _phase(x)),))
FRESNEL_COSINE = _op("fresnel_cosine", _one_of("fresnel", 1), vjp=lambda g, y, x: (g * apply(COS, _phase(x)),))
DAWSN = _op(
    "dawsn", scipy_function("dawsn"),
    vjp=lambda g, y, x: (g * apply(DAWSN_DERIVATIVE, constant(1, x.dtype), x),),
    notes="exp(-x**2) times the integral of exp(t**2) from 0 to x",
)  # fmt: skip
DAWSN_DERIVATIVE: Elementwise = _op(
    "dawsn_derivative", _dawson_derivative, arity=2, domain=(0.6, 1.4), vjp=_dawson_derivative_vjp,
    notes="the derivative of `dawsn` of an integer order n, which is rounded; no derivative by n",
)  # fmt: skip
ERFI = _op("erfi", scipy_function("erfi"), vjp=lambda g, y, x: (g * (apply(EXP, x * x) * (2 / math.sqrt(math.pi))),))
SPENCE = _op(
    "spence", scipy_function("spence"), vjp=lambda g, y, x: (g * _logarithm_quotient(x),),
    notes="the integral of log(t) / (1 - t) from 1 to x; NaN below 0",
)  # fmt: skip

PHASE_INTEGRAL_OPS = (
    SINE_INTEGRAL, COSINE_INTEGRAL, FRESNEL_SINE, FRESNEL_COSINE, DAWSN, DAWSN_DERIVATIVE, ERFI, SPENCE,
)  # fmt: skip
