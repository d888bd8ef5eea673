"""Derivative rules under a mask: the rule gets what is present, and what it makes is selected afterwards.

Rules that only move, select, negate or add up elements need none of this: their cotangents keep their masks. A rule
that multiplies by values of the operands is applied to the cotangent without its select, and the select follows. So a
chain of rules has one select at its end instead of one at its start, and no NaN and no infinity of an absent element
comes through.
"""

from __future__ import annotations

from collections.abc import Sequence

from staticad.autodiff.accumulate import sum_to, summed_axes
from staticad.autodiff.conditions import aligned, stretches, without_axes
from staticad.autodiff.masks import Mask, Masks, split
from staticad.errors import GradientError
from staticad.ir.graph import Node, Tensor, describe
from staticad.ir.types import TensorType
from staticad.ops.angles import ARCCOS, ARCSIN
from staticad.ops.arithmetic import ADD, DIV, MUL, NEG, POW, RECIPROCAL, RSQRT, SQRT, SUB
from staticad.ops.base import Cast, Elementwise, Reduce, apply
from staticad.ops.complex import ANGLE
from staticad.ops.contract import Contract
from staticad.ops.hyperbolic import ARCCOSH, ARCTANH, COSH, SINH
from staticad.ops.movement import EXPAND_DIMS
from staticad.ops.plane import ARCTAN2, LOG_HYPOT
from staticad.ops.powers import CBRT, EXP2, LOG2, LOG10
from staticad.ops.reduce import SUM
from staticad.ops.selection import RELU, WHERE
from staticad.ops.transcendental import ERFINV, EXP, EXPM1, LOG, LOG1P

_CHOOSING = frozenset((ADD, NEG, RELU, SUB, SUM, WHERE))
# Elementwise ops with an infinite derivative at some finite operands.
_SINGULAR = frozenset((
    ANGLE, ARCCOS, ARCCOSH, ARCSIN, ARCTAN2, ARCTANH, CBRT, COSH, DIV, ERFINV, EXP, EXP2, EXPM1, LOG, LOG10, LOG1P,
    LOG2, LOG_HYPOT, POW, RECIPROCAL, RSQRT, SINH, SQRT,
))  # fmt: skip
Part = tuple[Mask, Tensor] | GradientError | None


def weighs(node: Node) -> bool:
    """Whether the rule of a node multiplies by values of its operands, and there is a way to do it under a mask."""
    op = node.op
    return isinstance(op, (Elementwise, Reduce, Contract)) and op not in _CHOOSING and not isinstance(op, Cast)


def singular(node: Node) -> bool:
    """Whether derivatives may be infinite where operands are finite. A quotient by few numbers counts as a product."""
    divides = node.op is DIV and node.inputs[1].shape != node.out.shape
    return node.op in _SINGULAR and not divides


def pull(node: Node, cotangent: Tensor, masks: Masks) -> list[Part] | None:
    """For every operand its cotangent and where that is present; the value is anything elsewhere. None without masks.

    Exponentials get the terms of a sum one by one: the rules for quotients of exponentials do not look into selects.
    """
    if node.op is EXP:
        total: Tensor | None = None
        for term in masks.addends(cotangent):
            part = push(node, 0, term, masks)
            assert part is not None
            total = part if total is None else masks.add(total, part)
        assert total is not None
        return [((), total)]
    mask = masks.of(cotangent)
    return None if mask is None else _pull_masked(node, cotangent, mask, masks)


def _pull_masked(node: Node, cotangent: Tensor, mask: Mask, masks: Masks) -> list[Part]:
    op, y = node.op, node.out
    assert op.vjp is not None
    if isinstance(op, Contract):
        return _pull_product(node, cotangent, mask, masks)
    selecting = masks.carried(mask) or masks.bare(cotangent) is not cotangent
    if op is DIV and node.inputs[1].shape != y.shape and selecting:
        return _pull_quotient(node, cotangent, mask, masks)
    if isinstance(op, Reduce):
        axes = node.attrs["axes"]
        mask = masks.each(lambda c: apply(EXPAND_DIMS, aligned(c, y.ndim), axes=axes), mask) if axes else mask
    given = masks.bare(cotangent)
    selecting = singular(node) or given is not cotangent
    results = op.vjp(given, y, *node.inputs, **node.attrs)
    return [(mask if selecting else masks.unselected(mask, r), r) if isinstance(r, Tensor) else r for r in results]


