"""softmax and its kin against SciPy, at extremes too; derivatives; errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.special

import staticad as sa
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
