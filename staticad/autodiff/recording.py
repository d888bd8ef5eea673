"""What a loop records for its backward pass: as little as can't cheaply be computed again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from staticad.autodiff.accumulate import has_runtime_length
from staticad.autodiff.loop_parts import LoopParts
from staticad.ir.dims import at_least, local_symbols, product
from staticad.ir.graph import Node, Tensor
from staticad.ir.substitute import depends_on
from staticad.ops.base import Barrier, Elementwise, Movement, Reshape, apply_all
from staticad.ops.control import LOOP, Body
from staticad.ops.indexing import Gather

CHEAP = 2  # ops up to this cost are computed again rather than recorded


def recorded_values(outputs: Sequence[Tensor], backward: Sequence[Tensor], parts: LoopParts) -> list[Tensor]:
    """The forward values to record: those that backward nodes read, except what follows from constants, slices and
    captures, or cheaply from other recorded values. A view is recorded itself only if it is smaller than its base.
    Sequences of an inner loop of run-time length have no common length, nor has what has a local size: it is computed
    again, and so are loops with ``remat``."""
    pending = _frontier(outputs, backward)
    free = set(parts.slices) | set(parts.captures)
    carried = set(parts.carry)
    kept: dict[Tensor, None] = {}
    seen = set(pending)
    while pending:
        tensor = pending.pop()
        node = tensor.node
        if tensor in carried:
            kept[tensor] = None
        elif tensor in free or not node.inputs:
            continue
        elif (
            _follows(node, free | carried | seen)
            or _reads_free(node, free)
            or _is_large_view(tensor)
            or has_runtime_length(tensor)
            or any(map(local_symbols, tensor.shape))
            or node.attrs.get("remat")
        ):
            for t in node.inputs:
                if t not in seen:
                    seen.add(t)
                    pending.append(t)
            pending.sort(key=lambda t: (t.node.serial, t.index))
        else:
            kept[tensor] = None
    return sorted(kept, key=lambda t: (t.node.serial, t.index))


def _frontier(outputs: Sequence[Tensor], backward: Sequence[Tensor]) -> list[Tensor]:
    """The forward values that backward nodes read, in the order in which they were made."""
    nodes = depends_on(outputs, backward)
    inside = {t.node for t in backward}
    frontier: dict[Tensor, None] = {}
    for node in nodes:
        for t in node.inputs:
            if t.node not in nodes and t.node not in inside:
                frontier[t] = None
    for t in outputs:
        if t.node not in nodes and t.node not in inside:
            frontier[t] = None
    return sorted(frontier, key=lambda t: (t.node.serial, t.index))


def _follows(node: Node, known: set[Tensor]) -> bool:
    """True for cheap elementwise ops of values that are there anyway."""
    if isinstance(node.op, Elementwise) and node.op.cost <= CHEAP:
        return all(t in known or not t.node.inputs for t in node.inputs)
    return False


def _reads_free(node: Node, free: set[Tensor]) -> bool:
    """True for what is read from slices, captures and constants at some index: it costs as much to read again as from
    a record."""
    return isinstance(node.op, Gather) and (node.inputs[0] in free or not node.inputs[0].node.inputs)


def _is_large_view(tensor: Tensor) -> bool:
    if not isinstance(tensor.op, Movement | Barrier | Reshape):
        return False
    return at_least(product(tensor.shape) - product(tensor.inputs[0].shape), 0)


def with_records(parts: LoopParts, recorded: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The outputs of the loop with more results: what the backward pass reads."""
    node, shape = parts.node, parts.shape
    if not recorded:
        return node.outputs
    again = parts.body.outputs[-1:] if shape.conditional else ()
    body = Body(
        parts.body.parameters,
        (*parts.following, *parts.results, *recorded, *again),
        parts.body.demands,
        parts.body.locals,
    )
    longer = replace(shape, results=shape.results + len(recorded))
    remat = bool(node.attrs.get("remat"))
    return apply_all(LOOP, *node.inputs, body=body, shape=longer, base=node.attrs["base"], remat=remat)
