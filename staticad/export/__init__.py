"""Graphs for other tools: DOT text and SVG pictures, networkx graphs."""

from staticad.export.dot import to_dot
from staticad.export.networkx_graph import to_networkx
from staticad.export.steps import steps_to_dot
from staticad.export.svg import to_svg

__all__ = ["steps_to_dot", "to_dot", "to_networkx", "to_svg"]
