"""Pools over windows of one to three axes, with torch's names, arguments and layouts.

Inputs are (n, channels, *sizes), or (channels, *sizes) for one image. Padding is at most half of a window, so that each
window has an element of the image. Sizes that are known not to fit raise ShapeError, others FeedError in the run.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from staticad.errors import ShapeError
from staticad.functional import elementwise
from staticad.functional.convolution import Numbers, batched, numbers
from staticad.functional.creation import arange
from staticad.functional.front import as_float
from staticad.functional.indexing import take, take_along_axis
from staticad.functional.linalg.products import matmul
from staticad.functional.movement import broadcast_to, expand_dims, moveaxis, squeeze
from staticad.functional.padding import pad
from staticad.functional.reductions import argmax, mean
from staticad.functional.reshaping import reshape_known
from staticad.ir.dims import Dim, Shape, Size, floordiv, maximum, minimum, product
from staticad.ir.dtypes import FLOAT64, INT64, DType, is_float
from staticad.ir.graph import Tensor
from staticad.ir.provenance import here
from staticad.ops.base import apply
from staticad.ops.convolution import CONVOLUTION
from staticad.ops.creation import fill
from staticad.ops.promotion import Operand, cast, to_tensor
from staticad.ops.windows import WINDOW_ARGMAX

Pooled = Tensor | tuple[Tensor, Tensor]


class _Windows:
    """The windows of a pool: their kernel, strides, pads, dilations and places."""

    def __init__(
        self, op: str, x: Tensor, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
    ) -> None:
        rank = x.ndim - 2
        self.kernel = numbers(op, "kernel_size", kernel, rank, 1)
        self.strides = self.kernel if stride is None else numbers(op, "stride", stride, rank, 1)
        self.pads = numbers(op, "padding", padding, rank, 0)
        self.dilations = numbers(op, "dilation", dilation, rank, 1)
        if any(2 * p > d * (k - 1) + 1 for p, d, k in zip(self.pads, self.dilations, self.kernel)):
            raise ShapeError(f"{op}: padding={padding!r} is more than half of the window {kernel!r}, at {here()}")
        self.sizes, self.ceil_mode = x.shape[2:], ceil_mode
        spans = [d * (k - 1) + 1 for d, k in zip(self.dilations, self.kernel)]
        places: list[Size] = []
        for size, span, s, p in zip(self.sizes, spans, self.strides, self.pads):
            free = size + 2 * p - span
            if isinstance(free, int) and free < 0:
                raise ShapeError(f"{op}: a window of {span} elements does not fit {size} with padding {p}, at {here()}")
            if ceil_mode:  # the last window has to begin inside of the image or of the padding before it
                places.append(minimum(floordiv(free + s - 1, s), floordiv(size + p - 1, s)) + 1)
            else:
                places.append(floordiv(free, s) + 1)
        self.places = tuple(places)

    def counts(self, x: Tensor, y: Tensor, count_include_pad: bool) -> Tensor | int:
        """How many elements each window has."""
        if not self.ceil_mode and (count_include_pad or not any(self.pads)):
            return math.prod(self.kernel)
        found: Tensor | int = 1
        for axis, (n, k, s, p) in enumerate(zip(self.sizes, self.kernel, self.strides, self.pads)):
            first = arange(y.shape[axis + 2]) * s - p
            last = elementwise.minimum(first + k, to_tensor(n + p))
            if not count_include_pad:
                first, last = elementwise.maximum(first, 0), elementwise.minimum(last, to_tensor(n))
            found = found * expand_dims(last - first, tuple(range(1, len(self.kernel) - axis)))
        return cast(to_tensor(found), y.dtype)


def _prepared(op: str, rank: int, x: Operand) -> tuple[Tensor, bool]:
    a = to_tensor(x)
    return batched(op, a, rank)


def _alone(y: Tensor, alone: bool) -> Tensor:
    return squeeze(y, 0) if alone else y


# ---- averages --------------------------------------------------------------------------------------------------------


def _average(
    op: str, rank: int, x: Operand, kernel: Any, stride: Any, padding: Any, ceil_mode: bool,
    count_include_pad: bool, divisor: int | None,
) -> Tensor:  # fmt: skip
    image, alone = _prepared(op, rank, x)
    image = as_float(image)
    if divisor is not None and (not isinstance(divisor, (int, float, np.integer, np.floating)) or divisor == 0):
        raise ShapeError(f"{op}: divisor_override has to be a number, and not 0: {divisor!r}, at {here()}")
    windows = _Windows(op, image, kernel, stride, padding, 1, ceil_mode)
    if windows.kernel == windows.strides and not any(windows.pads) and _divide(windows.sizes, windows.kernel):
        y = _tiles(image, windows.kernel)
        if divisor is not None:
            y = y * (math.prod(windows.kernel) / divisor)
        return _alone(y, alone)
    y = _sums(image, windows)
    return _alone(y / (windows.counts(image, y, count_include_pad) if divisor is None else divisor), alone)


def _divide(sizes: Shape, kernel: tuple[int, ...]) -> bool:
    return all(isinstance(n, int) and n % k == 0 for n, k in zip(sizes, kernel))


def _tiles(x: Tensor, kernel: tuple[int, ...]) -> Tensor:
    """The means of windows that lie side by side and fill the image."""
    shape: list[Size] = list(x.shape[:2])
    for n, k in zip(x.shape[2:], kernel):
        shape += [floordiv(n, k), k]
    return mean(reshape_known(x, tuple(shape)), tuple(range(3, len(shape), 2)))


def _sums(x: Tensor, windows: _Windows) -> Tensor:
    """The sums of windows, by a convolution with ones; outside of the image stand zeros."""
    rank = len(windows.kernel)
    pads: list[tuple[int, int]] = []
    more: list[tuple[Size, Size]] = [(0, 0), (0, 0)]
    for n, k, s, p, m in zip(x.shape[2:], windows.kernel, windows.strides, windows.pads, windows.places):
        behind: Size = maximum((m - 1) * s + k - n - p, 0) if windows.ceil_mode else p
        pads.append((p, behind if isinstance(behind, int) else 0))
        more.append((0, 0 if isinstance(behind, int) else behind))
    if any(behind != 0 for _, behind in more):
        x = pad(x, more)
    flat = reshape_known(x, (product(x.shape[:2]), 1, *x.shape[2:]))
    ones = fill((1, 1, *windows.kernel), 1, x.dtype)
    y = apply(
        CONVOLUTION, flat, ones, strides=windows.strides, pads=tuple(pads), dilations=(1,) * rank, groups=1
    )  # fmt: skip
    return reshape_known(y, (*x.shape[:2], *y.shape[2:]))


def _lp(op: str, rank: int, x: Operand, norm: Any, kernel: Any, stride: Any, ceil_mode: bool) -> Tensor:
    if not isinstance(norm, (int, float, np.number)) or norm == 0:
        raise ShapeError(f"{op}: norm_type has to be a number other than 0, not {norm!r}, at {here()}")
    if norm == math.inf:
        found = _maximum(op, rank, x, kernel, stride, 0, 1, ceil_mode, False)
        assert isinstance(found, Tensor)
        return found
    powers = elementwise.power(as_float(x), norm)
    average = _average(op, rank, powers, kernel, stride, 0, ceil_mode, True, None)
    return elementwise.power(average * math.prod(numbers(op, "kernel_size", kernel, rank, 1)), 1 / norm)


# ---- maxima ----------------------------------------------------------------------------------------------------------


def _taken(x: Tensor, positions: Tensor) -> Tensor:
    """The elements of each channel at positions in row-major order."""
    places = positions.shape[2:]
    flat = reshape_known(x, (*x.shape[:2], product(x.shape[2:])))
    found = take_along_axis(flat, reshape_known(positions, (*x.shape[:2], product(places))), 2)
    return reshape_known(found, positions.shape)


def _maximum(
    op: str, rank: int, x: Operand, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool,
    return_indices: bool,
) -> Pooled:  # fmt: skip
    image, alone = _prepared(op, rank, x)
    windows = _Windows(op, image, kernel, stride, padding, dilation, ceil_mode)
    compared = image if is_float(image.dtype) else cast(image, FLOAT64)
    positions = apply(
        WINDOW_ARGMAX, compared, kernel=windows.kernel, strides=windows.strides, pads=windows.pads,
        dilations=windows.dilations, places=windows.places,
    )  # fmt: skip
    y = _alone(_taken(image, positions), alone)
    return (y, _alone(positions, alone)) if return_indices else y


# ---- windows that fill the image, as many as asked for ---------------------------------------------------------------


def _output(op: str, rank: int, x: Tensor, output_size: Any) -> tuple[Size, ...]:
    given = tuple(output_size) if isinstance(output_size, (list, tuple)) else (output_size,) * rank
    if len(given) != rank:
        raise ShapeError(f"{op}: output_size={output_size!r} has to be an int or {rank} of them, at {here()}")
    wanted = tuple(n if m is None else m for n, m in zip(x.shape[2:], given))
    return tuple(m if isinstance(m, Dim) else numbers(op, "output_size", m, 1, 1)[0] for m in wanted)


def _bounds(n: Size, m: Size) -> tuple[Tensor, Tensor]:
    """Where the windows begin and end."""
    size, count, places = to_tensor(n), to_tensor(m), arange(m)
    return places * size // count, ((places + 1) * size + (count - 1)) // count


def _adaptive_average(op: str, rank: int, x: Operand, output_size: Any) -> Tensor:
    image, alone = _prepared(op, rank, x)
    image = as_float(image)
    wanted = _output(op, rank, image, output_size)
    if all(isinstance(n, int) and isinstance(m, int) and n and n % m == 0 for n, m in zip(image.shape[2:], wanted)):
        kernel = tuple(int(n) // int(m) for n, m in zip(image.shape[2:], wanted))
        return _alone(_tiles(image, kernel), alone)
    for axis, m in enumerate(wanted, 2):
        image = moveaxis(matmul(moveaxis(image, axis, -1), _averaging(image.shape[axis], m, image.dtype)), -1, axis)
    return _alone(image, alone)


def _averaging(n: Size, m: Size, dtype: DType) -> Tensor:
    """The matrix (n, m) whose columns take the means of windows."""
    first, last = _bounds(n, m)
    place = expand_dims(arange(n), 1)
    inside = (place >= first) & (place < last)
    return cast(inside, dtype) / cast(last - first, dtype)


def _adaptive_maximum(op: str, rank: int, x: Operand, output_size: Any, return_indices: bool) -> Pooled:
    image, alone = _prepared(op, rank, x)
    wanted = _output(op, rank, image, output_size)
    windows, places = image, []
    for axis, (n, m) in enumerate(zip(image.shape[2:], wanted)):
        first, last = _bounds(n, m)
        longest = floordiv(n + m - 1, m) + (0 if isinstance(n, int) and isinstance(m, int) and n % m == 0 else 1)
        place = elementwise.minimum(expand_dims(first, 1) + arange(longest), expand_dims(last - 1, 1))
        places.append(place)
        windows = take(windows, place, 2 + 2 * axis)
    # (n, c, m0, k0, m1, k1, …) becomes (n, c, m0, m1, …, k0, k1, …)
    for axis in range(1, rank):
        windows = moveaxis(windows, 2 + 2 * axis, 2 + axis)
    shape = windows.shape[: 2 + rank]
    best = argmax(reshape_known(windows, (*shape, product(windows.shape[2 + rank :]))), -1)
    positions: Tensor = fill(shape, 0, INT64)
    spans = [place.shape[1] for place in places]
    for axis in range(rank):
        inner = to_tensor(product(spans[axis + 1 :]))
        tap = best // inner % to_tensor(spans[axis])
        lead = (*shape[: 2 + axis], *shape[3 + axis :])
        rows = moveaxis(tap, 2 + axis, -1)
        table = broadcast_to(places[axis], (*lead, *places[axis].shape))
        index = squeeze(take_along_axis(table, expand_dims(rows, -1), -1), -1)
        positions = positions * to_tensor(image.shape[2 + axis]) + moveaxis(index, -1, 2 + axis)
    y = _alone(_taken(image, positions), alone)
    return (y, _alone(positions, alone)) if return_indices else y


# ---- names -----------------------------------------------------------------------------------------------------------


def max_pool1d(
    input: Operand,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    dilation: Numbers = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Pooled:
    """The largest element of each window; the derivative goes to the first of equal ones, or to the last NaN.

    ``stride`` is the kernel size by default. With ``ceil_mode`` a last window may be cut off by the end of the image.
    With ``return_indices`` also the positions of the elements in row-major order, among those of a channel.
    """
    return _maximum("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(
    input: Operand,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    dilation: Numbers = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Pooled:
    """As `max_pool1d`, over two axes."""
    return _maximum("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(
    input: Operand,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    dilation: Numbers = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Pooled:
    """As `max_pool1d`, over three axes."""
    return _maximum("max_pool3d", 3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def avg_pool1d(
    input: Operand,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of each window. What is padded counts as zeros, or not at all without ``count_include_pad``."""
    return _average("avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


def avg_pool2d(
    input: Operand,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """As `avg_pool1d`, over two axes; the sums may be divided by ``divisor_override`` instead."""
    return _average(
        "avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def avg_pool3d(
    input: Operand,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """As `avg_pool2d`, over three axes."""
    return _average(
        "avg_pool3d", 3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def lp_pool1d(
    input: Operand, norm_type: float, kernel_size: Numbers, stride: Numbers | None = None, ceil_mode: bool = False
) -> Tensor:
    """The ``norm_type``-th root of the sum of these powers of each window."""
    return _lp("lp_pool1d", 1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: Operand, norm_type: float, kernel_size: Numbers, stride: Numbers | None = None, ceil_mode: bool = False
) -> Tensor:
    """As `lp_pool1d`, over two axes."""
    return _lp("lp_pool2d", 2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: Operand, norm_type: float, kernel_size: Numbers, stride: Numbers | None = None, ceil_mode: bool = False
) -> Tensor:
    """As `lp_pool1d`, over three axes."""
    return _lp("lp_pool3d", 3, input, norm_type, kernel_size, stride, ceil_mode)


Sizes = Size | None | Sequence[Size | None]


def adaptive_avg_pool1d(input: Operand, output_size: Sizes) -> Tensor:
    """The means of so many windows as ``output_size`` says, which fill the image: the i-th of m goes from ``i * size //
    m`` to ``ceil((i + 1) * size / m)``. None leaves an axis as it is."""
    return _adaptive_average("adaptive_avg_pool1d", 1, input, output_size)


def adaptive_avg_pool2d(input: Operand, output_size: Sizes) -> Tensor:
    """As `adaptive_avg_pool1d`, over two axes."""
    return _adaptive_average("adaptive_avg_pool2d", 2, input, output_size)


def adaptive_avg_pool3d(input: Operand, output_size: Sizes) -> Tensor:
    """As `adaptive_avg_pool1d`, over three axes."""
    return _adaptive_average("adaptive_avg_pool3d", 3, input, output_size)


def adaptive_max_pool1d(input: Operand, output_size: Sizes, return_indices: bool = False) -> Pooled:
    """The largest elements of the windows of `adaptive_avg_pool1d`; with ``return_indices`` also where they stand."""
    return _adaptive_maximum("adaptive_max_pool1d", 1, input, output_size, return_indices)


def adaptive_max_pool2d(input: Operand, output_size: Sizes, return_indices: bool = False) -> Pooled:
    """As `adaptive_max_pool1d`, over two axes."""
    return _adaptive_maximum("adaptive_max_pool2d", 2, input, output_size, return_indices)


def adaptive_max_pool3d(input: Operand, output_size: Sizes, return_indices: bool = False) -> Pooled:
    """As `adaptive_max_pool1d`, over three axes."""
    return _adaptive_maximum("adaptive_max_pool3d", 3, input, output_size, return_indices)
