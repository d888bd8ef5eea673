"""Graphs as pictures: the text that Graphviz draws.

Colours tell the families of ops apart, shapes tell placeholders, variables and constants; outputs have a double
border. The text of a graph depends on nothing but the graph.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from staticad.export.attributes import (
    FORWARD,
    GRADIENT,
    UPDATE,
    Outputs,
    kind,
    lines,
    named_outputs,
    number_nodes,
    ordered_inputs,
    parts,
)
from staticad.export.bodies import inputs_of_node, outputs_of_body, parameters_of_body
from staticad.ir.graph import Node, check_name, sort_nodes
from staticad.ops.control import bodies

# Fill colours, light enough for black text.
COLOURS: Mapping[str, str] = {
    "placeholder": "#a6cee3",
    "feed": "#a6cee3",
    "variable": "#fdd49e",
    "constant": "#e0e0e0",
    "creation": "#eeeeee",
    "elementwise": "#d9ead3",
    "reduce": "#f4cccc",
    "argreduce": "#ead1dc",
    "movement": "#fff2cc",
    "reshape": "#fff2cc",
    "assemble": "#fce5cd",
    "gather": "#d0e0e3",
    "scatter": "#c9daf8",
    "contract": "#d9d2e9",
    "convolution": "#c9b7e0",
    "window": "#dccdea",
    "library": "#b4a7d6",
    "barrier": "#ffffff",
    "control": "#9fc5e8",
    "parameter": "#deebf7",
}
SHAPES: Mapping[str, str] = {
    "placeholder": "invhouse",
    "feed": "invhouse",
    "variable": "cylinder",
    "constant": "note",
    "temporary": "ellipse",
    "fetch": "house",
    "parameter": "ellipse",
}
_FRAMES: Mapping[str, str] = {
    FORWARD: "#4a86e8",
    GRADIENT: "#cc4125",
    UPDATE: "#6aa84f",
    "compute": "#4a86e8",
    "commit": "#6aa84f",
}
_DASHED: Mapping[str, str] = {"style": "dashed"}  # between a body and what is around it
_DOTTED: Mapping[str, str] = {"style": "dotted", "constraint": "false"}
_LONGEST = 1500  # characters of a string, each of at most 10 bytes
_HEAD = (
    '  graph [rankdir=TB, fontname="Helvetica", fontsize=12]',
    '  node [shape=box, style="filled,rounded", fillcolor=white, fontname="Helvetica", fontsize=10]',
    '  edge [fontname="Helvetica", fontsize=8, color="#666666"]',
)


def to_dot(tensors: Outputs, *, name: str = "graph", clusters: bool = True) -> str:
    """The graph below a tensor, a sequence of tensors, or a mapping of names to tensors, in the DOT language.

    A box for every node: its name, its op with attributes, dtype and shape; the tooltip is the user's line. Where
    the order of the inputs matters the edges carry their positions. With ``clusters`` the forward part and the parts
    that derivatives and optimizers made stand in boxes of their own, if there is more than one. The bodies of branches
    and loops are boxes, their parameters connected to what they stand for by dashed edges.
    Raises GraphError for what is no tensor.
    """
    outputs = named_outputs(tensors)
    numbers = number_nodes(outputs)
    results: dict[Node, list[str]] = {}
    for position, (label, tensor) in enumerate(outputs):
        results.setdefault(tensor.node, []).append(f"output {position}{': ' + label if label else ''}")
    boxes: dict[str, list[str]] = {}
    part = parts(numbers)
    drawn, edges = _draw(numbers, "", results)
    for node, text in drawn.items():
        boxes.setdefault(part[node], []).extend(text)
    return _digraph(name, boxes if clusters and len(boxes) > 1 else {"": _merge(boxes)}, edges)


def _draw(
    order: Iterable[Node], prefix: str, results: Mapping[Node, list[str]]
) -> tuple[dict[Node, list[str]], list[str]]:
    """For every node of one graph the lines that draw it and its bodies, and the edges among all of them."""
    names = {node: f"{prefix}n{number}" for number, node in enumerate(order)}
    drawn: dict[Node, list[str]] = {}
    edges: list[str] = []
    for node, identity in names.items():
        drawn[node] = [_box(node, identity, results.get(node, []))]
        inside = bodies(node)
        for position in inputs_of_node(node):
            edges.append(_edge(names[node.inputs[position].node], identity, _edge_label(node, position)))
        for number, body in enumerate(inside):
            inner = f"{identity}b{number}"
            title = f"body of {node.op.name}" if len(inside) == 1 else f"branch {number} of {node.op.name}"
            nodes = sort_nodes(body.outputs)
            lines_, more = _draw(nodes, inner, {})
            inner_names = {n: f"{inner}n{k}" for k, n in enumerate(nodes)}
            drawn[node] += _cluster(inner, title, node, _merge(lines_))
            edges += more
            for parameter, stands_for in parameters_of_body(node, body):
                if parameter.node in inner_names:
                    edges.append(_edge(names[stands_for.node], inner_names[parameter.node], "", _DASHED))
            for place, (label, tensor) in enumerate(outputs_of_body(node, body)):
                source = inner_names[tensor.node]
                edges.append(_edge(source, identity, label, _DASHED))
                carried = body.parameters[place].node if label.startswith("carry") else None
                if carried in inner_names:
                    edges.append(_edge(source, inner_names[carried], "next step", _DOTTED))
    return drawn, edges


def _cluster(identity: str, title: str, node: Node, content: Sequence[str]) -> list[str]:
    look = f"color={quote(COLOURS['control'])}; style=rounded; tooltip={quote(str(node.where))}"
    head = f"label={quote(title)}; {look}"
    return [f"subgraph {quote('cluster_' + identity)} {{", f"  {head}", *(f"  {line}" for line in content), "}"]


def steps_to_dot(
    steps: Sequence[Mapping[str, Any]],
    buffers: Mapping[str, Mapping[str, str]] | None = None,
    *,
    name: str = "kernels",
) -> str:
    """A compiled plan in the DOT language: a box for every kernel call, a node for every content of a buffer.

    Each step has ``label`` (text, may have several lines), ``kind`` (a family, for the colour), ``reads`` and
    ``writes`` (keys of buffers), and, if known, ``where`` (the user's line) and ``phase`` (steps of different phases
    and what they write stand in different boxes). ``buffers`` gives for a key its ``label`` and its ``role``: feed,
    variable, constant, temporary or fetch. A buffer that is written twice appears as two nodes, one per content; a
    step that writes a buffer only in part has it among its ``reads`` as well.
    """
    known = buffers or {}
    phases = {str(step.get("phase", "")) for step in steps}
    boxes: dict[str, list[str]] = {"": []}
    edges: list[str] = []
    versions: dict[str, int] = {}
    identities: dict[tuple[str, int], str] = {}

    def role(key: str) -> str:
        return known.get(key, {}).get("role", "temporary")

    def content(key: str, written_in: str | None = None) -> str:
        version = versions[key] = versions.get(key, 0) if written_in is None else versions.get(key, -1) + 1
        identity = identities.get((key, version))
        if identity is None:
            identity = identities[key, version] = f"b{len(identities)}"
            shape, colour = SHAPES.get(role(key), "ellipse"), COLOURS.get(role(key), "#ffffff")
            label = known.get(key, {}).get("label", key).split("\n")
            style = {"shape": shape, "fillcolor": colour, "style": "filled"}
            boxes[written_in or ""].append(_node(identity, label, style))
        return identity

    for number, step in enumerate(steps):
        group = str(step.get("phase", "")) if len(phases) > 1 else ""
        style = {"fillcolor": COLOURS.get(step.get("kind", ""), "#ffffff"), "tooltip": str(step.get("where") or "")}
        boxes.setdefault(group, []).append(_node(f"k{number}", str(step["label"]).split("\n"), style))
        written = step.get("writes", ())
        # What a kernel reads of a temporary that nobody has written yet is what it wrote itself.
        own = {key for key in written if key not in versions and role(key) in ("temporary", "fetch")}
        edges += [_edge(content(key), f"k{number}") for key in dict.fromkeys(step.get("reads", ())) if key not in own]
        edges += [_edge(f"k{number}", content(key, group)) for key in dict.fromkeys(written)]
    return _digraph(name, boxes, edges)


def quote(text: str) -> str:
    """The text as a DOT string that shows it as it is: no escape sequence or entity in it has a meaning.

    Control characters and lone surrogates, which DOT can't hold, are shown by their codes. Graphviz reads no string of
    more than 16 KiB, so long ones are cut; it frees what it never made of a line without characters, so such a line is
    a space.
    """
    text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    if "\n" in text:
        text = "\n".join(line or " " for line in text.split("\n"))
    shown = "".join(c if c == "\n" or (c.isprintable() and not "\ud800" <= c <= "\udfff") else _code(c) for c in text)
    escaped = shown.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;").replace("\n", "\\n")
    return f'"{escaped}"'


def _code(character: str) -> str:
    return " " if character in "\xa0\t" else character.encode("unicode_escape").decode()


def _box(node: Node, identity: str, results: list[str]) -> str:
    about = kind(node)
    style = {"fillcolor": COLOURS.get(about, "#ffffff"), "tooltip": str(node.where)}
    if about in SHAPES:
        style |= {"shape": SHAPES[about], "style": "filled"}
    if results:
        style["peripheries"] = "2"
    return _node(identity, [*lines(node), *results], style)


def _node(identity: str, label: Sequence[str], style: Mapping[str, str]) -> str:
    attributes = {"label": "\n".join(label), **style}
    return f"{identity} [{', '.join(f'{key}={quote(value)}' for key, value in attributes.items())}]"


def _edge_label(node: Node, position: int) -> str:
    labels = []
    if ordered_inputs(node):
        labels.append(str(position))
    if len(node.inputs[position].node.types) > 1:
        labels.append(f"of output {node.inputs[position].index}")
    return " ".join(labels)


def _edge(source: str, target: str, label: str = "", style: Mapping[str, str] = MappingProxyType({})) -> str:
    attributes = {**({"label": label} if label else {}), **style}
    shown = ", ".join(f"{key}={quote(value)}" for key, value in attributes.items())
    return f"{source} -> {target}" + (f" [{shown}]" if shown else "")


def _merge(boxes: Mapping[Any, list[str]]) -> list[str]:
    return [line for lines_ in boxes.values() for line in lines_]


def _digraph(name: str, boxes: Mapping[str, list[str]], edges: Sequence[str]) -> str:
    check_name("graph", name)
    text = [f"digraph {quote(name)} {{", *_HEAD]
    for group, content in boxes.items():
        if group:
            text.append(f"  subgraph {quote('cluster_' + group)} {{")
            text.append(f"    label={quote(group)}; color={quote(_FRAMES.get(group, '#666666'))}; style=rounded")
        text += [f"  {'  ' if group else ''}{line}" for line in content]
        if group:
            text.append("  }")
    text += [f"  {line}" for line in edges]
    text.append("}")
    return "\n".join(text) + "\n"
