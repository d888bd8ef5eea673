"""Powers by known exponents become products and roots, and products with themselves squares.

Products round at every step, a library's pow once: the results differ in the last places (by at most 3 units there).
x**0.5 is NumPy's own special case for a scalar exponent; elsewhere pow differs from sqrt at -0.0 and -inf, and
x**-0.5 from rsqrt at -0.0, so that those rules ask for an x that is never negative.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from staticad.ir.graph import Tensor
from staticad.ops.arithmetic import DIV, MUL, POW, RECIPROCAL, RSQRT, SQRT, SQUARE
from staticad.ops.base import Op, apply
from staticad.ops.creation import fill
from staticad.ops.facts import nonnegative
from staticad.ops.roots import may_be_root, without_root
from staticad.rewrite.match import NUMBERS, fit, floats, scalar_value
from staticad.rewrite.pattern import Rule, Variable, call, equation, some

x, y = Variable("x"), Variable("y")


def _power(tensor: Tensor) -> Tensor | None:
    base, exponent = tensor.node.inputs
    value = scalar_value(exponent)
    if value is None:
        return None
    if value == 0:
        return fill(tensor.shape, 1, tensor.dtype)  # NaN**0 is 1 too
    if value in _WHOLE:
        return fit(_WHOLE[value](base), tensor.type)
    if not floats(tensor):
        return None
    if value in _FRACTIONAL and (nonnegative(base) or (value == 0.5 and exponent.ndim == 0)):
        return fit(_FRACTIONAL[value](base), tensor.type)
    if value in _NEGATIVE:
        return fit(_NEGATIVE[value](base), tensor.type)
    return None


def _square(base: Tensor) -> Tensor:
    return apply(SQUARE, base)


_WHOLE: dict[float, Callable[[Tensor], Tensor]] = {
    1: lambda b: b,
    2: _square,
    3: lambda b: apply(MUL, _square(b), b),
    4: lambda b: _square(_square(b)),
}
# The square of a reciprocal, not the reciprocal of a square: it over- and underflows only where the result does.
_NEGATIVE: dict[float, Callable[[Tensor], Tensor]] = {
    -1: lambda b: apply(RECIPROCAL, b),
    -2: lambda b: _square(apply(RECIPROCAL, b)),
}
_FRACTIONAL: dict[float, Callable[[Tensor], Tensor]] = {
    0.5: lambda b: apply(SQRT, b),
    1.5: lambda b: apply(MUL, b, apply(SQRT, b)),
    2.5: lambda b: apply(MUL, _square(b), apply(SQRT, b)),
    -0.5: lambda b: apply(RSQRT, b),
    -1.5: lambda b: apply(MUL, apply(RECIPROCAL, b), apply(RSQRT, b)),
    -2.5: lambda b: apply(MUL, _square(apply(RECIPROCAL, b)), apply(RSQRT, b)),
}


def _product_of_equals(tensor: Tensor) -> Tensor | None:
    a, b = tensor.node.inputs
    return apply(SQUARE, a) if a is b and tensor.dtype.kind != "b" else None


def _square_of_root(tensor: Tensor) -> Tensor | None:
    """As derivatives see it, so that a value and its gradient have the same parts."""
    return without_root(tensor, lambda a, b: a is b)


def _may_have_roots(ops: Sequence[Op]) -> bool:
    return may_be_root(ops[0]) and (may_be_root(ops[-1]) or ops[-1] in NUMBERS)


def _quotient_of_one(tensor: Tensor) -> Tensor | None:
    one, x = tensor.node.inputs
    if scalar_value(one) != 1:
        return None
    root = x.node.inputs[0] if x.node.op is SQRT else None
    return fit(apply(RECIPROCAL, x) if root is None else apply(RSQRT, root), tensor.type)


POWER_RULES = (
    Rule(
        "root(x) * root(x) = x, norm(x) * norm(x) = sum(x * x)",
        (MUL, POW, SQUARE),
        _square_of_root,
        fits=_may_have_roots,
    ),
    Rule("x ** c = products, squares and roots", (POW,), _power, fits=some(NUMBERS)),
    equation(call(POW, 1, x), 1, name="1 ** x = 1"),
    Rule("x * x = square(x)", (MUL,), _product_of_equals, fits=lambda ops: ops[0] is ops[1]),
    Rule("1 / x = reciprocal(x), 1 / sqrt(x) = rsqrt(x)", (DIV,), _quotient_of_one, fits=some(NUMBERS)),
    equation(call(RECIPROCAL, call(SQRT, x)), call(RSQRT, x)),
    # Where y is smaller than x, one reciprocal and many products take less time.
    equation(x * call(RECIPROCAL, y), x / y, when=lambda x, y: x.shape in (y.shape, ())),
    equation(x / call(RECIPROCAL, y), x * y),
)
