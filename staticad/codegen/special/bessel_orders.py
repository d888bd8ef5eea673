"""Bessel functions of integer order: J, and exp(-|x|) I. The order is rounded; a negative one has the parity's sign.

By the three-term recurrences: upwards from orders 0 and 1 where that is stable (J of x > n), else downwards from an
order that is high enough (J. C. P. Miller), after which 1 = J0 + 2 J2 + 2 J4 + ... and exp(x) = I0 + 2 I1 + 2 I2 + ...
give the factor. I of a large x is its asymptotic series.
"""

from __future__ import annotations

from staticad.codegen.special.bessel import INFINITY, j0, j1
from staticad.codegen.special.flow import call, choose, odd, outlined
from staticad.codegen.vecmath.builder import Value, repeat_while, select
from staticad.codegen.vecmath.exponential import exp

SQRT_TWO_PI = 2.5066282746310002
BIG = 1e100


def _downwards(n: Value, x: Value, start: Value, sign: float) -> tuple[Value, Value, Value, Value]:
    """The recurrence f(k - 1) = (2 k / x) f(k) - sign f(k + 1) from an even order down to 0, with any scale: f(n),
    f(0), and the sums of f(k) over even and over odd k > 0."""
    zero = x.constant(0)

    def step(k: Value, above: Value, here: Value, kept: Value, even: Value, uneven: Value) -> list[Value]:
        below = k * 2 / x * here - above * sign
        scale = select(abs(below) > BIG, x.constant(1 / BIG), 1)
        k = k - 1
        is_odd, counted = odd(k), select(k > 0, below, 0)
        kept = select(k.eq(n), below, kept)
        even = even + select(is_odd, 0, counted)
        uneven = uneven + select(is_odd, counted, 0)
        return [k, here * scale, below * scale, kept * scale, even * scale, uneven * scale]

    state = [start, zero, x.constant(1e-200), select(start.eq(n), x.constant(1e-200), 0), zero, zero]
    _, _, first, kept, even, uneven = repeat_while(state, lambda k, *_: k > 0, step)
    return kept, first, even, uneven


def _even_above(k: Value) -> Value:
    return (k * 0.5).floor() * 2 + 2


def bessel_j(order: Value, x: Value) -> Value:
    """The Bessel function J of integer order."""
    whole = order.rint()
    n, magnitude = abs(whole), abs(x)
    negative = odd(n) & ((whole < 0) ^ (x < 0))

    def upwards() -> Value:
        def step(k: Value, below: Value, here: Value) -> list[Value]:
            return [k + 1, here, k * 2 / magnitude * here - below]

        first, second = j0(magnitude), j1(magnitude)
        _, found, _ = repeat_while([n.constant(1), first, second], lambda k, *_: k <= n, step)
        return select(n.eq(0), first, found)

    def downwards() -> Value:
        start = _even_above(n + (n * 40).sqrt() + 16)
        kept, first, even, _ = _downwards(n, magnitude, start, 1.0)
        return kept / (first + even * 2)

    def small() -> Value:
        """The first term of the power series."""
        _, term = repeat_while(
            [n, n.constant(1)], lambda k, _: k > 0, lambda k, term: [k - 1, term * (magnitude * 0.5 / k)]
        )
        return term

    def finite() -> Value:
        return choose(magnitude > n, upwards, lambda: choose(magnitude < 1e-8, small, downwards))

    result = choose(magnitude.eq(INFINITY) | (n > 1e6), lambda: x.constant(0), finite)
    return select(x.is_nan() | order.is_nan(), x + order, select(negative, -result, result))


def bessel_ie(order: Value, x: Value) -> Value:
    """exp(-|x|) times the modified Bessel function I of integer order."""
    n, magnitude = abs(order.rint()), abs(x)

    def asymptotic() -> Value:
        square = n * n * 4

        def step(k: Value, term: Value, total: Value) -> list[Value]:
            uneven = k * 2 - 1
            term = term * ((uneven * uneven - square) / (k * magnitude * 8))
            return [k + 1, term, total + term]

        one = x.constant(1)
        _, _, total = repeat_while(
            [one, one, one], lambda k, term, total: (k < 60) & (abs(term) > abs(total) * 1e-17), step
        )
        return total / (magnitude.sqrt() * SQRT_TWO_PI)

    def downwards() -> Value:
        start = _even_above(n + ((n + magnitude) * 80).sqrt() + 16)
        kept, first, even, uneven = _downwards(n, magnitude, start, -1.0)
        return kept / (first + (even + uneven) * 2)

    def small() -> Value:
        _, term = repeat_while(
            [n, n.constant(1)], lambda k, _: k > 0, lambda k, term: [k - 1, term * (magnitude * 0.5 / k)]
        )
        return term * (1 - magnitude)

    def finite() -> Value:
        return choose(magnitude > n * n + 40, asymptotic, lambda: choose(magnitude < 1e-8, small, downwards))

    result = choose(magnitude.eq(INFINITY) | (n > 1e6), lambda: x.constant(0), finite)
    return select(x.is_nan() | order.is_nan(), x + order, select(odd(n) & (x < 0), -result, result))


def bessel_i(order: Value, x: Value) -> Value:
    """The modified Bessel function I of integer order."""
    root = exp(abs(x) * 0.5)
    scaled = call("scaled", bessel_ie, order, x)
    return select(abs(x) < INFINITY, root * scaled * root, abs(x).copysign(select(odd(order.rint()), x, 1)))


KERNEL_NAMES: dict[str, object] = {formula.__name__: outlined(formula) for formula in (bessel_j, bessel_i, bessel_ie)}
