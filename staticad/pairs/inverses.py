"""Inverse trigonometric and hyperbolic functions of pairs.

The formulas are those of W. Kahan, Branch cuts for complex elementary functions (1987), but for arctanh, which is a
logarithm of a quotient near 1 and the angle of a product. Far out, where squares overflow, functions are logarithms.
The sign of a zero says on which side of a cut a number lies; infinite and NaN operands have the results of Annex G of
the C standard.
"""

from __future__ import annotations

import math

import numpy as np

from staticad.functional.comparison import equal, isinf, isnan, logical_and, logical_or
from staticad.functional.elementwise import absolute, maximum, where
from staticad.ir.graph import Tensor
from staticad.ops.base import apply
from staticad.ops.hyperbolic import ARCSINH
from staticad.ops.plane import ARCTAN2, COPYSIGN, HYPOT, LOG_HYPOT
from staticad.ops.transcendental import LOG, LOG1P
from staticad.pairs.functions import sqrt
from staticad.pairs.pair import Pair


def _far(x: Tensor, y: Tensor) -> Tensor:
    """Where one of two numbers is infinite, or so large that 1 does not count beside its square."""
    return logical_or(logical_or(isinf(x), isinf(y)), maximum(absolute(x), absolute(y)) > 2 / np.finfo(x.dtype).eps)


def _size(x: Tensor, y: Tensor) -> Tensor:
    """log(2 |z|)."""
    return apply(LOG_HYPOT, x, y) + math.log(2)


def _near(far: Tensor, a: Pair) -> Pair:
    """The number, or 0 where it is far out."""
    x, y = a.full()
    return Pair(where(far, 0.0, x), where(far, 0.0, y))


def arcsinh(a: Pair) -> Pair:
    """By arcsin(iz)."""
    x, y = a.full()
    turned = arcsin(Pair(y, x))
    return Pair(turned.im, turned.re)


def arcsin(a: Pair) -> Pair:
    """atan(x / Re(√(1-z) √(1+z))) + i asinh(Im(conj(√(1-z)) √(1+z)))."""
    x, y = a.full()
    far = _far(x, y)
    u, v = _near(far, a).full()
    (p, q), (r, s) = sqrt(Pair(1 - u, -v)).full(), sqrt(Pair(1 + u, v)).full()
    re = apply(ARCTAN2, u, p * r - q * s)
    im = apply(ARCSINH, p * s - q * r)
    re = where(far, apply(ARCTAN2, x, absolute(y)), re)
    im = where(far, apply(COPYSIGN, _size(x, y), y), im)
    return Pair(where(equal(x, 0), x, re), im)


def arccos(a: Pair) -> Pair:
    """2 atan(Re √(1-z) / Re √(1+z)) + i asinh(Im(conj(√(1+z)) √(1-z)))."""
    x, y = a.full()
    far = _far(x, y)
    u, v = _near(far, a).full()
    (p, q), (r, s) = sqrt(Pair(1 - u, -v)).full(), sqrt(Pair(1 + u, v)).full()
    re = 2 * apply(ARCTAN2, p, r)
    im = apply(ARCSINH, r * q - s * p)
    re = where(far, apply(ARCTAN2, absolute(y), x), re)
    im = where(far, -apply(COPYSIGN, _size(x, y), y), im)
    return Pair(where(logical_and(equal(x, 0), isnan(y)), math.pi / 2, re), im)


def arccosh(a: Pair) -> Pair:
    """asinh(Re(conj(√(z-1)) √(z+1))) + 2i atan(Im √(z-1) / Re √(z+1))."""
    x, y = a.full()
    far = _far(x, y)
    u, v = _near(far, a).full()
    (p, q), (r, s) = sqrt(Pair(u - 1, v)).full(), sqrt(Pair(u + 1, v)).full()
    re, im = apply(ARCSINH, p * r + q * s), 2 * apply(ARCTAN2, q, r)
    im = where(far, apply(ARCTAN2, y, x), im)
    return Pair(where(far, _size(x, y), re), where(logical_and(equal(x, 0), isnan(y)), math.pi / 2, im))


def arctan(a: Pair) -> Pair:
    """By arctanh(iz)."""
    x, y = a.full()
    turned = arctanh(Pair(y, x))
    return Pair(turned.im, turned.re)


def arctanh(a: Pair) -> Pair:
    """log1p(4 x / ((1 - x)² + y²)) / 4 + i atan2(2 y, (1 - x) (1 + x) - y²) / 2, for x ≥ 0."""
    x, y = a.full()
    eps = float(np.finfo(x.dtype).eps)
    far = _far(x, y)
    u, v = _near(far, Pair(absolute(x), absolute(y))).full()
    at_end = logical_and(equal(u, 1), v < eps)
    less = 1 - u
    ratio = u / where(at_end, 1.0, less * less + v * v)
    size = where(at_end, 0.5 * (math.log(2) - apply(LOG, where(at_end, v, 1.0))), 0.25 * apply(LOG1P, 4 * ratio))
    turn = 0.5 * apply(ARCTAN2, 2 * v, less * (1 + u) - v * v)
    length = apply(HYPOT, x, y)
    away = where(isinf(length), 0.0, absolute(x) / length / length)
    re = apply(COPYSIGN, where(far, away, size), x)
    im = where(isnan(y), y, apply(COPYSIGN, where(far, math.pi / 2, turn), y))
    return Pair(where(logical_and(equal(x, 0), isnan(y)), x, re), im)
