"""Branches as derivatives make them: with the operands that are read, and with picks of what another one reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from staticad.autodiff.prints import without_prints
from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ir.types import TensorType
from staticad.ops.base import apply_all
from staticad.ops.control import COND, PARAMETER, Body, spoken_of
from staticad.ops.creation import zeros
from staticad.records import dataclass


def picks_before_changes(order: Sequence[Node]) -> list[Node]:
    """An order of nodes in which a branch that picks what a derivative reads, and was made after the branch by the same
    index that changes the array, stands before that one."""
    changes: dict[Tensor, list[Node]] = {}
    picks: dict[Node, list[Node]] = {}
    for node in order:
        if node.op is not COND:
            continue
        before = changes.setdefault(node.inputs[0], [])
        arrays = {t for t in node.inputs[1:] if t.ndim}
        if any(t.type in node.types for t in arrays):
            before.append(node)
            continue
        found = next((n for n in before if arrays & set(n.inputs) and set(node.inputs) <= set(n.inputs)), None)
        if found is not None:
            picks.setdefault(found, []).append(node)
    moved = {node for nodes in picks.values() for node in nodes}
    return [n for node in order if node not in moved for n in (*picks.get(node, ()), node)]


def choose(inputs: Sequence[Tensor], bodies: Sequence[Body]) -> Sequence[Tensor]:
    """The branch with an index and the operands that some of the bodies read: a loop would record the others."""
    read = {node.outputs[0] for body in bodies for node in sort_nodes(body.roots) if node.op is PARAMETER}
    places = [i for i in range(len(inputs) - 1) if any(body.parameters[i] in read for body in bodies)]
    fewer = [replace(body, parameters=tuple(body.parameters[i] for i in places)) for body in bodies]
    return apply_all(COND, inputs[0], *(inputs[i + 1] for i in places), branches=tuple(fewer))


@dataclass(frozen=True)
class Picks:
    """What a branch picks of the blocks of another one, on the same index: for every block which value of it each
    result is, None for none."""

    places: list[list[Tensor | None]]
    results: Sequence[Tensor]


def picks(node: Node, picked: Sequence[Sequence[Tensor]], slots: Sequence[TensorType]) -> Picks:
    """The branch that picks values of the blocks of a branch, each into one of these slots."""
    places = [_placed(values, slots) for values in picked]
    bodies: list[Body] = []
    for branch, own_places in zip(node.attrs["branches"], places, strict=True):
        values = without_prints([zeros(kind) if t is None else t for kind, t in zip(slots, own_places, strict=True)])
        sizes = spoken_of([*values, *branch.parameters], branch.locals)
        bodies.append(Body(branch.parameters, tuple(values), branch.demands, sizes))
    return Picks(places, choose(node.inputs, bodies) if slots else ())


def slots_of(picked: Sequence[Sequence[Tensor]]) -> list[TensorType]:
    """Types such that the values of every branch find a place each: branches share places, since one of them runs."""
    slots: list[TensorType] = []
    for values in picked:
        free = list(slots)
        for t in values:
            if t.type in free:
                free.remove(t.type)
            else:
                slots.append(t.type)
    return slots


def _placed(values: Sequence[Tensor], slots: Sequence[TensorType]) -> list[Tensor | None]:
    """For every place the value that takes it, if there is one."""
    waiting = list(values)
    found: list[Tensor | None] = []
    for kind in slots:
        taken = next((t for t in waiting if t.type == kind), None)
        if taken is not None:
            waiting = [t for t in waiting if t is not taken]
        found.append(taken)
    return found
