"""Sums and the like over segments of rows, with JAX's names: segment_sum, segment_prod, segment_max, segment_min."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.errors import DTypeError, GraphError, ShapeError
from staticad.functional import elementwise
from staticad.functional.front import public_names
from staticad.functional.shapes import as_size
from staticad.functional.splitting import part
from staticad.ir.dims import Dim
from staticad.ir.dtypes import BOOL, INT64, DType, is_complex, is_integer
from staticad.ir.graph import Tensor, describe
from staticad.ir.types import may_be_equal
from staticad.ops.base import apply
from staticad.ops.creation import fill, size_tensor
from staticad.ops.indexing import SCATTER
from staticad.ops.promotion import Operand, cast, to_tensor
from staticad.ops.sources import constant_array


def segment_sum(data: Operand, segment_ids: Operand, num_segments: Any = None) -> Tensor:
    """The sums of the rows (slices along the first axis) of ``data`` that have the same number in ``segment_ids``: row
    s of the result is the sum of those with number s, and 0 where there are none.

    ``num_segments`` may be a size; without it the numbers have to be constants, of which the largest decides. As in
    JAX, rows whose number is negative or not below ``num_segments`` belong to no segment. Rows are added in their
    order. Raises GraphError, ShapeError and DTypeError for arguments that do not fit.
    """
    return _segments("segment_sum", "add", data, segment_ids, num_segments)


def segment_prod(data: Operand, segment_ids: Operand, num_segments: Any = None) -> Tensor:
    """The products of the rows of each segment, 1 where there are none; see `segment_sum`. Derivatives are right with
    zeros among the factors."""
    return _segments("segment_prod", "multiply", data, segment_ids, num_segments)


def segment_max(data: Operand, segment_ids: Operand, num_segments: Any = None) -> Tensor:
    """The largest elements of the rows of each segment, where there are none -inf or the lowest integer; see
    `segment_sum`. Elements that tie share the derivative equally."""
    return _segments("segment_max", "max", data, segment_ids, num_segments)


def segment_min(data: Operand, segment_ids: Operand, num_segments: Any = None) -> Tensor:
    """The smallest elements of the rows of each segment, where there are none inf or the highest integer; see
    `segment_sum`. Elements that tie share the derivative equally."""
    return _segments("segment_min", "min", data, segment_ids, num_segments)


def _segments(op: str, mode: str, data: Operand, segment_ids: Operand, num_segments: Any) -> Tensor:
    x, ids = to_tensor(data), to_tensor(segment_ids)
    given = f"{describe(x)}, {describe(ids)}"
    if not is_integer(ids.dtype):
        raise DTypeError(f"{op}: the numbers of the segments have to be integers ({given})")
    if x.ndim == 0 or ids.ndim != 1 or not may_be_equal(x.shape[0], ids.shape[0]):
        raise ShapeError(f"{op}: needs one number for each row ({given})")
    if x.dtype == BOOL:
        raise DTypeError(f"{op}: bools are not supported; use astype ({given})")
    if is_complex(x.dtype) and mode in ("max", "min"):
        raise DTypeError(f"{op}: complex numbers have no order ({given})")
    known = constant_array(ids)
    if num_segments is not None:
        count = num_segments if isinstance(num_segments, Dim) else as_size(num_segments)
    elif known is not None:
        count = max(int(known.max(initial=-1)) + 1, 0)
    else:
        raise GraphError(f"{op}: the size of the result depends on data; give num_segments ({given})")
    ids = cast(ids, INT64)
    base = fill((count, *x.shape[1:]), _neutral(mode, x.dtype), x.dtype)
    if known is not None and isinstance(count, int) and known.size and 0 <= known.min() and known.max() < count:
        return _scattered(base, x, ids, mode)
    # One more segment takes what belongs to none.
    rest = size_tensor(count)
    place = elementwise.where(ids < 0, rest, elementwise.minimum(ids, rest))
    longer = fill((count + 1, *x.shape[1:]), _neutral(mode, x.dtype), x.dtype)
    return part(_scattered(longer, x, place, mode), 0, 0, count)


def _scattered(base: Tensor, x: Tensor, ids: Tensor, mode: str) -> Tensor:
    return apply(SCATTER, base, x, ids, mode=mode, axes=(0,), position=0, aligned=False)


def _neutral(mode: str, dtype: DType) -> Any:
    if mode in ("add", "multiply"):
        return 0 if mode == "add" else 1
    lowest = mode == "max"
    if not is_integer(dtype):
        return -np.inf if lowest else np.inf
    limits = np.iinfo(dtype)
    return int(limits.min if lowest else limits.max)


if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
