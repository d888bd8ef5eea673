"""The incomplete gamma functions P and Q = 1 - P, and their density.

The smaller one of the two is computed. x**a exp(-x) / gamma(a + 1) times the power series (DLMF 8.11.4) up to the mean,
times a continued fraction (8.9.2, in Lentz's form) beyond it; for a > 100 near the mean the uniform expansion of
N. M. Temme (1979; DLMF 8.12) with the complementary error function; for Q of x <= 1.1 a series without the part that
cancels (A. Gil, J. Segura and N. Temme, 2012, as in Cephes).
"""

from __future__ import annotations

from collections.abc import Callable

from staticad.codegen.special.coefficients import LGAMMA, TEMME
from staticad.codegen.special.dual import Part, adds, changes, constant, magnitude, repeat_duals
from staticad.codegen.special.error_functions import SQRT_HALF, erfc, erfcx_of_positive
from staticad.codegen.special.flow import call, choose, outlined
from staticad.codegen.special.gamma_function import INFINITY, NAN, SQRT_TWO_PI, clamped_exponent
from staticad.codegen.special.log_excess import log_excess
from staticad.codegen.special.scalar import exp, gamma, log, log1p, power, stirling
from staticad.codegen.vecmath.builder import Value, fma, horner, repeat_while, select
from staticad.codegen.vecmath.exponential import expm1

EPSILON = 1e-17
DIRECT_UP_TO, UNIFORM_FROM, UNIFORM_WITHIN = 170, 100, 0.3
LOOPS = 200_000


def factor(a: Value, x: Value) -> Value:
    """x**a exp(-x) / gamma(a + 1)."""

    def small() -> Value:
        clamped = select(x > 4000, 4000, x)
        root = power(clamped, a * 0.5) * exp(clamped * -0.5)
        whole = select(a < 1, gamma(select(a < 1, a + 1, 1)), a * gamma(select(a < 1, a.constant(1), a)))
        return root * (root / whole)

    def large() -> Value:
        exponent = a * log_excess((x - a) / a)
        return exp(clamped_exponent(exponent)) / (a.sqrt() * SQRT_TWO_PI * exp(stirling(a)))

    return choose(a <= DIRECT_UP_TO, small, large)


def log_gamma_next(a: Value) -> Value:
    """log(gamma(1 + a)) for 0 <= a <= 1.5, exact near 0."""
    near = a <= 1
    t = select(near, a, a - 1)
    return fma(t, horner(fma(t, 4 / 3, -1 / 3), LGAMMA), select(near, -log1p(select(near, a, 0)), 0))


def series(a: Part, x: Value) -> Part:
    """The sum of x**n / ((a + 1) ... (a + n))."""

    def step(count: Value, divisor: Part, term: Part, total: Part) -> list[Part]:
        divisor = divisor + 1
        term = term / divisor * x
        return [count + 1, divisor, term, total + term]

    def proceed(count: Value, divisor: Part, term: Part, total: Part) -> Value:
        return adds(term, total, EPSILON) & (count < LOOPS)

    unit = constant(a, 1)
    return repeat_duals([x.constant(0), a, unit, unit], proceed, step)[3]


def fraction(a: Part, x: Value) -> Part:
    """Q / (x**a exp(-x) / gamma(a)), for x > a."""

    def step(k: Value, b: Part, c: Part, d: Part, h: Part, _change: Part) -> list[Part]:
        numerator = (a - k) * k
        b = b + 2
        d = 1 / (numerator * d + b)
        c = numerator / c + b
        change = c * d
        return [k + 1, b, c, d, h * change, change]

    def proceed(k: Value, b: Part, c: Part, d: Part, h: Part, change: Part) -> Value:
        return changes(change, magnitude(c) * magnitude(d), h) & (k < LOOPS)

    b = -a + (x + 1)
    start = 1 / b
    state = [x.constant(1), b, constant(a, 1e300), start, start, constant(a, 0)]
    return repeat_duals(state, proceed, step)[4]


def uniform_parts(a: Value, x: Value) -> tuple[Value, Value]:
    """eta, with the sign of x - a, and the sum of c(k, eta) a**-k."""
    mu = (x - a) / a
    eta = (log_excess(mu) * -2).sqrt().copysign(mu)
    inverse = 1 / a
    total = eta.constant(0)
    for row in reversed(TEMME):
        total = fma(total, inverse, horner(eta, row))
    return eta, total


