"""Sorting and searching along the last axis.

Elements are compared as NumPy sorts them: NaN behind all numbers, both zeros equal. Everything is stable: what is equal
stays in its order.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from staticad.ir.dims import maximum, minimum
from staticad.ir.graph import Tensor
from staticad.ops.base import apply
from staticad.ops.creation import zeros
from staticad.ops.indexing import GATHER_ALONG, SCATTER_ALONG
from staticad.ops.library import Library


class Sorting(Library):
    """A library routine for the rows of the last axis."""

    family = "sorting"
    title = "Sorting and searching"
    about = (
        "Along the last axis; all axes before it are a batch. NaN stands behind all numbers, both zeros are equal, and "
        "what is equal stays in its order."
    )
    ulps = 0


def _sort_numpy(x: np.ndarray, descending: int) -> tuple[np.ndarray, np.ndarray]:
    places = np.argsort(x[..., ::-1] if descending else x, axis=-1, kind="stable")
    if descending:
        places = x.shape[-1] - 1 - places[..., ::-1]
    return np.take_along_axis(x, places, -1), places.astype(np.int64)


def _sort_vjp(gs: Sequence[Tensor | None], ys: Sequence[Tensor], x: Tensor, descending: int) -> tuple[Tensor]:
    """Every cotangent goes to where its element came from."""
    g, _ = gs
    assert g is not None
    last = (x.ndim - 1,)
    return (apply(SCATTER_ALONG, zeros(x.type), g, ys[1], axes=last, position=0, aligned=True, mode="add"),)


def _sort_jvp(
    ts: Sequence[Tensor | None], ys: Sequence[Tensor], x: Tensor, descending: int
) -> tuple[Tensor | None, None]:
    (t,) = ts
    assert t is not None
    return apply(GATHER_ALONG, t, ys[1], axes=(x.ndim - 1,), position=0, aligned=True), None


SORT = Sorting(
    "sort",
    signature="(n)->(n),(n):int64",
    operands="iuf",
    optional=(0, 1),
    # Short rows are sorted where they stand, others in two copies with their places.
    workspace=lambda n: 32 * minimum(n, 65 * maximum(n - 64, 0)),
    work=lambda n: 20 * n,
    numpy=_sort_numpy,
    vjp=_sort_vjp,
    jvp=_sort_jvp,
    notes="the elements in order and their places before; attr descending; what nobody reads is not made",
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

SORTING_OPS = (SORT, SEARCHSORTED, NONZERO)

__all__ = ["NONZERO", "SEARCHSORTED", "SORT", "SORTING_OPS"]
