"""What the loads and stores of a kernel allow: whether a value may be written over one that it is made from, and
whether several kernels may take turns, a few rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from staticad.ir.dims import Size, at_least
from staticad.lower.emission.builder import Event
from staticad.lower.index.affine import Affine
from staticad.records import dataclass

Access = tuple[int, Affine | None]  # when it happened last, and where; None: at several places
Places = dict[int, Size | None]


@dataclass(frozen=True)
class Rows:
    """How a kernel runs over rows, the indices of the first axis of its space: ``count`` rows, of which ``chunk`` leave
    a partial result (None: it leaves none). The range of the kernel counts ``unit`` for a chunk, or else for a row.
    ``places``: how many elements of a buffer belong to a row, where each row accesses its own alone, else None."""

    count: Size
    chunk: Size | None
    unit: Size
    places: Places

    def renamed(self, number: Callable[[int], int]) -> Rows:
        """The same for other buffers, of which several may be one."""
        places: Places = {}
        for old, place in self.places.items():
            _add_place(places, number(old), place)
        return replace(self, places=places)


def row_places(events: Iterable[Event], space: Sequence[Size]) -> Places:
    """The places of a kernel whose keys are the axes of its space, one for each."""
    places: Places = {}
    for event in events:
        _add_place(places, event.buffer, _elements(event.affine, space))
    return places


def _add_place(places: Places, buffer: int, place: Size | None) -> None:
    places[buffer] = place if places.get(buffer, place) == place else None


def _elements(affine: Affine, space: Sequence[Size]) -> Size | None:
    """How many elements a row has of which one is accessed; None where it may be in another row."""
    row = affine.coefficient(0)
    left = row - 1 - affine.constant
    for key, coefficient in affine.terms:
        if not isinstance(key, int) or not at_least(coefficient, 0):
            return None
        if key != 0:
            left = left - coefficient * (space[key] - 1)
    return row if at_least(affine.constant, 0) and at_least(left, 0) else None


def as_looped(written: Sequence[Event], looped: Sequence[Event]) -> list[Event]:
    """The events of loops that are written out, with the places that these have in the loops, where an axis has no
    number. Stages whose loops are written out hand on values in registers, which may be loaded later than in a loop of
    their own: what is then loaded behind a store that came after it is loaded behind all of them."""
    loads = {event.buffer: at for at, event in enumerate(looped) if not event.stores}
    stores = {event.buffer: at for at, event in enumerate(looped) if event.stores}
    stored: dict[tuple[int, ...], set[int]] = {}
    late: set[int] = set()
    for event in written:
        if event.stores:
            stored.setdefault(event.copy, set()).add(event.buffer)
        elif event.buffer in loads and event.buffer not in late:
            before = {b for copy, some in stored.items() if _is_within(copy, event.copy) for b in some}
            if any(stores.get(b, 0) > loads[event.buffer] for b in before):
                late.add(event.buffer)
    return [*looped, *(event for event in looped if not event.stores and event.buffer in late)]


def _is_within(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """True if one of them is an iteration inside the other one, or they are the same."""
    return all(a == b for a, b in zip(one, other, strict=False))


class Accesses:
    """The loads and stores of a kernel by buffer, found in one walk. What is stored more than once has no place.
    ``rows`` is how it runs over rows, if it may run over some of them only."""

    def __init__(self, events: Iterable[Event] = (), rows: Rows | None = None) -> None:
        self.rows = rows
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
        found = Accesses((), None if self.rows is None else self.rows.renamed(number))
        for old, (at, place) in self.loads.items():
            found._load(number(old), at, place)
        for old, (at, place) in self.stores.items():
            found._store(number(old), at, place)
        return found

    def moved(self, buffer: int, target: int, single: Affine | None) -> Accesses:
        """The same for a buffer in the memory of others; a single number has another place there. What is loaded from
        a place twice is loaded when it is first needed."""
        rows = self.rows
        if rows is not None and buffer in rows.places:
            rows = rows.renamed(lambda number: target if number == buffer else number)
        found = Accesses((), rows)
        found.loads, found.stores = (
            _moved(old, buffer, target, access)
            for old, access in zip((self.loads, self.stores), self._at(buffer, target, single), strict=True)
        )
        return found

    def may_move(self, buffer: int, target: int, single: Affine | None) -> bool:
        """True if a buffer may be in the memory of a target, which is then stored once, behind every load of it."""
        loaded, stored = self._at(buffer, target, single)
        return _may_overwrite(loaded, stored)

    def _at(self, buffer: int, target: int, single: Affine | None) -> tuple[Access | None, Access | None]:
        """The load and the store of a target, with a buffer in its memory."""
        found = []
        for accesses in (self.loads, self.stores):
            own, other = accesses.get(buffer), accesses.get(target)
            if own is None:
                found.append(other)
                continue
            at, place = own
            place = place if place is None or single is None else single
            if other is None:
                found.append((at, place))
            elif accesses is self.loads and other[1] == place is not None:
                found.append((min(at, other[0]), place))
            else:
                found.append((max(at, other[0]), None))
        return found[0], found[1]

    def may_overwrite(self, base: int, target: int, cut: bool = False) -> bool:
        """True if the target is stored once, and every load of the base comes before that, from the same place.
        ``cut``: the kernel's loop is run in pieces, each of which would load what the first one stores in a single
        place."""
        return _may_overwrite(self.loads.get(base), self.stores.get(target), cut)


def _moved(old: dict[int, Access], buffer: int, target: int, access: Access | None) -> dict[int, Access]:
    """Accesses of which those of a buffer belong to a target, which has this one; in the same order."""
    if buffer not in old:
        return dict(old)
    assert access is not None
    found: dict[int, Access] = {}
    for number, known in old.items():
        if number == buffer or number == target:
            found[target] = access
        else:
            found[number] = known
    return found


def _may_overwrite(load: Access | None, store: Access | None, cut: bool = False) -> bool:
    end, place = store or (0, None)
    if place is None:
        return False
    if load is None:
        return True
    last, loaded = load
    return last < end and loaded == place and bool(place.terms or not cut)
