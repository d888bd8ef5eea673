"""Activations of neural networks that are ops of their own, for the sake of their derivatives."""

from __future__ import annotations

import numpy as np

from staticad.ir.expressions import Expression, add, call, constant, div, mul, sub
from staticad.ir.graph import Tensor
from staticad.ops.arithmetic import ABS, SQUARE
from staticad.ops.base import Elementwise, apply
from staticad.ops.transcendental import TANH


def _softsign(x: Expression) -> Expression:
    sign = call("copysign", constant(1, x.dtype), x)
    return call("where", call("isinf", x), sign, div(x, add(call("abs", x), 1)))


def _softsign_of_array(x: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.where(np.isinf(x), np.sign(x), x / (1 + np.abs(x)))


def _softsign_vjp(g: Tensor, y: Tensor, x: Tensor) -> tuple[Tensor]:
    distance = apply(ABS, x) + 1
    return (g / distance / distance,)


SOFTSIGN = Elementwise(
    "softsign",
    numpy=_softsign_of_array,
    code=_softsign,
    operands="f",
    cost=8,
    ulps=1,
    vjp=_softsign_vjp,
    notes="x / (1 + abs(x)), with -1 and 1 for infinities; second derivative 0 at 0",
)

# Up to 1.25 the ninth convergent of Lambert's continued fraction, tanh(x) = x / (1 + z / (3 + z / (5 + ...))) with
# z = x**2: tanhshrink(x) = x z ABOVE(z) / BELOW(z), to 2**-55. Coefficients are positive, so no digits cancel.
_ABOVE = (1 / 218243025, 2 / 305235, 3 / 2261, 7 / 95, 1.0)
_BELOW = (1 / 218243025, 1 / 146965, 7 / 4845, 28 / 323, 27 / 19, 3.0)


def _tanhshrink(x: Expression) -> Expression:
    z = mul(x, x)
    near = mul(x, mul(z, div(_polynomial(z, _ABOVE), _polynomial(z, _BELOW))))
    return call("where", call("less", call("abs", x), constant(1.25, x.dtype)), near, sub(x, call("tanh", x)))


def _polynomial(z: Expression, coefficients: tuple[float, ...]) -> Expression:
    total: Expression = constant(coefficients[0], z.dtype)
    for coefficient in coefficients[1:]:
        total = add(mul(total, z), coefficient)
    return total


def _tanhshrink_of_array(x: np.ndarray) -> np.ndarray:
    """Near 0 by the series of x cosh(x) - sinh(x), whose terms have one sign."""
    near = np.clip(x.astype(np.float64), -2, 2)
    term, total = near, np.zeros_like(near)
    for k in range(1, 20):
        term = term * near * near / (2 * k * (2 * k + 1))
        total += 2 * k * term
    with np.errstate(invalid="ignore"):
        found = np.where(np.abs(x) < 2, total / np.cosh(near), x - np.tanh(x))
    return np.copysign(found, x).astype(x.dtype)


TANHSHRINK = Elementwise(
    "tanhshrink",
    numpy=_tanhshrink_of_array,
    code=_tanhshrink,
    operands="f",
    cost=45,
    ulps=4,
    vjp=lambda g, y, x: (g * apply(SQUARE, apply(TANH, x)),),
    notes="x - tanh(x), exact near 0",
)

ACTIVATION_OPS = (SOFTSIGN, TANHSHRINK)
