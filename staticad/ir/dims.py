"""Symbolic sizes: integer polynomials over free sizes, with floor division, minimum and maximum as atoms.

A size in a shape is an ``int`` or a `Dim`. A `Dim` is kept in a normal form (sorted monomials with integer
coefficients), so that equal expressions are equal objects in the sense of ``==``, and an expression that is
constant is always a plain ``int``. All sizes are non-negative; simplifications rely on it.

A size is looked up when it is made, so that equal ones are mostly one object, and sums and products that recur are
remembered. That is for speed alone: where two threads make a size at one time there are two, and equality goes by the
normal form.

Functions nest as deep as a program's slices of slices do, and share operands. So what is known of one (its key, its
sign) is found when it is made, from what is known of its operands, and nothing walks a nest by recursion.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from functools import lru_cache
from hashlib import blake2b
from typing import Any
from weakref import WeakValueDictionary

from staticad.errors import GraphError, ShapeError
from staticad.ir.convolved import convolved_length
from staticad.ir.dim_text import function_text, size_text
from staticad.ir.identity import OwnCopy
from staticad.ir.symbols import Symbol as Symbol

LARGEST = 2**63 - 1  # a size, an offset or a count of the machine's
HIGHEST_POWER = 63  # of a size: 2**64 is no size
MOST_TERMS = 10_000
REMEMBERED = 4096  # sums, and products
LONGEST_KEY = 400

_fresh = itertools.count()


class Function:
    """An opaque atom: ``floordiv``, ``max`` or ``min`` of two sizes, ``isqrt`` or ``convolved`` of the first.

    ``never_negative``: for no values of the free sizes, as far as the normal forms of the operands tell.
    """

    __slots__ = ("key", "left", "name", "never_negative", "right")

    def __init__(self, name: str, left: Size, right: Size) -> None:
        self.name, self.left, self.right = name, left, right
        key = f"{name}({_key(left)},{_key(right)})"
        self.key = key if len(key) <= LONGEST_KEY else f"{name}:{blake2b(key.encode(), digest_size=16).hexdigest()}"
        signs = at_least(left, 0), at_least(right, 0)
        self.never_negative = any(signs) if name == "max" else all(signs)

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Function) and self.key == other.key)

    def __str__(self) -> str:
        return function_text(self)

    __repr__ = __str__


Atom = Symbol | Function
Monomial = tuple[tuple[Atom, int], ...]  # sorted (atom, power) pairs; () is the constant term
Terms = tuple[tuple[Monomial, int], ...]


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


class Dim(OwnCopy):
    """A symbolic size such as ``n``, ``2*n + 1`` or ``n//2``. Supports + - * // % ** with sizes and ints.

    Other arithmetic and comparisons with numbers raise GraphError.
    """

    key: str
    terms: Terms

    def __new__(cls, terms: Terms) -> Dim:
        key = "+".join(f"{c}*{_monomial_key(m)}" for m, c in terms)
        found = _LIVING.get(key)
        if found is None:
            found = object.__new__(cls)
            found.key, found.terms = key, terms
            _LIVING[key] = found
        return found

    def __reduce__(self) -> tuple[type[Dim], tuple[Terms]]:
        return Dim, (self.terms,)

    @property
    def locals(self) -> frozenset[Symbol]:
        """The local sizes among those that it depends on."""
        found = self.__dict__.get("_locals")  # no cached_property: that holds a lock, for ever in the child of a fork
        if found is None:
            found = self.__dict__["_locals"] = frozenset(s for s in symbols(self) if s.local)
        return found

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Dim):
            return NotImplemented  # a tensor makes a node of the comparison
        return self is other or self.key == other.key

    def __add__(self, other: Size | float) -> Size:
        if not isinstance(other, (int, Dim)):
            return _no_size("+")(self, other)
        return _sum(self, other)

    __radd__ = __add__

    def __neg__(self) -> Size:
        return self * -1

    def __pow__(self, power: int | float) -> Size:
        if not isinstance(power, int) or power < 0:
            return _no_size("**")(self, power)
        if power > HIGHEST_POWER:
            raise GraphError(f"({self})**{power} is no size: it is beyond 64 bits where {self} is more than 1")
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
        if isinstance(other, Dim) and len(self.terms) * len(other.terms) > MOST_TERMS:
            raise GraphError(
                f"the product of two sizes has {len(self.terms)} × {len(other.terms)} terms, more than {MOST_TERMS:,}; "
                "give placeholders fixed sizes, or sizes that share names"
            )
        return _product(self, other)

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
        # NumPy puts a message of its own in the place of a TypeError, which a GraphError is.
        raise ShapeError(
            f"the size {self} is known only at run time and can't be used as a Python int; "
            "use it in shapes and arithmetic as it is (sa.zeros and sa.arange take sizes, np.zeros doesn't), "
            "or give the placeholder a fixed size"
        )

    def __str__(self) -> str:
        return size_text(self)

    __repr__ = __str__


Size = int | Dim
Shape = tuple[Size, ...]
_LIVING: WeakValueDictionary[str, Dim] = WeakValueDictionary()


def _key(size: Size) -> str:
    return size.key if isinstance(size, Dim) else str(size)


def _monomial_key(monomial: Monomial) -> str:
    return "*".join(f"{a.key}^{p}" for a, p in monomial)


def _terms(size: Size) -> Terms:
    if isinstance(size, Dim):
        return size.terms
    return (((), size),) if size else ()


def _merge(a: Monomial, b: Monomial) -> Monomial:
    powers: dict[Atom, int] = dict(a)
    for atom, power in b:
        powers[atom] = powers.get(atom, 0) + power
    return tuple(sorted(powers.items(), key=lambda item: item[0].key))


@lru_cache(maxsize=REMEMBERED)
def _sum(a: Dim, b: Size) -> Size:
    return _collect(itertools.chain(a.terms, _terms(b)))


@lru_cache(maxsize=REMEMBERED)
def _product(a: Dim, b: Size) -> Size:
    return _collect((_merge(m, k), c * d) for m, c in a.terms for k, d in _terms(b))


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
    return isinstance(size, Dim) and any(s.runtime for s in symbols(size))


def local_symbols(size: Size) -> frozenset[Symbol]:
    """The local sizes that an expression depends on."""
    return size.locals if isinstance(size, Dim) else frozenset()


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
        elif coefficient < 0 or not all(isinstance(atom, Symbol) or atom.never_negative for atom, _ in monomial):
            return False  # a floor division such as (n - 5)//2 may be negative
    return constant >= bound


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


def convolved(size: Size) -> Size:
    """`convolved_length` of a size."""
    return convolved_length(size) if isinstance(size, int) else _atom(Function("convolved", size, 0))


def product(sizes: Iterable[Size]) -> Size:
    """The product of sizes; 1 for none."""
    total: Size = 1
    for size in sizes:
        total = total * size
    return total


def symbols(size: Size) -> set[Symbol]:
    """Every free size that an expression depends on."""
    found: set[Atom] = set()
    pending = atoms(size)
    while pending:
        atom = pending.pop()
        if atom not in found:
            found.add(atom)
            if isinstance(atom, Function):
                pending += [*atoms(atom.left), *atoms(atom.right)]
    return {atom for atom in found if isinstance(atom, Symbol)}


def atoms(size: Size) -> list[Atom]:
    """The free sizes and functions of which an expression is a polynomial."""
    return [atom for monomial, _ in size.terms for atom, _ in monomial] if isinstance(size, Dim) else []


def as_symbol(size: Size) -> Symbol | None:
    """The symbol, if the size is one free size and nothing else."""
    if isinstance(size, Dim) and len(size.terms) == 1:
        monomial, coefficient = size.terms[0]
        if coefficient == 1 and len(monomial) == 1 and monomial[0][1] == 1 and isinstance(monomial[0][0], Symbol):
            return monomial[0][0]
    return None
