"""Symbolic sizes: integer polynomials over free sizes, with floor division, minimum and maximum as atoms.

A size in a shape is an ``int`` or a `Dim`. A `Dim` is kept in a normal form (sorted monomials with integer
coefficients), so that equal expressions are equal objects in the sense of ``==``, and an expression that is
constant is always a plain ``int``. All sizes are non-negative; simplifications rely on it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from staticad.errors import GraphError

_fresh = itertools.count()


@dataclass(frozen=True)
class Symbol:
    """A free size. Named ones are equal wherever the name recurs; ``None`` in a placeholder makes a fresh one.

    ``runtime``: known only while a program runs (how many steps a while loop made), not when sizes are bound.
    """

    name: str
    serial: int = -1
    runtime: bool = False

    @property
    def key(self) -> str:
        return self.name if self.serial < 0 else f"{self.name}#{self.serial}"

    def __str__(self) -> str:
        return self.name if self.serial < 0 else f"{self.name}{self.serial}"


@dataclass(frozen=True)
class Function:
    """An opaque atom: ``floordiv``, ``max`` or ``min`` of two sizes, or ``isqrt`` of the first."""

    name: str
    left: Size
    right: Size

    @cached_property
    def key(self) -> str:
        return f"{self.name}({_key(self.left)},{_key(self.right)})"

    def __str__(self) -> str:
        if self.name == "floordiv":
            return f"({self.left})//({self.right})" if isinstance(self.right, Dim) else f"({self.left})//{self.right}"
        return f"{self.name}({self.left}, {self.right})"


Atom = Symbol | Function
Monomial = tuple[tuple[Atom, int], ...]  # sorted (atom, power) pairs; () is the constant term


def _no_size(sign: str) -> Callable[[Dim, Any], Any]:
    """An operator whose result is no size: its error for numbers; operands of other types have their own operators."""

    def refuse(self: Dim, other: Any) -> Any:
        if not isinstance(other, (int, float, Dim)):
            return NotImplemented
        raise GraphError(
            f"{sign} of the size {self} and {other} is no size, and its value is known only at run time; make a tensor "
            "of the size first, sa.asarray(size), which takes part in all arithmetic"
        )

    return refuse


@dataclass(frozen=True, eq=False)
class Dim:
    """A symbolic size such as ``n``, ``2*n + 1`` or ``n//2``. Supports + - * // % ** with sizes and ints.

    Other arithmetic and comparisons with numbers raise GraphError.
    """

    terms: tuple[tuple[Monomial, int], ...]

    @cached_property
    def key(self) -> str:
        return "+".join(f"{c}*{_monomial_key(m)}" for m, c in self.terms)

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Dim):
            return NotImplemented  # a tensor makes a node of the comparison
        return self is other or self.key == other.key

    def __add__(self, other: Size | float) -> Size:
        if not isinstance(other, (int, Dim)):
            return _no_size("+")(self, other)
        return _collect(itertools.chain(self.terms, _terms(other)))

    __radd__ = __add__

    def __neg__(self) -> Size:
        return self * -1

    def __pow__(self, power: int | float) -> Size:
        if not isinstance(power, int) or power < 0:
            return _no_size("**")(self, power)
        return product([self] * power)

    def __sub__(self, other: Size | float) -> Size:
        if not isinstance(other, (int, Dim)):
            return _no_size("-")(self, other)
        return self + (other * -1)

    def __rsub__(self, other: int | float) -> Size:
        if not isinstance(other, int):
            return _no_size("-")(self, other)
        return (self * -1) + other

    def __mul__(self, other: Size | float) -> Size:
        if not isinstance(other, (int, Dim)):
            return _no_size("*")(self, other)
        return _collect((_merge(m, k), c * d) for m, c in self.terms for k, d in _terms(other))

    __rmul__ = __mul__

    def __floordiv__(self, other: Size | float) -> Size:
        if not isinstance(other, (int, Dim)):
            return _no_size("//")(self, other)
        return floordiv(self, other)

    def __rfloordiv__(self, other: int) -> Size:
        return floordiv(other, self)

    def __mod__(self, other: Size | float) -> Size:
        if not isinstance(other, (int, Dim)):
            return _no_size("%")(self, other)
        return self - floordiv(self, other) * other

    def __rmod__(self, other: int) -> Size:
        return other - floordiv(other, self) * self

    __truediv__ = __rtruediv__ = _no_size("/")
    __rpow__ = _no_size("**")
    __lt__, __le__, __gt__, __ge__ = _no_size("<"), _no_size("<="), _no_size(">"), _no_size(">=")

    def __bool__(self) -> bool:
        raise GraphError(f"whether the size {self} is zero is known only at run time; use sa.cond or sa.where")

    def __index__(self) -> int:
        raise GraphError(
            f"the size {self} is known only at run time and can't be used as a Python int; "
            "use it in shapes and arithmetic as it is, or give the placeholder a fixed size"
        )

    def __str__(self) -> str:
        text = ""
        for monomial, coefficient in self.terms:
            amount = abs(coefficient)
            alone = coefficient == 1 and len(monomial) == 1 and monomial[0][1] == 1
            name = "*".join(_factor(a, p, alone) for a, p in monomial)
            body = str(amount) if not name else name if amount == 1 else f"{amount}*{name}"
            sign = "-" if coefficient < 0 else "+"
            text = (f"-{body}" if coefficient < 0 else body) if not text else f"{text} {sign} {body}"
        return text

    __repr__ = __str__


def _factor(atom: Atom, power: int, alone: bool) -> str:
    text = str(atom) if alone or not isinstance(atom, Function) or atom.name != "floordiv" else f"({atom})"
    return text if power == 1 else f"{text}**{power}"


Size = int | Dim
Shape = tuple[Size, ...]


def _key(size: Size) -> str:
    return size.key if isinstance(size, Dim) else str(size)


def _monomial_key(monomial: Monomial) -> str:
    return "*".join(f"{a.key}^{p}" for a, p in monomial)


def _terms(size: Size) -> tuple[tuple[Monomial, int], ...]:
    if isinstance(size, Dim):
        return size.terms
    return (((), size),) if size else ()


def _merge(a: Monomial, b: Monomial) -> Monomial:
    powers: dict[Atom, int] = dict(a)
    for atom, power in b:
        powers[atom] = powers.get(atom, 0) + power
    return tuple(sorted(powers.items(), key=lambda item: item[0].key))


def _collect(terms: Iterable[tuple[Monomial, int]]) -> Size:
    total: dict[Monomial, int] = {}
    for monomial, coefficient in terms:
        total[monomial] = total.get(monomial, 0) + coefficient
    kept = {m: c for m, c in total.items() if c}
    if not kept:
        return 0
    if len(kept) == 1 and () in kept:
        return kept[()]
    # Constants last, so that n + 1 prints in the usual order.
    order = sorted(kept.items(), key=lambda item: (not item[0], _monomial_key(item[0])))
    return Dim(tuple(order))


def _atom(atom: Atom) -> Dim:
    return Dim(((((atom, 1),), 1),))


def symbol(name: str) -> Dim:
    """The free size of that name; two calls with one name give equal sizes."""
    return _atom(Symbol(name))


def fresh(prefix: str = "n") -> Dim:
    """A new free size, different from every other."""
    return _atom(Symbol(prefix, next(_fresh)))


def fresh_runtime(prefix: str) -> Dim:
    """A new size that only a run determines."""
    return _atom(Symbol(prefix, next(_fresh), True))


def is_runtime(size: Size) -> bool:
    """True for sizes that only a run determines."""
    return any(s.runtime for s in symbols(size))


def floordiv(a: Size, b: Size) -> Size:
    """``a // b``; exact where b divides every term of a. Division by a size that turns out 0 fails at run time."""
    if isinstance(a, int) and isinstance(b, int):
        return a // b
    if isinstance(b, int) and b == 1:
        return a
    if a == b:
        return 1
    divided = _exact_quotient(a, b)
    if divided is not None:
        return divided
    return _atom(Function("floordiv", a, b))


