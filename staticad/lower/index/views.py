"""What index algebra asks of a family of ops, and how views are looked through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from staticad.ir.dims import Size
from staticad.ir.graph import Node, Tensor
from staticad.lower.index.affine import Context
from staticad.ops.base import Op


class IndexedFamily(Protocol):
    """The part of `interface.FamilyLowering` that tells how indices pass through an op."""

    @property
    def view(self) -> bool:
        """Every element is one of the operand, at affine indices."""

    def keeps_order(self, node: Node) -> bool:
        """True if the elements are those of input 0 in the same row-major order."""

    def operand_context(self, node: Node, context: Context, canonical: Callable[[Size], Size]) -> Context:
        """For a view: where the element at a context is in the operand."""


def below_views(tensor: Tensor, families: Mapping[Op, IndexedFamily]) -> Tensor:
    """What a tensor is a view of."""
    while families[tensor.op].view:
        tensor = tensor.inputs[0]
    return tensor


def in_order(tensor: Tensor, families: Mapping[Op, IndexedFamily]) -> Tensor:
    """What a tensor is a view of, as far as the view keeps the order of the elements."""
    while families[tensor.op].keeps_order(tensor.node):
        tensor = tensor.inputs[0]
    return tensor


def below_all_views(tensor: Tensor, families: Mapping[Op, IndexedFamily]) -> Tensor:
    """What a tensor has its elements from, in whatever order."""
    while families[tensor.op].view or families[tensor.op].keeps_order(tensor.node):
        tensor = tensor.inputs[0]
    return tensor
