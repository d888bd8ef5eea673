"""Elementwise ops: evaluated by a loop, or by their readers."""

from __future__ import annotations

from collections.abc import Sequence

from staticad.ir.expressions import Call, Cast, Expression, map_children
from staticad.ir.graph import Node
from staticad.lower.fusion.fuse import Fusion, Read
from staticad.lower.index.affine import Context, broadcast_context
from staticad.lower.index.ranges import Ranges
from staticad.lower.interface import Evaluator, FamilyLowering
from staticad.ops.ranges import Progression, Range


class ElementwiseLowering(FamilyLowering):
    """One expression for every element."""

    pointwise = True

    def place(self, fusion: Fusion, node: Node) -> None:
        if not fusion.place_inline(node):
            fusion.place_map(node)

    def range(self, ranges: Ranges, node: Node, depth: int) -> Range | None:
        rule = node.op.range_rule
        return None if rule is None else rule(*(ranges.of(x, depth) for x in node.inputs))

    def progression(self, ranges: Ranges, node: Node, depth: int) -> Progression | None:
        if node.op.progression_rule is None:
            return None
        operands = [ranges.affine(x, depth) for x in node.inputs]
        return None if None in operands else node.op.progression_rule(*operands)

    def reads(self, fusion: Fusion, node: Node, context: Context) -> Sequence[Read]:
        return [(x, broadcast_context(context, fusion.shape(x), node.types[0].ndim)) for x in node.inputs]

    def evaluate(self, emitter: Evaluator, node: Node, context: Context) -> Expression:
        shape, ndim = emitter.fusion.shape, node.types[0].ndim
        operands = tuple(emitter.value(x, broadcast_context(context, shape(x), ndim)) for x in node.inputs)
        emitter.where[node.where] = None
        code = node.op.expression(operands, node.types[0].dtype)
        if code is operands[0]:
            return code
        emitter.cost += node.op.cost

        def register(part: Expression) -> Expression:
            """A part of the expression under a name of its own, so that equal parts are computed once."""
            return emitter.compute(map_children(part, register)) if isinstance(part, (Call, Cast)) else part

        if isinstance(code, Call) and not any(isinstance(part, (Call, Cast)) for part in code.operands):
            return emitter.compute(code, cost=node.op.cost)
        return emitter.compute(map_children(code, register), cost=node.op.cost)


class CopyLowering(ElementwiseLowering):
    """A tensor written out (see `fusion.clusters`)."""

    def place(self, fusion: Fusion, node: Node) -> None:
        fusion.place_map(node)

    def range(self, ranges: Ranges, node: Node, depth: int) -> Range | None:
        return ranges.of(node.inputs[0], depth)

    def progression(self, ranges: Ranges, node: Node, depth: int) -> Progression | None:
        return ranges.affine(node.inputs[0], depth)
