"""Which steps have to run before which: by what they read and write, and by what in-place changes ask for."""

from __future__ import annotations

from heapq import heapify, heappop, heappush

from staticad.lower.fusion.clusters import Cluster
from staticad.lower.kernel.plan import Step

Made = tuple[Cluster, list[Step]]  # a cluster with its steps


class Order:
    """Which cluster has to run before which."""

    def __init__(self, steps: list[Made]) -> None:
        self.readers: dict[int, set[int]] = {}
        self.writer: dict[int, int] = {}
        for cluster, made in steps:
            for step in made:
                for number in step.reads:
                    self.readers.setdefault(number, set()).add(cluster.number)
                for number in step.writes:
                    self.writer[number] = cluster.number
        self.following: dict[int, set[int]] = {cluster.number: set() for cluster, _ in steps}
        for number, readers in self.readers.items():
            if number in self.writer:
                self.following[self.writer[number]] |= readers - {self.writer[number]}

    def before(self, first: set[int], then: int) -> bool:
        """Make all of ``first`` run before ``then``, if that is possible."""
        reached, pending = {then}, [then]
        while pending:
            for number in self.following[pending.pop()] - reached:
                reached.add(number)
                pending.append(number)
        if reached & first:
            return False
        for number in first:
            self.following[number].add(then)
        return True

    def sorted(self, steps: list[Made]) -> list[Made]:
        """The steps so that every cluster comes after those before it; as far as possible as they stand."""
        position = {cluster.number: at for at, (cluster, _) in enumerate(steps)}
        waiting = dict.fromkeys(position, 0)
        for followers in self.following.values():
            for number in followers:
                waiting[number] += 1
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
