"""Hyperbolic functions and their inverses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from staticad.ir.dtypes import is_complex
from staticad.ir.graph import Tensor
from staticad.ops.arithmetic import RSQRT
from staticad.ops.base import Domain, Elementwise, apply
from staticad.ops.plane import HYPOT
from staticad.ops.sources import constant


def _function(
    name: str,
    numpy: Callable[..., Any],
    vjp: Callable[[Tensor, Tensor, Tensor], tuple[Tensor]],
    domain: Domain = (-2.0, 2.0),
    notes: str = "",
    cost: int = 30,
) -> Elementwise:
    return Elementwise(name, numpy=numpy, operands="fc", cost=cost, domain=domain, vjp=vjp, notes=notes)


def _arccosh_vjp(g: Tensor, y: Tensor, x: Tensor) -> tuple[Tensor]:
    """By two factors, which do not overflow."""
    return (g * (apply(RSQRT, x - 1) * apply(RSQRT, x + 1)),)


def _arcsinh_vjp(g: Tensor, y: Tensor, x: Tensor) -> tuple[Tensor]:
    """1 / sqrt(1 + x**2); of complex numbers by the factors of the root, which do not overflow."""
    if is_complex(x.dtype):
        turned = x * 1j
        return (g * (apply(RSQRT, 1 + turned) * apply(RSQRT, 1 - turned)),)
    return (g / apply(HYPOT, x, constant(1, x.dtype)),)


SINH: Elementwise = _function("sinh", np.sinh, lambda g, y, x: (g * apply(COSH, x),))
COSH: Elementwise = _function("cosh", np.cosh, lambda g, y, x: (g * apply(SINH, x),), cost=22)
ARCSINH = _function("arcsinh", np.arcsinh, _arcsinh_vjp)
ARCCOSH = _function(
    "arccosh", np.arccosh, _arccosh_vjp, domain=(1.2, 3.0), notes="NaN below 1; derivative infinite at 1"
)
ARCTANH = _function(
    "arctanh",
    np.arctanh,
    lambda g, y, x: (g / ((1 - x) * (1 + x)),),
    domain=(-0.8, 0.8),
    notes="infinite at -1 and 1, as its derivative is; NaN beyond",
)

HYPERBOLIC_OPS = (SINH, COSH, ARCSINH, ARCCOSH, ARCTANH)
