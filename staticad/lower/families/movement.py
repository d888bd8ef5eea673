"""Movements: index arithmetic of whoever reads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from staticad.ir.dims import Size
from staticad.ir.expressions import Expression
from staticad.ir.graph import Node
from staticad.lower.fusion.fuse import Fusion, Read
from staticad.lower.index.affine import Context, movement_context
from staticad.lower.index.ranges import Ranges
from staticad.lower.interface import Evaluator, Unplaced
from staticad.ops.ranges import Progression, Range


class MovementLowering(Unplaced):
    """A view at affine indices."""

    view = True

    def keeps_order(self, node: Node) -> bool:
        return bool(node.op.keeps_order)

    def operand_context(self, node: Node, context: Context, canonical: Callable[[Size], Size]) -> Context:
        return movement_context(node, context, canonical)

    def range(self, ranges: Ranges, node: Node, depth: int) -> Range | None:
        return ranges.of(node.inputs[0], depth)

    def progression(self, ranges: Ranges, node: Node, depth: int) -> Progression | None:
        x = node.inputs[0]
        found = ranges.affine(x, depth)
        if found is None or x.ndim == 0:
            return found
        ((offset, pairs),) = node.op.index(x.shape, node.types[0].shape, **node.attrs)
        difference: Size = 0
        for _, coefficient in pairs:
            difference = difference + ranges.sizes.canonical(coefficient)
        return found[0] + found[1] * ranges.sizes.canonical(offset), found[1] * difference

    def reads(self, fusion: Fusion, node: Node, context: Context) -> Sequence[Read]:
        return [(node.inputs[0], movement_context(node, context, fusion.sizes.canonical))]

    def evaluate(self, emitter: Evaluator, node: Node, context: Context) -> Expression:
        return emitter.value(node.inputs[0], self.operand_context(node, context, emitter.fusion.sizes.canonical))
