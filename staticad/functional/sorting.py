"""Sorting and searching with NumPy's names, along one axis, or of the flattened tensor where ``axis`` is None.

NaN stands behind all numbers (in front of them where the order is descending), both zeros are equal, and what is equal
stays in its order: every sort is stable, whichever kind is asked for. Derivatives go by the order that is found: a
sorted element is the element that it was before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.errors import ShapeError
from staticad.functional.axes import normalize_axis
from staticad.functional.front import implements, public_names
from staticad.functional.movement import moveaxis, ravel
from staticad.ir.dtypes import BOOL, FLOAT32, FLOAT64, INT32, INT64, UINT32, UINT64, DType
from staticad.ir.graph import Tensor, describe
from staticad.ops.base import apply_all
from staticad.ops.promotion import Operand, cast, to_tensor
from staticad.ops.sorting import SORT

SORTED = (INT32, INT64, UINT64, FLOAT32, FLOAT64)  # what there are kernels for
_KINDS = (None, "quicksort", "mergesort", "heapsort", "stable")


def _sortable(dtype: DType) -> DType:
    """The dtype of the same order in which elements are sorted."""
    if dtype == BOOL or (dtype.kind in "iu" and dtype.itemsize < 4):
        return INT32
    return INT64 if dtype == UINT32 else dtype


def _row(op: str, x: Operand, axis: Any) -> tuple[Tensor, int]:
    """The tensor, and which of its axes; flattened for None."""
    a = to_tensor(x)
    return (ravel(a), 0) if axis is None else (a, normalize_axis(op, axis, a))


def _sorted(op: str, x: Operand, axis: Any, kind: str | None, descending: bool) -> tuple[Tensor, Tensor]:
    """The elements in order, and their places before."""
    a, place = _row(op, x, axis)
    if kind not in _KINDS:
        raise ShapeError(f"{op}: kind {kind!r} is none of {', '.join(map(repr, _KINDS[1:]))} ({describe(a)})")
    if not isinstance(descending, (bool, np.bool_)):
        raise ShapeError(f"{op}: descending has to be True or False, not {descending!r} ({describe(a)})")
    last = moveaxis(a, place, -1)
    values, places = apply_all(SORT, cast(last, _sortable(a.dtype)), descending=int(descending))
    return moveaxis(cast(values, a.dtype), -1, place), moveaxis(places, -1, place)


@implements(np.sort)
def sort(
    x: Operand,
    axis: int | None = -1,
    kind: str | None = None,
    *,
    stable: bool | None = None,
    descending: bool = False,
) -> Tensor:
    """A sorted copy. ``kind`` and ``stable`` are NumPy's, and the same whatever they are: the sort is stable."""
    return _sorted("sort", x, axis, kind, descending)[0]


@implements(np.argsort)
def argsort(
    x: Operand,
    axis: int | None = -1,
    kind: str | None = None,
    *,
    stable: bool | None = None,
    descending: bool = False,
) -> Tensor:
    """The int64 indices that sort: ``take_along_axis(x, argsort(x))`` is `sort`. Of equal elements the first comes
    first, also where the order is descending."""
    return _sorted("argsort", x, axis, kind, descending)[1]


if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
