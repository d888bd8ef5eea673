"""Reshapes: the same memory, read by other indices."""

from __future__ import annotations

from collections.abc import Sequence

from staticad.ir.expressions import Expression
from staticad.ir.graph import Node
from staticad.lower.fusion.fuse import Fusion, Read
from staticad.lower.index.affine import Context, linear
from staticad.lower.index.ranges import Ranges
from staticad.lower.interface import Evaluator, Unplaced
from staticad.ops.ranges import Range


class ReshapeLowering(Unplaced):
    """A view of memory: the operand has to be in memory in row-major order."""

    masked = False
    wholes = True

    def keeps_order(self, node: Node) -> bool:
        return True

    def range(self, ranges: Ranges, node: Node, depth: int) -> Range | None:
        return ranges.of(node.inputs[0], depth)

    def place(self, fusion: Fusion, node: Node) -> None:
        fusion.memory(node.inputs[0])

    def reads(self, fusion: Fusion, node: Node, context: Context) -> Sequence[Read]:
        return [(node.inputs[0], None)]

    def evaluate(self, emitter: Evaluator, node: Node, context: Context) -> Expression:
        buffer = emitter.lowering.buffer(emitter.fusion.memory(node.inputs[0]))
        return emitter.load(buffer, linear(context, emitter.fusion.shape(node.out)))
