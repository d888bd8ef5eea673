"""Sums of arrays that are embedded in zeros side by side: one array, put together from the parts.

The gradient by an array of which columns were used one by one is such a sum, and so is the gradient by a vector that
holds many parameters. An element of it is one term, and zeros. So the parts may be added up in any order, as long as
no more than two numbers meet anywhere; a zero is added to each of them, which makes -0.0 what it is in the sum.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from staticad.ir.dims import Size, at_least, product
from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ir.rebuild import rebuild
from staticad.lower.index.affine import strides
from staticad.lower.index.sizes import Sizes
from staticad.ops.arithmetic import ADD
from staticad.ops.assemble import CONCATENATE
from staticad.ops.base import apply
from staticad.ops.creation import fill
from staticad.ops.movement import RESHAPE
from staticad.ops.slicing import EMBED
from staticad.records import NamedTuple

ROW, PART = 64, 16  # elements of rows that are written as wholes, and of what each operand gives to them
MOST = 2  # numbers that may meet in an element
GAP = 200  # elements of which is found out whether they are a certain one, in the time in which a gap is filled


class _Part(NamedTuple):
    """Where the rows of a result hold the operand of an embedded array."""

    start: int
    size: Size
    embedded: Tensor


def is_narrow(parts: Sequence[Size]) -> bool:
    """True for parts of rows that are written row by row, all parts in one pass."""
    known = [part for part in parts if isinstance(part, int) and part <= PART]
    return len(known) == len(parts) and sum(known) <= ROW


def stack_regions(outputs: list[Tensor], sizes: Sizes) -> list[Tensor]:
    """The outputs with such sums put together."""
    order = sort_nodes(outputs)
    if sum(_is_embedded(node) for node in order) < 2:
        return outputs
    uses = Counter(t.node for node in order for t in node.inputs)
    uses.update(t.node for t in outputs)
    found: dict[Node, tuple[int, int]] = {}  # of sums: how many embedded terms there are, and others

    def inside(x: Tensor, node: Node) -> bool:
        """True if a term of a sum is a sum that nobody else reads."""
        return x.node in found and uses[x.node] == 1 and x.type == node.types[0]

    for node in order:
        if node.op is ADD and all(x.type == node.types[0] for x in node.inputs):
            counts = [
                found[x.node] if inside(x, node) else (1, 0) if _is_embedded(x.node) and uses[x.node] == 1 else (0, 1)
                for x in node.inputs
            ]
            found[node] = sum(c[0] for c in counts), min(MOST, sum(c[1] for c in counts))
    sums = {node for node, (embedded, others) in found.items() if embedded > 1 and others < MOST}
    parts_of_sums: set[Node] = set()
    for node in order[::-1]:
        if node in sums or node in parts_of_sums:
            parts_of_sums.update(x.node for x in node.inputs if inside(x, node))
    sums -= parts_of_sums

    def terms(node: Node, inputs: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """The embedded terms of a sum, and the others, in the graph that is made."""
        embedded, others, pending = list[Tensor](), list[Tensor](), list(zip(node.inputs, inputs, strict=True))
        while pending:
            old, new = pending.pop()
            if inside(old, node):
                pending += zip(old.node.inputs, new.node.inputs, strict=True)
            else:
                (embedded if _is_embedded(old.node) and uses[old.node] == 1 else others).append(new)
        return embedded, others

    def edit(node: Node, inputs: tuple[Tensor, ...]) -> Tensor | None:
        return _put_together(node, *terms(node, inputs), sizes) if node in sums else None

    return rebuild(outputs, edit)


def _is_embedded(node: Node) -> bool:
    """True for an array in the middle of zeros."""
    if node.op is not EMBED or any(step != 1 for step in node.attrs["steps"]):
        return False
    return bool(node.attrs["fill"] == 0) and str(node.attrs["fill"])[0] != "-"


def _put_together(node: Node, embedded: list[Tensor], others: list[Tensor], sizes: Sizes) -> Tensor | None:
    """The sum as one or two layers of parts, None where that is no gain."""
    whole = sizes.shape(node.types[0].shape)
    places = [_place(x, sizes) for x in embedded]
    axis = min((a for starts, shape in places for a in range(len(whole)) if shape[a] != whole[a]), default=0)
    flat = any(shape[axis + 1 :] != whole[axis + 1 :] for _, shape in places)
    inner = product(whole[axis + 1 :])
    if flat and not isinstance(inner, int):
        return None
    parts = []
    for x, (starts, shape) in zip(embedded, places, strict=True):
        start, size = starts[axis], shape[axis]
        if flat:
            if not _is_contiguous(shape[axis:], whole[axis:]):
                return None
            start = sum((s * step for s, step in zip(starts[axis:], strides(whole[axis:]), strict=True)), 0)
            size = product(shape[axis:])
        if not isinstance(start, int) or (flat and not isinstance(size, int)):
            return None
        parts.append(_Part(start, size, x))
    layers = _layers(parts, MOST - len(others))
    length = product(whole[axis:]) if flat else whole[axis]
    if layers is None or not all(len(layer) > 1 for layer in layers[:1]):
        return None
    found = list(others)
    for layer in layers:
        stacked = _stack(node, layer, axis, length, flat) if len(layer) > 1 else layer[0].embedded
        if stacked is None:
            return None
        found.append(stacked)
    return found[0] if len(found) == 1 else apply(ADD, *found)


def _place(x: Tensor, sizes: Sizes) -> tuple[list[Size], tuple[Size, ...]]:
    """Where the operand of an embedded array begins, and its shape."""
    return [sizes.canonical(start) for start in x.node.attrs["starts"]], sizes.shape(x.node.inputs[0].shape)


def _is_contiguous(shape: Sequence[Size], whole: Sequence[Size]) -> bool:
    """True if a region of that shape is one piece of memory."""
    first = next((a for a, size in enumerate(shape) if size != 1), len(shape))
    return tuple(shape[first + 1 :]) == tuple(whole[first + 1 :])


def _layers(parts: list[_Part], most: int) -> list[list[_Part]] | None:
    """The parts in layers in which none overlaps with another, in order; None if that takes too many."""
    layers: list[list[_Part]] = []
    for part in sorted(parts, key=lambda part: part.start):
        for layer in layers:
            if at_least(part.start - layer[-1].start - layer[-1].size, 0):
                layer.append(part)
                break
        else:
            layers.append([part])
    return sorted(layers, key=len, reverse=True) if len(layers) <= most else None


def _is_dotted(layer: list[_Part], length: Size, gaps: int) -> bool:
    """True for single numbers, so many that every element would have to look through a long list of them."""
    single = all(product(part.embedded.inputs[0].shape) == 1 for part in layer)
    return single and isinstance(length, int) and length * len(layer) >= GAP * gaps


def _stack(node: Node, layer: list[_Part], axis: int, length: Size, flat: bool) -> Tensor | None:
    """The array of a layer, with zeros between the parts; None where these are many."""
    (kind,) = node.types
    shape = kind.shape
    behind = (length,) if flat else (length, *shape[axis + 1 :])
    zero, end, parts = fill((), 0, kind.dtype), 0, list[Tensor]()

    def zeros(size: Size) -> None:
        if size != 0:
            parts.append(fill((*shape[:axis], size, *behind[1:]), 0, kind.dtype))

    reached: Size = end
    for part in layer:
        zeros(part.start - reached)
        (operand,) = part.embedded.node.inputs
        if flat:
            operand = apply(RESHAPE, operand, shape=(*shape[:axis], part.size), constraints=())
        parts.append(apply(ADD, operand, zero) if kind.dtype.kind == "f" else operand)
        reached = part.start + part.size
    zeros(length - reached)
    gaps = len(parts) - len(layer)
    if gaps and not is_narrow([product(part.shape[axis:]) for part in parts]) and not _is_dotted(layer, length, gaps):
        return None
    found = apply(CONCATENATE, *parts, axis=axis) if len(parts) > 1 else parts[0]
    if flat:
        found = apply(RESHAPE, found, shape=shape, constraints=())
    return found if found.type == kind else None
