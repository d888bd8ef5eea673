"""The incomplete gamma functions P and Q = 1 - P, and their density.

The smaller one of the two is computed. x**a exp(-x) / gamma(a + 1) times the power series (DLMF 8.11.4) up to the mean,
times a continued fraction (8.9.2) beyond it; for a > 100 near the mean the uniform expansion of
N. M. Temme (1979; DLMF 8.12) with the complementary error function; for Q of x <= 1.1 a series without the part that
cancels (A. Gil, J. Segura and N. Temme, 2012, as in Cephes).
"""

from __future__ import annotations

from collections.abc import Callable

from staticad.codegen.special.coefficients import LGAMMA, TEMME
from staticad.codegen.special.dual import Part, adds, changes, constant, magnitude, repeat_duals
from staticad.codegen.special.error_functions import SQRT_HALF, erfc, erfcx_of_positive
from staticad.codegen.special.flow import call, choose, clamp, outlined
from staticad.codegen.special.gamma_function import INFINITY, NAN, SQRT_TWO_PI, STIRLING, clamped_exponent
from staticad.codegen.special.gamma_sums import fraction_value, series_sum
from staticad.codegen.special.log_excess import log_excess
from staticad.codegen.special.scalar import exp, gamma, log, log1p, power, stirling
from staticad.codegen.vecmath.builder import Value, fma, horner, repeat_while, select
from staticad.codegen.vecmath.elementwise import Formula
from staticad.codegen.vecmath.exponential import exp_for_single, expm1
from staticad.records import dataclass

EPSILON = 1e-17
DIRECT_UP_TO, UNIFORM_FROM, UNIFORM_WITHIN = 170, 100, 0.3
PRECISE_FROM = 100  # of terms of an exponent whose rounding errors count
LOOPS = 200_000


def _precise_factor(a: Value, x: Value) -> Value:
    clamped = select(x > 4000, 4000, x)
    root = power(clamped, a * 0.5) * exp(clamped * -0.5)
    whole = select(a < 1, gamma(select(a < 1, a + 1, 1)), a * gamma(select(a < 1, a.constant(1), a)))
    return root * (root / whole)


def factor(a: Value, x: Value) -> Value:
    """x**a exp(-x) / gamma(a + 1): where the exponent is not large by Stirling's series of a + 9."""

    def small() -> Value:
        z = a + 9
        main, distance = a * log(x / z), z - x
        product = ((a + 1) * (a + 8)) * ((a + 2) * (a + 7)) * (((a + 3) * (a + 6)) * ((a + 4) * (a + 5)))
        moderate = (abs(main) < PRECISE_FROM) & (abs(distance) < PRECISE_FROM)
        return choose(
            moderate,
            lambda: exp(main + (distance - fma(log(z), 8.5, stirling(z)))) * (product * (1 / SQRT_TWO_PI)),
            lambda: call("precise_factor", _precise_factor, a, x),
        )

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


def uniform_parts(a: Value, x: Value, rows: int, columns: int) -> tuple[Value, Value]:
    """eta, with the sign of x - a, and the sum of c(k, eta) a**-k, so many of them with so many terms."""
    mu = (x - a) / a
    eta = (log_excess(mu) * -2).sqrt().copysign(mu)
    inverse = 1 / a
    total = eta.constant(0)
    for row in reversed(TEMME[:rows]):
        total = fma(total, inverse, horner(eta, row[-columns:]))
    return eta, total


def factor_single(a: Value, x: Value) -> Value:
    """x**a exp(-x) / gamma(a + 1) for a result of float32: up to `DIRECT_UP_TO` by Stirling's series of a + 5."""

    def small() -> Value:
        z = a + 5
        inverse = 1 / z
        rest = inverse * horner(inverse * inverse, STIRLING[-4:])
        exponent = fma(a, log(x), -x) - fma(a + 4.5, log(z), rest - z)
        product = ((a + 1) * (a + 2)) * ((a + 3) * (a + 4))
        return exp_for_single(clamp(exponent, -700, 700)) * (product * (1 / SQRT_TWO_PI))

    return choose(a <= DIRECT_UP_TO, small, lambda: factor(a, x))


@dataclass(frozen=True)
class Precision:
    """How precise a result is: the relative error of sums, the factor in front of them, the terms of the uniform
    expansion in 1 / a and in eta, and a suffix of functions' names."""

    epsilon: float
    factor: Formula
    rows: int
    columns: int
    suffix: str


DOUBLE = Precision(1e-17, factor, len(TEMME), len(TEMME[0]), "")
SINGLE = Precision(2**-31, factor_single, 4, 10, "_single")


