"""Special functions against mpmath at numbers of all sizes, subnormal and huge ones of both signs included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np

from tests.codegen.kernel_runner import evaluate
from tests.codegen.special.test_accuracy import dawson, in_digits, log_normal

POINTS = 24
HUGE = 1.7e308


def digits_for(x: mpmath.mpf) -> int:
    return 60 + int(max(0, mpmath.log10(abs(x))))


def log_gamma(x: mpmath.mpf) -> mpmath.mpf:
    """Negative numbers are reflected."""
    if x > 0:
        return mpmath.loggamma(x)
    with mpmath.workdps(digits_for(x)):
        return mpmath.log(abs(mpmath.pi / mpmath.sin(mpmath.pi * x))) - mpmath.loggamma(1 - x)


def trigamma(x: mpmath.mpf) -> mpmath.mpf:
    if x > 1e6:
        return 1 / x + 1 / (2 * x**2) + 1 / (6 * x**3)
    if x > 0:
        return mpmath.zeta(2, x)
    with mpmath.workdps(digits_for(x)):
        return (mpmath.pi / mpmath.sin(mpmath.pi * x)) ** 2 - trigamma(1 - x)


def scaled_erfc(x: mpmath.mpf) -> mpmath.mpf:
    if x > 1e9:
        return (1 - 1 / (2 * x * x)) / (x * mpmath.sqrt(mpmath.pi))
    return mpmath.exp(x * x) * mpmath.erfc(x)


def bessel(function: Callable[..., Any], order: int) -> Callable[[mpmath.mpf], mpmath.mpf]:
    return lambda x: function(order, x) if abs(x) > 1e-30 else mpmath.mpf(1) if order == 0 else x / 2


def scaled_k0(x: mpmath.mpf) -> mpmath.mpf:
    return mpmath.exp(x) * mpmath.besselk(0, x) if x < 1e6 else mpmath.sqrt(mpmath.pi / (2 * x)) * (1 - 1 / (8 * x))


# What each function is, and between which operands its value is a normal number that mpmath finds.
CASES: dict[str, tuple[Callable[..., Any], float, float]] = {
    "erfc": (mpmath.erfc, -1e3, 26),
    "erfcx": (scaled_erfc, -26, HUGE),
    "ndtr": (mpmath.ncdf, -37, 1e3),
    "log_ndtr": (log_normal, -1e6, 37),
    "gamma": (mpmath.gamma, -170, 171),
    "gammaln": (log_gamma, -1e12, 1e305),
    "digamma": (mpmath.digamma, -1e12, HUGE),
    "trigamma": (trigamma, -1e12, 1e300),
    "riemann_zeta": (mpmath.zeta, -170, HUGE),
    "i0": (bessel(mpmath.besseli, 0), -700, 700),
    "i1": (bessel(mpmath.besseli, 1), -700, 700),
    "j0": (bessel(mpmath.besselj, 0), -1e4, 1e4),
    "j1": (bessel(mpmath.besselj, 1), -1e4, 1e4),
    "expi": (mpmath.ei, -700, 700),
    "k0e": (scaled_k0, 0, 1e300),
    "y0": (lambda x: mpmath.bessely(0, x), 0, 1e4),
    "sine_integral": (mpmath.si, -1e300, 1e300),
    "fresnel_cosine": (mpmath.fresnelc, -1e4, 1e4),
    "dawsn": (dawson, -1e300, 1e300),
    "erfi": (mpmath.erfi, -26, 26),
    "spence": (lambda x: mpmath.re(mpmath.polylog(2, 1 - x)), 0, 1e12),
}
WITH_ZEROS = ("gammaln", "digamma", "j0", "j1", "y0")  # next to which the scale is that of the function around them


def test_relative_errors_at_numbers_of_all_sizes(rng: np.random.Generator) -> None:
    sizes = np.concatenate([np.exp2(rng.uniform(-1074, 1023, POINTS)), np.exp(rng.uniform(-9, 7, POINTS)), [5e-324]])
    points = np.concatenate([sizes, -sizes, [2.0**-1022, np.nextafter(1, 0), np.nextafter(1, 2), 0.3725074107813666]])
    results = evaluate([points], {f"{name}(a)": "float64" for name in CASES})
    for name, (exact, low, high) in CASES.items():
        for at, value in zip(points, results[f"{name}(a)"]):
            if not low < at < high:
                continue
            true = mpmath.re(in_digits(40, exact)(mpmath.mpf(float(at))))
            if not 1e-290 < abs(true) < HUGE:
                continue
            limit = 1e-11 if name in WITH_ZEROS and abs(value) < 0.05 else 1e-13
            error = float(abs(mpmath.mpf(float(value)) / true - 1))
            assert error < limit, f"{name}({at!r}) = {value!r}: {error:.2g}"
