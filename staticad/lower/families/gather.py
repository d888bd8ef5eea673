"""Gathers: loads at computed indices, by whoever reads them."""

from __future__ import annotations

from collections.abc import Sequence

from staticad.ir.dims import product
from staticad.ir.expressions import Expression
from staticad.ir.graph import Node, Tensor
from staticad.lower.fusion.fuse import Fusion, Read
from staticad.lower.fusion.parts import through_views
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
            fusion.memory(_array(fusion, node)[0])

    def reads(self, fusion: Fusion, node: Node, context: Context) -> Sequence[Read]:
        x, *indices = node.inputs
        index_context, _, _ = gather_contexts(node.attrs, indices[0].ndim, x.ndim, context)
        found: list[Read] = [] if fusion.generated(x) else [(_array(fusion, node)[0], None)]
        return [*found, *((index, index_context) for index in indices)]

    def evaluate(self, emitter: Evaluator, node: Node, context: Context) -> Expression:
        x, *indices = node.inputs
        shape = emitter.fusion.shape(x)
        found = emitter.indices(node, tuple(indices), context, shape)
        place = tuple(found[a] for a in range(x.ndim))
        if emitter.fusion.generated(x):
            return emitter.value(x, place)
        array, place = _array(emitter.fusion, node, place)
        buffer, sure = emitter.lowering.buffer(emitter.fusion.memory(array)), emitter.fusion.ranges.within
        pairs = zip(indices, node.attrs["axes"], strict=True)
        checked = [shape[axis] for index, axis in pairs if not sure(index, shape[axis])]
        affine = linear(place, emitter.fusion.shape(array))
        return emitter.load_checked(buffer, affine, checked) if checked else emitter.load(buffer, affine)


def _array(fusion: Fusion, node: Node, place: Context = ()) -> tuple[Tensor, Context]:
    """The array in memory that a gather reads, and where: below views of its operand, unless these would make many
    reads lie far apart, so that the operand is better copied."""
    x = node.inputs[0]
    own = fusion.own_context(fusion.shape(x))
    array, context = through_views(x, own, fusion.families, fusion.sizes)
    if array is x or not fusion.has_memory(array):
        return x, place
    keys = [key for at in context for key, _ in at.terms]
    if product(node.inputs[1].shape) != 1 and keys != sorted(keys, key=str):
        return x, place
    return through_views(x, place, fusion.families, fusion.sizes) if place else (array, ())
