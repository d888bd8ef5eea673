"""Higher derivatives of scalar code by a scalar: graphs whose size is a polynomial of the order.

Reverse mode over reverse mode makes two to three nodes of each, order after order: 28,000 for the tenth derivative of
exp(sin x). In forward mode the tangents of equal nodes are equal, and a lower derivative has most of the nodes that a
higher one needs. So derivatives of derivatives are taken forwards here, and equal nodes get one tangent.

Nodes that users may hold are never taken for others, since two equal tensors by which derivatives are taken are two:
only what derivatives made on their way is shared.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from weakref import WeakSet

from staticad.ir.dtypes import is_complex
from staticad.ir.graph import Node, Tensor
from staticad.ops.base import Elementwise
from staticad.ops.sources import CONSTANT

_given: WeakSet[Node] = WeakSet()  # results of derivations


def hand_out(results: Iterable[Tensor | None]) -> None:
    """Users get these tensors."""
    _given.update(t.node for t in results if t is not None)


def is_higher_scalar(order: Sequence[Node], dependent: Collection[Tensor], sources: Sequence[Tensor]) -> bool:
    """Whether there is one scalar to differentiate by, and on the way from it, through derivatives, nothing but
    functions of scalars."""
    if len(sources) != 1 or sources[0].shape or is_complex(sources[0].dtype):
        return False
    between = [n for n in order if n.outputs[0] in dependent and n is not sources[0].node]
    return any(map(_is_inner, between)) and all(
        isinstance(n.op, Elementwise) and n.op.vjp is not None and n.types[0].shape == () for n in between
    )


def twins(order: Sequence[Node], fixed: Collection[Tensor]) -> dict[Node, Node]:
    """For nodes that derivatives made on their way, the first one that computes the same."""
    first: dict[object, Node] = {}
    found: dict[Node, Node] = {}
    for node in order:
        key: object = node
        if _is_inner(node) and not any(t in fixed for t in node.outputs):
            reads = tuple((found.get(t.node, t.node), t.index) for t in node.inputs)
            key = (node.op, reads, node.attrs)
        one = first.setdefault(key, node)
        if one is not node:
            found[node] = one
    return found


def _is_inner(node: Node) -> bool:
    """Made by a derivative, not given to anybody."""
    if node in _given or node.detached or not (node.inputs or node.op is CONSTANT):
        return False
    return any(note.startswith(("gradient of", "tangent of", "sum of gradients of")) for note in node.where.notes)
