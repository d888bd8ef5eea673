"""Creations: computed from sizes and loop indices wherever they are read."""

from __future__ import annotations

from typing import Any

from staticad.ir.graph import Node
from staticad.lower.interface import Unplaced
from staticad.ops.creation import FULL


class CreationLowering(Unplaced):
    """No memory, no reads."""

    generated = True
    masked = False

    def filled(self, node: Node) -> Any:
        return node.attrs["value"] if node.op is FULL else None
