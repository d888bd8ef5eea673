"""Matrix products: kernels of their own kind, or calls of BLAS, on operands as they lie in memory."""

from __future__ import annotations

from collections.abc import Mapping

from staticad.ir.graph import Node, Tensor
from staticad.lower.emission.gemm import product_step
from staticad.lower.fusion.fuse import Fusion
from staticad.lower.fusion.operands import batch_shape, broadcast_batch, expand_product, operand
from staticad.lower.index.sizes import Sizes
from staticad.lower.index.strided import Matrix
from staticad.lower.interface import FamilyLowering, Lowering
from staticad.lower.kernel.plan import Buffer, Step
from staticad.ops.base import Op


class ContractLowering(FamilyLowering):
    """One step, which may add to what a variable holds."""

    accumulates = True

    def prepare(
        self, node: Node, inputs: tuple[Tensor, ...], sizes: Sizes, families: Mapping[Op, FamilyLowering]
    ) -> Tensor | None:
        return expand_product(node, inputs, sizes, families)

    def place(self, fusion: Fusion, node: Node) -> None:
        operands, edges = [], []
        for x in node.inputs:
            found = _matrix(fusion, node, x)
            operands.append(found)
            edges += fusion.whole(found.base)
        fusion.operands[node] = tuple(operands)
        fusion.place_alone(node, edges)

    def steps(self, lowering: Lowering, node: Node) -> list[Step]:
        return [product_step(lowering, node)]

    def add_onto(self, lowering: Lowering, node: Node, target: Buffer, alpha: float) -> Step:
        return product_step(lowering, node, target, alpha)


def _matrix(fusion: Fusion, node: Node, x: Tensor) -> Matrix:
    """How a product reads an operand: in place through views, else from a copy."""
    batch = batch_shape(node, fusion.sizes)
    found = operand(x, batch, fusion.sizes, fusion.families, fusion.layouts)
    if found is None or not fusion.has_memory(found.base):
        found = operand(fusion.copied(x), batch, fusion.sizes, fusion.families, fusion.layouts)
    if found is None:
        found = operand(fusion.copy(broadcast_batch(x, batch)), batch, fusion.sizes, fusion.families, fusion.layouts)
    assert found is not None
    return found
