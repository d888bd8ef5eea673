"""Elementary functions of pairs.

What may overflow although the result does not is scaled by a power of two or of e. Near branch cuts the sign of a zero
decides, as in NumPy. Infinite and NaN operands have the results that Annex G of the C standard asks for, as far as it
tells more than the sign of a zero.
"""

from __future__ import annotations

import math

import numpy as np

from staticad.functional.comparison import equal, isfinite, isinf, isnan, logical_and, logical_not
from staticad.functional.elementwise import absolute, maximum, where
from staticad.ir.dtypes import DType
from staticad.ir.graph import Tensor
from staticad.ops.arithmetic import RECIPROCAL, SQRT
from staticad.ops.base import Elementwise, apply
from staticad.ops.plane import ARCTAN2, COPYSIGN, LOG_HYPOT
from staticad.ops.sources import constant
from staticad.ops.transcendental import COS, EXP, EXPM1, LOG1P, SIN, TAN
from staticad.pairs.pair import Pair
from staticad.records import dataclass


@dataclass(frozen=True)
class _Limits:
    """Numbers of a float type: ``tiny`` and ``huge`` have squares without under- or overflow; ``scale`` takes any
    number below or above them there, ``root`` is its square root. The exponential of ``rate`` can be doubled a few
    times; beyond ``flat`` tanh is 1."""

    tiny: float
    huge: float
    scale: float
    root: float
    rate: float
    flat: float


_DOUBLE = _Limits(2.0**-480, 2.0**500, 2.0**600, 2.0**300, 600.0, 22.0)
_SINGLE = _Limits(2.0**-56, 2.0**60, 2.0**100, 2.0**50, 80.0, 11.0)


def _limits(dtype: DType) -> _Limits:
    return _DOUBLE if dtype.itemsize == 8 else _SINGLE


def _of(op: Elementwise, x: Tensor) -> Tensor:
    return apply(op, x)


def exp(a: Pair) -> Pair:
    """exp(x) (cos(y) + i sin(y))."""
    x, y = a.full()
    rate = _limits(a.dtype).rate
    large = x > rate
    size = _of(EXP, where(large, x - rate, x))
    rest = where(large, constant(np.exp(rate), a.dtype), 1.0)
    wild = _endless(x, y)
    re = where(wild, size, size * _of(COS, y) * rest)
    im = where(logical_and(wild, x < 0), apply(COPYSIGN, constant(0, a.dtype), y), size * _of(SIN, y) * rest)
    return Pair(re, where(equal(y, 0), y, im))


def expm1(a: Pair) -> Pair:
    """exp - 1, without cancellation near 0."""
    x, y = a.full()
    half = _of(SIN, y * 0.5)
    return Pair(_of(EXPM1, x) * _of(COS, y) - 2 * (half * half), _of(EXP, x) * _of(SIN, y))


def log(a: Pair) -> Pair:
    """log|z| + i angle."""
    x, y = a.full()
    return Pair(apply(LOG_HYPOT, x, y), apply(ARCTAN2, y, x))


def log1p(a: Pair) -> Pair:
    """log(1 + z), without cancellation near 0."""
    x, y = a.full()
    near = maximum(absolute(x), absolute(y)) < 0.5
    size = 0.5 * _of(LOG1P, where(near, x * (2 + x) + y * y, 0.0))
    return Pair(where(near, size, apply(LOG_HYPOT, 1 + x, y)), apply(ARCTAN2, y, 1 + x))


def sqrt(a: Pair) -> Pair:
    """The root with a real part that is not negative."""
    x, y = a.full()
    limits = _limits(a.dtype)
    size = maximum(absolute(x), absolute(y))
    tiny, huge = size < limits.tiny, size > limits.huge
    scale = where(tiny, limits.scale, where(huge, constant(1 / limits.scale, a.dtype), 1.0))
    back = where(tiny, 1 / limits.root, where(huge, constant(limits.root, a.dtype), 1.0))
    u, v = x * scale, y * scale
    length = _of(SQRT, (absolute(u) + _of(SQRT, u * u + v * v)) * 0.5)
    other = v / (length + length)
    forward = x >= 0
    re = where(forward, length, absolute(other)) * back
    im = where(forward, other, apply(COPYSIGN, length, v)) * back
    nothing, endless = equal(size, 0), isinf(y)
    ray = logical_and(isinf(x), isnan(y))
    re = where(nothing, 0.0, where(ray, where(forward, x, y), where(endless, np.inf, re)))
    return Pair(re, where(nothing, y, where(ray, where(forward, y, -x), where(endless, y, im))))


def rsqrt(a: Pair) -> Pair:
    """1 / sqrt(z), which is sqrt(conj(z)) / |z|, with the root's own scaling."""
    x, y = sqrt(a).full()
    size = x * x + y * y
    return Pair(x / size, -y / size)


