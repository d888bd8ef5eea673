"""Activations of neural networks that are ops of their own, for the sake of their derivatives."""

from __future__ import annotations

import numpy as np

from staticad.ir.expressions import Expression, add, call, constant, div
from staticad.ir.graph import Tensor
from staticad.ops.arithmetic import ABS
from staticad.ops.base import Elementwise, apply


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

ACTIVATION_OPS = (SOFTSIGN,)
