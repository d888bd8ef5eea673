"""Derivatives of branches and loops: each is a branch or loop again.

Reverse mode of a loop (Griewank and Walther, Evaluating Derivatives, 2nd ed., chapter 4): a forward loop that also
returns, stacked over its steps, what the backward pass needs and can't cheaply compute again, and a loop that runs
backwards over those stacks and carries the cotangents. Both are `LOOP` nodes, so that they differentiate again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from staticad.autodiff.accumulate import accumulate, has_runtime_length
from staticad.autodiff.connect import find_dependent
from staticad.autodiff.segments import segmented_again
from staticad.ir.dims import at_least, is_runtime, product
from staticad.ir.dtypes import is_float
from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ir.substitute import depends_on, substitute
from staticad.ir.types import TensorType
from staticad.ops.base import apply, apply_all
from staticad.ops.contract import MATMUL
from staticad.ops.control import COND, LOOP, PARAMETER, Body, LoopShape, parameter
from staticad.ops.creation import fill
from staticad.ops.movement import RESHAPE, TRANSPOSE

Differentiate = Callable[..., list[Any]]  # reverse.gradients or forward.jvp
Maybe = Tensor | None
CHEAP = 2  # ops up to this cost are computed again rather than recorded


def control_vjp(
    node: Node, cotangents: Sequence[Maybe], needed: Sequence[bool], gradients: Differentiate
) -> list[Maybe]:
    """The cotangents of the inputs; ``needed`` tells for which inputs they are of use."""
    if node.op is COND:
        return _cond_vjp(node, cotangents, needed, gradients)
    if node.attrs.get("checkpoint") is not None:
        return _checkpointed_vjp(node, cotangents, needed, gradients)
    return _loop_vjp(node, cotangents, needed, gradients)


def control_jvp(node: Node, tangents: Sequence[Maybe], jvp: Differentiate) -> list[Maybe]:
    """The tangents of the outputs, None for those that have none."""
    return _cond_jvp(node, tangents, jvp) if node.op is COND else _loop_jvp(node, tangents, jvp)


def _zeros(kind: TensorType) -> Tensor:
    return fill(kind.shape, 0.0, kind.dtype)


# ---- branches --------------------------------------------------------------------------------------------------------


def _cond_vjp(node: Node, cotangents: Sequence[Maybe], needed: Sequence[bool], gradients: Differentiate) -> list[Maybe]:
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
        outputs = [_or_zeros(grads[k], branch.parameters[wanted[k]]) for k in used]
        bodies.append(_own(branch.parameters, seeds, outputs))
    received = [cotangents[i] for i in given]
    outs = apply_all(COND, *node.inputs, *received, branches=tuple(bodies))  # type: ignore[arg-type]
    for k, out in zip(used, outs, strict=True):
        results[wanted[k] + 1] = out
    return results


def _cond_jvp(node: Node, tangents: Sequence[Maybe], jvp: Differentiate) -> list[Maybe]:
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
        bodies.append(_own(branch.parameters, seeds, jvp([branch.outputs[i] for i in wanted], sources, seeds)))
    received = [tangents[i + 1] for i in given]
    outs = apply_all(COND, *node.inputs, *received, branches=tuple(bodies))  # type: ignore[arg-type]
    for i, out in zip(wanted, outs, strict=True):
        results[i] = out
    return results


def _own(parameters: Sequence[Tensor], seeds: Sequence[Tensor], outputs: Sequence[Tensor]) -> Body:
    """A body with parameters of its own: the seeds are shared by all branches."""
    fresh = [parameter(s.type) for s in seeds]
    replaced = substitute(outputs, dict(zip(seeds, fresh, strict=True)))
    return Body((*parameters, *fresh), tuple(replaced))


def _or_zeros(gradient: Maybe, like: Tensor) -> Tensor:
    return gradient if gradient is not None else _zeros(like.type)


# ---- loops -----------------------------------------------------------------------------------------------------------


def _checkpointed_vjp(
    node: Node, cotangents: Sequence[Maybe], needed: Sequence[bool], gradients: Differentiate
) -> list[Maybe]:
    """A while loop that records little: as many steps as it made, in segments that are computed again."""
    shape: LoopShape = node.attrs["shape"]
    inputs = node.inputs[: shape.carries + shape.captures]
    # Inputs may depend on each other; partial derivatives are by stand-ins, which don't.
    stand_ins = [parameter(x.type) for x in inputs]
    again = segmented_again(node, stand_ins)
    given = [(out, ct) for out, ct in zip(again, cotangents, strict=False) if ct is not None]
    wanted = [i for i, x in enumerate(inputs) if needed[i] and is_float(x.dtype)]
    targets, seeds = [out for out, _ in given], [ct for _, ct in given]
    found = gradients(targets, [stand_ins[i] for i in wanted], grad_ys=seeds, unconnected="none")
    kept = [i for i, g in zip(wanted, found, strict=True) if g is not None]
    actual = substitute([g for g in found if g is not None], dict(zip(stand_ins, inputs, strict=True)))
    answers: list[Maybe] = [None] * len(node.inputs)
    for i, gradient in zip(kept, actual, strict=True):
        answers[i] = gradient
    return answers


class _Parts:
    """A loop's body, divided."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.shape: LoopShape = node.attrs["shape"]
        self.body: Body = node.attrs["body"]
        self.carry, self.slices, self.captures = self.shape.split_parameters(self.body.parameters)
        self.following, self.results = self.shape.split_outputs(self.body.outputs)
        self.order = sort_nodes([*self.following, *self.results])

    def dependent_carries(self, carries: set[int], others: list[Tensor]) -> list[int]:
        """The carries that come to depend on those given and on the other parameters, over any number of steps."""
        found = set(carries)
        while True:
            reached = find_dependent(self.order, [*(self.carry[i] for i in found), *others])
            more = {i for i, t in enumerate(self.following) if t in reached and is_float(t.dtype)} - found
            if not more:
                return sorted(found)
            found |= more


