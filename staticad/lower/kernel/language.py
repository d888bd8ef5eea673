"""Kernel IR: a loop nest over buffers, as a small tree of typed statements.

A kernel is the unit that is compiled, cached and dispatched. It is structure only: sizes, strides and addresses are
parameters, so that equal layers of different widths share one kernel. By custom ``p*`` are pointers, ``n*`` sizes,
``i*`` loop variables, ``d*`` distances, ``v*`` values, ``a*`` accumulators, ``b*`` indices that may be bad; nothing
depends on how names look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import field, replace

from staticad.ir.dtypes import DType
from staticad.ir.expressions import Expression, Index, Name, is_serial
from staticad.records import dataclass

LO, HI = Name("lo"), Name("hi")


@dataclass(frozen=True)
class Pointer:
    """A buffer parameter; pointers of one ``scope`` may be the same memory, others never overlap."""

    name: str
    dtype: DType
    scope: int


@dataclass(frozen=True)
class Load:
    """With a ``mask`` (a bool value) it reads only where that holds, and is 0 elsewhere."""

    name: str
    pointer: str
    index: Index
    mask: Expression | None = None


@dataclass(frozen=True)
class Compute:
    """``name = value``."""

    name: str
    value: Expression


@dataclass(frozen=True)
class Store:
    pointer: str
    index: Index
    value: Expression


@dataclass(frozen=True)
class Update:
    """``pointer[index] = combine(pointer[index], value)``: a reduction that accumulates in memory. ``combine`` is a
    kernel function."""

    pointer: str
    index: Index
    combine: str
    value: Expression


@dataclass(frozen=True)
class Branch:
    """Statements that run where the bool value holds."""

    condition: Expression
    body: tuple[Statement, ...]


@dataclass(frozen=True)
class Break:
    """Leave the innermost loop where the bool value holds."""

    condition: Expression


@dataclass(frozen=True)
class Loop:
    """``for variable in range(start, stop)``, from 0 without ``start``; bounds are numbers and names.
    Without ``stop`` it runs until a break. Where that stands at the end, every step is sure to be completed, and LLVM
    keeps numbers that are carried in registers; a loop with two exits takes them through memory, at twice the time.
    ``hint`` is "short" for few iterations, "deep" for a long body (see `staticad.codegen.loop_hints`).
    ``counts_steps``: it is a loop of the program, which a profile counts and an interrupt ends."""

    variable: str
    start: Expression | None
    stop: Expression | None
    body: tuple[Statement, ...]
    hint: str = ""
    counts_steps: bool = False


@dataclass(frozen=True)
class MatrixAt:
    """A matrix in memory: where its first element lies, and the distances in elements between its rows and between its
    columns; ints or names of size parameters."""

    pointer: str
    index: Index
    row: int | str
    column: int | str = 1


@dataclass(frozen=True)
class MatrixProduct:
    """``c = a @ b``, or with ``alpha`` (a value) ``c += alpha * (a @ b)``. The columns of b and c are contiguous, and c
    overlaps neither a nor b; a may be stored either way. ``rows``, ``columns`` (of c) and ``depth`` are sizes."""

    c: MatrixAt
    a: MatrixAt
    b: MatrixAt
    rows: Expression
    columns: Expression
    depth: Expression
    alpha: Expression | None = None


Statement = Load | Compute | Store | Update | Branch | Break | Loop | MatrixProduct
Statements = tuple[Statement, ...]


@dataclass(frozen=True)
class Kernel:
    """``lo`` and ``hi`` are the range of the outermost loop, as given by the machine; ``sizes`` are the names of the
    size parameters, which follow the pointers in the argument block; a ``status`` slot comes behind them where used."""

    pointers: tuple[Pointer, ...]
    sizes: tuple[str, ...]
    body: Statements
    status: bool = False
    label: str = field(default="", compare=False)

    @property
    def scopes(self) -> int:
        found = self.__dict__.get("_scopes")  # asked for every pointer
        if found is None:
            found = self.__dict__["_scopes"] = 1 + max((p.scope for p in self.pointers), default=0)
        return int(found)

    @property
    def status_slot(self) -> int:
        return len(self.pointers) + len(self.sizes)


def map_body(s: Statement, change: Callable[[Statements], Statements]) -> Statement:
    """The statement with what ``change`` makes of the statements inside it."""
    return replace(s, body=change(s.body)) if isinstance(s, (Loop, Branch)) else s


def spread(s: Statement, variable: str, stride: Callable[[str], str]) -> Statement:
    """The statement with another name for the distance of the elements that a loop over ``variable`` accesses, where
    that is a size."""
    if not isinstance(s, (Load, Store, Update)):
        return s
    terms = tuple((name, stride(c) if name == variable and isinstance(c, str) else c) for name, c in s.index.terms)
    return s if terms == s.index.terms else replace(s, index=Index(terms, s.index.constant))


def statements_of(body: Statements) -> Iterator[Statement]:
    """All statements of a body, at any depth."""
    for s in body:
        yield s
        if isinstance(s, (Loop, Branch)):
            yield from statements_of(s.body)


def is_maskable(s: Statement) -> bool:
    """True for what an incomplete vector may do under a mask: loops and index checks branch, and a division of integers
    is done one by one."""
    if isinstance(s, Compute):
        return not is_serial(s.value)
    return isinstance(s, (Load, Store, Update))
