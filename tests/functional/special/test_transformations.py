"""Transformations of data and robust distances: exact values by mpmath with derivatives, SciPy's at the edges."""

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
X = np.concatenate([RNG.uniform(-30, 30, 12), RNG.uniform(-0.5, 0.5, 8), [1e-9, -1e-9, 1e-300, -0.25]])
POSITIVE = np.exp(RNG.normal(size=X.size))
P = np.concatenate([RNG.normal(size=12), np.full(6, 1e-9), RNG.normal(size=6) / 1000])
INVERTIBLE = np.asarray(scipy.boxcox(POSITIVE, P))

EXACT: dict[str, tuple[Callable[..., Any], tuple[np.ndarray, ...]]] = {
    "exprel": (lambda x: mpmath.expm1(x) / x, (X,)),
    "exp10": (lambda x: mpmath.power(10, x), (X,)),
    "cosm1": (lambda x: mpmath.cos(x) - 1, (X,)),
    "powm1": (lambda x, y: mpmath.power(x, y) - 1, (POSITIVE, P)),
    "boxcox": (lambda x, p: (mpmath.power(x, p) - 1) / p, (POSITIVE, P)),
    "boxcox1p": (lambda x, p: mpmath.expm1(p * mpmath.log1p(x)) / p, (POSITIVE - 1, P)),
    "inv_boxcox": (lambda y, p: mpmath.power(1 + p * y, 1 / p), (INVERTIBLE, P)),
    "inv_boxcox1p": (lambda y, p: mpmath.expm1(mpmath.log1p(p * y) / p), (INVERTIBLE, P)),
    "pseudo_huber": (lambda d, r: d**2 * (mpmath.sqrt(1 + (r / d) ** 2) - 1), (POSITIVE, X)),
}


@pytest.mark.parametrize("name", EXACT)
def test_values_and_derivatives_are_exact(name: str) -> None:
    exact, given = EXACT[name]
    operands = [sa.placeholder(a.shape) for a in given]
    y = getattr(special, name)(*operands)
    found = sa.compile([y, *sa.gradients(y.sum(), operands)], operands)(*given)
    with mpmath.workdps(50):
        for place, numbers in enumerate(zip(*given)):
            at = [mpmath.mpf(v) for v in numbers]
            by_operands = slopes(exact, at, 1e-20)
            for value, want in zip(found, [exact(*at), *by_operands], strict=True):
                error = abs(mpmath.mpf(float(value[place])) - want)
                assert error <= 1e-14 * abs(want) + 1e-300, (name, numbers, value[place], want)


def test_transformations_are_finite_where_the_power_in_between_is_not() -> None:
    p = np.array([155.0, -155.0, 400.0])
    y = np.array([6.45e307, -6.45e307, 1e306])
    x, q = sa.placeholder((3,)), sa.placeholder((3,))
    there = [special.boxcox(x, q), special.boxcox1p(x - 1, q)]
    back = [special.inv_boxcox(x, q), special.inv_boxcox1p(x, q) + 1]
    root = np.exp((np.log(np.abs(y)) + np.log(np.abs(p))) / p)
    for found in evaluate(back, {x: y, q: p}):
        np.testing.assert_allclose(found, root, rtol=1e-14)
    for found in evaluate(there, {x: root, q: p}):
        np.testing.assert_allclose(found, y, rtol=1e-10)


def test_they_are_scipys_at_the_edges() -> None:
    edges = np.array([0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -0.5, np.inf, -np.inf, np.nan, 200.0])
    x, y = (sa.placeholder((edges.size**2,)) for _ in range(2))
    one, other = (grid.ravel() for grid in np.meshgrid(edges, edges))
    names = ("boxcox", "boxcox1p", "inv_boxcox", "inv_boxcox1p", "huber")
    found = evaluate(
        [special.exprel(x), special.cosm1(x), special.exp10(x), *(getattr(special, name)(x, y) for name in names)],
        {x: one, y: other},
    )
    with np.errstate(all="ignore"):
        expected = [scipy.exprel(one), scipy.cosm1(one), scipy.exp10(one)]
        expected += [getattr(scipy, name)(one, other) for name in names]
    for value, want in zip(found, expected, strict=True):
        known = ~np.isnan(want) | np.isnan(one) & np.isnan(other)  # SciPy's are NaN also where there is a limit
        np.testing.assert_allclose(value[known], want[known], rtol=1e-13)


def test_distances_that_have_no_number() -> None:
    d, r = sa.placeholder((4,)), sa.placeholder((4,))
    found = evaluate(special.pseudo_huber(d, r), {d: [0.0, -1, np.inf, 1], r: [1.0, 1, 3, np.inf]})[0]
    np.testing.assert_array_equal(found, [0, np.inf, 4.5, np.inf])


def test_second_derivatives() -> None:
    x, p = sa.placeholder((4,)), sa.placeholder((4,))
    feeds = {x: [0.3, 1.2, 2.5, 0.9], p: [0.0, 1e-3, 0.7, -0.5]}
    for function in (special.boxcox, special.inv_boxcox, special.powm1, special.pseudo_huber):
        positive = p + 1 if function is special.pseudo_huber else p
        y = function(positive, x) if function is special.pseudo_huber else function(x, positive)
        check_gradients(sa.gradients(sa.sin(y).sum(), [x])[0], [x, p], feeds, order=1)


def test_scipys_functions_mean_them_on_tensors() -> None:
    x = sa.placeholder((3,))
    calls = {"exprel": (x,), "exp10": (x,), "cosm1": (x,), "powm1": (x, 2), "boxcox": (x, 0.5), "boxcox1p": (x, 0.5),
             "inv_boxcox": (x, 0.5), "inv_boxcox1p": (x, 0.5), "huber": (1.5, x), "pseudo_huber": (1.5, x),
             "cbrt": (x,), "exp2": (x,), "expm1": (x,), "log1p": (x,), "round": (x,), "binom": (x, 2),
             "rgamma": (x,), "gammasgn": (x,)}  # fmt: skip
    value = np.array([0.25, 1.75, 3.5])
    found = evaluate([getattr(scipy, name)(*given) for name, given in calls.items()], {x: value})
    for (name, given), one in zip(calls.items(), found, strict=True):
        expected = getattr(scipy, name)(*(value if v is x else v for v in given))
        np.testing.assert_allclose(one, expected, rtol=1e-13, err_msg=name)
