"""Arithmetic: sums, products, quotients, powers, sign and absolute value.

Integers wrap around and integer division by zero gives 0, as in NumPy. Conventions at points without a derivative
are JAX's: abs'(0) = 0, floor_divide has derivative 0 everywhere, and remainder has derivative 1 in the dividend.
"""

from __future__ import annotations

import numpy as np

from staticad.ir.dtypes import finfo, is_complex
from staticad.ir.graph import Tensor
from staticad.ops import ranges
from staticad.ops.barrier import STOP_GRADIENT
from staticad.ops.base import Elementwise, apply
from staticad.ops.comparison import EQUAL, GREATER, LESS, LOGICAL_OR, NOT_EQUAL
from staticad.ops.selection import select, zero_like
from staticad.ops.sources import constant, constant_array
from staticad.ops.transcendental import LOG

ADD = Elementwise(
    "add",
    operands="biufc",
    numpy=np.add,
    arity=2,
    commutative=True,
    ulps=0.5,
    range_rule=ranges.add,
    progression_rule=ranges.add_progressions,
    vjp=lambda g, y, a, b: (g, g),
    certain=True,
    hands_on=True,
)

SUB = Elementwise(
    "sub",
    numpy=np.subtract,
    arity=2,
    operands="iufc",
    ulps=0.5,
    range_rule=ranges.subtract,
    progression_rule=ranges.subtract_progressions,
    vjp=lambda g, y, a, b: (g, -g),
    certain=True,
    hands_on=True,
)

MUL = Elementwise(
    "mul",
    operands="biufc",
    numpy=np.multiply,
    arity=2,
    commutative=True,
    ulps=0.5,
    range_rule=ranges.multiply,
    progression_rule=ranges.multiply_progressions,
    vjp=lambda g, y, a, b: (g * b, g * a),
    certain=True,
)


