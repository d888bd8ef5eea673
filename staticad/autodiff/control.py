"""Derivatives of branches and loops: each is a branch or loop again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from staticad.autodiff.loop_parts import Bases, Differentiate, Maybe
from staticad.autodiff.loops import loop_jvp, loop_vjp
from staticad.ir.graph import Node
from staticad.late import later
from staticad.ops.control import COND

if TYPE_CHECKING:
    from staticad.autodiff import branches
else:
    branches = later("staticad.autodiff.branches")


def control_vjp(
    node: Node, cotangents: Sequence[Maybe], needed: Sequence[bool], gradients: Differentiate, held: Bases
) -> list[Maybe]:
    """The cotangents of the inputs; ``needed`` tells for which inputs they are of use. Those that are added to what is
    ``held`` are taken from there."""
    vjp = branches.branch_vjp if node.op is COND else loop_vjp
    return vjp(node, cotangents, needed, gradients, held)


def control_jvp(node: Node, tangents: Sequence[Maybe], jvp: Differentiate) -> list[Maybe]:
    """The tangents of the outputs, None for those that have none."""
    return branches.branch_jvp(node, tangents, jvp) if node.op is COND else loop_jvp(node, tangents, jvp)
