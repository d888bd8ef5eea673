"""Proofs about free sizes: whether an inequality follows from others, for all values of the sizes.

Functions give inequalities of their own (a minimum is at most either operand); then it is shown that the linear
inequalities leave no room for the opposite, by cases over maxima and minima where that is needed. It knows no more than
that: a False says nothing, and whoever asks lets a run check what was not proved.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache

from staticad.ir.dims import Dim, Function, Monomial, Shape, Size, Symbol, at_least, local_symbols, symbols
from staticad.ir.local_sizes import bounds_of

CASES = 4  # how deep cases nest
INEQUALITIES = 60  # that are looked at together

Inequality = dict[Monomial, int]  # the sum of these multiples of monomials, and of a constant, is at least 0


@lru_cache(maxsize=4096)
def follows(goal: Size, given: tuple[Size, ...]) -> bool:
    """True if ``goal >= 0`` for all free sizes for which every one of ``given`` is at least 0."""
    if at_least(goal, 0):
        return True
    sizes = (goal * -1 - 1, *given)
    sizes = (*sizes, *_local_bounds(sizes))
    functions = _functions(sizes)
    known = (*sizes, *(bound for function in functions for bound in _bounds(function)))
    return _by_cases([_inequality(size) for size in known], [f for f in functions if f.name in ("max", "min")][:CASES])


def _inequality(size: Size) -> Inequality:
    return dict(size.terms) if isinstance(size, Dim) else {(): size}


def _by_cases(rows: list[Inequality], functions: list[Function]) -> bool:
    """Whether not all of these can hold, whichever operand the functions are equal to."""
    if _contradict(rows):
        return True
    if not functions:
        return False
    first, *rest = functions
    for one, other in ((first.left, first.right), (first.right, first.left)):
        chosen = (one - other, one - _value(first)) if first.name == "max" else (other - one, _value(first) - one)
        if not _by_cases([*rows, *map(_inequality, chosen)], rest):
            return False
    return True


def _value(function: Function | Symbol) -> Dim:
    return Dim(((((function, 1),), 1),))


def _functions(sizes: Iterable[Size]) -> list[Function]:
    """The functions in sizes and in their bounds, outer ones first."""
    found: dict[Function, None] = {}
    pending = list(sizes)
    while pending and len(found) <= INEQUALITIES:
        size = pending.pop(0)
        for monomial, _ in size.terms if isinstance(size, Dim) else ():
            for atom, _ in monomial:
                if isinstance(atom, Function) and atom not in found:
                    found[atom] = None
                    pending += _bounds(atom)
    return list(found)


def _bounds(function: Function) -> tuple[Size, ...]:
    """What is at least 0 because of the meaning of a function."""
    value, left, right = _value(function), function.left, function.right
    if function.name == "max":
        return value - left, value - right
    if function.name == "min":
        return left - value, right - value
    if function.name == "floordiv" and isinstance(right, int) and right > 0:
        return left - value * right, value * right + (right - 1) - left
    return ()


def _local_bounds(sizes: Iterable[Size]) -> list[Size]:
    """What is at least 0 because local sizes keep to their bounds, which may be local sizes themselves."""
    found: list[Size] = []
    seen: set[Symbol] = set()
    pending = list(sizes)
    while pending:
        for symbol in local_symbols(pending.pop()) - seen:
            seen.add(symbol)
            bounds = bounds_of(symbol)
            found += bounds
            pending += bounds
    return sorted(found, key=str)


def _contradict(rows: list[Inequality]) -> bool:
    """Whether not all of these can hold, as linear inequalities of monomials (Fourier and Motzkin)."""
    while not any(row.get((), 0) < 0 and len(row) == 1 for row in rows):
        sides: dict[Monomial, tuple[list[Inequality], list[Inequality]]] = {}
        for row in rows:
            for monomial, factor in row.items():
                if monomial:
                    sides.setdefault(monomial, ([], []))[factor > 0].append(row)
        if not sides or len(rows) > INEQUALITIES:
            return False
        monomial = min(sides, key=lambda m: len(sides[m][0]) * len(sides[m][1]))
        below, above = sides[monomial]
        if at_least(Dim(((monomial, 1),)), 0):
            above = [*above, {monomial: 1}]
        rows = [row for row in rows if monomial not in row]
        rows += [_without(monomial, a, b) for a in below for b in above]
    return True


def _without(monomial: Monomial, below: Inequality, above: Inequality) -> Inequality:
    """The combination of two inequalities in which the monomial vanishes."""
    one, other = above[monomial], -below[monomial]
    common = math.gcd(one, other)
    total = {m: c * (one // common) for m, c in below.items()}
    for m, c in above.items():
        total[m] = total.get(m, 0) + c * (other // common)
    return {m: c for m, c in total.items() if c}


def may_stay(before: Shape, after: Shape) -> bool:
    """False if a shape that a loop has to keep changes in a step: sizes differ, if none is 0, or a 1 is stretched."""
    return len(before) == len(after) and all(map(_may_stay, before, after))


def _may_stay(before: Size, after: Size) -> bool:
    if before == after:
        return True
    change = after - before
    if isinstance(change, int) or before == 1:
        return False
    there = tuple(_value(symbol) - 1 for symbol in sorted(symbols(change), key=lambda symbol: symbol.key))
    return not follows(change - 1, there) and not follows(change * -1 - 1, there)
