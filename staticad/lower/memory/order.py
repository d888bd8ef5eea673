"""Which steps have to run before which: by what they read and write, and by what in-place changes ask for.

Demands come one by one, thousands of them, and each is refused if it would close a circle. So the clusters are kept in
an order that fits all demands so far (as Pearce and Kelly do): a demand that fits it costs nothing, another one moves
only clusters between the two. What follows by the steps alone is read off a spanning tree, also for what is reached
by way of other clusters.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Collection
from heapq import heapify, heappop, heappush

from staticad.lower.fusion.clusters import Cluster
from staticad.lower.kernel.plan import Step

Made = tuple[Cluster, list[Step]]  # a cluster with its steps
Graph = dict[int, set[int]]


class Order:
    """Which cluster has to run before which. ``readers`` and ``writer`` are the clusters by the buffer."""

    def __init__(self, steps: list[Made]) -> None:
        self.readers: Graph = {}
        self.writer: dict[int, int] = {}
        for cluster, made in steps:
            for step in made:
                for number in step.reads:
                    self.readers.setdefault(number, set()).add(cluster.number)
                for number in step.writes:
                    self.writer[number] = cluster.number
        self._place = {cluster.number: at for at, (cluster, _) in enumerate(steps)}
        self.following: Graph = {number: set() for number in self._place}
        self._preceding: Graph = {number: set() for number in self._place}
        for number, writer in self.writer.items():
            for reader in self.readers.get(number, ()):
                if reader != writer:
                    assert self._place[reader] > self._place[writer], (number, reader, writer)
                    self._add(writer, reader)
        self._first, self._last = self._tree()
        self._sorted_readers: dict[int, list[int]] = {}

    def _add(self, first: int, then: int) -> None:
        self.following[first].add(then)
        self._preceding[then].add(first)

    def _tree(self) -> tuple[dict[int, int], dict[int, int]]:
        """The clusters numbered down a spanning tree: the number of each, and the last number below it. What comes
        soonest is followed first, so that few clusters stand beside others that they follow."""
        place = self._place
        first: dict[int, int] = {}
        last: dict[int, int] = {}
        for root in place:
            stack = [root]
            while stack:
                cluster = stack[-1]
                if cluster not in first:
                    first[cluster] = len(first)
                    below = [number for number in self.following[cluster] if number not in first]
                    stack += sorted(below, key=place.__getitem__, reverse=True)
                    continue
                stack.pop()
                last.setdefault(cluster, len(first) - 1)
        return first, last

    def read_after(self, buffer: int, cluster: int) -> bool:
        """True if a step that reads a buffer is known to follow a cluster."""
        known = self._sorted_readers.get(buffer)
        if known is None:
            known = self._sorted_readers[buffer] = sorted(self._first[r] for r in self.readers.get(buffer, ()))
        at = bisect_right(known, self._first[cluster])
        return at < len(known) and known[at] <= self._last[cluster]

    def _is_below(self, cluster: int, other: int) -> bool:
        """True if a cluster is known to follow another one by the spanning tree."""
        return self._first[other] <= self._first[cluster] <= self._last[other]

    def before(self, first: Collection[int], then: int) -> bool:
        """Make all of ``first`` run before ``then``, if that is possible."""
        if then in first:
            return False
        place = self._place
        late = [number for number in first if place[number] > place[then]]
        if any(number in self.following[then] or self._is_below(number, then) for number in late):
            return False
        if late:
            start, end = place[then], max(place[number] for number in late)
            if self._leads(then, late, end):
                return False
            later = self._reached([then], self.following, start, end)
            earlier = self._reached(late, self._preceding, start, end)
            moved = [*sorted(earlier, key=place.__getitem__), *sorted(later, key=place.__getitem__)]
            place.update(zip(moved, sorted(place[number] for number in moved), strict=True))
        for number in first:
            self._add(number, then)
        return True

    def _leads(self, then: int, late: list[int], end: int) -> bool:
        """Whether one of ``late`` follows ``then``: whether one is below what is reached from there."""
        place, first, last = self._place, self._first, self._last
        below = sorted([first[number] for number in late])
        reached, pending = {then}, deque([then])
        while pending:
            for number in self.following[pending.popleft()]:
                if number not in reached and place[number] <= end:
                    at = bisect_left(below, first[number])
                    if at < len(below) and below[at] <= last[number]:
                        return True
                    reached.add(number)
                    pending.append(number)
        return False

    def _reached(self, clusters: list[int], graph: Graph, start: int, end: int) -> set[int]:
        """What is reached in a graph from these clusters by way of places from ``start`` to ``end``."""
        reached, pending = set(clusters), list(clusters)
        while pending:
            for number in graph[pending.pop()]:
                if number not in reached and start <= self._place[number] <= end:
                    reached.add(number)
                    pending.append(number)
        return reached

    def sorted(self, steps: list[Made]) -> list[Made]:
        """The steps so that every cluster comes after those before it; as far as possible as they stand."""
        position = {cluster.number: at for at, (cluster, _) in enumerate(steps)}
        waiting = {number: len(preceding) for number, preceding in self._preceding.items()}
        ready = [position[number] for number, count in waiting.items() if not count]
        heapify(ready)
        found: list[Made] = []
        while ready:
            made = steps[heappop(ready)]
            found.append(made)
            for number in self.following[made[0].number]:
                waiting[number] -= 1
                if not waiting[number]:
                    heappush(ready, position[number])
        assert len(found) == len(steps)
        return found