def _uniform(upper: bool, precision: Precision) -> Formula:
    def formula(a: Value, x: Value) -> Value:
        eta, total = uniform_parts(a, x, precision.rows, precision.columns)
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


def _lower_by_series(precision: Precision) -> Formula:
    def formula(a: Value, x: Value) -> Value:
        lower = precision.factor(a, x) * series_sum(a, x, precision.epsilon)
        return select(lower > 1, 1, lower)

    return formula


def _upper_by_fraction(precision: Precision) -> Formula:
    return lambda a, x: precision.factor(a, x) * a * fraction_value(a, x, precision.epsilon)


def _upper_by_series(precision: Precision) -> Formula:
    """Q for x <= 1.1 and a small a."""

    def formula(a: Value, x: Value) -> Value:
        exponent = a * log(x) - log_gamma_next(a)
        _, _, total = repeat_while(
            [x.constant(1), x.constant(1), x.constant(0)],
            lambda _n, term, total: abs(term) > abs(total) * precision.epsilon,
            lambda n, term, total: [n + 1, term * -x / n, total + term * -x / n / (a + n)],
        )
        return -expm1(exponent) - exp(exponent) * (a * total)

    return formula


def at_the_edges(a: Value, x: Value, inside: Callable[[], Value], left: float, right: float) -> Value:
    """At x = 0 and at a = inf it is ``left``, at x = inf and at a = 0 ``right``, NaN outside."""
    regular = (a > 0) & (x > 0) & (a < INFINITY) & (x < INFINITY)

    def edge() -> Value:
        zero_a, zero_x = a.eq(0), x.eq(0)
        value = select(a.eq(INFINITY) | zero_x, left, x.constant(right))
        undefined = (zero_a & zero_x) | (a.eq(INFINITY) & x.eq(INFINITY)) | ~(a >= 0) | ~(x >= 0)
        return select(undefined, NAN, value)

    return choose(regular, inside, edge)


def _lower(a: Value, x: Value, precision: Precision) -> Value:
    def called(name: str, formula: Callable[..., Formula], *options: object) -> Value:
        return call(f"{name}{precision.suffix}", formula(*options, precision), a, x)

    def other() -> Value:
        above = (x > 1) & (x > a)
        return choose(
            above, lambda: 1 - called("by_fraction", _upper_by_fraction), lambda: called("by_series", _lower_by_series)
        )

    def inside() -> Value:
        return choose(near_mean(a, x), lambda: called("uniform", _uniform, False), other)

    return at_the_edges(a, x, inside, 0, 1)


def _upper(a: Value, x: Value, precision: Precision) -> Value:
    def called(name: str, formula: Callable[..., Formula], *options: object) -> Value:
        return call(f"{name}{precision.suffix}", formula(*options, precision), a, x)

    def by_lower() -> Value:
        return 1 - called("by_series", _lower_by_series)

    def low() -> Value:
        small_a = select(x <= 0.5, log(x) * a > -0.4, x * 1.1 > a)
        return choose(small_a, lambda: called("small_by_series", _upper_by_series), by_lower)

    def high() -> Value:
        return choose(x < a, by_lower, lambda: called("by_fraction", _upper_by_fraction))

    def inside() -> Value:
        return choose(near_mean(a, x), lambda: called("uniform", _uniform, True), lambda: choose(x > 1.1, high, low))

    return at_the_edges(a, x, inside, 1, 0)


def gammainc(a: Value, x: Value) -> Value:
    """The regularized lower incomplete gamma function P(a, x)."""
    return _lower(a, x, DOUBLE)


def gammaincc(a: Value, x: Value) -> Value:
    """The regularized upper incomplete gamma function Q(a, x) = 1 - P(a, x)."""
    return _upper(a, x, DOUBLE)


def gammainc_density(a: Value, x: Value) -> Value:
    """The derivative of P by x, x**(a - 1) exp(-x) / gamma(a)."""
    at_zero = select(a < 1, INFINITY, select(a.eq(1), a.constant(1), 0))
    regular = (a > 0) & (x > 0) & (a < INFINITY) & (x < INFINITY)
    edge = select((a > 0) & x.eq(0), at_zero, select((a >= 0) & (x >= 0), 0, a.constant(NAN)))
    return choose(regular, lambda: factor(a, x) * (a / x), lambda: edge)


KERNEL_NAMES: dict[str, object] = {
    "gammainc": outlined(gammainc, lambda a, x: _lower(a, x, SINGLE)),
    "gammaincc": outlined(gammaincc, lambda a, x: _upper(a, x, SINGLE)),
    "gammainc_density": outlined(gammainc_density),
}
