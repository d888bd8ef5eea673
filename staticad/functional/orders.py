"""Some places of the order along an axis: what sorting, its relatives and quantiles have in common."""

from __future__ import annotations

from collections.abc import Sequence

from staticad.functional.comparison import isnan
from staticad.functional.complex import imag, real
from staticad.functional.indexing import take_along_axis
from staticad.functional.movement import moveaxis
from staticad.ir.dims import Size
from staticad.ir.dtypes import BOOL, FLOAT32, FLOAT64, INT32, INT64, UINT32, UINT64, DType, is_complex
from staticad.ir.graph import Tensor
from staticad.ops.base import apply, apply_all
from staticad.ops.promotion import cast
from staticad.ops.slicing import SLICE
from staticad.ops.sorting import SORT

SORTED = (INT32, INT64, UINT64, FLOAT32, FLOAT64)  # what there are kernels for


def sortable(dtype: DType) -> DType:
    """The dtype of the same order in which elements are sorted."""
    if dtype == BOOL or (dtype.kind in "iu" and dtype.itemsize < 4):
        return INT32
    return INT64 if dtype == UINT32 else dtype


def part_sorted(a: Tensor, axis: int, first: Size, count: Size, descending: bool = False) -> tuple[Tensor, Tensor]:
    """Some places of the order along an axis: the elements there, and their places before. Nothing else is sorted."""
    last = moveaxis(a, axis, -1)
    if is_complex(a.dtype):
        shape = (*last.shape[:-1], count)
        starts, steps = (*(0 for _ in shape[1:]), first), (1,) * last.ndim
        places = apply(SLICE, _by_parts(last, descending), starts=starts, steps=steps, sizes=shape)
        return moveaxis(take_along_axis(last, places, -1), -1, axis), moveaxis(places, -1, axis)
    row = cast(last, sortable(a.dtype))
    values, places = apply_all(SORT, row, first=first, k=count, descending=int(descending))
    return moveaxis(cast(values, a.dtype), -1, axis), moveaxis(places, -1, axis)


def _by_parts(x: Tensor, descending: bool) -> Tensor:
    """The places that sort complex numbers: by the real part, then by the imaginary one; behind them, as NumPy has it,
    those whose imaginary part is NaN, those whose real part is, and those without either."""
    re, im = real(x), imag(x)
    unordered = cast(isnan(im), INT32) + 2 * cast(isnan(re), INT32)
    return by_keys([im, re, unordered], -1, descending)


def by_keys(keys: Sequence[Tensor], axis: int, descending: bool) -> Tensor:
    """The places that sort by the last key first."""
    found = _places(keys[0], axis, descending)
    for key in keys[1:]:
        order = _places(take_along_axis(key, found, axis), axis, descending)
        found = take_along_axis(found, order, axis)
    return found


def _places(key: Tensor, axis: int, descending: bool) -> Tensor:
    return part_sorted(key, axis, 0, key.shape[axis], descending)[1]
