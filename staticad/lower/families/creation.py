"""Creations: computed from sizes and loop indices wherever they are read."""

from __future__ import annotations

from typing import Any

from staticad.ir.dims import Dim, Function, Size
from staticad.ir.dtypes import INT64
from staticad.ir.expressions import Cast, Expression
from staticad.ir.graph import Node
from staticad.lower.index.affine import Affine, Context, linear
from staticad.lower.index.ranges import Ranges
from staticad.lower.index.sizes import Sizes
from staticad.lower.interface import Evaluator, Unplaced
from staticad.ops.ranges import Progression, Range


class CreationLowering(Unplaced):
    """No memory, no reads: an affine expression of the indices."""

    generated = True
    masked = False

    def affine(self, sizes: Sizes, node: Node, context: Context) -> Affine:
        """The element at a context."""
        raise NotImplementedError(node.op.name)

    def evaluate(self, emitter: Evaluator, node: Node, context: Context) -> Expression:
        dtype = node.types[0].dtype
        value = emitter.integer(self.affine(emitter.fusion.sizes, node, context))
        return value if dtype == INT64 else emitter.compute(Cast(value, dtype))


class PositionLowering(CreationLowering):
    """Elements are their row-major positions."""

    def affine(self, sizes: Sizes, node: Node, context: Context) -> Affine:
        return linear(context, sizes.shape(node.types[0].shape))


class FullLowering(CreationLowering):
    """One number everywhere."""

    def evaluate(self, emitter: Evaluator, node: Node, context: Context) -> Expression:
        return emitter.number(node.attrs["value"], node.types[0].dtype)

    def filled(self, node: Node) -> Any:
        return node.attrs["value"]

    def range(self, ranges: Ranges, node: Node, depth: int) -> Range | None:
        value = int(node.attrs["value"])
        return value, value

    def progression(self, ranges: Ranges, node: Node, depth: int) -> Progression | None:
        return int(node.attrs["value"]), 0


class EmptyLowering(FullLowering):
    """Memory to write to."""

    arbitrary = True


class IotaLowering(CreationLowering):
    """Elements are their index along an axis."""

    def affine(self, sizes: Sizes, node: Node, context: Context) -> Affine:
        return context[node.attrs["axis"]]

    def range(self, ranges: Ranges, node: Node, depth: int) -> Range | None:
        return 0, _if_any(ranges.sizes.canonical(node.types[0].shape[node.attrs["axis"]])) - 1

    def progression(self, ranges: Ranges, node: Node, depth: int) -> Progression | None:
        return 0, 1


class SizeLowering(CreationLowering):
    """A size as a number."""

    def affine(self, sizes: Sizes, node: Node, context: Context) -> Affine:
        return Affine(sizes.canonical(node.attrs["size"]))

    def range(self, ranges: Ranges, node: Node, depth: int) -> Range | None:
        size = ranges.sizes.canonical(node.attrs["size"])
        return size, size

    def progression(self, ranges: Ranges, node: Node, depth: int) -> Progression | None:
        return ranges.sizes.canonical(node.attrs["size"]), 0


def _if_any(size: Size) -> Size:
    """The size of an axis that has elements: ``max(n, 0)`` is n then."""
    if isinstance(size, Dim) and len(size.terms) == 1:
        (monomial, coefficient), *_ = size.terms
        if coefficient == 1 and len(monomial) == 1 and monomial[0][1] == 1:
            atom = monomial[0][0]
            if isinstance(atom, Function) and atom.name == "max" and 0 in (atom.left, atom.right):
                return atom.right if atom.left == 0 else atom.left
    return size
