"""What the loads and stores of a kernel allow: whether a value may be written over one that it is made from."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from staticad.lower.emission.builder import Event
from staticad.lower.index.affine import Affine

Access = tuple[int, Affine | None]  # when it happened last, and where; None: at several places


class Accesses:
    """The loads and stores of a kernel by buffer, found in one walk. What is stored more than once has no place."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.loads: dict[int, Access] = {}
        self.stores: dict[int, Access] = {}
        for at, event in enumerate(events):
            if event.stores:
                self._store(event.buffer, at, event.affine)
            else:
                self._load(event.buffer, at, event.affine)

    def _load(self, buffer: int, at: int, place: Affine | None) -> None:
        last, known = self.loads.get(buffer, (at, place))
        self.loads[buffer] = (max(last, at), place if known == place else None)

    def _store(self, buffer: int, at: int, place: Affine | None) -> None:
        self.stores[buffer] = (at, None if buffer in self.stores else place)

    def renamed(self, number: Callable[[int], int]) -> Accesses:
        """The same for other buffers, of which several may be one."""
        found = Accesses()
        for old, (at, place) in self.loads.items():
            found._load(number(old), at, place)
        for old, (at, place) in self.stores.items():
            found._store(number(old), at, place)
        return found

    def may_overwrite(self, base: int, target: int, cut: bool = False) -> bool:
        """True if the target is stored once, and every load of the base comes before that, from the same place.
        ``cut``: the kernel's loop is run in pieces, each of which would load what the first one stores in a single
        place."""
        end, place = self.stores.get(target, (0, None))
        if place is None:
            return False
        if base not in self.loads:
            return True
        last, loaded = self.loads[base]
        return last < end and loaded == place and bool(place.terms or not cut)
