"""Convolutions over one to three axes and their transposes, with torch's names, arguments and layouts.

Images are (n, channels, *sizes), or (channels, *sizes) for one alone; operands are promoted to a common float or
complex type.
Sizes that are known not to fit raise ShapeError, others FeedError in the run; integer attributes that make no sense
raise ShapeError.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from staticad.errors import ShapeError
from staticad.functional.front import as_float
from staticad.functional.movement import expand_dims, squeeze
from staticad.ir.dims import Dim, Size
from staticad.ir.dtypes import is_complex
from staticad.ir.graph import Tensor, describe
from staticad.ir.provenance import here
from staticad.ops.base import apply
from staticad.ops.complex import COMPLEX, IMAG, REAL
from staticad.ops.convolution import CONVOLUTION, CONVOLUTION_IMAGE, Pads
from staticad.ops.promotion import Operand, as_operands

Numbers = int | Sequence[int]
Padding = str | int | Sequence[int] | Sequence[tuple[int, int]]


def numbers(op: str, what: str, value: Any, rank: int, least: int) -> tuple[int, ...]:
    """One int for each axis of the window. Raises ShapeError."""
    given = tuple(value) if isinstance(value, (list, tuple)) else (value,) * rank
    if len(given) == 1:
        given *= rank
    if len(given) != rank or any(isinstance(v, (bool, np.ndarray)) or not hasattr(v, "__index__") for v in given):
        raise ShapeError(f"{op}: {what}={value!r} has to be an int, or {rank} of them, at {here()}")
    found = tuple(int(v) for v in given)
    if any(v < least for v in found):
        raise ShapeError(f"{op}: {what}={value!r} has to be at least {least} at {here()}")
    return found


def batched(op: str, x: Tensor, rank: int) -> tuple[Tensor, bool]:
    """An image with an axis for a batch, and whether that was added. Raises ShapeError."""
    if x.ndim not in (rank + 1, rank + 2):
        raise ShapeError(
            f"{op}: the input has to be (n, channels) or (channels) followed by {rank} sizes, not {describe(x)}"
        )
    return (expand_dims(x, 0), True) if x.ndim == rank + 1 else (x, False)


def _pads(op: str, padding: Any, kernel: tuple[Size, ...], stride: Any, dilation: tuple[int, ...]) -> Pads:
    """The places before and behind each axis."""
    rank = len(kernel)
    words = isinstance(padding, str)
    if words and padding == "valid":
        return ((0, 0),) * rank
    if words and padding == "same":
        if any(s != 1 for s in stride):
            raise ShapeError(f"{op}: padding='same' needs stride 1, not {stride}, at {here()}; give numbers")
        if any(isinstance(k, Dim) for k in kernel):
            raise ShapeError(f"{op}: padding='same' needs a kernel of known size, not {kernel}, at {here()}")
        totals = [d * (int(k) - 1) for d, k in zip(dilation, kernel)]
        return tuple((total // 2, total - total // 2) for total in totals)
    if words:
        raise ShapeError(f"{op}: padding={padding!r} has to be 'same', 'valid' or numbers, at {here()}")
    if isinstance(padding, (list, tuple)) and any(isinstance(p, (list, tuple)) for p in padding):
        if len(padding) != rank:
            raise ShapeError(f"{op}: padding={padding!r} has to have {rank} pairs, at {here()}")
        pairs = [numbers(op, "padding", pair, 2, 0) for pair in padding]
        return tuple((before, behind) for before, behind in pairs)
    return tuple((p, p) for p in numbers(op, "padding", padding, rank, 0))


def _operands(op: str, rank: int, x: Any, weight: Any, bias: Any) -> tuple[Tensor, Tensor, Tensor | None, bool]:
    found = as_operands(op, x, weight, *([] if bias is None else [bias]))
    image, filters, *added = map(as_float, found)
    if filters.ndim != rank + 2:
        raise ShapeError(f"{op}: the weight has to have {rank + 2} axes: {describe(filters)}")
    image, alone = batched(op, image, rank)
    if added and added[0].ndim != 1:
        raise ShapeError(f"{op}: the bias has to be a vector: {describe(added[0])}")
    return image, filters, added[0] if added else None, alone


def _finished(y: Tensor, bias: Tensor | None, rank: int, alone: bool) -> Tensor:
    if bias is not None:
        y = y + expand_dims(bias, tuple(range(1, rank + 1)))
    return squeeze(y, 0) if alone else y


def _of_parts(product: Callable[[Tensor, Tensor], Tensor], a: Tensor, b: Tensor) -> Tensor:
    """A product, of complex operands by the products of their real and imaginary parts."""
    if not is_complex(a.dtype):
        return product(a, b)
    (x, y), (u, v) = ((apply(REAL, t), apply(IMAG, t)) for t in (a, b))
    return apply(COMPLEX, product(x, u) - product(y, v), product(x, v) + product(y, u))


def _convolution(
    op: str, rank: int, x: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Tensor:
    image, filters, added, alone = _operands(op, rank, x, weight, bias)
    strides = numbers(op, "stride", stride, rank, 1)
    dilations = numbers(op, "dilation", dilation, rank, 1)
    pads = _pads(op, padding, filters.shape[2:], strides, dilations)
    (groups,) = numbers(op, "groups", groups, 1, 1)
    window: dict[str, Any] = {"strides": strides, "pads": pads, "dilations": dilations, "groups": groups}
    y = _of_parts(lambda a, b: apply(CONVOLUTION, a, b, **window), image, filters)
    return _finished(y, added, rank, alone)


def _transposed(
    op: str, rank: int, x: Any, weight: Any, bias: Any, stride: Any, padding: Any, output_padding: Any,
    groups: int, dilation: Any,
) -> Tensor:  # fmt: skip
    image, filters, added, alone = _operands(op, rank, x, weight, bias)
    strides = numbers(op, "stride", stride, rank, 1)
    dilations = numbers(op, "dilation", dilation, rank, 1)
    paddings = numbers(op, "padding", padding, rank, 0)
    more = numbers(op, "output_padding", output_padding, rank, 0)
    (groups,) = numbers(op, "groups", groups, 1, 1)
    for extra, s, d in zip(more, strides, dilations):
        if extra >= max(s, d):
            raise ShapeError(
                f"{op}: output_padding={output_padding!r} has to be smaller than stride or dilation, at {here()}"
            )
    sizes = tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + extra + 1
        for n, s, p, d, k, extra in zip(image.shape[2:], strides, paddings, dilations, filters.shape[2:], more)
    )
    # With dilation the last places may hold no window more, or one: the padding behind says that there is none.
    pads = tuple((p, p - extra) for p, extra in zip(paddings, more))
    window: dict[str, Any] = {"strides": strides, "pads": pads, "dilations": dilations, "groups": groups}
    y = _of_parts(lambda a, b: apply(CONVOLUTION_IMAGE, a, b, sizes=sizes, **window), image, filters)
    return _finished(y, added, rank, alone)


def _convolutions(rank: int) -> tuple[Callable[..., Tensor], Callable[..., Tensor]]:
    """The convolution over so many axes, and the transposed one."""
    axes = ("width", "height, width", "depth, height, width")[rank - 1]

    def conv(
        input: Operand,
        weight: Operand,
        bias: Operand | None = None,
        stride: Numbers = 1,
        padding: Padding = 0,
        dilation: Numbers = 1,
        groups: int = 1,
    ) -> Tensor:
        return _convolution(conv.__name__, rank, input, weight, bias, stride, padding, dilation, groups)

    def conv_transpose(
        input: Operand,
        weight: Operand,
        bias: Operand | None = None,
        stride: Numbers = 1,
        padding: Numbers = 0,
        output_padding: Numbers = 0,
        groups: int = 1,
        dilation: Numbers = 1,
    ) -> Tensor:
        return _transposed(
            conv_transpose.__name__, rank, input, weight, bias, stride, padding, output_padding, groups, dilation
        )

    conv.__name__ = conv.__qualname__ = f"conv{rank}d"
    conv.__doc__ = f"""The correlation of an image (n, channels, {axes}) with filters, as torch's function of that name.

        The weight is (filters, channels / groups, {axes}), the bias has one number for each filter. ``padding`` are
        zeros around the image: numbers, pairs of numbers (before and behind), "valid" (none) or "same" (as large a
        result as the image; stride 1). ``dilation`` is the distance between elements that a filter meets. A result has
        ``(size + padding - dilation * (kernel - 1) - 1) // stride + 1`` places along an axis.
        """
    conv_transpose.__name__ = conv_transpose.__qualname__ = f"conv_transpose{rank}d"
    conv_transpose.__doc__ = f"""The adjoint of `conv{rank}d` by its image, as torch's function of that name.

        The input is (n, channels, {axes}), the weight (channels, filters / groups, {axes}). A result has ``(size - 1) *
        stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1`` places along an axis.
        """
    return conv, conv_transpose


conv1d, conv_transpose1d = _convolutions(1)
conv2d, conv_transpose2d = _convolutions(2)
conv3d, conv_transpose3d = _convolutions(3)

__all__ = [
    "batched", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "numbers",
]  # fmt: skip
