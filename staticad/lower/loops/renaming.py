"""The statements of a kernel inside another kernel: every name of theirs is replaced, whatever it looks like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from staticad.ir.expressions import Arithmetic, Expression, Index, Name, Number, map_children
from staticad.lower.kernel.language import (
    Branch,
    Break,
    Compute,
    Load,
    MatrixAt,
    MatrixProduct,
    Statement,
    Statements,
    Store,
    Update,
)
from staticad.records import dataclass

Terms = tuple[tuple[str, int | str], ...]


@dataclass(frozen=True)
class Renaming:
    """``known`` says what stands for the parameters of a kernel, ``pointers`` which pointer for each pointer and what
    is added to an index there, ``counters`` what a pointer to a counter would load. All other names get a prefix."""

    known: Mapping[str, Expression]
    pointers: Mapping[str, tuple[str, Terms]]
    counters: Mapping[str, Expression]
    prefix: str

    def statements(self, body: Statements) -> Statements:
        return tuple(map(self.statement, body))

    def statement(self, s: Statement) -> Statement:
        if isinstance(s, Load):
            if s.pointer in self.counters:
                return Compute(self.bound(s.name), self.counters[s.pointer])
            mask = None if s.mask is None else self.expression(s.mask)
            return Load(self.bound(s.name), *self.place(s.pointer, s.index), mask)
        if isinstance(s, Compute):
            return Compute(self.bound(s.name), self.expression(s.value))
        if isinstance(s, Store):
            return Store(*self.place(s.pointer, s.index), self.expression(s.value))
        if isinstance(s, Update):
            return Update(*self.place(s.pointer, s.index), s.combine, self.expression(s.value))
        if isinstance(s, Branch):
            return Branch(self.expression(s.condition), self.statements(s.body))
        if isinstance(s, Break):
            return Break(self.expression(s.condition))
        if isinstance(s, MatrixProduct):
            c, a, b = (self.matrix(m) for m in (s.c, s.a, s.b))
            rows, columns, depth = (self.extent(size) for size in (s.rows, s.columns, s.depth))
            alpha = None if s.alpha is None else self.expression(s.alpha)
            return MatrixProduct(c, a, b, rows, columns, depth, alpha)
        start, stop = (None if e is None else self.expression(e) for e in (s.start, s.stop))
        return replace(s, variable=self.bound(s.variable), start=start, stop=stop, body=self.statements(s.body))

    def bound(self, name: str) -> str:
        """The name of what a statement binds."""
        return f"{self.prefix}{name}"

    def expression(self, e: Expression) -> Expression:
        if isinstance(e, Name):
            return self.known.get(e.name) or Name(self.bound(e.name), e.dtype)
        if isinstance(e, Index):
            return self.index(e)
        return map_children(e, self.expression)

    def extent(self, e: Expression) -> Expression:
        """A size of a product: a range that begins at 0 is as long as its end says."""
        found = self.expression(e)
        from_zero = isinstance(found, Arithmetic) and found.operator == "-" and found.right == Number(0)
        return found.left if isinstance(found, Arithmetic) and from_zero else found

    def integer(self, value: int | str) -> int | str:
        """A name or number of an index."""
        if isinstance(value, int):
            return value
        known = self.known.get(value)
        if isinstance(known, Number):
            return known.value
        return known.name if isinstance(known, Name) else self.bound(value)

    def index(self, index: Index, more: Terms = ()) -> Index:
        terms = ((self.integer(name), self.integer(coefficient)) for name, coefficient in index.terms)
        kept = tuple((name, coefficient) for name, coefficient in terms if isinstance(name, str))
        return Index((*kept, *more), self.integer(index.constant))

    def place(self, pointer: str, index: Index) -> tuple[str, Index]:
        name, more = self.pointers[pointer]
        return name, self.index(index, more)

    def matrix(self, m: MatrixAt) -> MatrixAt:
        return MatrixAt(*self.place(m.pointer, m.index), self.integer(m.row), self.integer(m.column))
