"""SVG pictures are well-formed, show every node, and errors name the remedy."""

from __future__ import annotations

import sys
from xml.etree import ElementTree

import pytest

import staticad as sa
from staticad.errors import GraphError, MissingPackage
from staticad.export import svg

SVG = "{http://www.w3.org/2000/svg}"


def titles(text: str, kind: str) -> set[str]:
    """Titles of the groups of one class: Graphviz writes nodes, edges and clusters so."""
    groups = ElementTree.fromstring(text.encode()).iter(f"{SVG}g")
    return {group.findtext(f"{SVG}title", "") for group in groups if group.get("class") == kind}


def test_dot_text() -> None:
    text = svg.to_svg('digraph { subgraph cluster_f { a [label="<x> & \\"y\\""]; } a -> b }')
    assert titles(text, "node") == {"a", "b"}
    assert titles(text, "edge") == {"a->b"}
    assert titles(text, "cluster") == {"cluster_f"}
    assert '<x> & "y"' in "".join(ElementTree.fromstring(text.encode()).itertext())


def test_tensors_are_drawn_as_their_dot() -> None:
    x = sa.placeholder((None, 3), "float32", name="pixels")
    y = sa.tanh(x).sum()
    text = svg.to_svg([y])
    assert text == svg.to_svg(sa.to_dot([y]))
    assert "pixels" in text


@pytest.mark.parametrize("text", ["", "hello", "digraph { a -> "])
def test_what_is_not_dot_is_an_error(text: str) -> None:
    with pytest.raises(GraphError, match="not DOT"):
        svg.to_svg(text)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    with pytest.raises(MissingPackage, match="pip install pygraphviz"):
        svg.to_svg("digraph {}")
