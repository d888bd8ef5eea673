"""A plan as flat tables: what a session needs to bind sizes, so that new sizes cost a few operations on arrays.

A word of the argument blocks is a sum of a number that is known, an address that only a binding knows, its *base*, and
*unknowns*: what follows from free sizes. The tables hold for all sizes with which a plan runs as usual. For others
(a condition does not hold, a step has nothing to do, a number is beyond 64 bits) they say so, and the plan itself has
to be asked. They are plain data, and know neither graph nor lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from staticad.ir.dims import LARGEST
from staticad.ir.dtypes import DType
from staticad.ir.size_tables import SizeTable
from staticad.late import later
from staticad.lower.kernel.routine import Routine
from staticad.records import NamedTuple, dataclass
from staticad.runtime.idle import LIMIT, Idle
from staticad.runtime.memory import LARGEST_BLOCK

if TYPE_CHECKING:
    from staticad.codegen import routines
else:
    routines = later("staticad.codegen.routines")


class Unknown(NamedTuple):
    """A number that depends on free sizes, by its place: those of the size table come first, then for each use of a
    routine how it is cut, its extent and its grain."""

    place: int


Number = int | Unknown


class Base(NamedTuple):
    """What an address is the address of, see `Origin`; ``number`` or ``name`` say which. ``dtype`` is that of a
    function of the library."""

    origin: int
    number: int = 0
    name: str = ""
    dtype: str = ""


class Origin:
    """The kinds of bases. The first three are always the first bases."""

    NOTHING = 0
    WORDS = 1  # the argument blocks themselves
    STATUS = 2
    ARENA = 3
    VARIABLE = 4
    CONSTANT = 5
    RECORD = 6
    TAPE = 7
    KERNEL = 8  # by its text
    LIBRARY = 9
    FUNCTION = 10  # of the C library
    GROW = 11  # what makes a sequence grow
    FOREIGN = 12  # what prints, or a user's function


PRINTS = Base(Origin.FOREIGN, 0, "print")  # of tables that print: they run once, and not again to tell of an error
FIRST = tuple(map(Base, (Origin.NOTHING, Origin.WORDS, Origin.STATUS)))


class ArrayTable(NamedTuple):
    """A feed or result."""

    dtype: DType
    shape: tuple[Number, ...]


class RoutineUse(NamedTuple):
    """A call of a routine whose arguments depend on free sizes. ``slots`` are those that hold numbers."""

    routine: Routine
    slots: dict[str, Number]
    batch: Number


class Condition(NamedTuple):
    """``left`` is ``right``, or is not below ``bound``, unless ``unless`` is 0."""

    left: Number
    right: Number | None
    bound: int = 0
    unless: Number = 1


@dataclass(frozen=True, eq=False)
class Tables:
    """See the module. ``words`` have the columns base, number, unknown; ``patches`` slot, source, offset, its unknown;
    ``steps`` base of the kernel, word of the arguments, extent, its unknown, grain, its unknown. Of a number and its
    unknown the sum counts; an unknown is its place plus 1, 0 is none. ``more`` are pairs of a word and a further
    unknown of it."""

    texts: tuple[str, ...]
    bases: tuple[Base, ...]
    sizes: SizeTable
    counts: tuple[int, ...]  # the sizes that words hold
    words: np.ndarray
    more: np.ndarray
    patches: np.ndarray
    steps: np.ndarray
    compute: int  # steps before those that change variables
    routines: tuple[RoutineUse, ...]
    watch: int | None  # the word where the Watch begins
    feeds: tuple[ArrayTable, ...]
    outs: tuple[ArrayTable, ...]
    arena: Number
    works: tuple[tuple[Number, int], ...]  # the operations of steps, each with the number of such steps
    idle: tuple[Idle, ...]
    limited: tuple[Number, ...]  # what must not exceed LIMIT
    conditions: tuple[Condition, ...]
    loops: bool  # there are loops that call kernels one by one
    records: int  # sequences that grow
    parallel: bool
    library: bool  # a kernel calls the library of matrices
    measures: int | None = None  # in profiles the word where the measures of the plan begin

    def bound(self, values: Sequence[int]) -> Numbers | None:
        """The numbers for these values of the free sizes; None where the plan has to be asked."""
        try:
            sizes = self.sizes.evaluate(values)
        except (ZeroDivisionError, ValueError):
            return None
        numbers = Numbers(self, sizes)
        return numbers if numbers.usual() else None


class Numbers:
    """What is unknown in tables, for some sizes."""

    def __init__(self, tables: Tables, sizes: list[int]) -> None:
        self.tables, self._sizes = tables, sizes
        self.arena = self.of(tables.arena)

    def of(self, number: Number) -> int:
        """A number of the tables."""
        return number if isinstance(number, int) else self._sizes[number.place]

    def shape(self, array: ArrayTable) -> tuple[int, ...]:
        """The sizes of a feed or result."""
        return tuple(map(self.of, array.shape))

    @property
    def work(self) -> int:
        """The operations of all steps together."""
        return sum(self.of(work) * count for work, count in self.tables.works)

    def usual(self) -> bool:
        """Whether a plan runs as usual with these numbers."""
        tables, of = self.tables, self.of
        return (
            all(abs(self._sizes[index]) <= LARGEST for index in tables.counts)
            and all(map(self._holds, tables.conditions))
            and not any(of(number) > LIMIT for number in tables.limited)
            and not any(idle.holds(of) for idle in tables.idle)
            and self.arena <= LARGEST_BLOCK
            and all(self._bytes(out) <= LARGEST_BLOCK for out in tables.outs)
        )

    def _holds(self, condition: Condition) -> bool:
        left, right, bound, unless = condition
        if right is not None:
            return self.of(left) == self.of(right)
        return self.of(left) >= bound or self.of(unless) == 0

    def _bytes(self, out: ArrayTable) -> int:
        count = out.dtype.itemsize
        for size in self.shape(out):
            count *= max(1, size)
        return count

    def unknowns(self) -> np.ndarray:
        """Their values, behind a 0."""
        held = set(self.tables.counts)
        found = [0, *(size if index in held else 0 for index, size in enumerate(self._sizes))]
        for routine, slots, batch in self.tables.routines:
            found += routines.routine_cut(
                routine, {name: self.of(slot) for name, slot in slots.items()}, self.of(batch)
            )
        return np.array(found, np.int64)
