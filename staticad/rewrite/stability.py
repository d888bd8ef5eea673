"""Stable forms of logarithms, exponentials and sigmoids: equations that hold in real numbers and survive overflow.

Where no side over- or underflows both agree to rounding, and the right one is the more accurate. Exceptions, on
purpose: log(exp(x)) = x gives x where exp(x) is 0 or inf. log(exp(x) * r) = x + log(r) is off by a rounding error of
x, not of the result, where both terms nearly cancel.
"""

from __future__ import annotations

import math
from collections import Counter

from staticad.ir.graph import Tensor
from staticad.ops.arithmetic import ABS, ADD, MUL, NEG, SQRT, SQUARE, SUB
from staticad.ops.base import apply
from staticad.ops.comparison import EQUAL, ISFINITE, LESS
from staticad.ops.facts import facts, nonnegative
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS
from staticad.ops.selection import WHERE
from staticad.ops.transcendental import EXP, EXPM1, LOG, LOG1P, SIGMOID, SOFTPLUS
from staticad.rewrite.exponentials import log_sum_exp, sum_of_exponentials
from staticad.rewrite.factors import Factor, Product, factorize
from staticad.rewrite.guards import GUARD_RULES
from staticad.rewrite.match import fit, number
from staticad.rewrite.pattern import Rule, Variable, call, equation, some
from staticad.rewrite.quotients import QUOTIENT_RULES, negated

x, y = Variable("x"), Variable("y")
BELOW = call(WHERE, call(LESS, x, math.inf), 1, math.nan)  # a guard

LOGARITHM_RULES = (
    equation(call(LOG, call(EXP, x)), x),
    equation(call(LOG, 1 + x), call(LOG1P, x)),
    equation(call(LOG, 1 - x), call(LOG1P, -x)),
    equation(call(LOG1P, call(EXP, x)), call(SOFTPLUS, x)),
    equation(call(LOG1P, call(EXPM1, x)), x),
    equation(call(LOG1P, -call(SIGMOID, x)), -call(SOFTPLUS, x)),
    equation(call(LOG, call(SIGMOID, x)), -call(SOFTPLUS, -x)),
    # inf - inf is NaN.
    equation(call(SOFTPLUS, x) - x, call(SOFTPLUS, -x) * BELOW),
    equation(x - call(SOFTPLUS, x), -call(SOFTPLUS, -x) * BELOW),
)

EXPONENTIAL_RULES = (
    equation(call(EXP, x) - 1, call(EXPM1, x)),
    equation(call(EXP, x) + -1, call(EXPM1, x)),
    equation(1 - call(EXP, x), -call(EXPM1, x)),
    equation(1 - call(SIGMOID, x), call(SIGMOID, -x)),
    equation(call(SIGMOID, x) - 1, -call(SIGMOID, -x)),
    equation(call(SIGMOID, x) + -1, -call(SIGMOID, -x)),
    equation(call(SQRT, call(SQUARE, x)), call(ABS, x)),
)


def _log_of_exponentials(tensor: Tensor) -> Tensor | None:
    """log(exp(x) * r) = x + log(r), and likewise for sigmoid(x), sum(exp(x)) and their reciprocals."""
    product = factorize(tensor.node.inputs[0])
    terms: list[Product] = []
    rest: list[Factor] = []
    for factor in product.factors:
        logarithm = _logarithm(factor.tensor)
        if logarithm is None:
            rest.append(factor)
        else:
            terms.append(Product((Factor(logarithm, factor.axes),), factor.inverse))
    if not terms:
        return None
    parts = [term.build(tensor) for term in terms]
    # log(r / s) = log(r) - log(s) where s >= 0 is known, and without a needless quotient.
    below = [f for f in rest if f.inverse]
    if below and all(nonnegative(f.tensor) for f in below):
        divisor = Product(tuple(Factor(f.tensor, f.axes) for f in below)).build(tensor)
        parts.append(apply(NEG, apply(LOG, divisor)))
        rest = [f for f in rest if not f.inverse]
    total = parts[0]
    for part in parts[1:]:
        total = apply(ADD, total, part)
    if rest or product.negative:
        remaining = Product(tuple(rest), product.negative).build(tensor)
        if not nonnegative(remaining):
            # The logarithm of a negative number is NaN, but exp(-inf) times that number is -0.0, not negative.
            zero = apply(EQUAL, total, number(-math.inf, total))
            remaining = apply(WHERE, zero, apply(ABS, remaining), remaining)
        total = apply(ADD, total, apply(LOG, remaining))
    return fit(total, tensor.type)


def _logarithm(tensor: Tensor) -> Tensor | None:
    """The stable logarithm of an exponential, a sigmoid or a sum of exponentials."""
    if tensor.node.op is EXP:
        return tensor.node.inputs[0]
    if tensor.node.op is SIGMOID:
        return apply(NEG, apply(SOFTPLUS, negated(tensor.node.inputs[0])))
    found = sum_of_exponentials(tensor)
    return None if found is None else log_sum_exp(*found)


def _complement(tensor: Tensor) -> Tensor | None:
    """p - p * sigmoid(x) = p * sigmoid(-x)."""
    left, right = tensor.node.inputs
    if not (_has_sigmoid(left) or _has_sigmoid(right)):
        return None
    a, b = factorize(left), factorize(right)
    if (a.negative != b.negative) == (tensor.node.op is SUB):
        return None
    for small, large in ((a, b), (b, a)):
        extra = _extra_factor(small, large)
        if extra is not None and extra.tensor.node.op is SIGMOID and not extra.inverse and small.factors:
            opposite = Factor(apply(SIGMOID, negated(extra.tensor.node.inputs[0])), extra.axes)
            # The sign is that of the side without the sigmoid, as a term of the sum or difference.
            negative = small.negative != (small is b and tensor.node.op is SUB)
            result = fit(Product((*small.factors, opposite), negative).build(tensor), tensor.type)
            if facts(Product(small.factors).build(tensor)).infinite:
                # inf - inf is NaN; the product is infinite where p is.
                guard = apply(WHERE, apply(ISFINITE, result), number(1, result), number(math.nan, result))
                result = apply(MUL, result, guard)
            return result
    return None


def _has_sigmoid(tensor: Tensor, depth: int = 4) -> bool:
    if tensor.node.op is SIGMOID:
        return True
    return depth > 0 and tensor.node.op in _PRODUCTS and any(_has_sigmoid(t, depth - 1) for t in tensor.node.inputs)


def _extra_factor(small: Product, large: Product) -> Factor | None:
    """The one factor that ``large`` has beside those of ``small``."""
    if len(large.factors) != len(small.factors) + 1:
        return None
    left = Counter((f.key, f.inverse) for f in large.factors)
    left.subtract((f.key, f.inverse) for f in small.factors)
    if any(count < 0 for count in left.values()):
        return None
    (extra,) = (key for key, count in left.items() if count)
    return next(f for f in large.factors if (f.key, f.inverse) == extra)


_PRODUCTS = frozenset((MUL, NEG, SQUARE, EXPAND_DIMS, BROADCAST_TO))

STABILITY_RULES = (
    *GUARD_RULES,
    *LOGARITHM_RULES,
    *EXPONENTIAL_RULES,
    Rule("log(exp(x) * r) = x + log(r)", (LOG,), _log_of_exponentials),
    Rule("p - p * sigmoid(x) = p * sigmoid(-x)", (ADD, SUB), _complement, fits=some((SIGMOID, *_PRODUCTS))),
    *QUOTIENT_RULES,
)
