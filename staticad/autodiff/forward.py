"""Forward mode: the graph of Jacobian-vector products, made of ordinary nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from staticad.autodiff.connect import as_list, check_floats, cuts, find_dependent
from staticad.autodiff.higher import hand_out, is_higher_scalar, twins
from staticad.autodiff.masked import push, push_folded
from staticad.autodiff.masks import Masks
from staticad.autodiff.squares import without_roots
from staticad.collection import no_collection
from staticad.errors import GradientError, VerifyError
from staticad.ir.dtypes import is_inexact
from staticad.ir.graph import Node, Tensor, describe, sort_nodes
from staticad.ir.provenance import inherit, user_call
from staticad.ir.types import may_be_same
from staticad.late import later
from staticad.ops.arithmetic import ADD
from staticad.ops.barrier import carried, demanding, of_shape
from staticad.ops.base import Assemble, Cast, Elementwise, Reduce, apply, apply_all
from staticad.ops.contract import Contract
from staticad.ops.control import Control
from staticad.ops.creation import zeros
from staticad.ops.movement import BROADCAST_TO
from staticad.ops.sources import constant

if TYPE_CHECKING:
    from staticad.autodiff import control
else:  # of graphs with loops
    control = later("staticad.autodiff.control")


def jvp(ys: Tensor | Sequence[Tensor], xs: Tensor | Sequence[Tensor], tangents: Any) -> list[Tensor]:
    """The directional derivatives of ``ys``: for every y the sum over all x of (dy/dx) · tangent, with y's shape.

    ``tangents`` gives a tensor or an array per x, of its shape and dtype. A y that depends on no x has a tangent of
    zeros; derivatives of piecewise constant ops are zero. Where one x is computed from another, the tangent given for
    it adds to the one that follows: the exact adjoint of `gradients`.

    Raises GradientError for integers, tangents that do not fit, and an op without a derivative.
    """
    with no_collection():
        results, nodes = differentiate(ys, xs, tangents)
    with user_call():
        demands = carried(nodes)
        results = [demanding(r, nodes=demands) for r in results]
    hand_out(results)
    return results


def _of_body(*args: Any) -> list[Any]:
    """The tangents in a body, whose demands are those of the body."""
    return differentiate(*args)[0]


def differentiate(
    ys: Tensor | Sequence[Tensor], xs: Tensor | Sequence[Tensor], tangents: Any
) -> tuple[list[Tensor], list[Node]]:
    """The tangents, and the nodes below ys, whose demands the tangents need not carry."""
    targets, sources = as_list(ys, "ys"), as_list(xs, "xs")
    check_floats(targets, "jvp of")
    check_floats(sources, "jvp by")
    with user_call():
        given = _tangents(sources, tangents)
    demanding_nodes = sort_nodes(targets)
    targets, sources, _ = without_roots(targets, sources)
    order = sort_nodes(targets)
    dependent = find_dependent(order, sources)
    found: dict[Tensor, Tensor] = {}
    with user_call():
        for x, tangent in zip(sources, given, strict=True):
            found[x] = apply(ADD, found[x], tangent) if x in found else tangent
    masks = Masks(order, found.values())
    wanted = _wanted(order, targets)
    same = twins(order, {*sources}) if is_higher_scalar(order, dependent, sources) else {}
    for node in order:
        if cuts(node) or not any(t in dependent and t in wanted for t in node.outputs):
            continue
        if node in same:
            if same[node].out in found:
                found[node.out] = found[same[node].out]
            continue
        tangents_in = [found.get(t) for t in node.inputs]
        for tensor, pushed in zip(node.outputs, _push(node, tangents_in, masks), strict=True):
            if pushed is not None and tensor in dependent:
                found[tensor] = apply(ADD, found[tensor], pushed) if tensor in found else pushed
    with user_call():
        return [found[y] if y in found else zeros(y.type) for y in targets], demanding_nodes


def _wanted(order: Sequence[Node], targets: Sequence[Tensor]) -> set[Tensor]:
    """The tensors whose tangents reach a target: what is cut off may have no derivative at all."""
    found = set(targets)
    for node in reversed(order):
        if not cuts(node) and not found.isdisjoint(node.outputs):
            found.update(node.inputs)
    return found


def _tangents(xs: list[Tensor], given: Any) -> list[Tensor]:
    values = given if isinstance(given, (list, tuple)) else [given]
    if len(values) != len(xs):
        raise GradientError(f"{len(values)} tangents for {len(xs)} xs; give one per x")
    tangents = []
    for x, value in zip(xs, values):
        tangent = value if isinstance(value, Tensor) else constant(value, x.dtype)
        if tangent.dtype != x.dtype:
            raise GradientError(f"tangent {describe(tangent)} for {describe(x)}: the dtypes differ; use astype")
        if not may_be_same(tangent.shape, x.shape):
            raise GradientError(f"tangent {describe(tangent)} for {describe(x)}: the shapes differ; use broadcast_to")
        tangents.append(of_shape(tangent, x.shape))
    return tangents


def _push(node: Node, tangents: list[Tensor | None], masks: Masks) -> list[Tensor | None]:
    """The tangents of a node's outputs, each in the shape of its output; None where they are zero."""
    if all(t is None for t in tangents):
        return [None] * len(node.outputs)
    op = node.op
    with inherit(node.where.derived(f"tangent of {op.name}")):
        if isinstance(op, Control):
            return control.control_jvp(node, tangents, _of_body)
        if isinstance(op, (Contract, Reduce)):
            results = [push_folded(node, tangents, masks)]
        elif op.jvp is not None:
            made = op.jvp(tangents, node.outputs if op.several_outputs else node.out, *node.inputs, **node.attrs)
            results = list(made) if op.several_outputs else [made]
        elif op.linear or isinstance(op, Cast):
            results = _linear(node, tangents)
        elif isinstance(op, Elementwise) and op.vjp is not None:
            results = [_elementwise(node, tangents, masks)]
        else:
            raise GradientError(f"{op.name} has no forward derivative rule ({describe(node.outputs[0])})")
        if len(results) != len(node.outputs):
            raise VerifyError(f"the jvp of {op.name} returned {len(results)} tangents for {len(node.outputs)} outputs")
        return [None if r is None else _fit(r, y, op.name) for r, y in zip(results, node.outputs, strict=True)]


