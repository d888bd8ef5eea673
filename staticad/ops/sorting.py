"""Sorting and searching along the last axis.

Elements are compared as NumPy sorts them: NaN behind all numbers, both zeros equal. Everything is stable: what is equal
stays in its order.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from staticad.ir.dims import Size
from staticad.ir.graph import Attrs, Tensor
from staticad.ir.types import Demands, TensorType
from staticad.ops.base import Inferred, apply
from staticad.ops.creation import zeros
from staticad.ops.indexing import GATHER_ALONG, SCATTER_ALONG
from staticad.ops.library import Library
from staticad.ops.slicing import check_region


class Sorting(Library):
    """A library routine for the rows of the last axis."""

    family = "sorting"
    title = "Sorting and searching"
    about = (
        "Along the last axis; all axes before it are a batch. NaN stands behind all numbers, both zeros are equal, and "
        "what is equal stays in its order."
    )
    ulps = 0


class Ordering(Sorting):
    """Some places of the order of each row: attr first and those behind it, as many as attr k, or one."""

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        types, constraints = super().infer(inputs, attrs)
        with Demands(constraints) as demands:
            check_region(inputs[0].shape[-1:], (attrs["first"],), (1,), (attrs.get("k", 1),), demands)
            return types, demands.close()


def _sort_numpy(x: np.ndarray, first: int, k: int, descending: int) -> tuple[np.ndarray, np.ndarray]:
    places = np.argsort(x[..., ::-1] if descending else x, axis=-1, kind="stable")
    if descending:
        places = x.shape[-1] - 1 - places[..., ::-1]
    places = places[..., first : first + k].astype(np.int64)
    return np.take_along_axis(x, places, -1), places


def _moved_vjp(gs: Sequence[Tensor | None], ys: Sequence[Tensor], x: Tensor, **attrs: Size) -> tuple[Tensor]:
    """Every cotangent goes to where its element came from."""
    g, _ = gs
    assert g is not None
    last = (x.ndim - 1,)
    return (apply(SCATTER_ALONG, zeros(x.type), g, ys[1], axes=last, position=0, aligned=True, mode="add"),)


def _moved_jvp(
    ts: Sequence[Tensor | None], ys: Sequence[Tensor], x: Tensor, **attrs: Size
) -> tuple[Tensor | None, None]:
    (t,) = ts
    assert t is not None
    return apply(GATHER_ALONG, t, ys[1], axes=(x.ndim - 1,), position=0, aligned=True), None


SORT = Ordering(
    "sort",
    signature="(n)->(k),(k):int64",
    operands="iuf",
    functions=("sort_keys", "sort_words"),
    optional=(0, 1),
    workspace=lambda n, k: 32 * n,  # keys, words, room to sort them, places
    work=lambda n, k: 12 * n + 8 * k,
    numpy=_sort_numpy,
    vjp=_moved_vjp,
    jvp=_moved_jvp,
    notes="the elements in order and their places before: of the whole order the attr k places from attr first on; "
    "attr descending; what nobody reads is not made",
)


def _partition_numpy(x: np.ndarray, first: int) -> tuple[np.ndarray, np.ndarray]:
    if x.shape[-1] == 0:
        return x, np.zeros(x.shape, np.int64)
    pivots = np.sort(x, -1)[..., first, None]
    greater, equal = x > pivots, (x == pivots)
    if x.dtype.kind == "f":
        greater |= np.isnan(x) & ~np.isnan(pivots)
        equal |= np.isnan(x) & np.isnan(pivots)
    places = np.argsort(np.where(equal, 1, 2 * greater), axis=-1, kind="stable").astype(np.int64)
    return np.take_along_axis(x, places, -1), places


PARTITION = Ordering(
    "partition",
    signature="(n)->(n),(n):int64",
    operands="iuf",
    functions=("sort_keys",),
    optional=(0, 1),
    workspace=lambda n: 24 * n,
    work=lambda n: 12 * n,
    numpy=_partition_numpy,
    vjp=_moved_vjp,
    jvp=_moved_jvp,
    notes="the elements smaller than the one at attr first of the sorted row, then those equal to it, then the others; "
    "and their places before; what nobody reads is not made",
)


def _searchsorted_numpy(row: np.ndarray, sought: np.ndarray, side: int) -> np.ndarray:
    batch = np.broadcast_shapes(row.shape[:-1], sought.shape[:-1])
    rows, wanted = (np.broadcast_to(x, (*batch, x.shape[-1])) for x in (row, sought))
    found = np.zeros((*batch, sought.shape[-1]), np.int64)
    for number in np.ndindex(batch):
        found[number] = np.searchsorted(rows[number], wanted[number], side="right" if side else "left")
    return found


SEARCHSORTED = Sorting(
    "searchsorted",
    signature="(n),(k)->(k):int64",
    operands="iuf",
    work=lambda n, k: 64 * k,
    numpy=_searchsorted_numpy,
    nondifferentiable=True,
    notes="where the second operand's elements belong in the sorted first one; attr side (1: behind equal elements)",
)


def _nonzero_numpy(x: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    n = x.shape[-1]
    places = np.full((*x.shape[:-1], k), n, np.int64)
    for row in np.ndindex(x.shape[:-1]):
        found = np.flatnonzero(x[row])[:k]
        places[(*row, slice(0, len(found)))] = found
    return places, np.count_nonzero(x, axis=-1).astype(np.int64)


NONZERO = Sorting(
    "nonzero",
    signature="(n)->(k):int64,():int64",
    operands="b",
    work=lambda n, k: 2 * n + k,
    numpy=_nonzero_numpy,
    nondifferentiable=True,
    notes="the places of the first k true elements (attr k), then the row's length; how many are true",
)

SORTING_OPS = (SORT, PARTITION, SEARCHSORTED, NONZERO)

__all__ = ["NONZERO", "PARTITION", "SEARCHSORTED", "SORT", "SORTING_OPS"]
