"""What prints, one after another: in the order in which the program was written, as far as values allow that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ops.control import Body, bodies
from staticad.ops.effects import PRINT


def effects_in_order(outputs: Sequence[Tensor]) -> tuple[list[Node], Mapping[Node, Node]]:
    """The nodes of a graph, inputs before users, and for each one that prints the one before it. Loops and branches
    that print are among them, in the place of their first print."""
    order = sort_nodes(outputs)
    known: dict[Body, int | None] = {}
    numbers = {node: number for node in order if (number := _number(node, known)) is not None}
    if len(numbers) < 2:
        return order, {}
    order = sort_nodes([*(node.outputs[0] for node in sorted(numbers, key=numbers.__getitem__)), *outputs])
    return order, {later: earlier for earlier, later in pairwise(node for node in order if node in numbers)}


def _number(node: Node, known: dict[Body, int | None]) -> int | None:
    """The number of the first print of a node."""
    if node.op is PRINT:
        number: int = node.attrs["number"]
        return number
    found: list[int] = []
    for body in bodies(node):
        if body not in known:
            inside = [_number(inner, known) for inner in sort_nodes(body.roots)]
            known[body] = min((number for number in inside if number is not None), default=None)
        first = known[body]
        if first is not None:
            found.append(first)
    return min(found, default=None)
