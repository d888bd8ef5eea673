"""Dropout: how much is left out, that the mean is kept, gradients, new masks in every step, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import ConfigError, DTypeError, ShapeError
from tests.control.running import run

KEY = sa.random.key(0)
COUNT = 20_000


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_elements_are_left_out_and_the_others_scaled(rate: float, dtype: str) -> None:
    x = sa.placeholder((None, 4), dtype)
    array = np.arange(1, COUNT + 1, dtype=dtype).reshape(-1, 4)
    (found,) = run(sa.nn.dropout(x, rate, KEY), {x: array})
    kept = found != 0
    assert found.dtype == dtype
    assert abs(kept.mean() - (1 - rate)) < 4 * np.sqrt(rate * (1 - rate) / COUNT)
    np.testing.assert_allclose(found[kept], array[kept] / (1 - rate), rtol=1e-6)


def test_the_gradient_passes_where_elements_are_kept() -> None:
    x, rate = sa.placeholder((50,)), sa.placeholder(())
    y = sa.nn.dropout(x, rate, KEY)
    (g,) = sa.gradients(y.sum(), [x])
    found, slopes = run([y, g], {x: np.ones(50), rate: 0.25})
    np.testing.assert_array_equal(found, slopes)
    np.testing.assert_allclose(np.unique(slopes), [0, 4 / 3])


def test_without_training_and_without_a_rate_nothing_happens() -> None:
    x = sa.placeholder((3,))
    assert sa.nn.dropout(x, 0.5, KEY, training=False) is x
    assert sa.nn.dropout(x, 0, KEY) is x


def test_infinities_that_are_left_out_are_zero() -> None:
    x = sa.placeholder((100,))
    (found,) = run(sa.nn.dropout(x, 0.5, KEY), {x: np.full(100, np.inf)})
    assert set(found) == {0.0, np.inf}


def test_a_network_that_learns_with_dropout() -> None:
    """A step counter among the updates gives every step masks of its own."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(200, 2)).astype("float32")
    inside = (np.sum(points**2, axis=1) < 1.0).astype("int64")
    x, labels = sa.placeholder((None, 2), "float32"), sa.placeholder((None,), "int64")
    hidden = sa.nn.Dense(2, 32, sa.tanh, rng=rng)
    out = sa.nn.Dense(32, 2, rng=rng)
    step = sa.variable(0, name="step", trainable=False)
    key = sa.random.fold_in(sa.random.key(1), step)
    loss = sa.nn.cross_entropy(out(sa.nn.dropout(hidden(x), 0.2, key)), labels).mean()
    variables = [*hidden.variables, *out.variables]
    updates = {**sa.optim.Adam(0.05).minimize(loss, variables), step: step + 1}
    train = sa.compile(loss, inputs=[x, labels], updates=updates)
    losses = [float(train(points, inside)) for _ in range(150)]
    predict = sa.compile(out(hidden(x)).argmax(axis=1), inputs=[x])
    assert np.mean(predict(points) == inside) > 0.9
    assert np.abs(np.diff(losses[-20:])).min() > 0  # other masks, other losses


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda x: sa.nn.dropout(x, 1.0, KEY), ConfigError, r"dropout: the rate has to be in \[0, 1\), not 1.0"),
        (lambda x: sa.nn.dropout(x, -0.1, KEY), ConfigError, "the rate has to be in"),
        (lambda x: sa.nn.dropout(x, np.zeros(3), KEY), ShapeError, "the rate is one number"),
        (lambda x: sa.nn.dropout(x.astype("int32"), 0.5, KEY), DTypeError, "only floats can be scaled"),
        (lambda x: sa.nn.dropout(x, 0.5, 7), DTypeError, "a key is uint32"),
    ],
)
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as raised:
        make(sa.placeholder((3,)))
    assert "test_dropout.py:" in str(raised.value)


def test_whole_features_are_left_out() -> None:
    x = sa.placeholder(("n", 50, 3, 2))
    y = sa.nn.feature_dropout(x, 0.5, KEY)
    (found,) = run(y, {x: np.ones((4, 50, 3, 2))})
    flat = found.reshape(200, 6)
    np.testing.assert_array_equal(flat, np.broadcast_to(flat[:, :1], flat.shape))
    np.testing.assert_array_equal(np.unique(flat), [0, 2])
    assert abs((flat[:, 0] == 0).mean() - 0.5) < 4 * np.sqrt(0.25 / 200)
    assert sa.nn.feature_dropout(x, 0.5, KEY, training=False) is x
    with pytest.raises(ShapeError, match="feature_dropout: needs two axes at least"):
        sa.nn.feature_dropout(x[0, 0, 0], 0.5, KEY)


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    x = sa.placeholder((None,))
    (found,) = run(sa.nn.alpha_dropout(x, 0.3, KEY), {x: np.random.default_rng(0).normal(size=COUNT)})
    limit = np.unique(found, return_counts=True)
    assert abs(limit[1].max() / COUNT - 0.3) < 4 * np.sqrt(0.21 / COUNT)
    assert abs(found.mean()) < 4 / np.sqrt(COUNT)
    assert abs(found.var() - 1) < 0.05
    assert sa.nn.alpha_dropout(x, 0, KEY) is x
