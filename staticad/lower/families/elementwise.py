"""Elementwise ops: evaluated by a loop, or by their readers."""

from __future__ import annotations

from collections.abc import Sequence

from staticad.ir.graph import Node
from staticad.lower.fusion.fuse import Fusion, Read
from staticad.lower.index.affine import Context, broadcast_context
from staticad.lower.interface import FamilyLowering


class ElementwiseLowering(FamilyLowering):
    """One expression for every element."""

    pointwise = True

    def place(self, fusion: Fusion, node: Node) -> None:
        if not fusion.place_inline(node):
            fusion.place_map(node)

    def reads(self, fusion: Fusion, node: Node, context: Context) -> Sequence[Read]:
        return [(x, broadcast_context(context, fusion.shape(x), node.types[0].ndim)) for x in node.inputs]
