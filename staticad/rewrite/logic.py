"""Conditions, comparisons and casts: choices that are already made, double negations, conversions that lose nothing."""

from __future__ import annotations

from staticad.ir.dtypes import BOOL, is_lossless
from staticad.ir.graph import Tensor
from staticad.ops.base import apply
from staticad.ops.comparison import (
    EQUAL,
    GREATER,
    GREATER_EQUAL,
    LESS,
    LESS_EQUAL,
    LOGICAL_AND,
    LOGICAL_NOT,
    LOGICAL_OR,
    LOGICAL_XOR,
    NOT_EQUAL,
)
from staticad.ops.conversion import CAST
from staticad.ops.selection import WHERE
from staticad.rewrite.match import NUMBERS, fit, scalar_value
from staticad.rewrite.pattern import Rule, Variable, call, equation

a, b, c, d, x, y = (Variable(name) for name in "abcdxy")


def _discrete(x: Tensor, **_: Tensor) -> bool:
    """Types without NaN, in which < and >= are complementary."""
    return x.dtype.kind in "biu"


def _bool(x: Tensor, **_: Tensor) -> bool:
    return x.dtype == BOOL


def _decided(tensor: Tensor) -> Tensor | None:
    """where(True, a, b) = a, where(False, a, b) = b."""
    condition, yes, no = tensor.node.inputs
    value = scalar_value(condition)
    return None if value is None else fit(yes if value else no, tensor.type)


WHERE_RULES = (
    Rule("where(known, a, b) = a or b", (WHERE,), _decided, fits=lambda ops: ops[0] in NUMBERS),
    equation(call(WHERE, c, x, x), x),
    equation(call(WHERE, call(LOGICAL_NOT, c), a, b), call(WHERE, c, b, a), when=lambda c, **_: c.dtype == BOOL),
    equation(call(WHERE, c, call(WHERE, c, a, b), d), call(WHERE, c, a, d)),
    equation(call(WHERE, c, a, call(WHERE, c, b, d)), call(WHERE, c, a, d)),
)

COMPARISON_RULES = (
    equation(call(LOGICAL_NOT, call(LOGICAL_NOT, x)), x, when=_bool),
    # A NaN is unequal to everything, so these two hold for floats as well.
    equation(call(LOGICAL_NOT, call(EQUAL, x, y)), call(NOT_EQUAL, x, y)),
    equation(call(LOGICAL_NOT, call(NOT_EQUAL, x, y)), call(EQUAL, x, y)),
    equation(call(LOGICAL_NOT, call(LESS, x, y)), call(GREATER_EQUAL, x, y), when=_discrete),
    equation(call(LOGICAL_NOT, call(LESS_EQUAL, x, y)), call(GREATER, x, y), when=_discrete),
    equation(call(LOGICAL_NOT, call(GREATER, x, y)), call(LESS_EQUAL, x, y), when=_discrete),
    equation(call(LOGICAL_NOT, call(GREATER_EQUAL, x, y)), call(LESS, x, y), when=_discrete),
    equation(call(LESS, x, x), False),
    equation(call(GREATER, x, x), False),
    equation(call(EQUAL, x, x), True, when=_discrete),
    equation(call(NOT_EQUAL, x, x), False, when=_discrete),
    equation(call(LESS_EQUAL, x, x), True, when=_discrete),
    equation(call(GREATER_EQUAL, x, x), True, when=_discrete),
    equation(call(LOGICAL_AND, x, True), x, when=_bool),
    equation(call(LOGICAL_AND, x, False), False),
    equation(call(LOGICAL_AND, x, x), x, when=_bool),
    equation(call(LOGICAL_AND, call(LOGICAL_AND, x, y), y), call(LOGICAL_AND, x, y)),
    equation(call(LOGICAL_OR, x, False), x, when=_bool),
    equation(call(LOGICAL_OR, x, True), True),
    equation(call(LOGICAL_OR, x, x), x, when=_bool),
    equation(call(LOGICAL_OR, call(LOGICAL_OR, x, y), y), call(LOGICAL_OR, x, y)),
    equation(call(LOGICAL_XOR, x, False), x, when=_bool),
    equation(call(LOGICAL_XOR, x, True), call(LOGICAL_NOT, x), when=_bool),
    equation(call(LOGICAL_XOR, x, x), False),
)


def _cast(tensor: Tensor) -> Tensor | None:
    """cast(x, its dtype) = x; cast(cast(x, wide), t) = cast(x, t) where the inner cast loses nothing."""
    operand = tensor.node.inputs[0]
    if operand.dtype == tensor.dtype:
        return operand
    if operand.node.op is not CAST:
        return None
    x = operand.node.inputs[0]
    if not is_lossless(x.dtype, operand.dtype):
        return None
    if operand.dtype.kind == "f" and x.dtype.kind in "iu" and tensor.dtype.kind in "iu":
        # A float out of the range of integers has no defined conversion; an integer wraps around.
        return apply(CAST, x, dtype=tensor.dtype) if is_lossless(x.dtype, tensor.dtype) else None
    return apply(CAST, x, dtype=tensor.dtype)


CAST_RULES = (Rule("cast(cast(x)) = cast(x), cast to the same dtype = x", (CAST,), _cast),)

LOGIC_RULES = (*WHERE_RULES, *COMPARISON_RULES, *CAST_RULES)
