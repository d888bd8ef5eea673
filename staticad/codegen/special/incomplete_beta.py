"""The regularized incomplete beta function, and its density.

x**a (1 - x)**b / B(a, b) times a continued fraction (DLMF 8.17.22, in Lentz's form) up to (a + 1) / (a + b + 2), for
b < 1 up to the mean a / (a + b); beyond it the complement with a and b exchanged. Next to the mean of large a and b the
factor is made of logarithms less their first terms (C. Loader, 2000), in which the distance from the mean carries its
rounding error. For b < 1 and x near 1 it is a power series without the 1 that cancels (DLMF 8.17.7).
"""

from __future__ import annotations

from collections.abc import Callable

from staticad.codegen.special.beta_function import ASYMPTOTIC_FROM, DIRECT_UP_TO, gamma_or_near, rising
from staticad.codegen.special.digamma import DIGAMMA_SERIES
from staticad.codegen.special.dual import Dual, Part, changes, constant, magnitude, repeat_duals
from staticad.codegen.special.flow import call, choose, outlined
from staticad.codegen.special.gamma_function import INFINITY, NAN, SQRT_TWO_PI, clamped_exponent
from staticad.codegen.special.incomplete_gamma import log_gamma_next
from staticad.codegen.special.log_excess import log_excess
from staticad.codegen.special.scalar import exp, gamma, log, log1p, power, stirling
from staticad.codegen.vecmath.builder import Value, fma, horner, repeat_while, select
from staticad.codegen.vecmath.exponential import expm1

LOOPS = 200_000
SHIFTED_TO = 30
TINY = 1e-300


def complement(x: Value) -> tuple[Value, Value]:
    """1 - x and its rounding error."""
    y = 1 - x
    return y, (1 - y) - x


def distance(a: Value, b: Value, x: Value) -> Value:
    """a (1 - x) - b x: how far x is below the mean."""
    y, low = complement(x)
    left, right = a * y, b * x
    return (left - right) + (fma(a, y, -left) - fma(b, x, -right) + a * low)


def factor(a: Value, b: Value, x: Value, y: Value, below: Value) -> Value:
    """x**a y**b / B(a, b) for y = 1 - x and below = a y - b x."""

    def direct() -> Value:
        (p, q), (r, s) = gamma_or_near(a), gamma_or_near(b)
        total = a + b
        whole = gamma(select(total < 1, total + 1, total)) / select(total < 1, total, 1)
        return whole / p / r * q * s * power(x, a) * power(y, b)

    def one_large() -> Value:
        first = a < b
        small, large = select(first, a, b), select(first, b, a)
        base, other = select(first, x, y), select(first, y, x)
        p, q = gamma_or_near(small)
        scaled = base * large
        logarithm = select(base < 0.5, log1p(-select(base < 0.5, base, 0)), log(other))
        exponent = fma(large, logarithm, rising(large, small))
        return power(select(scaled > 1e10, 1e10, scaled), small) * exp(clamped_exponent(exponent)) / p * q

    def both_large() -> Value:
        exponent = a * log_excess(-below / a) + b * log_excess(below / b)
        rest = stirling(a + b) - stirling(a) - stirling(b)
        return (a / (a + b) * b).sqrt() / SQRT_TWO_PI * exp(clamped_exponent(exponent + rest))

    small = select(a < b, a, b) < ASYMPTOTIC_FROM
    return choose(a + b <= DIRECT_UP_TO, direct, lambda: choose(small, one_large, both_large))


def _kept(x: Part) -> Part:
    """Not 0, by which a step would divide."""
    if isinstance(x, Dual):
        return Dual(_kept(x.value), x.slope)
    return select(abs(x) < TINY, TINY, x)


def fraction(a: Part, b: Part, x: Value) -> Part:
    """The continued fraction, for x up to the mean."""

    def half(coefficient: Part, c: Part, d: Part, h: Part) -> tuple[Part, Part, Part, Part]:
        d = 1 / _kept(coefficient * d + 1)
        c = _kept(coefficient / c + 1)
        change = c * d
        return c, d, h * change, change

    def step(m: Value, c: Part, d: Part, h: Part, _change: Part) -> list[Part]:
        twice = m * 2
        even = (b - m) * m / (a + (twice - 1)) / (a + twice) * x
        c, d, h, _ = half(even, c, d, h)
        odd = -((a + m) / (a + twice) * ((a + b + m) / (a + (twice + 1)))) * x
        c, d, h, change = half(odd, c, d, h)
        return [m + 1, c, d, h, change]

    def proceed(m: Value, c: Part, d: Part, h: Part, change: Part) -> Value:
        return changes(change, magnitude(c) * magnitude(d), h) & (m < LOOPS)

    first = 1 / _kept(-((a + b) / (a + 1) * x) + 1)
    state = [x.constant(1), constant(a, 1), first, first, constant(a, 0)]
    return repeat_duals(state, proceed, step)[3]


