"""Casts between dtypes, and rounding to integral values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from staticad.ir.dtypes import DType, is_complex, is_inexact
from staticad.ir.graph import Tensor
from staticad.ops.base import ASKED, Cast, Elementwise, apply
from staticad.ops.complex import REAL


def _cast_vjp(g: Tensor, y: Tensor, x: Tensor, dtype: DType) -> tuple[Tensor | None]:
    """Casts between floats hand the cotangent back; a cast from or to integers depends on nothing smoothly. A real
    number that became complex varies in its real part alone."""
    if not is_inexact(x.dtype) or not is_inexact(dtype):
        return (None,)
    if is_complex(dtype) and not is_complex(x.dtype):
        g = apply(REAL, g)
    return (apply(CAST, g, dtype=x.dtype),)


CAST = Cast(
    "cast",
    numpy=lambda x, dtype: x.astype(dtype),
    operands="biufc",
    result=ASKED,
    ulps=0.5,
    vjp=_cast_vjp,
    certain=True,
    notes="between floats and complex numbers the cotangent is cast back; to and from others nothing is connected",
)


def _rounding(name: str, numpy: Callable[..., Any], notes: str = "") -> Elementwise:
    return Elementwise(name, numpy=numpy, operands="f", ulps=0, nondifferentiable=True, notes=notes)


FLOOR = _rounding("floor", np.floor)
CEIL = _rounding("ceil", np.ceil)
TRUNC = _rounding("trunc", np.trunc)
ROUND = _rounding("round", np.rint, notes="halves to even")

CONVERSION_OPS = (CAST, FLOOR, CEIL, TRUNC, ROUND)
