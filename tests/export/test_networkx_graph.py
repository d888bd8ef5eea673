"""The networkx graph has the structure of the graph and says everything of nodes and edges."""

from __future__ import annotations

import networkx
import numpy as np
import pytest

import staticad as sa
from staticad.autodiff.reverse import gradients
from staticad.errors import GraphError
from staticad.export.networkx_graph import to_networkx
from staticad.runtime.variables import variable


def test_nodes_and_edges() -> None:
    x = sa.placeholder(("n", 2), "float32", name="x")
    w = variable(np.ones(2, "float32"), name="w")
    y = (x - w) * (x - w)
    graph = to_networkx([y, x], name="squares")
    assert graph.name == "squares" and networkx.is_directed_acyclic_graph(graph)
    assert len(graph) == 5  # equal expressions of the user's are two nodes until they are rewritten
    (last,) = [n for n, degree in graph.out_degree() if degree == 0]
    assert graph.nodes[last]["op"] == "mul" and graph.nodes[last]["outputs"] == (0,)
    (place,) = [n for n, name in graph.nodes(data="name") if name == "x"]
    assert graph.nodes[place] == {
        "label": "x\nplaceholder\nfloat32[n,2]",
        "op": "placeholder",
        "family": "placeholder",
        "attrs": "",
        "name": "x",
        "shape": ("n", 2),
        "dtype": "float32",
        "where": str(x.where),
        "part": "forward",
        "outputs": (1,),
    }
    (weights,) = [n for n, family in graph.nodes(data="family") if family == "variable"]
    (first, _) = graph.successors(weights)
    assert graph.get_edge_data(weights, first)[0] == {"position": 1, "output": 0, "shape": (2,), "dtype": "float32"}
    assert graph.get_edge_data(place, first)[0]["position"] == 0
    assert list(graph) == list(networkx.lexicographical_topological_sort(graph))


def test_two_edges_for_a_tensor_that_is_used_twice() -> None:
    x = sa.placeholder((), name="x")
    graph = to_networkx(x * x)
    assert sorted(edge["position"] for edge in graph.get_edge_data(0, 1).values()) == [0, 1]


def test_the_gradient_part() -> None:
    x = sa.placeholder((3,), name="x")
    y = sa.exp(x).sum()
    graph = to_networkx([y, *gradients(y, [x])])
    parts = dict(graph.nodes(data="part"))
    assert set(parts.values()) == {"forward", "gradient"}
    assert sum(part == "forward" for part in parts.values()) == 3
    crossings = [(a, b) for a, b in graph.edges() if parts[a] == "gradient" and parts[b] == "forward"]
    assert not crossings


def test_what_is_no_tensor_is_refused() -> None:
    with pytest.raises(GraphError, match="int"):
        to_networkx([3])  # type: ignore[list-item]
