"""The DOT language: strings, nodes, edges and frames as text, and the colours and shapes of a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from staticad.export.attributes import FORWARD, GRADIENT, UPDATE

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
FRAMES: Mapping[str, str] = {
    FORWARD: "#4a86e8",
    GRADIENT: "#cc4125",
    UPDATE: "#6aa84f",
    "commit": "#6aa84f",
}
GROUPS: Mapping[str, str] = {FORWARD: "#dbe7fb", GRADIENT: "#f8dcd6", UPDATE: "#dff0d6", "commit": "#dff0d6"}
DASHED: Mapping[str, str] = {"style": "dashed"}  # between a body and what is around it
DOTTED: Mapping[str, str] = {"style": "dotted", "constraint": "false"}
_LONGEST = 1500  # characters of a string, each of at most 10 bytes
_HEAD = (
    '  graph [rankdir=TB, fontname="Helvetica", fontsize=12]',
    '  node [shape=box, style="filled,rounded", fillcolor=white, fontname="Helvetica", fontsize=10]',
    '  edge [fontname="Helvetica", fontsize=8, color="#666666"]',
)
_EFFORT = (  # by the least number of boxes: limits of the search, and straight lines where there are very many
    (500, "nslimit=0.3, nslimit1=0.3, mclimit=0.05, splines=line"),
    (200, "nslimit=1, nslimit1=1, mclimit=0.2, splines=line"),
    (100, "nslimit=2, nslimit1=2, mclimit=0.5"),
)


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


def node(identity: str, label: Sequence[str], style: Mapping[str, str]) -> str:
    """A node with the lines of its label."""
    attributes = {"label": "\n".join(label), **style}
    return f"{identity} [{', '.join(f'{key}={quote(value)}' for key, value in attributes.items())}]"


def edge(source: str, target: str, label: str = "", style: Mapping[str, str] = MappingProxyType({})) -> str:
    """An edge."""
    attributes = {**({"label": label} if label else {}), **style}
    shown = ", ".join(f"{key}={quote(value)}" for key, value in attributes.items())
    return f"{source} -> {target}" + (f" [{shown}]" if shown else "")


def frame(identity: str, label: str, colour: str, content: Sequence[str], tooltip: str = "") -> list[str]:
    """A frame around lines of text."""
    more = f"; tooltip={quote(tooltip)}" if tooltip else ""
    head = f"label={quote(label)}; color={quote(colour)}; style=rounded{more}"
    return [f"subgraph {quote('cluster_' + identity)} {{", f"  {head}", *(f"  {line}" for line in content), "}"]


def digraph(name: str, content: Sequence[str], edges: Sequence[str]) -> str:
    """A whole graph. Graphviz is told to search less for a good place of everything the more there is."""
    count = sum(" [" in line for line in content)
    effort = next((f"  graph [{chosen}]" for least, chosen in _EFFORT if count >= least), None)
    lines = (f"  {line}" for line in (*content, *edges))
    return "\n".join([f"digraph {quote(name)} {{", *_HEAD, *([effort] if effort else []), *lines, "}"]) + "\n"
