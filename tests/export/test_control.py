"""Bodies of branches and loops in pictures, networkx graphs and printed graphs."""

from __future__ import annotations

import networkx
import pygraphviz

import staticad as sa
from staticad.export.bodies import inputs_of_node, outputs_of_body, parameters_of_body
from staticad.ir.graph import Tensor, sort_nodes
from staticad.ir.printer import print_graph
from staticad.ops.control import bodies


def nested() -> tuple[Tensor, Tensor]:
    """A while loop whose body chooses between a product and a scan."""
    x, v = sa.placeholder((), name="x"), sa.placeholder((None,), name="v")

    def step(s: Tensor) -> Tensor:
        return sa.cond(s > 3, lambda: s * x, lambda: sa.scan(lambda a, b: (sa.maximum(a, b), None), s, v)[0])

    return sa.while_loop(lambda s: s < 10, step, x), x


def clusters(graph: pygraphviz.AGraph) -> dict[str, set[str]]:
    """The labels of clusters, each with those inside it and the names of its nodes' ops."""
    found: dict[str, set[str]] = {}
    for sub in graph.subgraphs():
        labels = {line for n in sub.nodes() for line in graph.get_node(n).attr["label"].split("\\n")}
        found[sub.graph_attr["label"]] = labels | {f"<{name}>" for name in clusters(sub)}
        found |= clusters(sub)
    return found


def test_bodies_are_clusters_in_clusters() -> None:
    y, _ = nested()
    graph = pygraphviz.AGraph(string=sa.to_dot(y))
    found = clusters(graph)
    assert found.keys() == {"body of loop", "branch 0 of cond", "branch 1 of cond"}
    assert "maximum" in found["branch 0 of cond"] and "<body of loop>" in found["branch 0 of cond"]
    assert "mul" in found["branch 1 of cond"] and "maximum" not in found["branch 1 of cond"]


def connections(graph: pygraphviz.AGraph) -> set[tuple[str, str, str, str]]:
    """Every edge: the ops at its ends, its label and style."""
    ops = ("placeholder", "parameter", "loop", "exp", "mul", "less")

    def op(name: str) -> str:
        label = graph.get_node(name).attr["label"]
        return next((op for op in ops if op in label), label)

    return {(op(e[0]), op(e[1]), e.attr["label"] or "", e.attr["style"] or "") for e in graph.edges()}


def test_parameters_are_connected_to_what_they_stand_for() -> None:
    x, w = sa.placeholder((), name="x"), sa.placeholder((), name="w")
    y = sa.while_loop(lambda s: s < 10, lambda s: sa.exp(s) * w, x)
    edges = connections(pygraphviz.AGraph(string=sa.to_dot(y)))
    assert {
        ("placeholder", "parameter", "", "dashed"),
        ("parameter", "exp", "", ""),
        ("mul", "loop", "carry 0", "dashed"),
        ("mul", "parameter", "next step", "dotted"),
        ("less", "loop", "goes on", "dashed"),
    } <= edges
    assert ("placeholder", "loop", "0", "") not in edges


def test_the_gradients_loops_stand_in_the_gradients_part() -> None:
    y, x = nested()
    graph = pygraphviz.AGraph(string=sa.to_dot([y, *sa.gradients(y, x)]))
    parts = {s.graph_attr["label"]: s for s in graph.subgraphs()}
    assert {"forward", "gradient"} <= parts.keys()
    assert "body of loop" in clusters(parts["gradient"])
    assert sa.to_svg(graph.to_string()).startswith("<?xml")


def test_a_graph_with_bodies_draws_the_same_every_time() -> None:
    y, _ = nested()
    assert sa.to_dot(y) == sa.to_dot(y)