def _exact_quotient(a: Size, b: Size) -> Size | None:
    divisor = _terms(b)
    if len(divisor) != 1:
        return None
    (monomial, coefficient) = divisor[0]
    result: list[tuple[Monomial, int]] = []
    for m, c in _terms(a):
        powers = dict(m)
        for atom, power in monomial:
            if powers.get(atom, 0) < power:
                return None
            powers[atom] -= power
        if c % coefficient:
            return None
        kept = tuple((atom, power) for atom, power in powers.items() if power)
        result.append((tuple(sorted(kept, key=lambda item: item[0].key)), c // coefficient))
    return _collect(result)


def at_least(size: Size, bound: int) -> bool:
    """True if ``size >= bound`` for every value of the free sizes, as far as the normal form tells."""
    if isinstance(size, int):
        return size >= bound
    constant = 0
    for monomial, coefficient in size.terms:
        if not monomial:
            constant = coefficient
        elif coefficient < 0 or not all(_is_size(atom) for atom, _ in monomial):
            return False
    return constant >= bound


def _is_size(atom: Atom) -> bool:
    """True if an atom is never negative: every symbol, but not a floor division such as (n - 5)//2."""
    if isinstance(atom, Symbol):
        return True
    left, right = at_least(atom.left, 0), at_least(atom.right, 0)
    return left or right if atom.name == "max" else left and right


def maximum(a: Size, b: Size) -> Size:
    """The larger of two sizes."""
    if isinstance(a, int) and isinstance(b, int):
        return max(a, b)
    if at_least(a - b, 0):
        return a
    if at_least(b - a, 0):
        return b
    return _atom(Function("max", a, b))


def minimum(a: Size, b: Size) -> Size:
    """The smaller of two sizes."""
    if isinstance(a, int) and isinstance(b, int):
        return min(a, b)
    if at_least(a - b, 0):
        return b
    if at_least(b - a, 0):
        return a
    return _atom(Function("min", a, b))


def isqrt(size: Size) -> Size:
    """The integer square root, rounded down."""
    return math.isqrt(size) if isinstance(size, int) else _atom(Function("isqrt", size, 0))


def product(sizes: Iterable[Size]) -> Size:
    """The product of sizes; 1 for none."""
    total: Size = 1
    for size in sizes:
        total = total * size
    return total


def symbols(size: Size) -> set[Symbol]:
    """Every free size that an expression depends on."""
    found: set[Symbol] = set()
    pending = [size]
    while pending:
        current = pending.pop()
        if isinstance(current, int):
            continue
        for monomial, _ in current.terms:
            for atom, _power in monomial:
                if isinstance(atom, Symbol):
                    found.add(atom)
                else:
                    pending += [atom.left, atom.right]
    return found


def as_symbol(size: Size) -> Symbol | None:
    """The symbol, if the size is one free size and nothing else."""
    if isinstance(size, Dim) and len(size.terms) == 1:
        monomial, coefficient = size.terms[0]
        if coefficient == 1 and len(monomial) == 1 and monomial[0][1] == 1 and isinstance(monomial[0][0], Symbol):
            return monomial[0][0]
    return None
