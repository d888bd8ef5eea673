"""Activations: formulas, values and derivatives at extremes and kinks, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from scipy import special, stats

import staticad as sa
from staticad import nn
from staticad.errors import ConfigError, FeedError, ShapeError
from staticad.ir.graph import Tensor
from staticad.reference import evaluate

INF = np.inf

# the function, its formula in NumPy, its slope at inf and at -inf
SCALE, ALPHA = 1.0507009873554805, 1.6732632423543772  # of selu
SCALE_EXACT, ALPHA_EXACT = mpmath.mpf(SCALE), mpmath.mpf(ALPHA)

ACTIVATIONS: dict[str, tuple[Callable[[Any], Tensor], Callable[[np.ndarray], np.ndarray], float, float]] = {
    "gelu": (nn.gelu, lambda x: x * stats.norm.cdf(x), 1, 0),
    "gelu by tanh": (
        lambda x: nn.gelu(x, approximate="tanh"),
        lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
        1,
        0,
    ),
    "silu": (nn.silu, lambda x: x * special.expit(x), 1, 0),
    "mish": (nn.mish, lambda x: x * np.tanh(np.logaddexp(x, 0)), 1, 0),
    "elu": (lambda x: nn.elu(x, 0.7), lambda x: np.where(x > 0, x, 0.7 * np.expm1(x)), 1, 0),
    "selu": (nn.selu, lambda x: SCALE * np.where(x > 0, x, ALPHA * np.expm1(x)), SCALE, 0),
    "celu": (lambda x: nn.celu(x, 2.0), lambda x: np.where(x > 0, x, 2 * np.expm1(x / 2)), 1, 0),
    "leaky_relu": (nn.leaky_relu, lambda x: np.where(x > 0, x, 0.01 * x), 1, 0.01),
    "prelu": (lambda x: nn.prelu(x, 0.25), lambda x: np.where(x > 0, x, 0.25 * x), 1, 0.25),
    "relu6": (nn.relu6, lambda x: np.clip(x, 0, 6), 0, 0),
    "hardtanh": (lambda x: nn.hardtanh(x, -2, 1), lambda x: np.clip(x, -2, 1), 0, 0),
    "hardswish": (nn.hardswish, lambda x: x * np.clip(x + 3, 0, 6) / 6, 1, 0),
    "hardsigmoid": (nn.hardsigmoid, lambda x: np.clip(x + 3, 0, 6) / 6, 0, 0),
    "softsign": (nn.softsign, lambda x: x / (1 + np.abs(x)), 0, 0),
    "log_sigmoid": (nn.log_sigmoid, special.log_expit, 0, 1),
    "tanhshrink": (nn.tanhshrink, lambda x: x - np.tanh(x), 1, 1),
    "softshrink": (nn.softshrink, lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0), 1, 1),
    "hardshrink": (nn.hardshrink, lambda x: np.where(np.abs(x) > 0.5, x, 0), 1, 1),
    "threshold": (lambda x: nn.threshold(x, 0.1, 20.0), lambda x: np.where(x > 0.1, x, 20), 1, 0),
}  # fmt: skip


def orders(function: Callable[[Any], Tensor], x: Tensor) -> list[Tensor]:
    """Values, slopes and curvatures."""
    y = function(x)
    (slope,) = sa.gradients(y.sum(), [x])
    (curvature,) = sa.gradients(slope.sum(), [x], unconnected="zero")
    return [y, slope, curvature]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_and_derivatives_at_all_distances(dtype: str) -> None:
    """One session of all: formulas where numbers are moderate, limits where they are not."""
    x = sa.placeholder((None,), dtype)
    session = sa.compile([t for function, *_ in ACTIVATIONS.values() for t in orders(function, x)], inputs=[x])
    near = np.linspace(-5.3, 7.1, 41).astype(dtype)
    far = np.array([1e3, 1e10, 1e30, np.finfo(dtype).max, INF], dtype)
    found = session(np.concatenate([near, far, -far, [np.nan]]).astype(dtype))
    for (name, (_, formula, up, down)), values, slopes, curvatures in zip(
        ACTIVATIONS.items(), found[::3], found[1::3], found[2::3]
    ):
        tolerance = 1e-6 if dtype == "float32" else 1e-14
        expected = formula(near.astype(float))
        np.testing.assert_allclose(values[:41], expected, tolerance, tolerance, err_msg=name)
        np.testing.assert_allclose(slopes[41:51], np.repeat([up, down], 5), 1e-6, 1e-6, err_msg=name)
        np.testing.assert_array_equal(np.abs(curvatures[41:51]) < 1e-6, True, err_msg=name)
        with np.errstate(all="ignore"):
            limits = formula(np.concatenate([far[:3], -far[:3]]).astype(float))
        limits = np.nan_to_num(limits)
        np.testing.assert_allclose(values[[41, 42, 43, 46, 47, 48]], limits, 1e-6, 1e-6, err_msg=name)
        # for infinities the value is that of the asymptote
        for place, slope in ((45, up), (50, down)):
            assert np.isinf(values[place]) == (slope != 0), name
        assert np.isnan(values[51]) == (name != "threshold"), name


# function, its value and slope in mpmath, points of float64 as a share of those of float32, units in the last place
TAILS: dict[str, tuple[Callable[[Any], Tensor], Callable[[Any], Any], Callable[[Any], Any], float, float, float]] = {
    "gelu": (
        nn.gelu,
        lambda x: x * mpmath.ncdf(x),
        lambda x: mpmath.ncdf(x) + x * mpmath.npdf(x),
        2.8,
        6,
        1000,  # the exponent x**2 / 2 is rounded
    ),
    "elu": (nn.elu, mpmath.expm1, mpmath.exp, 7, 1, 1),
    "selu": (
        nn.selu,
        lambda x: SCALE_EXACT * ALPHA_EXACT * mpmath.expm1(x),
        lambda x: SCALE_EXACT * ALPHA_EXACT * mpmath.exp(x),
        7,
        2.5,
        2.5,
    ),
    "celu": (lambda x: nn.celu(x, 2.0), lambda x: 2 * mpmath.expm1(x / 2), lambda x: mpmath.exp(x / 2), 7, 1, 1),
    "tanhshrink": (nn.tanhshrink, lambda x: x - mpmath.tanh(x), lambda x: mpmath.tanh(x) ** 2, 7, 2, 2),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_digits_are_lost_in_tails(dtype: str) -> None:
    """For large negative x, and next to 0, where values or slopes are small."""
    x = sa.placeholder((None,), dtype)
    fetches = [t for function, *_ in TAILS.values() for t in orders(function, x)[:2]]
    session = sa.compile(fetches, inputs=[x])
    points = -np.concatenate([np.geomspace(1e-6, 1, 13), np.linspace(1.1, 1.4, 7), np.linspace(2, 12.9, 23)])
    precision = np.finfo(dtype).eps
    for place, (name, (_, value, slope, reach, *limits)) in enumerate(TAILS.items()):
        at = (points * (reach if dtype == "float64" else 1)).astype(dtype)
        found = session(at)[2 * place : 2 * place + 2]
        for values, formula, limit in zip(found, (value, slope), limits, strict=True):
            with mpmath.workdps(60):
                truth = [formula(mpmath.mpf(float(v))) for v in at]
                errors = [abs(mpmath.mpf(float(v)) / t - 1) / precision for v, t in zip(values, truth, strict=True)]
            assert max(errors) <= limit, (name, float(max(errors)), at[int(np.argmax(np.array(errors, float)))])


# function, point, slope there
KINKS: list[tuple[Callable[[Any], Tensor], float, float]] = [
    (nn.gelu, 0.0, 0.5), (nn.silu, 0.0, 0.5), (nn.mish, 0.0, 0.6), (lambda x: nn.elu(x, 0.7), 0.0, 0.7),
    (lambda x: nn.celu(x, 0.5), 0.0, 1.0), (nn.leaky_relu, 0.0, 0.01), (lambda x: nn.prelu(x, 0.25), 0.0, 0.25),
    (nn.relu6, 0.0, 0.0), (nn.relu6, 6.0, 0.0), (nn.hardtanh, 1.0, 0.0), (nn.hardtanh, -1.0, 0.0),
    (nn.hardswish, -3.0, 0.0), (nn.hardswish, 3.0, 1.0), (nn.hardsigmoid, 3.0, 0.0), (nn.softsign, 0.0, 1.0),
    (nn.softshrink, 0.5, 0.0), (nn.hardshrink, -0.5, 0.0), (lambda x: nn.threshold(x, 1.0, 5.0), 1.0, 0.0),
]  # fmt: skip


def test_slopes_at_kinks() -> None:
    x = sa.placeholder(())
    for function, point, expected in KINKS:
        (slope,) = sa.gradients(function(x), [x])
        assert evaluate([slope], {x: point})[0] == pytest.approx(expected, abs=1e-15)


def test_curvature_is_not_lost_where_formulas_meet() -> None:
    x = sa.placeholder(())
    for function, expected in (
        (nn.gelu, np.sqrt(2 / np.pi)),
        (nn.silu, 0.5),
        (lambda t: nn.gelu(t, "tanh"), np.sqrt(2 / np.pi)),
    ):
        assert evaluate([orders(function, x)[2]], {x: 0.0})[0] == pytest.approx(expected)


def test_weights_of_prelu_belong_to_channels(rng: np.random.Generator) -> None:
    w = np.array([0.5, -1.0, 2.0])
    for shape, weights in (((3,), w), ((2, 3), w), ((2, 3, 4), w[:, None]), ((2, 3, 4, 1), w[:, None, None])):
        array = rng.normal(size=shape)
        x = sa.placeholder(shape)
        (value,) = evaluate([nn.prelu(x, w)], {x: array})
        np.testing.assert_array_equal(value, np.where(array > 0, array, weights * array))


def test_glu_halves_any_axis(rng: np.random.Generator) -> None:
    array = rng.normal(size=(4, 6))
    for axis in (0, 1, -1):
        for shape in ((4, 6), ("n", "m")):
            x = sa.placeholder(shape)
            a, b = np.split(array, 2, axis)
            (value,) = evaluate([nn.glu(x, axis)], {x: array})
            np.testing.assert_allclose(value, a * special.expit(b), 1e-14)
    free = sa.placeholder((None,))
    with pytest.raises((ShapeError, FeedError)):
        evaluate([nn.glu(free)], {free: np.ones(3)})


def test_integers_become_floats() -> None:
    x = sa.placeholder((3,), "int32")
    assert nn.gelu(x).dtype == nn.hardtanh(x).dtype == nn.softsign(x).dtype == np.float64
    assert nn.threshold(x, 1, 0).dtype == np.int32
    np.testing.assert_allclose(
        evaluate([nn.softmin(x)], {x: np.arange(3, dtype="int32")})[0], special.softmax([0, -1, -2])
    )


def test_what_has_no_meaning_is_refused() -> None:
    x = sa.placeholder((2, 3), name="x")
    for error, message, call in (
        (
            ConfigError,
            r"gelu: approximate='erf' .* use 'none' or 'tanh'.*test_activations\.py",
            lambda: nn.gelu(x, "erf"),
        ),
        (ConfigError, "celu: alpha", lambda: nn.celu(x, 0.0)),
        (ConfigError, "softshrink: lambd=-1 is not to be below 0 .*'x'", lambda: nn.softshrink(x, -1)),
        (ConfigError, "hardtanh: min_val=1 is not to be larger than max_val=0", lambda: nn.hardtanh(x, 1, 0)),
        (ShapeError, "glu: axis 1 has 3 elements, which have no half", lambda: nn.glu(x)),
        (ShapeError, "prelu: the weight has one axis or none", lambda: nn.prelu(x, np.ones((2, 3)))),
        (ShapeError, "broadcast", lambda: nn.prelu(x, np.ones(2))),
    ):
        with pytest.raises(error, match=message):
            call()


def test_bounds_and_weights_at_the_edge() -> None:
    """Equal bounds of hardtanh are one number; a number has the shape of a number with one weight, as in torch."""
    equal, one = sa.evaluate([nn.hardtanh(np.array([-1.0, 2]), 0.5, 0.5), nn.prelu(np.array(-2.0), np.array([0.5]))])
    np.testing.assert_array_equal(equal, [0.5, 0.5])
    assert one.shape == () and one == -1
