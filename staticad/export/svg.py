"""Pictures without a system Graphviz: the one inside pygraphviz's wheels draws them."""

from __future__ import annotations

import importlib

from staticad.errors import CompileError


def to_svg(dot: str) -> str:
    """DOT text (of `to_dot` or a session's ``to_dot``) as an SVG picture.

    Needs the package pygraphviz (extra "examples"), whose wheels bring Graphviz along.
    Raises CompileError if it is missing or can't read the text.
    """
    try:
        pygraphviz = importlib.import_module("pygraphviz")
    except ImportError as error:
        raise CompileError("to_svg needs pygraphviz; install it: pip install 'staticad[examples]'") from error
    try:
        drawing = pygraphviz.AGraph(string=dot).draw(format="svg", prog="dot")
    except (pygraphviz.DotError, ValueError, OSError) as error:
        raise CompileError(f"Graphviz can't draw this text: {error}") from error
    return drawing.decode()
