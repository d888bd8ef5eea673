"""Angles: the inverse trigonometric functions. The angle of a point is in `staticad.ops.plane`."""

from __future__ import annotations

import numpy as np

from staticad.ir.dtypes import is_complex
from staticad.ir.graph import Tensor
from staticad.ops.arithmetic import RSQRT
from staticad.ops.base import Elementwise, apply


def _slope(x: Tensor) -> Tensor:
    """1 / sqrt(1 - x**2), by factors that keep their digits near -1 and 1; roots of both do not overflow either."""
    if is_complex(x.dtype):
        return apply(RSQRT, 1 - x) * apply(RSQRT, 1 + x)
    return apply(RSQRT, (1 - x) * (1 + x))


ARCSIN = Elementwise(
    "arcsin",
    numpy=np.arcsin,
    operands="fc",
    cost=25,
    domain=(-0.8, 0.8),
    vjp=lambda g, y, x: (g * _slope(x),),
    notes="NaN beyond -1 and 1, where the derivative is infinite",
)

ARCCOS = Elementwise(
    "arccos",
    numpy=np.arccos,
    operands="fc",
    cost=25,
    domain=(-0.8, 0.8),
    vjp=lambda g, y, x: (-(g * _slope(x)),),
    notes="NaN beyond -1 and 1, where the derivative is infinite",
)

ARCTAN = Elementwise(
    "arctan",
    numpy=np.arctan,
    operands="fc",
    cost=25,
    vjp=lambda g, y, x: (g / (x * x + 1),),
)


ANGLE_OPS = (ARCSIN, ARCCOS, ARCTAN)
