"""How a picture is put together: boxes in frames, with edges between them, of nodes as well as of steps.

A picture of many things shows groups as single boxes (`staticad.export.groups`). What has no inputs and costs nothing,
such as a number, is drawn beside each group that uses it. In a picture of many boxes edges that are long become
references, small texts that name what is read: long edges hide the rest, and Graphviz needs minutes for them.
"""

from __future__ import annotations

import linecache
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath

from staticad.export.attributes import shortened
from staticad.export.dot_text import FRAMES, GROUPS, edge, frame, node
from staticad.export.groups import Box, Item, arrange
from staticad.records import dataclass
from staticad.user_lines import place_text

_FEWEST = 10  # boxes of a body that is drawn in groups
_REFERRED = 60  # boxes from which on long edges are references
_MANY = 300  # boxes of a picture that takes Graphviz seconds
_LONG, _LONG_OF_MANY = 10, 6  # ranks
_LISTED = 6  # kinds, outputs or lines that the box of a group lists

Lines = tuple[list[str], list[str]]  # of boxes and of edges
Inside = Callable[[str, int | None, Callable[[str], str]], Lines]


@dataclass(frozen=True)
class Thing:
    """What is drawn. ``label`` and ``style`` are those of its box. ``kind`` is what the box of a group counts it as,
    ``notes`` is what that has to say of it as well. A ``helper`` is drawn beside each group of its users. ``inside``
    draws the bodies: it is given the thing's name in the picture, how many boxes are left, and what tells the names of
    other things; it returns lines and edges. ``size`` counts those, too."""

    item: Item
    label: Sequence[str]
    style: Mapping[str, str]
    kind: str
    notes: Sequence[str] = ()
    helper: bool = False
    inside: Inside | None = None
    size: int = 1


@dataclass(frozen=True)
class Edge:
    """An edge between things, by their keys; with ``closed`` one that is there if the target's bodies are not drawn."""

    source: str
    target: str
    label: str = ""
    closed: bool = False


def draw(
    things: Sequence[Thing], edges: Sequence[Edge], limit: int | None, clusters: bool = True, prefix: str = ""
) -> tuple[Lines, dict[str, str]]:
    """The lines of a picture's boxes in their frames, and those of its edges; and the name of the box that shows a
    thing, by the thing's key."""
    picture = _Picture(things, limit, prefix)
    return picture.draw(edges, clusters), {key: picture.name(box) for key, box in picture.box_of.items()}


