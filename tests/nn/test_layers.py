"""Layers compute what their formulas say, own their variables, and refuse what does not fit."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import ConfigError, DTypeError, GraphError, ShapeError
from staticad.nn import Dense, Layer, Sequential
from staticad.nn.initializers import constant
from staticad.reference import evaluate


@pytest.mark.parametrize("shape", [(5, 3), (3,), (2, 4, 3), (0, 3)])
@pytest.mark.parametrize("use_bias", [True, False])
def test_dense(shape: tuple[int, ...], use_bias: bool, rng: np.random.Generator) -> None:
    layer = Dense(3, 2, sa.tanh, use_bias=use_bias, dtype="float64", rng=0)
    array = rng.normal(size=shape)
    expected = array @ layer.weight.value
    if layer.bias is not None:
        layer.bias.assign([0.5, -0.5])
        expected += [0.5, -0.5]
    x = sa.placeholder(shape, name="x")
    y = layer(x)
    for value in (evaluate(y, {x: array})[0], sa.compile(y, inputs=[x])(array)):
        np.testing.assert_allclose(value, np.tanh(expected), rtol=1e-12)


def test_the_variables_of_dense() -> None:
    layer = Dense(3, 2, name="hidden")
    assert layer.bias is not None
    assert layer.variables == (layer.weight, layer.bias)
    assert [v.name for v in layer.variables] == ["hidden.weight", "hidden.bias"]
    assert [v.shape for v in layer.variables] == [(3, 2), (2,)]
    assert {v.dtype for v in layer.variables} == {np.dtype("float32")}
    assert not layer.bias.value.any() and layer.weight.value.std() > 0
    assert len(Dense(3, 2, use_bias=False).variables) == 1


def test_seeds_and_generators() -> None:
    a, b, c = (Dense(3, 2, rng=seed).weight.value for seed in (5, 5, 6))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)
    rng = np.random.default_rng(5)
    d, e = (Dense(3, 2, rng=rng).weight.value for _ in range(2))
    np.testing.assert_array_equal(a, d)
    assert not np.array_equal(d, e)
    assert not np.array_equal(Dense(3, 2).weight.value, Dense(3, 2).weight.value)


def test_initializers_by_name_and_as_functions() -> None:
    np.testing.assert_array_equal(Dense(3, 2, initializer=constant(0.5)).weight.value, np.full((3, 2), 0.5))
    assert np.abs(Dense(300, 200, initializer="he", rng=0).weight.value).max() > np.sqrt(6 / 300)
    assert np.abs(Dense(300, 200, initializer="glorot", rng=0).weight.value).max() <= np.sqrt(6 / 500)


def test_float32_stays_float32() -> None:
    x = sa.placeholder((None, 3), "float32")
    assert Sequential([Dense(3, 4), sa.relu, Dense(4, 2)])(x).dtype == "float32"


def test_sequential(rng: np.random.Generator) -> None:
    first, second = Dense(3, 4, dtype="float64"), Dense(4, 2, dtype="float64")
    model = Sequential([first, sa.relu, Sequential([second]), lambda x: x * 2.0])
    x, array = sa.placeholder((None, 3), name="x"), rng.normal(size=(6, 3))
    y = model(x)
    assert y.shape == (x.shape[0], 2)
    hidden = np.maximum(array @ first.weight.value, 0)
    for value in (evaluate(y, {x: array})[0], sa.compile(y, inputs=[x])(array)):
        np.testing.assert_allclose(value, hidden @ second.weight.value * 2, rtol=1e-12)
    assert model.variables == (*first.variables, *second.variables)
    one_by_one = Sequential(first, sa.relu, Sequential(second), lambda x: x * 2.0)
    assert one_by_one.variables == model.variables and not Sequential().layers
    assert isinstance(model, Layer) and repr(model).startswith("Sequential([Dense(3, 4), relu, Sequential([")


def test_a_shared_layer_has_its_variables_once() -> None:
    layer = Dense(3, 3)
    assert Sequential([layer, sa.tanh, layer]).variables == layer.variables
    assert Sequential([]).variables == ()


def test_freezing() -> None:
    first, second = Dense(3, 4), Dense(4, 2)
    model = Sequential([first, second])
    first.freeze()
    assert model.trainable_variables == second.variables and first.trainable_variables == ()
    model.unfreeze()
    assert model.trainable_variables == model.variables
    model.freeze()
    assert model.trainable_variables == ()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Dense(0, 2), ShapeError, "from 1"),
        (lambda: Dense(3, 2.0), ShapeError, "2.0"),  # type: ignore[arg-type]
        (lambda: Dense(3, 2, dtype="int64"), DTypeError, "int64"),
        (lambda: Dense(3, 2, initializer="unknown"), ConfigError, "unknown"),
        (lambda: Dense(3, 2, initializer=lambda shape, rng: np.zeros(3)), ShapeError, "initializer"),
        (lambda: Sequential([Dense(3, 2), "relu"]), GraphError, "entry 1 is a str"),  # type: ignore[list-item]
        (lambda: Dense(3, 2, name="top")(sa.placeholder((None, 4), name="x")), ShapeError, r"top.*3 features.*'x'"),
        (lambda: Dense(3, 2)(sa.placeholder(())), ShapeError, "3 features"),
    ],
)
def test_what_does_not_fit(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_nodes_of_a_layer_name_the_users_line() -> None:
    y = Dense(3, 2)(sa.placeholder((None, 3), "float32"))
    assert y.where.file.endswith("test_layers.py")


def test_help_shows_the_arguments_of_a_layer() -> None:
    class Twice(sa.nn.Layer):
        def __init__(self, factor: float, *, bias: bool = True) -> None:
            self.factor = factor

        def __call__(self, x: sa.Tensor) -> sa.Tensor:
            return x * self.factor

    assert list(inspect.signature(sa.nn.Dense).parameters)[:3] == ["in_features", "out_features", "activation"]
    assert list(inspect.signature(Twice).parameters) == ["factor", "bias"]
