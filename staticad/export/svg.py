"""SVG pictures, drawn by the Graphviz inside pygraphviz's wheels: none has to be installed on the system."""

from __future__ import annotations

import contextlib

from staticad import late
from staticad.errors import GraphError, MissingPackage
from staticad.export.attributes import Outputs
from staticad.export.dot import to_dot


def to_svg(source: str | Outputs) -> str:
    """Draw a graph; returns the text of an SVG document.

    `source` is DOT text (from `to_dot`, or `Session.to_dot` for the optimized graph and the kernels), or the tensors
    whose graph is wanted, which are given to `to_dot` first.

    Raises MissingPackage without the package pygraphviz (extra "examples"), GraphError when the text is not DOT.
    """
    try:
        pygraphviz = late.imported("pygraphviz")
    except ModuleNotFoundError as error:
        raise MissingPackage(
            "to_svg: the package pygraphviz is not installed; `pip install pygraphviz` (its wheels hold Graphviz too)"
            ", or draw the text of to_dot with a program of your own"
        ) from error
    dot = source if isinstance(source, str) else to_dot(source)
    try:
        graph = pygraphviz.AGraph(string=dot)
    except pygraphviz.DotError as error:
        raise GraphError(f"to_svg: not DOT: {dot[:60]!r}…; give the text that to_dot returns") from error
    with contextlib.closing(graph):
        return graph.draw(format="svg", prog="dot").decode("utf-8")
