"""Frames: what stands in the middle, loaded under a mask (see `staticad.lower.fusion.frames`)."""

from __future__ import annotations

from collections.abc import Sequence

from staticad.ir.dtypes import INT64
from staticad.ir.expressions import Expression, call, constant
from staticad.ir.graph import Node
from staticad.lower.fusion.fuse import Fusion, Read
from staticad.lower.index.affine import Context, frame_context
from staticad.lower.index.views import below_views
from staticad.lower.interface import Evaluator, Unplaced


class FrameLowering(Unplaced):
    """Evaluated where it is read, as a view is."""

    masked = False

    def reads(self, fusion: Fusion, node: Node, context: Context) -> Sequence[Read]:
        """A column of a wide frame is stored: else it would be computed for every element of the row."""
        x = node.inputs[0]
        if any(size == 1 != whole for size, whole in zip(fusion.shape(x), fusion.shape(node.out), strict=True)):
            base = below_views(x, fusion.families)
            if fusion.home(base.node) is not None:
                return [(base, None)]
        return [(x, frame_context(node, context, fusion.sizes.canonical))]

    def evaluate(self, emitter: Evaluator, node: Node, context: Context) -> Expression:
        """What stands in the middle where the index lies inside, else the number around it."""
        canonical = emitter.fusion.sizes.canonical
        inner = frame_context(node, context, canonical)
        shape, whole = emitter.fusion.shape(node.inputs[0]), emitter.fusion.shape(node.out)
        mask = emitter.mask
        for index, size, total, start in zip(inner, shape, whole, node.attrs["starts"], strict=True):
            if size == total:
                continue
            place = emitter.integer(index)
            bounds = [] if canonical(start) == 0 else [call("greater_equal", place, constant(0, INT64))]
            if canonical(start) + size != total:
                bounds.append(call("less", place, emitter.size_value(size)))
            for bound in bounds:
                inside = emitter.compute(bound)
                mask = inside if mask is None else emitter.compute(call("logical_and", mask, inside))
        fill = emitter.number(node.attrs["fill"], node.types[0].dtype)
        if mask is None:
            return emitter.value(node.inputs[0], inner)
        emitter.masks.append(mask)
        value = emitter.value(node.inputs[0], inner)
        emitter.masks.pop()
        emitter.cost += 1
        return emitter.compute(call("where", mask, value, fill), cost=1)
