"""What is known of int64 tensors before a run: the range of their elements, and whether they are a progression.

Loop counters, positions along an axis, sizes and constants, and simple arithmetic of them. An index whose range lies
within its axis needs no check; a sequence that counts needs no memory. Of what might overflow nothing is known: numbers
beyond 2**53, more than 2**20 times a size, and products of sizes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from staticad.ir.dims import Size, symbols
from staticad.ir.dtypes import INT64
from staticad.ir.graph import Node, Tensor
from staticad.ir.local_sizes import size_of
from staticad.ir.proofs import follows
from staticad.lower.index.sizes import Sizes
from staticad.ops.base import Op
from staticad.ops.control import Locals
from staticad.ops.ranges import Progression, Range

DEPTH = 24  # index expressions are short
LARGEST, LARGEST_FACTOR = 2**53, 2**20


class RangedFamily(Protocol):
    """The part of `interface.FamilyLowering` that tells what is known of elements."""

    def range(self, ranges: Ranges, node: Node, depth: int) -> Range | None:
        """The range of the elements of output 0; those of operands are asked for to that depth."""

    def progression(self, ranges: Ranges, node: Node, depth: int) -> Progression | None:
        """Output 0, a vector or a number, as a progression."""


class Ranges:
    """Ranges of the tensors of one graph; ``known`` are those of the parameters of a body."""

    def __init__(self, sizes: Sizes, families: Mapping[Op, RangedFamily], known: Mapping[Node, Range]) -> None:
        self.sizes = sizes
        self.families = families
        self.known = dict(known)
        self._memo: dict[Tensor, Range | None] = {}

    def within(self, index: Tensor, size: Size) -> bool:
        """True if every element is at least 0 and less than ``size``."""
        found = self.of(index)
        return found is not None and follows(found[0], ()) and follows(size - found[1] - 1, ())

    def learn(self, local: Locals) -> None:
        """Numbers of a body are the values of local sizes: what is said of these holds of them, too."""
        for symbol, x in local:
            if x.dtype == INT64 and len(x.node.outputs) == 1:
                self.known[x.node] = size_of(symbol), size_of(symbol)

    def of(self, tensor: Tensor, depth: int = DEPTH) -> Range | None:
        """The range of the elements, None if nothing is known. A tensor without elements has any range."""
        if tensor.dtype != INT64 or depth == 0:
            return None
        if tensor not in self._memo:
            found = self._find(tensor, depth - 1)
            self._memo[tensor] = found if found is not None and all(map(_is_moderate, found)) else None
        return self._memo[tensor]

    def _find(self, tensor: Tensor, depth: int) -> Range | None:
        node = tensor.node
        return self.known[node] if node in self.known else self.families[node.op].range(self, node, depth)

    def progression(self, tensor: Tensor, depth: int = DEPTH) -> Progression | None:
        """A vector as ``first + difference * position``, if it is one."""
        if tensor.dtype != INT64 or tensor.ndim != 1:
            return None
        found = self.affine(tensor, depth)
        if found is None or any(s.runtime for size in found for s in symbols(size)):
            return None
        return found if all(map(_is_moderate, found)) else None

    def affine(self, tensor: Tensor, depth: int) -> Progression | None:
        """The same, also of single numbers."""
        if depth == 0 or tensor.dtype != INT64 or tensor.ndim > 1:
            return None
        return self.families[tensor.op].progression(self, tensor.node, depth - 1)


def _is_moderate(size: Size) -> bool:
    """True for numbers that stay far from the limits of an int64, whatever the sizes of arrays are."""
    if isinstance(size, int):
        return abs(size) <= LARGEST
    return all(abs(factor) <= (LARGEST_FACTOR if monomial else LARGEST) for monomial, factor in size.terms)
