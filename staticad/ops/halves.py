"""Floats of 16 bits as they are kept: from their bits to float32 and back.

Graphs have tensors of float16 and bfloat16; kernels compute in float32, and what is kept in 16 bits are uint16 numbers
for them (`staticad.halves`).
"""

from __future__ import annotations

import numpy as np

from staticad.ir.dtypes import FLOAT16, DType, is_float
from staticad.ops.base import Elementwise


def _widened_bfloat16(bits: np.ndarray) -> np.ndarray:
    return (bits.astype(np.uint32) << 16).view(np.float32)


def _to_odd(x: np.ndarray) -> np.ndarray:
    """As float32, rounded to zero and with the last bit set where that changed something: so a second rounding gives
    what one alone gives."""
    near = x.astype(np.float32)
    bits = near.view(np.uint32)
    beyond = np.abs(near.astype(np.float64)) > np.abs(x)
    inexact = (near.astype(np.float64) != x) & ~np.isnan(x)
    return np.where(inexact, (bits - beyond) | 1, bits).astype(np.uint32).view(np.float32)


def _narrowed_float16(x: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return x.astype(np.float16).view(np.uint16)


def _narrowed_bfloat16(x: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        bits = (_to_odd(x) if x.dtype == np.float64 else x).view(np.uint32)
    rounded = (bits + (((bits >> 16) & 1) + 0x7FFF).astype(np.uint32)) >> 16
    return np.where(np.isnan(x), (bits >> 16) | 0x40, rounded).astype(np.uint16)


WIDEN_FLOAT16 = Elementwise(
    "widen_float16",
    numpy=lambda bits: bits.view(np.float16).astype(np.float32),
    operands="u",
    only="uint16",
    result="float32",
    cost=2,
    ulps=0,
    nondifferentiable=True,
    notes="the float16 with these bits",
)

WIDEN_BFLOAT16 = Elementwise(
    "widen_bfloat16",
    numpy=_widened_bfloat16,
    operands="u",
    only="uint16",
    result="float32",
    ulps=0,
    nondifferentiable=True,
    notes="the bfloat16 with these bits",
)

NARROW_FLOAT16 = Elementwise(
    "narrow_float16",
    numpy=_narrowed_float16,
    operands="f",
    result="uint16",
    cost=2,
    ulps=0,
    nondifferentiable=True,
    notes="the bits of the nearest float16, halves to even",
)

NARROW_BFLOAT16 = Elementwise(
    "narrow_bfloat16",
    numpy=_narrowed_bfloat16,
    operands="f",
    result="uint16",
    cost=5,
    ulps=0,
    nondifferentiable=True,
    notes="the bits of the nearest bfloat16, halves to even",
)


def rounded(x: np.ndarray, dtype: DType) -> np.ndarray:
    """Real numbers as those of a 16-bit dtype, in float32."""
    floats = x if is_float(x.dtype) else x.astype(np.float64)
    if dtype == FLOAT16:
        return _narrowed_float16(floats).view(np.float16).astype(np.float32)
    return _widened_bfloat16(_narrowed_bfloat16(floats))


HALF_OPS = (WIDEN_FLOAT16, WIDEN_BFLOAT16, NARROW_FLOAT16, NARROW_BFLOAT16)
