"""Gathers: loads at computed indices, by whoever reads them."""

from __future__ import annotations

from collections.abc import Sequence

from staticad.ir.expressions import Expression
from staticad.ir.graph import Node
from staticad.lower.fusion.fuse import Fusion, Read
from staticad.lower.index.affine import Context, gather_contexts, linear
from staticad.lower.index.ranges import Ranges
from staticad.lower.interface import Evaluator, Unplaced
from staticad.ops.ranges import Range


class GatherLowering(Unplaced):
    """Evaluated where it is read; the operand has to be in memory, unless it costs nothing."""

    checks_indices = True
    masked = False  # an index would be checked that nobody has read

    def range(self, ranges: Ranges, node: Node, depth: int) -> Range | None:
        return ranges.of(node.inputs[0], depth)

    def place(self, fusion: Fusion, node: Node) -> None:
        if not fusion.generated(node.inputs[0]):
            fusion.memory(node.inputs[0])

    def reads(self, fusion: Fusion, node: Node, context: Context) -> Sequence[Read]:
        x, *indices = node.inputs
        index_context, _, _ = gather_contexts(node.attrs, indices[0].ndim, x.ndim, context)
        found: list[Read] = [] if fusion.generated(x) else [(x, None)]
        return [*found, *((index, index_context) for index in indices)]

    def evaluate(self, emitter: Evaluator, node: Node, context: Context) -> Expression:
        x, *indices = node.inputs
        shape = emitter.fusion.shape(x)
        found = emitter.indices(node, tuple(indices), context, shape)
        place = tuple(found[a] for a in range(x.ndim))
        if emitter.fusion.generated(x):
            return emitter.value(x, place)
        buffer, sure = emitter.lowering.buffer(emitter.fusion.memory(x)), emitter.fusion.ranges.within
        checked = not all(sure(index, shape[axis]) for index, axis in zip(indices, node.attrs["axes"], strict=True))
        load = emitter.load_checked if checked else emitter.load
        return load(buffer, linear(place, shape))
