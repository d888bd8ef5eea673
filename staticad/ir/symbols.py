"""Free sizes: the symbols of which the sizes of `staticad.ir.dims` are made."""

from __future__ import annotations

from dataclasses import field
from typing import Any, SupportsIndex

from staticad.errors import GraphError
from staticad.records import dataclass


@dataclass(frozen=True)
class Symbol:
    """A free size. Named ones are equal wherever the name recurs; ``None`` in a placeholder makes a fresh one.

    ``runtime``: known only while a program runs (how many steps a while loop made), not when sizes are bound.
    ``local``: the size that a number inside a loop or branch stands for, at least ``low`` and at most ``high``.
    """

    name: str
    serial: int = -1
    runtime: bool = False
    local: bool = False
    low: Any = field(default=0, compare=False)
    high: Any = field(default=0, compare=False)

    def __reduce_ex__(self, protocol: SupportsIndex) -> str | tuple[Any, ...]:
        if self.serial >= 0:
            raise GraphError(
                f"the size {self} can't be pickled: it has no name, and belongs to this process; use placeholder('n')"
            )
        return super().__reduce_ex__(protocol)

    @property
    def key(self) -> str:
        return self.name if self.serial < 0 else f"{self.name}#{self.serial}"

    def __str__(self) -> str:
        return self.name if self.serial < 0 else f"{self.name}{self.serial}"
