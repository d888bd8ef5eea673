"""Which things of a picture are drawn together, as one box, so that a large picture can be read.

Groups stand in each other, by name scope or by the user's lines. A group that is drawn as one box is convex: no way
leads out of it and back, so a picture has no cycles. The larger groups are, the later they are opened.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Hashable, Iterator, Sequence

from staticad.records import dataclass

_MANY = 12  # things beside each other that are grouped by line, if there is a limit
_MERGED = 600  # groups up to which those of one name are put together
_INTERVALS = 12  # groups of neighbours that a group is cut into where nothing else cuts it


@dataclass(frozen=True)
class Item:
    """What a picture shows: a node of a graph or a step of a plan. ``path`` are the names of the groups that it is in,
    outermost first, ``line`` is the user's line, ``inputs`` are the keys of items before this one."""

    key: str
    path: tuple[str, ...]
    line: str
    inputs: tuple[str, ...]


@dataclass(frozen=True)
class Box:
    """What is drawn in one place: one item, or a group with a title. ``path`` are the frames around it."""

    path: tuple[str, ...]
    title: str
    members: tuple[Item, ...]


@dataclass(frozen=True)
class _Group:
    path: tuple[str, ...]
    title: str
    members: tuple[Item, ...]
    by_line: bool = False

    def box(self) -> Box:
        if len(self.members) == 1:
            return Box(self.members[0].path, "", self.members)
        return Box(self.path[:-1] if self.path and self.path[-1] == self.title else self.path, self.title, self.members)


def arrange(items: Sequence[Item], limit: int | None) -> list[Box]:
    """The boxes of a picture, at most ``limit`` of them, in the order of their first items. Items come in an order in
    which inputs stand before their users."""
    if limit is None or len(items) <= limit:
        return [Box(item.path, "", (item,)) for item in items]
    position = {item.key: number for number, item in enumerate(items)}
    done: list[_Group] = []
    waiting = [(0, len(items), 0, _Group((), "", tuple(items)))]
    while waiting:
        depth, _, _, group = heapq.heappop(waiting)
        room = limit - len(done) - len(waiting)
        parts = next((p for p in _divisions(group, depth == 0) if 1 < len(p) <= room), None)
        if parts is None:
            done.append(group)
            continue
        for part in parts:
            if len(part.members) == 1:
                done.append(part)
            else:
                first = position[part.members[0].key]
                heapq.heappush(waiting, (depth + 1, len(part.members), first, part))
    done.sort(key=lambda group: position[group.members[0].key])
    return [group.box() for group in _numbered(done)]


def _numbered(groups: Sequence[_Group]) -> Iterator[_Group]:
    """The groups with numbers behind titles that several of one place have."""
    seen: dict[tuple[tuple[str, ...], str], int] = {}
    for group in groups:
        count = seen[group.path, group.title] = seen.get((group.path, group.title), 0) + 1
        title = group.title if count == 1 or not group.title else f"{group.title} ({count})"
        path = (*group.path[:-1], title) if group.path and group.path[-1] == group.title else group.path
        yield _Group(path, title, group.members)


def _divisions(group: _Group, whole: bool) -> Iterator[list[_Group]]:
    """The ways to open a group, the best first."""
    items, depth = group.members, len(group.path)
    inner = {item.path[: depth + 1] for item in items if len(item.path) > depth}

    def scope(item: Item) -> Hashable:
        return item.path[: depth + 1] if len(item.path) > depth else item.key

    def scope_or_line(item: Item) -> Hashable:
        return item.path[: depth + 1] if len(item.path) > depth else item.line or item.key

    if inner:
        if len(inner) == 1 and all(len(item.path) > depth for item in items):
            (path,) = inner
            yield from _divisions(_Group(path, path[-1], items), whole)
            return
        if sum(len(item.path) <= depth for item in items) <= _MANY:
            yield _split(group, scope)
        yield _split(group, scope_or_line)
    elif not group.by_line and len(items) > _MANY:
        yield _split(group, scope_or_line)
    yield [_Group(item.path, "", (item,)) for item in items]
    if whole or (group.by_line and len(items) > _MANY * _INTERVALS):
        size = -(-len(items) // _INTERVALS)
        cuts = [items[start : start + size] for start in range(0, len(items), size)]
        yield [_Group(group.path, f"{group.title or 'part'} {n}", cut, True) for n, cut in enumerate(cuts, 1)]


def _split(group: _Group, key_of: Callable[[Item], Hashable]) -> list[_Group]:
    """The group cut into convex groups of items with equal keys, as few as are found easily."""
    keys = {item.key: key_of(item) for item in group.members}
    ranks = _ranks(group.members, keys)
    cells: dict[tuple[int, Hashable], list[Item]] = {}
    for item in group.members:
        cells.setdefault((ranks[item.key], keys[item.key]), []).append(item)
    found = _merged(cells) if len(cells) <= _MERGED else list(cells.values())
    depth = len(group.path)

    def made(members: list[Item]) -> _Group:
        first = members[0]
        if len(first.path) > depth:
            path = first.path[: depth + 1]
            return _Group(path, path[-1], tuple(members))
        return _Group(first.path, first.line, tuple(members), True)

    return [made(members) for members in found]


def _ranks(items: Sequence[Item], keys: dict[str, Hashable]) -> dict[str, int]:
    """Numbers that grow along edges between keys, and do not fall inside of one: cells of equal key and rank are
    convex."""
    ranks: dict[str, int] = {}
    users: dict[str, list[str]] = {}
    sources: list[Item] = []
    for item in items:
        before = [key for key in item.inputs if key in keys]
        for key in before:
            users.setdefault(key, []).append(item.key)
        if before:
            ranks[item.key] = max(ranks.get(k, 0) + (keys[k] != keys[item.key]) for k in before)
        else:
            sources.append(item)
            ranks[item.key] = 0
    for item in sources:  # to their first users
        after = [ranks[k] - (keys[k] != keys[item.key]) for k in users.get(item.key, ())]
        ranks[item.key] = max(0, min(after, default=0))
    return ranks


def _merged(cells: dict[tuple[int, Hashable], list[Item]]) -> list[list[Item]]:
    """Cells of one key put together where no way leads from one to the other over others."""
    members = list(cells.values())
    cell_of = {item.key: number for number, items in enumerate(members) for item in items}
    after: list[set[int]] = [set() for _ in members]
    for number, items in enumerate(members):
        for item in items:
            for key in item.inputs:
                if key in cell_of and cell_of[key] != number:
                    after[cell_of[key]].add(number)
    root = list(range(len(members)))

    def find(number: int) -> int:
        while root[number] != number:
            number = root[number]
        return number

    def leads(start: int, end: int) -> bool:
        """Whether a way of two edges or more leads from one to the other."""
        seen, stack = {start}, [find(n) for n in after[start] if find(n) != end]
        while stack:
            number = stack.pop()
            if number in seen:
                continue
            seen.add(number)
            following = {find(n) for n in after[number]}
            if end in following:
                return True
            stack += following
        return False

    order = sorted(range(len(members)), key=lambda n: list(cells)[n][0])
    by_key: dict[Hashable, list[int]] = {}
    keys = [key for _, key in cells]
    for number in order:
        by_key.setdefault(keys[number], []).append(number)
    for numbers in by_key.values():
        for one, other in itertools.pairwise(numbers):
            first = find(one)
            if not leads(first, other) and not leads(other, first):
                root[other] = first
                after[first] |= after[other]
    merged: dict[int, list[Item]] = {}
    for number in range(len(members)):
        merged.setdefault(find(number), []).extend(members[number])
    return list(merged.values())
