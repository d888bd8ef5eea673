"""Conditions on free sizes that ops imply. A session evaluates them when it binds sizes."""

from __future__ import annotations

from collections.abc import Iterable

from staticad.errors import FeedError, IndexOutOfBounds
from staticad.ir.dims import is_runtime, product
from staticad.ir.graph import Node
from staticad.lower.kernel.plan import Requirement


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


def has_free_sizes(node: Node) -> bool:
    """Whether sizes of the node are open until they are bound: some have to be equal, or one may be negative."""
    return bool(node.constraints) or any(
        not isinstance(size, int) and not is_runtime(size) for kind in node.types for size in kind.shape
    )
