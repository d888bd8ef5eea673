"""The order of frequencies: what they are, and with zero in the middle."""

from __future__ import annotations

from typing import Any

import numpy as np

from staticad.functional import elementwise
from staticad.functional.axes import normalize_axes
from staticad.functional.comparison import less
from staticad.functional.front import implements
from staticad.functional.shapes import as_size
from staticad.ir.dims import Size, floordiv
from staticad.ir.dtypes import FLOAT64
from staticad.ir.graph import Tensor
from staticad.ops.assemble import CONCATENATE
from staticad.ops.base import apply
from staticad.ops.creation import indices
from staticad.ops.parts import Run
from staticad.ops.promotion import Operand, cast, to_tensor


@implements(np.fft.fftshift)
def fftshift(x: Operand, axes: Any = None) -> Tensor:
    """The element of frequency zero moved to the middle of these axes, of all by default."""
    a = to_tensor(x)
    for axis in normalize_axes("fftshift", axes, a):
        a = _cut(a, axis, a.shape[axis] - floordiv(a.shape[axis], 2))
    return a


@implements(np.fft.ifftshift)
def ifftshift(x: Operand, axes: Any = None) -> Tensor:
    """The inverse of `fftshift`."""
    a = to_tensor(x)
    for axis in normalize_axes("ifftshift", axes, a):
        a = _cut(a, axis, floordiv(a.shape[axis], 2))
    return a


def _cut(x: Tensor, axis: int, at: Size) -> Tensor:
    """What stands behind a place of an axis, then what stands before."""
    return apply(CONCATENATE, Run(at, 1, x.shape[axis] - at).take(x, axis), Run(0, 1, at).take(x, axis), axis=axis)


def _divided(places: Tensor, n: Size, d: Operand) -> Tensor:
    return elementwise.multiply(cast(places, FLOAT64), elementwise.divide(1.0, elementwise.multiply(n, d)))


def fftfreq(n: Any, d: Operand = 1.0) -> Tensor:
    """The frequencies of the elements of `fft` of n samples at distances d: 0, 1, ..., -2, -1 times 1 / (n d)."""
    size = as_size(n)
    place = indices((size,), 0)
    return _divided(elementwise.where(less(place, floordiv(size + 1, 2)), place, place - size), size, d)


def rfftfreq(n: Any, d: Operand = 1.0) -> Tensor:
    """The frequencies of the elements of `rfft` of n samples at distances d: 0, 1, ..., n // 2 times 1 / (n d)."""
    size = as_size(n)
    return _divided(indices((floordiv(size, 2) + 1,), 0), size, d)
