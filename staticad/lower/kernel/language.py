"""Kernel IR: a loop nest over buffers, as a small tree of typed statements.

A kernel is the unit that is compiled, cached and dispatched. It is structure only: sizes, strides and addresses are
parameters, so that equal layers of different widths share one kernel. Names: ``p*`` pointers, ``n*`` sizes, ``i*``
loop variables, ``v*`` values, ``a*`` accumulators.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from staticad.ir.dtypes import DType


@dataclass(frozen=True)
class Pointer:
    """A buffer parameter; pointers of one ``scope`` may be the same memory, others never overlap."""

    name: str
    dtype: DType
    scope: int


@dataclass(frozen=True)
class Index:
    """``sum(coefficient * variable) + constant``; coefficients and constant are ints or names of size parameters."""

    terms: tuple[tuple[str, int | str], ...]
    constant: int | str = 0


@dataclass(frozen=True)
class Load:
    """With a ``mask`` (a bool value) it reads only where that holds, and is 0 elsewhere."""

    name: str
    pointer: str
    index: Index
    mask: str = ""


@dataclass(frozen=True)
class Compute:
    """``name = text`` where text is an expression in kernel names and values."""

    name: str
    text: str


@dataclass(frozen=True)
class Store:
    pointer: str
    index: Index
    value: str


@dataclass(frozen=True)
class Update:
    """``pointer[index] = combine(pointer[index], value)``: a reduction that accumulates in memory."""

    pointer: str
    index: Index
    combine: str
    value: str


@dataclass(frozen=True)
class Branch:
    """Statements that run where the bool value holds."""

    condition: str
    body: tuple[Statement, ...]


@dataclass(frozen=True)
class Break:
    """Leave the innermost loop where the bool value holds."""

    condition: str


@dataclass(frozen=True)
class Loop:
    """``for variable in range(start, stop)``; bounds are ints, names of parameters or short expressions of them.
    Without ``stop`` it runs until a break. Where that stands at the end, every step is sure to be completed, and LLVM
    keeps numbers that are carried in registers; a loop with two exits takes them through memory, at twice the time.
    ``hint`` is "short" for few iterations, "deep" for a long body (see `staticad.codegen.loop_hints`)."""

    variable: str
    start: int | str
    stop: int | str | None
    body: tuple[Statement, ...]
    hint: str = ""


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
    overlaps neither a nor b; a may be stored either way. ``rows``, ``columns`` (of c) and ``depth`` are ints, names of
    parameters or short expressions of them."""

    c: MatrixAt
    a: MatrixAt
    b: MatrixAt
    rows: int | str
    columns: int | str
    depth: int | str
    alpha: str = ""


Statement = Load | Compute | Store | Update | Branch | Break | Loop | MatrixProduct


@dataclass(frozen=True)
class Kernel:
    """``lo`` and ``hi`` are the range of the outermost loop, as given by the machine; ``sizes`` are the names of the
    size parameters, which follow the pointers in the argument block; a ``status`` slot comes last where used."""

    pointers: tuple[Pointer, ...]
    sizes: tuple[str, ...]
    body: tuple[Statement, ...]
    status: bool = False
    label: str = field(default="", compare=False)

    @property
    def scopes(self) -> int:
        return 1 + max((p.scope for p in self.pointers), default=0)


def with_status(statement: Statement, slot: int) -> Statement:
    """The slot of the status word is known only when all other arguments are."""
    if isinstance(statement, Compute) and "STATUS" in statement.text:
        return Compute(statement.name, statement.text.replace("STATUS", str(slot)))
    if isinstance(statement, Loop):
        body = tuple(with_status(s, slot) for s in statement.body)
        return Loop(statement.variable, statement.start, statement.stop, body, statement.hint)
    if isinstance(statement, Branch):
        return Branch(statement.condition, tuple(with_status(s, slot) for s in statement.body))
    return statement
