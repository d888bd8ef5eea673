"""Frames: what stands in the middle, loaded under a mask (see `staticad.lower.fusion.frames`)."""

from __future__ import annotations

from collections.abc import Sequence

from staticad.ir.graph import Node
from staticad.lower.fusion.fuse import Fusion, Read
from staticad.lower.index.affine import Context, frame_context
from staticad.lower.interface import Unplaced


class FrameLowering(Unplaced):
    """Evaluated where it is read, as a view is."""

    masked = False

    def reads(self, fusion: Fusion, node: Node, context: Context) -> Sequence[Read]:
        return [(node.inputs[0], frame_context(node, context, fusion.sizes.canonical))]
