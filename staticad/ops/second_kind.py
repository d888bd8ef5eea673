"""Bessel functions of the second kind and integer orders: Y, and the modified K."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from staticad.ir.graph import Tensor
from staticad.ops.base import Elementwise, apply
from staticad.ops.bessel import ROUNDED
from staticad.ops.creation import zeros
from staticad.ops.double_precision import in_double, scipy_function

_LARGEST_ORDER = 1e6


def _ending(name: str) -> Callable[..., Any]:
    """SciPy's function, with its limit at infinity, where some of SciPy's are NaN, and for huge orders."""
    scipy = scipy_function(name)

    def function(*operands: np.ndarray) -> np.ndarray:
        *order, x = operands
        found = scipy(*(np.rint(n) for n in order), x)
        n = np.abs(np.asarray(sum(order), np.float64))
        found = np.where((n > _LARGEST_ORDER) & (x >= 0), -np.inf if name == "yv" else np.inf, found)
        found = np.where(np.isposinf(x) & ~np.isnan(n), 0, found)
        return np.asarray(found, np.result_type(*operands))

    return function


def _function(name: str, scipy: str, **more: Any) -> Elementwise:
    known = {"domain": (0.4, 3.0), "cost": 120, "ulps": 10, **more}
    return Elementwise(name, numpy=_ending(scipy), code=in_double(name), operands="f", **known)


def _bessel_k_vjp(g: Tensor, y: Tensor, n: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    return zeros(y.type), -(g * ((apply(BESSEL_K, n - 1, x) + apply(BESSEL_K, n + 1, x)) * 0.5))


def _bessel_ke_vjp(g: Tensor, y: Tensor, n: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    return zeros(y.type), g * (y - (apply(BESSEL_KE, n - 1, x) + apply(BESSEL_KE, n + 1, x)) * 0.5)


def _bessel_y_vjp(g: Tensor, y: Tensor, n: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    return zeros(y.type), g * ((apply(BESSEL_Y, n - 1, x) - apply(BESSEL_Y, n + 1, x)) * 0.5)


K0: Elementwise = _function("k0", "k0", vjp=lambda g, y, x: (-(g * apply(K1, x)),))
K1: Elementwise = _function("k1", "k1", vjp=lambda g, y, x: (-(g * (apply(K0, x) + y / x)),))
K0E: Elementwise = _function("k0e", "k0e", vjp=lambda g, y, x: (g * (y - apply(K1E, x)),), notes="exp(x) k0(x)")
K1E: Elementwise = _function(
    "k1e", "k1e", vjp=lambda g, y, x: (g * (y - (apply(K0E, x) + y / x)),), notes="exp(x) k1(x)"
)
Y0: Elementwise = _function("y0", "y0", vjp=lambda g, y, x: (-(g * apply(Y1, x)),))
Y1: Elementwise = _function("y1", "y1", vjp=lambda g, y, x: (g * (apply(Y0, x) - y / x),))
_ORDERED = {"arity": 2, "domain": (0.6, 1.4), "cost": 200}
BESSEL_K: Elementwise = _function("bessel_k", "kv", vjp=_bessel_k_vjp, notes=ROUNDED, **_ORDERED)
BESSEL_KE: Elementwise = _function(
    "bessel_ke", "kve", vjp=_bessel_ke_vjp, notes=f"exp(x) bessel_k; {ROUNDED}", **_ORDERED
)
BESSEL_Y: Elementwise = _function("bessel_y", "yv", vjp=_bessel_y_vjp, notes=ROUNDED, **_ORDERED)

SECOND_KIND_OPS = (K0, K1, K0E, K1E, Y0, Y1, BESSEL_K, BESSEL_KE, BESSEL_Y)
