"""Images of other sizes: interpolation, sampling at a grid, windows as columns, channels as pixels; as torch has them.

Everything is composed of indices and weights that follow from sizes, so sizes may be free.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from staticad.errors import ShapeError
from staticad.functional import elementwise
from staticad.functional.convolution import Numbers, batched, numbers
from staticad.functional.creation import arange
from staticad.functional.elementwise import where
from staticad.functional.front import as_float
from staticad.functional.indexing import take, take_along_axis
from staticad.functional.joining import stack
from staticad.functional.linalg.products import matmul
from staticad.functional.movement import broadcast_to, expand_dims, moveaxis, reshape, squeeze, swapaxes
from staticad.functional.padding import pad
from staticad.functional.pooling import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d
from staticad.functional.reshaping import reshape_known
from staticad.functional.shapes import as_shape
from staticad.ir.dims import Dim, Shape, Size, floordiv, product
from staticad.ir.dtypes import FLOAT32, FLOAT64, INT64, DType
from staticad.ir.graph import Tensor, describe
from staticad.ir.provenance import here
from staticad.ir.types import may_be_equal, may_be_same
from staticad.ops.barrier import of_shape
from staticad.ops.base import apply
from staticad.ops.creation import fill
from staticad.ops.indexing import SCATTER
from staticad.ops.promotion import Operand, as_operands, cast, to_tensor

Tap = tuple[Tensor, Tensor | None]  # places along an axis, and what their elements are multiplied with
LINEAR = {"linear": 1, "bilinear": 2, "trilinear": 3, "bicubic": 2}
AREAS = (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d)
_CUBIC = -0.75  # the slope of the kernel at 1, as in torch


# ---- interpolation ---------------------------------------------------------------------------------------------------


def interpolate(
    input: Operand,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
) -> Tensor:
    """An image (n, channels, *sizes) of other sizes: ``size``, or ``floor(size * scale_factor)``.

    ``mode`` is "nearest", "nearest-exact", "linear", "bilinear", "trilinear", "bicubic" or "area". With
    ``align_corners`` the outermost places stay where they are, else the outermost edges. A given ``scale_factor`` is
    the distance of places unless it is to be computed anew from the sizes.
    """
    x = to_tensor(input)
    rank = x.ndim - 2
    if rank not in (1, 2, 3):
        raise ShapeError(f"interpolate: the input has to be (n, channels) and one to three sizes: {describe(x)}")
    if mode not in (*LINEAR, "nearest", "nearest-exact", "area") or LINEAR.get(mode, rank) != rank:
        raise ShapeError(f"interpolate: mode={mode!r} is not there for {rank} sizes, at {here()}")
    if (size is None) == (scale_factor is None):
        raise ShapeError(f"interpolate: either size or scale_factor has to be given, at {here()}")
    if align_corners is not None and mode not in LINEAR:
        raise ShapeError(f"interpolate: align_corners= means nothing for mode={mode!r}, at {here()}")
    factors: list[float | None] = [None] * rank
    if size is not None:
        wanted = tuple(size) if isinstance(size, (list, tuple)) else (size,) * rank
        if len(wanted) != rank:
            raise ShapeError(f"interpolate: size={size!r} has to be one or {rank} sizes, at {here()}")
    else:
        given = list(scale_factor) if isinstance(scale_factor, (list, tuple)) else [scale_factor] * rank
        if len(given) != rank:
            raise ShapeError(f"interpolate: scale_factor={scale_factor!r} has to be one or {rank}, at {here()}")
        wanted = tuple(_scaled(n, float(f)) for n, f in zip(x.shape[2:], given))
        if not recompute_scale_factor:
            factors = [float(f) for f in given]
    for m in wanted:
        if not isinstance(m, Dim):
            numbers("interpolate", "size", m, 1, 1)
    if mode == "area":
        return AREAS[rank - 1](x, wanted)
    if mode in LINEAR:
        x = as_float(x)
    for axis, (m, factor) in enumerate(zip(wanted, factors), 2):
        taps = _taps(x.shape[axis], m, factor, mode, bool(align_corners), x.dtype)
        terms = []
        for index, weight in taps:
            term = take(x, index, axis)
            terms.append(term if weight is None else term * expand_dims(weight, tuple(range(1, x.ndim - axis))))
        x = sum(terms[1:], terms[0])
    return x


def _scaled(n: Size, factor: float) -> Size:
    if isinstance(n, int):
        return math.floor(n * factor)
    ratio = factor.as_integer_ratio()
    return floordiv(n * ratio[0], ratio[1])


def _taps(n: Size, m: Size, factor: float | None, mode: str, align: bool, dtype: DType) -> list[Tap]:
    """What each of m places takes of n."""
    last = to_tensor(n) - 1
    if mode in ("nearest", "nearest-exact"):
        # In float32, as torch does it whatever the dtype of the image is.
        scale = (
            cast(to_tensor(1 / factor), FLOAT32)
            if factor
            else cast(to_tensor(n), FLOAT32) / cast(to_tensor(m), FLOAT32)
        )
        place = cast(arange(m), FLOAT32) + (0.5 if mode == "nearest-exact" else 0.0)
        return [(elementwise.minimum(cast(elementwise.floor(place * scale), INT64), last), None)]
    place, size = cast(arange(m), FLOAT64), cast(to_tensor(n), FLOAT64)
    count = cast(to_tensor(m), FLOAT64)
    if align:
        source = place * ((size - 1) / elementwise.maximum(count - 1, 1.0))
        source = where(count > 1, source, 0.0)
    else:
        source = (place + 0.5) * (1 / factor if factor else size / count) - 0.5
    if mode == "bicubic":
        first = elementwise.floor(source)
        weights = _cubic(source - first)
        indices = [elementwise.minimum(elementwise.maximum(cast(first, INT64) + k, 0), last) for k in range(-1, 3)]
        return [(index, cast(weight, dtype)) for index, weight in zip(indices, weights)]
    source = elementwise.maximum(source, 0.0)
    low = elementwise.minimum(cast(elementwise.floor(source), INT64), last)
    share = elementwise.minimum(source - cast(low, FLOAT64), 1.0)
    return [(low, cast(1 - share, dtype)), (elementwise.minimum(low + 1, last), cast(share, dtype))]


def _cubic(t: Tensor) -> list[Tensor]:
    """The weights of four neighbours at a distance t behind the second (Keys, 1981)."""
    a = _CUBIC

    def inner(x: Tensor) -> Tensor:
        return ((a + 2) * x - (a + 3)) * x * x + 1

    def outer(x: Tensor) -> Tensor:
        return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a

    return [outer(t + 1), inner(t), inner(1 - t), outer(2 - t)]


# ---- a grid of places ------------------------------------------------------------------------------------------------


def affine_grid(theta: Operand, size: Sequence[Size], align_corners: bool = False) -> Tensor:
    """The places that an affine map takes those of an image of ``size`` (n, channels, *sizes) to, for `grid_sample`:
    (n, *sizes, r) for maps theta (n, r, r + 1), with coordinates from -1 to 1, that of the last axis first."""
    maps = as_float(theta)
    sizes = tuple(size)[2:]
    rank = len(sizes)
    known = (*maps.shape[:1], rank, rank + 1)
    if rank not in (2, 3) or not may_be_same(maps.shape, known):
        raise ShapeError(f"affine_grid: theta has to be (n, r, r + 1) for r sizes, not {describe(maps)} for {size}")
    maps = of_shape(maps, known)
    coordinates = []
    for axis, n in reversed(list(enumerate(sizes))):
        place, count = cast(arange(n), FLOAT64), cast(to_tensor(n), FLOAT64)
        if align_corners:
            line = where(count > 1, place * (2 / elementwise.maximum(count - 1, 1.0)) - 1, 0.0)
        else:
            line = (2 * place + 1) / count - 1
        line = expand_dims(cast(line, maps.dtype), tuple(range(1, rank - axis)))
        coordinates.append(broadcast_to(line, sizes))
    coordinates.append(fill(sizes, 1, maps.dtype))
    base = reshape_known(stack(coordinates, -1), (product(sizes), rank + 1))
    return reshape_known(matmul(base, swapaxes(maps, 1, 2)), (maps.shape[0], *sizes, rank))


def grid_sample(
    input: Operand, grid: Operand, mode: str = "bilinear", padding_mode: str = "zeros", align_corners: bool = False
) -> Tensor:
    """The image (n, channels, *sizes) at the places of a grid (n, *places, r), whose coordinates go from -1 to 1, that
    of the last axis first.

    ``mode`` is "bilinear" (linear along all axes), "nearest" or "bicubic" (two axes). Places outside are 0
    (``padding_mode`` "zeros"), those of the edge ("border"), or of the image mirrored ("reflection"). With
    ``align_corners`` -1 and 1 are the centres of the outermost elements, else their outer edges.
    """
    x, places = as_operands("grid_sample", input, grid)
    x, places = as_float(x), as_float(places)
    rank = x.ndim - 2
    if rank not in (2, 3) or places.ndim != rank + 2 or not may_be_equal(places.shape[-1], rank):
        raise ShapeError(
            f"grid_sample: the grid of an image (n, channels) and r sizes has r axes of places, and one of r "
            f"coordinates ({describe(x)}, {describe(places)})"
        )
    if mode not in ("bilinear", "nearest", "bicubic") or (mode == "bicubic" and rank != 2):
        raise ShapeError(f"grid_sample: mode={mode!r} is not there for {rank} sizes, at {here()}")
    if padding_mode not in ("zeros", "border", "reflection"):
        raise ShapeError(f"grid_sample: padding_mode={padding_mode!r} is none of 'zeros', 'border', 'reflection'")
    places = of_shape(places, (*places.shape[:-1], rank))
    sampler = _Sampler(x, padding_mode, align_corners)
    choices: list[list[Tap]] = []
    for axis in range(rank):
        at = sampler.place(squeeze(take(places, np.array([rank - 1 - axis]), -1), -1), axis)
        if mode == "bicubic":
            first = elementwise.floor(at)
            choices.append([(first + (k - 1), w) for k, w in enumerate(_cubic(at - first))])
            continue
        at = sampler.padded(at, axis)
        if mode == "nearest":
            choices.append([(elementwise.rint(at), None)])
        else:
            first = elementwise.floor(at)
            choices.append([(first, 1 - (at - first)), (first + 1, at - first)])
    terms = [sampler.take(corner, mode == "bicubic") for corner in itertools.product(*choices)]
    return sum(terms[1:], terms[0])


class _Sampler:
    """An image whose elements are taken at places."""

    def __init__(self, x: Tensor, padding: str, align: bool) -> None:
        self.x, self.padding, self.align = x, padding, align
        self.flat = reshape_known(x, (*x.shape[:2], product(x.shape[2:])))
        self.sizes = [cast(to_tensor(n), x.dtype) for n in x.shape[2:]]

    def place(self, coordinate: Tensor, axis: int) -> Tensor:
        """In elements, from a coordinate between -1 and 1."""
        n = self.sizes[axis]
        return (coordinate + 1) * 0.5 * (n - 1) if self.align else ((coordinate + 1) * n - 1) * 0.5

    def padded(self, at: Tensor, axis: int) -> Tensor:
        """A place inside, where places outside mean one."""
        n = self.sizes[axis]
        if self.padding == "zeros":
            return at
        if self.padding == "reflection":
            low, span = (0.0, n - 1) if self.align else (-0.5, n)
            whole = elementwise.maximum(span, 1.0)
            distance = elementwise.absolute(at - low)
            turns = elementwise.floor(distance / whole)
            rest = distance - turns * whole
            at = where(elementwise.remainder(turns, 2.0) == 0, rest, span - rest) + low
            at = where(span > 0, at, 0.0)
        return elementwise.minimum(elementwise.maximum(at, 0.0), n - 1)

    def take(self, corner: Sequence[Tap], pads: bool) -> Tensor:
        """The elements at places that are whole numbers, times their weights; 0 outside."""
        position: Any = 0
        inside: Any = None
        weight: Any = None
        for axis, (at, share) in enumerate(corner):
            at = self.padded(at, axis) if pads else at
            n = self.sizes[axis]
            here_inside = (at >= 0) & (at <= n - 1)
            inside = here_inside if inside is None else inside & here_inside
            index = cast(elementwise.minimum(elementwise.maximum(at, 0.0), n - 1), INT64)
            last = to_tensor(self.x.shape[2 + axis]) - 1
            index = elementwise.minimum(elementwise.maximum(index, 0), last)
            position = position * to_tensor(self.x.shape[2 + axis]) + index
            if share is not None:
                weight = share if weight is None else weight * share
        shape: Shape = position.shape
        rows = reshape_known(position, (shape[0], 1, product(shape[1:])))
        found = take_along_axis(self.flat, rows, 2)
        found = reshape_known(found, (*found.shape[:2], *shape[1:]))
        found = where(expand_dims(inside, 1), found, 0.0)
        return found if weight is None else found * expand_dims(weight, 1)


# ---- windows as columns ----------------------------------------------------------------------------------------------


class _Columns:
    """Windows of an image with so many sizes, and the indices of what they hold in the padded image."""

    def __init__(self, op: str, sizes: Shape, kernel: Any, dilation: Any, padding: Any, stride: Any) -> None:
        rank = len(sizes)
        self.kernel = numbers(op, "kernel_size", kernel, rank, 1)
        self.pads = numbers(op, "padding", padding, rank, 0)
        dilations = numbers(op, "dilation", dilation, rank, 1)
        strides = numbers(op, "stride", stride, rank, 1)
        places: list[Size] = []
        self.indices: list[Tensor] = []
        for axis, (n, k, p, d, s) in enumerate(zip(sizes, self.kernel, self.pads, dilations, strides)):
            free = n + 2 * p - d * (k - 1) - 1
            if isinstance(free, int) and free < 0:
                raise ShapeError(f"{op}: a window of {k} elements does not fit {n} with padding {p}, at {here()}")
            places.append(floordiv(free, s) + 1)
            index = expand_dims(arange(k) * d, 1) + arange(places[-1]) * s
            after = rank - 1 - axis
            self.indices.append(
                reshape_known(index, ((1,) * axis + (k,) + (1,) * (rank - 1) + (places[-1],) + (1,) * after))
            )
        self.places = tuple(places)


def unfold(
    input: Operand, kernel_size: Numbers, dilation: Numbers = 1, padding: Numbers = 0, stride: Numbers = 1
) -> Tensor:
    """The windows of an image (n, channels, height, width) as columns: (n, channels * elements of a window, windows).
    What is padded is 0."""
    x, alone = batched("unfold", to_tensor(input), 2)
    columns = _Columns("unfold", x.shape[2:], kernel_size, dilation, padding, stride)
    if any(columns.pads):
        x = pad(x, [(0, 0), (0, 0), *((p, p) for p in columns.pads)])
    found = x[(slice(None), slice(None), *columns.indices)]
    found = reshape_known(found, (x.shape[0], x.shape[1] * math.prod(columns.kernel), product(columns.places)))
    return squeeze(found, 0) if alone else found


def fold(
    input: Operand,
    output_size: Any,
    kernel_size: Numbers,
    dilation: Numbers = 1,
    padding: Numbers = 0,
    stride: Numbers = 1,
) -> Tensor:
    """The adjoint of `unfold`: an image (n, channels, *output_size) in which the windows are added up."""
    x = to_tensor(input)
    if x.ndim not in (2, 3):
        raise ShapeError(f"fold: the input has to be (n, channels * elements of a window, windows): {describe(x)}")
    alone = x.ndim == 2
    x = expand_dims(x, 0) if alone else x
    sizes = tuple(output_size) if isinstance(output_size, (list, tuple)) else (output_size,) * 2
    if len(sizes) != 2:
        raise ShapeError(f"fold: output_size={output_size!r} has to be one or two sizes, at {here()}")
    sizes = as_shape(sizes)
    columns = _Columns("fold", sizes, kernel_size, dilation, padding, stride)
    elements, rows = math.prod(columns.kernel), x.shape[1]
    if isinstance(rows, int) and rows % elements:
        raise ShapeError(f"fold: {rows} rows are no windows of {elements} elements ({describe(x)})")
    windows = reshape(x, (x.shape[0], floordiv(rows, elements), *columns.kernel, *columns.places))
    outer = tuple(n + 2 * p for n, p in zip(sizes, columns.pads))
    base = fill((*windows.shape[:2], *outer), 0, x.dtype)
    indices = [broadcast_to(index, windows.shape[2:]) for index in columns.indices]
    image = apply(SCATTER, base, windows, *indices, axes=(2, 3), position=2, aligned=False, mode="add")
    for axis, (n, p) in enumerate(zip(sizes, columns.pads), 2):
        if p:
            image = take(image, arange(n) + p, axis)
    return squeeze(image, 0) if alone else image


# ---- channels as pixels ----------------------------------------------------------------------------------------------


def _factor(op: str, x: Tensor, factor: Any) -> int:
    if x.ndim < 3:
        raise ShapeError(f"{op}: the input needs channels, height and width: {describe(x)}")
    (found,) = numbers(op, "factor", factor, 1, 1)
    return found


def pixel_shuffle(input: Operand, upscale_factor: int) -> Tensor:
    """(…, channels * r * r, height, width) becomes (…, channels, height * r, width * r) for r the factor."""
    x = to_tensor(input)
    r = _factor("pixel_shuffle", x, upscale_factor)
    *lead, channels, height, width = x.shape
    if isinstance(channels, int) and channels % (r * r):
        raise ShapeError(f"pixel_shuffle: {channels} channels are no squares of {r} x {r} pixels ({describe(x)})")
    parts = reshape(x, (*lead, floordiv(channels, r * r), r, r, height, width))
    parts = moveaxis(parts, (-4, -3), (-3, -1))
    return reshape_known(parts, (*lead, floordiv(channels, r * r), height * r, width * r))


def pixel_unshuffle(input: Operand, downscale_factor: int) -> Tensor:
    """(…, channels, height * r, width * r) becomes (…, channels * r * r, height, width) for r the factor."""
    x = to_tensor(input)
    r = _factor("pixel_unshuffle", x, downscale_factor)
    *lead, channels, height, width = x.shape
    if any(isinstance(n, int) and n % r for n in (height, width)):
        raise ShapeError(f"pixel_unshuffle: the sizes are no multiples of {r} ({describe(x)})")
    parts = reshape(x, (*lead, channels, floordiv(height, r), r, floordiv(width, r), r))
    parts = moveaxis(parts, (-3, -1), (-4, -3))
    return reshape_known(parts, (*lead, channels * r * r, floordiv(height, r), floordiv(width, r)))
