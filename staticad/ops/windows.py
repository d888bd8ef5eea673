"""Where the largest element of each window stands: all that max pooling and its derivatives need."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import numpy as np

from staticad.errors import DTypeError, FeedError, ShapeError
from staticad.ir.demands import Needed
from staticad.ir.dims import at_least, product
from staticad.ir.dtypes import INT64, is_float, unsupported
from staticad.ir.graph import Attrs, Node
from staticad.ir.types import TensorType
from staticad.ops.base import Inferred, Op


class WindowExtreme(Op):
    """Input (n, channels, *sizes); attrs kernel, strides, pads (before each axis), dilations and places, the sizes of
    the result. An element of it is the position in row-major order, among all of its channel, of the largest element
    of the window: the first of equal ones, the last NaN. What is outside of the image does not count."""

    family, remembered = "window", True
    title, about = "Windows", "Over the axes behind those of images and channels."
    result = "int64"

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        (x,) = inputs
        if not is_float(x.dtype):
            raise DTypeError(unsupported(x.dtype))
        if x.ndim != len(attrs["kernel"]) + 2:
            raise ShapeError(f"an operand of {x.ndim} axes for windows of {len(attrs['kernel'])}")
        for axis, size in enumerate((*x.shape[2:], *attrs["places"])):
            if at_least(size * -1, 0):
                raise ShapeError(f"windows of {attrs['kernel']} elements do not fit axis {axis % (x.ndim - 2)} of {x}")
        return (TensorType((*x.shape[:2], *attrs["places"]), INT64),), ()

    def needed(self, node: Node) -> list[Needed]:
        x = node.inputs[0]
        text = f"{self.called} of {x.type}: the window does not fit axis "
        unless = product(x.shape[:2])
        return [
            Needed(size, unless, FeedError, text + str(axis % (x.ndim - 2)))
            for axis, size in enumerate((*x.shape[2:], *node.attrs["places"]))
        ]


def _positions_numpy(x: np.ndarray, kernel: Any, strides: Any, pads: Any, dilations: Any, places: Any) -> np.ndarray:
    shape = (*x.shape[:2], *places)
    best, found, fresh = np.full(shape, -np.inf, x.dtype), np.zeros(shape, np.int64), np.ones(shape, bool)
    strides_of_axes = np.cumprod((1, *x.shape[:2:-1]))[::-1]
    for tap in itertools.product(*map(range, kernel)):
        at = [np.arange(n) * s - p + k * d for n, s, p, k, d in zip(places, strides, pads, tap, dilations)]
        valid = functools.reduce(np.logical_and.outer, [(0 <= i) & (i < n) for i, n in zip(at, x.shape[2:])])
        place = sum(i * int(step) for i, step in zip(np.ix_(*at), strides_of_axes))
        value = x[:, :, *np.ix_(*(np.clip(i, 0, n - 1) for i, n in zip(at, x.shape[2:])))] if x.size else best
        taken = valid & (fresh | (value > best) | np.isnan(value))
        best, found, fresh = np.where(taken, value, best), np.where(taken, place, found), fresh & ~taken
    return found


WINDOW_ARGMAX = WindowExtreme(
    "window_argmax",
    called="max_pool",
    numpy=_positions_numpy,
    nondifferentiable=True,
    notes="position of the largest element in each window; max pooling takes the elements from there",
)

WINDOW_OPS = (WINDOW_ARGMAX,)
