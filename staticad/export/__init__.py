"""Graphs for other tools: DOT text and SVG pictures, networkx graphs."""

import typing as _typing

from staticad.names import public as _public

if _typing.TYPE_CHECKING:
    from staticad.export.dot import to_dot
    from staticad.export.networkx_graph import to_networkx
    from staticad.export.steps import steps_to_dot
    from staticad.export.svg import to_svg

__all__ = ["steps_to_dot", "to_dot", "to_networkx", "to_svg"]

if not _typing.TYPE_CHECKING:
    __getattr__, __dir__ = _public(globals(), {})
