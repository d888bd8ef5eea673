"""Changes of arrays in place: whoever reads what a change overwrites has to run before it.

A changed array is a copy of its base, and the copy is left out if all other readers of the base run before the change
(see `memory.in_place`). Views and gathers are evaluated by their readers. A reader that depends on the change itself
would read the base too late, be it a single one or a kernel that fusion makes of several; then the whole array would
be copied for it. So it gets what it reads from memory of its own, and fusion keeps such readers apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from staticad.ir.dims import at_least, product
from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ir.rebuild import copy_node
from staticad.lower.fusion.clusters import COPY
from staticad.lower.index.views import IndexedFamily, in_order
from staticad.ops.base import Op, apply

Changed = list[tuple[int, int]]  # numbers of an input and of an output


class ChangingFamily(IndexedFamily, Protocol):
    """The part of `interface.FamilyLowering` that tells of changes."""

    @property
    def source(self) -> bool:
        """Comes from outside; has memory and is not computed."""

    @property
    def generated(self) -> bool:
        """Made of sizes and indices alone: read at any index, it costs nothing and needs no memory."""

    @property
    def unplaced(self) -> bool:
        """Evaluated by its readers."""

    def changeable(self, node: Node) -> bool:
        """Whether the memory of the output may be changed, should that be of use."""

    def changed(self, node: Node, used: set[Tensor], families: Mapping[Op, ChangingFamily]) -> Changed:
        """Inputs that are copied to where an output is, and changed there."""

    def changes_part(self, node: Node) -> bool:
        """True for a copy of input 0 of which input 1 changes a part, or a single element of it."""


class Changes:
    """For every node as bits of an integer: the changes before which it runs, since it reads what they overwrite
    (``reads``), and those that it runs after (``after``)."""

    def __init__(self, order: Sequence[Node], used: set[Tensor], families: Mapping[Op, ChangingFamily]) -> None:
        self.families = families
        self.reads: dict[Node, int] = {}
        self.after: dict[Node, int] = {}
        self._own: dict[Node, int] = {}
        self._of: dict[Tensor, int] = {}
        for node in order:
            changed = families[node.op].changed(node, used, families)
            bases = [in_order(node.inputs[number], families) for number, _ in changed]
            bases = [base for base in bases if families[base.op].changeable(base.node)]
            if bases:
                self._own[node] = 1 << len(self._own)
                for base in bases:
                    self._of[base] = self._of.get(base, 0) | self._own[node]
        self._bare: dict[Tensor, int] = dict(self._of)
        self._made = 0  # the changes among the nodes taken so far

    def __bool__(self) -> bool:
        return bool(self._own)

    def bare(self, tensor: Tensor) -> int:
        """The changes that overwrite what is read when a tensor is evaluated."""
        return self._bare.get(tensor, 0)

    def take(self, node: Node) -> None:
        """Learn of a node; those of its inputs are known."""
        reads = after = 0
        for x in node.inputs:
            reads |= self._bare.get(x, 0)
            after |= self.after.get(x.node, 0)
        if self.families[node.op].unplaced:
            if reads:
                self._bare.update((t, self._bare.get(t, 0) | reads) for t in node.outputs)
        else:
            self.reads[node] = reads
        self.after[node] = after | self._own.get(node, 0)
        self._made |= self._own.get(node, 0)

    def late(self, node: Node) -> list[int]:
        """The inputs of a node that are views and gathers of what is overwritten by a change taken before: the order in
        which nodes are taken is one in which everything can run in place."""
        after = self._made & ~self._own.get(node, 0)
        single = self.families[node.op].changes_part(node) and product(node.inputs[1].shape) == 1
        if not single:
            after |= self._own.get(node, 0)
        return [n for n, x in enumerate(node.inputs) if self.bare(x) & after and not self.holds(x)]

    def holds(self, tensor: Tensor) -> bool:
        """True for what is changed itself, or has the same elements in the same order."""
        return in_order(tensor, self.families) in self._of


def load_before_changes(outputs: Sequence[Tensor], families: Mapping[Op, ChangingFamily]) -> list[Tensor]:
    """The outputs over a graph in which what would be read too late is loaded before."""
    order = sort_nodes(outputs)
    used = {t for node in order for t in node.inputs} | set(outputs)
    changes = Changes(order, used, families)
    if not changes:
        return list(outputs)
    loaded: dict[Tensor, Tensor] = {}
    done: dict[Tensor, Tensor] = {}
    for node in order:
        changes.take(node)
        inputs = [done.get(x, x) for x in node.inputs]
        if not families[node.op].unplaced:
            for number in changes.late(node):
                inputs[number] = _loaded(changes, node.inputs[number], done, loaded)
        copy = copy_node(node, tuple(inputs))
        if copy is not node:
            done.update(zip(node.outputs, copy.outputs, strict=True))
    return [done.get(t, t) for t in outputs]


def _loaded(changes: Changes, x: Tensor, done: Mapping[Tensor, Tensor], loaded: dict[Tensor, Tensor]) -> Tensor:
    """The tensor in memory of its own, or as a view of something that is not larger."""
    views: list[Tensor] = []
    while x not in loaded and changes.families[x.op].view:
        whole = x.inputs[0]
        if changes.holds(whole) or not at_least(product(x.shape) - product(whole.shape), 0):
            break
        views.append(x)
        x = whole
    if x not in loaded:
        loaded[x] = apply(COPY, done.get(x, x))
    found = loaded[x]
    for view in reversed(views):
        found = copy_node(view.node, (found,)).out
    return found
