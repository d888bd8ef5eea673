"""Derivatives of branches: each is a branch again."""

from __future__ import annotations

from collections.abc import Sequence

from staticad.autodiff.accumulate import accumulate
from staticad.autodiff.branch_parts import choose
from staticad.autodiff.loop_parts import Bases, Differentiate, Maybe, demands_of, or_zeros
from staticad.autodiff.prints import without_prints
from staticad.autodiff.recording import counts, is_there
from staticad.autodiff.undone_branches import undone_branch
from staticad.ir.dtypes import is_inexact
from staticad.ir.graph import Node, Tensor
from staticad.ir.substitute import substitute
from staticad.ops.control import Body, parameter, spoken_of


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
    known = known_operands(node, held)
    found: list[list[Maybe]] = []
    of_blocks: list[Bases] = []
    for branch in branches:
        sources = [branch.parameters[i] for i in wanted]
        targets = [branch.outputs[i] for i in given]
        free = None if known is None else {branch.parameters[i] for i in known}
        bases = Bases({branch.parameters[i]: total for i, total in sums.items()}, free)
        grads = gradients(targets, sources, grad_ys=seeds, unconnected="none", bases=bases)
        for k, i in enumerate(wanted):
            if grads[k] is not None and i in sums and branch.parameters[i] not in bases.taken:
                grads[k] = accumulate(sums[i], grads[k])
        found.append(grads)
        of_blocks.append(bases)
    used = [k for k in range(len(wanted)) if any(g[k] is not None for g in found)]
    results: list[Maybe] = [None] * len(node.inputs)
    if not used:
        return results
    sums = {i: sums[i] for i in (wanted[k] for k in used) if i in sums}
    held.taken |= {node.inputs[i + 1] for i in sums}
    outputs = [
        [_or(grads[k], sums.get(wanted[k]), branch.parameters[wanted[k]]) for k in used]
        for branch, grads in zip(branches, found, strict=True)
    ]
    own = [*seeds, *sums.values()]
    bodies = [_own(branch, own, values) for branch, values in zip(branches, outputs, strict=True)]
    received = [*(cotangents[i] for i in given), *(held.sums[node.inputs[i + 1]] for i in sums)]
    outs = choose([*node.inputs, *received], bodies)  # type: ignore[list-item]
    if known is not None:
        other = undone_branch(node, outputs, own, received, of_blocks)  # type: ignore[arg-type]
        if other is not None:
            held.others[node] = dict(zip(outs, other.cotangents, strict=True))
            held.undone.update(((node, o), array) for o, array in other.arrays.items())
    for k, out in zip(used, outs, strict=True):
        results[wanted[k] + 1] = out
    return results


def known_operands(node: Node, held: Bases) -> list[int] | None:
    """The operands that are there without a record in the step of a loop, by number; None outside of loops."""
    if held.free is None:
        return None
    return [i for i, x in enumerate(node.inputs[1:]) if is_there(x, held.free) or counts(x, held.free)]


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


def _own(branch: Body, seeds: Sequence[Tensor], outputs: Sequence[Tensor]) -> Body:
    """The body of a branch's derivative, with parameters of its own: the seeds are shared by all branches."""
    fresh = [parameter(s.type) for s in seeds]
    replaced = substitute(without_prints(outputs), dict(zip(seeds, fresh, strict=True)))
    parameters = (*branch.parameters, *fresh)
    return Body(parameters, tuple(replaced), demands_of(branch), spoken_of([*replaced, *parameters], branch.locals))
