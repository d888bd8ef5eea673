"""Reads DOT with Graphviz's own parser (pygraphviz carries it), so that what the tests accept, Graphviz draws."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree

import pygraphviz

from staticad.export import to_svg


@dataclass(frozen=True)
class Drawing:
    """Nodes with their attributes, edges (source, target, label), and the nodes of every cluster by its label."""

    name: str
    nodes: dict[str, dict[str, str]]
    edges: list[tuple[str, str, str]]
    clusters: dict[str, set[str]]

    def labelled(self, text: str) -> str:
        """The only node whose label has this line."""
        (node,) = [n for n, attributes in self.nodes.items() if text in attributes["label"].split("\\n")]
        return node


def read(dot: str) -> Drawing:
    """Parse DOT. Raises pygraphviz.DotError where Graphviz would."""
    graph = pygraphviz.AGraph(string=dot)
    try:
        return Drawing(
            name=graph.graph_attr.get("name", "") or str(graph.name),
            nodes={str(n): dict(n.attr) for n in graph.nodes()},
            edges=[(str(e[0]), str(e[1]), e.attr["label"] or "") for e in graph.edges()],
            clusters={s.graph_attr["label"]: {str(n) for n in s.nodes()} for s in graph.subgraphs()},
        )
    finally:
        graph.close()


def shown_texts(dot: str) -> list[str]:
    """Every line of text in the picture that Graphviz draws."""
    tree = ElementTree.fromstring(to_svg(dot).encode())
    return ["".join(element.itertext()) for element in tree.iter("{http://www.w3.org/2000/svg}text")]
