"""The hash of a graph: whatever a program may depend on changes it, and nothing else does."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.ir.dims import Dim, Symbol, symbol
from staticad.ir.graph import Attrs, Node, Tensor, sort_nodes
from staticad.ir.provenance import Where
from staticad.ir.types import TensorType
from staticad.ops.arithmetic import ADD, SUB
from staticad.ops.catalogue import ALL_OPS
from staticad.ops.control import Body, all_nodes
from staticad.ops.sources import ConstantValue
from staticad.ops.unmade import Unmade
from staticad.runtime.graph_key import GraphKey, NoKey
from tests.harness import families
from tests.harness.op_cases import all_op_cases


class OddNumber(int):
    """What knows more than its base shows."""


def key(*tensors: Tensor, **roots: list[Tensor]) -> str:
    graph = Unmade(())
    graph.nodes += sort_nodes(tensors)  # which are not looked into: some tests change them to what can't be
    return GraphKey({"fetches": tensors, **roots}, graph).digest


def changed(value: Any) -> Iterator[Any]:
    """Values of the same class that are others, for every part of a value."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, float):
        yield value + 1.0 if np.isfinite(value) else 0.5
    elif isinstance(value, (int, Dim)):
        yield value + 1
    elif isinstance(value, str):
        yield f"{value}x"
    elif isinstance(value, np.dtype):
        yield next(dtype for dtype in families.ALL if dtype != value)
    elif isinstance(value, tuple):
        yield (*value, 1)
        for k, part in enumerate(value):
            yield from ((*value[:k], other, *value[k + 1 :]) for other in changed(part))
    elif isinstance(value, TensorType):
        yield from (TensorType(shape, value.dtype) for shape in changed(value.shape))
        yield from (TensorType(value.shape, dtype) for dtype in changed(value.dtype))
    elif isinstance(value, ConstantValue):
        yield ConstantValue(np.logical_not(value.array) if value.array.dtype == bool else value.array + 1)
    elif isinstance(value, Tensor):
        yield value + value
    elif isinstance(value, Node):
        yield copied(value, name="another")
    elif isinstance(value, Symbol):
        yield from (dataclasses.replace(value, **other) for other in ({"name": "x"}, {"local": True}, {"high": 7}))
    else:
        assert dataclasses.is_dataclass(value), f"no idea how to change {value!r}"
        for field in dataclasses.fields(value):
            yield from (dataclasses.replace(value, **{field.name: v}) for v in changed(getattr(value, field.name)))


def copied(node: Node, **parts: Any) -> Node:
    """The node with other parts."""
    given = {part: parts.get(part, getattr(node, part)) for part in ("op", "inputs", "attrs", "types", "constraints")}
    return Node(*given.values(), parts.get("name", node.name), parts.get("where", node.where), type(node.outputs[0]))


def loops() -> list[Tensor]:
    """All that control flow has: a while loop with its gradient, a scan, a choice."""
    x, n = sa.placeholder((None,), name="x"), sa.placeholder((), "int64", name="n")
    last = sa.while_loop(lambda s: s[0] < n, lambda s: (s[0] + 1, sa.sin(s[1])), (0 * n, x))[1]
    summed, partial = sa.scan(lambda s, v: (s + v, s * v), x.sum(), x, reverse=True)
    chosen = sa.cond(n > 0, lambda: x * 2.0, lambda: x)
    return [*sa.gradients((last + partial + chosen).sum() + summed, [x])]


@pytest.fixture(scope="module")
def nodes() -> list[Node]:
    """At least one node of every op."""
    found = {}
    for case in all_op_cases():
        for node in sort_nodes([case.tensor(case.dtypes[-1], {})]):
            found[node.op.name, repr(node.attrs)] = node
    z = sa.placeholder((2, 2), "complex128")  # ops of complex numbers alone
    of_complex = [sa.linalg.eigvals(z), sa.linalg.sqrtm(z), sa.linalg.solve_sylvester(z, z, z)]
    for node in [*all_nodes(loops()), *sort_nodes(of_complex)]:
        found[node.op.name, id(node)] = node
    variable = sa.variable([1.0]).node
    return [*found.values(), variable, sa.constant([1.0, 2.0]).node]


def test_every_part_of_every_op_counts(nodes: list[Node]) -> None:
    assert {node.op for node in nodes} == set(ALL_OPS)
    for node in nodes:
        before = key(*node.outputs)
        assert key(*copied(node).outputs) == before, node
        for name, value in node.attrs.items():
            for other in changed(value):
                attrs = Attrs(**{**node.attrs, name: other})
                assert key(*copied(node, attrs=attrs).outputs) != before, (node, name, other)
        for kind in changed(node.types[0]):
            assert key(*copied(node, types=(kind, *node.types[1:])).outputs) != before, (node, kind)
        assert key(*copied(node, constraints=(*node.constraints, (symbol("u"), 3))).outputs) != before
        assert key(*copied(node, name="a name").outputs) != before
        assert key(*copied(node, op=SUB if node.op is ADD else ADD).outputs) != before


