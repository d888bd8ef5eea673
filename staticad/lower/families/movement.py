"""Movements: index arithmetic of whoever reads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from staticad.ir.dims import Size
from staticad.ir.graph import Node
from staticad.lower.fusion.fuse import Fusion, Read
from staticad.lower.index.affine import Context, movement_context
from staticad.lower.interface import Unplaced


class MovementLowering(Unplaced):
    """A view at affine indices."""

    view = True

    def keeps_order(self, node: Node) -> bool:
        return bool(node.op.keeps_order)

    def operand_context(self, node: Node, context: Context, canonical: Callable[[Size], Size]) -> Context:
        return movement_context(node, context, canonical)

    def reads(self, fusion: Fusion, node: Node, context: Context) -> Sequence[Read]:
        return [(node.inputs[0], movement_context(node, context, fusion.sizes.canonical))]
