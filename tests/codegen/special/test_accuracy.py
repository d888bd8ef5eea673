"""Special functions of kernels against mpmath: hard ranges, negative arguments, poles and infinities."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import mpmath
import numpy as np
import pytest

from staticad import config
from tests.codegen.kernel_runner import evaluate

POINTS = 14
INF, NAN = float("inf"), float("nan")
Range = tuple[float, float] | list[int]


def hurwitz(s: mpmath.mpf, q: mpmath.mpf) -> mpmath.mpf:
    """mpmath's is for q > 0."""
    steps = max(0, int(mpmath.ceil(-q)))
    return mpmath.zeta(s, q + steps) + mpmath.fsum((q + k) ** (-int(s)) for k in range(steps))


def log_gamma(x: mpmath.mpf) -> mpmath.mpf:
    return mpmath.log(abs(mpmath.gamma(x))) if x < 100 else mpmath.loggamma(x)


def log_normal(x: mpmath.mpf) -> mpmath.mpf:
    tail = mpmath.erfc(abs(x) / mpmath.sqrt(2)) / 2
    return mpmath.log(tail) if x < 0 else mpmath.log1p(-tail)


def lower(a: mpmath.mpf, x: mpmath.mpf) -> mpmath.mpf:
    return mpmath.gammainc(a, 0, x, regularized=True)


def upper(a: mpmath.mpf, x: mpmath.mpf) -> mpmath.mpf:
    return mpmath.gammainc(a, x, mpmath.inf, regularized=True)


def incomplete_beta(a: mpmath.mpf, b: mpmath.mpf, x: mpmath.mpf) -> mpmath.mpf:
    return mpmath.betainc(a, b, 0, x, regularized=True)


def scaled_k(n: Any, x: mpmath.mpf) -> mpmath.mpf:
    return mpmath.exp(x) * mpmath.besselk(n, x)


def dawson(x: mpmath.mpf) -> mpmath.mpf:
    """By erfi, which grows, or where the asymptotic series has all digits by that."""
    if abs(x) > 30:
        terms = (mpmath.fac2(2 * k - 1) / (mpmath.mpf(2) ** (k + 1) * x ** (2 * k + 1)) for k in range(12))
        return mpmath.fsum(terms)
    with mpmath.workdps(60 + int(x * x)):
        return mpmath.sqrt(mpmath.pi) / 2 * mpmath.exp(-x * x) * mpmath.erfi(x)


def dawson_derivative(n: mpmath.mpf, x: mpmath.mpf) -> mpmath.mpf:
    with mpmath.workdps(80):
        found = [dawson(x)]
        for k in range(int(n)):
            found.append(1 - 2 * x * found[0] if k == 0 else -2 * (x * found[k] + k * found[k - 1]))
        return found[-1]


def slope(function: Callable[..., Any], position: int) -> Callable[..., Any]:
    def found(*x: mpmath.mpf) -> mpmath.mpf:
        step = mpmath.mpf(10) ** -15
        sides = [function(*(v + s * step * (k == position) for k, v in enumerate(x))) for s in (1, -1)]
        return (sides[0] - sides[1]) / (2 * step)

    return found