class _Picture:
    def __init__(self, things: Sequence[Thing], limit: int | None, prefix: str) -> None:
        self.limit, self.prefix = limit, prefix
        self.things = {thing.item.key: thing for thing in things}
        whole = limit is None or sum(thing.size for thing in things) <= limit
        items = [thing.item for thing in things if not thing.helper]
        self.boxes = arrange(items, None if whole else limit)
        self.left = None if whole else max(0, (limit or 0) - len(self.boxes))
        self.box_of = {item.key: box for box in self.boxes for item in box.members}
        self.entries: list[tuple[tuple[str, ...], list[str]]] = []
        self.edges: list[str] = []
        self.copies: dict[tuple[str, tuple[str, ...]], str] = {}

    def name(self, box: Box) -> str:
        """What a box is called in DOT."""
        key = box.members[0].key
        return self.prefix + (f"g_{key}" if box.title else key)

    def source(self, key: str, path: tuple[str, ...]) -> str:
        """The name of what shows a thing to a box in these frames."""
        if key in self.box_of:
            return self.name(self.box_of[key])
        known = self.copies.get((key, path))
        if known is None:
            count = sum(k == key for k, _ in self.copies)
            known = self.copies[key, path] = f"{self.prefix}{key}" + (f"_{count}" if count else "")
            thing = self.things[key]
            self.entries.append((path, [node(known, thing.label, thing.style)]))
        return known

    def draw(self, edges: Sequence[Edge], clusters: bool) -> Lines:
        """Everything as lines."""
        rooms = self._rooms()
        for box in self.boxes:
            self.entries.append((box.path, self._box(box, rooms)))
        drawn = self._connect([e for e in edges if not e.closed or e.target not in rooms])
        return _framed(self.entries, clusters, self.prefix), [*drawn, *self.edges]

    def _rooms(self) -> dict[str, int | None]:
        """The things whose bodies are drawn, with the limit of each: the smallest first, as long as there is room."""
        if self.left is None:
            return {key: None for key, thing in self.things.items() if thing.inside is not None}
        single = [self.things[box.members[0].key] for box in self.boxes if not box.title]
        rooms: dict[str, int | None] = {}
        for thing in sorted((t for t in single if t.inside is not None), key=lambda t: t.size):
            if thing.size - 1 <= self.left:
                rooms[thing.item.key] = None
            elif self.left >= max(_FEWEST, (self.limit or 0) // 2):
                rooms[thing.item.key] = self.left
            else:
                break
            self.left = max(0, self.left - thing.size)
        return rooms

    def _box(self, box: Box, rooms: Mapping[str, int | None]) -> list[str]:
        name = self.name(box)
        if box.title:
            return [self._group(box, name)]
        thing = self.things[box.members[0].key]
        closed = thing.inside is not None and thing.item.key not in rooms
        more = [f"{thing.size - 1} nodes inside"] if closed else []
        lines = [node(name, [*thing.label, *more], thing.style)]
        if thing.inside is not None and not closed:
            inner, edges = thing.inside(name, rooms[thing.item.key], lambda key: self.source(key, box.path))
            lines += inner
            self.edges += edges
        return lines

    def _group(self, box: Box, name: str) -> str:
        members = [self.things[item.key] for item in box.members]
        counts = Counter(thing.kind for thing in members if thing.kind).most_common()
        kinds = [f"{count} {kind}" if count > 1 else kind for kind, count in counts[:_LISTED]]
        notes = [note for thing in members for note in thing.notes]
        lines = list(dict.fromkeys(item.line for item in box.members))
        label = [*_title(box), f"{len(members)} nodes", *_rows([*kinds, *(["…"] if len(counts) > _LISTED else [])])]
        label += notes[:_LISTED] + ([f"and {len(notes) - _LISTED} more"] if len(notes) > _LISTED else [])
        part = box.members[0].path[0] if box.members[0].path else ""
        style = {"shape": "box3d", "style": "filled", "fillcolor": GROUPS.get(part, "#eeeeee")}
        tooltip = "\n".join(lines[:_LISTED] + (["…"] if len(lines) > _LISTED else []))
        return node(name, label, style | {"tooltip": tooltip} | ({"peripheries": "2"} if notes else {}))

    def _connect(self, edges: Sequence[Edge]) -> list[str]:
        ranks = self._ranks(edges) if len(self.boxes) > _REFERRED else {}
        longest = _LONG if len(self.boxes) <= _MANY else _LONG_OF_MANY
        lines: list[str] = []
        seen: set[tuple[str, str]] = set()
        referred: dict[str, tuple[Box, dict[str, None]]] = {}
        for e in edges:
            target = self.box_of[e.target]
            source = self.box_of.get(e.source)
            if source is target or (source is None and target.title):
                continue
            end = self.name(target)
            grouped = bool(target.title or (source is not None and source.title))
            if grouped and source is not None:
                if (self.name(source), end) in seen:
                    continue
                seen.add((self.name(source), end))
            if source is not None and ranks:
                other = not source.members[0].inputs and source.path[:1] != target.path[:1]
                if other or ranks[end] - ranks[self.name(source)] > longest:
                    referred.setdefault(end, (target, {}))[1][self._reference(source)] = None
                    continue
            lines.append(edge(self.source(e.source, target.path), end, "" if grouped else e.label))
        for number, (end, (target, texts)) in enumerate(referred.items()):
            name, found = f"{self.prefix}r{number}", list(texts)
            shown = found[:_LISTED] + ([f"and {len(found) - _LISTED} more"] if len(found) > _LISTED else [])
            look = {"shape": "plain", "style": "", "fontcolor": "#666666", "tooltip": "\n".join(found)}
            self.entries.append((target.path, [node(name, shown, look)]))
            lines.append(edge(name, end))
        return lines

    def _reference(self, box: Box) -> str:
        """The text that names a box to another one."""
        if box.title:
            return f"↑ {'.'.join((*box.path[1:], ''))}{_title(box)[0]}"
        thing = self.things[box.members[0].key]
        named = len(thing.label) > 2  # else there is the op and its type
        return f"↑ {thing.label[0]}" if named else f"↑ {thing.label[0]} {thing.item.key}"

    def _ranks(self, edges: Sequence[Edge]) -> dict[str, int]:
        """How far below the top each box will stand; what has no inputs stands above its first user."""
        pairs = [(self.box_of[e.source], self.box_of[e.target]) for e in edges if e.source in self.box_of]
        before: dict[str, list[str]] = {}
        after: dict[str, list[str]] = {}
        for source, target in pairs:
            before.setdefault(self.name(target), []).append(self.name(source))
            after.setdefault(self.name(source), []).append(self.name(target))
        ranks: dict[str, int] = {}
        for box in self.boxes:
            name = self.name(box)
            ranks[name] = max((ranks[b] + 1 for b in before.get(name, ()) if b in ranks), default=0)
        for name in ranks.keys() - before.keys():
            ranks[name] = min((ranks[a] for a in after.get(name, ())), default=1) - 1
        return ranks


def _title(box: Box) -> list[str]:
    """What stands at the top of a group: its name, or the line with its text."""
    file, _, number = box.title.partition(" (")[0].rpartition(":")
    if not file or not number.isdecimal():
        return [box.title]
    code = linecache.getline(file, int(number)).strip()
    again = box.title.partition(" (")[2]
    place = PurePath(place_text(file, int(number))).name + (f" ({again}" if again else "")
    return [place, *([shortened(code)] if code else [])]


def _rows(words: Sequence[str]) -> list[str]:
    """Words in lines of three."""
    return [", ".join(words[start : start + 3]) for start in range(0, len(words), 3)]


def _framed(
    entries: Sequence[tuple[tuple[str, ...], list[str]]], clusters: bool, prefix: str, path: tuple[str, ...] = ()
) -> list[str]:
    """The lines of boxes, with a frame around those of each group that has several."""
    if not clusters:
        return [line for _, lines in entries for line in lines]
    depth = len(path)
    groups: dict[str, list[tuple[tuple[str, ...], list[str]]]] = {}
    for entry in entries:
        groups.setdefault(entry[0][depth] if len(entry[0]) > depth else "", []).append(entry)
    result: list[str] = []
    for group, inside in groups.items():
        if not group:
            result += [line for _, lines in inside for line in lines]
            continue
        content = _framed(inside, clusters, prefix, (*path, group))
        shown = len(groups) > 1 and (depth == 0 or len(inside) > 1)
        colour = FRAMES.get(group, "#666666") if depth == 0 else "#999999"
        result += frame(prefix + "/".join((*path, group)), group, colour, content) if shown else content
    return result