def test_networkx_has_the_nodes_of_bodies() -> None:
    y, _ = nested()
    graph = sa.to_networkx(y)
    assert networkx.is_directed_acyclic_graph(graph)
    ops = dict(graph.nodes(data="op"))
    body = dict(graph.nodes(data="body"))
    (loop,) = [n for n, op in ops.items() if op == "loop" and body[n] is None]
    (cond,) = [n for n, op in ops.items() if op == "cond"]
    (inner,) = [n for n, op in ops.items() if op == "loop" and n != loop]
    assert body[cond] == (loop, 0) and body[inner] == (cond, 0)
    assert [body[n] for n, op in ops.items() if op == "maximum"] == [(inner, 0)]
    assert [body[n] for n, op in ops.items() if op == "mul"] == [(cond, 1)]
    (x,) = [n for n, op in ops.items() if op == "placeholder" and graph.nodes[n]["name"] == "x"]
    kinds = {graph.nodes[t]["op"]: data.get("kind") for _, t, data in graph.out_edges(x, data=True)}
    assert kinds == {"parameter": "parameter", "less": None}
    assert {data["kind"] for _, t, data in graph.in_edges(loop, data=True) if "kind" in data} == {"carry 0", "goes on"}


def test_printed_graphs_show_bodies_indented() -> None:
    x = sa.placeholder((), name="x")
    y = sa.while_loop(lambda s: s < 10, lambda s: sa.cond(s > x, lambda: s + x, lambda: s), x * 2)
    assert print_graph([y]) == (
        "%0 = placeholder[type=float64[]] 'x' : float64[]\n"
        "%1 = constant[type=float64[], value=2.] : float64[]\n"
        "%2 = mul(%0, %1) : float64[]\n"
        "%3 = constant[type=float64[], value=10.] : float64[]\n"
        "%4 = less(%2, %3) : bool[]\n"
        "%5 = loop[shape=while](%2, %0, %4) : float64[], int64[]\n"
        "    body(%6 : float64[], %7 : float64[]):\n"
        "        %8 = greater(%6, %7) : bool[]\n"
        "        %9 = cast[dtype=int64](%8) : int64[]\n"
        "        %10 = cond(%9, %7, %6) : float64[]\n"
        "            branches 0(%11 : float64[], %12 : float64[]):\n"
        "                return %12\n"
        "            branches 1(%13 : float64[], %14 : float64[]):\n"
        "                %15 = add(%14, %13) : float64[]\n"
        "                return %15\n"
        "        %16 = constant[type=float64[], value=10.] : float64[]\n"
        "        %17 = less(%10, %16) : bool[]\n"
        "        return %10, %17\n"
        "return %5.0"
    )


def test_the_length_of_a_loop_is_shown() -> None:
    x, v = sa.placeholder((), name="x"), sa.placeholder(("n",), name="v")
    total, _ = sa.scan(lambda s, e: (sa.sin(s) * e, None), x, v, reverse=True)
    text = sa.to_dot([total, *sa.gradients(total, x)])
    assert "loop(n steps, in reverse)" in text and "loop(n steps)" in text
    grown = sa.while_loop(lambda s: s < 9, lambda s: sa.exp(s), x)
    assert "loop(as many steps as recorded, in reverse)" in sa.to_dot(sa.gradients(grown, x))


def test_what_belongs_together() -> None:
    y, x = nested()
    (loop,) = [n for n in sort_nodes([y]) if n.op.name == "loop"]
    (body,) = bodies(loop)
    pairs = list(parameters_of_body(loop, body))
    assert [stands_for for _, stands_for in pairs] == list(loop.inputs[:3]) and pairs[0][1] is x
    assert list(inputs_of_node(loop)) == [3]  # the first condition
    assert [name for name, _ in outputs_of_body(loop, body)] == ["carry 0", "goes on"]
    (cond,) = [n for n in sort_nodes(body.outputs) if n.op.name == "cond"]
    assert list(inputs_of_node(cond)) == [0]
    assert [name for name, _ in outputs_of_body(cond, bodies(cond)[0])] == ["result 0"]
    assert list(inputs_of_node(x.node)) == [] and bodies(x.node) == ()
