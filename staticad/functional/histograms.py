"""Counting: how often numbers occur, and histograms, with NumPy's names. The number of bins is part of the graph.

Counts have no derivative; sums of weights are linear in the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.errors import DTypeError, GraphError, ShapeError
from staticad.functional import elementwise, reductions
from staticad.functional.creation import linspace, zeros
from staticad.functional.front import implements, public_names
from staticad.functional.movement import broadcast_to, ravel, reshape
from staticad.functional.shapes import as_size
from staticad.functional.sorting import searchsorted
from staticad.functional.updates import At
from staticad.ir.dims import Dim, Size
from staticad.ir.dtypes import FLOAT64, INT64, is_float
from staticad.ir.graph import Tensor, describe
from staticad.ir.provenance import here
from staticad.ir.types import Demands, same_shape
from staticad.ops.promotion import Operand, cast, to_tensor
from staticad.ops.sources import constant_array

Bins = int | Dim | Operand


def _fitting(op: str, x: Tensor, weights: Operand | None) -> Tensor | None:
    """The weights of the elements. Raises ShapeError where there are not as many."""
    if weights is None:
        return None
    w = to_tensor(weights)
    with Demands() as demands:
        if w.ndim != x.ndim or not same_shape(w.shape, x.shape, demands):
            raise ShapeError(f"{op}: weights need the shape of the elements ({describe(x)}, {describe(w)})")
        w = broadcast_to(w, x.shape)
        demands.met_by(w.node.constraints)
    return w


def _sums(index: Tensor, length: Size, weights: Tensor | None) -> Tensor:
    """How often each of the numbers below ``length`` occurs, or the sums of its weights."""
    if weights is None:
        return At(zeros(length, INT64))[index].add(1)
    return At(zeros(length, weights.dtype))[index].add(weights)


@implements(np.bincount)
def bincount(
    x: Operand, weights: Operand | None = None, minlength: int | Dim | None = None, *, length: int | Dim | None = None
) -> Tensor:
    """How often each of the integers 0, 1, 2 … occurs in x, or the float64 sums of the weights of those that are equal.

    The size of the result can't depend on data: it is ``minlength``, beyond which a number raises IndexOutOfBounds in
    the run, or as in JAX ``length``, beyond which numbers are not counted. Negative numbers raise IndexOutOfBounds.
    Raises GraphError without either.
    """
    a = to_tensor(x)
    if a.ndim != 1:
        raise ShapeError(f"bincount: needs one axis; use ravel ({describe(a)})")
    if is_float(a.dtype):
        raise DTypeError(f"bincount: counts integers, not {a.dtype}; use astype ({describe(a)})")
    if length is None and (minlength is None or (isinstance(minlength, int) and minlength == 0)):
        raise GraphError(
            "bincount: the size of the result would depend on data; give length= (larger numbers are not counted) or "
            f"minlength= (larger numbers raise an error) ({describe(a)})"
        )
    w = _fitting("bincount", a, weights)
    if w is not None:
        w = cast(w, FLOAT64)
    size = as_size(minlength if length is None else length)
    index = cast(a, INT64)
    slots = size if length is None else size + 1
    if length is not None:
        index = elementwise.minimum(index, to_tensor(size))
    index = elementwise.where(index < 0, index - to_tensor(slots), index)  # no place counts from the end
    return _sums(index, slots, w)[:size]


def _pair(op: str, what: str, value: Any) -> tuple[Any, Any]:
    if not isinstance(value, (list, tuple, np.ndarray)) or len(value) != 2:
        raise ShapeError(f"{op}: {what} has to be a pair, not {value!r} (at {here()})")
    return tuple(value)


def _range(op: str, a: Tensor, range: Sequence[Operand] | None) -> tuple[Tensor, Tensor]:
    """The ends of the bins, in a float type: those given, or those of the data, with room between them."""
    kind = a.dtype if is_float(a.dtype) else FLOAT64
    if range is not None:
        low, high = _pair(op, "range", range)
        numbers = [v for v in (low, high) if not isinstance(v, Tensor)]
        if not all(isinstance(v, (int, float, np.number)) and np.isfinite(v) for v in numbers):
            raise ShapeError(f"{op}: the range {range} is not finite ({describe(a)})")
        if len(numbers) == 2 and low > high:
            raise ShapeError(f"{op}: the range {range} ends before it begins ({describe(a)})")
        first, last = cast(to_tensor(low), kind), cast(to_tensor(high), kind)
    elif 0 in a.shape:
        first, last = to_tensor(0.0, kind), to_tensor(1.0, kind)
    else:
        first, last = cast(reductions.min(a), kind), cast(reductions.max(a), kind)
    same = first == last
    return elementwise.where(same, first - 0.5, first), elementwise.where(same, last + 0.5, last)


def _edges(op: str, a: Tensor, bins: Any, range: Sequence[Operand] | None) -> Tensor:
    if isinstance(bins, str):
        raise GraphError(f"{op}: how many bins {bins!r} makes depends on data; give their number ({describe(a)})")
    if isinstance(bins, (int, np.integer, Dim)):
        count = as_size(bins)
        if count == 0:
            raise ShapeError(f"{op}: needs a bin ({describe(a)})")
        first, last = _range(op, a, range)
        return linspace(first, last, count + 1)
    edges = to_tensor(bins)
    if edges.ndim != 1:
        raise ShapeError(f"{op}: bins are a number or edges along one axis ({describe(edges)})")
    known = constant_array(edges)
    if known is not None and (known[1:] < known[:-1]).any():
        raise ShapeError(f"{op}: bins have to ascend ({describe(edges)})")
    return edges


@implements(np.histogram_bin_edges)
def histogram_bin_edges(
    x: Operand, bins: Bins = 10, range: Sequence[Operand] | None = None, weights: Operand | None = None
) -> Tensor:
    """The edges of the bins that `histogram` counts in."""
    return _edges("histogram_bin_edges", ravel(x), bins, range)


def _bins(edges: Tensor, values: Tensor) -> Tensor:
    """The number of the bin of each value; of what lies outside, the number of bins. The last bin holds its end."""
    count = to_tensor(edges.shape[0] - 1)
    found = searchsorted(edges, values, "right") - 1
    found = elementwise.where(values == edges[-1], count - 1, found)
    return elementwise.where((found < 0) | (found >= count), count, found)


@implements(np.histogram)
def histogram(
    x: Operand,
    bins: Bins = 10,
    range: Sequence[Operand] | None = None,
    density: bool | None = None,
    weights: Operand | None = None,
) -> tuple[Tensor, Tensor]:
    """How many elements lie in each bin (int64), or the sums of their weights, and the edges of the bins.

    ``bins`` is their number, between the ends of ``range`` or of the data, or the edges themselves, in ascending order.
    Each bin holds its lower edge, the last one both. With ``density`` the float64 result has an integral of 1. NaN lies
    in no bin; where the range comes from data that hold NaN, the edges are NaN.
    """
    a = to_tensor(x)
    w = _fitting("histogram", a, weights)
    a = ravel(a)
    edges = _edges("histogram", a, bins, range)
    inner = None if w is None else cast(ravel(w), FLOAT64)
    counts = _sums(_bins(edges, a), edges.shape[0], inner)[:-1]
    if density:
        widths = cast(edges[1:] - edges[:-1], FLOAT64)
        return cast(counts, FLOAT64) / widths / reductions.sum(counts), edges
    return counts if w is None else cast(counts, w.dtype), edges


@implements(np.histogram2d)
def histogram2d(
    x: Operand,
    y: Operand,
    bins: Any = 10,
    range: Sequence[Sequence[Operand] | None] | None = None,
    density: bool | None = None,
    weights: Operand | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """The histogram of pairs (float64, with the bins of x along its first axis), and the edges of both. ``bins`` and
    ``range`` are one for both or two, as in `histogram`."""
    a, b = to_tensor(x), to_tensor(y)
    if a.ndim != 1 or b.ndim != 1:
        raise ShapeError(f"histogram2d: x and y need one axis ({describe(a)}, {describe(b)})")
    other = _fitting("histogram2d", a, b)
    assert other is not None
    w = _fitting("histogram2d", a, weights)
    two = tuple(bins) if isinstance(bins, (list, tuple)) and len(bins) == 2 else (bins, bins)
    ends = (None, None) if range is None else _pair("histogram2d", "range", range)
    columns, rows = (_edges("histogram2d", t, n, r) for t, n, r in zip((a, other), two, ends, strict=True))
    n, m = columns.shape[0], rows.shape[0]
    index = _bins(columns, a) * to_tensor(m) + _bins(rows, other)
    sums = _sums(index, n * m, None if w is None else cast(w, FLOAT64))
    counts = cast(reshape(sums, (n, m))[:-1, :-1], FLOAT64)
    if density:
        widths, heights = (cast(edges[1:] - edges[:-1], FLOAT64) for edges in (columns, rows))
        counts = counts / reshape(widths, (n - 1, 1)) / heights / reductions.sum(counts)
    return counts, columns, rows


if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
