"""Sizes as plain data: expressions of some free sizes in one table, which is evaluated as a whole.

An expression is a sum of products of *atoms*: the symbols come first, then the functions, each after those that it is
made of. Evaluating the table takes a fraction of the time that its expressions take one by one: they share functions.
"""

from __future__ import annotations

from collections.abc import Sequence

from staticad.ir.dim_values import FUNCTIONS, functions
from staticad.ir.dims import Atom, Dim, Size, Symbol
from staticad.records import dataclass

Polynomial = Sequence[tuple[int, Sequence[tuple[int, int]]]]  # coefficients, each with (number of an atom, power) pairs


@dataclass(frozen=True)
class SizeTable:
    """``functions`` are names with their operands; ``sizes`` what the table is made for."""

    functions: Sequence[tuple[str, Polynomial, Polynomial]]
    sizes: Sequence[Polynomial]

    def evaluate(self, values: Sequence[int]) -> list[int]:
        """The numbers that the sizes stand for, however large, for these values of the symbols.

        Raises ZeroDivisionError, and ValueError for a root of less than nothing.
        """
        atoms = list(values)
        for name, left, right in self.functions:
            atoms.append(FUNCTIONS[name](_value(left, atoms), _value(right, atoms)))
        return [_value(size, atoms) for size in self.sizes]


def _value(polynomial: Polynomial, atoms: list[int]) -> int:
    total = 0
    for coefficient, factors in polynomial:
        for atom, power in factors:
            coefficient *= atoms[atom] ** power
        total += coefficient
    return total


class SizeTableBuilder:
    """A table under construction."""

    def __init__(self, symbols: Sequence[Symbol]) -> None:
        self._atoms: dict[Atom, int] = {symbol: number for number, symbol in enumerate(symbols)}
        self._functions: list[tuple[str, Polynomial, Polynomial]] = []
        self._sizes: dict[Dim, int] = {}
        self._polynomials: list[Polynomial] = []

    def number(self, size: Dim) -> int:
        """The place of a size in the table. KeyError names a symbol that the table does not know."""
        found = self._sizes.get(size)
        if found is None:
            for function in functions(size):
                if function not in self._atoms:
                    operands = self._polynomial(function.left), self._polynomial(function.right)
                    self._functions.append((function.name, *operands))
                    self._atoms[function] = len(self._atoms)
            polynomial = self._polynomial(size)
            found = self._sizes[size] = len(self._polynomials)
            self._polynomials.append(polynomial)
        return found

    @property
    def count(self) -> int:
        """How many sizes there are so far."""
        return len(self._polynomials)

    def _polynomial(self, size: Size) -> Polynomial:
        if isinstance(size, int):
            return [(size, [])]
        return [(c, [(self._atoms[atom], power) for atom, power in monomial]) for monomial, c in size.terms]

    def table(self) -> SizeTable:
        """What was collected."""
        return SizeTable(self._functions, self._polynomials)
