"""Copies the part of a graph that depends on given tensors, with other tensors in their place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ir.rebuild import copy_node


def substitute(outputs: Sequence[Tensor], replacements: Mapping[Tensor, Tensor]) -> list[Tensor]:
    """The outputs with tensors replaced. What depends on none of them is shared, not copied. Iterative.

    A replacement has the type of what it replaces, up to sizes that are equal at run time.
    """
    done: dict[Tensor, Tensor] = dict(replacements)
    stop = [t.node for t in replacements if len(t.node.outputs) == 1]
    for node in sort_nodes(outputs, stop=stop):
        if all(t in done for t in node.outputs):
            continue
        inputs = tuple(done.get(t, t) for t in node.inputs)
        new: Node = copy_node(node, inputs)
        for old, tensor in zip(node.outputs, new.outputs, strict=True):
            done.setdefault(old, tensor)
    return [done.get(t, t) for t in outputs]


def depends_on(outputs: Sequence[Tensor], tensors: Sequence[Tensor]) -> set[Node]:
    """The nodes below the outputs whose value depends on some of the tensors (their own nodes not included)."""
    marked: set[Tensor] = set(tensors)
    found: set[Node] = set()
    for node in sort_nodes(outputs):
        if any(t in marked or t.node in found for t in node.inputs):
            found.add(node)
    return found
