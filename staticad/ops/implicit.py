"""Derivatives of random numbers by the parameters of their distributions: of the number at a fixed place of its
distribution (M. Figurnov, S. Mohamed, A. Mnih, 2018).

With the distribution function F, of density f, the first one is s = -F_a / f. It is a function of the parameter and of
the number, so the second one is s_a + s_y s: `*_slope` has s, and another op s_a. What s_y is follows from f alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from staticad.errors import GradientError
from staticad.ir.graph import Tensor, describe
from staticad.ops.base import Elementwise, apply
from staticad.ops.double_precision import in_double, integral, scipy_function
from staticad.ops.gamma_functions import DIGAMMA
from staticad.ops.transcendental import EXP, SIN

_digamma, _zeta = scipy_function("digamma"), scipy_function("zeta")
_i0e, _i1e = scipy_function("i0e"), scipy_function("i1e")


# ---- references: integrals over the distribution, from its lower end or from 0 --------------------------------------


def _of_gamma(order: int) -> Callable[..., np.ndarray]:
    def function(*operands: np.ndarray) -> np.ndarray:
        a, y = (np.asarray(v, np.float64) for v in np.broadcast_arrays(*operands))
        with np.errstate(all="ignore"):
            x, shape, place = np.exp(y), a[..., None], y[..., None]
            mean, spread = _digamma(shape), _zeta(np.asarray(2.0), shape)

            def density(t: np.ndarray) -> np.ndarray:
                return np.asarray(np.exp((shape - 1) * (np.log(t) - place) + np.exp(place) - t - place))

            slope = -integral(lambda t: density(t) * (np.log(t) - mean), x)
            if order == 2:
                curve = integral(lambda t: density(t) * ((np.log(t) - mean) ** 2 - spread), x)
                slope = -curve - slope * (y - _digamma(a))
        return np.asarray(slope, np.result_type(*operands))

    return function


def _of_von_mises(order: int) -> Callable[..., np.ndarray]:
    def function(*operands: np.ndarray) -> np.ndarray:
        kappa, angle = (np.asarray(v, np.float64) for v in np.broadcast_arrays(*operands))
        with np.errstate(all="ignore"):
            mean = _i1e(kappa) / _i0e(kappa)
            variance = 1 - mean**2 - np.where(kappa == 0, 0.5, mean / kappa)

            def density(t: np.ndarray) -> np.ndarray:
                height = mean[..., None] - np.cos(t)
                offset = np.cos(t) - np.cos(angle)[..., None]
                part = variance[..., None] + height * offset if order == 2 else height
                return np.asarray(part * np.exp(kappa[..., None] * offset))

            found = integral(density, angle)
        return np.asarray(found, np.result_type(*operands))

    return function


def _gap_of_array(kappa: np.ndarray) -> np.ndarray:
    return np.asarray(1 - _i1e(kappa) / _i0e(kappa), kappa.dtype)


# ---- derivatives ----------------------------------------------------------------------------------------------------


def _no_third(g: Tensor, y: Tensor, *operands: Tensor) -> tuple[GradientError, ...]:
    text = "random numbers have no third derivative by parameters of their distribution ({}); pass stop_gradient of it"
    return tuple(GradientError(text.format(describe(x))) for x in operands)


def _log_gamma_slope_vjp(g: Tensor, s: Tensor, a: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    by_y = (apply(EXP, y) - a) * s - (y - apply(DIGAMMA, a))
    return g * apply(LOG_GAMMA_SLOPE_A, a, y), g * by_y


def _von_mises_slope_vjp(g: Tensor, s: Tensor, kappa: Tensor, angle: Tensor) -> tuple[Tensor, Tensor]:
    half = apply(SIN, angle * 0.5)
    by_angle = half * half * 2 - apply(VON_MISES_GAP, kappa) + s * kappa * apply(SIN, angle)
    return g * apply(VON_MISES_SLOPE_KAPPA, kappa, angle), g * by_angle


def _implicit(name: str, arity: int, domain: Any, notes: str, **more: Any) -> Elementwise:
    return Elementwise(
        name, code=in_double(name), arity=arity, operands="f", cost=1000, domain=domain, ulps=100, notes=notes, **more
    )


LOG_GAMMA_SLOPE = _implicit(
    "log_gamma_slope", 2, (0.3, 2.0), "the derivative of sample_log_gamma by its parameter",
    numpy=_of_gamma(1), vjp=_log_gamma_slope_vjp, orders=1,
)  # fmt: skip
LOG_GAMMA_SLOPE_A = _implicit(
    "log_gamma_slope_a", 2, (0.3, 2.0), "the derivative of log_gamma_slope by the parameter; no further one",
    numpy=_of_gamma(2), vjp=_no_third, orders=0,
)  # fmt: skip
VON_MISES_GAP = _implicit(
    "von_mises_gap", 1, (0.3, 2.0), "1 less the mean of the cosine, i1(kappa) / i0(kappa)",
    numpy=_gap_of_array, vjp=_no_third, orders=0,
)  # fmt: skip
VON_MISES_SLOPE = _implicit(
    "von_mises_slope", 2, (0.3, 2.0), "the derivative of sample_von_mises by its parameter",
    numpy=_of_von_mises(1), vjp=_von_mises_slope_vjp, orders=1,
)  # fmt: skip
VON_MISES_SLOPE_KAPPA = _implicit(
    "von_mises_slope_kappa", 2, (0.3, 2.0), "the derivative of von_mises_slope by the parameter; no further one",
    numpy=_of_von_mises(2), vjp=_no_third, orders=0,
)  # fmt: skip

IMPLICIT_OPS = (LOG_GAMMA_SLOPE, LOG_GAMMA_SLOPE_A, VON_MISES_GAP, VON_MISES_SLOPE, VON_MISES_SLOPE_KAPPA)
