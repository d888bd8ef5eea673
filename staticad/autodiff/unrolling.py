"""Loops of a known number of steps written out: what they capture of run-time length can't be a sum over their steps.

A Jacobian is a loop over unit vectors, whose steps read what a while loop has recorded. Its own derivative by these
records would be carried from step to step; but what a loop carries has a size that is known when it begins.
"""

from __future__ import annotations

from collections.abc import Sequence

from staticad.autodiff.accumulate import has_runtime_length
from staticad.autodiff.loop_parts import Differentiate, Maybe
from staticad.autodiff.prints import without_prints
from staticad.errors import GradientError
from staticad.ir.dtypes import is_inexact
from staticad.ir.graph import Node, Tensor, describe
from staticad.ir.substitute import substitute
from staticad.ops.assemble import CONCATENATE
from staticad.ops.base import apply
from staticad.ops.control import Body, LoopShape, parameter
from staticad.ops.movement import EXPAND_DIMS, SLICE, SQUEEZE


def sums_records(node: Node, needed: Sequence[bool]) -> bool:
    """Whether a loop captures sequences of run-time length by which its derivative is needed."""
    shape: LoopShape = node.attrs["shape"]
    _, _, captures = shape.split_parameters(node.inputs)
    wanted = shape.split_parameters(needed)[2]
    return any(need and has_runtime_length(x) and is_inexact(x.dtype) for x, need in zip(captures, wanted, strict=True))


def unrolled_vjp(
    node: Node, cotangents: Sequence[Maybe], needed: Sequence[bool], gradients: Differentiate
) -> list[Maybe]:
    """The cotangents of the inputs of a loop, step by step. Raises GradientError where the steps can't be counted."""
    stand_ins = [parameter(x.type) for x in node.inputs]  # inputs may depend on each other
    given = [(out, ct) for out, ct in zip(_unrolled(node, stand_ins), cotangents, strict=True) if ct is not None]
    wanted = [i for i, x in enumerate(node.inputs) if needed[i] and is_inexact(x.dtype)]
    targets, seeds = [out for out, _ in given], [ct for _, ct in given]
    found = gradients(targets, [stand_ins[i] for i in wanted], grad_ys=seeds, unconnected="none")
    kept = [i for i, g in zip(wanted, found, strict=True) if g is not None]
    actual = substitute([g for g in found if g is not None], dict(zip(stand_ins, node.inputs, strict=True)))
    answers: list[Maybe] = [None] * len(node.inputs)
    for i, gradient in zip(kept, actual, strict=True):
        answers[i] = gradient
    return answers


def _unrolled(node: Node, inputs: Sequence[Tensor]) -> list[Tensor]:
    """The outputs of a loop as its steps one after another."""
    shape: LoopShape = node.attrs["shape"]
    body: Body = node.attrs["body"]
    length = shape.length
    if not isinstance(length, int) or body.locals:
        raise GradientError(
            f"the loop of {length} steps around the derivative of a while loop ({describe(node.outputs[0])}) can be "
            "differentiated again only if the number of its steps is known when the graph is built"
        )
    carry, sequences, captures = shape.split_parameters(inputs)
    outputs = without_prints(body.outputs)
    results: list[list[Tensor]] = []
    for k in reversed(range(length)) if shape.reverse else range(length):
        slices = [_picked(x, k) for x in sequences]
        made = substitute(outputs, dict(zip(body.parameters, [*carry, *slices, *captures], strict=True)))
        carry, found = shape.split_outputs(made)
        results.append([apply(EXPAND_DIMS, t, axes=(0,)) for t in found])
    if shape.reverse:
        results.reverse()
    return [*carry, *(apply(CONCATENATE, *parts, axis=0) if length > 1 else parts[0] for parts in zip(*results))]


def _picked(x: Tensor, k: int) -> Tensor:
    start = (k, *(0 for _ in x.shape[1:]))
    part = apply(SLICE, x, starts=start, steps=(1,) * x.ndim, sizes=(1, *x.shape[1:]))
    return apply(SQUEEZE, part, axes=(0,))
