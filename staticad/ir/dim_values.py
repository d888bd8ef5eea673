"""What sizes stand for: numbers, or other sizes, in the place of their symbols."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from staticad.errors import FeedError
from staticad.ir.convolved import convolved_length
from staticad.ir.dims import (
    LARGEST,
    Atom,
    Dim,
    Function,
    Size,
    Symbol,
    atoms,
    convolved,
    floordiv,
    isqrt,
    maximum,
    minimum,
    symbols,
)

_SYMBOLIC: dict[str, Callable[[Size, Size], Size]] = {
    "floordiv": floordiv,
    "max": maximum,
    "min": minimum,
    "isqrt": lambda a, _: isqrt(a),
    "convolved": lambda a, _: convolved(a),
}
FUNCTIONS: dict[str, Callable[[int, int], int]] = {
    "floordiv": lambda a, b: a // b,
    "max": max,
    "min": min,
    "isqrt": lambda a, _: math.isqrt(a),
    "convolved": lambda a, _: convolved_length(a),
}


def functions(size: Size) -> list[Function]:
    """Every function that an expression consists of, those inside others before them."""
    found: dict[Function, None] = {}
    pending: list[tuple[Atom, bool]] = [(atom, False) for atom in atoms(size)]
    while pending:
        atom, expanded = pending.pop()
        if isinstance(atom, Symbol) or atom in found:
            continue
        if expanded:
            found[atom] = None
        else:
            pending.append((atom, True))
            pending += [(inner, False) for operand in (atom.left, atom.right) for inner in atoms(operand)]
    return list(found)


def evaluate(size: Size, values: Mapping[Symbol, int]) -> int:
    """The number that a size stands for, however large. KeyError names a symbol without a value."""
    if isinstance(size, int):
        return size
    known: dict[Function, int] = {}
    for function in functions(size):
        left, right = _polynomial(function.left, values, known), _polynomial(function.right, values, known)
        known[function] = FUNCTIONS[function.name](left, right)
    return _polynomial(size, values, known)


def _polynomial(size: Size, values: Mapping[Symbol, int], known: Mapping[Function, int]) -> int:
    if isinstance(size, int):
        return size
    total = 0
    for monomial, coefficient in size.terms:
        part = coefficient
        for atom, power in monomial:
            value = values[atom] if isinstance(atom, Symbol) else known[atom]
            part *= value**power
        total += part
    return total


def machine_number(size: Size, values: Mapping[Symbol, int]) -> int:
    """The number that a size stands for, which the machine can count to. Raises FeedError where it can't.

    What the machine, or NumPy, is told of sizes goes through here: products of sizes wrap around nowhere.
    """
    number = evaluate(size, values)
    if abs(number) > LARGEST:
        listed = ", ".join(f"{s} = {values[s]}" for s in sorted(symbols(size), key=lambda s: s.key))
        raise FeedError(
            f"the size {size} is {number:,} where {listed}; sizes, offsets and counts have 64 bits: feed smaller arrays"
            if listed
            else f"{size:,} is no size, offset or count: these have 64 bits"
        )
    return number


def substitute(size: Size, replacements: Mapping[Symbol, Size]) -> Size:
    """The size with symbols replaced by other sizes."""
    if isinstance(size, int):
        return size
    known: dict[Atom, Size] = {symbol: other for symbol, other in replacements.items()}  # noqa: C416
    for function in functions(size):
        left, right = _replaced(function.left, known), _replaced(function.right, known)
        known[function] = _SYMBOLIC[function.name](left, right)
    return _replaced(size, known)


def _replaced(size: Size, known: Mapping[Atom, Size]) -> Size:
    if isinstance(size, int):
        return size
    total: Size = 0
    for monomial, coefficient in size.terms:
        part: Size = coefficient
        for atom, power in monomial:
            value = known[atom] if atom in known else Dim(((((atom, 1),), 1),))
            for _ in range(power):
                part = part * value
        total = total + part
    return total
