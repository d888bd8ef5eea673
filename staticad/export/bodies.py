"""How the bodies of branches and loops are connected to the graph around them."""

from __future__ import annotations

from collections.abc import Iterator

from staticad.ir.graph import Node, Tensor
from staticad.ops.control import COND, LOOP, Body, LoopShape, bodies


def inputs_of_node(node: Node) -> range:
    """The positions of the inputs that the node reads itself: all, without those that are parameters of bodies."""
    inside = bodies(node)
    if not inside:
        return range(len(node.inputs))
    return range(1) if node.op is COND else range(len(inside[0].parameters), len(node.inputs))


def parameters_of_body(node: Node, body: Body) -> Iterator[tuple[Tensor, Tensor]]:
    """The parameters of a body, each with the input of the node that it stands for (a sequence for its slices)."""
    given = node.inputs[1:] if node.op is COND else node.inputs[: len(body.parameters)]
    return zip(body.parameters, given, strict=True)


def outputs_of_body(node: Node, body: Body) -> Iterator[tuple[str, Tensor]]:
    """The outputs of a body with what they are to the node."""
    if node.op is not LOOP:
        return ((f"result {i}", tensor) for i, tensor in enumerate(body.outputs))
    shape: LoopShape = node.attrs["shape"]
    names = [f"carry {i}" for i in range(shape.carries)] + [f"result {i}" for i in range(shape.results)]
    return zip((*names, *(["goes on"] if shape.conditional else [])), body.outputs, strict=True)
