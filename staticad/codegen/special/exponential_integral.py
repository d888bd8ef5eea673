"""Exponential integrals: Ei of a real number, and En of positive ones.

Power series near 0 (M. Abramowitz and I. Stegun, 5.1.10 and 5.1.12), whose terms are positive for Ei of x > 0, the
asymptotic series of Ei from 40 on (5.1.51), and the continued fraction of En from 1 on (5.1.22), in Lentz's form. Next
to its zero x0 = 0.37, Ei is (x - x0) times a polynomial.
"""

from __future__ import annotations

from staticad.codegen.special.coefficients import EXPI, EXPI_ROOT
from staticad.codegen.special.flow import choose, outlined
from staticad.codegen.special.gamma_function import INFINITY, NAN
from staticad.codegen.special.scalar import digamma_of_positive, exp, gamma, log, power
from staticad.codegen.vecmath.builder import Value, fma, horner, repeat_while, select

EULER = 0.5772156649015329
EPSILON = 1e-17


def _fraction(n: Value, x: Value) -> Value:
    """exp(x) En(x) for x >= 1: Steed's sums (Press et al., Numerical Recipes), whose terms are positive and fall. A
    product of quotients would round in each step."""

    def step(k: Value, b: Value, d: Value, added: Value, total: Value) -> list[Value]:
        a = k * (n - 1 + k)
        b = b + 2
        below = 1 / (b - a * d)
        added = added * (a * d * below)
        return [k + 1, b, below, added, total + added]

    b = x + n
    first = 1 / b
    state = [x.constant(1), b, first, first, first]
    return repeat_while(state, lambda k, _b, _d, added, total: (added > total * EPSILON) & (k < 2000), step)[4]


def expi(x: Value) -> Value:
    """The principal value of the integral of exp(t) / t from -infinity to x."""
    magnitude = abs(x)
    one = x.constant(1)

    def series() -> Value:
        _, _, total = repeat_while(
            [one, one, x.constant(0)],
            lambda _k, term, total: abs(term) > abs(total) * EPSILON,
            lambda k, term, total: [k + 1, term * x / k, total + term * x / k / k],
        )
        return EULER + log(magnitude) + total

    def asymptotic() -> Value:
        _, _, total = repeat_while(
            [one, one, one],
            lambda k, term, _: (term > EPSILON) & (k < magnitude),
            lambda k, term, total: [k + 1, term * k / x, total + term * k / x],
        )
        root = exp(x * 0.5)
        return root * (total / x) * root

    def near_zero() -> Value:
        root, low = EXPI_ROOT
        return ((x - root) - low) * horner(fma(x, 8, -3), EXPI)

    def small() -> Value:
        return choose((x > 0.25) & (x < 0.5), near_zero, series)

    def positive() -> Value:
        return choose(x < 40, small, lambda: choose(x < INFINITY, asymptotic, lambda: x))

    def negative() -> Value:
        return choose(magnitude < 1, series, lambda: -(exp(x) * _fraction(one, magnitude)))

    result = choose(x > 0, positive, lambda: choose(magnitude < 750, negative, lambda: x.constant(-0.0)))
    return select(x.is_nan(), x, select(x.eq(0), -INFINITY, result))


def expn(order: Value, x: Value) -> Value:
    """The integral of exp(-x t) / t**n over t >= 1, for an integer order n and x >= 0; the order is rounded."""
    n = order.rint()
    one = x.constant(1)

    def series() -> Value:
        def step(k: Value, term: Value, total: Value, _added: Value) -> list[Value]:
            distance = n - 1 - k
            added = select(distance.eq(0), 0, term / select(distance.eq(0), one, distance))
            return [k + 1, term * -x / (k + 1), total + added, abs(added)]

        _, _, total, _ = repeat_while(
            [x.constant(0), one, x.constant(0), one],
            lambda k, _term, total, added: (k < n + 2) | (added > abs(total) * EPSILON),
            step,
        )
        return power(-x, n - 1) / gamma(n) * (digamma_of_positive(n) - log(x)) + total

    def fraction() -> Value:
        return exp(-x) * _fraction(n, x)

    def regular() -> Value:
        return choose((x < 1) & (n < 20), series, lambda: choose(x < 750, fraction, lambda: x.constant(0)))

    def at_zero() -> Value:
        return select(n > 1, 1 / (n - 1), INFINITY)

    def downwards() -> Value:
        """From order 0 to negative ones: E(k) = (exp(-x) - k E(k + 1)) / x."""
        decay = exp(-x)
        state = [n.constant(-1), decay / x]
        return repeat_while(state, lambda k, _: k >= n, lambda k, here: [k - 1, (decay - k * here) / x])[1]

    inside = choose(x.eq(0), at_zero, lambda: choose((n <= 0) & (n > -1e6), downwards, regular))
    return select(x.is_nan() | order.is_nan(), x + order, select(x < 0, NAN, inside))


KERNEL_NAMES: dict[str, object] = {formula.__name__: outlined(formula) for formula in (expi, expn)}
