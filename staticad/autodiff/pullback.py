"""The pass of reverse mode: the graph of vector-Jacobian products, made of ordinary nodes.

The rules of the ops stand with the ops; this driver finds the nodes between xs and ys, sums the cotangents of
shared tensors, and sums a cotangent down to its tensor's shape where the op broadcast it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.autodiff.accumulate import accumulate, complemented
from staticad.autodiff.branch_parts import picks_before_changes
from staticad.autodiff.connect import (
    Unconnected,
    as_list,
    check_floats,
    cuts,
    explain_unconnected,
    find_dependent,
    is_unconnected,
)
from staticad.autodiff.higher import hand_out, is_higher_scalar
from staticad.autodiff.loop_parts import Bases
from staticad.autodiff.masked import pull, summed, weighs
from staticad.autodiff.masks import Masks
from staticad.autodiff.squares import without_roots
from staticad.collection import no_collection
from staticad.errors import GradientError, VerifyError
from staticad.ir.dims import product
from staticad.ir.dtypes import is_complex
from staticad.ir.graph import Node, Tensor, describe, sort_nodes
from staticad.ir.provenance import inherit, user_call
from staticad.ir.types import may_be_same
from staticad.late import later
from staticad.ops.barrier import all_demanding, carried, of_shape
from staticad.ops.base import apply
from staticad.ops.control import Control
from staticad.ops.creation import FULL
from staticad.ops.sources import constant

if TYPE_CHECKING:
    from staticad.autodiff import control, forward
else:  # of graphs with loops, and of higher derivatives
    control, forward = later("staticad.autodiff.control"), later("staticad.autodiff.forward")


def derive(
    ys: Tensor | Sequence[Tensor],
    xs: Tensor | Sequence[Tensor],
    grad_ys: Any = None,
    stop_gradients: Tensor | Sequence[Tensor] = (),
    unconnected: Unconnected = "error",
) -> list[Tensor]:
    """See `staticad.autodiff.reverse.gradients`."""
    with no_collection():
        results, nodes = _differentiate(ys, xs, grad_ys, stop_gradients, unconnected)
    with user_call():
        results = all_demanding(results, carried(nodes))
    hand_out(results)
    return results


def _differentiate(
    ys: Tensor | Sequence[Tensor],
    xs: Tensor | Sequence[Tensor],
    grad_ys: Any = None,
    stop_gradients: Tensor | Sequence[Tensor] = (),
    unconnected: Unconnected = "error",
    bases: Bases | None = None,
) -> tuple[list[Any], list[Node]]:
    """The gradients, and the nodes below ys, whose demands the gradients need not carry."""
    if not is_unconnected(unconnected):
        raise GradientError(f'unconnected={unconnected!r}; it is one of "error", "zero", "none"')
    targets, sources, stops = as_list(ys, "ys"), as_list(xs, "xs"), as_list(stop_gradients, "stop_gradients")
    check_floats(targets, "gradients of")
    check_floats(sources, "gradients by")
    with user_call():
        seeds = _seeds(targets, grad_ys)
    order = demanding_nodes = sort_nodes(targets)
    given = targets
    targets, sources, stops = without_roots(targets, sources, stops)
    if any(t is not g for t, g in zip(targets, given, strict=True)):
        order = sort_nodes(targets)
    dependent = find_dependent(order, sources, stops)
    if len(targets) == 1 and grad_ys is None and not stops and is_higher_scalar(order, dependent, sources):
        (x,) = sources
        with inherit(x.where.derived(f"tangent of {x.op.name}")):
            one = constant(np.ones((), x.dtype))
        return forward.differentiate(targets, sources, one)[0], demanding_nodes
    cotangents = _pull(order, dependent, set(sources), set(stops), list(zip(targets, seeds)), bases or Bases({}))
    results: list[Any] = []
    for x in sources:
        gradient = cotangents.get(x)
        if gradient is None and unconnected == "error":
            raise GradientError(
                f"no gradient by {describe(x)}: {explain_unconnected(targets, x, stops)}; "
                'pass unconnected="zero" for zeros or "none" for None'
            )
        if gradient is None and unconnected == "zero":
            with user_call():
                gradient = apply(FULL, shape=x.shape, dtype=x.dtype, value=0.0)
        results.append(gradient)
    return results, demanding_nodes


def _of_body(*args: Any, **options: Any) -> list[Any]:
    """The gradients in a body, whose demands are those of the body."""
    return _differentiate(*args, **options)[0]


def _seeds(ys: list[Tensor], grad_ys: Any) -> list[Tensor]:
    if grad_ys is None:
        grad_ys = [None] * len(ys)
    elif isinstance(grad_ys, Tensor) or not isinstance(grad_ys, (list, tuple)):
        grad_ys = [grad_ys]
    elif len(ys) == 1 and len(grad_ys) != 1:
        raise GradientError(f"grad_ys has {len(grad_ys)} entries for 1 y; give one array, tensor or None per y")
    if len(grad_ys) != len(ys):
        raise GradientError(f"grad_ys has {len(grad_ys)} entries for {len(ys)} ys; give one per y, None for 1")
    return [_seed(y, given) for y, given in zip(ys, grad_ys, strict=True)]


def _seed(y: Tensor, given: Any) -> Tensor:
    if given is None:
        if product(y.shape) != 1:
            raise GradientError(
                f"the gradient of {describe(y)}, which has several elements, needs grad_ys; "
                "or reduce it to one number first, for instance with .sum() or .mean()"
            )
        if is_complex(y.dtype):
            raise GradientError(
                f"the gradient of {describe(y)}, which is complex, needs grad_ys: 1 for the derivative of a "
                "holomorphic function; or make it real first, for instance with abs() or .real"
            )
        return constant(np.ones(y.shape, y.dtype))
    seed = given if isinstance(given, Tensor) else constant(given, y.dtype)
    if seed.dtype != y.dtype:
        raise GradientError(f"grad_ys entry {describe(seed)} for {describe(y)}: the dtypes differ; use astype")
    if not may_be_same(seed.shape, y.shape):
        raise GradientError(f"grad_ys entry {describe(seed)} for {describe(y)}: the shapes differ; use broadcast_to")
    return of_shape(seed, y.shape)


def _pull(
    order: list[Node],
    dependent: set[Tensor],
    sources: set[Tensor],
    stops: set[Tensor],
    seeds: list[tuple[Tensor, Tensor]],
    bases: Bases,
) -> dict[Tensor, Tensor]:
    """Cotangents of the dependent tensors, from the ends of ``order`` to its beginning."""
    parts: dict[Tensor, list[Tensor]] = {}
    for y, seed in seeds:
        if y in dependent:
            parts.setdefault(y, []).append(seed)
    kept: dict[Tensor, Tensor] = {}
    masks = Masks(order, (seed for _, seed in seeds))
    if any(isinstance(node.op, Control) for node in order):
        # As they were written: who read an array before it was changed comes after the change in this pass, and adds to
        # the cotangent that the change has left.
        order = sorted(order, key=lambda node: node.serial)
        order = picks_before_changes(order)
    for node in reversed(order):
        cotangents: list[Tensor | None] = []
        present = False
        for tensor in node.outputs:
            contributions = parts.pop(tensor, None)
            if contributions is None:
                cotangents.append(None)
                continue
            if len(contributions) > 1 and tensor in bases.sums and tensor not in bases.taken:
                contributions = [bases.sums[tensor], *contributions]  # one alone may be a product, which is kept apart
                bases.taken.add(tensor)
            cotangent = _total(tensor, contributions, masks)
            if tensor in sources:
                kept[tensor] = cotangent
            if tensor in stops:
                cotangents.append(None)
            else:
                cotangents.append(cotangent)
                present = True
        if not present or dependent.isdisjoint(node.inputs) or cuts(node):
            continue
        held = _held(node, dependent, parts, bases, masks) if isinstance(node.op, Control) else None
        for x, contribution in zip(node.inputs, _pull_node(node, cotangents, dependent, masks, held), strict=True):
            if contribution is not None and x in dependent:
                if held is not None and x in held.taken:
                    parts[x] = []
                    bases.taken |= held.taken & bases.sums.keys()
                    held.taken.discard(x)
                parts.setdefault(x, []).append(contribution)
    return kept


def _held(node: Node, dependent: set[Tensor], parts: dict[Tensor, list[Tensor]], bases: Bases, masks: Masks) -> Bases:
    """The sums of cotangents so far of the arrays that a branch or loop gets."""
    sums: dict[Tensor, Tensor] = {}
    for x in dict.fromkeys(node.inputs):
        if x not in dependent or not x.ndim:
            continue
        found = list(parts.get(x, ()))
        if x in bases.sums and x not in bases.taken:
            found = [bases.sums[x], *found]
        if found:
            sums[x] = _total(x, found, masks)
    return Bases(sums, bases.free, undone=bases.undone, others=bases.others)


def _total(tensor: Tensor, contributions: list[Tensor], masks: Masks) -> Tensor:
    if len(contributions) == 1:
        return contributions[0]
    with inherit(tensor.where.derived(f"sum of gradients of {tensor.op.name}")):
        contributions = complemented(contributions)
        total = contributions[0]
        for contribution in contributions[1:]:
            total = masks.add(total, contribution, accumulate)
    return total


def _pull_node(
    node: Node, cotangents: list[Tensor | None], dependent: set[Tensor], masks: Masks, held: Bases | None
) -> list[Tensor | None]:
    """The cotangents of a node's inputs, each with the rank and dtype of its input, from those of its outputs."""
    op, first = node.op, cotangents[0]
    with inherit(node.where.derived(f"gradient of {op.name}")):
        if held is not None:  # a branch or loop
            return control.control_vjp(node, cotangents, [t in dependent for t in node.inputs], _of_body, held)
        if op.vjp is None:
            raise GradientError(f"{op.name} has no derivative rule ({describe(node.outputs[0])})")
        if first is not None and weighs(node) and (parts := pull(node, first, masks)) is not None:
            results = parts
        else:
            given, made = (tuple(cotangents), node.outputs) if op.several_outputs else (first, node.out)
            results = [((), r) if isinstance(r, Tensor) else r for r in op.vjp(given, made, *node.inputs, **node.attrs)]
        if len(results) != len(node.inputs):
            raise VerifyError(f"the vjp of {op.name} returned {len(results)} cotangents for {len(node.inputs)} inputs")
        found: list[Tensor | None] = []
        for r, x in zip(results, node.inputs, strict=True):
            if type(r) is tuple:
                found.append(summed(*r, x.type, masks, op.name))
            elif isinstance(r, GradientError) and x in dependent:
                raise r
            else:
                found.append(None)
        return found
