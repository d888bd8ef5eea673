"""Scans along an axis: kernels of their own, in which the operands are evaluated where one pass reads them."""

from __future__ import annotations

from staticad.ir.graph import Node
from staticad.lower.emission.scans import is_long, scan_steps
from staticad.lower.fusion.fuse import Fusion
from staticad.lower.interface import FamilyLowering, Lowering
from staticad.lower.kernel.plan import Step


class ScanLowering(FamilyLowering):
    """The steps of a scan; what is read twice comes from memory."""

    def place(self, fusion: Fusion, node: Node) -> None:
        edges = fusion.whole if is_long(node, fusion.shape(node.outputs[0])) else fusion.own_edges
        fusion.place_alone(node, [edge for x in node.inputs for edge in edges(x)])

    def steps(self, lowering: Lowering, node: Node) -> list[Step]:
        return scan_steps(lowering, node)
