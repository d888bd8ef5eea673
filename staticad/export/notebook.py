"""What notebooks show of tensors and sessions: pictures, and tables as HTML. Without pygraphviz they show text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from staticad.errors import MissingPackage
from staticad.export.dot import to_dot
from staticad.export.svg import to_svg
from staticad.ir.graph import Tensor


def picture(dot: str) -> str | None:
    """The SVG picture of a DOT text; None where there is nothing to draw it with."""
    try:
        return to_svg(dot)
    except MissingPackage:
        return None


def drawn(tensor: Tensor) -> str | None:
    """The picture of the graph below a tensor, which notebooks ask for."""
    return picture(to_dot(tensor))


def escaped(text: str) -> str:
    """A text inside of HTML. Python's own module for it takes longer to import than to write."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def html_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are texts, of which several lines stay lines."""

    def row(cells: Sequence[str], tag: str) -> str:
        style = "text-align: left; vertical-align: top; white-space: pre"
        return "<tr>" + "".join(f'<{tag} style="{style}">{escaped(c)}</{tag}>' for c in cells) + "</tr>"

    return "\n".join(["<table>", row(head, "th"), *(row(cells, "td") for cells in rows), "</table>"])


def html_picture(dot: str) -> str:
    """A picture that a reader unfolds and scrolls; nothing where there is nothing to draw it with."""
    svg = picture(dot)
    if svg is None:
        return ""
    inner = svg[svg.index("<svg") :]
    return f'<details><summary>graph</summary><div style="overflow: auto; max-height: 40em">{inner}</div></details>'
