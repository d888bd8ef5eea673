"""Factorials and binomial coefficients of real numbers: exact values by mpmath with derivatives, SciPy's names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.special as scipy

import staticad as sa
from staticad.reference import evaluate
from tests.harness.derivatives import check_gradients
from tests.harness.exact import slopes

special = sa.special
RNG = np.random.default_rng(0)
# What a value may be wrong by, and the derivatives.
EXACT: dict[str, tuple[str, Callable[..., Any], tuple[np.ndarray, ...], float, float]] = {
    "reciprocals": (
        "rgamma", mpmath.rgamma, (np.concatenate([RNG.uniform(-20, 20, 20), np.arange(-5, 6.0), [150.3, -100.25]]),),
        2e-14, 2e-14,
    ),
    "factorials": ("factorial", lambda n: mpmath.gamma(n + 1), (RNG.uniform(0, 160, 20),), 2e-14, 2e-14),
    "real numbers": ("binom", mpmath.binomial, (RNG.uniform(0, 40, 20), RNG.uniform(-3, 40, 20)), 5e-14, 1e-12),
    "zeros": ("binom", mpmath.binomial, (RNG.integers(0, 40, 20), RNG.integers(-3, 42, 20)), 2e-15, 2e-14),
    "thousands": ("binom", mpmath.binomial, (RNG.integers(171, 2000, 20), RNG.integers(1, 50, 20)), 1e-13, 1e-11),
    "large numbers": ("binom", mpmath.binomial, (RNG.uniform(171, 900, 20), RNG.uniform(-3, 910, 20)), 1e-12, 1e-11),
    "millions": ("binom", mpmath.binomial, (RNG.uniform(1e4, 1e8, 20), RNG.uniform(0, 30, 20)), 1e-12, 1e-11),
    "most of them": (
        "binom", mpmath.binomial, (np.array([1e6, 2e6, 1e12, 1e3]), np.array([1e6 - 2, 2e6 - 9, 28, 1e3])), 1e-12, 1e-11
    ),
    "below 0": ("binom", mpmath.binomial, (RNG.uniform(-900, -171, 20), RNG.uniform(-3, 40, 20)), 1e-11, 1e-9),
    "signs": ("binom", mpmath.binomial, (RNG.uniform(-1e6, -1e3, 20), RNG.integers(0, 40, 20)), 1e-11, 1e-9),
    "both below 0": ("binom", mpmath.binomial, (RNG.uniform(-400, -171, 9), RNG.uniform(-450, -1, 9)), 1e-10, 1e-8),
    "combinations": ("comb", mpmath.binomial, (RNG.integers(100, 999, 20), RNG.integers(1, 99, 20)), 1e-13, 1e-11),
}  # fmt: skip


@pytest.mark.parametrize("case", EXACT)
def test_values_and_derivatives_are_exact(case: str) -> None:
    name, exact, given, *allowed = EXACT[case]
    operands = [sa.placeholder(a.shape) for a in given]
    y = getattr(special, name)(*operands)
    found = sa.compile([y, *sa.gradients(y.sum(), operands)], operands)(*(a.astype(float) for a in given))
    with mpmath.workdps(40):
        for place, numbers in enumerate(zip(*given)):
            at = [mpmath.mpf(float(v)) for v in numbers]
            by_operands = slopes(exact, at, 1e-15)
            scale = max(abs(exact(*at)), *map(abs, by_operands))
            for order, (value, want) in enumerate(zip(found, [exact(*at), *by_operands], strict=True)):
                error = abs(mpmath.mpf(float(value[place])) - want)
                assert error <= allowed[order > 0] * (scale if order else abs(want)) + 1e-300, (numbers, value[place])


def test_edges() -> None:
    x = sa.placeholder((9,))
    edges = np.array([0.0, -0.0, -1, -1.5, -2.5, np.nan, np.inf, -200, 200])
    found = evaluate([special.gammasgn(x), special.rgamma(x), special.factorial(x)], {x: edges})
    expected = [scipy.gammasgn(edges), scipy.rgamma(edges), scipy.factorial(edges)]
    for value, want in zip(found, expected, strict=True):
        np.testing.assert_allclose(value, want, rtol=1e-15)
    beyond = evaluate(special.binom(np.array([-170.5, -3.5, -900.25]), np.array([-1e10, -400, -1e8])))
    np.testing.assert_array_equal(beyond[0], np.zeros(3))
    n, k = sa.placeholder((6,)), sa.placeholder((6,))
    value = evaluate(
        [special.binom(n, k), special.comb(n, k)], {n: [-1.0, 3, 3, -2.5, 300, 2.5], k: [2.0, 4, -1, 1, 301, 3]}
    )
    np.testing.assert_allclose(value[0], [np.nan, 0, 0, -2.5, 0, scipy.binom(2.5, 3)], atol=1e-290)
    np.testing.assert_array_equal(value[1], [0, 0, 0, 0, 0, 0])


def test_second_derivatives() -> None:
    n, k = sa.placeholder((4,)), sa.placeholder((4,))
    for feeds in ([5.3, 3.0, 7.0, 2.5], [2.1, 3.0, 3.5, 4.0]), ([180.3, 300, 200, 190], [2.1, 150, 3, 188.5]):
        by_n, by_k = sa.gradients(sa.log(special.binom(n, k) ** 2).sum(), [n, k])
        check_gradients(by_n + by_k, [n, k], dict(zip((n, k), feeds)), order=1)
    check_gradients(sa.gradients(special.rgamma(k).sum(), [k])[0], k, {k: [-2.0, -1.5, 0.75, 4.0]}, order=1)


def test_two_names_of_one_function() -> None:
    assert special.lgamma is special.loggamma is special.gammaln
    assert special.cbrt is sa.cbrt and special.round is sa.round and special.sinc is sa.sinc
