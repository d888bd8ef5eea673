"""Graphs as pictures: the text that Graphviz draws.

Colours tell the families of ops apart, shapes tell placeholders, variables and constants; outputs have a double
border. The text of a graph depends on nothing but the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from staticad.errors import GraphError
from staticad.export.attributes import Outputs, kind, lines, named_outputs, ordered_inputs, paths
from staticad.export.bodies import inputs_of_node, outputs_of_body, parameters_of_body
from staticad.export.dot_text import COLOURS, DASHED, DOTTED, SHAPES, digraph, edge, frame
from staticad.export.groups import Item
from staticad.export.limit import LIMIT
from staticad.export.picture import Edge, Inside, Lines, Thing, draw
from staticad.ir.graph import Node, Tensor, check_name, sort_nodes
from staticad.ops.control import bodies
from staticad.ops.sources import CONSTANT


def to_dot(tensors: Outputs, *, name: str = "graph", clusters: bool = True, limit: int | None = LIMIT) -> str:
    """The graph below a tensor, a sequence of tensors, or a mapping of names to tensors, in the DOT language.

    A box for every node: its name, its op with attributes, dtype and shape; the tooltip is the user's line. Where
    the order of the inputs matters the edges carry their positions. With ``clusters`` there are frames around the
    forward part and the parts that derivatives and optimizers made, if there is more than one, and around name scopes
    inside of them. The bodies of branches and loops are frames, their parameters connected to what they stand for by
    dashed edges.

    A graph of more than ``limit`` nodes is drawn with groups as single boxes: name scopes, then nodes of one line of
    the user's, and bodies. None draws every node; in a picture of more than 300 boxes long edges are then
    references, texts that name what is read.

    Raises GraphError for what is no tensor, and for a limit that is no int of at least 10.
    """
    outputs = named_outputs(tensors)
    labels = [f"output {position}{': ' + label if label else ''}" for position, (label, _) in enumerate(outputs)]
    return graph_to_dot([t for _, t in outputs], labels, name=name, clusters=clusters, limit=limit)


def graph_to_dot(
    outputs: Sequence[Tensor],
    labels: Sequence[str],
    *,
    name: str = "graph",
    clusters: bool = True,
    limit: int | None = LIMIT,
) -> str:
    """The same for outputs that are called by these labels."""
    check_name("graph", name)
    check_limit(limit)
    results: dict[Node, list[str]] = {}
    for tensor, label in zip(outputs, labels, strict=True):
        results.setdefault(tensor.node, []).append(label)
    things, edges = _things(outputs, results)
    (content, connections), _ = draw(things, edges, limit, clusters)
    return digraph(name, content, connections)


def check_limit(limit: int | None) -> None:
    """Raises GraphError for what is no number of boxes."""
    if limit is not None and (not isinstance(limit, int) or limit < 10):
        raise GraphError(f"the limit of a picture is a number of boxes, at least 10, or None, not {limit!r}")


def _things(outputs: Sequence[Tensor], results: Mapping[Node, list[str]]) -> tuple[list[Thing], list[Edge]]:
    """The nodes of one graph, and the edges between them."""
    order = sort_nodes(outputs)
    keys = {node: f"n{number}" for number, node in enumerate(order)}
    path = paths(order)
    ends = {tensor.node for tensor in outputs}
    things: list[Thing] = []
    edges: list[Edge] = []
    for node, key in keys.items():
        own = set(inputs_of_node(node))
        read = dict.fromkeys(keys[tensor.node] for tensor in node.inputs)
        item = Item(key, path[node], f"{node.where.file}:{node.where.line}", tuple(read))
        things.append(_thing(node, item, keys, results.get(node, []), node in ends))
        for position, tensor in enumerate(node.inputs):
            label = _edge_label(node, position) if position in own else ""
            edges.append(Edge(keys[tensor.node], key, label, closed=position not in own))
    return things, edges


def _thing(node: Node, item: Item, keys: Mapping[Node, str], results: list[str], end: bool) -> Thing:
    about = kind(node)
    style = {"fillcolor": COLOURS.get(about, "#ffffff"), "tooltip": str(node.where)}
    if about in SHAPES:
        style |= {"shape": SHAPES[about], "style": "filled"}
    if results:
        style["peripheries"] = "2"
    inside = bodies(node)
    helper = not (node.inputs or end) and (about == "creation" or (node.op is CONSTANT and not node.types[0].shape))
    counted = "" if about in ("constant", "creation") else about if not node.inputs else node.op.name
    draw_inside = _inside(node, keys) if inside else None
    return Thing(item, [*lines(node), *results], style, counted, results, helper, draw_inside, _size(node))


def _size(node: Node) -> int:
    """How many nodes there are, those of bodies included."""
    return 1 + sum(_size(inner) for body in bodies(node) for inner in sort_nodes(body.outputs))


def _inside(node: Node, keys: Mapping[Node, str]) -> Inside:
    """Draws the bodies of a node."""

    def drawn(name: str, limit: int | None, locate: Callable[[str], str]) -> Lines:
        inside = bodies(node)
        text: list[str] = []
        edges: list[str] = []
        for number, body in enumerate(inside):
            prefix = f"{name}b{number}"
            title = f"body of {node.op.name}" if len(inside) == 1 else f"branch {number} of {node.op.name}"
            things, inner = _things(body.outputs, {})
            (content, connections), shown = draw(things, inner, limit, False, prefix)
            text += frame(prefix, title, COLOURS["control"], content, str(node.where))
            edges += connections
            keys_inside = {n: f"n{k}" for k, n in enumerate(sort_nodes(body.outputs))}
            for parameter, stands_for in parameters_of_body(node, body):
                if parameter.node in keys_inside:
                    box = shown[keys_inside[parameter.node]]
                    edges.append(edge(locate(keys[stands_for.node]), box, "", DASHED))
            for place, (label, tensor) in enumerate(outputs_of_body(node, body)):
                source = shown[keys_inside[tensor.node]]
                edges.append(edge(source, name, label, DASHED))
                carried = body.parameters[place].node if label.startswith("carry") else None
                if carried in keys_inside and shown[keys_inside[carried]] != source:
                    edges.append(edge(source, shown[keys_inside[carried]], "next step", DOTTED))
        return text, edges

    return drawn


def _edge_label(node: Node, position: int) -> str:
    labels = []
    if ordered_inputs(node):
        labels.append(str(position))
    if len(node.inputs[position].node.types) > 1:
        labels.append(f"of output {node.inputs[position].index}")
    return " ".join(labels)
