"""What a loop records for its backward pass: as little as can't cheaply be computed again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from staticad.autodiff.accumulate import has_runtime_length
from staticad.autodiff.loop_parts import LoopParts
from staticad.ir.dim_values import evaluate
from staticad.ir.dims import Shape, Size, at_least, is_runtime, local_symbols, product, symbols
from staticad.ir.dtypes import INT64, kind_of
from staticad.ir.graph import Node, Tensor
from staticad.ir.local_sizes import largest, largest_shape
from staticad.ir.substitute import depends_on
from staticad.ir.types import TensorType
from staticad.ops.barrier import Barrier
from staticad.ops.base import Elementwise, Movement, Reshape, apply, apply_all
from staticad.ops.control import LOOP, PARAMETER, Body, parameter
from staticad.ops.effects import AFTER
from staticad.ops.indexing import Gather
from staticad.ops.slicing import EMBED, SLICE

CHEAP = 2  # ops up to this cost are computed again rather than recorded
NOMINAL = 1009  # what free sizes count as where costs are compared
INDEX = 24  # operations of an index that are


def recorded_values(
    outputs: Sequence[Tensor], backward: Sequence[Tensor], free: set[Tensor], carried: set[Tensor], parts: bool = True
) -> list[Tensor]:
    """The forward values to record: those that backward nodes read, except what follows from constants and ``free``
    parameters (slices and captures of a loop), or cheaply from other recorded values. A view is recorded itself only if
    it is smaller than its base. Sequences of an inner loop of run-time length have no common length, nor has what has a
    local size: it is computed again, and so are loops with ``remat``. With ``parts`` a part of an array is recorded,
    though its size is local, in an array of the largest size, if the array would be recorded for it."""
    pending = _frontier(outputs, backward)
    kept: dict[Tensor, None] = {}
    seen = set(pending)
    while pending:
        tensor = pending.pop()
        node = tensor.node
        if tensor in carried:
            kept[tensor] = None
        elif tensor in free or not node.inputs:
            continue
        elif _is_result(tensor) or (parts and _is_part(tensor, free)):
            kept[tensor] = None
        elif (
            _follows(node, free | carried | seen)
            or _reads_free(node, free)
            or counts(tensor, free)
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


def counts(tensor: Tensor, free: set[Tensor]) -> bool:
    """True for an index that is computed from counters, which are slices, and constants. What a step computes of them
    it may compute again; a record would not even tell the range of the index."""
    return tensor.dtype == INT64 and _left(tensor, free, INDEX) >= 0


def is_there(tensor: Tensor, free: set[Tensor]) -> bool:
    """True for free parameters, constants and what is made of sizes: nobody has to record it."""
    return tensor in free or (not tensor.inputs and tensor.op is not PARAMETER)


def _left(tensor: Tensor, free: set[Tensor], budget: int) -> int:
    """What is left of so many operations after computing an index; negative where it is none, or takes more."""
    node = tensor.node
    if is_there(tensor, free):
        return budget
    if tensor.ndim or not isinstance(node.op, Elementwise):
        return -1
    budget -= max(node.op.cost, 1)
    for x in node.inputs:
        if budget >= 0:
            budget = _left(x, free, budget)
    return budget


def _follows(node: Node, known: set[Tensor]) -> bool:
    """True for cheap elementwise ops of values that are there anyway."""
    if isinstance(node.op, Elementwise) and node.op.cost <= CHEAP:
        return all(t in known or not t.node.inputs for t in node.inputs)
    return False


def _reads_free(node: Node, free: set[Tensor]) -> bool:
    """True for what is read from slices, captures and constants at some index: it costs as much to read again as from
    a record. Not for what is read from a carry, whose record would be all of it."""
    return isinstance(node.op, Gather) and is_there(node.inputs[0], free)


def has_runtime_sizes(tensor: Tensor) -> bool:
    """True for what has a size that only a run determines."""
    return any(is_runtime(size) for size in tensor.shape)


def nominal(size: Size) -> int:
    """A size as a number, to compare costs by."""
    most = largest(size)
    return evaluate(most, dict.fromkeys(symbols(most), NOMINAL))


def nominal_bytes(kinds: Iterable[TensorType]) -> int:
    """The bytes of values of these types, at nominal sizes."""
    return sum(nominal(product(kind.shape)) * kind.dtype.itemsize for kind in kinds)


def _is_result(tensor: Tensor) -> bool:
    """True for what an inner loop of a local length has recorded, which would have to run again."""
    node = tensor.node
    if node.op is not LOOP or node.attrs.get("remat") or tensor.index < node.attrs["shape"].carries:
        return False
    return any(map(local_symbols, tensor.shape)) and not has_runtime_sizes(tensor)


def _is_part(tensor: Tensor, free: set[Tensor]) -> bool:
    """True for a part of an array of which at most half is read, at its largest."""
    if tensor.op is not SLICE or not any(map(local_symbols, tensor.shape)):
        return False
    base = tensor.inputs[0]
    while isinstance(base.op, (Movement, Barrier, Reshape)):
        base = base.inputs[0]
    return not is_there(base, free) and 2 * nominal_count(tensor.shape) <= nominal_count(tensor.inputs[0].shape)


def nominal_count(shape: Shape) -> int:
    """Elements of an array at its largest, for nominal sizes."""
    return nominal(product(shape))


def _is_large_view(tensor: Tensor) -> bool:
    if not isinstance(tensor.op, (Movement, Barrier, Reshape)) or tensor.op is AFTER:  # its token has no place here
        return False
    return at_least(product(tensor.shape) - product(tensor.inputs[0].shape), 0)


def recorded(tensor: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """A value as it is recorded, a parameter for the record, and the value taken from that: what has a local size is
    recorded in an array of the largest size."""
    if not any(map(local_symbols, tensor.shape)):
        stand_in = parameter(tensor.type)
        return tensor, stand_in, stand_in
    shape, origin, ones = largest_shape(tensor.shape), (0,) * tensor.ndim, (1,) * tensor.ndim
    fill = {"f": 0.0, "b": False}.get(kind_of(tensor.dtype), 0)
    whole = apply(EMBED, tensor, shape=shape, starts=origin, steps=ones, fill=fill)
    stand_in = parameter(TensorType(shape, tensor.dtype))
    return whole, stand_in, apply(SLICE, stand_in, starts=origin, steps=ones, sizes=tensor.shape)


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
