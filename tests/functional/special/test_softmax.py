"""softmax and its kin against SciPy, at extremes too; derivatives; errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.special

import staticad as sa
from staticad import nn
from staticad.autodiff.reverse import gradients
from staticad.errors import DTypeError
from staticad.functional import special
from staticad.reference import evaluate
from tests.harness.derivatives import check_gradients

EXTREME = np.array(
    [[1e4, 0.0, -1e4], [-1e300, 1e300, 0.0], [-np.inf, 0.0, 1.0], [800.0, 801.0, 802.0], [-800.0, -801.0, -802.0]]
)
INFINITE = np.array([[-np.inf, -np.inf, -np.inf], [np.inf, 0.0, 1.0], [np.nan, 0.0, 1.0]])


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
@pytest.mark.parametrize("axis", [0, 1, -1, (0, 2), None])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_like_scipy(name: str, axis: Any, dtype: str, rng: np.random.Generator) -> None:
    value = (rng.standard_normal((2, 3, 4)) * 10).astype(dtype)
    x = sa.placeholder((None, 3, None), dtype)
    node = getattr(special, name)(x, axis=axis)
    expected = getattr(scipy.special, name)(value, axis=axis)
    np.testing.assert_allclose(
        evaluate(node, {x: value})[0], np.asarray(expected), rtol=1e-5 if dtype == "float32" else 1e-13, strict=True
    )


@pytest.mark.filterwarnings("ignore:invalid value", "ignore:divide by zero", "ignore:overflow")
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
@pytest.mark.parametrize("value", [EXTREME, INFINITE])
def test_extremes(name: str, value: np.ndarray) -> None:
    (found,) = evaluate(getattr(special, name)(sa.constant(value), axis=-1))
    np.testing.assert_allclose(found, getattr(scipy.special, name)(value, axis=-1), rtol=1e-14)


def test_keepdims_and_no_axes() -> None:
    x = sa.placeholder((2, 3))
    assert special.logsumexp(x, axis=0, keepdims=True).shape == (1, 3)
    assert special.logsumexp(x).shape == ()
    number = sa.placeholder(())
    np.testing.assert_allclose(evaluate(special.logsumexp(number), {number: -np.inf})[0], -np.inf)


def test_integers_become_floats() -> None:
    value = np.array([1, 2, 3])
    np.testing.assert_allclose(evaluate(special.softmax(sa.constant(value)))[0], scipy.special.softmax(value))
    assert special.softmax(sa.placeholder((3,), "int8")).dtype == np.float32


def test_gradients_at_extremes() -> None:
    x = sa.placeholder(EXTREME.shape)
    (g,) = evaluate(gradients(special.logsumexp(x, axis=1).sum(), [x]), {x: EXTREME})
    np.testing.assert_allclose(g, scipy.special.softmax(EXTREME, axis=1), rtol=1e-13)


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_one_hot(axis: int) -> None:
    value = np.array([[0, 2], [-1, 3]])
    expected = np.moveaxis((value[..., None] == np.arange(3)).astype("float64"), -1, axis)
    for dtype in ("float64", "int32", "bool"):
        for given in ("int64", "uint8"):
            x = sa.placeholder((None, 2), given)
            source = value.astype(given)
            found = evaluate(special.one_hot(x, 3, dtype, axis), {x: source})[0]
            np.testing.assert_array_equal(found, expected.astype(dtype), strict=True)
    with pytest.raises(DTypeError, match="one_hot: classes have to be integers.*test_softmax"):
        special.one_hot(sa.placeholder((2,)), 3)


def test_derivatives(rng: np.random.Generator) -> None:
    x = sa.placeholder((None, 3))
    feeds = {x: rng.standard_normal((4, 3))}
    for node in [
        special.softmax(x), special.softmax(x, 0), special.log_softmax(x), special.logsumexp(x, 0),
        special.logsumexp(x),
    ]:  # fmt: skip
        check_gradients(node, x, feeds)


def test_all_axes_in_special_and_the_last_elsewhere(rng: np.random.Generator) -> None:
    x = sa.placeholder((None, 3))
    value = rng.standard_normal((4, 3))
    found = evaluate([special.softmax(x), special.log_softmax(x), nn.softmax(x), sa.log_softmax(x)], {x: value})
    for name, results in (("softmax", found[::2]), ("log_softmax", found[1::2])):
        function = getattr(scipy.special, name)
        for result, wanted in zip(results, (function(value), function(value, axis=-1)), strict=True):
            np.testing.assert_allclose(result, wanted, rtol=1e-13)


@pytest.mark.filterwarnings("ignore:invalid value", "ignore:divide by zero")
def test_masks(rng: np.random.Generator) -> None:
    """What a mask leaves out is 0 (-inf of logarithms) and has no derivative, rows of nothing and NaN included."""
    x, mask = sa.placeholder((4, 3)), sa.placeholder((4, 3), "bool")
    value, kept = rng.standard_normal((4, 3)), rng.uniform(size=(4, 3)) < 0.6
    value[~kept] = np.nan
    kept[1] = False
    left = np.where(kept, value, -np.inf)
    results = [nn.softmax(x, where=mask), nn.log_softmax(x, where=mask), nn.logsumexp(x, 1, where=mask)]
    soft, log, total = evaluate(results, {x: value, mask: kept})
    np.testing.assert_allclose(soft, np.where(kept, scipy.special.softmax(left, axis=1), 0), rtol=1e-13)
    np.testing.assert_allclose(log, np.where(kept, scipy.special.log_softmax(left, axis=1), -np.inf), rtol=1e-13)
    np.testing.assert_allclose(total, scipy.special.logsumexp(left, axis=1), rtol=1e-13)
    weights = rng.standard_normal((4, 3))
    sums = [(results[0] * weights).sum(), sa.where(mask, results[1] * weights, 0).sum()]
    for slope in evaluate([gradients(y, [x])[0] for y in sums], {x: value, mask: kept}):
        assert np.isfinite(slope).all() and not slope[~kept].any() and slope.any()
        np.testing.assert_allclose(slope.sum(1), 0, atol=1e-14)
    y = nn.softmax(x, where=np.array([True, False, True]))
    check_gradients(y, x, {x: weights})
    assert nn.softmax(sa.placeholder((3,)), where=np.ones((2, 3), "bool")).shape == (2, 3)


def test_complex_numbers_are_shifted_by_real_parts(rng: np.random.Generator) -> None:
    z = sa.placeholder((None, 3), "complex128")
    value = rng.standard_normal((4, 3)) + 1j * rng.standard_normal((4, 3)) + 700
    e = np.exp(value - 700)
    soft, log, total = evaluate([nn.softmax(z), nn.log_softmax(z), nn.logsumexp(z, 1)], {z: value})
    np.testing.assert_allclose(soft, e / e.sum(1, keepdims=True), rtol=1e-12)
    np.testing.assert_allclose(np.exp(log), soft, rtol=1e-12)
    np.testing.assert_allclose(total, np.log(e.sum(1)) + 700, rtol=1e-12)
    (slope,) = evaluate(gradients(nn.logsumexp(z, 1).sum(), [z], grad_ys=1.0), {z: value})
    np.testing.assert_allclose(slope, soft, rtol=1e-12)


def test_errors_have_the_name_of_the_function() -> None:
    number = sa.placeholder(())
    for function in (sa.softmax, sa.log_softmax, nn.logsumexp, special.softmax):
        with pytest.raises(sa.ShapeError, match=f"^{function.__name__}: axis 1 .*test_softmax"):
            function(number, 1)