def test_no_part_of_a_node_is_left_out() -> None:
    """Who adds one has to think of the hash."""
    parts = "attrs constraints detached inputs name op outputs serial types where"
    assert set(Node.__slots__) == {"__weakref__", *parts.split()}
    assert set(Tensor.__slots__) == {"index", "node", "type"}
    assert set(TensorType.__slots__) == {"__weakref__", "_hash", "dtype", "shape"}
    assert {field.name for field in dataclasses.fields(Body)} == {"parameters", "outputs", "demands", "locals"}


@pytest.mark.parametrize("value", [object(), lambda: None, 1j, sa.Session, Where, frozenset({1}), OddNumber(3)])
def test_what_is_not_known_has_no_hash(value: object) -> None:
    node = (sa.placeholder((3,)) + 1.0).node

    for held in (value, (1, (value,))):
        with pytest.raises(NoKey):
            key(*copied(node, attrs=Attrs(value=held)).outputs)


def test_ops_that_are_not_the_packages_have_no_hash() -> None:
    class Mine(type(ADD)):  # type: ignore[misc]
        pass

    node = (sa.placeholder((3,)) + 1.0).node
    with pytest.raises(NoKey):
        key(*copied(node, op=Mine("add", numpy=np.add, arity=2)).outputs)


def bits(pattern: int) -> float:
    return float(struct.unpack("<d", struct.pack("<Q", pattern))[0])


def test_constants_are_their_bits() -> None:
    values = [0.0, -0.0, bits(0x7FF8000000000000), bits(0x7FF8000000000001), bits(0xFFF8000000000000), 1.0, 1]
    values += [np.float32(1.0), True, [1.0], [[1.0]], [], [0.0, 1.0], [1.0, 0.0]]
    x = sa.placeholder((), name="x")
    keys = {key(Node(ADD, (x, c), Attrs(), (x.type,)).out) for c in map(sa.constant, values)}
    assert len(keys) == len(values)
    node = (x + x).node
    floats = [0.0, -0.0, bits(0x7FF8000000000000), bits(0x7FF8000000000001), 1.0]
    kinds: list[Any] = [*floats, *((f,) for f in floats), 1, True, (1,), (True,), "1", ("1",), None, np.int64(1), b"1"]
    assert len({key(copied(node, attrs=Attrs(value=v)).out) for v in kinds}) == len(kinds)


def test_orders_count() -> None:
    x, y = sa.placeholder((3,), name="x"), sa.placeholder((3,), name="x")
    a, b = x - y, y - x
    graphs = [[a], [b], [a, b], [b, a], [a, a], [x], [y, x], [x, y]]
    keys = [key(*g, inputs=[x, y]) for g in graphs]
    assert len(set(keys)) == len(graphs)
    assert key(a, inputs=[x, y]) != key(a, inputs=[y, x]) and key(a, x) != key(a, inputs=[x])
    c = sa.exp(x)
    assert key(c + c, inputs=[x]) != key(sa.exp(x) + sa.exp(x), inputs=[x])


def test_sizes() -> None:
    """Free sizes may have other serial numbers, but neither other names nor another order of them."""

    def graph(*sizes: Any) -> str:
        x, y = (sa.placeholder((size,), name="x") for size in sizes)
        return key(sa.sum(x) * sa.sum(y), inputs=[x, y])

    one, two, three, ten, twelve, many = (
        Dim(((((Symbol("n", serial), 1),), 1),)) for serial in (1, 2, 3, 10, 12, 9999)
    )
    assert graph(one, two) == graph(two, three) == graph(two, many) == graph(ten, twelve) != graph(one, one)
    assert graph(one, one) == graph(many, many) != graph("n", "n")
    assert graph(two, one) != graph(one, two) and graph(three, twelve) != graph(one, two)
    assert graph(one, twelve) != graph(one, two)  # the one name begins the other
    assert len({graph("n", "m"), graph("m", "n"), graph("n", "n"), graph("n", "k"), graph("n", 3), graph("n", 4)}) == 6
    assert graph(symbol("n") * 2, "n") != graph(symbol("n") * 2 + 1, "n") != graph(symbol("n") // 2, "n")


def test_lines_do_not_count_but_which_nodes_share_one() -> None:
    def graph(file: str, source: str) -> str:
        space: dict[str, Any] = {"sa": sa}
        exec(compile(source, file, "exec"), space)
        return key(space["y"], inputs=[space["x"]])

    text = "x = sa.placeholder((3,), name='x')\ny = sa.exp(x)\ny = sa.exp(y)\n"
    same = graph("a.py", text)
    assert graph("b.py", f"\n\n{text}") == same
    assert graph("a.py", "x = sa.placeholder((3,), name='x')\ny = sa.exp(sa.exp(x))\n") != same


def test_bodies_are_those_of_their_loops() -> None:
    def graph(step: Callable[[Any, Any], Any]) -> str:
        x = sa.placeholder((3,), name="x")
        return key(sa.fori_loop(0, 4, step, x), inputs=[x])

    keys = [graph(lambda i, s: s * 2.0), graph(lambda i, s: s * 3.0), graph(lambda i, s: s * 2.0 + i)]
    assert len(set(keys)) == 3 and keys[0] == graph(lambda i, s: s * 2.0)
    assert [key(*loops()) for _ in range(3)] == [key(*loops())] * 3
