"""Convolution as networks have it (a correlation), and its two adjoints: by the image and by the weights.

All three are products of two tensors, and the derivative of each is made of the other two: so derivatives of every
order are these ops again, and a transposed convolution is the adjoint by the image.

    y[n, o, p] = sum over c, k of x[n, c, stride p - pad + dilation k] w[o, c, k]

for positions p and k of one to three axes; x is 0 outside. Channels are cut into groups that do not meet.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Any

import numpy as np

from staticad.errors import DTypeError, FeedError, ShapeError
from staticad.ir.demands import Needed
from staticad.ir.dims import Shape, Size, at_least, floordiv
from staticad.ir.dtypes import is_float, unsupported
from staticad.ir.graph import Attrs, Node, Tensor
from staticad.ir.types import Demands, TensorType, same_size
from staticad.ops.base import Inferred, Op, apply

Pads = tuple[tuple[int, int], ...]
Tangents = Sequence[Tensor | None]


class Way(IntEnum):
    """Which of the three tensors is computed of the two others."""

    RESULT = 0
    IMAGE = 1
    WEIGHT = 2


def room(size: Size, kernel: Size, pads: tuple[int, int], dilation: int) -> Size:
    """How many places there are for a window along an axis, with a stride of 1."""
    return size + sum(pads) - (kernel - 1) * dilation


def places(sizes: Shape, kernel: Shape, strides: tuple[int, ...], pads: Pads, dilations: tuple[int, ...]) -> Shape:
    """The sizes of a result. Raises ShapeError where a window is known not to fit."""
    found: list[Size] = []
    for axis, (size, window, stride, pad, dilation) in enumerate(zip(sizes, kernel, strides, pads, dilations)):
        free = room(size, window, pad, dilation)
        if at_least(free * -1, 0) or window == 0:
            raise ShapeError(
                f"a window of {window} elements with dilation {dilation} does not fit axis {axis} of {size} elements "
                f"with padding {pad}"
            )
        found.append(floordiv(free - 1, stride) + 1)
    return tuple(found)


class Convolution(Op):
    """Inputs are two of the image (n, channels, *sizes), the weights (filters, channels per group, *kernel) and the
    result (n, filters, *places), in this order; the third is computed. Attrs strides, pads, dilations (one for each
    axis), groups, and ``sizes``, those of the image or of the kernel where that is computed. With ``parts`` the images
    are cut into so many runs, and the weights get an axis for them in front: what lowering makes of the sum over
    images (`staticad.lower.families.convolution`)."""

    family, remembered = "convolution", True
    title = "Convolution"
    about = "Over one to three axes, in groups of channels; each is linear in both operands, and derives to the others."
    ulps = None

    def __init__(self, name: str, way: Way, *, parts: bool = False, **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self.way, self.parts = way, parts

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        first, second = inputs
        if first.dtype != second.dtype:
            raise DTypeError(f"operands of dtypes {first.dtype} and {second.dtype}; cast them first")
        if not is_float(first.dtype):
            raise DTypeError(unsupported(first.dtype))
        rank = len(attrs["strides"]) + 2
        if first.ndim != rank or second.ndim != rank:
            raise ShapeError(f"operands of {first.ndim} and {second.ndim} axes instead of {rank}")
        with Demands() as demands:
            image, weight, result = shapes(self.way, first.shape, second.shape, attrs)
            groups = attrs["groups"]
            _equal(image[0], result[0], "images", demands)
            _equal(image[1], weight[1] * groups, f"channels in {groups} groups", demands)
            _equal(result[1], weight[0], "filters", demands)
            _equal(floordiv(weight[0], groups) * groups, weight[0], f"filters in {groups} groups", demands)
            fitting = places(image[2:], weight[2:], attrs["strides"], attrs["pads"], attrs["dilations"])
            for size, other in zip(fitting, result[2:], strict=True):
                _equal(size, other, "places of the window", demands)
            shape = (image, weight, result)[_MADE[self.way]]
            if self.parts:
                shape = (attrs["parts"], *shape)
            return (TensorType(shape, first.dtype),), demands.close()

    def needed(self, node: Node) -> list[Needed]:
        image, weight, _ = shapes(self.way, node.inputs[0].shape, node.inputs[1].shape, node.attrs)
        found = []
        for axis, (size, kernel) in enumerate(zip(image[2:], weight[2:])):
            pad, dilation = node.attrs["pads"][axis], node.attrs["dilations"][axis]
            text = (
                f"{self.called} of {node.inputs[0].type} and {node.inputs[1].type}: the window does not fit axis {axis}"
            )
            found.append(Needed(room(size, kernel, pad, dilation), 1, FeedError, text))
            found.append(Needed(size + 1, 1, FeedError, f"{self.called}: the result has no size along axis {axis}"))
            found.append(Needed(kernel, 1, FeedError, f"{self.called}: a window without elements along axis {axis}"))
        return found


_MADE = {Way.RESULT: 2, Way.IMAGE: 0, Way.WEIGHT: 1}


def _equal(one: Size, other: Size, what: str, demands: Demands) -> None:
    if same_size(one, other, demands) is None:
        raise ShapeError(f"{one} and {other} are different numbers of {what}")


def shapes(way: Way, first: Shape, second: Shape, attrs: Attrs) -> tuple[Shape, Shape, Shape]:
    """The shapes of image, weights and result, of which two are given."""
    if way == Way.RESULT:
        sizes = places(first[2:], second[2:], attrs["strides"], attrs["pads"], attrs["dilations"])
        return first, second, (first[0], second[0], *sizes)
    if way == Way.IMAGE:
        return (first[0], second[1] * attrs["groups"], *attrs["sizes"]), second, first
    return first, (second[1], floordiv(first[1], attrs["groups"]), *attrs["sizes"]), second


# ---- reference -------------------------------------------------------------------------------------------------------


def _framed(x: np.ndarray, pads: Pads) -> np.ndarray:
    """The image with zeros around it; a negative padding takes places away."""
    outer = [max(0, n + lo + hi) for n, (lo, hi) in zip(x.shape[2:], pads)]
    result = np.zeros((*x.shape[:2], *outer), x.dtype)
    into, of = _overlap(x.shape[2:], outer, pads)
    result[into] = x[of]
    return result


def _unframed(x: np.ndarray, pads: Pads, sizes: Sequence[int]) -> np.ndarray:
    result = np.zeros((*x.shape[:2], *sizes), x.dtype)
    into, of = _overlap(sizes, x.shape[2:], pads)
    result[of] = x[into]
    return result


def _overlap(sizes: Sequence[int], outer: Sequence[int], pads: Pads) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    begins = [max(0, -lo) for lo, _ in pads]
    ends = [max(b, min(n, m - lo)) for b, n, m, (lo, _) in zip(begins, sizes, outer, pads)]
    of = (slice(None),) * 2 + tuple(slice(b, e) for b, e in zip(begins, ends))
    into = (slice(None),) * 2 + tuple(slice(b + lo, e + lo) for b, e, (lo, _) in zip(begins, ends, pads))
    return into, of


def _taps(kernel: Sequence[int], places: Sequence[int], strides: Any, dilations: Any) -> Iterator[tuple[Any, Any]]:
    """The places of the kernel, each with what it meets of the framed image."""
    for tap in itertools.product(*map(range, kernel)):
        window = [slice(k * d, k * d + s * (n - 1) + 1, s) for k, d, s, n in zip(tap, dilations, strides, places)]
        yield (..., *tap), (slice(None),) * 3 + tuple(window)


def _grouped(x: np.ndarray, groups: int, axis: int) -> np.ndarray:
    return x.reshape((*x.shape[:axis], groups, x.shape[axis] // groups, *x.shape[axis + 1 :]))


def _result_numpy(x: np.ndarray, w: np.ndarray, strides: Any, pads: Any, dilations: Any, groups: int) -> np.ndarray:
    framed, filters = _grouped(_framed(x, pads), groups, 1), _grouped(w, groups, 0)
    sizes = places(x.shape[2:], w.shape[2:], strides, pads, dilations)
    result = np.zeros((x.shape[0], groups, filters.shape[1], *sizes), x.dtype)
    for tap, window in _taps(w.shape[2:], result.shape[3:], strides, dilations):
        result += np.einsum("ngc...,goc->ngo...", framed[window], filters[tap])
    return result.reshape((x.shape[0], w.shape[0], *sizes))


def _image_numpy(
    g: np.ndarray, w: np.ndarray, strides: Any, pads: Any, dilations: Any, groups: int, sizes: Any
) -> np.ndarray:
    filters, cotangents = _grouped(w, groups, 0), _grouped(g, groups, 1)
    outer = [n + lo + hi for n, (lo, hi) in zip(sizes, pads)]
    framed = np.zeros((g.shape[0], groups, w.shape[1], *outer), g.dtype)
    for tap, window in _taps(w.shape[2:], g.shape[2:], strides, dilations):
        framed[window] += np.einsum("ngo...,goc->ngc...", cotangents, filters[tap])
    return _unframed(framed.reshape((g.shape[0], groups * w.shape[1], *outer)), pads, sizes)


def _weight_numpy(
    x: np.ndarray, g: np.ndarray, strides: Any, pads: Any, dilations: Any, groups: int, sizes: Any
) -> np.ndarray:
    framed, cotangents = _grouped(_framed(x, pads), groups, 1), _grouped(g, groups, 1)
    result = np.zeros((groups, cotangents.shape[2], framed.shape[2], *sizes), x.dtype)
    for tap, window in _taps(sizes, g.shape[2:], strides, dilations):
        result[tap] = np.einsum("ngcp,ngop->goc", _flat(framed[window]), _flat(cotangents))
    return result.reshape((g.shape[1], framed.shape[2], *sizes))


def _flat(x: np.ndarray) -> np.ndarray:
    return x.reshape((*x.shape[:3], int(np.prod(x.shape[3:]))))


# ---- the ops ---------------------------------------------------------------------------------------------------------


def _result_vjp(g: Tensor, y: Tensor, x: Tensor, w: Tensor, **window: Any) -> tuple[Tensor, Tensor]:
    by_image = apply(CONVOLUTION_IMAGE, g, w, sizes=x.shape[2:], **window)
    return by_image, apply(CONVOLUTION_WEIGHT, x, g, sizes=w.shape[2:], **window)


def _image_vjp(g: Tensor, y: Tensor, r: Tensor, w: Tensor, sizes: Shape, **window: Any) -> tuple[Tensor, Tensor]:
    return apply(CONVOLUTION, g, w, **window), apply(CONVOLUTION_WEIGHT, g, r, sizes=w.shape[2:], **window)


def _weight_vjp(g: Tensor, y: Tensor, x: Tensor, r: Tensor, sizes: Shape, **window: Any) -> tuple[Tensor, Tensor]:
    return apply(CONVOLUTION_IMAGE, r, g, sizes=x.shape[2:], **window), apply(CONVOLUTION, x, g, **window)


def _jvp(ts: Tangents, y: Tensor, a: Tensor, b: Tensor, **attrs: Any) -> Tensor | None:
    """The product rule."""
    left = apply(y.op, ts[0], b, **attrs) if ts[0] is not None else None
    right = apply(y.op, a, ts[1], **attrs) if ts[1] is not None else None
    if left is None or right is None:
        return left if right is None else right
    return left + right


CONVOLUTION = Convolution(
    "convolution",
    Way.RESULT,
    numpy=_result_numpy,
    vjp=_result_vjp,
    jvp=_jvp,
    notes="attrs strides, pads (before and behind each axis), dilations, groups",
)
"""(n, c, *sizes), (o, c / groups, *kernel) -> (n, o, *places)."""

CONVOLUTION_IMAGE = Convolution(
    "convolution_image",
    Way.IMAGE,
    numpy=_image_numpy,
    vjp=_image_vjp,
    jvp=_jvp,
    notes="a transposed convolution, which is the adjoint by the image; attr sizes are those of its result",
)
"""(n, o, *places), (o, c / groups, *kernel) -> (n, c, *sizes)."""

CONVOLUTION_WEIGHT = Convolution(
    "convolution_weight",
    Way.WEIGHT,
    numpy=_weight_numpy,
    vjp=_weight_vjp,
    jvp=_jvp,
    notes="the adjoint by the weights; attr sizes are those of the kernel",
)
"""(n, c, *sizes), (n, o, *places) -> (o, c / groups, *kernel)."""

CONVOLUTION_OPS = (CONVOLUTION, CONVOLUTION_IMAGE, CONVOLUTION_WEIGHT)
