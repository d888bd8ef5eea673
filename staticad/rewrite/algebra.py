"""Algebra of sums, products and signs: only laws that hold bit for bit, up to the payload and sign of a NaN.

In floats x + 0.0 is not x (for x = -0.0), x * 0 is not 0 and x - x is not 0 (for NaN and infinities), and -(a - b) is
not b - a (for a = b): those laws hold for integers, whose arithmetic is that of a ring modulo a power of two.
"""

from __future__ import annotations

import math

from staticad.ir.graph import Tensor
from staticad.ops.arithmetic import ABS, ADD, DIV, FLOOR_DIVIDE, MUL, NEG, REMAINDER, SQUARE
from staticad.ops.base import apply
from staticad.ops.selection import MAXIMUM, MINIMUM, RELU
from staticad.rewrite.match import NUMBERS, Number, fit, floats, number, scalar_value
from staticad.rewrite.pattern import Rule, Variable, call, equation, some

x, y, z = Variable("x"), Variable("y"), Variable("z")


def _integers(x: Tensor, **_: Tensor) -> bool:
    return x.dtype.kind in "iu"


def _not_floats(x: Tensor, **_: Tensor) -> bool:
    return x.dtype.kind in "biu"


def _unsigned(x: Tensor) -> bool:
    return x.dtype.kind == "u"


def _floats(x: Tensor, **_: Tensor) -> bool:
    return floats(x)


def _numeric(x: Tensor, **_: Tensor) -> bool:
    return x.dtype.kind != "b"


def is_power_of_two(value: Number) -> bool:
    """Multiplication by such a float only changes the exponent."""
    return math.isfinite(value) and value != 0 and abs(math.frexp(value)[0]) == 0.5


def _divide_by_power_of_two(tensor: Tensor) -> Tensor | None:
    """x / c = x * (1 / c), exact where 1 / c is a normal number: both sides round the same real number once."""
    numerator, denominator = tensor.node.inputs
    value = scalar_value(denominator)
    if value is None or not is_power_of_two(value) or not 1e-37 < abs(value) < 1e37:
        return None
    return fit(apply(MUL, numerator, number(1 / value, tensor)), tensor.type)


def _negate_factor(tensor: Tensor) -> Tensor | None:
    """-(x * c) = x * (-c) and -(x / c) = x / (-c); rounding is symmetric. Signed types only."""
    inner = tensor.node.inputs[0]
    if inner.node.op not in (MUL, DIV) or tensor.dtype.kind not in "if":
        return None
    left, right = inner.node.inputs
    value = scalar_value(right)
    if value is not None:
        return apply(inner.node.op, left, apply(NEG, right))
    value = scalar_value(left)
    return None if value is None else apply(inner.node.op, apply(NEG, left), right)


def _merge_constants(tensor: Tensor) -> Tensor | None:
    """(x op c) op d = x op (c op d) for + and *: in integers always, in floats for products by powers of two of at
    least 1 (no intermediate result then rounds, and an overflow stays one)."""
    op = tensor.node.op
    outer = _split(tensor)
    if outer is None:
        return None
    inner = _split(outer[0]) if outer[0].node.op is op else None
    if inner is None:
        return None
    c, d = scalar_value(inner[1]), scalar_value(outer[1])
    assert c is not None and d is not None
    if floats(tensor):
        if op is not MUL or not all(is_power_of_two(v) and abs(v) >= 1 for v in (c, d)) or not abs(c * d) < 1e38:
            return None
    elif tensor.dtype.kind == "b":
        return None
    return fit(apply(op, inner[0], apply(op, inner[1], outer[1])), tensor.type)


def _split(tensor: Tensor) -> tuple[Tensor, Tensor] | None:
    """The varying and the constant operand of a binary op."""
    left, right = tensor.node.inputs
    if scalar_value(right) is not None:
        return left, right
    if scalar_value(left) is not None:
        return right, left
    return None


NEUTRAL_RULES = (
    equation(x * 1, x),
    equation(x / 1, x),
    equation(x + -0.0, x, when=_floats),
    equation(x + 0, x, when=_not_floats, name="x + 0 = x (integers)"),
    equation(x - 0, x),
    equation(-0.0 - x, -x, when=_floats),
    equation(0 - x, -x, when=_integers, name="0 - x = -x (integers)"),
    equation(x * 0, 0, when=_not_floats, name="x * 0 = 0 (integers)"),
    equation(x - x, 0, when=_integers, name="x - x = 0 (integers)"),
    equation(call(FLOOR_DIVIDE, x, 1), x, when=_integers),
    equation(call(REMAINDER, x, 1), 0, when=_integers),
    equation(x + 0.0, x, when=_floats, unsound="-0.0 + 0.0 is 0.0", name="x + 0.0 = x (floats)"),
    equation(x * 0.0, 0.0, when=_floats, unsound="NaN, infinities, and the sign of zero", name="x * 0 = 0 (floats)"),
    equation(x - x, 0, when=_floats, unsound="NaN and infinities", name="x - x = 0 (floats)"),
    equation(x / x, 1, when=_floats, unsound="zero, NaN and infinities"),
)

SIGN_RULES = (
    equation(call(NEG, -x), x),
    equation(x * -1, -x, when=_numeric),
    equation(x / -1, -x),
    equation((-x) * y, -(x * y)),
    equation((-x) / y, -(x / y)),
    equation(x / (-y), -(x / y)),
    equation(x + (-y), x - y),
    equation(x - (-y), x + y),
    equation(-(x - y), y - x, when=_integers, name="-(x - y) = y - x (integers)"),
    equation((-x) - y, -(x + y), when=_integers, name="-x - y = -(x + y) (integers)"),
    Rule("-(x * c) = x * -c", (NEG,), _negate_factor, fits=some((MUL, DIV))),
    equation(call(ABS, -x), call(ABS, x), when=lambda x: x.dtype.kind in "if"),
    equation(call(ABS, call(ABS, x)), call(ABS, x)),
    equation(call(ABS, call(SQUARE, x)), call(SQUARE, x), when=_floats),
    equation(call(ABS, x), x, when=_unsigned, name="abs(x) = x (unsigned)"),
    equation(call(SQUARE, -x), call(SQUARE, x)),
    equation(call(SQUARE, call(ABS, x)), call(SQUARE, x), when=_numeric),
)

SCALE_RULES = (
    Rule("x / c = x * (1 / c) (c a power of two)", (DIV,), _divide_by_power_of_two, fits=some(NUMBERS)),
    Rule("(x op c) op d = x op (c op d)", (ADD, MUL), _merge_constants, fits=some(NUMBERS)),
)

EXTREME_RULES = (
    equation(call(MAXIMUM, x, x), x),
    equation(call(MINIMUM, x, x), x),
    equation(call(RELU, call(RELU, x)), call(RELU, x)),
)

ALGEBRA_RULES = (*NEUTRAL_RULES, *SIGN_RULES, *SCALE_RULES, *EXTREME_RULES)
