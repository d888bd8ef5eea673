"""Nodes, tensors and traversals: identity, attributes, order, depth, and what a symbolic tensor refuses."""

from __future__ import annotations

import copy
import gc
import math
import sys
import threading
import weakref
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import GraphError
from staticad.ir.graph import NO_ATTRS, Attrs, Node, Tensor, describe, no_grad, sort_nodes
from staticad.ir.provenance import Where
from staticad.ir.types import TensorType
from staticad.ops.arithmetic import ADD
from staticad.ops.base import Op, apply
from staticad.ops.sources import constant, placeholder
from staticad.ops.transcendental import EXP
from staticad.reference import evaluate

DEPTH = 20_000


def chain(x: Tensor, depth: int = DEPTH) -> Tensor:
    for _ in range(depth):
        x = apply(EXP, x)
    return x


def test_attributes_are_an_immutable_mapping() -> None:
    attrs = Attrs(b=2, a=(1, 2))
    assert dict(attrs) == {"a": (1, 2), "b": 2}
    assert list(attrs) == ["a", "b"]
    assert len(attrs) == 2
    assert attrs["b"] == 2
    assert "c" not in attrs
    assert repr(attrs) == "a=(1, 2), b=2"
    with pytest.raises(KeyError):
        attrs["c"]
    with pytest.raises(TypeError):
        attrs["b"] = 3  # type: ignore[index]
    assert len(NO_ATTRS) == 0


def test_attributes_compare_by_value_and_floats_by_their_bits() -> None:
    assert Attrs(a=1, b=2) == Attrs(b=2, a=1)
    assert hash(Attrs(a=1, b=2)) == hash(Attrs(b=2, a=1))
    assert Attrs(a=1) != Attrs(a=2)
    assert Attrs(a=1) != Attrs(b=1)
    assert Attrs(a=1) != {"a": 1}
    assert Attrs(a=0.0) != Attrs(a=-0.0)
    assert Attrs(a=math.nan) == Attrs(a=float("nan"))
    assert hash(Attrs(a=math.nan)) == hash(Attrs(a=float("nan")))
    assert Attrs(a=0.5) == Attrs(a=1 / 2)
    assert math.copysign(1, Attrs(a=-0.0)["a"]) == -1


def test_a_tensor_tells_what_it_is() -> None:
    x = placeholder(("n", 3), "float32", name="x")
    y = x + 1
    assert y.shape == x.shape
    assert y.dtype == np.dtype("float32")
    assert y.ndim == 2
    assert y.type == TensorType(x.shape, y.dtype)
    assert y.op is ADD
    assert y.inputs[0] is x
    assert (x.name, y.name) == ("x", None)
    assert y.size == 3 * x.shape[0]
    assert y.where.file == __file__
    assert repr(x) == "<Tensor placeholder 'x' float32[n,3]>"
    assert repr(y) == "<Tensor add float32[n,3]>"
    assert repr(y.node) == "<add -> float32[n,3]>"
    assert repr(x.node) == "<placeholder x -> float32[n,3]>"
    assert describe(x) == f"placeholder 'x' float32[n,3] (made at {x.where})"


def test_nodes_and_tensors_are_compared_by_identity() -> None:
    x = placeholder(())
    a, b = apply(EXP, x), apply(EXP, x)
    assert len({a, b, x}) == 3
    assert {a: 1}[a] == 1
    assert a.node != b.node
    assert isinstance(a == b, Tensor)
    assert a.node.serial < b.node.serial
    assert a.node.out is a


class Two(Op):
    """An op with two outputs."""

    several_outputs = True

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Any:
        return (inputs[0], inputs[0]), ()


def test_a_node_may_have_several_outputs() -> None:
    x = placeholder(())
    node = Node(Two("two", numpy=lambda v: (v, 2 * v)), (x,), NO_ATTRS, (x.type, x.type))
    first, second = node.outputs
    assert (first.index, second.index) == (0, 1)
    assert first.node is second.node is node
    with pytest.raises(ValueError):
        node.out  # noqa: B018
    values = evaluate([second + first, first], {x: 3.0})
    assert values == [9.0, 3.0]


def test_tensor_class_and_place_can_be_given() -> None:
    class Special(Tensor):
        __slots__ = ()

    where = Where("train.py", 12, "main")
    x = placeholder(())
    node = Node(EXP, (x,), NO_ATTRS, (x.type,), name="e", where=where, tensor_class=Special)
    assert isinstance(node.out, Special)
    assert node.out.where is where
    assert node.out.name == "e"


