"""Barriers: nothing but their operand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from staticad.ir.dims import Size
from staticad.ir.expressions import Expression
from staticad.ir.graph import Node
from staticad.lower.fusion.fuse import Fusion, Read
from staticad.lower.index.affine import Context
from staticad.lower.index.ranges import Ranges
from staticad.lower.interface import Evaluator, Unplaced
from staticad.ops.ranges import Progression, Range


class BarrierLowering(Unplaced):
    """A view of everything."""

    view = True

    def keeps_order(self, node: Node) -> bool:
        return True

    def operand_context(self, node: Node, context: Context, canonical: Callable[[Size], Size]) -> Context:
        return context

    def range(self, ranges: Ranges, node: Node, depth: int) -> Range | None:
        return ranges.of(node.inputs[0], depth)

    def progression(self, ranges: Ranges, node: Node, depth: int) -> Progression | None:
        return ranges.affine(node.inputs[0], depth)

    def reads(self, fusion: Fusion, node: Node, context: Context) -> Sequence[Read]:
        return [(node.inputs[0], context)]

    def evaluate(self, emitter: Evaluator, node: Node, context: Context) -> Expression:
        return emitter.value(node.inputs[0], context)
