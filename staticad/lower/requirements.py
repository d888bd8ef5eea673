"""Conditions on free sizes that ops imply. A session evaluates them when it binds sizes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from staticad.ir.demands import operands, region_of
from staticad.ir.dims import as_symbol, is_runtime
from staticad.ir.graph import Node
from staticad.lower.interface import FamilyLowering
from staticad.lower.kernel.plan import Requirement, SizeCheck
from staticad.ops.base import Op


def size_requirements(nodes: Iterable[Node], families: Mapping[Op, FamilyLowering]) -> list[Requirement]:
    """What the families ask of sizes, as far as it is not known to hold."""
    found = [r for node in nodes for r in families[node.op].requirements(node)]
    return [r for r in found if not (isinstance(r.size, int) and r.size >= r.bound)]


def size_checks(nodes: Iterable[Node]) -> tuple[SizeCheck, ...]:
    """What is open until sizes are bound: pairs of sizes that have to be equal, and sizes that may be negative.

    Lengths of recorded sequences are left out: they are equal because one loop makes and one loop reads them.
    """
    found: dict[object, SizeCheck] = {}
    for node in nodes:
        for left, right in node.constraints:
            if (left, right) not in found and not is_runtime(left) and not is_runtime(right):
                found[left, right] = SizeCheck(node.op.name, node.where, left, right, operands(node), region_of(node))
        for kind in node.types:
            for size in kind.shape:
                if size not in found and not isinstance(size, int) and as_symbol(size) is None and not is_runtime(size):
                    found[size] = SizeCheck(node.op.name, node.where, size)
    return tuple(found.values())
