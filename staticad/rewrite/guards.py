"""Guards: factors that are 1, or NaN where the quotient that a rule took away was NaN.

y / y is 1 for every positive number, however large or small; it is NaN for 0, infinity and NaN. A float that is 0 or
infinite may stand for either. What tells them apart is the *scale* of y, a tensor that behaves like its logarithm:
-inf where y is zero in exact arithmetic, inf where it is infinite, NaN where it is NaN, and finite elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from staticad.ir.graph import Tensor
from staticad.ops.arithmetic import ADD, DIV, MUL, NEG, RSQRT, SQRT, SUB
from staticad.ops.base import Movement, Reshape, apply
from staticad.ops.comparison import GREATER, ISFINITE, LESS, LOGICAL_AND, LOGICAL_OR
from staticad.ops.facts import facts
from staticad.ops.reduce import MAX, MAX_OR_LOWEST, SUM
from staticad.ops.selection import MAXIMUM, MINIMUM, WHERE
from staticad.ops.transcendental import EXP, EXPM1, LOG, LOG1P, SIGMOID, SOFTPLUS
from staticad.records import NamedTuple
from staticad.rewrite.exponentials import is_shifted, top_of
from staticad.rewrite.factors import TAKEN_APART, Below, Factor, Lost, Product, factorize, is_guard
from staticad.rewrite.match import fit, number, scalar_value
from staticad.rewrite.pattern import Build, remembering, some

DEPTH = 8
_CHOICES = frozenset((WHERE,))  # the ops of guards


class Scale(NamedTuple):
    """y is zero where the tensor is ``zero``, and infinite where it is inf."""

    tensor: Tensor
    zero: float = -np.inf


def scale(y: Tensor) -> Scale | None:
    """The scale of a tensor that is not negative; None where there is none."""
    node = y.node
    top = top_of(y)
    if top is not None:
        return Scale(top)
    if node.op is SUM and node.inputs[0].node.op is EXP and is_shifted(node.inputs[0].node.inputs[0]):
        return Scale(y, 0.0)  # nothing overflows in it
    logarithm = _scale(y, DEPTH)
    return None if logarithm is None else Scale(logarithm)


def _scale(y: Tensor, depth: int) -> Tensor | None:
    node = y.node
    op: Any = node.op
    value = scalar_value(y)
    if value is not None:
        return number(0, y) if 0 < value < np.inf else None
    if op is EXP or op is SOFTPLUS:
        return node.inputs[0]
    if op is SIGMOID:
        return apply(MINIMUM, node.inputs[0], number(0, y))
    if depth == 0 or not (op in _SCALES or isinstance(op, (Movement, Reshape))):
        return None
    inner = [t for t in (_scale(t, depth - 1) for t in node.inputs) if t is not None]
    if len(inner) < len(node.inputs):
        return None
    if op in _SCALES:
        combined = _SCALES[op]
        return inner[0] if combined is None else apply(combined, *inner, **node.attrs)
    return apply(op, *inner, **node.attrs)


# What the scales of operands combine to; None for the scale of the operand.
_SCALES: dict[Any, Any] = {
    ADD: MAXIMUM, DIV: SUB, MAX: MAX, MUL: ADD, RSQRT: NEG, SQRT: None, SUM: MAX_OR_LOWEST,
}  # fmt: skip


def cancelled(above: Factor, below: Factor) -> tuple[Lost, ...] | None:
    """What y and 1 / y can't show when both are gone; None if that can't be told, or y may be negative."""
    y = above.tensor
    found = None if facts(y).negative else scale(y)
    if found is None:
        return None
    return (
        Lost(above, below, found.tensor, above.axes, found.zero),
        Lost(below, above, found.tensor, above.axes),
    )


def guards(lost: Iterable[Lost], unless_finite: Tensor | None = None) -> list[Factor]:
    """Factors that are NaN where something was lost, else 1; also 1 where the given tensor is finite."""
    if unless_finite is not None and not facts(unless_finite).infinite:
        return []
    sides: dict[tuple[Tensor, tuple[int, ...]], set[float | None]] = {}
    for each in lost:
        sides.setdefault((each.tensor, each.axes), set()).add(each.above)
    made = []
    for (tensor, axes), bounds in sides.items():
        condition = None if facts(tensor).finite and bounds <= {None, -np.inf} else _inside(tensor, bounds)
        if condition is not None and unless_finite is not None:
            placed = Factor(condition, axes).place()
            condition = apply(LOGICAL_OR, placed, apply(ISFINITE, unless_finite))
            axes = tuple(range(-condition.ndim, 0))
        if condition is not None:
            made.append(Factor(apply(WHERE, condition, number(1, tensor), number(np.nan, tensor)), axes))
    return made


def _inside(tensor: Tensor, bounds: set[float | None]) -> Tensor:
    """Where the tensor is above the lower bounds, and below infinity for the bound None. False for NaN."""
    if bounds == {None, -np.inf}:
        return apply(ISFINITE, tensor)
    tests = [
        apply(LESS, tensor, number(np.inf, tensor)) if bound is None else apply(GREATER, tensor, number(bound, tensor))
        for bound in bounds
    ]
    return tests[0] if len(tests) == 1 else apply(LOGICAL_AND, *tests)


def guarded(guard: Tensor) -> Tensor | None:
    """The tensor that a guard demands to be finite; None for other tensors."""
    condition = guard.node.inputs[0] if is_guard(guard) else None
    return condition.node.inputs[0] if condition is not None and condition.node.op is ISFINITE else None


def _outside() -> Build:
    """f(guard * x, y) = guard * f(x, y): so guards are not in the way of other rules, and meet each other."""
    choices = Below(_CHOICES)
    return lambda tensor: _moved_out(tensor) if any(map(choices.has, tensor.node.inputs)) else None


def _moved_out(tensor: Tensor) -> Tensor | None:
    node = tensor.node
    products = [factorize(t) for t in node.inputs]
    if node.op is MUL:
        keys = [{f.key for f in p.guards} for p in products]
        if not keys[0] & keys[1]:
            return None
        return fit(factorize(tensor).build(tensor), tensor.type)
    found = [f for p in products for f in p.guards]
    if not found:
        return None
    plain = [fit(p.unguarded().build(t), t.type) if p.guards else t for p, t in zip(products, node.inputs, strict=True)]
    result = apply(node.op, *plain, **node.attrs)
    return fit(Product((Factor(result, tuple(range(-result.ndim, 0))), *found)).build(tensor), tensor.type)


_THROUGH = (ADD, SUB, MUL, EXP, EXPM1, LOG, LOG1P, SIGMOID, SOFTPLUS, SQRT)

GUARD_RULES = (remembering("f(guard * x) = guard * f(x)", _THROUGH, _outside, some(TAKEN_APART)),)


def _chosen() -> Build:
    """x * guard is x or NaN: a choice takes less time than a product."""
    choices = Below(_CHOICES)
    return lambda tensor: _choice(tensor) if any(map(choices.has, tensor.node.inputs)) else None


def _choice(tensor: Tensor) -> Tensor | None:
    for x, factor in (tensor.node.inputs, tensor.node.inputs[::-1]):
        product = factorize(factor)
        if len(product.factors) == 1 and product.guards and not product.negative:
            guard = product.guards[0]
            condition = Factor(guard.tensor.node.inputs[0], guard.axes).place()
            return fit(apply(WHERE, condition, x, guard.tensor.node.inputs[2]), tensor.type)
    return None


# Applied last: other rules look through products, not through choices.
CHOICE_RULES = (remembering("x * where(c, 1, NaN) = where(c, x, NaN)", (MUL,), _chosen, some(TAKEN_APART)),)


def infinite_at_zero(below: Factor) -> Factor | None:
    """1, but infinity where the divisor is zero in exact arithmetic; None if that can't be told."""
    found = scale(below.tensor)
    if found is None:
        return None
    y = below.tensor
    there = apply(GREATER, found.tensor, number(found.zero, y))
    return Factor(apply(WHERE, there, number(1, y), number(np.inf, y)), below.axes)
