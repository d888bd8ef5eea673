"""Signs, significands, exponents, fractions and remainders of floats, and their neighbours."""

from __future__ import annotations

import numpy as np

from staticad.ir.dtypes import DType, is_half
from staticad.ir.expressions import Expression, call, sub
from staticad.ir.expressions import constant as number
from staticad.ir.graph import Tensor
from staticad.ops.base import Elementwise, apply
from staticad.ops.conversion import CAST, ROUND
from staticad.ops.creation import fill


def _nothing(x: Tensor) -> Tensor:
    """The cotangent of an operand on which a value does not depend smoothly."""
    return fill(x.shape, 0, x.dtype)


class Neighbour(Elementwise):
    """A neighbour of a float among those of 32 or 64 bits: with floats of 16 bits nothing is computed."""

    def accepts(self, dtype: DType) -> bool:
        return super().accepts(dtype) and not is_half(dtype)


SIGNBIT = Elementwise(
    "signbit",
    numpy=np.signbit,
    operands="f",
    result="bool",
    ulps=0,
    nondifferentiable=True,
    notes="true for -0.0 and for NaN with a minus",
)


NEXTAFTER = Neighbour(
    "nextafter",
    numpy=np.nextafter,
    arity=2,
    operands="f",
    cost=6,
    ulps=0,
    vjp=lambda g, y, a, b: (g, _nothing(b)),
    notes="derivative 1 in the first operand, 0 in the second",
)

SPACING = Neighbour("spacing", numpy=np.spacing, operands="f", cost=4, ulps=0, nondifferentiable=True)


def _whole(exponents: np.ndarray) -> np.ndarray:
    return np.clip(np.nan_to_num(np.rint(exponents)), -9999, 9999).astype(np.int64)


LDEXP: Elementwise = Elementwise(
    "ldexp",
    numpy=lambda x, e: np.where(np.isnan(e), e, np.ldexp(x, _whole(e))),
    arity=2,
    operands="f",
    cost=15,
    ulps=0.5,
    vjp=lambda g, y, x, e: (apply(LDEXP, g, e), _nothing(e)),
    notes="x * 2**e, rounded once, with a whole number e; derivative 0 in e",
)

EXPONENT = Elementwise(
    "exponent",
    called="frexp",
    numpy=lambda x: np.frexp(x)[1],
    operands="f",
    result="int32",
    cost=6,
    ulps=0,
    nondifferentiable=True,
    notes="the exponent of `frexp`; 0 for zeros, infinities and NaN",
)

SIGNIFICAND = Elementwise(
    "significand",
    called="frexp",
    numpy=lambda x: np.frexp(x)[0],
    operands="f",
    cost=6,
    ulps=0,
    smooth_domains=((0.55, 0.95),),
    vjp=lambda g, y, x: (apply(LDEXP, g, -apply(CAST, apply(EXPONENT, x), dtype=x.dtype)),),
    notes="the significand of `frexp`, from 1/2 to 1; zeros, infinities and NaN stay; derivative 2**-exponent",
)


def _fraction(x: Expression) -> Expression:
    rest = sub(x, call("trunc", x))
    return call("copysign", call("where", call("isinf", x), number(0, x.dtype), rest), x)


FRACTION = Elementwise(
    "fraction",
    called="modf",
    numpy=lambda x: np.modf(x)[0],
    code=_fraction,
    operands="f",
    cost=4,
    ulps=0,
    smooth_domains=((0.1, 0.9),),
    vjp=lambda g, y, x: (g,),
    notes="x - trunc(x) with the sign of x; 0 for infinities; derivative 1",
)

FMOD = Elementwise(
    "fmod",
    numpy=np.fmod,
    arity=2,
    operands="iuf",
    cost=20,
    domain=(0.3, 3.0),
    smooth_domains=((2.2, 2.8), (1.0, 1.05)),
    ulps=0,
    vjp=lambda g, y, a, b: (g, -(g * apply(ROUND, (a - y) / b))),
    notes="has the sign of the dividend; derivative 1 in the dividend, -trunc(a / b) in the divisor",
)


FLOAT_PART_OPS = (SIGNBIT, NEXTAFTER, SPACING, LDEXP, EXPONENT, SIGNIFICAND, FRACTION, FMOD)
