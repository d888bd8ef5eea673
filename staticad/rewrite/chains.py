"""Chains of replacements, as item assignments make them: which of them was the last to write where a slice reads.

A program that changes an array element by element reads through all changes so far. An index of a chain by the places
that it writes finds the one replacement that a slice meets without a look at the others: regions of fixed places are
entered in cells as wide as they are, one table for every combination of widths. What places can't be compared as
numbers is looked at one by one, newest first.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Callable

from staticad.ir.dims import Size, at_least
from staticad.ir.graph import Node, Tensor
from staticad.ops.slicing import REPLACE, SLICE
from staticad.records import NamedTuple

Cells = tuple[int, ...]
CELLS_OF_A_READ = 9  # that are looked up at most; an axis with more of them tells nothing


class Region(NamedTuple):
    """The places ``starts + steps * k`` for ``0 <= k < sizes``."""

    starts: tuple[Size, ...]
    steps: tuple[int, ...]
    sizes: tuple[Size, ...]

    def hull(self, axis: int) -> tuple[int, int] | None:
        """The first and the last place along an axis, where these are numbers and in this order."""
        start, step, size = self.starts[axis], self.steps[axis], self.sizes[axis]
        if not isinstance(start, int) or not isinstance(size, int) or step < 0 or size < 1:
            return None
        return start, start + step * (size - 1)


def region_of(node: Node) -> Region:
    """Where a slice reads, or an embed or replace writes."""
    sizes = node.attrs["sizes"] if node.op is SLICE else node.inputs[-1].shape
    return Region(node.attrs["starts"], node.attrs["steps"], sizes)


def disjoint(read: Region, written: Region) -> bool:
    """Whether two regions are certain not to meet, because along some axis one ends before the other."""
    for start, step, size, begin, stride, count in zip(*read, *written, strict=True):
        if step < 0:
            continue
        if at_least(begin - (start + step * size), 1 - step) or at_least(start - (begin + stride * count), 1 - stride):
            return True
    return False


class Chains:
    """The chains that were asked about, and what was found. Nodes are indexed when they are first read through."""

    def __init__(self) -> None:
        self._places: dict[Node, tuple[_Chain, int]] = {}
        self.compared = 0

    def below(self, read: Region, node: Node) -> Tensor:
        """The newest replacement, from this one downwards, that may write where the region lies; the array at the
        bottom if there is none."""
        chain, position = self._placed(node)
        while True:
            found = chain.newest(read, position, self._disjoint)
            if found >= 0:
                return chain.nodes[found].out
            if isinstance(chain.bottom, Tensor):
                return chain.bottom
            chain, position = chain.bottom

    def _disjoint(self, read: Region, written: Region) -> bool:
        self.compared += 1
        return disjoint(read, written)

    def _placed(self, node: Node) -> tuple[_Chain, int]:
        """The chain of a replacement and its position, after what lies below it has been entered."""
        path: list[Node] = []
        while node.op is REPLACE and node not in self._places:
            path.append(node)
            node = node.inputs[0].node
        chain, last = self._places.get(node, (None, 0))
        if chain is None or (path and last + 1 < len(chain.nodes)):
            chain = _Chain(path[-1].inputs[0] if chain is None else (chain, last))
            last = -1
        for entered in reversed(path):
            last = chain.enter(entered)
            self._places[entered] = chain, last
        return chain, last


class _Chain:
    """Replacements of which each changes the one before; the first changes ``bottom``, maybe a place in another."""

    def __init__(self, bottom: Tensor | tuple[_Chain, int]) -> None:
        self.bottom = bottom
        self.nodes: list[Node] = []
        self._regions: list[Region] = []
        self._tables: dict[Cells, _Table] = {}  # by the width of a cell along each axis, 0 where places are no numbers
        self._known: dict[Region, tuple[int, int]] = {}

    def enter(self, node: Node) -> int:
        """The position of a further replacement."""
        position, region = len(self.nodes), region_of(node)
        self.nodes.append(node)
        self._regions.append(region)
        hulls = [region.hull(axis) for axis in range(len(region.starts))]
        widths = tuple(0 if hull is None else 1 << (hull[1] - hull[0]).bit_length() for hull in hulls)
        cells = tuple(hull[0] // width if hull is not None else 0 for hull, width in zip(hulls, widths, strict=True))
        self._tables.setdefault(widths, _Table(widths)).enter(cells, position)
        return position

    def newest(self, read: Region, position: int, apart: Callable[[Region, Region], bool]) -> int:
        """The last position up to this one whose region is not known to be apart from the one read; -1 if all are."""
        before, known = self._known.get(read, (-1, -1))
        lists = list(itertools.chain.from_iterable(table.lists(read) for table in self._tables.values()))
        found = position
        while True:
            found = max((_last(positions, found) for positions in lists), default=-1)
            if found <= before <= position:  # all that follows was looked at when the region was last read
                found = known
                break
            if found < 0 or not apart(read, self._regions[found]):
                break
            found -= 1
        self._known[read] = position, found
        return found


def _last(positions: list[int], limit: int) -> int:
    """The last of ascending positions up to a limit; -1 for none."""
    place = bisect_right(positions, limit)
    return positions[place - 1] if place else -1


class _Table:
    """Positions of regions of the same widths, by the cell of their first place. A region ends in that cell or in the
    next one."""

    def __init__(self, widths: Cells) -> None:
        self.widths = widths
        self._entries: list[tuple[Cells, int]] = []
        self._by_axes: dict[tuple[int, ...], dict[Cells, list[int]]] = {}

    def enter(self, cells: Cells, position: int) -> None:
        self._entries.append((cells, position))
        for axes, index in self._by_axes.items():
            index.setdefault(tuple(cells[a] for a in axes), []).append(position)

    def lists(self, read: Region) -> list[list[int]]:
        """The positions of all regions that may meet the one read."""
        axes: list[int] = []
        ranges: list[range] = []
        looked_up = 1
        for axis, width in enumerate(self.widths):
            hull = read.hull(axis) if width else None
            if hull is None:
                continue
            cells = range(hull[0] // width - (width > 1), hull[1] // width + 1)
            if looked_up * len(cells) <= CELLS_OF_A_READ:
                looked_up *= len(cells)
                axes.append(axis)
                ranges.append(cells)
        index = self._indexed(tuple(axes))
        return [index[cells] for cells in itertools.product(*ranges) if cells in index]

    def _indexed(self, axes: tuple[int, ...]) -> dict[Cells, list[int]]:
        index = self._by_axes.get(axes)
        if index is None:
            index = self._by_axes[axes] = {}
            for cells, position in self._entries:
                index.setdefault(tuple(cells[a] for a in axes), []).append(position)
        return index
