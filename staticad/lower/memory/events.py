"""What the loads and stores of a kernel allow: whether a value may be written over one that it is made from."""

from __future__ import annotations

from collections.abc import Sequence

from staticad.lower.emission.builder import Event


def may_overwrite(events: Sequence[Event], base: int, target: int, cut: bool = False) -> bool:
    """True if the target is stored once, and every load of the base comes before that, from the same place. ``cut``:
    the kernel's loop is run in pieces, each of which would load what the first one stores in a single place."""
    stored = [(at, e.affine) for at, e in enumerate(events) if e.stores and e.buffer == target]
    if len(stored) != 1:
        return False
    ((end, place),) = stored
    loads = [(at, e.affine) for at, e in enumerate(events) if not e.stores and e.buffer == base]
    if loads and not place.terms and cut:
        return False
    return all(at < end and affine == place for at, affine in loads)