def _hyperbolic(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """cosh and sinh of a real number, each divided by a factor, without which it may overflow."""
    size = absolute(x)
    large = size > _limits(x.dtype).rate
    half = _of(EXP, where(large, size * 0.5, 0.0))
    less = _of(EXPM1, where(large, 0.0, size))
    inverse = _of(RECIPROCAL, 1 + less)
    cosh = where(large, half * 0.5, 1 + (less * 0.5) * (less * inverse))
    sinh = where(large, half * 0.5, (less + less * inverse) * 0.5)
    return cosh, apply(COPYSIGN, sinh, x), half


def _endless(x: Tensor, y: Tensor) -> Tensor:
    """Where x is infinite and y has no sine."""
    return logical_and(isinf(x), logical_not(isfinite(y)))


def _vanishes(x: Tensor, y: Tensor) -> Tensor:
    """Where x is 0 and y not finite: a product that is 0 then, but would be NaN."""
    return logical_and(equal(x, 0), logical_not(isfinite(y)))


def sinh(a: Pair) -> Pair:
    """sinh(x) cos(y) + i cosh(x) sin(y)."""
    x, y = a.full()
    cosh, sinh, rest = _hyperbolic(x)
    re = where(_endless(x, y), absolute(x), sinh * _of(COS, y) * rest)
    im = cosh * _of(SIN, y) * rest
    return Pair(where(_vanishes(x, y), x, re), where(equal(y, 0), y, im))


def cosh(a: Pair) -> Pair:
    """cosh(x) cos(y) + i sinh(x) sin(y)."""
    x, y = a.full()
    cosh, sinh, rest = _hyperbolic(x)
    re = where(_endless(x, y), absolute(x), cosh * _of(COS, y) * rest)
    im = where(equal(y, 0), y * apply(COPYSIGN, constant(1, a.dtype), x), sinh * _of(SIN, y) * rest)
    return Pair(re, where(_vanishes(x, y), 0.0, im))


def sin(a: Pair) -> Pair:
    """-i sinh(iz)."""
    x, y = a.full()
    turned = sinh(Pair(y, x))
    return Pair(turned.im, turned.re)


def cos(a: Pair) -> Pair:
    """cosh(iz)."""
    x, y = a.full()
    return cosh(Pair(-y, x))


def tanh(a: Pair) -> Pair:
    """Kahan's formula."""
    x, y = a.full()
    size = absolute(x)
    flat = size > _limits(a.dtype).flat
    _, sinh, _ = _hyperbolic(where(flat, 0.0, x))
    slope = _of(TAN, y)
    stretch = 1 + slope * slope
    divisor = 1 + stretch * (sinh * sinh)
    re = stretch * _of(SQRT, 1 + sinh * sinh) * sinh / divisor
    rest = 4 * (slope / stretch) * _of(EXP, -2 * size)
    most = apply(COPYSIGN, where(isinf(x), constant(1, a.dtype), 1 + slope * 0), x)
    im = where(_endless(x, y), apply(COPYSIGN, constant(0, a.dtype), y), where(flat, rest, slope / divisor))
    return Pair(where(equal(x, 0), x, where(flat, most, re)), where(equal(y, 0), y, im))


def tan(a: Pair) -> Pair:
    """-i tanh(iz)."""
    x, y = a.full()
    turned = tanh(Pair(y, x))
    return Pair(turned.im, turned.re)


def _exponential_below(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """e = exp(-|x|), the parts of e exp(iy), which are 0 where e is, 1 + e cos(y), and e + cos(y): without cancellation
    where the cosine is near -1."""
    size, less = _of(EXP, -absolute(x)), _of(EXPM1, -absolute(x))
    half = _of(COS, y * 0.5)
    above = 2 * (half * half)
    nothing = equal(size, 0)
    u, v = (where(nothing, 0.0, size * _of(turn, y)) for turn in (COS, SIN))
    return size, u, v, where(nothing, 1.0, size * above - less), above + less


def sigmoid(a: Pair) -> Pair:
    """1 / (1 + exp(-z)), of the right half-plane; that of the left one is exp(z) / (1 + exp(z))."""
    x, y = a.full()
    size, _, v, below, above = _exponential_below(x, y)
    scale = 1 / (below * below + v * v)
    nothing = equal(size, 0)
    im = where(nothing, apply(COPYSIGN, constant(0, a.dtype), y), v * scale)
    return Pair(where(x >= 0, below, where(nothing, 0.0, size * above)) * scale, where(equal(y, 0), y, im))


def softplus(a: Pair) -> Pair:
    """log(1 + exp(z)), whose imaginary part is in [-pi, pi]."""
    x, y = a.full()
    _, u, v, below, above = _exponential_below(x, y)
    near = maximum(absolute(u), absolute(v)) < 0.5
    length = where(near, 0.5 * _of(LOG1P, where(near, u * (2 + u) + v * v, 0.0)), apply(LOG_HYPOT, below, v))
    forward = logical_and(x > 0, isfinite(y))
    angle = apply(ARCTAN2, where(forward, _of(SIN, y), v), where(forward, above, below))
    return Pair(maximum(x, 0.0) + length, where(equal(y, 0), y, angle))


def exp2(a: Pair) -> Pair:
    """exp(z log 2)."""
    return exp(a.each(lambda part: part * math.log(2)))


def log2(a: Pair) -> Pair:
    """log(z) / log(2)."""
    return log(a).each(lambda part: part * (1 / math.log(2)))


def log10(a: Pair) -> Pair:
    """log(z) / log(10)."""
    return log(a).each(lambda part: part * (1 / math.log(10)))
