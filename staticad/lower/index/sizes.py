"""Free sizes that have to be equal are made one: `canonical` maps every size to its representative."""

from __future__ import annotations

from collections.abc import Iterable

from staticad.ir.dim_values import substitute
from staticad.ir.dims import Shape, Size, Symbol, as_symbol
from staticad.ir.types import Constraint


class Sizes:
    """The substitution that a set of constraints implies (only those that name a symbol outright)."""

    def __init__(self, constraints: Iterable[Constraint]) -> None:
        self._constraints = list(constraints)
        self._replacements: dict[Symbol, Size] = {}
        self._memo: dict[Size, Size] = {}
        for left, right in self._constraints:
            a, b = substitute(left, self._replacements), substitute(right, self._replacements)
            if a == b:
                continue
            for one, other in ((a, b), (b, a)):
                symbol = as_symbol(one)
                if symbol is not None and (isinstance(other, int) or as_symbol(other) is not None):
                    self._merge(symbol, other)
                    break

    def _merge(self, symbol: Symbol, size: Size) -> None:
        step = {symbol: size}
        self._replacements = {s: substitute(v, step) for s, v in self._replacements.items()}
        self._replacements[symbol] = size

    def extended(self, constraints: Iterable[Constraint]) -> Sizes:
        """The sizes with more constraints: those of a body inside the graph."""
        return Sizes([*self._constraints, *constraints])

    def canonical(self, size: Size) -> Size:
        """The representative of a size."""
        if isinstance(size, int) or not self._replacements:
            return size
        found = self._memo.get(size)
        if found is None:
            found = self._memo[size] = substitute(size, self._replacements)
        return found

    def shape(self, shape: Shape) -> Shape:
        """The representatives of all sizes of a shape."""
        return tuple(map(self.canonical, shape)) if self._replacements else shape
