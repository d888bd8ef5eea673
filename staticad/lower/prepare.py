"""The last rewrites before fusion: forms that loops compute better than the ops as written."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from staticad.ir.dtypes import INT64
from staticad.ir.graph import Node, Tensor
from staticad.ir.rebuild import rebuild
from staticad.lower.fusion.frames import find_frames, frame
from staticad.lower.fusion.operands import expand_product
from staticad.lower.index.sizes import Sizes
from staticad.lower.loops.relieve import relieve
from staticad.ops.arithmetic import ADD
from staticad.ops.base import apply
from staticad.ops.comparison import EQUAL, ISNAN, LOGICAL_OR
from staticad.ops.control import LOOP
from staticad.ops.creation import FULL, IOTA
from staticad.ops.indexing import GATHER_ALONG
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS
from staticad.ops.reduce import MAX, MIN
from staticad.ops.selection import WHERE


def prepare(outputs: list[Tensor], sizes: Sizes) -> list[Tensor]:
    """The outputs over the graph that is lowered."""
    frames = find_frames(outputs)

    def edit(node: Node, inputs: tuple[Tensor, ...]) -> Tensor | Sequence[Tensor] | None:
        if node in frames:
            return frame(node, inputs)
        if node.op.family == "contract":
            return expand_product(node, inputs, sizes)
        if node.op is LOOP:
            return relieve(node, inputs)
        if node.op.family == "argreduce":
            return _position(node, inputs[0])
        if node.op.name == "scatter_along":
            return _scatter_one(node, inputs, sizes)
        return None

    return rebuild(outputs, edit)


def _position(node: Node, x: Tensor) -> Tensor | None:
    """argmax across memory: the extremes of columns, then the smallest index where the column has it. Both run along
    rows. Where the extreme is NaN, the first NaN counts."""
    axis = node.attrs["axis"]
    if axis == x.ndim - 1 or x.dtype.kind == "b":
        return None
    extreme = apply(MAX if node.op.name == "argmax" else MIN, x, axes=(axis,))
    found = apply(EQUAL, x, apply(BROADCAST_TO, apply(EXPAND_DIMS, extreme, axes=(axis,)), shape=x.shape))
    if x.dtype.kind == "f":
        found = apply(LOGICAL_OR, found, apply(ISNAN, x))
    places = apply(IOTA, shape=x.shape, dtype=INT64, axis=axis)
    far = apply(FULL, shape=(), dtype=INT64, value=np.iinfo(np.int64).max)
    return apply(MIN, apply(WHERE, found, places, far), axes=(axis,))


def _scatter_one(node: Node, inputs: tuple[Tensor, ...], sizes: Sizes) -> Tensor | None:
    """One update a row into a computed array is a choice for every element: no two updates meet, so that ``set`` is
    ``where(k == index, update, base)`` and ``add`` the same with ``base + update``. Gathering from the indices
    themselves checks the index and counts negative ones from the end."""
    base, updates, index = inputs
    (axis,) = node.attrs["axes"]
    mode = node.attrs["mode"]
    if base.op.family == "source" or updates.shape[axis] != 1:
        return None
    whole, part = sizes.shape(base.shape), sizes.shape(updates.shape)
    if any(a != b for k, (a, b) in enumerate(zip(whole, part, strict=True)) if k != axis):
        return None
    if mode not in ("set", "add"):
        return None
    value = apply(BROADCAST_TO, updates, shape=base.shape)
    zeros = base.op.family == "creation" and base.op.kind == "fill" and base.node.attrs["value"] == 0
    if mode == "add" and not zeros:
        value = apply(ADD, base, value)
    numbers = apply(IOTA, shape=base.shape, dtype=INT64, axis=axis)
    place = apply(GATHER_ALONG, numbers, index, axes=(axis,), position=0, aligned=True)
    chosen = apply(EQUAL, numbers, apply(BROADCAST_TO, place, shape=base.shape))
    return apply(WHERE, chosen, value, base)
