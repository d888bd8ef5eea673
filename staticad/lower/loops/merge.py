"""Loops that do the same steps are one loop: a loop, and the same loop extended by what its derivatives record.

An extended loop shares parameters and next carry with the loop that it extends (its base), so that the results of all
can be returned by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ir.rebuild import rebuild
from staticad.ops.base import apply_all
from staticad.ops.control import LOOP, Body, LoopShape

Key = tuple[int, tuple[Tensor, ...]]


def merge_loops(outputs: Sequence[Tensor]) -> list[Tensor]:
    """The outputs over a graph in which loops of one base and equal inputs are merged."""
    groups: dict[Key, list[Node]] = {}
    for node in sort_nodes(outputs):
        if node.op is LOOP:
            groups.setdefault((id(node.attrs["base"]), node.inputs), []).append(node)
    merged = {node: group for group in groups.values() if len(group) > 1 for node in group}
    if not merged:
        return list(outputs)
    made: dict[Node, tuple[tuple[Tensor, ...], dict[Tensor, int]]] = {}

    def edit(node: Node, inputs: tuple[Tensor, ...]) -> Sequence[Tensor] | None:
        group = merged.get(node)
        if group is None:
            return None
        first = group[0]
        if first not in made:
            made[first] = _merge(group, inputs)
        outs, places = made[first]
        shape: LoopShape = node.attrs["shape"]
        _, results = shape.split_outputs(node.attrs["body"].outputs)
        last = [outs[-1]] if shape.conditional else []
        return [*outs[: shape.carries], *(outs[shape.carries + places[r]] for r in results), *last]

    return rebuild(outputs, edit)


def _merge(group: list[Node], inputs: tuple[Tensor, ...]) -> tuple[tuple[Tensor, ...], dict[Tensor, int]]:
    """One loop that returns all results of the group, and which of its results each one is."""
    shape: LoopShape = group[0].attrs["shape"]
    body: Body = group[0].attrs["body"]
    following, _ = shape.split_outputs(body.outputs)
    places: dict[Tensor, int] = {}
    for node in group:
        own: LoopShape = node.attrs["shape"]
        for result in own.split_outputs(node.attrs["body"].outputs)[1]:
            places.setdefault(result, len(places))
    again = body.outputs[-1:] if shape.conditional else ()
    locals_of_all = {symbol: value for node in group for symbol, value in node.attrs["body"].locals}
    whole = Body(body.parameters, (*following, *places, *again), body.demands, tuple(locals_of_all.items()))
    wider = replace(shape, results=len(places))
    return apply_all(LOOP, *inputs, body=whole, shape=wider, base=group[0].attrs["base"]), places
