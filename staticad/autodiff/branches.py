"""Derivatives of branches: each is a branch again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from staticad.autodiff.accumulate import accumulate
from staticad.autodiff.loop_parts import Bases, Differentiate, Maybe, demands_of, or_zeros
from staticad.autodiff.prints import without_prints
from staticad.ir.dtypes import is_inexact
from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ir.substitute import substitute
from staticad.ops.base import apply_all
from staticad.ops.control import COND, PARAMETER, Body, parameter, spoken_of


def branch_vjp(
    node: Node, cotangents: Sequence[Maybe], needed: Sequence[bool], gradients: Differentiate, held: Bases
) -> list[Maybe]:
    """The cotangents of the inputs: a branch with the gradients of each block."""
    branches: tuple[Body, ...] = node.attrs["branches"]
    given = [i for i, ct in enumerate(cotangents) if ct is not None]
    wanted = [i for i, x in enumerate(node.inputs[1:]) if needed[i + 1] and is_inexact(x.dtype)]
    seeds = [parameter(node.types[i]) for i in given]
    operands = {node.inputs[i + 1]: i for i in reversed(wanted)}
    sums = {i: parameter(x.type) for x, i in operands.items() if x in held.sums}
    found: list[list[Maybe]] = []
    for branch in branches:
        sources = [branch.parameters[i] for i in wanted]
        targets = [branch.outputs[i] for i in given]
        bases = Bases({branch.parameters[i]: total for i, total in sums.items()})
        grads = gradients(targets, sources, grad_ys=seeds, unconnected="none", bases=bases)
        for k, i in enumerate(wanted):
            if grads[k] is not None and i in sums and branch.parameters[i] not in bases.taken:
                grads[k] = accumulate(sums[i], grads[k])
        found.append(grads)
    used = [k for k in range(len(wanted)) if any(g[k] is not None for g in found)]
    results: list[Maybe] = [None] * len(node.inputs)
    if not used:
        return results
    sums = {i: sums[i] for i in (wanted[k] for k in used) if i in sums}
    held.taken |= {node.inputs[i + 1] for i in sums}
    bodies = []
    for branch, grads in zip(branches, found, strict=True):
        outputs = [_or(grads[k], sums.get(wanted[k]), branch.parameters[wanted[k]]) for k in used]
        bodies.append(_own(branch, [*seeds, *sums.values()], outputs))
    received = [*(cotangents[i] for i in given), *(held.sums[node.inputs[i + 1]] for i in sums)]
    outs = choose([*node.inputs, *received], bodies)  # type: ignore[list-item]
    for k, out in zip(used, outs, strict=True):
        results[wanted[k] + 1] = out
    return results


def _or(gradient: Maybe, total: Maybe, like: Tensor) -> Tensor:
    """The gradient, else the sum that it would be added to, else zeros."""
    return gradient if gradient is not None else or_zeros(total, like)


def branch_jvp(node: Node, tangents: Sequence[Maybe], jvp: Differentiate) -> list[Maybe]:
    """The tangents of the outputs: a branch with the tangents of each block."""
    branches: tuple[Body, ...] = node.attrs["branches"]
    given = [i for i, t in enumerate(tangents[1:]) if t is not None]
    wanted = [i for i, kind in enumerate(node.types) if is_inexact(kind.dtype)]
    results: list[Maybe] = [None] * len(node.outputs)
    if not given or not wanted:
        return results
    seeds = [parameter(node.inputs[i + 1].type) for i in given]
    bodies = []
    for branch in branches:
        sources = [branch.parameters[i] for i in given]
        bodies.append(_own(branch, seeds, jvp([branch.outputs[i] for i in wanted], sources, seeds)))
    received = [tangents[i + 1] for i in given]
    outs = choose([*node.inputs, *received], bodies)  # type: ignore[list-item]
    for i, out in zip(wanted, outs, strict=True):
        results[i] = out
    return results


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


def _own(branch: Body, seeds: Sequence[Tensor], outputs: Sequence[Tensor]) -> Body:
    """The body of a branch's derivative, with parameters of its own: the seeds are shared by all branches."""
    fresh = [parameter(s.type) for s in seeds]
    replaced = substitute(without_prints(outputs), dict(zip(seeds, fresh, strict=True)))
    return Body((*branch.parameters, *fresh), tuple(replaced), demands_of(branch), spoken_of(replaced, branch.locals))