def _linear(node: Node, tangents: list[Tensor | None]) -> list[Tensor | None]:
    """A linear op is its own derivative, except that what it fills in is constant."""
    attrs = dict(node.attrs)
    if isinstance(node.op, Assemble) and attrs.get("fill") is not None:
        attrs["fill"] = type(attrs["fill"])(0)
    inputs = [zeros(x.type) if t is None else t for t, x in zip(tangents, node.inputs)]
    return [t if is_inexact(t.dtype) else None for t in apply_all(node.op, *inputs, **attrs)]


def _elementwise(node: Node, tangents: list[Tensor | None], masks: Masks) -> Tensor | None:
    """The Jacobian is diagonal, so that the reverse rule applied to a tangent gives the forward derivative."""
    total: Tensor | None = None
    for position, tangent in enumerate(tangents):
        part = None if tangent is None else push(node, position, tangent, masks)
        if part is not None:
            total = part if total is None else masks.add(total, part)
    return total


def _fit(tangent: Tensor, y: Tensor, name: str) -> Tensor:
    """The tangent in the shape of ``y``, to which it may have to be broadcast."""
    if tangent.dtype != y.dtype or tangent.ndim > y.ndim:
        raise VerifyError(f"the jvp of {name} returned {tangent.type} as the tangent of {y.type}")
    padded = (1,) * (y.ndim - tangent.ndim) + tangent.shape
    if tangent.ndim == y.ndim and all(a == b or a != 1 for a, b in zip(padded, y.shape)):
        return tangent
    return apply(BROADCAST_TO, tangent, shape=y.shape)
