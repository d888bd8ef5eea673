"""Quotients and differences of exponentials and logarithms that keep their digits, transformations of data made of
them, and robust distances, by SciPy's names."""

from __future__ import annotations

import math
from collections.abc import Callable

from staticad.functional import comparison, elementwise
from staticad.functional.front import implements
from staticad.functional.special.operands import real_floats
from staticad.ir.dtypes import finfo
from staticad.ir.graph import Tensor
from staticad.ops.promotion import Operand
from staticad.ops.sources import constant

_TERMS = 30  # within a quarter of 0, the next term is below 2**-60 in the second derivatives, too


def _quotient(x: Tensor, function: Callable[[Tensor], Tensor], coefficient: Callable[[int], float]) -> Tensor:
    """function(x) / x. Near 0 it is its power series, so that it has a value there and derivatives of all orders keep
    their digits."""
    series: Tensor = constant(coefficient(_TERMS), x.dtype)
    for k in reversed(range(_TERMS)):
        series = series * x + coefficient(k)
    near = comparison.less(elementwise.absolute(x), 0.25)
    return elementwise.where(near, series, function(x) / x)


def _exprel(x: Tensor) -> Tensor:
    quotient = _quotient(x, elementwise.expm1, lambda k: 1 / math.factorial(k + 1))
    return elementwise.where(comparison.equal(x, math.inf), x, quotient)


def log1p_quotient(x: Tensor) -> Tensor:
    """log(1 + x) / x, and 1 at 0."""
    quotient = _quotient(x, elementwise.log1p, lambda k: (-1) ** k / (k + 1))
    return elementwise.where(comparison.equal(x, math.inf), 0, quotient)


@implements("exprel")
def exprel(x: Operand) -> Tensor:
    """(exp(x) - 1) / x, and 1 at 0."""
    (a,) = real_floats("exprel", x)
    return _exprel(a)


@implements("exp10")
def exp10(x: Operand) -> Tensor:
    """10**x."""
    (a,) = real_floats("exp10", x)
    return elementwise.power(constant(10, a.dtype), a)


@implements("cosm1")
def cosm1(x: Operand) -> Tensor:
    """cos(x) - 1, exact to the last digits next to multiples of 2 pi."""
    (a,) = real_floats("cosm1", x)
    half = elementwise.sin(a * 0.5)
    return half * half * -2


@implements("powm1")
def powm1(x: Operand, y: Operand) -> Tensor:
    """x**y - 1, exact to the last digits where x**y is close to 1."""
    a, b = real_floats("powm1", x, y)
    whole, exponent = elementwise.power(a, b) - 1, b * elementwise.log(elementwise.absolute(a))
    near = comparison.less(elementwise.absolute(whole), 0.5) & comparison.isfinite(exponent)
    return elementwise.where(near, elementwise.expm1(exponent), whole)


def _power_transformation(logarithm: Tensor, p: Tensor) -> Tensor:
    """(exp(p logarithm) - 1) / p, the logarithm itself where p is 0."""
    exponent = p * logarithm
    endless = comparison.isinf(logarithm) & comparison.equal(p, 0)
    inside = elementwise.where(endless, logarithm, logarithm * _exprel(exponent))
    # Where the power is about to overflow, which the quotient may not do, it is two factors.
    large = comparison.greater(exponent, math.log(float(finfo(p.dtype).max)) - 4) & comparison.isfinite(exponent)
    root = elementwise.exp(elementwise.where(large, exponent, 0) * 0.5)
    inside = elementwise.where(large, root / elementwise.where(large, p, 1) * root, inside)
    return elementwise.where(comparison.equal(exponent, -math.inf), -1 / p, inside)


def _log_of_inverse(y: Tensor, p: Tensor) -> Tensor:
    """log(1 + p y) / p, y itself where p is 0."""
    product = p * y
    endless = comparison.isinf(y) & ~comparison.less(product, 0)
    inside = elementwise.where(endless, y, y * log1p_quotient(product))
    beyond = comparison.equal(product, math.inf) & comparison.isfinite(y) & comparison.isfinite(p)
    factors = [elementwise.log(elementwise.absolute(elementwise.where(beyond, v, 1))) for v in (p, y)]
    return elementwise.where(beyond, (factors[0] + factors[1]) / elementwise.where(beyond, p, 1), inside)


@implements("boxcox")
def boxcox(x: Operand, lmbda: Operand) -> Tensor:
    """Box and Cox's (x**lmbda - 1) / lmbda, log(x) where lmbda is 0."""
    a, p = real_floats("boxcox", x, lmbda)
    return _power_transformation(elementwise.log(a), p)


@implements("boxcox1p")
def boxcox1p(x: Operand, lmbda: Operand) -> Tensor:
    """boxcox(1 + x, lmbda), exact to the last digits where x is small."""
    a, p = real_floats("boxcox1p", x, lmbda)
    return _power_transformation(elementwise.log1p(a), p)


@implements("inv_boxcox")
def inv_boxcox(y: Operand, lmbda: Operand) -> Tensor:
    """The x of which y is boxcox(x, lmbda): (1 + lmbda y)**(1 / lmbda), exp(y) where lmbda is 0."""
    a, p = real_floats("inv_boxcox", y, lmbda)
    return elementwise.exp(_log_of_inverse(a, p))


@implements("inv_boxcox1p")
def inv_boxcox1p(y: Operand, lmbda: Operand) -> Tensor:
    """inv_boxcox(y, lmbda) - 1, exact to the last digits where that is small."""
    a, p = real_floats("inv_boxcox1p", y, lmbda)
    return elementwise.expm1(_log_of_inverse(a, p))


@implements("huber")
def huber(delta: Operand, r: Operand) -> Tensor:
    """r**2 / 2 where |r| <= delta, delta (|r| - delta / 2) elsewhere; infinite for a negative delta."""
    d, a = real_floats("huber", delta, r)
    size = elementwise.absolute(a)
    value = elementwise.where(comparison.less_equal(size, d), a * a * 0.5, d * (size - d * 0.5))
    return elementwise.where(comparison.less(d, 0), math.inf, value)


@implements("pseudo_huber")
def pseudo_huber(delta: Operand, r: Operand) -> Tensor:
    """delta**2 (sqrt(1 + (r / delta)**2) - 1), exact to the last digits where r is small; 0 where delta or r is 0,
    infinite for a negative delta, r**2 / 2 for an infinite one."""
    d, a = real_floats("pseudo_huber", delta, r)
    zero = comparison.equal(d, 0)
    ratio = a / elementwise.where(zero, 1, d)
    root = elementwise.hypot(ratio, constant(1, d.dtype))
    small = comparison.less_equal(elementwise.absolute(ratio), 1)
    value = elementwise.where(small, a * a / (root + 1), d * (d * (root - 1)))
    return elementwise.where(comparison.less(d, 0), math.inf, elementwise.where(zero, 0, value))