def curve(function: Callable[..., Any], first: int, second: int) -> Callable[..., Any]:
    """The second derivative by the operands of those places."""

    def found(*x: mpmath.mpf) -> mpmath.mpf:
        step = mpmath.mpf(10) ** -12

        def at(*signs: int) -> mpmath.mpf:
            moved = list(x)
            for place, sign in zip((first, second), signs):
                moved[place] += sign * step / 2
            return function(*moved)

        return (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / step**2

    return in_digits(80, found)


def implicit(a: mpmath.mpf, y: mpmath.mpf) -> mpmath.mpf:
    """The derivative of y = log(x) by a, the lower part being fixed."""
    with mpmath.workdps(80):
        density = mpmath.exp(a * y - mpmath.exp(y) - mpmath.loggamma(a))
        return -slope(lambda p: lower(p, mpmath.exp(y)), 0)(a) / density


def turned(order: int) -> Callable[..., Any]:
    """The derivative of an angle of the von Mises distribution by kappa, and that of it by kappa alone."""

    def found(kappa: mpmath.mpf, angle: mpmath.mpf) -> mpmath.mpf:
        mean, offset = mpmath.besseli(1, kappa) / mpmath.besseli(0, kappa), mpmath.cos(angle)

        def density(t: mpmath.mpf) -> mpmath.mpf:
            height, turn = mean - mpmath.cos(t), mpmath.cos(t) - offset
            part = height if order == 1 else 1 - mean**2 - mean / kappa + height * turn
            return part * mpmath.exp(kappa * turn)

        return mpmath.quad(density, [0, angle])

    return in_digits(25, found)


def in_digits(digits: int, function: Callable[..., Any]) -> Callable[..., Any]:
    def found(*x: mpmath.mpf) -> mpmath.mpf:
        with mpmath.workdps(digits):
            return function(*x)

    return found


def by_root(exact: Callable[..., Any], start: Callable[[float], float]) -> Callable[[mpmath.mpf], mpmath.mpf]:
    """The inverse of a function."""
    return lambda y: mpmath.findroot(lambda x: mpmath.log(exact(x) / y), start(float(y)))


def tail_start(y: float) -> float:
    return float(np.sqrt(-np.log(y))) * 0.93


# Functions with what they are, and ranges of their operands; a list is of integers.
CASES: list[tuple[str, Callable[..., Any], list[tuple[Range, ...]]]] = [
    ("erfc", mpmath.erfc, [((-1, 1),), ((-6, 26),)]),
    ("erfcx", lambda x: mpmath.erfc(x) * mpmath.exp(x * x), [((-26, 26),)]),
    ("erfcinv", lambda y: mpmath.erfinv(1 - y), [((0, 2),)]),
    ("erfcinv", by_root(mpmath.erfc, tail_start), [((1e-200, 1e-199),), ((1e-20, 1e-12),)]),
    ("ndtr", mpmath.ncdf, [((-37, 5),)]),
    ("log_ndtr", log_normal, [((-37, 30),)]),
    ("ndtri", lambda p: mpmath.sqrt(2) * mpmath.erfinv(2 * p - 1), [((0, 1),)]),
    ("gamma", mpmath.gamma, [((0, 12),), ((9, 171),), ((-20, 0),), ((-160, 0),)]),
    ("gammaln", log_gamma, [((0, 10),), ((10, 1e8),), ((-60, 0),)]),
    ("digamma", mpmath.digamma, [((0, 12),), ((1.46, 1.4632),), ((-20, 0),)]),
    ("trigamma", lambda x: mpmath.polygamma(1, x), [((0, 12),), ((-20, 0),)]),
    ("zeta", hurwitz, [((1.01, 12), (1e-3, 30)), ([2, 9], (-20, 0))]),
    ("riemann_zeta", mpmath.zeta, [((-20, 20),), ((-150, -20),)]),
    ("beta", mpmath.beta, [((1e-3, 50), (1e-3, 50)), ((0.1, 5), (100, 1e5))]),
    ("betaln", lambda a, b: mpmath.log(mpmath.beta(a, b)), [((1e-3, 50), (1e3, 1e6))]),
    ("gammainc", lower, [((0.01, 20), (0.01, 20)), ((150, 300), (150, 300))]),
    ("gammaincc", upper, [((1e-3, 20), (0.01, 20)), ((150, 300), (150, 300))]),
    ("gammainc_slope", slope(lower, 0), [((0.1, 20), (0.1, 20))]),
    ("gammainc_slope", slope(lower, 0), [((150, 300), (150, 300)), ((1e-3, 0.1), (0.1, 5))]),
    ("gammainc_slope_aa", curve(lower, 0, 0), [((0.01, 20), (0.01, 20)), ((150, 300), (150, 300))]),
    ("log_gamma_slope", implicit, [((0.01, 20), (-6, 3)), ((150, 300), (5.2, 5.5))]),
    ("log_gamma_slope_a", slope(implicit, 0), [((0.1, 20), (-6, 3)), ((150, 300), (5.2, 5.5))]),
    ("von_mises_slope", turned(1), [((0, 4), (-3, 3)), ((20, 100), (-0.5, 0.5))]),
    ("von_mises_slope_kappa", turned(2), [((0.1, 4), (-3, 3)), ((20, 100), (-0.5, 0.5))]),
    ("von_mises_gap", lambda k: 1 - mpmath.besseli(1, k) / mpmath.besseli(0, k), [((0, 39),), ((40, 1e5),)]),
    (
        "betainc",
        incomplete_beta,
        [((0.01, 30), (0.01, 30), (0, 1)), ((1e-3, 1), (1e-4, 0.1), (0.5, 1)), ((1, 50), (1e-9, 1e-8), (0.999, 1))],
    ),
    ("betainc_slope_a", slope(incomplete_beta, 0), [((0.1, 20), (0.1, 20), (0, 1))]),
    ("betainc_slope_b", slope(incomplete_beta, 1), [((0.1, 20), (0.1, 20), (0, 1))]),
    ("betainc_slope_aa", curve(incomplete_beta, 0, 0), [((0.1, 20), (0.1, 20), (0, 1))]),
    ("betainc_slope_ab", curve(incomplete_beta, 0, 1), [((0.1, 20), (0.1, 20), (0, 1))]),
    ("betainc_slope_bb", curve(incomplete_beta, 1, 1), [((0.1, 20), (0.1, 20), (0, 1))]),
    ("i0", lambda x: mpmath.besseli(0, x), [((-20, 20),), ((20, 700),)]),
    ("i1", lambda x: mpmath.besseli(1, x), [((-20, 20),)]),
    ("i0e", lambda x: mpmath.besseli(0, x) * mpmath.exp(-abs(x)), [((-20, 20),), ((20, 1000),)]),
    ("i1e", lambda x: mpmath.besseli(1, x) * mpmath.exp(-abs(x)), [((-20, 20),), ((20, 1000),)]),
    ("j0", mpmath.j0, [((-5, 5),), ((5, 1000),)]),
    ("j1", mpmath.j1, [((-5, 5),), ((5, 1000),)]),
    ("bessel_j", mpmath.besselj, [([-5, 12], (-20, 20))]),
    ("bessel_i", mpmath.besseli, [([-5, 12], (-100, 100))]),
    *((f"k{n}", partial(mpmath.besselk, n), [((0, 2),), ((2, 600),)]) for n in (0, 1)),
    *((f"k{n}e", partial(scaled_k, n), [((0, 2),), ((2, 1e5),)]) for n in (0, 1)),
    *((f"y{n}", partial(mpmath.bessely, n), [((0, 0.8),), ((5, 1000),)]) for n in (0, 1)),
    ("bessel_k", mpmath.besselk, [([-5, 12], (0.01, 20))]),
    ("bessel_ke", scaled_k, [([-5, 12], (0.01, 300))]),
    ("bessel_y", mpmath.bessely, [([-5, 12], (0.01, 0.8))]),
    ("sine_integral", mpmath.si, [((-4, 4),), ((4, 1000),)]),
    ("cosine_integral", mpmath.ci, [((0, 0.5),), ((0.7, 3),), ((4, 100),)]),
    ("fresnel_sine", mpmath.fresnels, [((-1.6, 1.6),), ((1.6, 100),)]),
    ("fresnel_cosine", mpmath.fresnelc, [((-1.6, 1.6),), ((1.6, 100),)]),
    ("dawsn", dawson, [((-2.5, 2.5),), ((2.5, 6.25),), ((6.25, 30),)]),
    ("dawsn_derivative", dawson_derivative, [([0, 2], (0.05, 0.6)), ([0, 2], (3, 6)), ([0, 2], (7, 12))]),
    ("erfi", mpmath.erfi, [((-26, 26),)]),
    ("spence", lambda x: mpmath.re(mpmath.polylog(2, 1 - x)), [((0, 1),), ((1, 2),), ((2, 1e6),)]),
    ("expi", mpmath.ei, [((0.372, 0.373),), ((-3, 3),), ((-600, 600),)]),
    ("expn", mpmath.expint, [([0, 12], (0, 3)), ([-4, 1], (0.1, 30)), ([20, 30], (0.01, 30))]),
    ("kl_div", lambda x, y: x * mpmath.log(x / y) - x + y, [((0.9, 1.1), (0.9, 1.1))]),
    ("log_ratio", lambda x, y: mpmath.log(x / y), [((1e-300, 1e-299), (1e200, 1e300)), ((0.9, 1), (1, 1.1))]),
]


WITH_ZEROS = ("gammaln", "digamma", "j0", "j1", "bessel_j", "y0", "y1", "cosine_integral")
# Second derivatives, which have zeros inside their ranges.
SECOND = (
    "gammainc_slope_aa", "log_gamma_slope_a", "von_mises_slope_kappa", "betainc_slope_aa", "betainc_slope_ab",
    "betainc_slope_bb",
)  # fmt: skip


def drawn(ranges: tuple[Range, ...], rng: np.random.Generator) -> list[np.ndarray]:
    return [rng.integers(*r, POINTS).astype(float) if isinstance(r, list) else rng.uniform(*r, POINTS) for r in ranges]


@pytest.mark.parametrize("arity", [1, 2, 3])
def test_relative_errors_are_below_1e_minus_13(arity: int, rng: np.random.Generator) -> None:
    """One kernel for all functions of so many operands; each counts for its own points."""
    cases = [(name, exact, drawn(r, rng)) for name, exact, ranges in CASES for r in ranges if len(r) == arity]
    points = [np.concatenate(parts) for parts in zip(*(given for _, _, given in cases), strict=True)]
    arguments = ", ".join("abc"[:arity])
    results = evaluate(points, {f"{name}({arguments})": "float64" for name, _, _ in cases})
    with mpmath.workdps(50):
        for number, (name, exact, given) in enumerate(cases):
            got = results[f"{name}({arguments})"][number * POINTS : (number + 1) * POINTS]
            for value, *at in zip(got, *given):
                true = mpmath.re(exact(*map(mpmath.mpf, at)))
                error = abs((mpmath.mpf(float(value)) - true) / true)
                # next to a zero what counts is the size of the function around it
                near_zero = name in WITH_ZEROS and abs(value) < 0.05
                limit = 1e-11 if near_zero or name in SECOND else 1e-13
                assert error < limit, f"{name}{tuple(at)} = {value!r}: {float(error):.2g}"


SPECIAL: dict[str, list[tuple[float, float]]] = {
    "erfc": [(INF, 0), (-INF, 2), (NAN, NAN), (0, 1)],
    "erfcx": [(INF, 0), (-INF, INF), (NAN, NAN), (0, 1), (1e300, 1e-300 / np.sqrt(np.pi))],
    "erfcinv": [(0, INF), (2, -INF), (1, 0), (-1, NAN), (3, NAN), (NAN, NAN)],
    "ndtr": [(INF, 1), (-INF, 0), (NAN, NAN), (0, 0.5)],
    "log_ndtr": [(INF, 0), (-INF, -INF), (NAN, NAN), (-1e200, -INF), (-1e150, -5e299)],
    "ndtri": [(0, -INF), (1, INF), (0.5, 0), (2, NAN), (-1, NAN), (NAN, NAN)],
    "gamma": [(0, INF), (-0.0, -INF), (-3, NAN), (INF, INF), (-INF, NAN), (5, 24), (180, INF), (1e-310, INF)],
    "gammaln": [
        (0, INF),
        (-3, INF),
        (INF, INF),
        (-INF, INF),
        (-1e300, INF),
        (1, 0),
        (2, 0),
        (-5e-324, 744.4400719213812),
    ],
    "digamma": [(0, -INF), (-0.0, INF), (-3, NAN), (INF, INF), (-INF, NAN), (1e-300, -1e300)],
    "trigamma": [(0, INF), (-3, INF), (INF, 0), (-INF, INF)],
    "riemann_zeta": [(1, INF), (0, -0.5), (-2, 0), (INF, 1), (-1e6, 0), (NAN, NAN), (-1e-310, -0.5)],
    "von_mises_gap": [(0, 1), (INF, 0), (NAN, NAN)],
    "i0": [(0, 1), (INF, INF), (-INF, INF), (NAN, NAN), (800, INF)],
    "i1": [(0, 0), (INF, INF), (-INF, -INF), (NAN, NAN)],
    "i0e": [(0, 1), (INF, 0), (NAN, NAN)],
    "i1e": [(0, 0), (-INF, -0.0), (NAN, NAN)],
    "j0": [(0, 1), (INF, 0), (-INF, 0), (NAN, NAN)],
    "j1": [(-0.0, -0.0), (INF, 0), (NAN, NAN)],
    **dict.fromkeys(("k0", "k1", "k0e", "k1e"), [(0, INF), (INF, 0), (-1, NAN), (NAN, NAN)]),
    **dict.fromkeys(("y0", "y1"), [(0, -INF), (INF, 0), (-1, NAN), (NAN, NAN)]),
    "sine_integral": [(-0.0, -0.0), (INF, np.pi / 2), (-INF, -np.pi / 2), (NAN, NAN)],
    "cosine_integral": [(0, -INF), (INF, 0), (-INF, 0), (NAN, NAN)],
    "fresnel_sine": [(-0.0, -0.0), (INF, 0.5), (-INF, -0.5), (NAN, NAN), (1e200, 0.5)],
    "fresnel_cosine": [(-0.0, -0.0), (INF, 0.5), (-INF, -0.5), (NAN, NAN), (-1e200, -0.5)],
    "dawsn": [(-0.0, -0.0), (INF, 0), (-INF, -0.0), (NAN, NAN), (1e200, 5e-201)],
    "erfi": [(-0.0, -0.0), (INF, INF), (-INF, -INF), (NAN, NAN), (30, INF)],
    "spence": [(1, 0), (0, np.pi**2 / 6), (INF, -INF), (-1, NAN), (NAN, NAN)],
    "expi": [(0, -INF), (INF, INF), (-INF, -0.0), (NAN, NAN), (800, INF), (-800, -0.0)],
}
SPECIAL_PAIRS: dict[str, list[tuple[float, float, float]]] = {
    "zeta": [(1, 2, INF), (0.5, 2, NAN), (2, 0, INF), (2, -3, INF), (2.5, -0.5, NAN), (2, INF, 0), (2, NAN, NAN)],
    "beta": [(0, 1, INF), (-2, 1, -0.5), (-2, 0.5, INF), (1, INF, 0), (-0.5, -0.5, 0), (NAN, 1, NAN)],
    "betaln": [(0, 1, INF), (1, INF, -INF), (1, 1, 0), (1, NAN, NAN)],
    "gammainc": [(2, 0, 0), (2, INF, 1), (0, 2, 1), (0, 0, NAN), (INF, 2, 0), (-1, 2, NAN), (2, -1, NAN)],
    "gammaincc": [(2, 0, 1), (2, INF, 0), (0, 2, 0), (0, 0, NAN), (INF, 2, 1), (-1, 2, NAN), (NAN, 1, NAN)],
    "gammainc_slope_aa": [(2, 0, 0), (2, INF, 0), (INF, 2, 0), (-1, 2, NAN), (2, NAN, NAN)],
    "log_gamma_slope": [(-1, 0, NAN), (INF, 0, NAN), (1, NAN, NAN), (1, INF, NAN)],
    "von_mises_slope": [(2, 0, 0), (INF, 1, 0), (-1, 1, NAN), (2, NAN, NAN), (0, 1, -np.sin(1))],
    "bessel_j": [(0, 0, 1), (3, 0, 0), (2, INF, 0), (NAN, 1, NAN), (1, NAN, NAN)],
    "bessel_i": [(0, 0, 1), (3, 0, 0), (2, INF, INF), (3, -INF, -INF)],
    **dict.fromkeys(("bessel_k", "bessel_ke"), [(3, 0, INF), (2, INF, 0), (2, -1, NAN), (NAN, 1, NAN), (1, NAN, NAN)]),
    "bessel_y": [(INF, 1, -INF), (2, 0, -INF), (-3, 0, INF), (2, INF, 0), (2, -1, NAN), (1, NAN, NAN)],
    "dawsn_derivative": [
        (INF, 1, NAN),
        (-1, 1, NAN),
        (0, 0, 0),
        (1, 0, 1),
        (3, 0, -4),
        (1, INF, 0),
        (1, NAN, NAN),
        (NAN, 1, NAN),
    ],
    "expn": [(1, 0, INF), (3, 0, 0.5), (2, INF, 0), (2, -1, NAN), (2, NAN, NAN)],
    "rel_entr": [(0, 1, 0), (0, 0, 0), (1, 0, INF), (-1, 1, INF), (NAN, 1, NAN), (1e300, 1e-300, INF)],
    "kl_div": [(0, 2, 2), (0, 0, 0), (1, 0, INF), (-1, 1, INF), (1, 1, 0)],
}


def test_poles_and_infinities() -> None:
    for table in (SPECIAL, SPECIAL_PAIRS):
        rows: list[tuple[str, tuple[float, ...]]] = [(name, row) for name, rows in table.items() for row in rows]
        *operands, expected = (np.array(column, float) for column in zip(*(row for _, row in rows), strict=True))
        arguments = ", ".join("abc"[: len(operands)])
        results = evaluate(operands, {f"{name}({arguments})": "float64" for name in table})
        for place, (name, row) in enumerate(rows):
            got, want = results[f"{name}({arguments})"][place], expected[place]
            same = np.isnan(got) if np.isnan(want) else got == want or abs(got - want) <= 4e-16 * abs(want)
            assert same, f"{name}{row[:-1]} = {got!r} instead of {want!r}"


def test_both_ways_to_machine_code_give_equal_bits(rng: np.random.Generator) -> None:
    names = ("gamma", "log_ndtr", "betaln", "gammainc")
    x, y = rng.uniform(0.1, 30, 200), rng.uniform(0.1, 30, 200)
    expressions = {f"{n}({'a' if n in ('gamma', 'log_ndtr') else 'a, b'})": "float64" for n in names}
    assembled = evaluate([x, y], expressions)
    with config.override(codegen="numba"):
        by_numba = evaluate([x, y], expressions)
    for name, found in assembled.items():
        assert found.tobytes() == by_numba[name].tobytes(), name
