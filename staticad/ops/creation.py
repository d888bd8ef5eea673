"""Tensors made from sizes alone: filled arrays, indices along an axis, row-major positions, a size as a number."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from staticad.ir.dims import Shape, Size
from staticad.ir.dtypes import BOOL, INT64, DType, is_inexact
from staticad.ir.graph import Attrs, Tensor
from staticad.ir.types import TensorType
from staticad.ops.base import Creation, Inferred, apply


def _iota(*, shape: tuple[int, ...], dtype: DType, axis: int) -> np.ndarray:
    along = [1] * len(shape)
    along[axis] = shape[axis]
    return np.broadcast_to(np.arange(shape[axis]).astype(dtype).reshape(along), shape)


def _position(*, shape: tuple[int, ...], dtype: DType) -> np.ndarray:
    return np.arange(math.prod(shape)).astype(dtype).reshape(shape)


def _size(*, size: int, dtype: DType, shape: tuple[int, ...] = ()) -> np.ndarray:
    return np.asarray(size, dtype)


class Full(Creation):
    """attrs shape, dtype, value."""


class Empty(Full):
    """attrs shape, dtype, value (a zero, where somebody reads it all the same)."""


class Iota(Creation):
    """attrs shape, dtype, axis."""


class Position(Creation):
    """attrs shape, dtype."""


class SizeNumber(Creation):
    """A scalar: attrs size, dtype."""

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        return (TensorType((), attrs["dtype"]),), ()


FULL = Full(
    "full",
    numpy=lambda *, shape, dtype, value: np.full(shape, value, dtype),
    notes="one number everywhere",
)
EMPTY = Empty(
    "empty",
    numpy=lambda *, shape, dtype, value: np.zeros(shape, dtype),
    notes="an array of which only what is written is read; no time is spent on its contents",
)
IOTA = Iota(
    "iota",
    numpy=_iota,
    notes="the own index along an axis; `arange`, `eye`, `linspace` and `tril` are made of it",
)
POSITION = Position(
    "position",
    numpy=_position,
    notes="the own index in row-major order; the counters of `sa.random`",
)
SIZE = SizeNumber("size", numpy=_size, result="int64", notes="a size as a number")

CREATION_OPS = (FULL, EMPTY, IOTA, POSITION, SIZE)


def fill(shape: Shape, value: Any, dtype: DType) -> Tensor:
    """An array of one number; the number, which is real, is kept as a Python bool, int or float, whichever the dtype
    holds."""
    kind = bool if dtype == BOOL else float if is_inexact(dtype) else int
    return apply(FULL, shape=shape, dtype=dtype, value=kind(value))


def zeros(kind: TensorType) -> Tensor:
    """Zeros of that type."""
    return fill(kind.shape, 0, kind.dtype)


def indices(shape: Shape, axis: int, dtype: DType = INT64) -> Tensor:
    """An array whose elements are their own index along the axis."""
    return apply(IOTA, shape=shape, dtype=dtype, axis=axis)


def positions(shape: Shape, dtype: DType = INT64) -> Tensor:
    """An array whose elements are numbered in row-major order."""
    return apply(POSITION, shape=shape, dtype=dtype)


def size_tensor(size: Size) -> Tensor:
    """A size as an int64 scalar."""
    return apply(SIZE, size=size, dtype=INT64)