def test_order_is_inputs_first_and_deterministic() -> None:
    x, y = placeholder(()), placeholder(())
    a = x + y
    b = a * x
    c = b + a
    order = sort_nodes([c, b, y])
    assert order == [x.node, y.node, a.node, b.node, c.node]
    assert order == sort_nodes([c, b, y])
    assert sort_nodes([]) == []
    assert sort_nodes([x, x]) == [x.node]
    position = {node: i for i, node in enumerate(order)}
    assert all(position[t.node] < position[node] for node in order for t in node.inputs)


def test_order_stops_where_it_is_told() -> None:
    x = placeholder(())
    a = apply(EXP, x)
    b = apply(EXP, a)
    assert sort_nodes([b], stop=[a.node]) == [a.node, b.node]
    assert sort_nodes([b], stop=[b.node]) == [b.node]
    assert sort_nodes([b, x], stop=[a.node]) == [a.node, b.node, x.node]


def test_a_diamond_chain_is_visited_once_per_node() -> None:
    x = placeholder(())
    y = x
    for _ in range(200):  # 2**200 paths
        y = apply(ADD, y, y)
    assert len(sort_nodes([y])) == 201


def test_deep_chains_do_not_recurse() -> None:
    assert DEPTH > sys.getrecursionlimit()
    x = placeholder((), name="x")
    y = chain(x)
    order = sort_nodes([y])
    assert len(order) == DEPTH + 1
    assert order[0] is x.node
    assert order[-1] is y.node
    total = constant(0.0)
    for _ in range(DEPTH):
        total = total + 1.0
    assert evaluate([total])[0] == DEPTH


def test_deep_chains_are_freed() -> None:
    x = placeholder(())
    y = chain(x)
    watched = weakref.ref(y.node), weakref.ref(x.node)
    del x, y
    gc.collect()
    assert [ref() for ref in watched] == [None, None]


def test_truth_and_numbers_are_refused_with_a_remedy() -> None:
    x = placeholder((), name="x")
    with pytest.raises(GraphError, match=r"truth value of greater bool\[\] .*sa\.where.*sa\.cond.*sa\.while_loop"):
        if x > 0 or x:
            pass
    with pytest.raises(GraphError, match="sa.where"):
        bool(x)
    for convert in (float, int, complex, lambda t: [1, 2][t], lambda t: range(t)):
        with pytest.raises(GraphError, match="no value before a session runs"):
            convert(x)
    with pytest.raises(TypeError):
        bool(x)
    with pytest.raises(ValueError):
        bool(x)


def test_length_and_iteration() -> None:
    x = placeholder((3, None), name="x")
    assert len(x) == 3
    rows = list(x)
    assert [r.shape for r in rows] == [x.shape[1:]] * 3
    first, *_ = x
    value = np.arange(6.0).reshape(3, 2)
    np.testing.assert_array_equal(evaluate([rows[1]], {x: value})[0], value[1])
    np.testing.assert_array_equal(evaluate([first], {x: value})[0], value[0])
    free = placeholder((None,), name="f")
    with pytest.raises(GraphError, match=r"can't iterate over the free size n\d+ of placeholder 'f'.*sa.scan"):
        list(free)
    with pytest.raises(GraphError, match="first size n.* is free"):
        len(free)
    scalar = placeholder(())
    with pytest.raises(GraphError, match="no axes"):
        len(scalar)
    with pytest.raises(GraphError, match="no axes"):
        list(scalar)


def test_no_grad_marks_nodes_and_ends() -> None:
    x = placeholder(())
    with no_grad():
        a = x * 2
        with sa.no_grad():
            b = x * 3
        c = x * 4
    d = x * 5
    assert [t.node.detached for t in (a, b, c, d, x)] == [True, True, True, False, False]
    with pytest.raises(RuntimeError), no_grad():
        raise RuntimeError
    assert not (x + 1).node.detached


def test_no_grad_is_a_matter_of_one_thread() -> None:
    x = placeholder(())
    seen: list[bool] = []
    with no_grad():
        thread = threading.Thread(target=lambda: seen.append((x * 2).node.detached))
        thread.start()
        thread.join()
        assert (x * 2).node.detached
    assert seen == [False]


def test_threads_may_build_at_once() -> None:
    x = placeholder(())
    results: list[Tensor] = []

    def build() -> None:
        results.append(chain(x, 500))

    threads = [threading.Thread(target=build) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    nodes = sort_nodes(results)
    assert len(nodes) == 4 * 500 + 1
    assert len({node.serial for node in nodes}) == len(nodes)


def test_a_shallow_copy_is_another_view_of_the_same_node() -> None:
    x = placeholder((2,))
    y = copy.copy(x)
    assert y.node is x.node
    assert y.index == x.index
