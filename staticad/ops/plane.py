"""Functions of a point of the plane, its coordinates being the operands."""

from __future__ import annotations

import numpy as np

from staticad.ir.graph import Tensor
from staticad.ops.base import Elementwise, apply
from staticad.ops.comparison import EQUAL
from staticad.ops.creation import zeros
from staticad.ops.selection import select, zero_like
from staticad.ops.sources import constant


def joined(re: np.ndarray, im: np.ndarray) -> np.ndarray:
    """The complex numbers with these parts, whatever they are: infinite ones make no NaN of the other part."""
    result = np.empty(np.broadcast_shapes(re.shape, im.shape), np.result_type(re.dtype, np.complex64))
    result.real, result.imag = re, im
    return result


def _hypot_vjp(g: Tensor, y: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """The direction of the point; 0 at the origin."""
    zero = apply(EQUAL, y, zero_like(y))
    length = select(zero, constant(1, y.dtype), y)
    return select(zero, zero_like(g), g * (a / length)), select(zero, zero_like(g), g * (b / length))


def _arctan2_vjp(g: Tensor, y: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    length = apply(HYPOT, a, b)
    scaled = g / length
    return scaled * (b / length), -(scaled * (a / length))


def _log_hypot_vjp(g: Tensor, y: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    length = apply(HYPOT, a, b)
    scaled = g / length
    return scaled * (a / length), scaled * (b / length)


def _copysign_vjp(g: Tensor, y: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    one = constant(1, a.dtype)
    return apply(COPYSIGN, one, a) * apply(COPYSIGN, one, b) * g, zeros(y.type)


HYPOT: Elementwise = Elementwise(
    "hypot",
    numpy=np.hypot,
    arity=2,
    operands="f",
    cost=15,
    vjp=_hypot_vjp,
    notes="without overflow; derivative 0 at the origin",
)

LOG_HYPOT = Elementwise(
    "log_hypot",
    numpy=lambda a, b: np.log(joined(a, b)).real.copy(),
    arity=2,
    operands="f",
    cost=40,
    vjp=_log_hypot_vjp,
    notes="log(hypot), exact near hypot = 1; the real part of `log` of complex numbers",
)

ARCTAN2 = Elementwise(
    "arctan2",
    numpy=np.arctan2,
    arity=2,
    operands="f",
    cost=30,
    vjp=_arctan2_vjp,
    notes="the angle of a point, its second coordinate first; derivative NaN at the origin",
)

COPYSIGN: Elementwise = Elementwise(
    "copysign",
    numpy=np.copysign,
    arity=2,
    operands="f",
    ulps=0,
    smooth_domains=((0.5, 2.0), (0.5, 2.0)),
    vjp=_copysign_vjp,
    notes="the magnitude of the first operand with the sign of the second; derivative 0 in that",
)

PLANE_OPS = (HYPOT, LOG_HYPOT, ARCTAN2, COPYSIGN)
