"""Derivatives of loops: each is a loop again.

Reverse mode of a loop (Griewank and Walther, Evaluating Derivatives, 2nd ed., chapter 4): a forward loop that also
returns, stacked over its steps, what the backward pass needs and can't cheaply compute again, and a loop that runs
backwards over those stacks and carries the cotangents. Both are `LOOP` nodes, so that they differentiate again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from staticad.autodiff.accumulate import accumulate
from staticad.autodiff.flattening import flattened
from staticad.autodiff.loop_parts import Bases, Differentiate, LoopParts, Maybe, Undone, demands_of, or_zeros
from staticad.autodiff.prints import without_prints
from staticad.autodiff.recording import with_records
from staticad.autodiff.undo import reverse_step
from staticad.autodiff.unrolling import sums_records, unrolled_vjp
from staticad.ir.dims import is_runtime
from staticad.ir.dtypes import is_inexact
from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ir.substitute import substitute
from staticad.late import later
from staticad.ops.base import apply, apply_all
from staticad.ops.contract import MATMUL
from staticad.ops.control import LOOP, PARAMETER, Body, LoopShape, parameter
from staticad.ops.movement import RESHAPE, TRANSPOSE
from staticad.records import dataclass

if TYPE_CHECKING:
    from staticad.autodiff import segments
else:
    segments = later("staticad.autodiff.segments")

# ---- reverse mode ----------------------------------------------------------------------------------------------------


def loop_vjp(
    node: Node, cotangents: Sequence[Maybe], needed: Sequence[bool], gradients: Differentiate, held: Bases
) -> list[Maybe]:
    """The cotangents of the inputs: a loop that runs backwards."""
    if node.attrs.get("checkpoint") is not None:
        return _checkpointed_vjp(node, cotangents, needed, gradients, held)
    if sums_records(node, needed):
        return unrolled_vjp(node, cotangents, needed, gradients)
    parts = LoopParts(node)
    flat = flattened(parts)
    if flat is not None:
        given = flat.cotangents(cotangents), flat.needed(needed, parts.shape)
        return flat.by_input(loop_vjp(flat.node, *given, gradients, held), parts.shape)
    wanted = _wanted(parts, cotangents, needed)
    step = _step_gradients(parts, wanted, cotangents, gradients)
    sums = _sums(parts, wanted, step)
    outputs = [or_zeros(step.by_carry[i], parts.carry[i]) for i in step.carries]
    for i, total in sums.totals.items():
        taken = parts.captures[i] in step.bases.taken
        outputs.append(step.by_capture[i] if taken else accumulate(total, step.by_capture[i]))
    outputs += [*step.by_slice.values(), *sums.factors]
    if not outputs:
        return [None] * len(node.inputs)
    outs = _run_backwards(parts, wanted, step, sums, outputs, cotangents, held)
    return _by_input(parts, step, sums, outs)


@dataclass(frozen=True)
class _Wanted:
    """What takes part, by number: the slices and captures to differentiate by, the carries that come to depend on
    them, and the results with a cotangent. ``seeds`` stand for the cotangents of those carries after a step."""

    slices: list[int]
    captures: list[int]
    dependent: list[int]
    results: list[int]
    seeds: dict[int, Tensor]
    result_seeds: list[Tensor]
    totals: dict[int, Tensor]  # by capture: what its cotangents are added to


def _wanted(parts: LoopParts, cotangents: Sequence[Maybe], needed: Sequence[bool]) -> _Wanted:
    """What takes part in the derivative, given which outputs have cotangents and which inputs need them."""
    need_carry, need_slices, need_captures = parts.shape.split_parameters(needed)
    _, of_results = parts.shape.split_outputs(cotangents)
    slices = [i for i, t in enumerate(parts.slices) if need_slices[i] and is_inexact(t.dtype)]
    captures = [i for i, t in enumerate(parts.captures) if need_captures[i] and is_inexact(t.dtype)]
    entering = {i for i, t in enumerate(parts.carry) if need_carry[i] and is_inexact(t.dtype)}
    others = [*(parts.slices[i] for i in slices), *(parts.captures[i] for i in captures)]
    dependent = parts.dependent_carries(entering, others)
    results = [j for j, ct in enumerate(of_results) if ct is not None and is_inexact(parts.results[j].dtype)]
    result_seeds = [parameter(parts.results[j].type) for j in results]
    seeds = {i: parameter(parts.carry[i].type) for i in dependent}
    totals = {i: parameter(parts.captures[i].type) for i in captures}
    return _Wanted(slices, captures, dependent, results, seeds, result_seeds, totals)


@dataclass(frozen=True)
class _StepGradients:
    """The gradients of one step, where they can differ from zero. ``carries`` are those that carry a cotangent; what
    such a step does not read has none."""

    carries: list[int]
    by_carry: dict[int, Maybe]
    by_slice: dict[int, Tensor]
    by_capture: dict[int, Tensor]
    bases: Bases  # whose gradients have the total in them already, and what inner backward passes undo


def _step_gradients(
    parts: LoopParts, wanted: _Wanted, cotangents: Sequence[Maybe], gradients: Differentiate
) -> _StepGradients:
    """Differentiate one step. Cotangents of carries may reach other carries, so this is repeated until no more are
    reached."""
    of_carry, _ = parts.shape.split_outputs(cotangents)
    by_slice, by_capture = [parts.slices[i] for i in wanted.slices], [parts.captures[i] for i in wanted.captures]
    sources = [*(parts.carry[i] for i in wanted.dependent), *by_slice, *by_capture]
    active = {i for i in wanted.dependent if of_carry[i] is not None}
    free = {*parts.slices, *parts.captures}
    while True:
        carries = sorted(active)
        targets = [*(parts.following[i] for i in carries), *(parts.results[j] for j in wanted.results)]
        given = [*(wanted.seeds[i] for i in carries), *wanted.result_seeds]
        bases = Bases({parts.captures[i]: total for i, total in wanted.totals.items() if total.ndim}, free)
        found: list[Maybe] = [None] * len(sources)
        if targets:
            found = gradients(targets, sources, grad_ys=given, unconnected="none", bases=bases)
        a, b = len(wanted.dependent), len(wanted.dependent) + len(wanted.slices)
        by = dict(zip(wanted.dependent, found[:a], strict=True))
        more = {i for i, gradient in by.items() if gradient is not None} - active
        if not more:
            slices, captures = _found(wanted.slices, found[a:b]), _found(wanted.captures, found[b:])
            return _StepGradients(carries, by, slices, captures, bases)
        active |= more


def _found(numbers: Sequence[int], gradients: Sequence[Maybe]) -> dict[int, Tensor]:
    return {i: gradient for i, gradient in zip(numbers, gradients, strict=True) if gradient is not None}


@dataclass(frozen=True)
class _Sums:
    """How the gradients by captures are summed over the steps: into a total that the loop carries, or afterwards as one
    product of stacked factors."""

    totals: dict[int, Tensor]
    products: dict[int, tuple[Tensor, Tensor]]

    @property
    def factors(self) -> list[Tensor]:
        """The factors of all products, each once."""
        return list(dict.fromkeys(t for pair in self.products.values() for t in pair))


def _sums(parts: LoopParts, wanted: _Wanted, step: _StepGradients) -> _Sums:
    pairs = {i: _weight_product(gradient, parts.shape) for i, gradient in step.by_capture.items()}
    products = {i: pair for i, pair in pairs.items() if pair is not None}
    return _Sums({i: wanted.totals[i] for i in pairs if i not in products}, products)


def _weight_product(gradient: Tensor, shape: LoopShape) -> tuple[Tensor, Tensor] | None:
    """The factors a, b of a gradient ``aᵀ @ b`` of two matrices: summed over the steps it is one product of the
    stacked factors, which is faster than a product and a sum in every step."""
    if gradient.op is not MATMUL or is_runtime(shape.length):
        return None
    left, right = gradient.inputs
    if left.ndim != 2 or right.ndim != 2:
        return None
    turned = left.inputs[0] if left.op is TRANSPOSE else apply(TRANSPOSE, left, axes=(1, 0))
    return turned, right


def _product_over_time(left: Tensor, right: Tensor) -> Tensor:
    rows = [apply(RESHAPE, t, shape=(t.shape[0] * t.shape[1], t.shape[2]), constraints=()) for t in (left, right)]
    return apply(MATMUL, apply(TRANSPOSE, rows[0], axes=(1, 0)), rows[1])


def _run_backwards(
    parts: LoopParts,
    wanted: _Wanted,
    step: _StepGradients,
    sums: _Sums,
    outputs: Sequence[Tensor],
    cotangents: Sequence[Maybe],
    held: Bases,
) -> tuple[Tensor, ...]:
    """The outputs of the backward loop, whose body has these ``outputs`` in terms of values of the forward loop: the
    forward loop records those that can't be computed again."""
    node, shape = parts.node, parts.shape
    seeds, totals = [wanted.seeds[i] for i in step.carries], list(sums.totals.values())
    step_back = reverse_step(parts, outputs, [*seeds, *wanted.result_seeds, *totals], step.bases)
    place, outputs = len(seeds) + len(totals), step_back.outputs
    forward = with_records(parts, list(step_back.tape))
    stacks = forward[shape.carries + shape.results :][: len(step_back.tape)]
    stand_ins = list(step_back.tape.values())
    outputs = without_prints([*outputs[:place], *step_back.before.values(), *outputs[place:]])
    roots = [*outputs, *(value for _, value in step_back.sizes)]
    read = {n.out for n in sort_nodes(roots) if n.op is PARAMETER}
    slices = [i for i, t in enumerate(parts.slices) if t in read]
    captures = [i for i, t in enumerate(parts.captures) if t in read]
    body = Body(
        (
            *seeds,
            *totals,
            *step_back.after.values(),
            *stand_ins,
            *(parts.slices[i] for i in slices),
            *wanted.result_seeds,
            *(parts.captures[i] for i in captures),
        ),
        tuple(outputs),
        demands_of(parts.body),
        step_back.sizes,
    )
    counted = shape.conditional or shape.counted
    backward = replace(
        shape,
        carries=len(seeds) + len(totals) + len(step_back.after),
        sequences=len(stand_ins) + len(slices) + len(wanted.result_seeds),
        captures=len(captures),
        results=len(step.by_slice) + len(sums.factors),
        reverse=not shape.reverse,
        conditional=False,
        counted=counted,
    )
    _, given_slices, given_captures = shape.split_parameters(node.inputs)
    of_carry, of_results = shape.split_outputs(cotangents)
    begun = _begun(shape.split_parameters(node.inputs)[2], sums, held)
    outs = apply_all(
        LOOP,
        *(or_zeros(of_carry[i], parts.carry[i]) for i in step.carries),
        *(or_zeros(begun.get(i), t) for i, t in sums.totals.items()),
        *(forward[i] for i in step_back.after),
        *stacks,
        *(given_slices[i] for i in slices),
        *(of_results[j] for j in wanted.results),
        *(given_captures[i] for i in captures),
        *([forward[-1] if shape.conditional else node.inputs[-1]] if counted else []),  # the number of steps
        body=body,
        shape=backward,
        base=body,
    )
    if not (counted or node.attrs.get("remat")):  # what these record has no length, or is not to be kept
        undone = ((i, Undone(outs[place + k], node.inputs[i])) for k, i in enumerate(step_back.after))
        held.undone.update(((node, i), one) for i, one in undone)
    return (*outs[:place], *outs[place + len(step_back.after) :])


