"""Loops that do the same steps are one loop: a loop, and the same loop extended by what its derivatives record.

An extended loop shares parameters and next carry with the loop that it extends (its base), so that the results of all
can be returned by one. Branches by one index are one branch, where one of them gets all that the others get: beside a
branch that changes an array stands the one that picks what its derivative reads, before and between the changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ir.rebuild import copy_node, rebuild
from staticad.ir.substitute import substitute
from staticad.ops.base import apply_all
from staticad.ops.control import COND, LOOP, Body, LoopShape

Key = tuple[int, tuple[Tensor, ...]]


def merge_control(outputs: Sequence[Tensor]) -> list[Tensor]:
    """The outputs over a graph in which loops of one base and equal inputs are merged, and branches by one index."""
    return _merge_branches(_merge_loops(outputs))


# ---- loops -----------------------------------------------------------------------------------------------------------


def _merge_loops(outputs: Sequence[Tensor]) -> list[Tensor]:
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
            made[first] = _one_loop(group, inputs)
        outs, places = made[first]
        shape: LoopShape = node.attrs["shape"]
        _, results = shape.split_outputs(node.attrs["body"].outputs)
        last = [outs[-1]] if shape.conditional else []
        return [*outs[: shape.carries], *(outs[shape.carries + places[r]] for r in results), *last]

    return rebuild(outputs, edit)


def _one_loop(group: list[Node], inputs: tuple[Tensor, ...]) -> tuple[tuple[Tensor, ...], dict[Tensor, int]]:
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


# ---- branches --------------------------------------------------------------------------------------------------------


def _merge_branches(outputs: Sequence[Tensor]) -> list[Tensor]:
    hosts = _hosts([node for node in sort_nodes(outputs) if node.op is COND])
    if not hosts:
        return list(outputs)
    groups: dict[Node, list[Node]] = {}
    for node, host in hosts.items():
        groups.setdefault(host, [host]).append(node)
    made: dict[Tensor, Tensor] = {}
    begun: set[Node] = set()
    pending = [hosts.get(t.node, t.node) for t in outputs]
    while pending:
        node = pending[-1]
        missing = [hosts.get(t.node, t.node) for t in node.inputs if t not in made]
        if node.outputs[0] in made:
            pending.pop()
        elif not missing:
            inputs = tuple(made[t] for t in node.inputs)
            if node in groups:
                members = [t for member in groups[node] for t in member.outputs]
                made.update(zip(members, _one_branch(groups[node], inputs), strict=True))
            else:
                made.update(zip(node.outputs, copy_node(node, inputs).outputs, strict=True))
        elif node in begun:
            return list(outputs)  # merged, some would need each other
        else:
            begun.add(node)
            pending += missing
    return [made[t] for t in outputs]


def _hosts(nodes: Sequence[Node]) -> dict[Node, Node]:
    """The branches that become part of another one, by one index, which gets all that they get."""
    groups: dict[tuple[Tensor, int], list[Node]] = {}
    for node in nodes:
        branches: tuple[Body, ...] = node.attrs["branches"]
        groups.setdefault((node.inputs[0], len(branches)), []).append(node)
    found: dict[Node, Node] = {}
    for group in groups.values():
        hosts: list[Node] = []
        for node in sorted(group, key=lambda n: -len(set(n.inputs))):
            given = set(node.inputs)
            host = next((host for host in hosts if given <= set(host.inputs)), None)
            if host is None:
                hosts.append(node)
            else:
                found[node] = host
    return found


def _one_branch(group: Sequence[Node], inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """One branch with the outputs of all of the group, on the inputs of the first one."""
    first, *others = group
    bodies = []
    for number, body in enumerate(first.attrs["branches"]):
        own = dict(zip(reversed(first.inputs[1:]), reversed(body.parameters), strict=True))
        values, demands, sizes = [*body.outputs], [*body.demands], dict(body.locals)
        for node in others:
            guest: Body = node.attrs["branches"][number]
            mapping = {p: own[x] for p, x in zip(guest.parameters, node.inputs[1:], strict=True)}
            found = substitute(guest.roots, mapping)
            values += found[: len(guest.outputs)]
            sizes = dict(zip((symbol for symbol, _ in guest.locals), found[len(guest.outputs) :])) | sizes
            demands += guest.demands
        rebuilt = rebuild([*values, *sizes.values()])
        named = tuple(zip(sizes, rebuilt[len(values) :]))
        bodies.append(Body(body.parameters, tuple(rebuilt[: len(values)]), tuple(dict.fromkeys(demands)), named))
    return apply_all(COND, *inputs, branches=tuple(bodies))
