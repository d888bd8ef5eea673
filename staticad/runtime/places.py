"""Where words of argument blocks point to, and what a step is in tables, see `staticad.runtime.blocks`."""

from __future__ import annotations

from dataclasses import field

from staticad.records import NamedTuple, dataclass
from staticad.runtime.tables import Number


class At(NamedTuple):
    """An address that no call changes, or with no base a number: the sum of a base, by its number, and numbers."""

    base: int
    number: int = 0
    unknowns: tuple[int, ...] = ()

    def plus(self, offset: Number) -> At:
        """Some bytes further on."""
        if offset == 0:
            return self
        if isinstance(offset, int):
            return At(self.base, self.number + offset, self.unknowns)
        return At(self.base, self.number, (*self.unknowns, offset.place))


class Fed(NamedTuple):
    """A feed or result, by the machine's number of it."""

    source: int


class Growing(NamedTuple):
    """A recorded sequence; its RecordBlock."""

    block: At


@dataclass(frozen=True)
class Sliced:
    """A slice of something, moved by a loop."""

    moves: Moves
    base: Place
    stride: Number


Place = At | Fed | Growing | Sliced


class Patch(NamedTuple):
    """A word that holds the address of a feed or result plus an offset in bytes."""

    slot: int
    source: int
    offset: Number


class BlockStep(NamedTuple):
    """A step: its kernel as a base, the word where its arguments begin, and how its range is cut."""

    kernel: int
    args: int
    extent: Number
    grain: Number


@dataclass(eq=False)
class Moves:
    """What a loop moves: (word, base, stride, offset in bytes)."""

    entries: list[tuple[int, Place, Number, Number]] = field(default_factory=list)
