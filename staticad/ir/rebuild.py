"""The one graph editor: makes a new graph from an old one, merging nodes that compute the same.

Nodes are never changed. A node whose inputs stay as they are is kept; otherwise a copy with the new inputs takes its
name and place. Nodes of equal op, inputs and attributes become one node (the first one), so that common
subexpressions are eliminated on the way. Placeholders and variables are themselves and nothing else.
Iterative: the depth of a graph is not limited.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from staticad.errors import VerifyError
from staticad.ir.graph import Node, Tensor, describe, sort_nodes
from staticad.ir.inference import infer

Replacement = Tensor | Sequence[Tensor] | None
Edit = Callable[[Node, tuple[Tensor, ...]], Replacement]
Simplify = Callable[[Node], Replacement]
Table = dict[Node, tuple[Tensor, ...]]
Frame = tuple[Node, Table, tuple[Tensor, ...] | None]  # a node, where to enter it, and its replacement if known


class Interner:
    """Keeps one node for every combination of op, inputs and attributes."""

    def __init__(self) -> None:
        self._nodes: dict[Any, Node] = {}

    def node(self, node: Node, inputs: tuple[Tensor, ...]) -> Node:
        """The one node that computes ``node`` on ``inputs``: an earlier one, ``node`` itself, or a copy of it."""
        if getattr(node.op, "distinct", False):
            return node
        key = self._key(node, inputs)
        found = self._nodes.get(key)
        if found is None:
            found = self._nodes[key] = copy_node(node, inputs)
        return found

    def _key(self, node: Node, inputs: tuple[Tensor, ...]) -> Any:
        reads = map(id, inputs)  # which a node that is kept keeps alive
        if getattr(node.op, "commutative", False):
            # Which of two equal free sizes the result has depends on the order: only equal types are merged.
            return (node.op, node.attrs, node.types, *sorted(reads))
        return (node.op, node.attrs, *reads)


def copy_node(node: Node, inputs: tuple[Tensor, ...]) -> Node:
    """The node on other inputs, with its name and place; the node itself if the inputs are its own."""
    return node if all(map(operator.is_, inputs, node.inputs)) else made_again(node, inputs)


def made_again(node: Node, inputs: tuple[Tensor, ...]) -> Node:
    """A copy of the node on other inputs, or on the same ones."""
    types, constraints = node.types, node.constraints
    if any(a.type != b.type for a, b in zip(inputs, node.inputs)):
        types, constraints = infer(node.op, tuple(t.type for t in inputs), node.attrs)
    copy = Node(node.op, inputs, node.attrs, types, constraints, node.name, node.where, type(node.outputs[0]))
    copy.detached = node.detached
    return copy


def rebuild(outputs: Sequence[Tensor], fn: Edit | None = None, *, simplify: Simplify | None = None) -> list[Tensor]:
    """The outputs over a graph in which equal nodes are one, edited on the way.

    ``fn(node, inputs)`` is called once for every node of the old graph with the node and the tensors that now stand
    for its inputs; what it returns (a tensor, or one for each output) replaces the node, None keeps it.

    ``simplify(node)`` is called for every node of the new graph, also for those that a replacement brings in, when
    its inputs are final: a replacement is simplified again until simplify returns None. Raises VerifyError when a
    replacement depends on the node that it replaces.
    """
    return _Rebuild(fn, simplify).run(outputs)


class _Rebuild:
    def __init__(self, fn: Edit | None, simplify: Simplify | None) -> None:
        self.fn, self.simplify = fn, simplify
        self.interner = Interner()
        # Final outputs of new nodes, and of old ones. Without an edit the two are one.
        self.final: Table = {}
        self.edited: Table = {} if fn else self.final
        # Nodes on the stack whose replacement is being made final.
        self.replaced: set[Node] = set()

    def run(self, outputs: Sequence[Tensor]) -> list[Tensor]:
        edited, final, simplify, interned = self.edited, self.final, self.simplify, self.interner.node
        for node in sort_nodes(outputs):
            if node in edited:
                continue
            # Most nodes stay. What is more than that is left to `_work`.
            inputs = tuple([edited[t.node][t.index] for t in node.inputs])
            if self.fn is not None:
                replacement = self.fn(node, inputs)
                if replacement is not None or simplify is not None:
                    made = interned(node, inputs).outputs if replacement is None else _outputs(node, replacement)
                    self._replace(node, edited, made)
                    continue
            merged = interned(node, inputs)
            known = None if merged is node else final.get(merged)
            simpler = None if simplify is None or known is not None else simplify(merged)
            if simpler is None:
                edited[node] = known or final.setdefault(merged, merged.outputs)
                continue
            self.replaced.add(merged)
            self._replace(merged, final, _outputs(merged, simpler))
            edited[node] = final[merged]
        return [edited[t.node][t.index] for t in outputs]

    def _replace(self, node: Node, table: Table, made: tuple[Tensor, ...]) -> None:
        """Enter what replaces a node in a table, when that is final."""
        self._work([(node, table, made), *((self._allowed(t.node, self.final), self.final, None) for t in made)])

    def _work(self, stack: list[Frame]) -> None:
        """Enter these nodes in their tables, and whatever that needs, the last one first."""
        final = self.final
        while stack:
            node, table, awaited = stack[-1]
            if awaited is not None:
                table[node] = tuple([final[t.node][t.index] for t in awaited])
                self.replaced.discard(node)
                stack.pop()
                continue
            if node in table:
                stack.pop()
                continue
            missing = [t.node for t in node.inputs if t.node not in table]
            if missing:
                stack += [(self._allowed(n, table), table, None) for n in reversed(missing)]
                continue
            inputs = tuple([table[t.node][t.index] for t in node.inputs])
            if self.fn is not None and table is not final:
                edited = self.fn(node, inputs)
                result = self.interner.node(node, inputs).outputs if edited is None else _outputs(node, edited)
            else:
                merged = self.interner.node(node, inputs)
                if merged is not node:
                    self.replaced.add(node)
                    stack[-1] = (node, table, merged.outputs)
                    stack.append((self._allowed(merged, final), final, None))
                    if merged in final:
                        continue
                    node = merged  # a new copy, whose inputs are final
                simpler = None if self.simplify is None else self.simplify(node)
                if simpler is None:
                    final[node] = node.outputs
                    stack.pop()
                    continue
                result = _outputs(node, simpler)
                self.replaced.add(node)
            stack[-1] = (node, table, result)
            stack += [(self._allowed(t.node, final), final, None) for t in result]

    def _allowed(self, node: Node, table: Table) -> Node:
        if table is self.final and node in self.replaced:
            raise VerifyError(f"the replacement of {describe(node.outputs[0])} depends on that node itself")
        return node


def _outputs(node: Node, replacement: Tensor | Sequence[Tensor]) -> tuple[Tensor, ...]:
    tensors = (replacement,) if isinstance(replacement, Tensor) else tuple(replacement)
    if len(tensors) != len(node.outputs):
        raise VerifyError(
            f"{len(tensors)} tensors replace the {len(node.outputs)} outputs of {describe(node.outputs[0])}"
        )
    return tensors
