"""Distributions with parameters: against SciPy's, their derivatives, shapes, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

import staticad as sa
from staticad import config
from staticad.errors import ConfigError, DTypeError, GradientError, LinAlgError, ShapeError
from staticad.functional.random.sampling import SAMPLE_LOG_GAMMA, SAMPLE_VON_MISES
from tests.codegen.kernel_runner import evaluate
from tests.control.running import check_derivatives

random = sa.random
KEY = random.key(31)
COUNT = 20_000
N = (COUNT,)
CONTINUOUS: dict[str, tuple[Callable[[Any], sa.Tensor], Any]] = {
    "gamma": (lambda d: random.gamma(KEY, 2.5, N, d), stats.gamma(2.5)),
    "gamma of a small parameter": (lambda d: random.gamma(KEY, 0.2, N, d), stats.gamma(0.2)),
    "gamma of a large parameter": (lambda d: random.gamma(KEY, 1e4, N, d), stats.gamma(1e4)),
    "loggamma": (lambda d: random.loggamma(KEY, 0.01, N, d), stats.loggamma(0.01)),
    "beta": (lambda d: random.beta(KEY, 0.5, 2.0, N, d), stats.beta(0.5, 2.0)),
    "dirichlet": (lambda d: random.dirichlet(KEY, [1.0, 2.0, 3.0], N, d)[:, 1], stats.beta(2, 4)),
    "chisquare": (lambda d: random.chisquare(KEY, 3.0, N, d), stats.chi2(3)),
    "f": (lambda d: random.f(KEY, 5.0, 9.0, N, d), stats.f(5, 9)),
    "t": (lambda d: random.t(KEY, 4.0, N, d), stats.t(4)),
    "vonmises": (lambda d: random.vonmises(KEY, 0.0, 2.0, N, d), stats.vonmises(2.0)),
    "vonmises of a small parameter": (lambda d: random.vonmises(KEY, 0.0, 1e-4, N, d), stats.vonmises(1e-4)),
    "vonmises of a large parameter": (lambda d: random.vonmises(KEY, 0.0, 3e6, N, d), stats.norm(0, 3e6**-0.5)),
    "cauchy": (lambda d: random.cauchy(KEY, N, d), stats.cauchy()),
    "logistic": (lambda d: random.logistic(KEY, N, d), stats.logistic()),
    "lognormal": (lambda d: random.lognormal(KEY, 0.7, N, d), stats.lognorm(0.7)),
    "rayleigh": (lambda d: random.rayleigh(KEY, 2.0, N, d), stats.rayleigh(scale=2)),
    "pareto": (lambda d: random.pareto(KEY, 3.0, N, d), stats.pareto(3)),
    "weibull_min": (lambda d: random.weibull_min(KEY, 2.0, 1.5, N, d), stats.weibull_min(1.5, scale=2)),
    "weibull": (lambda d: random.weibull(KEY, 0.7, N, d), stats.weibull_min(0.7)),
    "triangular": (lambda d: random.triangular(KEY, -1.0, 0.5, 1.0, N, d), stats.triang(0.75, -1, 2)),
    "maxwell": (lambda d: random.maxwell(KEY, N, d), stats.maxwell()),
    "double_sided_maxwell": (
        lambda d: sa.absolute(random.double_sided_maxwell(KEY, 0.0, 2.0, N, d)), stats.maxwell(scale=2),
    ),
}  # fmt: skip
DISCRETE: dict[str, tuple[sa.Tensor, Any]] = {
    "poisson": (random.poisson(KEY, 3.0, N), stats.poisson(3)),
    "poisson of a large mean": (random.poisson(KEY, 40.0, N), stats.poisson(40)),
    "binomial": (random.binomial(KEY, 20, 0.3, N), stats.binom(20, 0.3)),
    "binomial of many": (random.binomial(KEY, 300, 0.8, N), stats.binom(300, 0.8)),
    "geometric": (random.geometric(KEY, 0.3, N), stats.geom(0.3)),
    "negative_binomial": (random.negative_binomial(KEY, 2.5, 0.4, N), stats.nbinom(2.5, 0.4)),
    "multinomial": (random.multinomial(KEY, 9, [1.0, 2.0, 0.0, 3.0], N)[:, 1], stats.binom(9, 1 / 3)),
    "rademacher": ((random.rademacher(KEY, N) + 1) // 2, stats.bernoulli(0.5)),
}


def test_continuous_distributions() -> None:
    narrow = ("gamma", "beta", "vonmises", "cauchy", "weibull", "triangular")
    chosen = [(name, "float64") for name in CONTINUOUS] + [(name, "float32") for name in narrow]
    found = sa.compile([CONTINUOUS[name][0](dtype) for name, dtype in chosen], inputs=[])()
    for (name, dtype), values in zip(chosen, found, strict=True):
        exact = CONTINUOUS[name][1]
        assert values.dtype == dtype and np.isfinite(values).all(), name
        assert stats.kstest(values.astype(float), exact.cdf).pvalue > 0.003, name


def test_counts() -> None:
    found = sa.compile({name: drawn for name, (drawn, _) in DISCRETE.items()}, inputs=[])()
    for name, (_, exact) in DISCRETE.items():
        low, high = int(exact.ppf(0.001)), int(exact.ppf(0.999))
        inner = np.arange(low, high + 1)
        expected = COUNT * np.r_[exact.cdf(low - 1), exact.pmf(inner), exact.sf(high)]
        seen = np.r_[(found[name] < low).sum(), [(found[name] == k).sum() for k in inner], (found[name] > high).sum()]
        large = expected > 5
        assert (
            stats.chisquare(seen[large], expected[large] * seen[large].sum() / expected[large].sum()).pvalue > 0.003
        ), name


def test_elements_do_not_depend_on_threads_nor_on_what_is_beside_them() -> None:
    x = sa.placeholder((None,))
    drawn = [random.gamma(KEY, x), random.poisson(KEY, x), random.vonmises(KEY, 0.0, x)]
    shapes = np.linspace(0.1, 30, 30_000)
    found = []
    for threads in (1, 2):
        with config.override(threads=threads):
            found.append(sa.compile(drawn, inputs=[x])(shapes))
    few = sa.compile(drawn, inputs=[x])(shapes[:7])
    for one, two, part in zip(*found, few, strict=True):
        np.testing.assert_array_equal(one, two)
        np.testing.assert_array_equal(one[:7], part)


def test_the_two_ways_to_machine_code_and_the_reference_agree() -> None:
    alpha = sa.placeholder((3,))
    drawn = [random.gamma(KEY, alpha, (4, 3)), random.binomial(KEY, 40, 0.5, (5,))]
    value = np.array([0.3, 2.0, 50.0])
    with config.override(codegen="numba"):
        by_numba = sa.compile(drawn, inputs=[alpha])(value)
    found = sa.compile(drawn, inputs=[alpha])(value)
    for one, two, three in zip(found, by_numba, sa.evaluate(drawn, {alpha: value}), strict=True):
        np.testing.assert_array_equal(one, two)
        np.testing.assert_allclose(one, three, rtol=1e-13)


def test_derivatives_hold_the_place_in_the_distribution_fixed() -> None:
    places = np.array([1e-4, 0.01, 0.3, 0.7, 0.99, 0.9999])
    alphas, kappas = np.array([0.05, 0.7, 1.0, 3.0, 40.0, 5e3, 1e5]), np.array([0.01, 0.7, 5.0, 300.0, 2e4])
    for name, parameters, quantile in (
        ("log_gamma_slope", alphas, lambda a: np.log(stats.gamma.ppf(places, a))),
        ("von_mises_slope", kappas, lambda k: stats.vonmises.ppf(places, k)),
    ):
        spread = np.repeat(parameters, len(places))
        step = parameters * (1e-4 if name == "log_gamma_slope" else 1e-3)
        ends = [np.concatenate([quantile(p) for p in parameters + s * step]) for s in (-1, 0, 1)]
        found = evaluate([spread, ends[1]], {f"{name}(a, b)": "float64"})[f"{name}(a, b)"]
        difference = (ends[2] - ends[0]) / (2 * np.repeat(step, len(places)))
        np.testing.assert_allclose(found, difference, rtol=2e-3, atol=1e-5 / spread.min(), err_msg=name)


def test_second_derivatives_hold_it_fixed_too() -> None:
    a = sa.placeholder((5,))
    drawn = {"gamma": random.loggamma(KEY, a), "vonmises": random.vonmises(KEY, 0.0, a)}
    curves = {n: sa.gradients(sa.gradients(y.sum(), [a])[0].sum(), [a])[0] for n, y in drawn.items()}
    at = np.array([0.2, 1.7, 6.0, 40.0, 150.0])
    numbers, found = sa.compile([drawn, curves], inputs=[a])(at)
    quantiles: dict[str, Callable[[Any], np.ndarray]] = {
        "gamma": lambda p: np.log(stats.gamma.ppf(stats.gamma.cdf(np.exp(numbers["gamma"]), at), p)),
        "vonmises": lambda p: stats.vonmises.ppf(stats.vonmises.cdf(numbers["vonmises"], at), p),
    }
    for name, step, quantile in ((n, 2e-2 if n == "vonmises" else 1e-3, q) for n, q in quantiles.items()):
        low, middle, high = (quantile(at * (1 + s * step)) for s in (-1, 0, 1))
        np.testing.assert_allclose(found[name], (high - 2 * middle + low) / (at * step) ** 2, rtol=5e-3, atol=1e-6)
    for curve in curves.values():
        with pytest.raises(GradientError, match="no third derivative by parameters.*stop_gradient"):
            sa.gradients(curve.sum(), [a])


def test_means_of_derivatives_are_derivatives_of_means() -> None:
    a = sa.placeholder(())
    shaped = a * np.ones(COUNT)
    means = {
        "gamma": (random.gamma(KEY, shaped).mean(), 1.0),  # the mean is a
        "chisquare": (random.chisquare(KEY, shaped).mean(), 1.0),
        "beta": (random.beta(KEY, shaped, 2.0).mean(), 2 / 3.5**2),  # a / (a + 2) at 1.5
        "dirichlet": (random.dirichlet(KEY, sa.stack([shaped, shaped * 0.0 + 2.0], -1))[:, 0].mean(), 2 / 3.5**2),
        "vonmises": (sa.cos(random.vonmises(KEY, 0.0, shaped)).mean(), None),
    }
    means |= {
        "gamma twice": (sa.gradients((random.gamma(KEY, shaped) ** 2).mean(), [a])[0], 2.0),  # a + a**2
        "beta twice": (-sa.gradients(means["beta"][0], [a])[0], 4 / 3.5**3),
        "vonmises twice": (sa.gradients(means["vonmises"][0], [a])[0], None),
    }
    session = sa.compile({name: sa.gradients(mean, [a])[0] for name, (mean, _) in means.items()}, inputs=[a])
    found = session(1.5)
    for name, (_, expected) in means.items():
        if expected is not None:
            assert abs(found[name] - expected) < 0.05 * expected, name
    cosines = [stats.vonmises(1.5 + s).expect(np.cos) for s in (-0.01, 0, 0.01)]
    assert abs(found["vonmises"] - (cosines[2] - cosines[0]) / 0.02) < 0.02
    assert abs(found["vonmises twice"] - (cosines[2] - 2 * cosines[1] + cosines[0]) / 1e-4) < 0.02


def test_derivatives_of_what_is_made_of_uniform_and_normal_numbers() -> None:
    p = sa.placeholder((3,), name="p")
    mean, cov = sa.placeholder((2,)), sa.placeholder((2, 2))
    drawn = [
        random.triangular(KEY, -p[0], p[1] * 0.1, p[0], (4,)), random.weibull_min(KEY, p[0], p[1], (4,)),
        random.pareto(KEY, p), random.lognormal(KEY, p), random.rayleigh(KEY, p),
        random.double_sided_maxwell(KEY, p, p[0]),
    ]  # fmt: skip
    check_derivatives(drawn, [p], {p: np.array([1.5, 0.7, 2.0])})
    vectors = random.multivariate_normal(KEY, mean, cov @ cov.T + np.eye(2), (3,))
    check_derivatives([vectors], [mean, cov], {mean: np.ones(2), cov: np.array([[1.0, 0.2], [0.3, 1.0]])})


def test_vectors() -> None:
    cov = np.array([[2.0, 0.6], [0.6, 1.0]])
    vectors, many, batched = sa.compile(
        [
            random.multivariate_normal(KEY, [1.0, -1.0], cov, N),
            random.multinomial(KEY, [5, 50], np.array([[0.2, 0.3, 0.5, 0.0]])),
            random.dirichlet(KEY, np.ones((3, 4)), (2, 3)),
        ],
        inputs=[],
    )()
    np.testing.assert_allclose(vectors.mean(0), [1, -1], atol=0.04)
    np.testing.assert_allclose(np.cov(vectors.T), cov, atol=0.08)
    assert many.shape == (2, 4) and (many.sum(-1) == [5, 50]).all() and (many[:, -1] == 0).all()
    assert batched.shape == (2, 3, 4)
    np.testing.assert_allclose(batched.sum(-1), 1.0, rtol=1e-14)


def test_orders() -> None:
    x, n = sa.placeholder((None, 3)), sa.placeholder((None,), "int64")
    several = random.permutation(KEY, np.tile(np.arange(4), (6000, 1)), 1, independent=True)
    fetched = [
        random.permutation(KEY, x), random.permutation(KEY, x, 1, independent=True), random.shuffle(KEY, n),
        random.choice(KEY, n, (5,), replace=False), random.choice(KEY, 6, (2, 3), False, [0, 1, 1, 1, 1, 1e9]), several,
        random.permutation(KEY, n.shape[0]), *sa.gradients((random.permutation(KEY, x) * x).sum(), [x]),
    ]  # fmt: skip
    rows = np.arange(24.0).reshape(8, 3)
    shuffled, independent, numbers, few, weighted, orders, counted, gradient = sa.compile(fetched, inputs=[x, n])(
        rows, np.arange(8)
    )
    np.testing.assert_array_equal(np.sort(shuffled, 0), rows)
    assert {tuple(row) for row in shuffled} == {tuple(row) for row in rows}
    np.testing.assert_array_equal(np.sort(independent, 1), rows)
    assert sorted(numbers) == sorted(counted) == list(range(8))
    assert len(set(few)) == 5
    assert sorted(weighted.ravel()) == list(range(6)) and weighted[0, 0] == 5 and weighted[1, 2] == 0
    counts = np.unique(orders, axis=0, return_counts=True)[1]
    assert len(counts) == 24 and stats.chisquare(counts).pvalue > 0.003
    assert gradient.shape == rows.shape
    weights = np.array([1.0, 2.0, 3.0, 4.0])
    _, drawn = sa.scan(lambda s, k: (s, random.choice(k, 4, (2,), False, weights)), 0, random.split(KEY, 400))
    first = np.bincount(sa.compile(drawn, inputs=[])()[:, 0], minlength=4)
    assert stats.chisquare(first, 400 * weights / 10).pvalue > 0.01


@pytest.mark.parametrize(
    ("draw", "error", "text"),
    [
        (lambda: random.gamma(KEY, -1.0), ConfigError, "a has to be greater than 0, not -1.0"),
        (lambda: random.gamma(KEY, [1.0, 2.0], (3,)), ShapeError, "a does not broadcast to the shape"),
        (lambda: random.beta(KEY, 1.0, 1.0, (), "int64"), DTypeError, "draws floats, not int64"),
        (lambda: random.dirichlet(KEY, 1.0), ShapeError, "alpha has to have an axis"),
        (lambda: random.vonmises(KEY, 0.0, -1.0), ConfigError, "kappa has to be at least 0"),
        (lambda: random.triangular(KEY, 0.0, 2.0, 1.0), ConfigError, "left <= mode <= right"),
        (lambda: random.poisson(KEY, -1.0), ConfigError, "lam has to be at least 0"),
        (lambda: random.binomial(KEY, 3, 1.5), ConfigError, r"p has to be in \[0, 1\]"),
        (lambda: random.geometric(KEY, 0.0), ConfigError, r"p has to be in \(0, 1\]"),
        (lambda: random.multinomial(KEY, 3, 1.0), ShapeError, "p has to have an axis"),
        (lambda: random.multivariate_normal(KEY, [1.0], np.eye(2)), ShapeError, r"cov with \(n, n\)"),
        (lambda: random.permutation(KEY, sa.placeholder(())), ShapeError, "x is a size or has an axis"),
        (lambda: random.choice(KEY, 3, (4,), False), ConfigError, "there are 3 elements, fewer than the 4"),
        (lambda: random.rademacher(KEY, (), "bool"), DTypeError, "draws counts"),
    ],
)
def test_refusals(draw: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text + ".*test_sampling.py"):
        draw()


def test_parameters_that_turn_out_wrong() -> None:
    a = sa.placeholder((3,))
    gamma, poisson, binomial, angle = sa.compile(
        [
            random.gamma(KEY, a), random.poisson(KEY, a), random.binomial(KEY, 3, a), random.vonmises(KEY, 0.0, a),
        ],
        inputs=[a],
    )(np.array([-1.0, np.nan, np.inf]))  # fmt: skip
    assert np.isnan(gamma[:2]).all() and gamma[2] == np.inf
    assert list(poisson) == list(binomial) == [-1, -1, -1]
    assert np.isnan(angle[:2]).all()
    with pytest.raises(LinAlgError):
        sa.compile(random.multivariate_normal(KEY, a[:2], -np.eye(2)), inputs=[a])(np.ones(3))


def test_the_samplers_are_named_in_kernels() -> None:
    assert SAMPLE_LOG_GAMMA.name == "sample_log_gamma" and SAMPLE_VON_MISES.name == "sample_von_mises"


SPREAD: dict[str, Callable[[Any, Any], sa.Tensor]] = {
    "gamma": lambda a, shape: random.gamma(KEY, a, shape),
    "beta": lambda a, shape: random.beta(KEY, a, 2.0, shape),
    "t": lambda a, shape: random.t(KEY, a, shape),
    "vonmises": lambda a, shape: random.vonmises(KEY, 0.0, a, shape),
    "lognormal": lambda a, shape: random.lognormal(KEY, a, shape),
    "poisson": lambda a, shape: random.poisson(KEY, 1e6 * a, shape),
    "binomial": lambda a, shape: random.binomial(KEY, 1e9, a / 4.0, shape),
}


@pytest.mark.parametrize("broadcast", [lambda a: a, lambda a: sa.broadcast_to(a, (3, 40))], ids=["here", "before"])
def test_one_parameter_of_many_numbers_gives_different_ones(broadcast: Callable[[sa.Tensor], sa.Tensor]) -> None:
    """A function of a broadcast tensor is computed before the broadcast: not so a sampler, and none of what is made of
    its numbers. They are those of the same parameter written out."""
    a, full = sa.placeholder((3, 1), name="a"), sa.placeholder((3, 40), name="full")
    made = [sa.abs(draw(broadcast(a), (3, 40))) for draw in SPREAD.values()]
    written_out = [sa.abs(draw(full, (3, 40))) for draw in SPREAD.values()]
    data = np.array([[0.7], [1.3], [2.9]])
    found = sa.compile([*made, *written_out], inputs=[a, full])(data, np.broadcast_to(data, (3, 40)))
    for name, one, other in zip(SPREAD, found, found[len(SPREAD) :], strict=False):
        np.testing.assert_array_equal(one, other, err_msg=name)
        assert all(len(np.unique(row)) > 35 for row in one), name
