"""Factorials, binomial coefficients and the reciprocal of the gamma function, of real numbers, by SciPy's names."""

from __future__ import annotations

import math

from staticad.functional import comparison, elementwise
from staticad.functional.front import as_float, implements
from staticad.functional.special.gamma_functions import betaln, gamma, gammaln
from staticad.functional.special.operands import floats
from staticad.functional.turns import sine_of_turn
from staticad.ir.graph import Tensor
from staticad.ops.barrier import STOP_GRADIENT
from staticad.ops.base import apply
from staticad.ops.promotion import Operand
from staticad.ops.sources import constant

_LARGE = 170.0  # gamma(171) is finite


def _parity(x: Tensor) -> Tensor:
    """(-1)**x of integers."""
    half = x * 0.5
    return elementwise.where(comparison.equal(elementwise.floor(half), half), constant(1, x.dtype), -1)


def _of_positive(x: Tensor) -> Tensor:
    """1 / gamma(x). Its derivatives are those of exp(-gammaln(x)), whose factors do not underflow."""
    logarithm = gammaln(x)
    change = elementwise.where(comparison.isfinite(logarithm), apply(STOP_GRADIENT, logarithm) - logarithm, 0)
    return apply(STOP_GRADIENT, 1 / gamma(x)) * elementwise.exp(change)


def _reciprocal_gamma(x: Tensor) -> Tensor:
    """1 / gamma(x): below a half by gamma(1 - x) sin(pi x) / pi, which has a value and derivatives at integers."""
    far = comparison.less(x, -_LARGE) & comparison.equal(elementwise.floor(x), x)
    reflected = elementwise.where(far, 0, gamma(1 - x) * (sine_of_turn(x) / math.pi))
    return elementwise.where(comparison.greater(x, 0.5), _of_positive(x), reflected)


@implements("rgamma")
def rgamma(x: Operand) -> Tensor:
    """1 / gamma(x); 0 at 0 and at negative integers."""
    return _reciprocal_gamma(as_float(x))


@implements("gammasgn")
def gammasgn(x: Operand) -> Tensor:
    """The sign of gamma(x); NaN at negative integers, at 0 the zero's sign."""
    a = as_float(x)
    below = elementwise.floor(a)
    sign = elementwise.where(comparison.equal(below, a), math.nan, _parity(below))
    zero = elementwise.copysign(elementwise.where(comparison.isnan(a), a, 1), a)
    return elementwise.where(comparison.less(a, 0), sign, zero)


def factorial(n: Operand) -> Tensor:
    """gamma(n + 1), the product of all integers up to n; 0 for a negative n."""
    a = as_float(n)
    return elementwise.where(comparison.less(a, 0), 0, gamma(a + 1))


def _binomial(n: Tensor, k: Tensor) -> Tensor:
    """The binomial coefficient of n > -1. The smaller of k and n - k keeps its digits. Where it is at or below -1/2, a
    gamma is reflected."""
    upper = comparison.greater_equal(k * 2, n)
    less, more = elementwise.where(upper, n - k, k), elementwise.where(upper, k, n - k)
    inside = comparison.greater(less, -0.5)
    logarithm = betaln(elementwise.where(inside, less, n) + 1, elementwise.where(inside, more + 1, -less))
    ways = elementwise.exp(-logarithm - elementwise.log(n + 1))
    return elementwise.where(inside, ways, elementwise.exp(logarithm) * (sine_of_turn(less + 1) / math.pi))


def _binomial_below(n: Tensor, k: Tensor) -> Tensor:
    """The binomial coefficient of n <= -1: both gammas of numbers below 0 are reflected."""
    below = comparison.less(n, 0)
    n = elementwise.where(below, n, -1.5)
    k = elementwise.where(comparison.greater(k, n), k, n - k)
    ratio = sine_of_turn(k + 0.5) - sine_of_turn(k) * (sine_of_turn(n + 0.5) / sine_of_turn(n))
    # The ratio is that of sin(pi (n - k)) to sin(pi n): 0 at negative integers k, however large the other factor is.
    return elementwise.where(comparison.equal(ratio, 0), 0, _binomial(k - n - 1, k) * ratio)


@implements("binom")
def binom(n: Operand, k: Operand) -> Tensor:
    """gamma(n + 1) / (gamma(k + 1) gamma(n - k + 1)), the number of ways to take k of n; NaN where n is a negative
    integer."""
    a, b = floats("binom", n, k)
    farthest = elementwise.maximum(elementwise.absolute(a), elementwise.maximum(elementwise.absolute(b), b - a))
    product = gamma(a + 1) * _reciprocal_gamma(b + 1) * _reciprocal_gamma(a - b + 1)
    below = comparison.less_equal(a, -1)
    far = elementwise.where(below, _binomial_below(a, b), _binomial(elementwise.where(below, 0, a), b))
    value = elementwise.where(comparison.less_equal(farthest, _LARGE), product, far)
    return elementwise.where(comparison.less(a, 0) & comparison.equal(elementwise.floor(a), a), math.nan, value)


def comb(N: Operand, k: Operand) -> Tensor:
    """The number of ways to take k of N: binom(N, k), and 0 unless 0 <= k <= N."""
    a, b = floats("comb", N, k)
    possible = comparison.greater_equal(b, 0) & comparison.less_equal(b, a) & comparison.greater_equal(a, 0)
    return elementwise.where(possible, binom(a, b), 0)