def _div_vjp(g: Tensor, y: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    quotient = g / b
    return quotient, -(quotient * y)


DIV = Elementwise(
    "div",
    numpy=np.true_divide,
    arity=2,
    operands="fc",
    cost=5,
    domain=(0.3, 3.0),
    ulps=0.5,
    vjp=_div_vjp,
    certain=True,
    notes="true division; x / 0 is an infinity or NaN",
)

FLOOR_DIVIDE = Elementwise(
    "floor_divide",
    numpy=np.floor_divide,
    arity=2,
    operands="iuf",
    cost=20,
    domain=(0.3, 3.0),
    ulps=0,
    range_rule=ranges.floor_divide,
    nondifferentiable=True,
    notes="rounds towards minus infinity",
)

REMAINDER = Elementwise(
    "remainder",
    numpy=np.remainder,
    arity=2,
    operands="iuf",
    cost=20,
    domain=(0.3, 3.0),
    smooth_domains=((2.2, 2.8), (1.0, 1.05)),
    ulps=0.5,
    range_rule=ranges.remainder,
    vjp=lambda g, y, a, b: (g, -(g * apply(FLOOR_DIVIDE, a, b))),
    notes="has the sign of the divisor; derivative 1 in the dividend, -floor(a / b) in the divisor",
)


def _pow_vjp(g: Tensor, y: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """d/da a**b = b a**(b - 1), and 0 for b = 0 even at a = 0. d/db = a**b log(a), with log(0) taken as 0.

    Only the product 0 * infinity (or NaN) is replaced: elsewhere b a**(b - 1) is 0 at b = 0 by itself, and keeps its
    derivative in b, 1 / a.
    """
    one = constant(1, a.dtype)
    exponent = constant_array(b)
    if is_complex(a.dtype):
        is_zero = apply(EQUAL, b, zero_like(b))
        slope = select(is_zero, zero_like(b), b * apply(POW, a, select(is_zero, one, b - one)))
    elif exponent is not None and exponent.all():
        lowered = constant(exponent - exponent.dtype.type(1))
        slope = b * apply(POW, a, lowered)
    else:
        invertible = apply(GREATER, apply(ABS, a), constant(finfo(a.dtype).tiny, a.dtype))
        usual = apply(LOGICAL_OR, apply(NOT_EQUAL, b, zero_like(b)), invertible)
        slope = select(usual, b * apply(POW, select(usual, a, one), b - one), zero_like(b))
    positive = select(apply(EQUAL, a, zero_like(a)), one, a)
    return g * slope, g * (apply(LOG, positive) * y)


def _power(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """np.power, but negative powers of integers, which NumPy refuses, are 1 for 1, 1 or -1 for -1, and else 0."""
    if a.dtype.kind in "fc":
        return np.power(a, b)
    inverse = np.where(a == 1, a, np.where(abs(a) == 1, np.power(a, b & 1), a.dtype.type(0)))
    return np.where(b < 0, inverse, np.power(a, np.maximum(b, b.dtype.type(0))))


POW = Elementwise(
    "pow",
    numpy=_power,
    arity=2,
    operands="iufc",
    cost=40,
    domain=(0.2, 2.5),
    valueless="iu",
    vjp=_pow_vjp,
    certain=True,
    notes="integers to negative powers give 0, ±1 for ±1; derivative in a is 0 for b = 0, in b it is 0 at a = 0",
)

NEG = Elementwise(
    "neg",
    numpy=np.negative,
    operands="iufc",
    ulps=0,
    range_rule=ranges.negate,
    progression_rule=ranges.negate_progression,
    vjp=lambda g, y, x: (-g,),
    certain=True,
)

SIGN = Elementwise(
    "sign",
    numpy=np.sign,
    operands="iuf",
    cost=3,
    ulps=0,
    nondifferentiable=True,
    notes="0 for 0, NaN for NaN",
)


def _abs_vjp(g: Tensor, y: Tensor, x: Tensor) -> tuple[Tensor]:
    """g or -g; absent at 0, and NaN for NaN."""
    zero = zero_like(x)
    negative = select(apply(LESS, x, zero), -g, apply(STOP_GRADIENT, x))
    return (select(apply(NOT_EQUAL, x, zero), select(apply(GREATER, x, zero), g, negative), zero),)


ABS = Elementwise(
    "abs",
    numpy=np.absolute,
    ulps=0,
    vjp=_abs_vjp,
    certain=True,
    notes="derivative 0 at 0",
)

SQUARE = Elementwise(
    "square",
    numpy=np.square,
    operands="iufc",
    ulps=0.5,
    vjp=lambda g, y, x: (g * (x * 2),),
    certain=True,
    notes="x * x",
)

RECIPROCAL = Elementwise(
    "reciprocal",
    numpy=np.reciprocal,
    operands="fc",
    cost=5,
    domain=(0.3, 3.0),
    ulps=0.5,
    vjp=lambda g, y, x: (-(g * (y * y)),),
    certain=True,
)

SQRT = Elementwise(
    "sqrt",
    numpy=np.sqrt,
    operands="fc",
    cost=6,
    domain=(0.2, 3.0),
    ulps=0.5,
    vjp=lambda g, y, x: (g * (0.5 / y),),
    certain=True,
    notes="derivative infinite at 0",
)

RSQRT = Elementwise(
    "rsqrt",
    numpy=lambda x: np.reciprocal(np.sqrt(x)),
    operands="fc",
    cost=10,
    domain=(0.2, 3.0),
    vjp=lambda g, y, x: (g * (-0.5 * (y * y * y)),),
    certain=True,
    notes="1 / sqrt(x)",
)

ARITHMETIC_OPS = (
    ADD, SUB, MUL, DIV, FLOOR_DIVIDE, REMAINDER, POW, NEG, SIGN, ABS, SQUARE, RECIPROCAL, SQRT, RSQRT,
)  # fmt: skip