def ordered(a: Value, b: Value, x: Value, inside: Callable[..., Value]) -> Value:
    """``inside`` of a, b, x, 1 - x, the distance from the mean, and whether they are those of the complement."""
    below = distance(a, b, x)
    exchanged = select(b < 1, below, (a + 1) - (a + b + 2) * x) < 0
    y, _ = complement(x)
    return inside(
        select(exchanged, b, a),
        select(exchanged, a, b),
        select(exchanged, y, x),
        select(exchanged, x, y),
        select(exchanged, -below, below),
        exchanged,
    )


def _lower(a: Value, b: Value, x: Value, y: Value, below: Value) -> Value:
    lower = factor(a, b, x, y, below) / a * fraction(a, b, x)
    return select(lower > 1, 1, lower)


def _log_rising(b: Value, a: Value) -> Value:
    """log(gamma(b + a) / gamma(b)), which a small a makes small, to the last digits."""
    _, large, logarithm = repeat_while(
        [b.constant(0), b, b.constant(0)],
        lambda _count, b, _total: b < SHIFTED_TO,
        lambda count, b, total: [count + 1, b + 1, total - log1p(a / b)],
    )
    total, middle = large + a, large + a * 0.5
    inverse = 1 / middle
    square = inverse * inverse
    rest = select(a < 1e-4, -a * (square * horner(square, DIGAMMA_SERIES)), stirling(total) - stirling(large))
    ratio = log1p(a / large)
    return fma(a, log(large), fma(large, ratio - a / large, fma(a - 0.5, ratio, rest))) + logarithm


def _rest_by_series(a: Value, b: Value, x: Value) -> Value:
    """1 less the lower part, for a < 1, x < 1/2 and b x < 1, where it is small if a is."""
    exponent = fma(a, log(x), _log_rising(b, a) - log_gamma_next(a))
    one = x.constant(1)
    _, _, total = repeat_while(
        [one, one, x.constant(0)],
        lambda _n, term, total: abs(term) > abs(total) * 1e-17,
        lambda n, term, total: [n + 1, term * ((n - b) / n * x), total + term * ((n - b) / n * x) / (a + n)],
    )
    return -expm1(exponent) - exp(exponent) * (a * total)


def betainc(a: Value, b: Value, x: Value) -> Value:
    """The regularized incomplete beta function."""

    def lower(a: Value, b: Value, x: Value, y: Value, below: Value, exchanged: Value) -> Value:
        found = call("lower", _lower, a, b, x, y, below)
        return select(exchanged, 1 - found, found)

    def inside() -> Value:
        y, _ = complement(x)
        near_one = (b < 1) & (y < 0.5) & (a * y < 1)
        return choose(near_one, lambda: call("rest", _rest_by_series, b, a, y), lambda: ordered(a, b, x, lower))

    return at_the_edges(a, b, x, inside, 1)


def at_the_edges(a: Value, b: Value, x: Value, inside: Callable[[], Value], right: float) -> Value:
    """0 at x = 0, ``right`` at x = 1; between them 0 where b = 0 or a is infinite, ``right`` where a = 0 or b is
    infinite; NaN outside."""
    regular = (a > 0) & (b > 0) & (a < INFINITY) & (b < INFINITY) & (x > 0) & (x < 1)
    high = x.eq(1) | (~x.eq(0) & (a.eq(0) | b.eq(INFINITY)))
    edge = select(high, x.constant(right), 0)
    unclear = (a.eq(0) & b.eq(0)) | (a.eq(INFINITY) & b.eq(INFINITY))
    outside = ~(a >= 0) | ~(b >= 0) | ~(x >= 0) | ~(x <= 1) | unclear
    return choose(regular, inside, lambda: select(outside, NAN, edge))


def betainc_density(a: Value, b: Value, x: Value) -> Value:
    """The derivative of betainc by x, x**(a - 1) (1 - x)**(b - 1) / B(a, b)."""
    regular = (a > 0) & (b > 0) & (a < INFINITY) & (b < INFINITY) & (x > 0) & (x < 1)
    y, _ = complement(x)
    exponent, other = select(x.eq(0), a, b), select(x.eq(0), b, a)
    edge = select(exponent < 1, INFINITY, select(exponent.eq(1), other, 0))
    edge = select((x.eq(0) | x.eq(1)) & (a > 0) & (b > 0), edge, NAN)
    return choose(regular, lambda: factor(a, b, x, y, distance(a, b, x)) / x / y, lambda: edge)


KERNEL_NAMES: dict[str, object] = {formula.__name__: outlined(formula) for formula in (betainc, betainc_density)}
