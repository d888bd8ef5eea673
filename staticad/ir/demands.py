"""What an error says of a run in which sizes that a node needs equal are not."""

from __future__ import annotations

from collections.abc import Mapping

from staticad.ir.dim_values import evaluate
from staticad.ir.dims import Shape, Symbol, symbols
from staticad.ir.graph import Node, describe
from staticad.ir.types import Constraint


def operands(node: Node) -> str:
    """The inputs of a node, described."""
    return ", ".join(describe(t) for t in node.inputs)


def region_of(node: Node) -> Shape | None:
    """The shape of the array in which a node reads or writes a region; None if it is not of that kind."""
    if "starts" not in node.attrs:
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
