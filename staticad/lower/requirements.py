"""Conditions on free sizes that ops imply. A session evaluates them when it binds sizes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from staticad.errors import ShapeError
from staticad.ir.demands import operands, region_of
from staticad.ir.dims import Size, as_symbol, is_runtime, local_symbols
from staticad.ir.graph import Node
from staticad.ir.proofs import follows
from staticad.lower.interface import FamilyLowering
from staticad.lower.kernel.plan import Requirement, SizeCheck
from staticad.ops.base import Op


def size_requirements(nodes: Iterable[Node], families: Mapping[Op, FamilyLowering]) -> list[Requirement]:
    """What the families ask of sizes, as far as it is not known to hold."""
    found = [r for node in nodes for r in families[node.op].requirements(node)]
    for requirement in found:
        _check_local(requirement)
    return [r for r in found if not local_symbols(r.size) and not (isinstance(r.size, int) and r.size >= r.bound)]


def _check_local(requirement: Requirement) -> None:
    """What is asked of sizes that only a step knows has to hold in any case. Raises ShapeError otherwise."""
    size, unless_empty = requirement.size, requirement.unless_empty
    if not local_symbols(size):
        return
    given = () if isinstance(unless_empty, int) else (unless_empty - 1,)
    if not follows(size - requirement.bound, given):
        raise ShapeError(
            f"{requirement.text}, at {requirement.where}; the size {size} changes from step to step, and may be less"
        )


def size_checks(nodes: Iterable[Node]) -> tuple[SizeCheck, ...]:
    """What is open until sizes are bound: pairs of sizes that have to be equal, and sizes that may be negative.

    Lengths of recorded sequences are left out: they are equal because one loop makes and one loop reads them. So are
    sizes that only a step knows: what is asked of them was proved when the graph was built.
    """
    found: dict[object, SizeCheck] = {}
    for node in nodes:
        for left, right in node.constraints:
            if (left, right) not in found and not _is_late(left) and not _is_late(right):
                found[left, right] = SizeCheck(node.op.name, node.where, left, right, operands(node), region_of(node))
        for kind in node.types:
            for size in kind.shape:
                if size not in found and not isinstance(size, int) and as_symbol(size) is None and not _is_late(size):
                    found[size] = SizeCheck(node.op.name, node.where, size)
    return tuple(found.values())


def _is_late(size: Size) -> bool:
    return is_runtime(size) or bool(local_symbols(size))