def _begun(captures: Sequence[Tensor], sums: _Sums, held: Bases) -> dict[int, Tensor]:
    """What is held of the sums over the steps, by capture; each sum once, should a tensor be captured twice."""
    found: dict[int, Tensor] = {}
    for i in sums.totals:
        if captures[i] in held.sums and captures[i] not in held.taken:
            held.taken.add(captures[i])
            found[i] = held.sums[captures[i]]
    return found


def _by_input(parts: LoopParts, step: _StepGradients, sums: _Sums, outs: Sequence[Tensor]) -> list[Maybe]:
    """The outputs of the backward loop as cotangents of the forward loop's inputs."""
    shape = parts.shape
    captures = shape.carries + shape.sequences
    places = [*step.carries, *(captures + i for i in sums.totals), *(shape.carries + i for i in step.by_slice)]
    answers: list[Maybe] = [None] * len(parts.node.inputs)
    for place, out in zip(places, outs, strict=False):
        answers[place] = out
    stacked = dict(zip(sums.factors, outs[len(places) :], strict=False))
    for i, (left, right) in sums.products.items():
        answers[captures + i] = _product_over_time(stacked[left], stacked[right])
    return answers


def _checkpointed_vjp(
    node: Node, cotangents: Sequence[Maybe], needed: Sequence[bool], gradients: Differentiate, held: Bases
) -> list[Maybe]:
    """A while loop that records little: as many steps as it made, in segments that are computed again."""
    shape: LoopShape = node.attrs["shape"]
    inputs = node.inputs[: shape.carries + shape.captures]
    # Inputs may depend on each other; partial derivatives are by stand-ins, which don't.
    stand_ins = [parameter(x.type) for x in inputs]
    again = segments.segmented_again(node, stand_ins)
    given = [(out, ct) for out, ct in zip(again, cotangents, strict=False) if ct is not None]
    wanted = [i for i, x in enumerate(inputs) if needed[i] and is_inexact(x.dtype)]
    targets, seeds = [out for out, _ in given], [ct for _, ct in given]
    captured = {i for i in wanted if i >= shape.carries}
    bases = Bases({stand_ins[i]: held.sums[inputs[i]] for i in captured if inputs[i] in held.sums})
    found = gradients(targets, [stand_ins[i] for i in wanted], grad_ys=seeds, unconnected="none", bases=bases)
    held.taken |= {inputs[i] for i in captured if stand_ins[i] in bases.taken}
    kept = [i for i, g in zip(wanted, found, strict=True) if g is not None]
    actual = substitute([g for g in found if g is not None], dict(zip(stand_ins, inputs, strict=True)))
    answers: list[Maybe] = [None] * len(node.inputs)
    for i, gradient in zip(kept, actual, strict=True):
        answers[i] = gradient
    return answers


