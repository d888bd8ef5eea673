"""The beta function and its logarithm, B(a, b) = gamma(a) gamma(b) / gamma(a + b), without the cancellation of large
logarithms: what they have beyond Stirling's leading terms is subtracted by itself (A. DiDonato and A. Morris, Algorithm
708, 1992).
"""

from __future__ import annotations

from staticad.codegen.special.flow import call, choose, integral, odd, outlined
from staticad.codegen.special.gamma_function import INFINITY, NAN, clamped_exponent
from staticad.codegen.special.scalar import exp, gamma, gammaln, log, log1p, log_gamma_of_positive, power, stirling
from staticad.codegen.vecmath.builder import Value, fma, select

HALF_LOG_TWO_PI = 0.9189385332046727
LEADING = 0.00030934250429034336  # sqrt(2 pi) / e**9
ASYMPTOTIC_FROM, DIRECT_UP_TO, SHIFT = 10, 100, 9


def gamma_or_near(a: Value) -> tuple[Value, Value]:
    """p and q with gamma(a) = p / q for a > 0; q is a below 1, where the quotient may overflow."""
    below = a < 1
    return gamma(select(below, a + 1, a)), select(below, a, 1)


def rising(large: Value, small: Value) -> Value:
    """log(gamma(large + small) / gamma(large)) - small log(large), for large >= 10."""
    total = large + small
    leading = fma(total - 0.5, log1p(small / large), -small)
    return leading + (stirling(total) - stirling(large))


def _log_beta_of_positive(a: Value, b: Value) -> Value:
    """log B(a, b) for 0 < a <= b."""

    def both_large() -> Value:
        ratio = a / b
        rest = stirling(a) + stirling(b) - stirling(a + b) + HALF_LOG_TWO_PI
        logarithm = fma(a - 0.5, log(ratio / (ratio + 1)), log(b) * -0.5)
        return logarithm - b * log1p(ratio) + rest

    def one_large() -> Value:
        return log_gamma_of_positive(a) - fma(a, log(b), rising(b, a))

    def both_small() -> Value:
        return log_gamma_of_positive(a) + log_gamma_of_positive(b) - log_gamma_of_positive(a + b)

    return choose(a >= ASYMPTOTIC_FROM, both_large, lambda: choose(b >= ASYMPTOTIC_FROM, one_large, both_small))


def _rising_product(a: Value) -> Value:
    """gamma(a + 9) / gamma(a)."""
    pairs = [(a + k) * (a + (SHIFT - 1 - k)) for k in range(1, SHIFT // 2)]
    return (pairs[0] * pairs[1]) * (pairs[2] * (a + SHIFT // 2)) * ((a + (SHIFT - 1)) * a)


def _beta_of_positive(a: Value, b: Value) -> Value:
    """B(a, b) for 0 < a <= b."""

    def direct() -> Value:
        """By Stirling's series of a + 9, b + 9 and a + b + 9, and what their products of 9 factors take back."""
        total = a + b
        x, y, z = a + SHIFT, b + SHIFT, total + SHIFT
        inverse = 1 / z
        main = fma(x - 0.5, log1p(-(b * inverse)), (y - 0.5) * log1p(-(a * inverse)))
        rest = stirling(x) + stirling(y) - stirling(z)
        fourth = (z * z) * (z * z)
        power = fourth * fourth * z.sqrt() * LEADING
        return exp(main + rest) * (_rising_product(total) / _rising_product(a) / _rising_product(b) * power)

    def one_large() -> Value:
        p, q = gamma_or_near(a)
        return p / q * power(b, -a) * exp(-rising(b, a))

    def both_large() -> Value:
        return exp(clamped_exponent(_log_beta_of_positive(a, b)))

    return choose(a + b <= DIRECT_UP_TO, direct, lambda: choose(a < ASYMPTOTIC_FROM, one_large, both_large))


def _pole(x: Value) -> Value:
    return (x <= 0) & integral(x)


def _of_any(a: Value, b: Value, logarithm: bool) -> Value:
    """The function of any two numbers: at a pole of one of them infinite, unless the other one is an integer that
    makes a polynomial of it (as Cephes has it); 0 at a pole of gamma(a + b)."""
    positive = _log_beta_of_positive if logarithm else _beta_of_positive

    def ordered(a: Value, b: Value) -> Value:
        swapped = a > b
        low, high = select(swapped, b, a), select(swapped, a, b)
        return choose(
            high < INFINITY,
            lambda: call("positive", positive, low, high),
            lambda: a.constant(-INFINITY if logarithm else 0),
        )

    def regular() -> Value:
        total, swapped = a + b, a > b
        low, high = select(swapped, b, a), select(swapped, a, b)
        large = (abs(a) > 150) | (abs(b) > 150) | (abs(total) > 150)
        logarithms = choose(
            (high >= ASYMPTOTIC_FROM) & (total >= ASYMPTOTIC_FROM),
            lambda: gammaln(low) - fma(low, log(high), rising(high, low)),
            lambda: gammaln(a) + gammaln(b) - gammaln(total),
        )
        if logarithm:
            return logarithms
        signs = gamma_sign(a) * gamma_sign(b) * gamma_sign(total)
        by_logarithms = signs * exp(clamped_exponent(logarithms))
        first, second = gamma(a), gamma(b)
        larger = abs(first) > abs(second)
        product = select(larger, first, second) * (select(larger, second, first) / gamma(total))
        return select(_pole(total), 0, select(large, by_logarithms, product))

    def at_pole() -> Value:
        pole, other = select(_pole(a), a, b), select(_pole(a), b, a)
        first = 1 - pole - other

        def finite() -> Value:
            found = ordered(first, select(other > 0, other, 1))
            return found if logarithm else select(odd(other), -found, found)

        return choose(integral(other) & (first > 0) & (other > 0), finite, lambda: a.constant(INFINITY))

    def others() -> Value:
        return choose(_pole(a) | _pole(b), at_pole, regular)

    result = choose((a > 0) & (b > 0), lambda: ordered(a, b), others)
    return select(a.is_nan() | b.is_nan(), NAN, result)


def gamma_sign(x: Value) -> Value:
    """The sign of gamma(x)."""
    return select((x < 0) & odd(x.floor()), x.constant(-1), 1)


def beta(a: Value, b: Value) -> Value:
    """gamma(a) gamma(b) / gamma(a + b)."""
    return _of_any(a, b, logarithm=False)


def betaln(a: Value, b: Value) -> Value:
    """log|beta(a, b)|."""
    return _of_any(a, b, logarithm=True)


KERNEL_NAMES: dict[str, object] = {formula.__name__: outlined(formula) for formula in (beta, betaln)}
