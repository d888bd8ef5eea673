"""Powers and logarithms of base 2 and 10, logarithms of sums of powers, and the cube root."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from staticad.ir.graph import Tensor
from staticad.ops.base import Elementwise, apply
from staticad.ops.comparison import EQUAL, ISINF, LOGICAL_AND
from staticad.ops.selection import select, zero_like
from staticad.ops.transcendental import SIGMOID

EXP2 = Elementwise(
    "exp2",
    numpy=np.exp2,
    operands="fc",
    cost=14,
    vjp=lambda g, y, x: (g * (y * math.log(2)),),
    notes="exact for whole numbers",
)


def _logarithm(name: str, numpy: Callable[..., Any], base: int) -> Elementwise:
    return Elementwise(
        name,
        numpy=numpy,
        operands="fc",
        cost=22,
        domain=(0.2, 3.0),
        vjp=lambda g, y, x: (g / x * (1 / math.log(base)),),
        notes=f"-inf at 0, NaN below; exact at powers of {base}",
    )


LOG2 = _logarithm("log2", np.log2, 2)
LOG10 = _logarithm("log10", np.log10, 10)

CBRT = Elementwise(
    "cbrt",
    numpy=np.cbrt,
    operands="f",
    cost=20,
    domain=(0.2, 3.0),
    vjp=lambda g, y, x: (g / (y * y * 3),),
    notes="negative for negative numbers; derivative infinite at 0",
)


def _log_of_sum(name: str, numpy: Callable[..., Any], base: float) -> Elementwise:
    def vjp(g: Tensor, y: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        same = apply(LOGICAL_AND, apply(EQUAL, a, b), apply(ISINF, a))
        distance = select(same, zero_like(a), (a - b) * math.log(base))
        return g * apply(SIGMOID, distance), g * apply(SIGMOID, -distance)

    return Elementwise(
        name,
        numpy=numpy,
        arity=2,
        operands="f",
        commutative=True,
        cost=40,
        ulps=None,
        vjp=vjp,
        notes="no overflow; within 2 units in the last place of the larger one of result and operands; "
        "equal infinities get half the cotangent each",
    )


LOGADDEXP = _log_of_sum("logaddexp", np.logaddexp, math.e)
LOGADDEXP2 = _log_of_sum("logaddexp2", np.logaddexp2, 2.0)

POWER_OPS = (EXP2, LOG2, LOG10, CBRT, LOGADDEXP, LOGADDEXP2)
