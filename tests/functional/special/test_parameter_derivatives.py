"""First and second derivatives of special functions by all operands that have some, against mpmath."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np

import staticad as sa
from staticad import special

POINTS = 3
STEP = mpmath.mpf(10) ** -18

# the function, the same of mpmath, and the ranges of its operands
FUNCTIONS: dict[str, tuple[Callable[..., sa.Tensor], Callable[..., Any], list[tuple[float, float]]]] = {
    "betainc": (
        special.betainc,
        lambda a, b, x: mpmath.betainc(a, b, 0, x, regularized=True),
        [(0.3, 20), (0.3, 20), (0.02, 0.98)],
    ),
    "gammainc": (
        special.gammainc,
        lambda a, x: mpmath.gammainc(a, 0, x, regularized=True),
        [(0.2, 20), (0.2, 20)],
    ),
    "gammaincc": (
        special.gammaincc,
        lambda a, x: mpmath.gammainc(a, x, mpmath.inf, regularized=True),
        [(0.2, 20), (0.2, 20)],
    ),
    "zeta": (lambda q: special.zeta(2.5, q), lambda q: mpmath.zeta(mpmath.mpf(2.5), q), [(0.2, 9)]),
    "beta": (special.beta, mpmath.beta, [(0.2, 9), (0.2, 9)]),
    "betaln": (special.betaln, lambda a, b: mpmath.log(mpmath.beta(a, b)), [(0.2, 9), (0.2, 9)]),
    "polygamma": (lambda x: special.polygamma(2, x), lambda x: mpmath.polygamma(2, x), [(0.2, 9)]),
    "iv": (lambda x: special.iv(3, x), lambda x: mpmath.besseli(3, x), [(0.1, 20)]),
    "ive": (lambda x: special.ive(3, x), lambda x: mpmath.besseli(3, x) * mpmath.exp(-x), [(0.1, 9)]),
    "jv": (lambda x: special.jv(3, x), lambda x: mpmath.besselj(3, x), [(0.1, 20)]),
    "j1": (special.j1, lambda x: mpmath.besselj(1, x), [(-20, 20)]),
    "i1e": (special.i1e, lambda x: mpmath.besseli(1, x) * mpmath.exp(-abs(x)), [(-9, 9)]),
}


def slope(function: Callable[..., Any], place: int) -> Callable[..., Any]:
    """The derivative by the operand of that place."""

    def found(*at: Any) -> Any:
        sides = [function(*(v + sign * STEP * (k == place) for k, v in enumerate(at))) for sign in (1, -1)]
        return (sides[0] - sides[1]) / (2 * STEP)

    return found


def test_derivatives_by_all_operands(rng: np.random.Generator) -> None:
    inputs: list[sa.Tensor] = []
    feeds: list[np.ndarray] = []
    fetches: list[sa.Tensor] = []
    exact: list[tuple[str, Callable[..., Any], list[np.ndarray]]] = []
    for name, (ours, theirs, ranges) in FUNCTIONS.items():
        at = [rng.uniform(*ends, POINTS) for ends in ranges]
        xs = [sa.placeholder((POINTS,)) for _ in ranges]
        inputs, feeds = inputs + xs, feeds + at
        first = sa.gradients(ours(*xs).sum(), xs)
        for i, derivative in enumerate(first):
            fetches.append(derivative)
            exact.append((f"{name} by {i}", slope(theirs, i), at))
            fetches += sa.gradients(derivative.sum(), xs)
            exact += [(f"{name} by {i} and {j}", slope(slope(theirs, i), j), at) for j in range(len(xs))]
    for found, (name, derivative, at) in zip(sa.compile(fetches, inputs=inputs)(*feeds), exact, strict=True):
        for k, value in enumerate(found):
            with mpmath.workdps(60):
                truth = float(mpmath.re(derivative(*(mpmath.mpf(float(x[k])) for x in at))))
            assert abs(value - truth) <= 2e-12 * abs(truth), (name, [x[k] for x in at], value, truth)
