"""softmax and its kin against SciPy, at extremes too; losses; derivatives; errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.special

import staticad as sa
from staticad.autodiff.check import gradcheck
from staticad.autodiff.reverse import gradients
from staticad.errors import DTypeError, FeedError, IndexOutOfBounds, ShapeError
from staticad.functional import special
from staticad.reference import evaluate

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
    t = np.array([0, 1, 2, 0, 2])
    (g,) = evaluate(gradients(special.cross_entropy(x, t).sum(), [x]), {x: EXTREME})
    np.testing.assert_allclose(g, scipy.special.softmax(EXTREME, axis=1) - np.eye(3)[t], rtol=1e-12, atol=1e-15)


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
    with pytest.raises(DTypeError, match="one_hot: classes have to be integers.*test_special"):
        special.one_hot(sa.placeholder((2,)), 3)


@pytest.mark.parametrize("axis", [-1, 1, 0])
def test_cross_entropy(axis: int, rng: np.random.Generator) -> None:
    logits = rng.standard_normal((4, 3, 2)) * 5
    count = logits.shape[axis]
    others = tuple(np.delete(logits.shape, axis))
    targets = rng.integers(0, count, others)
    logp = scipy.special.log_softmax(logits, axis=axis)
    expected = -np.take_along_axis(logp, np.expand_dims(targets, axis), axis).squeeze(axis)
    for free in (False, True):
        x = sa.placeholder((None,) * 3 if free else logits.shape)
        t = sa.placeholder((None,) * 2 if free else others, "int32")
        loss = special.cross_entropy(x, t, axis)
        (found,) = evaluate(loss, {x: logits, t: targets.astype("int32")})
        np.testing.assert_allclose(found, expected, rtol=1e-13, strict=True)


def test_cross_entropy_keeps_accuracy_and_dtype() -> None:
    x = sa.placeholder((1, 2), "float32")
    loss = special.cross_entropy(x, np.array([0]))
    assert loss.dtype == np.float32
    (found,) = evaluate(loss, {x: np.array([[1e6 + 4, 1e6]], "float32")})
    np.testing.assert_allclose(found, [np.log1p(np.exp(-4.0))], rtol=1e-5)


@pytest.mark.parametrize("target", [-1, 3, 100])
def test_a_target_outside_raises(target: int) -> None:
    x, t = sa.placeholder((None, 3)), sa.placeholder((None,), "int64")
    loss = special.cross_entropy(x, t)
    with pytest.raises(IndexOutOfBounds, match="test_special"):
        evaluate(loss, {x: np.zeros((2, 3)), t: np.array([0, target])})


def test_no_examples() -> None:
    x, t = sa.placeholder((None, 3)), sa.placeholder((None,), "int64")
    (found,) = evaluate(special.cross_entropy(x, t), {x: np.zeros((0, 3)), t: np.zeros(0, "int64")})
    assert found.shape == (0,)


def test_loss_errors() -> None:
    x = sa.placeholder((4, 3), name="logits")
    with pytest.raises(DTypeError, match="cross_entropy: targets have to be integers.*test_special"):
        special.cross_entropy(x, sa.placeholder((4,)))
    for shape in [(3,), (4, 1), ()]:
        with pytest.raises(ShapeError, match="cross_entropy: .*'logits' .*test_special"):
            special.cross_entropy(x, sa.placeholder(shape, "int64"))
    with pytest.raises(ShapeError, match="cross_entropy: axis 2"):
        special.cross_entropy(x, sa.placeholder((4,), "int64"), axis=2)
    for shape in [(3,), (4, 1), ()]:
        with pytest.raises(ShapeError, match="mse: .*test_special"):
            special.mse(x, sa.placeholder(shape))
    free, t = sa.placeholder((None, 3)), sa.placeholder((None,), "int64")
    with pytest.raises(FeedError):
        evaluate(special.cross_entropy(free, t), {free: np.zeros((2, 3)), t: np.zeros(3, "int64")})


def test_mse(rng: np.random.Generator) -> None:
    a, b = rng.standard_normal((2, 4, 3))
    x, y = sa.placeholder((None, 3)), sa.placeholder((None, 3))
    np.testing.assert_allclose(evaluate(special.mse(x, y), {x: a, y: b})[0], ((a - b) ** 2).mean())
    assert special.mse(sa.placeholder((2,), "int64"), [1, 2]).dtype == np.float64


def test_derivatives(rng: np.random.Generator) -> None:
    x = sa.placeholder((None, 3))
    feeds = {x: rng.standard_normal((4, 3))}
    for node in [
        special.softmax(x), special.softmax(x, 0), special.log_softmax(x), special.logsumexp(x, 0),
        special.logsumexp(x), special.cross_entropy(x, np.array([0, 2, 1, 2])), special.mse(x, np.ones((4, 3))),
    ]:  # fmt: skip
        assert gradcheck(node, x, feeds)
