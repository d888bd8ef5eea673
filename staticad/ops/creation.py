"""Tensors made from sizes alone: a filled array, the indices along an axis, a size as a number."""

from __future__ import annotations

from typing import Any

import numpy as np

from staticad.ir.dims import Shape, Size
from staticad.ir.dtypes import BOOL, INT64, DType, is_float
from staticad.ir.graph import Tensor
from staticad.ops.base import Creation, apply


def _iota(*, shape: tuple[int, ...], dtype: DType, axis: int) -> np.ndarray:
    along = [1] * len(shape)
    along[axis] = shape[axis]
    return np.broadcast_to(np.arange(shape[axis]).astype(dtype).reshape(along), shape)


def _size(*, size: int, dtype: DType, shape: tuple[int, ...] = ()) -> np.ndarray:
    return np.asarray(size, dtype)


FULL = Creation("full", "fill", numpy=lambda *, shape, dtype, value: np.full(shape, value, dtype))
IOTA = Creation("iota", "iota", numpy=_iota)
SIZE = Creation("size", "size", numpy=_size)

CREATION_OPS = (FULL, IOTA, SIZE)


def fill(shape: Shape, value: Any, dtype: DType) -> Tensor:
    """An array of one number; the number is kept as a Python bool, int or float, whichever the dtype holds."""
    kind = bool if dtype == BOOL else float if is_float(dtype) else int
    return apply(FULL, shape=shape, dtype=dtype, value=kind(value))


def indices(shape: Shape, axis: int, dtype: DType = INT64) -> Tensor:
    """An array whose elements are their own index along the axis."""
    return apply(IOTA, shape=shape, dtype=dtype, axis=axis)


def size_tensor(size: Size) -> Tensor:
    """A size as an int64 scalar."""
    return apply(SIZE, size=size, dtype=INT64)
