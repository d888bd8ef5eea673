"""What is known of int64 tensors before a run: the range of their elements, and whether they are a progression.

Loop counters, positions along an axis, sizes and constants, and simple arithmetic of them. An index whose range lies
within its axis needs no check; a sequence that counts needs no memory. Of what might overflow nothing is known: numbers
beyond 2**53, more than 2**20 times a size, and products of sizes.
"""

from __future__ import annotations

from collections.abc import Mapping

from staticad.ir.dims import Dim, Function, Size, at_least, is_runtime, symbols
from staticad.ir.dtypes import INT64
from staticad.ir.graph import Node, Tensor
from staticad.lower.index.sizes import Sizes
from staticad.ops.base import Elementwise
from staticad.ops.ranges import Progression, Range
from staticad.ops.sources import constant_array

DEPTH = 24  # index expressions are short
LARGEST, LARGEST_FACTOR = 2**53, 2**20


class Ranges:
    """Ranges of the tensors of one graph; ``known`` are those of the parameters of a body."""

    def __init__(self, sizes: Sizes, known: Mapping[Node, Range]) -> None:
        self.sizes = sizes
        self.known = dict(known)
        self._memo: dict[Tensor, Range | None] = {}

    def within(self, index: Tensor, size: Size) -> bool:
        """True if every element is at least 0 and less than ``size``."""
        found = self.of(index)
        return found is not None and at_least(found[0], 0) and at_least(size - found[1], 1)

    def of(self, tensor: Tensor, depth: int = DEPTH) -> Range | None:
        """The range of the elements, None if nothing is known. A tensor without elements has any range."""
        if tensor.dtype != INT64 or depth == 0:
            return None
        if tensor not in self._memo:
            found = self._find(tensor, depth - 1)
            self._memo[tensor] = found if found is not None and all(map(_is_moderate, found)) else None
        return self._memo[tensor]

    def _find(self, tensor: Tensor, depth: int) -> Range | None:
        node, name, family = tensor.node, tensor.op.name, tensor.op.family
        if node in self.known:
            return self.known[node]
        array = constant_array(tensor)
        if array is not None:
            return (int(array.min()), int(array.max())) if array.size else None
        if family == "creation":
            return self._created(node)
        if family in ("movement", "reshape", "barrier", "gather") or name == "copy":
            return self.of(node.inputs[0], depth)
        if not isinstance(node.op, Elementwise) or node.op.range_rule is None:
            return None
        return node.op.range_rule(*(self.of(x, depth) for x in node.inputs))

    def _created(self, node: Node) -> Range:
        if node.op.kind == "fill":
            value = int(node.attrs["value"])
            return value, value
        if node.op.kind == "size":
            size = self.sizes.canonical(node.attrs["size"])
            return size, size
        return 0, _if_any(self.sizes.canonical(node.types[0].shape[node.attrs["axis"]])) - 1

    def progression(self, tensor: Tensor, depth: int = DEPTH) -> Progression | None:
        """A vector as ``first + difference * position``, if it is one."""
        if tensor.dtype != INT64 or tensor.ndim != 1 or is_runtime(tensor.shape[0]):
            return None
        found = self._affine(tensor, depth)
        if found is None or any(s.runtime for size in found for s in symbols(size)):
            return None
        return found if all(map(_is_moderate, found)) else None

    def _affine(self, tensor: Tensor, depth: int) -> Progression | None:
        node, name, family = tensor.node, tensor.op.name, tensor.op.family
        if depth == 0 or tensor.dtype != INT64 or tensor.ndim > 1:
            return None
        array = constant_array(tensor)
        if array is not None:
            first, *others = array.reshape(-1).tolist() or [0]
            difference = others[0] - first if others else 0
            same = all(b - a == difference for a, b in zip([first, *others], others, strict=False))
            return (first, difference) if same else None
        if family == "creation" and node.op.kind in ("fill", "size"):
            return self._created(node)[0], 0
        if family == "creation" and node.op.kind == "iota":
            return 0, 1
        if family == "barrier" or name == "copy":
            return self._affine(node.inputs[0], depth - 1)
        if family == "movement":
            return self._moved(node, depth)
        if not isinstance(node.op, Elementwise) or node.op.progression_rule is None:
            return None
        operands = [self._affine(x, depth - 1) for x in node.inputs]
        return None if None in operands else node.op.progression_rule(*operands)

    def _moved(self, node: Node, depth: int) -> Progression | None:
        x = node.inputs[0]
        found = self._affine(x, depth - 1)
        if found is None or x.ndim == 0:
            return found
        ((offset, pairs),) = node.op.index(x.shape, node.types[0].shape, **node.attrs)
        difference: Size = 0
        for _, coefficient in pairs:
            difference = difference + self.sizes.canonical(coefficient)
        return found[0] + found[1] * self.sizes.canonical(offset), found[1] * difference


def _is_moderate(size: Size) -> bool:
    """True for numbers that stay far from the limits of an int64, whatever the sizes of arrays are."""
    if isinstance(size, int):
        return abs(size) <= LARGEST
    return all(abs(factor) <= (LARGEST_FACTOR if monomial else LARGEST) for monomial, factor in size.terms)


def _if_any(size: Size) -> Size:
    """The size of an axis that has elements: ``max(n, 0)`` is n then."""
    if isinstance(size, Dim) and len(size.terms) == 1:
        (monomial, coefficient), *_ = size.terms
        if coefficient == 1 and len(monomial) == 1 and monomial[0][1] == 1:
            atom = monomial[0][0]
            if isinstance(atom, Function) and atom.name == "max" and 0 in (atom.left, atom.right):
                return atom.right if atom.left == 0 else atom.left
    return size