def push(node: Node, position: int, tangent: Tensor, masks: Masks) -> Tensor | None:
    """What the tangent of one operand of an elementwise op contributes to that of the result."""
    op, mask = node.op, masks.of(tangent) if weighs(node) else None
    assert op.vjp is not None
    given = masks.bare(tangent) if mask else tangent
    part = op.vjp(given, node.out, *node.inputs, **node.attrs)[position]
    if isinstance(part, GradientError):
        raise part
    if part is None or not mask:
        return part
    return masks.after(mask if singular(node) or given is not tangent else masks.unselected(mask, part), part)


def push_folded(node: Node, tangents: Sequence[Tensor | None], masks: Masks) -> Tensor | None:
    """The tangent of a product or a reduction: absent where all terms of the sum are that make it."""
    total: Tensor | None = None
    if node.op.jvp is None:
        raise GradientError(f"{node.op.name} has no forward derivative rule ({describe(node.out)})")
    for position, tangent in enumerate(tangents):
        if tangent is None:
            continue
        alone = [tangent if i == position else None for i in range(len(tangents))]
        part = node.op.jvp(alone, node.out, *node.inputs, **node.attrs)
        assert isinstance(part, Tensor)
        mask = masks.of(tangent) if weighs(node) else None
        if mask:
            part = masks.after(_of_folded(node, position, mask, masks), part)
        total = part if total is None else masks.add(total, part)
    return total


def _of_folded(node: Node, position: int, mask: Mask, masks: Masks) -> Mask:
    ndim = node.inputs[position].ndim
    if isinstance(node.op, Reduce):
        return masks.reduced(mask, ndim, node.attrs["axes"])
    return split(mask, ndim, (ndim - 1 - position,))[0]


def _pull_product(node: Node, cotangent: Tensor, mask: Mask, masks: Masks) -> list[Part]:
    """Rows of the cotangent that are absent as wholes are so in that of the left operand, and take no part in the sums
    that make that of the right one; and columns the other way round."""
    ndim = cotangent.ndim
    rows, columns = split(mask, ndim, (ndim - 1,))[0], split(mask, ndim, (ndim - 2,))[0]
    left = _selected(node.inputs[0], split(rows, ndim, (ndim - 2,))[1], masks)
    right = _selected(node.inputs[1], split(columns, ndim, (ndim - 1,))[1], masks)
    assert node.op.vjp is not None
    by_left, by_right = node.op.vjp(cotangent, node.out, left, right)
    assert by_left is not None and by_right is not None
    return [(rows, by_left), (columns, by_right)]


def _pull_quotient(node: Node, cotangent: Tensor, mask: Mask, masks: Masks) -> list[Part]:
    """A quotient by few numbers, such as the sums of rows: divided after the sum, in which the select hides terms."""
    divisor, given = node.inputs[1], masks.bare(cotangent)
    total = summed(mask, apply(MUL, given, node.out), divisor.type, masks)
    by_divisor = apply(NEG, apply(DIV, masks.bare(total), divisor))
    return [(mask, apply(DIV, given, divisor)), (masks.of(total) or (), by_divisor)]


def _selected(operand: Tensor, mask: Mask, masks: Masks) -> Tensor:
    """The operand with zeros where what it is multiplied by is absent, unless that needs more places than it has."""
    return masks.select(tuple(c for c in mask if not stretches(c, operand)), operand)


def summed(mask: Mask, value: Tensor, target: TensorType, masks: Masks, name: str = "sum") -> Tensor:
    """The value where it is present, summed as in `sum_to`; what is absent in a sum as a whole is selected after it."""
    if not mask and value.type is target:  # mostly
        return value
    axes = summed_axes(value, target)
    if not axes:
        return masks.after(mask, sum_to(value, target, name))
    outer, inner = split(mask, value.ndim, axes)
    total = sum_to(masks.after(inner, value), target, name)
    outer = masks.each(lambda c: without_axes(c, value.ndim, range(value.ndim - target.ndim)), outer)
    return masks.after(outer, total)
