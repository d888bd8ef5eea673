"""Loop axes that always advance together become one loop: long contiguous loops instead of short nested ones."""

from __future__ import annotations

from collections.abc import Sequence

from staticad.ir.dims import Size
from staticad.lower.index.affine import ZERO, Affine, loop
from staticad.records import dataclass


@dataclass(frozen=True)
class Axis:
    """One loop: the space's axes ``first`` to ``last`` merged, with the product of their extents."""

    first: int
    last: int
    extent: Size

    @property
    def key(self) -> int:
        return self.last


def separate(space: Sequence[Size]) -> list[Axis]:
    """One loop for every axis of the space."""
    return [Axis(a, a, size) for a, size in enumerate(space)]


def merge(space: Sequence[Size], outer: int, accesses: Sequence[Affine]) -> list[Axis]:
    """Merge neighbours a, b where every access has ``coefficient(a) == coefficient(b) * extent(b)``: then
    ``a * extent(b) + b`` runs through all of them. Outer axes never merge with inner ones."""
    merged = separate(space)
    position = len(merged) - 1
    while position > 0:
        left, right = merged[position - 1], merged[position]
        same_side = (left.last < outer) == (right.first < outer)
        if same_side and all(
            access.coefficient(left.key) == access.coefficient(right.key) * right.extent for access in accesses
        ):
            merged[position - 1 : position + 1] = [Axis(left.first, right.last, left.extent * right.extent)]
        position -= 1
    return merged


def affine_of(axes: Sequence[Axis]) -> dict[int, Affine]:
    """What each axis of the space is in terms of the loops: merged axes live on in the last of them."""
    found: dict[int, Affine] = {}
    for axis in axes:
        for a in range(axis.first, axis.last):
            found[a] = ZERO
        found[axis.last] = loop(axis.key)
    return found
