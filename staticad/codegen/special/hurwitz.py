"""The zeta function of Hurwitz, sum of (q + k)**-s over k >= 0, and that of Riemann.

Ten to nineteen terms are added (float32: six to eleven), and what is left is the series of Euler and Maclaurin. It is
the same for s between 0 and 1; below, Riemann's function is reflected. For a negative q and an integer s the terms left
of the pole nearest to q are a difference of two such sums of positive numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

from staticad.codegen.special.flow import call, choose, integral, odd, outlined
from staticad.codegen.special.gamma_function import INFINITY, NAN, sine_of_turn
from staticad.codegen.special.scalar import exp, gamma, log, power, stirling
from staticad.codegen.vecmath.builder import Value, fma, repeat_while, select
from staticad.codegen.vecmath.exponential import exp_for_single, exp_of_sum

TWO_PI = 6.283185307179586
LOG_TWO_PI = 1.8378770664093454
DIRECT, DIRECT_SINGLE = 10, 6  # terms
MODERATE = 16  # of such an s powers are precise enough without further digits
LARGE = 1000  # of such an s all terms but the first are rounded away, or all are 0
_BERNOULLI = ("1/6", "-1/30", "1/42", "-1/30", "5/66", "-691/2730", "7/6", "-3617/510", "43867/798", "-174611/330")
# B(2 k) / (2 k)!
TAIL = tuple(float(Fraction(b) / math.factorial(2 * k)) for k, b in enumerate(_BERNOULLI, 1))


Sum = Callable[[Value, Value], Value]


def _of_positive(s: Value, q: Value) -> Value:
    """The sum for q > 0."""
    return _chosen(s, q, lambda s, q: _by_series(s, q, DIRECT, TAIL, _raised))


def _of_positive_single(s: Value, q: Value) -> Value:
    """The same for a result of float32."""
    return _chosen(s, q, lambda s, q: _by_series(s, q, DIRECT_SINGLE, TAIL[:DIRECT_SINGLE], _raised_single))


def _chosen(s: Value, q: Value, moderate: Sum) -> Value:
    """By powers that are exponentials of products, where the rounding errors of these do not count."""
    quick = (s < MODERATE) & (q > 1e-3) & (q < 1e3)
    return choose(
        quick,
        lambda: moderate(s, q),
        lambda: choose(
            s < LARGE,
            lambda: call("by_powers", lambda s, q: _by_series(s, q, DIRECT, TAIL, lambda a, s: power(a, -s)), s, q),
            lambda: power(q, -s),
        ),
    )


def _raised(a: Value, s: Value) -> Value:
    """a**-s."""
    return exp(-(s * log(a)))


def _raised_single(a: Value, s: Value) -> Value:
    return exp_for_single(-(s * log(a)))


def _by_series(s: Value, q: Value, direct: int, tail: Sequence[float], raised: Sum) -> Value:
    """By Euler and Maclaurin, after so many terms; ``raised`` gives a**-s."""
    total, a, _ = repeat_while(
        [s.constant(0), q, s.constant(0)],
        lambda _total, a, count: (count < direct) | (a < direct),
        lambda total, a, count: [total + raised(a, s), a + 1, count + 1],
    )
    first = raised(a, s)
    inverse = 1 / a
    factor = s * inverse
    rest = first * 0.5
    for k, coefficient in enumerate(tail, 1):
        rest = rest + first * factor * coefficient
        factor = factor * (s + (2 * k - 1)) * (s + 2 * k) * (inverse * inverse)
    return total + (first * a / (s - 1) + rest)


def zeta(s: Value, q: Value) -> Value:
    """The sum of (q + k)**-s over k >= 0, for s > 1; q < 0 for integers s. NaN for s < 1, infinite for s = 1."""
    return _zeta(s, q, _of_positive)


def _zeta(s: Value, q: Value, formula: Sum) -> Value:
    def summed(q: Value) -> Value:
        return call("positive" if formula is _of_positive else "positive_single", formula, s, q)

    def positive() -> Value:
        return summed(q)

    def negative() -> Value:
        distance = q - q.rint()
        left = call("positive", _of_positive, s, 1 - distance) - call("positive", _of_positive, s, 1 - q)
        right = call("positive", _of_positive, s, distance + 1)
        total = power(distance, -s) + (right + select(odd(s), -left, left))
        result = select(integral(s), total, NAN)
        return select(distance.eq(0) | q.eq(-INFINITY), INFINITY, result)

    def ordinary() -> Value:
        return choose(q > 0, lambda: choose(q < INFINITY, positive, lambda: q.constant(0)), negative)

    outside = select(s.eq(1), INFINITY, s.constant(NAN))
    regular = (s > 1) & (abs(q) <= INFINITY)
    return choose(regular, lambda: choose(s < INFINITY, ordinary, lambda: power(q, -s)), lambda: outside)


def riemann_zeta(s: Value) -> Value:
    """Riemann's zeta function of a real number; infinite at 1."""

    def reflected() -> Value:
        """2 (2 pi)**(s - 1) sin(pi s / 2) gamma(1 - s) zeta(1 - s), by halves that do not overflow; beyond 10 gamma is
        Stirling's series, in which the power of 2 pi joins that of 1 - s."""
        half = s * 0.5
        nearest = half.rint()
        sine = sine_of_turn(half - nearest)
        sine = select(odd(nearest), -sine, sine)
        other = call("positive", _of_positive, 1 - s, s.constant(1))
        far = s < -9

        def by_stirling() -> Value:
            t = select(s < -700, 700, 1 - s)
            root = power(t * (1 / TWO_PI), fma(t, 0.5, -0.25))
            return root * exp_of_sum(-t, stirling(t)) * root

        def direct() -> Value:
            return exp((s - 1) * LOG_TWO_PI) * gamma(1 - s)

        result = choose(far, by_stirling, direct) * (sine * 2) * other
        return select(sine.eq(0), 0, result)

    def direct() -> Value:
        return call("positive", _of_positive, s, s.constant(1))

    result = choose(s < -0.1, reflected, lambda: choose(s < 60, direct, lambda: power(s.constant(2), -s) + 1))
    return select(s.eq(1), INFINITY, result)


KERNEL_NAMES: dict[str, object] = {
    "zeta": outlined(zeta, lambda s, q: _zeta(s, q, _of_positive_single)),
    "riemann_zeta": outlined(riemann_zeta),
}
