"""What nodes demand of sizes: elements to work on, and what an error says where sizes have to be equal and are not."""

from __future__ import annotations

from collections.abc import Mapping

from staticad.errors import FeedError, IndexOutOfBounds
from staticad.ir.dim_values import evaluate
from staticad.ir.dims import Shape, Size, Symbol, local_symbols, product, symbols
from staticad.ir.graph import Node, Tensor, describe
from staticad.ir.types import Constraint
from staticad.records import NamedTuple


class Needed(NamedTuple):
    """An axis of this size has to have an element, unless another size is 0; else the error, with this text."""

    size: Size
    unless_empty: Size
    error: type[FeedError | IndexOutOfBounds]
    text: str


def element_to_reduce(node: Node, axis: int) -> Needed:
    """A reduction that has no value for nothing."""
    x = node.inputs[0]
    text = f"{node.op.name} over axis {axis} of {x.type} needs at least one element there"
    return Needed(x.shape[axis], 1, FeedError, text)


def elements_to_index(node: Node, index: Tensor) -> list[Needed]:
    """Every axis that is indexed, unless there is no index. A step that alone knows the size looks at the index."""
    x, indices = node.inputs[0], product(index.shape)
    text = "{}: axis {} of {} is empty, so that no index is in range"
    return [
        Needed(x.shape[axis], indices, IndexOutOfBounds, text.format(node.op.name, axis, x.type))
        for axis in node.attrs["axes"]
        if not local_symbols(x.shape[axis])
    ]


def operands(node: Node) -> str:
    """The inputs of a node, described."""
    return ", ".join(describe(t) for t in node.inputs)


def region_of(node: Node) -> Shape | None:
    """The shape of the array in which a node reads or writes a region; None if it is not of that kind."""
    if not {"starts", "first"} & node.attrs.keys():
        return None
    shape: Shape = node.attrs["shape"] if "shape" in node.attrs else node.inputs[0].shape
    return shape


def unmet(
    op: str, constraint: Constraint, values: Mapping[Symbol, int], where: str, region: Shape | None = None
) -> str:
    """The message for a constraint that does not hold for these sizes."""
    left, right = constraint
    if region is not None:
        shape = tuple(evaluate(size, values) for size in region)
        free = sorted({s for size in (left, *region) for s in symbols(size)}, key=lambda s: s.key)
        listed = ", ".join(f"{s} = {values[s]}" for s in free)
        return f"{op}: an index lies outside the array, which has the shape {shape} with {listed}, {where}"
    a, b = evaluate(left, values), evaluate(right, values)
    hint = "; a size that is 1 only at run time does not broadcast" if 1 in (a, b) else ""
    return f"{op}: sizes {left} = {a} and {right} = {b} have to be equal, {where}{hint}"