# ---- forward mode ----------------------------------------------------------------------------------------------------


def loop_jvp(node: Node, tangents: Sequence[Maybe], jvp: Differentiate) -> list[Maybe]:
    """The tangents of the outputs: the loop again, with tangents beside its values."""
    parts = LoopParts(node)
    shape = parts.shape
    of_carry, of_slices, of_captures = shape.split_parameters(tangents)
    slices = [i for i, t in enumerate(of_slices) if t is not None]
    captures = [i for i, t in enumerate(of_captures) if t is not None]
    others = [parts.slices[i] for i in slices] + [parts.captures[i] for i in captures]
    carries = parts.dependent_carries({i for i, t in enumerate(of_carry) if t is not None}, others)
    results = [j for j, t in enumerate(parts.results) if is_inexact(t.dtype)]
    sources = [parts.carry[i] for i in carries] + others
    seeds = [parameter(t.type) for t in sources]
    pushed = jvp([parts.following[i] for i in carries] + [parts.results[j] for j in results], sources, seeds)
    a, b = len(carries), len(carries) + len(slices)
    again = parts.body.outputs[-1:] if shape.conditional else ()
    body = Body(
        (*parts.carry, *seeds[:a], *parts.slices, *seeds[a:b], *parts.captures, *seeds[b:]),
        tuple(without_prints([*parts.following, *pushed[:a], *parts.results, *pushed[a:], *again])),
        demands_of(parts.body),
        parts.body.locals,
    )
    wider = replace(
        shape,
        carries=shape.carries + len(carries),
        sequences=shape.sequences + len(slices),
        captures=shape.captures + len(captures),
        results=shape.results + len(results),
    )
    inputs, input_slices, input_captures = shape.split_parameters(node.inputs)
    starts = [or_zeros(of_carry[i], parts.carry[i]) for i in carries]
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
