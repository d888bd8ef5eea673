"""What sizes stand for: numbers, or other sizes, in the place of their symbols."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from staticad.ir.dims import Dim, Size, Symbol, floordiv, isqrt, maximum, minimum

_SYMBOLIC: dict[str, Callable[[Size, Size], Size]] = {
    "floordiv": floordiv,
    "max": maximum,
    "min": minimum,
    "isqrt": lambda a, _: isqrt(a),
}
_FUNCTIONS: dict[str, Callable[[int, int], int]] = {
    "floordiv": lambda a, b: a // b,
    "max": max,
    "min": min,
    "isqrt": lambda a, _: math.isqrt(a),
}


def evaluate(size: Size, values: Mapping[Symbol, int]) -> int:
    """The number that a size stands for. KeyError names a symbol without a value."""
    if isinstance(size, int):
        return size
    total = 0
    for monomial, coefficient in size.terms:
        part = coefficient
        for atom, power in monomial:
            if isinstance(atom, Symbol):
                value = values[atom]
            else:
                value = _FUNCTIONS[atom.name](evaluate(atom.left, values), evaluate(atom.right, values))
            part *= value**power
        total += part
    return total


def substitute(size: Size, replacements: Mapping[Symbol, Size]) -> Size:
    """The size with symbols replaced by other sizes."""
    if isinstance(size, int):
        return size
    total: Size = 0
    for monomial, coefficient in size.terms:
        part: Size = coefficient
        for atom, power in monomial:
            value: Size
            if isinstance(atom, Symbol):
                value = replacements.get(atom, Dim(((((atom, 1),), 1),)))
            else:
                left, right = substitute(atom.left, replacements), substitute(atom.right, replacements)
                value = _SYMBOLIC[atom.name](left, right)
            for _ in range(power):
                part = part * value
        total = total + part
    return total
