"""Graphs to differentiate without the roots that meet themselves: norm(x)**2 is a sum of squares to derivatives.

Nothing is merged, since two equal tensors by which derivatives are taken are two; only what depends on a product that
changed is copied.
"""

from __future__ import annotations

from collections.abc import Sequence

from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ir.provenance import inherit
from staticad.ir.rebuild import copy_node
from staticad.ops.arithmetic import ABS, MUL, POW, SQRT, SQUARE
from staticad.ops.roots import without_root


def without_roots(
    ys: Sequence[Tensor], xs: Sequence[Tensor], stops: Sequence[Tensor] = ()
) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """The tensors over a graph in which squares of roots are gone, unless a derivative by the root itself is asked."""
    order = sort_nodes(ys)
    if not any(node.op in (SQRT, ABS) for node in order):
        return list(ys), list(xs), list(stops)
    given = {*xs, *stops}
    fixed = set(given)
    found: dict[Tensor, Tensor] = {}
    copied: dict[Tensor, Tensor] = {}  # of what copies are
    numbers: dict[Tensor, object] = {}

    def number(tensor: Tensor) -> object:
        if not numbers:  # few graphs with roots have products that ask
            numbers.update(_numbers(order, given))
        return numbers.get(copied.get(tensor, tensor))

    def same(a: Tensor, b: Tensor) -> bool:
        return a is b or (number(a) is not None and number(a) == number(b))

    for node in order:
        copy = copy_node(node, tuple(found.get(t, t) for t in node.inputs)) if found else node
        for old, new in zip(node.outputs, copy.outputs):
            if new is not old:
                found[old], copied[new] = new, old
                if old in fixed:
                    fixed.add(new)
        if node.op in (MUL, SQUARE, POW) and node.outputs[0] not in fixed:
            with inherit(node.where):
                simpler = without_root(copy.outputs[0], same, fixed)
            if simpler is not None:
                found[node.outputs[0]] = simpler
    if not found:
        return list(ys), list(xs), list(stops)
    return tuple([found.get(t, t) for t in group] for group in (ys, xs, stops))  # type: ignore[return-value]


def _numbers(order: Sequence[Node], fixed: set[Tensor]) -> dict[Tensor, object]:
    """Equal numbers for tensors that compute the same, none of which depends on a fixed tensor that others don't."""
    known: dict[object, int] = {}
    numbers: dict[Tensor, object] = {}
    for node in order:
        key: object = (node.op, tuple(numbers[t] for t in node.inputs), node.attrs)
        if getattr(node.op, "distinct", False) or node.detached or any(t in fixed for t in node.outputs):
            key = node
        number = known.setdefault(key, len(known))
        for tensor in node.outputs:
            numbers[tensor] = (number, tensor.index)
    return numbers
