"""Loops and branches: their bodies are plans of their own.

Operands may be changed rather than read: they are copied to where the result is, and changed there (in place, where
the copy turns out not to be needed). Of a branch it is enough that one of the bodies changes or keeps the operand; the
others write a value of their own over it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from staticad.ir.graph import Node, Tensor
from staticad.lower.fusion.changes import Changed, ChangingFamily
from staticad.lower.fusion.fuse import Fusion
from staticad.lower.index.sizes import Sizes
from staticad.lower.interface import FamilyLowering, Lowering
from staticad.lower.kernel.plan import Step
from staticad.lower.loops.control import branch_steps, counted, counts, loop_steps
from staticad.lower.loops.relieve import relieve
from staticad.ops.base import Op
from staticad.ops.control import PARAMETER, Body


class LoopLowering(FamilyLowering):
    """First values of the carry, then the loop."""

    def prepare(
        self, node: Node, inputs: tuple[Tensor, ...], sizes: Sizes, families: Mapping[Op, FamilyLowering]
    ) -> Sequence[Tensor] | None:
        return counted(node, inputs) or relieve(node, inputs, families)

    def place(self, fusion: Fusion, node: Node) -> None:
        written = range(node.attrs["shape"].carries)
        counted = [number for number in range(len(node.inputs)) if counts(fusion.ranges, node, number)]
        _place(fusion, node, written, counted)

    def steps(self, lowering: Lowering, node: Node) -> list[Step]:
        return loop_steps(lowering, node)

    def changed(self, node: Node, used: set[Tensor], families: Mapping[Op, ChangingFamily]) -> Changed:
        return [(number, number) for number in range(node.attrs["shape"].carries)]


class CondLowering(FamilyLowering):
    """Copies of what every branch changes, then one of the branches."""

    def place(self, fusion: Fusion, node: Node) -> None:
        _place(fusion, node, {operand for operand, _ in self.changed(node, fusion.used, fusion.families)})

    def steps(self, lowering: Lowering, node: Node) -> list[Step]:
        return branch_steps(lowering, node)

    def changed(self, node: Node, used: set[Tensor], families: Mapping[Op, ChangingFamily]) -> Changed:
        return _changed(node, used, families, {})


def _place(fusion: Fusion, node: Node, written: Collection[int], counted: Collection[int] = ()) -> None:
    """The first values of what is changed are written where they are wanted, and sequences that count are not written
    at all; all else is read from memory."""
    edges = []
    for number, x in enumerate(node.inputs):
        if number not in counted:
            edges += fusion.own_edges(x) if number in written else fusion.whole(x)
    fusion.place_alone(node, edges)


def _changed(
    node: Node, used: set[Tensor], families: Mapping[Op, ChangingFamily], known: dict[Node, Changed]
) -> Changed:
    """What a branch changes. ``known`` is what nodes of the bodies change, for each is asked about every output."""
    branches: tuple[Body, ...] = node.attrs["branches"]
    found: Changed = []
    for number, tensor in enumerate(node.outputs):
        values = [branch.outputs[number] for branch in branches] if tensor in used else []
        roots = {_root(branch, value, families, known) for branch, value in zip(branches, values, strict=False)}
        roots -= {None}
        root = roots.pop() if len(roots) == 1 else None
        if root is not None and all(root + 1 != operand for operand, _ in found):
            found.append((root + 1, number))
    return found


def _root(body: Body, tensor: Tensor, families: Mapping[Op, ChangingFamily], known: dict[Node, Changed]) -> int | None:
    """The parameter that a value is a changed copy of, by its number."""
    while tensor.op is not PARAMETER:
        node, family = tensor.node, families[tensor.op]
        if node not in known:
            everything = set(node.outputs)
            is_branch = isinstance(family, CondLowering)
            changed = _changed(node, everything, families, known) if is_branch else None
            known[node] = family.changed(node, everything, families) if changed is None else changed
        operand = next((operand for operand, output in known[node] if output == tensor.index), None)
        if operand is None:
            return None
        tensor = node.inputs[operand]
    return next((number for number, own in enumerate(body.parameters) if own is tensor), None)
