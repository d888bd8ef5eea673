"""One name for one size: free sizes that every run will find equal become the same symbol.

Two placeholders of shape (None,) that are added have sizes n and m with the constraint n = m. A session checks it, so
the graph behind the placeholders may use n for both; then equal types are equal, and loops over them fuse. A
placeholder keeps its type; a broadcast to the common name (the identity) follows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from staticad.ir.dim_values import substitute
from staticad.ir.dims import Dim, Size, Symbol, as_symbol
from staticad.ir.graph import Attrs, Node, Tensor, sort_nodes
from staticad.ir.rebuild import rebuild
from staticad.ir.types import Constraint, TensorType
from staticad.ops.base import apply
from staticad.ops.movement import BROADCAST_TO


def unify_sizes(outputs: Sequence[Tensor]) -> list[Tensor]:
    """The outputs over a graph with one symbol for every class of equal free sizes.

    Types of outputs change in the names of sizes only; they agree in every run in which the constraints of the
    graph hold.
    """
    names = equal_sizes(c for node in sort_nodes(outputs) for c in node.constraints)
    if not names:
        return list(outputs)

    def edit(node: Node, inputs: tuple[Tensor, ...]) -> Tensor | Sequence[Tensor] | None:
        if not node.inputs and "type" in node.attrs:
            shape = renamed(node.types[0].shape, names)
            return None if shape == node.types[0].shape else apply(BROADCAST_TO, node.outputs[0], shape=shape)
        attrs = {k: renamed(v, names) for k, v in node.attrs.items()}
        if all(a is b for a, b in zip(inputs, node.inputs, strict=True)) and all(
            attrs[k] is v for k, v in node.attrs.items()
        ):
            return None
        packed = Attrs(**attrs)
        types, constraints = node.op.infer(tuple(t.type for t in inputs), packed)
        copy = Node(node.op, inputs, packed, types, constraints, node.name, node.where, type(node.outputs[0]))
        copy.detached = node.detached
        return copy.outputs

    return rebuild(outputs, edit)


def equal_sizes(constraints: Iterable[Constraint]) -> dict[Symbol, Size]:
    """For every free size that equals another, or a number above 1, the one that stands for it."""
    parents: dict[Symbol, Symbol] = {}
    numbers: dict[Symbol, set[int]] = {}

    def find(symbol: Symbol) -> Symbol:
        while (above := parents.get(symbol, symbol)) is not symbol:
            symbol = above
        return symbol

    for left, right in constraints:
        a, b = as_symbol(left), as_symbol(right)
        if a is not None and b is not None:
            a, b = find(a), find(b)
            if a != b:
                # Names that the user chose, and older ones, stay.
                a, b = sorted((a, b), key=lambda s: (s.serial >= 0, s.serial, s.name))
                parents[b] = a
                numbers.setdefault(a, set()).update(numbers.pop(b, ()))
        elif (symbol := a or b) is not None:
            other = right if a is not None else left
            if isinstance(other, int):
                numbers.setdefault(find(symbol), set()).add(other)
    result: dict[Symbol, Size] = {}
    for symbol in {*parents, *numbers}:
        root = find(symbol)
        known = numbers.get(root, set())
        if len(known) == 1 and min(known) > 1:
            (result[symbol],) = known
        elif root != symbol:
            result[symbol] = _size(root)
    return result


def _size(symbol: Symbol) -> Dim:
    return Dim(((((symbol, 1),), 1),))


def renamed(value: Any, names: dict[Symbol, Size]) -> Any:
    """The value with sizes replaced at any depth of tuples; the very object if there is nothing to replace."""
    if isinstance(value, Dim):
        new = substitute(value, names)
        return value if new == value else new
    if isinstance(value, TensorType):
        shape = renamed(value.shape, names)
        return value if shape is value.shape else TensorType(shape, value.dtype)
    if isinstance(value, tuple):
        parts = tuple(renamed(v, names) for v in value)
        return value if all(a is b for a, b in zip(parts, value, strict=True)) else parts
    return value
