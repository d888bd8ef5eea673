"""Reductions: sums and their like, positions of extremes, and partial results of large ones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from staticad.ir.dtypes import INT64
from staticad.ir.expressions import Expression, constant
from staticad.ir.graph import Node, Tensor
from staticad.lower.fusion.clusters import Reduction
from staticad.lower.fusion.fuse import Fusion
from staticad.lower.fusion.reductions import place_reduction
from staticad.lower.index.affine import ZERO, Context
from staticad.lower.index.sizes import Sizes
from staticad.lower.interface import Evaluator, FamilyLowering
from staticad.ops.base import Op, apply
from staticad.ops.comparison import EQUAL, ISNAN, LOGICAL_OR
from staticad.ops.creation import FULL, IOTA
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS
from staticad.ops.reduce import MIN
from staticad.ops.selection import WHERE


class ReduceLowering(FamilyLowering):
    """One accumulator for every element of the result."""

    def axes(self, node: Node) -> tuple[int, ...]:
        """The axes of the operand that disappear."""
        axes: tuple[int, ...] = node.attrs["axes"]
        return axes

    def reduction(self, node: Node) -> Reduction:
        """What is done along them."""
        return Reduction(node.op)

    def place(self, fusion: Fusion, node: Node) -> None:
        place_reduction(fusion, node, set(self.axes(node)), self.reduction(node))

    def evaluate(self, emitter: Evaluator, node: Node, context: Context) -> Expression:
        """Nothing but axes of size 1 is reduced."""
        x, reduced, kept = node.inputs[0], self.axes(node), iter(context)
        return emitter.value(x, tuple(ZERO if a in reduced else next(kept) for a in range(x.ndim)))


class ArgReduceLowering(ReduceLowering):
    """The extreme first, then its first place in the row."""

    masked = False

    def axes(self, node: Node) -> tuple[int, ...]:
        return (node.attrs["axis"],)

    def reduction(self, node: Node) -> Reduction:
        return Reduction(node.op.extreme, position=True)

    def evaluate(self, emitter: Evaluator, node: Node, context: Context) -> Expression:
        return constant(0, INT64)

    def prepare(
        self, node: Node, inputs: tuple[Tensor, ...], sizes: Sizes, families: Mapping[Op, FamilyLowering]
    ) -> Tensor | None:
        return _across_memory(node, inputs[0])


class PartialLowering(FamilyLowering):
    """The results of chunks, placed together with the reduction that they belong to."""

    masked = False

    def place(self, fusion: Fusion, node: Node) -> None:
        raise AssertionError("a partial result is placed with its reduction")


def _across_memory(node: Node, x: Tensor) -> Tensor | None:
    """argmax across memory: the extremes of columns, then the smallest index where the column has it. Both run along
    rows. Where the extreme is NaN, the first NaN counts."""
    axis = node.attrs["axis"]
    if axis == x.ndim - 1 or x.dtype.kind == "b":
        return None
    extreme = apply(node.op.extreme, x, axes=(axis,))
    found = apply(EQUAL, x, apply(BROADCAST_TO, apply(EXPAND_DIMS, extreme, axes=(axis,)), shape=x.shape))
    if x.dtype.kind == "f":
        found = apply(LOGICAL_OR, found, apply(ISNAN, x))
    places = apply(IOTA, shape=x.shape, dtype=INT64, axis=axis)
    far = apply(FULL, shape=(), dtype=INT64, value=np.iinfo(np.int64).max)
    return apply(MIN, apply(WHERE, found, places, far), axes=(axis,))
