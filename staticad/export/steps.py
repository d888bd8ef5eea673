"""Compiled plans as pictures: kernel calls, and the buffers between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from staticad.export.attributes import common_start
from staticad.export.dot import check_limit
from staticad.export.dot_text import COLOURS, DASHED, SHAPES, digraph, edge, frame
from staticad.export.groups import Item
from staticad.export.limit import LIMIT
from staticad.export.picture import Edge, Inside, Lines, Thing, draw
from staticad.ir.graph import check_name

Steps = Sequence[Mapping[str, Any]]
Buffers = Mapping[str, Mapping[str, str]]


def steps_to_dot(
    steps: Steps, buffers: Buffers | None = None, *, name: str = "kernels", limit: int | None = LIMIT
) -> str:
    """A compiled plan in the DOT language: a box for every kernel call, a node for every content of a buffer.

    Each step has ``label`` (text, may have several lines), ``kind`` (a family, for the colour), ``reads`` and
    ``writes`` (keys of buffers), and, if known, ``key`` (its name in DOT), ``where`` (the user's lines), ``line`` (file
    and number of the first), ``path`` (the groups that it stands in with what it writes, outermost first) and
    ``bodies`` (pairs of a title and steps). ``buffers`` gives for a key its ``label`` and its ``role``: feed, variable,
    constant, temporary or fetch. A buffer that is written twice appears as two nodes, one per content; a step that
    writes a buffer only in part has it among its ``reads`` as well.

    Where there would be more than half of ``limit`` boxes, temporary buffers are edges between kernels, and kernels
    name the variables that they write; where there are more than ``limit``, groups are single boxes. Raises GraphError
    for a limit that is no int of at least 10.
    """
    check_name("graph", name)
    check_limit(limit)
    things, edges = _things(steps, buffers or {}, False)
    if limit is not None and 2 * sum(thing.size for thing in things) > limit:
        things, edges = _things(steps, buffers or {}, True)
    (content, connections), _ = draw(things, edges, limit)
    return digraph(name, content, connections)


def _things(steps: Steps, buffers: Buffers, brief: bool) -> tuple[list[Thing], list[Edge]]:
    """Kernel calls and contents of buffers, and the edges between them."""
    made: dict[str, Thing | str] = {}  # by names in DOT; contents that are not drawn: the step that makes them
    edges: list[Edge] = []
    present: dict[str, str] = {}  # the content of each buffer
    readers: dict[str, list[Item]] = {}

    def role(key: str) -> str:
        return buffers.get(key, {}).get("role", "temporary")

    def content(key: str, step: Item | None) -> str:
        name = present[key] = f"b{len(made)}"
        if step is not None and brief and role(key) in ("temporary", "record", "variable"):
            made[name] = step.key
            return name
        style = {
            "shape": SHAPES.get(role(key), "ellipse"),
            "fillcolor": COLOURS.get(role(key), "#ffffff"),
            "style": "filled",
        }
        label = buffers.get(key, {}).get("label", key).split("\n")
        item = Item(name, step.path if step else (), step.line if step else "", (step.key,) if step else ())
        counted = role(key) if role(key) in ("feed", "variable") else ""
        made[name] = Thing(item, label, style, counted, label[:1] if role(key) == "fetch" else ())
        return name

    for number, step in enumerate(steps):
        name, path = str(step.get("key", f"k{number}")), tuple(step.get("path", ()))
        written = dict.fromkeys(step.get("writes", ()))
        # What a kernel reads of a temporary that nobody has written yet is what it wrote itself.
        own = {key for key in written if key not in present and role(key) in ("temporary", "fetch")}
        own |= {key for key in written if brief and role(key) == "variable"}
        needed = [
            key
            for key in dict.fromkeys(step.get("reads", ()))
            if key not in own and not (brief and role(key) == "constant")
        ]
        read = [present.get(key) or content(key, None) for key in needed]
        sources = [found if isinstance(found := made[source], str) else source for source in read]
        where = str(step.get("where") or "")
        item = Item(name, path, str(step.get("line", where)), tuple(sources))
        label = str(step["label"]).split("\n")
        if brief:
            label += [f"→ {_name(buffers, key)}" for key in written if role(key) == "variable"]
        style = {"fillcolor": COLOURS.get(step.get("kind", ""), "#ffffff"), "tooltip": where}
        inner = step.get("bodies", ())
        size = 1 + sum(_size(body) for _, body in inner)
        made[name] = Thing(item, label, style, label[0], (), False, _inside(inner) if inner else None, size)
        for source in dict.fromkeys(sources):
            edges.append(Edge(source, name))
            readers.setdefault(source, []).append(item)
        for key in written:
            target = content(key, item)
            if not isinstance(made[target], str):
                edges.append(Edge(name, target))
    things = [thing for thing in made.values() if isinstance(thing, Thing)]
    return [_beside(thing, readers.get(thing.item.key, ())) for thing in things], edges


def _name(buffers: Buffers, key: str) -> str:
    return buffers.get(key, {}).get("label", key).split("\n")[0]


def _beside(thing: Thing, readers: Sequence[Item]) -> Thing:
    """What no step writes stands with the steps that read it, those of the first part if there are several."""
    item = thing.item
    if item.path or item.inputs or not readers:
        return thing
    path = common_start([reader.path for reader in readers if reader.path[:1] == readers[0].path[:1]])
    return replace(thing, item=Item(item.key, path, readers[0].line, ()))


def _size(steps: Steps) -> int:
    return sum(1 + sum(_size(body) for _, body in step.get("bodies", ())) for step in steps)


def _inside(bodies: Sequence[tuple[str, Steps]]) -> Inside:
    """Draws the kernel calls of bodies."""

    def drawn(name: str, limit: int | None, locate: Callable[[str], str]) -> Lines:
        text: list[str] = []
        edges: list[str] = []
        for number, (title, steps) in enumerate(bodies):
            prefix = f"{name}b{number}"
            things, inner = _things(steps, {}, True)
            calls = [thing for thing in things if thing.style.get("shape") is None]
            keys = {thing.item.key for thing in calls}
            inner = [e for e in inner if {e.source, e.target} <= keys]
            (content, connections), shown = draw(calls, inner, limit, False, prefix)
            text += frame(prefix, title, COLOURS["control"], content)
            edges += connections
            ends = dict.fromkeys(shown[key] for key in shown if key not in {e.source for e in inner})
            edges += [edge(box, name, "", DASHED) for box in ends]
        return text, edges

    return drawn
