"""Arithmetic of pairs, with NumPy's formulas."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from staticad.functional.comparison import equal, greater_equal, logical_and
from staticad.functional.elementwise import absolute, where
from staticad.ir.graph import Tensor
from staticad.ops.creation import FULL
from staticad.ops.sources import constant, constant_array
from staticad.pairs.functions import exp, log
from staticad.pairs.pair import Pair

Part = Tensor | None
LARGEST_POWER = 100  # integer exponents below it are products


def _plus(a: Part, b: Part) -> Part:
    if a is None or b is None:
        return b if a is None else a
    return a + b


def _minus(a: Part, b: Part) -> Part:
    if a is None or b is None:
        return a if b is None else -b
    return a - b


def _known(re: Part, im: Part, like: Pair) -> Pair:
    """A pair of which at least one part is there."""
    return Pair(constant(0, like.dtype), None) if re is None and im is None else Pair(re, im)


def add(a: Pair, b: Pair) -> Pair:
    """a + b."""
    return Pair(_plus(a.re, b.re), _plus(a.im, b.im))


def sub(a: Pair, b: Pair) -> Pair:
    """a - b."""
    return Pair(_minus(a.re, b.re), _minus(a.im, b.im))


def products(a: Pair, b: Pair, times: Callable[[Tensor, Tensor], Tensor]) -> Pair:
    """The product by that product of real tensors, which is called for those parts that are there."""

    def part(x: Part, y: Part) -> Part:
        return None if x is None or y is None else times(x, y)

    return _known(_minus(part(a.re, b.re), part(a.im, b.im)), _plus(part(a.re, b.im), part(a.im, b.re)), a)


def mul(a: Pair, b: Pair) -> Pair:
    """a * b."""
    return products(a, b, lambda x, y: x * y)


def neg(a: Pair) -> Pair:
    """-a."""
    return a.each(lambda part: -part)


def conj(a: Pair) -> Pair:
    """The conjugate."""
    return Pair(a.re, None if a.im is None else -a.im)


def square(a: Pair) -> Pair:
    """a * a."""
    if a.re is None or a.im is None:
        return mul(a, a)
    cross = a.re * a.im
    return Pair(a.re * a.re - a.im * a.im, cross + cross)


def div(a: Pair, b: Pair) -> Pair:
    """a / b by Smith's method: the smaller part of b is divided by the larger one, so that nothing overflows."""
    if b.im is None:
        divisor = b.re
        assert divisor is not None
        return a.each(lambda part: part / divisor)
    (x, y), (c, d) = a.full(), b.full()
    first = greater_equal(absolute(c), absolute(d))
    large, small = where(first, c, d), where(first, d, c)
    ratio = small / large
    scale = 1 / (large + small * ratio)
    ahead, behind = where(first, x, y), where(first, y, x)
    re = (ahead + behind * ratio) * scale
    im = where(first, y - x * ratio, y * ratio - x) * scale
    nothing = logical_and(equal(c, 0), equal(d, 0))
    return Pair(where(nothing, x / absolute(c), re), where(nothing, y / absolute(c), im))


def reciprocal(a: Pair) -> Pair:
    """1 / a."""
    if a.im is None and a.re is not None:
        return Pair(1 / a.re, None)
    x, y = a.full()
    first = greater_equal(absolute(x), absolute(y))
    large, small = where(first, x, y), where(first, y, x)
    ratio = small / large
    size = large + small * ratio
    return Pair(where(first, 1 / size, ratio / size), where(first, -ratio / size, -1 / size))


def power(a: Pair, b: Pair, exponent: Tensor) -> Pair:
    """a ** b: a product where the exponent is known to be a small integer, else exp(b log(a))."""
    number = _whole(exponent)
    if number is not None:
        found = _repeated(a, abs(number))
        return reciprocal(found) if number < 0 else found
    (x, y), (c, d) = a.full(), b.full()
    result = exp(mul(b, log(a)))
    nothing = logical_and(equal(x, 0), equal(y, 0))
    vanishes = logical_and(c > 0, equal(d, 0))
    one = logical_and(equal(c, 0), equal(d, 0))
    nan = constant(np.nan, a.dtype)

    def chosen(part: Tensor, at_one: float) -> Tensor:
        return where(one, at_one, where(nothing, where(vanishes, 0.0, nan), part))

    re, im = result.full()
    return Pair(chosen(re, 1.0), chosen(im, 0.0))


def _whole(exponent: Tensor) -> int | None:
    """A small integer that is the exponent everywhere."""
    array = np.asarray(exponent.node.attrs["value"]) if exponent.op is FULL else constant_array(exponent)
    if array is None or array.size == 0:
        return None
    number = complex(array.reshape(-1)[0])
    whole = number.imag == 0 and number.real == int(number.real) if np.isfinite(number) else False
    if not whole or abs(number.real) >= LARGEST_POWER or not (array == number).all():
        return None
    return int(number.real)


def _repeated(a: Pair, count: int) -> Pair:
    """a to the power of a natural number, by squares."""
    if count == 0:
        x, _ = a.full()
        return Pair(constant(1, x.dtype), None)
    result: Pair | None = None
    factor = a
    while True:
        if count & 1:
            result = factor if result is None else mul(result, factor)
        count >>= 1
        if not count:
            assert result is not None
            return result
        factor = square(factor)
