"""Sizes inside loops and branches that may be others each time that these are entered: ``x[:i]`` for a counter i.

A local size is a symbol with bounds. Memory is allocated for the largest that it can be, before a loop runs.
"""

from __future__ import annotations

import itertools

from staticad.ir.dims import (
    Atom,
    Dim,
    Function,
    Monomial,
    Shape,
    Size,
    Symbol,
    floordiv,
    isqrt,
    maximum,
    minimum,
    product,
)

_fresh = itertools.count()


def fresh_local(prefix: str, low: Size, high: Size) -> Dim:
    """A new local size that is at least ``low``, which is not negative, and at most ``high``."""
    return size_of(Symbol(f"{prefix}@", next(_fresh), local=True, low=low, high=high))


def size_of(atom: Atom) -> Dim:
    """A symbol or function as a size."""
    return Dim(((((atom, 1),), 1),))


def bounds_of(symbol: Symbol) -> tuple[Size, Size]:
    """What is at least 0 because a local size keeps to its bounds."""
    return size_of(symbol) - symbol.low, symbol.high - size_of(symbol)


def largest(size: Size) -> Size:
    """No smaller than the size, for all values of the local sizes in it, and without them."""
    return _extreme(size, True) if isinstance(size, Dim) and size.locals else size


def smallest(size: Size) -> Size:
    """No larger than the size, for all values of the local sizes in it, and without them."""
    return _extreme(size, False) if isinstance(size, Dim) and size.locals else size


def largest_shape(shape: Shape) -> Shape:
    """The largest that each size of a shape can be."""
    return tuple(maximum(largest(size), 0) if isinstance(size, Dim) and size.locals else size for size in shape)


def _extreme(size: Dim, upper: bool) -> Size:
    total: Size = 0
    for monomial, coefficient in size.terms:
        total = total + coefficient * _monomial(monomial, upper == (coefficient > 0))
    return total


def _monomial(monomial: Monomial, upper: bool) -> Size:
    """Factors of a product are taken to be sizes, which are not negative."""
    return product(_atom(atom, upper) for atom, power in monomial for _ in range(power))


def _atom(atom: Atom, upper: bool) -> Size:
    if isinstance(atom, Symbol):
        if not atom.local:
            return size_of(atom)
        return largest(atom.high) if upper else smallest(atom.low)
    return _function(atom, upper)


def _function(function: Function, upper: bool) -> Size:
    bound, other = (largest, smallest) if upper else (smallest, largest)
    left = bound(function.left)
    if function.name == "floordiv":
        return floordiv(left, other(function.right))
    if function.name == "isqrt":
        return isqrt(left)
    if function.name == "convolved":
        return maximum(1, 4 * left) if upper else 1
    return (maximum if function.name == "max" else minimum)(left, bound(function.right))
