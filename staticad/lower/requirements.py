"""Conditions on free sizes that ops imply. A session evaluates them when it binds sizes."""

from __future__ import annotations

from collections.abc import Iterable

from staticad.errors import FeedError, IndexOutOfBounds
from staticad.ir.dims import as_symbol, is_runtime, product
from staticad.ir.graph import Node, describe
from staticad.lower.kernel.plan import Requirement, SizeCheck


def size_requirements(nodes: Iterable[Node]) -> list[Requirement]:
    """Reductions without a value for nothing need an element; gathers and scatters an axis to index."""
    found = []
    for node in nodes:
        family = node.op.family
        if family == "argreduce" or (family == "reduce" and not node.op.empty):
            (x,) = node.inputs
            axes = node.attrs["axes"] if family == "reduce" else (node.attrs["axis"],)
            for axis in axes:
                text = f"{node.op.name} over axis {axis} of {x.type} needs at least one element there"
                found.append(Requirement(x.shape[axis], 1, text, node.where, FeedError, 1))
        elif family in ("gather", "scatter"):
            x = node.inputs[0]
            index = node.inputs[1] if family == "gather" else node.inputs[2]
            for axis in node.attrs["axes"]:
                text = f"{node.op.name}: axis {axis} of {x.type} is empty, so that no index is in range"
                found.append(Requirement(x.shape[axis], 1, text, node.where, IndexOutOfBounds, product(index.shape)))
    return [r for r in found if not (isinstance(r.size, int) and r.size >= r.bound)]


def size_checks(nodes: Iterable[Node]) -> tuple[SizeCheck, ...]:
    """What is open until sizes are bound: pairs of sizes that have to be equal, and sizes that may be negative.

    Lengths of recorded sequences are left out: they are equal because one loop makes and one loop reads them.
    """
    found: dict[object, SizeCheck] = {}
    for node in nodes:
        for left, right in node.constraints:
            if (left, right) not in found and not is_runtime(left) and not is_runtime(right):
                operands = ", ".join(describe(t) for t in node.inputs)
                region_of = node.inputs[0].shape if "starts" in node.attrs else None
                found[left, right] = SizeCheck(node.op.name, node.where, left, right, operands, region_of)
        for kind in node.types:
            for size in kind.shape:
                if size not in found and not isinstance(size, int) and as_symbol(size) is None and not is_runtime(size):
                    found[size] = SizeCheck(node.op.name, node.where, size)
    return tuple(found.values())
