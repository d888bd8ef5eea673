"""Scatters: a copy of the base, then one update after another."""

from __future__ import annotations

from collections.abc import Mapping

from staticad.ir.dims import product
from staticad.ir.dtypes import INT64
from staticad.ir.graph import Node, Tensor
from staticad.ir.rebuild import copy_node
from staticad.lower.emission.regions import row_major, scatter_updates, store_region
from staticad.lower.fusion.changes import Changed, ChangingFamily
from staticad.lower.fusion.fuse import Fusion
from staticad.lower.fusion.parts import View
from staticad.lower.fusion.staging import Written, checked_index, index_check, kept_updates
from staticad.lower.index.sizes import Sizes
from staticad.lower.interface import FamilyLowering, Lowering
from staticad.lower.kernel.plan import Buffer, Step
from staticad.ops.arithmetic import ADD
from staticad.ops.base import Op, apply
from staticad.ops.comparison import EQUAL
from staticad.ops.creation import IOTA
from staticad.ops.indexing import GATHER_ALONG, SCATTER_ALONG
from staticad.ops.movement import BROADCAST_TO
from staticad.ops.selection import WHERE


class ScatterLowering(FamilyLowering):
    """Two steps; the copy is left out where the base is not needed any more."""

    def prepare(
        self, node: Node, inputs: tuple[Tensor, ...], sizes: Sizes, families: Mapping[Op, FamilyLowering]
    ) -> Tensor | None:
        return _one_a_row(node, inputs, sizes, families[inputs[0].op]) if node.op is SCATTER_ALONG else None

    def place(self, fusion: Fusion, node: Node) -> None:
        fusion.place_alone(node, [edge for x in node.inputs for edge in fusion.own_edges(x)])

    def steps(self, lowering: Lowering, node: Node) -> list[Step]:
        target, base = lowering.buffer(node.outputs[0]), node.inputs[0]
        if lowering.families[base.op].arbitrary:
            return [self.change(lowering, node, target)]
        copy = store_region(lowering, base, target, row_major(lowering.fusion.shape(base)), "copy")
        return [copy, self.change(lowering, node, target)]

    def changed(self, node: Node, used: set[Tensor], families: Mapping[Op, ChangingFamily]) -> Changed:
        return [(0, 0)]

    def changes_part(self, node: Node) -> bool:
        return True

    def staged(self, fusion: Fusion, node: Node, inputs: tuple[Tensor, ...], written: Written) -> Tensor:
        """The indices are looked at before, unless the rows that they name have no elements."""
        base, updates, *indices = inputs
        shape = fusion.shape(self.changed_view(node))
        if product(shape) != 0:
            for number, axis in enumerate(node.attrs["axes"]):
                indices[number] = checked_index(indices[number], shape[axis], index_check(node, axis), fusion)
        return copy_node(node, (base, kept_updates(updates, written, fusion), *indices)).out

    def changed_view(self, node: Node) -> Tensor:
        """What the indices are of."""
        return node.inputs[0]

    def change(self, lowering: Lowering, node: Node, target: Buffer) -> Step:
        return scatter_updates(lowering, node, target, node.op.name)

    def reads_before(self, lowering: Lowering, node: Node, base: Buffer, result: Buffer) -> bool:
        return product(lowering.fusion.shape(node.inputs[1])) == 1


class PartLowering(ScatterLowering):
    """The same through a view."""

    def prepare(
        self, node: Node, inputs: tuple[Tensor, ...], sizes: Sizes, families: Mapping[Op, FamilyLowering]
    ) -> Tensor | None:
        return None

    def changed_view(self, node: Node) -> Tensor:
        view: View = node.attrs["view"]
        return view.tensor


def _one_a_row(node: Node, inputs: tuple[Tensor, ...], sizes: Sizes, family: FamilyLowering) -> Tensor | None:
    """One update a row into a computed array is a choice for every element: no two updates meet, so that ``set`` is
    ``where(k == index, update, base)`` and ``add`` the same with ``base + update``. Gathering from the indices
    themselves checks the index and counts negative ones from the end."""
    base, updates, index = inputs
    (axis,) = node.attrs["axes"]
    mode = node.attrs["mode"]
    if family.source or updates.shape[axis] != 1:
        return None
    whole, part = sizes.shape(base.shape), sizes.shape(updates.shape)
    if any(a != b for k, (a, b) in enumerate(zip(whole, part, strict=True)) if k != axis):
        return None
    if mode not in ("set", "add"):
        return None
    value = apply(BROADCAST_TO, updates, shape=base.shape)
    if mode == "add" and family.filled(base.node) != 0:
        value = apply(ADD, base, value)
    numbers = apply(IOTA, shape=base.shape, dtype=INT64, axis=axis)
    place = apply(GATHER_ALONG, numbers, index, **{k: v for k, v in node.attrs.items() if k != "mode"})
    chosen = apply(EQUAL, numbers, apply(BROADCAST_TO, place, shape=base.shape))
    return apply(WHERE, chosen, value, base)
