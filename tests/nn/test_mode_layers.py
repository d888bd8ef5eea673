"""Layers that obey the mode: what they compute in training and in use, and their variables."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import staticad as sa
from staticad.errors import ConfigError, DTypeError, GraphError, ShapeError
from staticad.nn import BatchNorm, Dense, Dropout, Layer, Sequential

ROWS = np.random.default_rng(0).normal(2.0, 3.0, (8, 3)).astype("float32")


def test_batch_norm_trains_and_keeps_statistics() -> None:
    layer = BatchNorm(3, momentum=0.5, name="normal")
    model = Sequential(layer, Sequential(Dense(3, 2, rng=0), BatchNorm(2, affine=False)))
    x = sa.placeholder((None, 3), "float32")
    assert model.updates() == {}
    y = model(x)
    inner = model.layers[1].layers[1]
    assert [*model.updates()] == [layer.running_mean, layer.running_var, inner.running_mean, inner.running_var]
    assert [v.name for v in layer.variables] == ["normal.weight", "normal.bias", *(
        f"normal.running_{name}" for name in ("mean", "var")
    )]  # fmt: skip
    changes = {**sa.optim.SGD(0.1).minimize((y**2).sum()), **model.updates()}
    train = sa.compile(layer(x), [x], updates={**changes, **layer.updates()}, mode="train")
    used = sa.compile(layer(x), [x], mode="eval")
    np.testing.assert_allclose(train(ROWS), (ROWS - ROWS.mean(0)) / ROWS.std(0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(layer.running_mean.value, 0.5 * ROWS.mean(0), rtol=1e-5)
    np.testing.assert_allclose(layer.running_var.value, 0.5 + 0.5 * ROWS.var(0, ddof=1), rtol=1e-5)
    scaled = (ROWS - layer.running_mean.value) / np.sqrt(layer.running_var.value + 1e-5)
    assert layer.weight is not None and layer.bias is not None and layer.weight.value.any()
    np.testing.assert_allclose(used(ROWS), scaled * layer.weight.value + layer.bias.value, rtol=1e-4, atol=1e-5)


def test_statistics_are_never_trained() -> None:
    model = Sequential(BatchNorm(3, dtype="float64"), Dense(3, 1, rng=0))
    before = model.trainable_variables
    model.freeze()
    assert not model.trainable_variables
    model.unfreeze()
    assert model.trainable_variables == before and len(before) == 4 and len(model.variables) == 6


def test_a_copy_shares_the_variables() -> None:
    layer = BatchNorm(3)
    layer(sa.placeholder((None, 3), "float32"))
    other = copy.copy(layer)
    assert other.updates() == {} and repr(other) == "BatchNorm(3)"
    assert other(sa.placeholder((1, 3), "float32")).shape == (1, 3)  # one row has no statistics
    assert [*other.updates()] == [*other.updates().values()] == [other.running_mean, other.running_var]


def test_dropout_obeys_the_mode() -> None:
    x, key = sa.placeholder((None, 3), "float32"), sa.placeholder((2,), "uint32")
    y = Sequential(Dropout(0.5, key), lambda x: x * 2.0)(x)
    dropped = sa.compile(y, [x, key], mode="train")(ROWS, np.array([0, 1], "uint32"))
    assert {0.0, 4.0} == set(np.round(dropped / ROWS, 4).ravel().tolist())
    np.testing.assert_array_equal(sa.compile(y, [x], mode="eval")(ROWS), 2 * ROWS)


def test_what_does_not_fit() -> None:
    with pytest.raises(ConfigError, match=r"Dropout: needs a key, .* \(at .*test_mode_layers.py"):
        Dropout(0.5)
    with pytest.raises(ConfigError, match="dropout: the rate has to be"):
        Dropout(1.5, sa.random.key(0))(ROWS)
    with pytest.raises(ShapeError, match="BatchNorm: the number of channels is an int from 1, not 0"):
        BatchNorm(0)
    with pytest.raises(DTypeError, match="weights of dtype int64"):
        BatchNorm(3, dtype="int64")
    with pytest.raises(ShapeError, match="batch_norm"):
        BatchNorm(3)(sa.placeholder((None, 4)))
    with pytest.raises(GraphError, match="Sequential: takes layers, or one list of them, not 3"):
        Sequential(3)  # type: ignore[arg-type]
    assert isinstance(Dropout(0.5, sa.random.key(0)), Layer)
