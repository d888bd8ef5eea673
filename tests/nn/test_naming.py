"""Layers find what they hold by their attributes, and name it by its path."""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import GraphError
from staticad.ir.graph import Tensor, sort_nodes
from staticad.nn import Dense, Layer, Sequential


class Scale(Layer):
    """One variable."""

    def __init__(self, name: str | None = None) -> None:
        self.factor = sa.variable(np.float32(2.0))
        self.name = name

    def __call__(self, x: Tensor) -> Tensor:
        return x * self.factor


class Network(Layer):
    """Sublayers and variables in all kinds of attributes."""

    def __init__(self) -> None:
        self.encoder = [Dense(3, 4), sa.tanh, (Dense(4, 2), Scale())]
        self.heads = {"mean": Dense(2, 1), 3: Scale()}
        self.shift = sa.variable(np.zeros(2, "float32"))
        self.tied = self.encoder[0]
        self.size, self.note, self.empty = 3, "text", None

    def __call__(self, x: Tensor) -> Tensor:
        encoder: Any = self.encoder
        y = encoder[2][1](encoder[2][0](encoder[1](encoder[0](x)))) + self.shift
        return self.heads[3](self.heads["mean"](y))


PATHS = """
encoder.0.weight encoder.0.bias encoder.2.0.weight encoder.2.0.bias encoder.2.1.factor heads.mean.weight
heads.mean.bias heads.3.factor shift
""".split()


def names(layer: Layer) -> list[str | None]:
    return [v.name for v in layer.variables]


def test_paths_are_those_of_attributes() -> None:
    net = Network()
    assert list(net.named_variables()) == PATHS == names(net)
    assert list(net.named_layers()) == ["encoder.0", "encoder.2.0", "encoder.2.1", "heads.mean", "heads.3"]
    assert net.variables == net.trainable_variables == tuple(net.named_variables().values())
    net.heads["mean"].freeze()
    assert len(net.trainable_variables) == len(PATHS) - 2


def test_names_are_paths_in_the_outermost_layer() -> None:
    model = Sequential([Network(), sa.relu, Dense(1, 1), Sequential([Scale()])])
    assert names(model) == [*(f"0.{path}" for path in PATHS), "2.weight", "2.bias", "3.0.factor"]
    assert list(model.named_variables()) == names(model)
    x = sa.placeholder((None, 3), "float32", name="x")
    scopes = {node.op.name: node.where.scope for node in sort_nodes([model(x)])}
    assert (scopes["relu"], scopes["tanh"], scopes["mul"]) == ("", "0", "3.0")


def test_unnamed_layers_of_their_own_have_different_names() -> None:
    layers = [Dense(2, 2), Dense(2, 2), Scale(), Scale()]
    found = [name for layer in layers for name in names(layer)]
    assert len(set(found)) == 6 and all(name is not None for name in found)
    assert found[0] is not None and found[0].startswith("dense") and found[0].endswith(".weight")


def test_names_that_are_given_stand_in_the_place_of_attributes() -> None:
    model = Sequential([Dense(2, 2, use_bias=False, name="top"), Scale("top"), Scale("1")])
    assert names(model) == ["top.weight", "1.factor", "2.factor"]  # each once
    assert list(model.named_variables()) == ["0.weight", "1.factor", "2.factor"]

    class Named(Layer):
        def __init__(self) -> None:
            self.w = sa.variable(1.0, name="scale")

    assert names(Sequential([Named(), Named()])) == ["0.scale", "1.scale"]


def test_a_scope_begins_the_names_of_a_model() -> None:
    models = []
    for who in ("student", "teacher"):
        with sa.name_scope(who):
            models.append(Network())
    assert [m.variables[0].name for m in models] == ["student.encoder.0.weight", "teacher.encoder.0.weight"]
    assert list(models[0].named_variables()) == PATHS
    name = models[0].variables[0].name
    assert Sequential([models[0]]).variables[0].name == name  # made in another scope: it keeps its name


def test_the_first_model_that_holds_a_layer_names_it() -> None:
    net = Network()
    Sequential([net.encoder[0], Dense(4, 1)])
    assert names(net) == PATHS


def test_layers_that_are_added_later_are_found() -> None:
    net = Network()
    net.encoder.append(Dense(2, 2))
    net.last = Scale()  # type: ignore[attr-defined]
    found = net.named_variables()
    assert {"encoder.3.weight", "last.factor"} < set(found) and len({v.name for v in found.values()}) == len(found)


def test_circles_end() -> None:
    class Child(Layer):
        def __init__(self, parent: Any) -> None:
            self.parent, self.w = parent, sa.variable(1.0)

    class Parent(Layer):
        def __init__(self) -> None:
            self.me: list[Any] = [self]
            self.me.append(self.me)
            self.child = Child(self)
            self.w = sa.variable(1.0)

    assert set(Parent().named_variables()) == {"child.w", "w"}


def test_dataclasses_and_abstract_classes_are_layers() -> None:
    @dataclass(frozen=True)
    class Pair(Layer, ABC):
        first: Layer
        second: Layer

        def __call__(self, x: Tensor) -> Tensor:
            return self.second(self.first(x))

    pair = Pair(Dense(2, 3), Scale())
    assert names(pair) == ["first.weight", "first.bias", "second.factor"]
    y = pair(sa.placeholder((None, 2), "float32"))
    assert y.where.scope == "second" and y.shape[1] == 3


def test_slots_are_attributes() -> None:
    @dataclass(slots=True)
    class Pair(Layer):
        first: Layer
        second: Layer

        def __call__(self, x: Tensor) -> Tensor:
            return self.second(self.first(x))

    pair = Pair(Dense(2, 3), Scale())
    assert names(pair) == ["first.weight", "first.bias", "second.factor"]
    assert pair(sa.placeholder((None, 2), "float32")).where.scope == "second"


def test_sequential_with_attributes_of_its_own() -> None:
    class More(Sequential):
        def __init__(self, layers: list[Callable[[Tensor], Tensor]]) -> None:
            super().__init__(layers)
            self.extra = sa.variable(1.0)

        def __call__(self, x: Tensor) -> Tensor:
            return super().__call__(x)

    model = Sequential([More([Scale()])])
    assert names(model) == ["0.0.factor", "0.extra"]
    y = model(sa.placeholder((), "float32"))
    assert y.where.scope == "0.0"  # each layer once, also where a call calls that of its base


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"a": {(0, 1): sa.variable(1.0)}}, r"a: the key \(0, 1\) of a dict with variables; use strings or ints"),
        ({"a": {"b": sa.variable(1.0)}, "a.b": sa.variable(1.0)}, "two parts of a layer have the path 'a.b'"),
    ],
)
def test_paths_that_can_not_be(attributes: dict[str, Any], message: str) -> None:
    class Odd(Layer):
        def __init__(self) -> None:
            vars(self).update(attributes)

    with pytest.raises(GraphError, match=message):
        Odd().named_variables()


def test_a_layer_without_a_call_says_so() -> None:
    class Empty(Layer):
        pass

    assert Empty().variables == ()
    with pytest.raises(GraphError, match="Empty has no __call__; define it"):
        Empty()(1)
