"""Assembled arrays: operands copied to regions, and a number around them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from staticad.ir.dims import product
from staticad.ir.graph import Node, Tensor
from staticad.lower.emission.accesses import Accesses
from staticad.lower.emission.assembling import assemble_steps, leading_axes, region_place, region_step, regions_of
from staticad.lower.emission.regions import region_events
from staticad.lower.fusion.changes import Changed, ChangingFamily
from staticad.lower.fusion.clusters import ASSEMBLE, Edge
from staticad.lower.fusion.fuse import Fusion
from staticad.lower.fusion.parts import as_parts
from staticad.lower.index.affine import Affine
from staticad.lower.index.sizes import Sizes
from staticad.lower.interface import FamilyLowering, Lowering, Place
from staticad.lower.kernel.plan import Buffer, Step
from staticad.ops.base import Op


class AssembleLowering(FamilyLowering):
    """A step for each region. A replaced region is a change of the first operand."""

    masked = False

    def prepare(
        self, node: Node, inputs: tuple[Tensor, ...], sizes: Sizes, families: Mapping[Op, FamilyLowering]
    ) -> Tensor | None:
        if not self.changes_part(node):
            return None
        base, value = inputs
        return as_parts(base, value, regions_of(node)[1], families, sizes)

    def place(self, fusion: Fusion, node: Node) -> None:
        leading = leading_axes(fusion, node)
        if leading is None:
            fusion.place_alone(node, [edge for x in node.inputs for edge in fusion.own_edges(x)])
            return
        context, edges = fusion.own_context(leading), list[Edge]()
        for x in node.inputs:
            inner = (range(int(size)) for size in fusion.shape(x)[len(leading) :])
            for at in itertools.product(*inner):
                edges += fusion.edges(x, (*context, *map(Affine, at)))
        fusion.place_over(node, ASSEMBLE, leading, list(dict.fromkeys(edges)))

    def steps(self, lowering: Lowering, node: Node) -> list[Step]:
        return assemble_steps(lowering, node)

    def changed(self, node: Node, used: set[Tensor], families: Mapping[Op, ChangingFamily]) -> Changed:
        return [(0, 0)] if self.changes_part(node) else []

    def changes_part(self, node: Node) -> bool:
        return bool(node.op.changes_base)

    def change(self, lowering: Lowering, node: Node, target: Buffer) -> Step:
        return region_step(lowering, node, 1, regions_of(node)[1], target)

    def reads_before(self, lowering: Lowering, node: Node, base: Buffer, result: Buffer) -> bool:
        if product(lowering.fusion.shape(node.inputs[1])) == 1:
            return True
        events = region_events(lowering, node.inputs[1], result, region_place(lowering, node, 1))
        return Accesses(events).may_overwrite(base.number, result.number)

    def region(self, lowering: Lowering, node: Node) -> Place | None:
        return region_place(lowering, node, 1) if self.changes_part(node) else None
