"""Derivatives of branches: each is a branch again."""

from __future__ import annotations

from collections.abc import Sequence

from staticad.autodiff.loop_parts import Differentiate, Maybe, demands_of, or_zeros
from staticad.ir.dtypes import is_float
from staticad.ir.graph import Node, Tensor
from staticad.ir.substitute import substitute
from staticad.ops.base import apply_all
from staticad.ops.control import COND, Body, parameter, spoken_of


def branch_vjp(
    node: Node, cotangents: Sequence[Maybe], needed: Sequence[bool], gradients: Differentiate
) -> list[Maybe]:
    """The cotangents of the inputs: a branch with the gradients of each block."""
    branches: tuple[Body, ...] = node.attrs["branches"]
    given = [i for i, ct in enumerate(cotangents) if ct is not None]
    wanted = [i for i, x in enumerate(node.inputs[1:]) if needed[i + 1] and is_float(x.dtype)]
    seeds = [parameter(node.types[i]) for i in given]
    found: list[list[Maybe]] = []
    for branch in branches:
        sources = [branch.parameters[i] for i in wanted]
        targets = [branch.outputs[i] for i in given]
        found.append(gradients(targets, sources, grad_ys=seeds, unconnected="none"))
    used = [k for k in range(len(wanted)) if any(g[k] is not None for g in found)]
    results: list[Maybe] = [None] * len(node.inputs)
    if not used:
        return results
    bodies = []
    for branch, grads in zip(branches, found, strict=True):
        outputs = [or_zeros(grads[k], branch.parameters[wanted[k]]) for k in used]
        bodies.append(_own(branch, seeds, outputs))
    received = [cotangents[i] for i in given]
    outs = apply_all(COND, *node.inputs, *received, branches=tuple(bodies))  # type: ignore[arg-type]
    for k, out in zip(used, outs, strict=True):
        results[wanted[k] + 1] = out
    return results


def branch_jvp(node: Node, tangents: Sequence[Maybe], jvp: Differentiate) -> list[Maybe]:
    """The tangents of the outputs: a branch with the tangents of each block."""
    branches: tuple[Body, ...] = node.attrs["branches"]
    given = [i for i, t in enumerate(tangents[1:]) if t is not None]
    wanted = [i for i, kind in enumerate(node.types) if is_float(kind.dtype)]
    results: list[Maybe] = [None] * len(node.outputs)
    if not given or not wanted:
        return results
    seeds = [parameter(node.inputs[i + 1].type) for i in given]
    bodies = []
    for branch in branches:
        sources = [branch.parameters[i] for i in given]
        bodies.append(_own(branch, seeds, jvp([branch.outputs[i] for i in wanted], sources, seeds)))
    received = [tangents[i + 1] for i in given]
    outs = apply_all(COND, *node.inputs, *received, branches=tuple(bodies))  # type: ignore[arg-type]
    for i, out in zip(wanted, outs, strict=True):
        results[i] = out
    return results


def _own(branch: Body, seeds: Sequence[Tensor], outputs: Sequence[Tensor]) -> Body:
    """The body of a branch's derivative, with parameters of its own: the seeds are shared by all branches."""
    fresh = [parameter(s.type) for s in seeds]
    replaced = substitute(outputs, dict(zip(seeds, fresh, strict=True)))
    return Body((*branch.parameters, *fresh), tuple(replaced), demands_of(branch), spoken_of(replaced, branch.locals))