def _loop_vjp(node: Node, cotangents: Sequence[Maybe], needed: Sequence[bool], gradients: Differentiate) -> list[Maybe]:
    parts = _Parts(node)
    shape = parts.shape
    need_carry, need_slices, need_captures = shape.split_parameters(needed)
    of_carry, of_results = shape.split_outputs(cotangents)
    slices = [i for i, t in enumerate(parts.slices) if need_slices[i] and is_float(t.dtype)]
    captures = [i for i, t in enumerate(parts.captures) if need_captures[i] and is_float(t.dtype)]
    others = [parts.slices[i] for i in slices] + [parts.captures[i] for i in captures]
    entering = {i for i, t in enumerate(parts.carry) if need_carry[i] and is_float(t.dtype)}
    dependent = parts.dependent_carries(entering, others)
    results = [j for j, ct in enumerate(of_results) if ct is not None and is_float(parts.results[j].dtype)]
    result_seeds = [parameter(parts.results[j].type) for j in results]
    seeds = {i: parameter(parts.carry[i].type) for i in dependent}
    active = {i for i in dependent if of_carry[i] is not None}
    while True:  # the carries whose cotangents can differ from zero
        carries = sorted(active)
        targets = [parts.following[i] for i in carries] + [parts.results[j] for j in results]
        sources = [parts.carry[i] for i in dependent] + others
        given = [seeds[i] for i in carries] + result_seeds
        found = gradients(targets, sources, grad_ys=given, unconnected="none") if targets else [None] * len(sources)
        more = {i for i, g in zip(dependent, found, strict=False) if g is not None} - active
        if not more:
            break
        active |= more
    by_carry = dict(zip(dependent, found, strict=False))
    by_slice = dict(zip(slices, found[len(dependent) :], strict=False))
    by_capture = dict(zip(captures, found[len(dependent) + len(slices) :], strict=True))
    summed = [i for i in captures if by_capture[i] is not None]
    sliced = [i for i in slices if by_slice[i] is not None]
    pairs = {i: _weight_product(by_capture[i], shape) for i in summed}
    products = {i: pair for i, pair in pairs.items() if pair is not None}
    summed = [i for i in summed if i not in products]
    totals = [parameter(parts.captures[i].type) for i in summed]
    outputs = [_or_zeros(by_carry[i], parts.carry[i]) for i in carries]
    outputs += [accumulate(total, by_capture[i]) for total, i in zip(totals, summed, strict=True)]
    outputs += [by_slice[i] for i in sliced]
    factors = list(dict.fromkeys(t for pair in products.values() for t in pair))
    outputs += factors
    if not outputs:
        return [None] * len(node.inputs)
    recorded = _recorded(outputs, [*given, *totals], parts)
    forward = _extended(parts, recorded)
    stacks = forward[shape.carries + shape.results :][: len(recorded)]
    stand_ins = [parameter(t.type) for t in recorded]
    outputs = substitute(outputs, dict(zip(recorded, stand_ins, strict=True)))
    read = _read_parameters(outputs)
    used_slices = [i for i, t in enumerate(parts.slices) if t in read]
    used_captures = [i for i, t in enumerate(parts.captures) if t in read]
    inputs, input_slices, input_captures = shape.split_parameters(node.inputs)
    body = Body(
        (
            *(seeds[i] for i in carries),
            *totals,
            *stand_ins,
            *(parts.slices[i] for i in used_slices),
            *result_seeds,
            *(parts.captures[i] for i in used_captures),
        ),
        tuple(outputs),
    )
    counted = shape.conditional or shape.counted
    backward = replace(
        shape,
        carries=len(carries) + len(totals),
        sequences=len(stand_ins) + len(used_slices) + len(result_seeds),
        captures=len(used_captures),
        results=len(sliced) + len(factors),
        reverse=not shape.reverse,
        conditional=False,
        counted=counted,
    )
    outs = apply_all(
        LOOP,
        *(ct if (ct := of_carry[i]) is not None else _zeros(parts.carry[i].type) for i in carries),
        *(_zeros(t.type) for t in totals),
        *stacks,
        *(input_slices[i] for i in used_slices),
        *(of_results[j] for j in results),
        *(input_captures[i] for i in used_captures),
        *([_forward_count(shape, forward, node)] if counted else []),
        body=body,
        shape=backward,
        base=body,
    )
    answers: list[Maybe] = [None] * len(node.inputs)
    for i, out in zip(carries, outs, strict=False):
        answers[i] = out
    for i, out in zip(summed, outs[len(carries) :], strict=False):
        answers[shape.carries + shape.sequences + i] = out
    for i, out in zip(sliced, outs[backward.carries :], strict=False):
        answers[shape.carries + i] = out
    stacked = dict(zip(factors, outs[backward.carries + len(sliced) :], strict=False))
    for i, (left, right) in products.items():
        answers[shape.carries + shape.sequences + i] = _product_over_time(stacked[left], stacked[right])
    return answers


