"""Bessel functions of integer orders. The derivatives of one order are made of its neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np

from staticad.ir.graph import Tensor
from staticad.ops.arithmetic import SIGN
from staticad.ops.base import Elementwise, apply
from staticad.ops.creation import zeros
from staticad.ops.double_precision import in_double, scipy_function
from staticad.ops.sources import constant


def _function(name: str, **more: Any) -> Elementwise:
    others: dict[str, Any] = (
        {"code": in_double(name), "cost": 300} if "numpy" in more else {"numpy": scipy_function(name), "cost": 60}
    )
    return Elementwise(name, operands="f", ulps=10, **others, **more)


def _second(x: Tensor) -> Tensor:
    return constant(2, x.dtype)


def _neighbours(op: Elementwise, n: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    return apply(op, n - 1, x), apply(op, n + 1, x)


def _of_order(name: str) -> Any:
    scipy = scipy_function(name)
    return lambda n, x: np.asarray(scipy(np.rint(n), x), np.result_type(n, x))


def _i1_vjp(g: Tensor, y: Tensor, x: Tensor) -> tuple[Tensor]:
    return (g * ((apply(I0, x) + apply(BESSEL_I, _second(x), x)) * 0.5),)


def _i1e_vjp(g: Tensor, y: Tensor, x: Tensor) -> tuple[Tensor]:
    return (g * ((apply(I0E, x) + apply(BESSEL_IE, _second(x), x)) * 0.5 - apply(SIGN, x) * y),)


def _j1_vjp(g: Tensor, y: Tensor, x: Tensor) -> tuple[Tensor]:
    return (g * ((apply(J0, x) - apply(BESSEL_J, _second(x), x)) * 0.5),)


def _bessel_i_vjp(g: Tensor, y: Tensor, n: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    below, above = _neighbours(BESSEL_I, n, x)
    return zeros(y.type), g * ((below + above) * 0.5)


def _bessel_ie_vjp(g: Tensor, y: Tensor, n: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    below, above = _neighbours(BESSEL_IE, n, x)
    return zeros(y.type), g * ((below + above) * 0.5 - apply(SIGN, x) * y)


def _bessel_j_vjp(g: Tensor, y: Tensor, n: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    below, above = _neighbours(BESSEL_J, n, x)
    return zeros(y.type), g * ((below - above) * 0.5)


ROUNDED = "an integer order n, which is rounded; no derivative by n"

I0: Elementwise = _function("i0", vjp=lambda g, y, x: (g * apply(I1, x),))
I1: Elementwise = _function("i1", vjp=_i1_vjp)
I0E: Elementwise = _function(
    "i0e",
    vjp=lambda g, y, x: (g * (apply(I1E, x) - apply(SIGN, x) * y),),
    domain=(0.2, 3.0),
    notes="exp(-abs(x)) i0(x); derivative 0 at 0",
)
I1E: Elementwise = _function("i1e", vjp=_i1e_vjp, domain=(0.2, 3.0), notes="exp(-abs(x)) i1(x)")
J0: Elementwise = _function("j0", vjp=lambda g, y, x: (-(g * apply(J1, x)),))
J1: Elementwise = _function("j1", vjp=_j1_vjp)
BESSEL_J: Elementwise = _function(
    "bessel_j", numpy=_of_order("jv"), arity=2, domain=(0.6, 1.4), vjp=_bessel_j_vjp, notes=ROUNDED
)
BESSEL_I: Elementwise = _function(
    "bessel_i", numpy=_of_order("iv"), arity=2, domain=(0.6, 1.4), vjp=_bessel_i_vjp, notes=ROUNDED
)
BESSEL_IE: Elementwise = _function(
    "bessel_ie",
    numpy=_of_order("ive"),
    arity=2,
    domain=(0.6, 1.4),
    vjp=_bessel_ie_vjp,
    notes=f"exp(-abs(x)) bessel_i; {ROUNDED}",
)

BESSEL_OPS = (I0, I1, I0E, I1E, J0, J1, BESSEL_J, BESSEL_I, BESSEL_IE)
