"""Sources: placeholders, variables, constants, parameters of bodies."""

from __future__ import annotations

from staticad.ir.expressions import Expression, constant
from staticad.ir.graph import Node
from staticad.lower.emission.emit import is_plain
from staticad.lower.index.affine import Context, linear
from staticad.lower.index.ranges import Ranges
from staticad.lower.interface import Evaluator, Unplaced
from staticad.ops.control import PARAMETER
from staticad.ops.ranges import Progression, Range
from staticad.ops.sources import VARIABLE, constant_array


class SourceLowering(Unplaced):
    """Memory that is there already."""

    source = True

    def range(self, ranges: Ranges, node: Node, depth: int) -> Range | None:
        array = constant_array(node.out)
        return (int(array.min()), int(array.max())) if array is not None and array.size else None

    def progression(self, ranges: Ranges, node: Node, depth: int) -> Progression | None:
        array = constant_array(node.out)
        if array is None:
            return None
        first, *others = array.reshape(-1).tolist() or [0]
        difference = others[0] - first if others else 0
        same = all(b - a == difference for a, b in zip([first, *others], others, strict=False))
        return (first, difference) if same else None

    def changeable(self, node: Node) -> bool:
        return node.op in (PARAMETER, VARIABLE)

    def evaluate(self, emitter: Evaluator, node: Node, context: Context) -> Expression:
        array = constant_array(node.out)
        if array is not None and array.size == 1 and is_plain(array.reshape(-1)[0]):
            return constant(array.reshape(-1)[0], node.out.dtype)
        return emitter.load(emitter.lowering.buffer(node.out), linear(context, emitter.fusion.shape(node.out)))