def _weight_product(gradient: Maybe, shape: LoopShape) -> tuple[Tensor, Tensor] | None:
    """The factors a, b of a gradient ``aᵀ @ b`` of two matrices: summed over the steps it is one product of the
    stacked factors, which is faster than a product and a sum in every step."""
    if gradient is None or gradient.op is not MATMUL or is_runtime(shape.length):
        return None
    left, right = gradient.inputs
    if left.ndim != 2 or right.ndim != 2:
        return None
    turned = left.inputs[0] if left.op is TRANSPOSE else apply(TRANSPOSE, left, axes=(1, 0))
    return turned, right


def _product_over_time(left: Tensor, right: Tensor) -> Tensor:
    rows = [apply(RESHAPE, t, shape=(t.shape[0] * t.shape[1], t.shape[2]), constraints=()) for t in (left, right)]
    return apply(MATMUL, apply(TRANSPOSE, rows[0], axes=(1, 0)), rows[1])


def _forward_count(shape: LoopShape, forward: Sequence[Tensor], node: Node) -> Tensor:
    return forward[-1] if shape.conditional else node.inputs[-1]


def _extended(parts: _Parts, recorded: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The loop with more results: what the backward pass reads."""
    node, shape = parts.node, parts.shape
    if not recorded:
        return node.outputs
    again = parts.body.outputs[-1:] if shape.conditional else ()
    body = Body(parts.body.parameters, (*parts.following, *parts.results, *recorded, *again))
    longer = replace(shape, results=shape.results + len(recorded))
    remat = bool(node.attrs.get("remat"))
    return apply_all(LOOP, *node.inputs, body=body, shape=longer, base=node.attrs["base"], remat=remat)


def _read_parameters(outputs: Sequence[Tensor]) -> set[Tensor]:
    return {n.out for n in sort_nodes(outputs) if n.op is PARAMETER}


def _recorded(outputs: Sequence[Tensor], backward: Sequence[Tensor], parts: _Parts) -> list[Tensor]:
    """The forward values to record: those that backward nodes read, except what follows from constants, slices and
    captures, or cheaply from other recorded values. A view is recorded itself only if it is smaller than its base.
    Sequences of an inner loop of run-time length have no common length: that loop runs again, and so do loops that
    are to be computed again (``remat``)."""
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
    free = set(parts.slices) | set(parts.captures)
    carried = set(parts.carry)
    kept: dict[Tensor, None] = {}
    pending = sorted(frontier, key=lambda t: (t.node.serial, t.index))
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


def _follows(node: Node, known: set[Tensor]) -> bool:
    """True for cheap elementwise ops of values that are there anyway."""
    if node.op.family == "elementwise" and node.op.cost <= CHEAP:
        return all(t in known or not t.node.inputs for t in node.inputs)
    return False


def _reads_free(node: Node, free: set[Tensor]) -> bool:
    """True for what is read from slices, captures and constants at some index: it costs as much to read again as from
    a record."""
    return node.op.family == "gather" and (node.inputs[0] in free or not node.inputs[0].node.inputs)


def _is_large_view(tensor: Tensor) -> bool:
    if tensor.op.family not in ("movement", "barrier", "reshape"):
        return False
    return at_least(product(tensor.shape) - product(tensor.inputs[0].shape), 0)


def _loop_jvp(node: Node, tangents: Sequence[Maybe], jvp: Differentiate) -> list[Maybe]:
    parts = _Parts(node)
    shape = parts.shape
    of_carry, of_slices, of_captures = shape.split_parameters(tangents)
    slices = [i for i, t in enumerate(of_slices) if t is not None]
    captures = [i for i, t in enumerate(of_captures) if t is not None]
    others = [parts.slices[i] for i in slices] + [parts.captures[i] for i in captures]
    carries = parts.dependent_carries({i for i, t in enumerate(of_carry) if t is not None}, others)
    results = [j for j, t in enumerate(parts.results) if is_float(t.dtype)]
    sources = [parts.carry[i] for i in carries] + others
    seeds = [parameter(t.type) for t in sources]
    pushed = jvp([parts.following[i] for i in carries] + [parts.results[j] for j in results], sources, seeds)
    a, b = len(carries), len(carries) + len(slices)
    again = parts.body.outputs[-1:] if shape.conditional else ()
    body = Body(
        (*parts.carry, *seeds[:a], *parts.slices, *seeds[a:b], *parts.captures, *seeds[b:]),
        (*parts.following, *pushed[:a], *parts.results, *pushed[a:], *again),
    )
    wider = replace(
        shape,
        carries=shape.carries + len(carries),
        sequences=shape.sequences + len(slices),
        captures=shape.captures + len(captures),
        results=shape.results + len(results),
    )
    inputs, input_slices, input_captures = shape.split_parameters(node.inputs)
    starts = [t if (t := of_carry[i]) is not None else _zeros(parts.carry[i].type) for i in carries]
    outs = apply_all(
        LOOP,
        *inputs,
        *starts,
        *input_slices,
        *(of_slices[i] for i in slices),
        *input_captures,
        *(of_captures[i] for i in captures),
        *node.inputs[len(parts.body.parameters) :],
        body=body,
        shape=wider,
        base=body,
    )
    answers: list[Maybe] = [None] * len(node.outputs)
    for number, i in enumerate(carries):
        answers[i] = outs[shape.carries + number]
    for number, j in enumerate(results):
        answers[shape.carries + j] = outs[wider.carries + shape.results + number]
    return answers
