"""The orders of graphs, remembered while one is compiled: a dozen passes walk it, and most leave it as it is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from staticad.ir.graph import Node

LATEST = 4  # graphs; each of them is kept alive

Walk = Callable[[], "list[Node]"]


class Orders:
    """The orders of the graphs that were walked last, by the nodes of their outputs. Nodes are what they are by
    identity, and those of an order live as long as it is remembered, so their numbers name them."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, ...], list[Node]] = {}

    def of(self, roots: Sequence[Node], walk: Walk) -> list[Node]:
        """What ``walk`` gives for these nodes, as a list of its own."""
        key = tuple(map(id, roots))
        found = self._found.pop(key, None)
        if found is None:
            found = walk()
            if len(self._found) >= LATEST:
                del self._found[next(iter(self._found))]
        self._found[key] = found  # behind all others
        return list(found)


class _Remembering(threading.local):
    orders: Orders | None = None


_remembering = _Remembering()


def known_orders() -> Orders | None:
    """The orders that this thread remembers, if it does."""
    return _remembering.orders


@contextmanager
def remembered_orders() -> Iterator[None]:
    """In here no graph is walked twice in a row by this thread. Afterwards nothing is kept."""
    before = _remembering.orders
    _remembering.orders = before or Orders()
    try:
        yield
    finally:
        _remembering.orders = before