def _uniform(upper: bool) -> Callable[[Value, Value], Value]:
    def formula(a: Value, x: Value) -> Value:
        eta, total = uniform_parts(a, x)
        # exp(-a eta**2 / 2) is a factor of both parts where the distance is large
        distance = eta * (a.sqrt() * SQRT_HALF)
        density = exp(clamped_exponent(a * log_excess((x - a) / a)))
        rest = density * (total / (a.sqrt() * SQRT_TWO_PI))
        inside = distance if upper else -distance
        tail = select(inside > 0.5, density * erfcx_of_positive(abs(inside)), erfc(inside))
        return fma(tail, 0.5, rest if upper else -rest)

    return formula


def near_mean(a: Value, x: Value) -> Value:
    return (a > UNIFORM_FROM) & (abs(x - a) < a * UNIFORM_WITHIN)


def _lower_by_series(a: Value, x: Value) -> Value:
    lower = factor(a, x) * series(a, x)
    return select(lower > 1, 1, lower)


def _upper_by_fraction(a: Value, x: Value) -> Value:
    return factor(a, x) * a * fraction(a, x)


def _upper_by_series(a: Value, x: Value) -> Value:
    """Q for x <= 1.1 and a small a."""
    exponent = a * log(x) - log_gamma_next(a)
    _, _, total = repeat_while(
        [x.constant(1), x.constant(1), x.constant(0)],
        lambda _n, term, total: abs(term) > abs(total) * EPSILON,
        lambda n, term, total: [n + 1, term * -x / n, total + term * -x / n / (a + n)],
    )
    return -expm1(exponent) - exp(exponent) * (a * total)


def at_the_edges(a: Value, x: Value, inside: Callable[[], Value], left: float, right: float) -> Value:
    """At x = 0 and at a = inf it is ``left``, at x = inf and at a = 0 ``right``, NaN outside."""
    regular = (a > 0) & (x > 0) & (a < INFINITY) & (x < INFINITY)

    def edge() -> Value:
        zero_a, zero_x = a.eq(0), x.eq(0)
        value = select(a.eq(INFINITY) | zero_x, left, x.constant(right))
        undefined = (zero_a & zero_x) | (a.eq(INFINITY) & x.eq(INFINITY)) | ~(a >= 0) | ~(x >= 0)
        return select(undefined, NAN, value)

    return choose(regular, inside, edge)


def gammainc(a: Value, x: Value) -> Value:
    """The regularized lower incomplete gamma function P(a, x)."""

    def other() -> Value:
        above = (x > 1) & (x > a)
        return choose(
            above,
            lambda: 1 - call("by_fraction", _upper_by_fraction, a, x),
            lambda: call("by_series", _lower_by_series, a, x),
        )

    def inside() -> Value:
        return choose(near_mean(a, x), lambda: call("uniform", _uniform(False), a, x), other)

    return at_the_edges(a, x, inside, 0, 1)


def gammaincc(a: Value, x: Value) -> Value:
    """The regularized upper incomplete gamma function Q(a, x) = 1 - P(a, x)."""

    def low() -> Value:
        small_a = select(x <= 0.5, log(x) * a > -0.4, x * 1.1 > a)
        return choose(
            small_a,
            lambda: call("small_by_series", _upper_by_series, a, x),
            lambda: 1 - call("by_series", _lower_by_series, a, x),
        )

    def high() -> Value:
        return choose(
            x < a,
            lambda: 1 - call("by_series", _lower_by_series, a, x),
            lambda: call("by_fraction", _upper_by_fraction, a, x),
        )

    def inside() -> Value:
        return choose(
            near_mean(a, x),
            lambda: call("uniform", _uniform(True), a, x),
            lambda: choose(x > 1.1, high, low),
        )

    return at_the_edges(a, x, inside, 1, 0)


def gammainc_density(a: Value, x: Value) -> Value:
    """The derivative of P by x, x**(a - 1) exp(-x) / gamma(a)."""
    at_zero = select(a < 1, INFINITY, select(a.eq(1), a.constant(1), 0))
    regular = (a > 0) & (x > 0) & (a < INFINITY) & (x < INFINITY)
    edge = select((a > 0) & x.eq(0), at_zero, select((a >= 0) & (x >= 0), 0, a.constant(NAN)))
    return choose(regular, lambda: factor(a, x) * (a / x), lambda: edge)


KERNEL_NAMES: dict[str, object] = {
    formula.__name__: outlined(formula) for formula in (gammainc, gammaincc, gammainc_density)
}
