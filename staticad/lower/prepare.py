"""The last rewrites before fusion: forms that loops compute better than the ops as written."""

from __future__ import annotations

from staticad.ir.dtypes import INT64
from staticad.ir.graph import Node, Tensor
from staticad.ir.rebuild import rebuild
from staticad.lower.contract import expand_product
from staticad.lower.sizes import Sizes
from staticad.ops.base import apply
from staticad.ops.comparison import EQUAL
from staticad.ops.creation import IOTA
from staticad.ops.indexing import GATHER_ALONG
from staticad.ops.movement import BROADCAST_TO
from staticad.ops.selection import WHERE


def prepare(outputs: list[Tensor], sizes: Sizes) -> list[Tensor]:
    """The outputs over the graph that is lowered."""

    def edit(node: Node, inputs: tuple[Tensor, ...]) -> Tensor | None:
        if node.op.family == "contract":
            return expand_product(node, inputs, sizes)
        if node.op.name == "scatter_along":
            return _scatter_one(node, inputs, sizes)
        return None

    return rebuild(outputs, edit)


def _scatter_one(node: Node, inputs: tuple[Tensor, ...], sizes: Sizes) -> Tensor | None:
    """One update a row into a filled array is a choice for every element: no two updates meet, so that
    ``set`` (and ``add`` to zeros) is ``where(k == index, update, fill)``. Gathering from the indices themselves
    checks the index and counts negative ones from the end."""
    base, updates, index = inputs
    (axis,) = node.attrs["axes"]
    mode = node.attrs["mode"]
    if base.op.family != "creation" or base.op.kind != "fill" or updates.shape[axis] != 1:
        return None
    whole, part = sizes.shape(base.shape), sizes.shape(updates.shape)
    if any(a != b for k, (a, b) in enumerate(zip(whole, part, strict=True)) if k != axis):
        return None
    if not (mode == "set" or (mode == "add" and base.node.attrs["value"] == 0)):
        return None
    numbers = apply(IOTA, shape=base.shape, dtype=INT64, axis=axis)
    place = apply(GATHER_ALONG, numbers, index, axes=(axis,), position=0, aligned=True)
    chosen = apply(EQUAL, numbers, apply(BROADCAST_TO, place, shape=base.shape))
    return apply(WHERE, chosen, apply(BROADCAST_TO, updates, shape=base.shape), base)
