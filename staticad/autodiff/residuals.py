"""What the backward pass of a branch reads of the forward pass, computed where the forward pass is.

The derivative of a branch computes again what it needs from the operands of the branch. In a loop these have to be
recorded at every step, and one of them may be a large array of which the chosen branch reads an element. Then a second
branch beside the first one picks what is read, and only that is recorded.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from staticad.autodiff.branch_parts import picks, slots_of
from staticad.autodiff.prints import without_prints
from staticad.autodiff.recording import counts, has_runtime_sizes, is_there, nominal_bytes, recorded, recorded_values
from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ir.rebuild import copy_node
from staticad.ir.substitute import depends_on, substitute
from staticad.ops.base import apply_all
from staticad.ops.control import COND, PARAMETER, Body, Control, Locals, parameter, spoken_of
from staticad.ops.indexing import Scatter
from staticad.ops.slicing import REPLACE

Blocks = tuple[Body, ...]


def with_residuals(
    outputs: Sequence[Tensor], backward: Sequence[Tensor], free: set[Tensor], settled: Collection[Blocks] = ()
) -> list[Tensor]:
    """The outputs of a backward pass from ``backward`` on, in whose branches less is read of the forward pass.

    ``free`` are the parameters that are there without a record. Those with ``settled`` blocks stay as they are.
    """
    inside, seeds = depends_on(outputs, backward), set(backward)
    if not any(node.op is COND for node in inside):
        return list(outputs)
    done: dict[Tensor, Tensor] = {}
    for node in sort_nodes(outputs):
        if node not in inside:
            continue
        copy = copy_node(node, tuple(done.get(t, t) for t in node.inputs))
        made: Sequence[Tensor] = copy.outputs
        if node.op is COND and node.attrs["branches"] not in settled:
            received = [t.node in inside or t in seeds for t in node.inputs[1:]]
            made = _picked(copy, received, free) or made
        done.update((old, new) for old, new in zip(node.outputs, made, strict=True) if old is not new)
    return [done.get(t, t) for t in outputs]


def _picked(node: Node, received: Sequence[bool], free: set[Tensor]) -> Sequence[Tensor] | None:
    """The outputs of a branch that gets what it reads of the forward pass from a branch in the forward pass; None where
    its operands are not larger."""
    operands, branches = node.inputs[1:], node.attrs["branches"]
    given = [i for i, backward in enumerate(received) if not backward]
    known = [i for i in given if _is_free(operands[i], free)]
    found: list[tuple[list[Tensor], Locals, list[Tensor]]] = []  # outputs, their sizes, and what both read
    again = False
    for branch in branches:
        cotangents = [p for p, backward in zip(branch.parameters, received, strict=True) if backward]
        own = {branch.parameters[i] for i in known}
        results = with_residuals(branch.outputs, cotangents, own)
        again = again or _changes_again(results, cotangents)
        sizes = spoken_of([*results, *branch.parameters], branch.locals)
        read = recorded_values(
            [*results, *(value for _, value in sizes)], cotangents, own, set(branch.parameters) - own, parts=False
        )
        found.append((results, sizes, read))
    if any(has_runtime_sizes(t) for _, _, kept in found for t in kept):
        return None
    whole = {i for i in given for b, (*_, kept) in zip(branches, found, strict=True) if b.parameters[i] in set(kept)}
    records = [{t: recorded(t) for t in kept if t.op is not PARAMETER} for *_, kept in found]
    picked = [[record for record, _, _ in own.values()] for own in records]
    slots = slots_of(picked)
    before = [operands[i] for i in given if i not in known and not _is_free(operands[i], free)]
    left = [*slots, *(operands[i].type for i in whole)]
    if not again and nominal_bytes(t.type for t in before) <= nominal_bytes(left):
        return None
    before_it = picks(node, picked, slots)
    kept_operands = [i for i in range(len(operands)) if received[i] or i in whole or i in known]
    bodies: list[Body] = []
    for branch, places, records_of, (results, sizes, _) in zip(branches, before_it.places, records, found, strict=True):
        given_by = {record: stand_in for record, stand_in, _ in records_of.values()}
        stand_ins = [parameter(kind) if t is None else given_by[t] for kind, t in zip(slots, places, strict=True)]
        kept = tuple(branch.parameters[i] for i in kept_operands)
        mapping = {t: value for t, (_, _, value) in records_of.items()}
        values = substitute([*results, *(value for _, value in sizes)], mapping)
        quiet, own_sizes = without_prints(values[: len(results)]), values[len(results) :]
        named = tuple((symbol, value) for (symbol, _), value in zip(sizes, own_sizes, strict=True))
        bodies.append(Body((*kept, *stand_ins), tuple(quiet), branch.demands, named))
    index, kept_ones = node.inputs[0], (operands[i] for i in kept_operands)
    return apply_all(COND, index, *kept_ones, *before_it.results, branches=tuple(bodies))


def _changes_again(results: Sequence[Tensor], cotangents: Sequence[Tensor]) -> bool:
    """Whether an array would be changed again, and so copied, for what is read between its changes."""
    inside = depends_on(results, cotangents)
    changing = (n for n in sort_nodes(results) if n.op is REPLACE or isinstance(n.op, (Scatter, Control)))
    return any(node not in inside and node.inputs and any(t.ndim for t in node.outputs) for node in changing)


def _is_free(tensor: Tensor, free: set[Tensor]) -> bool:
    return is_there(tensor, free) or counts(tensor, free)
