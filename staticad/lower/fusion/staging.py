"""Changes of parts of variables: what may fail, or reads a variable that changes too, is computed before.

A run that fails changes nothing, so that a step that may fail can't write to a variable. Of ``x.at[i].add(v)`` that is
the look at the indices: they are looked at while the run computes, and the places that they name are kept. So are
updates that are gathered, or come from a variable that is written. What is left is a change that can't fail and costs
the updates, not the variable (see `memory.commit`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from staticad.ir.dims import Size, at_least, product
from staticad.ir.graph import Attrs, Node, Tensor, sort_nodes
from staticad.ir.provenance import inherit
from staticad.ir.rebuild import copy_node, rebuild
from staticad.ir.types import Constraint, TensorType
from staticad.lower.fusion.clusters import COPY, Copy
from staticad.lower.fusion.fuse import Fusion
from staticad.lower.fusion.parts import PART
from staticad.lower.index.views import below_views, in_order
from staticad.lower.kernel.plan import IndexCheck
from staticad.ops.base import Inferred, Op, apply
from staticad.ops.indexing import SCATTER

Written = frozenset[Tensor]  # variables that a run changes


class CheckedIndex(Op):
    """attrs size, check: the index counted from the start; outside of that size a run fails by that check."""

    family = "checked_index"

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        none: tuple[Constraint, ...] = ()
        return inputs, none


def _identity(x: Any, **attrs: Any) -> Any:
    return x


CHECKED_INDEX = CheckedIndex("checked_index", numpy=_identity)
PLACES = Copy("places", code=_identity, numpy=_identity)


class StagedFamily(Protocol):
    """The part of `interface.FamilyLowering` that tells how a change is done in two."""

    def changes_part(self, node: Node) -> bool:
        """True for a copy of input 0 of which input 1 changes a part."""

    def staged(self, fusion: Fusion, node: Node, inputs: tuple[Tensor, ...], written: Written) -> Tensor:
        """The change on these inputs with what may fail, or reads what is written, in memory of its own."""


def stage_changes(
    outputs: Sequence[Tensor],
    updates: Sequence[tuple[Tensor, Tensor]],
    families: Mapping[Op, StagedFamily],
    fusion: Fusion,
) -> list[Tensor]:
    """The outputs, new values of variables among them, over a graph in which parts of variables are changed in two."""
    if not updates:
        return list(outputs)
    readers = Counter(outputs)
    for node in sort_nodes(outputs):
        readers.update(node.inputs)
    changes = {node for variable, value in updates for node in _chain(variable, value, readers, fusion)}
    if not changes:
        return list(outputs)
    written = frozenset(variable for variable, _ in updates)

    def edit(node: Node, inputs: tuple[Tensor, ...]) -> Tensor | None:
        if node not in changes:
            return None
        with inherit(node.where):
            return families[node.op].staged(fusion, node, inputs, written)

    return rebuild(outputs, edit)


def _chain(variable: Tensor, value: Tensor, readers: Counter[Tensor], fusion: Fusion) -> list[Node]:
    """The changes from a variable to its new value; none if others read what is between."""
    found: list[Node] = []
    current = value
    while not fusion.is_source(current):
        if readers[current] != 1:
            return []
        base = in_order(current, fusion.families)
        if base is current:
            if not fusion.families[current.op].changes_part(current.node):
                return []
            found.append(current.node)
            base = current.inputs[0]
        current = base
    return found if current is variable else []


def index_check(node: Node, axis: int) -> IndexCheck:
    """What to raise where an index of a gather or scatter is outside of an axis."""
    labels = node.attrs.get("labels")
    name = SCATTER.name if node.op is PART else node.op.name
    return IndexCheck(labels or f"axis {axis} of {name}", node.where, bool(labels))


def checked_index(index: Tensor, size: Size, check: IndexCheck, fusion: Fusion) -> Tensor:
    """The places that an index names along an axis, in memory unless it is known to lie within."""
    if fusion.ranges.within(index, size):
        return index
    return apply(PLACES, apply(CHECKED_INDEX, index, size=size, check=check))


def kept_updates(updates: Tensor, written: Written, fusion: Fusion) -> Tensor:
    """The updates, in memory if their readers would look at an index or load from a variable that is written."""
    families = fusion.families
    base = below_views(updates, families)
    if not families[base.op].checks_indices and written.isdisjoint(_loaded(base, fusion)):
        return updates
    views: list[Node] = []
    while families[updates.op].view and at_least(product(updates.shape) - product(updates.inputs[0].shape), 0):
        views.append(updates.node)
        updates = updates.inputs[0]
    kept = apply(COPY, updates)
    for view in reversed(views):
        kept = copy_node(view, (kept, *view.inputs[1:])).out
    return kept


def _loaded(tensor: Tensor, fusion: Fusion) -> list[Tensor]:
    """What is loaded where a tensor is read that fusion may leave to its readers."""
    found = tensor.inputs if fusion.families[tensor.op].pointwise else (tensor,)
    return [below_views(x, fusion.families) for x in found]
