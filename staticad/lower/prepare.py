"""The last rewrites before fusion: forms that loops compute better than the ops as written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from staticad.ir.graph import Node, Tensor
from staticad.ir.rebuild import rebuild
from staticad.lower.families import FAMILIES
from staticad.lower.fusion.changes import load_before_changes
from staticad.lower.fusion.frames import find_frames, frame
from staticad.lower.fusion.stacking import stack_regions
from staticad.lower.index.sizes import Sizes
from staticad.lower.interface import FamilyLowering
from staticad.ops.base import Op


def prepare(outputs: list[Tensor], sizes: Sizes, families: Mapping[Op, FamilyLowering] = FAMILIES) -> list[Tensor]:
    """The outputs over the graph that is lowered."""
    outputs = stack_regions(outputs, sizes)
    frames = find_frames(outputs, families)

    def edit(node: Node, inputs: tuple[Tensor, ...]) -> Tensor | Sequence[Tensor] | None:
        return frame(node, inputs) if node in frames else families[node.op].prepare(node, inputs, sizes, families)

    return load_before_changes(rebuild(outputs, edit), families)
