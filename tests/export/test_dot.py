"""DOT text is what Graphviz accepts, says everything of the graph, and shows every name as it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import staticad as sa
from staticad.autodiff.reverse import gradients
from staticad.errors import GraphError
from staticad.export.dot import to_dot
from staticad.export.dot_text import COLOURS, SHAPES, quote
from staticad.export.steps import steps_to_dot
from staticad.ir.graph import Tensor
from staticad.optim import SGD
from staticad.runtime.variables import variable
from tests.export.drawing import read, shown_texts


def neuron() -> tuple[Tensor, list[Tensor]]:
    x = sa.placeholder((None, 3), "float32", name="x")
    w = variable(np.ones(3, "float32"), name="w")
    return (sa.tanh(x * w) - 2.0 * x).sum(), [w]


def test_every_node_and_edge_is_there() -> None:
    x = sa.placeholder(("n", 2), "float32", name="x")
    y = sa.where(x > 0.0, x, x * x)
    drawing = read(to_dot(y, name="my graph"))
    assert drawing.name == "my graph"
    assert len(drawing.nodes) == 5  # x, 0.0, greater, mul, where
    place, product, choice = (drawing.labelled(text) for text in ("x", "mul", "where"))
    assert drawing.nodes[place]["label"] == "x\\nplaceholder\\nfloat32[n,2]"
    assert drawing.edges.count((place, product, "")) == 2
    assert (place, choice, "1") in drawing.edges and (product, choice, "2") in drawing.edges
    assert drawing.nodes[choice]["peripheries"] == "2" and "output 0" in drawing.nodes[choice]["label"]


def test_sources_and_families_look_different() -> None:
    x = sa.placeholder((4,), name="x")
    w = variable(np.ones(4), name="w")
    y = (x * w + 3.0).sum()
    drawing = read(to_dot(y))
    for name, role in (("x", "placeholder"), ("w", "variable"), ("3.0", "constant")):
        attributes = drawing.nodes[drawing.labelled(name)]
        assert (attributes["shape"], attributes["fillcolor"]) == (SHAPES[role], COLOURS[role])
    assert len({SHAPES[role] for role in ("placeholder", "variable", "constant")}) == 3
    assert drawing.nodes[drawing.labelled("mul")]["fillcolor"] == COLOURS["elementwise"]
    assert drawing.nodes[drawing.labelled("sum(axes=(0,))")]["fillcolor"] == COLOURS["reduce"]


def test_the_tooltip_is_the_users_line() -> None:
    x = sa.placeholder((), name="x")
    drawing = read(to_dot(sa.exp(x)))
    assert "test_dot.py:" in drawing.nodes[drawing.labelled("exp")]["tooltip"]


def test_forward_gradient_and_update_are_clusters() -> None:
    loss, (w,) = neuron()
    drawing = read(to_dot([loss, *SGD(0.1, momentum=0.9).minimize(loss).values()]))
    assert set(drawing.clusters) == {"forward", "gradient", "update"}
    assert sum(map(len, drawing.clusters.values())) == len(drawing.nodes)
    assert {drawing.labelled("x"), drawing.labelled("w")} <= drawing.clusters["forward"]
    assert drawing.labelled("w.momentum") in drawing.clusters["update"]
    backward = read(to_dot([loss, *gradients(loss, [w])]))
    assert set(backward.clusters) == {"forward", "gradient"}
    assert len(backward.clusters["forward"]) == len(read(to_dot(loss)).nodes)


def test_no_clusters_where_there_is_one_part_or_none_is_wanted() -> None:
    loss, (w,) = neuron()
    assert not read(to_dot(loss)).clusters
    assert not read(to_dot([loss, *gradients(loss, [w])], clusters=False)).clusters


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (2.5, "2.5"),
        (7, "7"),
        (True, "True"),
        (np.float32(0.1), "0.1"),
        (np.nan, "nan"),
        (-0.0, "-0.0"),
        ([1, 2], "[1,2]"),
        (np.zeros(100), "constant"),
        (np.zeros((0, 3)), "[]"),
    ],
)
def test_small_constants_are_shown_by_value(value: object, shown: str) -> None:
    assert read(to_dot(sa.constant(value))).labelled(shown) == "n0"


def test_long_attributes_are_cut() -> None:
    x = sa.placeholder((1,) * 40)
    label = read(to_dot(x.sum(axis=tuple(range(40))))).nodes["n1"]["label"]
    assert "…" in label and len(label) < 120


def test_outputs_may_be_one_several_or_named() -> None:
    x = sa.placeholder((), name="x")
    y, z = sa.exp(x), sa.sin(x)
    assert to_dot(y) == to_dot([y]) == to_dot(iter((y,)))
    named = read(to_dot({"left": y, "right": z, "again": y}))
    assert named.nodes[named.labelled("exp")]["label"].endswith("output 0: left\\noutput 2: again")
    assert "output 1: right" in named.nodes[named.labelled("sin")]["label"]
    assert read(to_dot([])).nodes == {}
    with pytest.raises(GraphError, match="ndarray"):
        to_dot([y, np.ones(2)])  # type: ignore[list-item]


def test_the_text_depends_on_the_graph_alone() -> None:
    x = sa.placeholder(("n",), name="x")
    first, second = (to_dot(sa.exp(x) * x) for _ in range(2))  # one line, so one tooltip
    assert first == second


def test_deep_graphs_do_not_recurse() -> None:
    y = sa.placeholder(())
    for _ in range(5000):
        y = sa.exp(y)
    assert to_dot(y, limit=None).count(" -> ") == 5000
    drawing = read(to_dot(y, limit=50))
    assert len(drawing.nodes) <= 50
    assert (
        sum(int(n["label"].split("\\n")[-2].split()[0]) for n in drawing.nodes.values() if "nodes" in n["label"]) > 4900
    )


HOSTILE = [
    'a "quoted" name',
    "back\\slash",
    "\\N \\G \\n \\l \\\\",
    "ends in \\",
    "<b>&amp; & &#65; &lt;</b>",
    "<<table>>",
    "ünïcödé ∂f/∂x 中文 🙂",
    "a;b]c}d{e[f=->--",
    "// comment /* */ #",
    "{a|b}",
    "digraph",
    "",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_shown_as_they_are(name: str) -> None:
    dot = to_dot({name: sa.exp(sa.placeholder((), name=name))}, name=name)
    assert len(read(dot).nodes) == 2
    shown = shown_texts(dot)
    if name:
        assert name in shown and f"output 0: {name}" in shown


def test_newlines_and_control_characters() -> None:
    shown = shown_texts(to_dot(sa.placeholder((), name="one\ntwo\rthree\x00\x1b\ud800\tfour")))
    assert shown[:2] == ["one", "two\\rthree\\x00\\x1b\\ud800 four"]


@given(st.text(st.characters(exclude_categories=["Zs", "Zl", "Zp", "C"]), min_size=1, max_size=20))
def test_any_printable_text_survives(text: str) -> None:
    dot = f"digraph {{ a [label={quote(text)}] }}"
    assert shown_texts(dot) == [text]


@given(st.text(max_size=30))
def test_any_text_parses(text: str) -> None:
    assert set(read(f"digraph {quote(text)} {{ a [label={quote(text)}]; b }}").nodes) == {"a", "b"}


STEPS = [
    {"label": "matmul", "kind": "contract", "reads": ["x", "w"], "writes": ["t0"], "where": "train.py:3"},
    {"label": "tanh\nsum", "kind": "reduce", "reads": ["t0", "t0"], "writes": ["t0", "loss"], "where": None},
    {"label": 'w - "g"', "kind": "elementwise", "reads": ["w", "t0"], "writes": ["w"], "phase": "commit"},
]
BUFFERS = {
    "x": {"label": "x float32[n,3]", "role": "feed"},
    "w": {"label": "w float32[3,2]", "role": "variable"},
    "loss": {"label": "loss float32[]", "role": "fetch"},
}


def test_steps_of_a_plan() -> None:
    drawing = read(steps_to_dot(STEPS, BUFFERS))
    assert drawing.nodes["k1"]["label"] == "tanh\\nsum" and drawing.nodes["k0"]["fillcolor"] == COLOURS["contract"]
    assert drawing.nodes["k0"]["tooltip"] == "train.py:3"
    assert len(drawing.nodes) == 3 + 6  # x, loss, and two contents each of w and t0
    x, loss = drawing.labelled("x float32[n,3]"), drawing.labelled("loss float32[]")
    assert drawing.nodes[x]["shape"] == SHAPES["feed"] and drawing.nodes[loss]["shape"] == SHAPES["fetch"]
    assert (x, "k0", "") in drawing.edges and ("k1", loss, "") in drawing.edges


def test_a_buffer_that_is_written_again_is_a_new_node() -> None:
    drawing = read(steps_to_dot(STEPS, BUFFERS))
    before = {source for source, target, _ in drawing.edges if target == "k1"}
    after = {target for source, target, _ in drawing.edges if source == "k1"}
    assert len(before) == 1 and not before & after
    (old,) = [s for s, t, _ in drawing.edges if t == "k2" and drawing.nodes[s]["label"].startswith("w ")]
    (new,) = [t for s, t, _ in drawing.edges if s == "k2"]
    assert old != new and drawing.nodes[new]["label"] == drawing.nodes[old]["label"]


def test_a_kernel_that_reads_its_own_results() -> None:
    drawing = read(
        steps_to_dot([{"label": "exp sum", "kind": "reduce", "reads": ["x", "t"], "writes": ["t"]}], BUFFERS)
    )
    assert len(drawing.nodes) == 3 and len(drawing.edges) == 2
    updated = read(steps_to_dot([{"label": "w + 1", "kind": "elementwise", "reads": ["w"], "writes": ["w"]}], BUFFERS))
    assert len(updated.nodes) == 3 and len(updated.edges) == 2


def test_paths_are_clusters_of_steps_and_what_they_write() -> None:
    steps = [{**step, "path": ("commit",) if step.get("phase") else ("forward", "dense")} for step in STEPS]
    drawing = read(steps_to_dot(steps, BUFFERS))
    written = {target for source, target, _ in drawing.edges if source == "k2"}
    assert drawing.clusters["commit"] == {"k2", *written}
    assert {"k0", "k1", *(n for n in drawing.nodes if drawing.nodes[n]["label"].startswith("x "))} <= (
        drawing.clusters["forward"]
    )
    assert not read(steps_to_dot(STEPS[:2])).clusters
    assert read(steps_to_dot([])).nodes == {}


def test_stages_of_a_session() -> None:
    loss, (w,) = neuron()
    session = sa.compile(loss, updates=SGD(0.1).minimize(loss), name="step")
    graph, optimized, kernels = (read(session.to_dot(stage)) for stage in ("graph", "optimized", "kernels"))
    assert graph.name == optimized.name == kernels.name == "step"
    assert set(graph.clusters) == {"forward", "gradient", "update"}
    assert len(optimized.nodes) < len(graph.nodes)
    assert "commit" in kernels.clusters and "k0" in kernels.nodes
    assert any(attributes["shape"] == "cylinder" for attributes in kernels.nodes.values())


def test_outputs_and_variables_carry_their_names() -> None:
    loss, (w,) = neuron()
    session = sa.compile({"loss": loss, "parts": [w * 2, sa.exp(w)]}, updates={w: w * 0.5})
    for stage in ("graph", "optimized", "kernels"):
        labels = "\n".join(a["label"] for a in read(session.to_dot(stage)).nodes.values()).replace("\\n", "\n")
        assert {"output 0: loss", "output 1: parts.0", "output 2: parts.1", "w"} <= set(labels.split("\n"))
        assert "new value of w" in labels or stage == "kernels"


def scoped_network(layers: int) -> Tensor:
    x = sa.placeholder((None, 4), "float32", name="x")
    weights = [variable(np.eye(4, dtype="float32"), name=f"w{k}") for k in range(layers)]
    for k, w in enumerate(weights):
        with sa.name_scope(f"block{k}"):
            x = sa.tanh(x @ w) * sa.sigmoid(x) + 1.0
    return (x * x).sum()


def test_name_scopes_are_frames_and_boxes_above_the_limit() -> None:
    loss = scoped_network(4)
    assert 'label="block3"' in to_dot(loss) and not read(to_dot(loss, clusters=False)).clusters
    drawing = read(to_dot([loss, *SGD(0.1).minimize(loss).values()], limit=30))
    titles = [n["label"].split("\\n")[0] for n in drawing.nodes.values() if n.get("shape") == "box3d"]
    assert titles.count("block2") == 2  # forward and gradient
    boxes = [n for n in drawing.clusters["forward"] if drawing.nodes[n]["label"].startswith("block2")]
    assert ["matmul" in drawing.nodes[box]["label"] for box in boxes] == [True]
    assert "test_dot.py" in drawing.nodes[boxes[0]]["tooltip"]


def test_a_large_graph_is_drawn_whole_and_in_groups() -> None:
    loss = scoped_network(60)
    outputs = [loss, *SGD(0.1).minimize(loss).values()]
    whole, grouped = read(to_dot(outputs, limit=None)), read(to_dot(outputs))
    assert len(whole.nodes) > 1000 and len(grouped.nodes) < 250
    referred = [n["label"] for n in whole.nodes.values() if n["label"].startswith("↑")]
    assert any("↑ w3" in label for label in referred)
    assert shown_texts(to_dot(outputs))


@pytest.mark.parametrize("limit", [0, 9, -1, 2.5, "many"])
def test_what_is_no_limit(limit: object) -> None:
    with pytest.raises(GraphError, match="limit of a picture"):
        to_dot(sa.constant(1.0), limit=limit)  # type: ignore[arg-type]


def test_bodies_are_closed_above_the_limit() -> None:
    x = sa.placeholder((), name="x")

    def body(s: Tensor) -> Tensor:
        for _ in range(40):
            s = sa.sin(s) + 1.0
        return s

    y = sa.while_loop(lambda s: s < 10, body, x)
    assert "nodes inside" not in to_dot(y)
    closed = read(to_dot([y, *[sa.cos(x * k) for k in range(12)]], limit=50))
    (loop,) = [name for name, n in closed.nodes.items() if "nodes inside" in n["label"]]
    assert (closed.labelled("x"), loop, "") in closed.edges
    assert len(closed.nodes) <= 60
