"""Indices that are looked at before a change."""

from __future__ import annotations

from collections.abc import Sequence

from staticad.ir.expressions import Expression, Name
from staticad.ir.graph import Node
from staticad.lower.fusion.fuse import Fusion, Read
from staticad.lower.index.affine import Context
from staticad.lower.index.ranges import Ranges
from staticad.lower.interface import Evaluator, Unplaced
from staticad.ops.ranges import Range


class CheckedIndexLowering(Unplaced):
    """Evaluated where the places are written to memory."""

    checks_indices = True
    masked = False  # an index would be checked that nobody has read

    def range(self, ranges: Ranges, node: Node, depth: int) -> Range | None:
        return 0, node.attrs["size"] - 1

    def reads(self, fusion: Fusion, node: Node, context: Context) -> Sequence[Read]:
        return [(node.inputs[0], context)]

    def evaluate(self, emitter: Evaluator, node: Node, context: Context) -> Expression:
        place = emitter.value(node.inputs[0], context)
        if not isinstance(place, Name):
            place = emitter.compute(place)
        return emitter.checked_index(place, node.attrs["size"], node.attrs["check"])
