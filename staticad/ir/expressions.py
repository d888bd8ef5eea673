"""Scalar expressions of kernels: what the code of an op, and the right-hand side of a statement, may be.

Data only; `staticad.codegen.source` writes them as text. Names and calls are equal where what they denote is: the dtype
of a call follows from its function and operands, that of a name from where it was bound.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import field
from typing import Any

import numpy as np

from staticad.ir.dtypes import BOOL, INT64, DType
from staticad.records import dataclass


@dataclass(frozen=True, slots=True)
class Name:
    """A register, loop variable or size parameter."""

    name: str
    dtype: DType = field(default=INT64, compare=False)


@dataclass(frozen=True, slots=True)
class Constant:
    """A number of exactly that dtype; made by `constant`."""

    value: bool | int | float = field(compare=False)
    dtype: DType
    bits: bytes = field(repr=False)  # -0.0 and 0.0 are two numbers, NaN is one


@dataclass(frozen=True, slots=True)
class Number:
    """An integer of index arithmetic, as it stands in the source."""

    value: int

    @property
    def dtype(self) -> DType:
        return INT64


@dataclass(frozen=True, slots=True)
class Slot:
    """The argument block of the kernel and a slot in it, as some kernel functions take them as their first argument.
    Without a number it is the slot of the status word, which is known when all other arguments are."""

    number: int | None = None

    @property
    def dtype(self) -> DType:
        return INT64


@dataclass(frozen=True, slots=True)
class Index:
    """``sum(coefficient * variable) + constant``; coefficients and constant are ints or names of size parameters."""

    terms: tuple[tuple[str, int | str], ...]
    constant: int | str = 0

    @property
    def dtype(self) -> DType:
        return INT64


@dataclass(frozen=True, slots=True)
class Call:
    """A kernel function (`staticad.codegen.kernel_names`) of operands."""

    function: str
    operands: tuple[Expression, ...]
    dtype: DType = field(compare=False)


@dataclass(frozen=True, slots=True)
class Cast:
    """An operand as another dtype."""

    operand: Expression
    dtype: DType


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Index arithmetic: two integers and one of ``+ - * // < <= > >= ==  !=`` between them."""

    left: Expression
    operator: str
    right: Expression

    @property
    def dtype(self) -> DType:
        return INT64 if self.operator in ("+", "-", "*", "//") else BOOL


Expression = Name | Constant | Number | Slot | Index | Call | Cast | Arithmetic

STATUS = Slot()
# Kernel functions whose result is a bool whatever they are given.
_PREDICATES = frozenset(
    ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
    + ("logical_and", "logical_or", "logical_xor", "logical_not", "isnan", "isinf", "isfinite", "signbit")
)
# Kernel functions that branch, or work on one number after another: loops around them are not masked.
SERIAL = frozenset(
    ("check_index", "floor_divide", "fmod", "gcd", "lcm", "remainder", "pow")
    + ("bessel_i", "bessel_ie", "bessel_j", "beta", "betainc", "betainc_density", "betainc_slope_a", "betainc_slope_b")
    + ("betaln", "erfcx_integral", "expi", "expn", "gammainc", "gammainc_density", "gammainc_slope", "gammaincc")
    + ("riemann_zeta", "zeta")
)
# What begins the names of functions that Numba compiles as it does outside of kernels: they may branch, too.
CUSTOM = "custom_"  # of users
SAMPLE = "sample_"  # of `staticad.ops.rejection`


# ---- constructors ----------------------------------------------------------------------------------------------------


def constant(value: Any, dtype: DType) -> Constant:
    """A number as one of that dtype."""
    array = np.asarray(value).astype(dtype)
    number = array.item()
    if number != number:
        number, array = float("nan"), np.asarray(np.nan, dtype)
    return Constant(number, dtype, array.tobytes())


def call(function: str, *operands: Expression) -> Call:
    """A kernel function of values. Its result is a bool for a predicate, else of the dtype of the last operand."""
    return Call(function, operands, BOOL if function in _PREDICATES else operands[-1].dtype)


def add(a: Expression | float, b: Expression | float) -> Call:
    """a + b; a Python number is a constant of the other operand's dtype. So it is in `sub`, `mul` and `div`."""
    return _binary("add", a, b)


def sub(a: Expression | float, b: Expression | float) -> Call:
    """a - b."""
    return _binary("sub", a, b)


def mul(a: Expression | float, b: Expression | float) -> Call:
    """a * b."""
    return _binary("mul", a, b)


def div(a: Expression | float, b: Expression | float) -> Call:
    """a / b."""
    return _binary("div", a, b)


def _binary(function: str, a: Expression | float, b: Expression | float) -> Call:
    if isinstance(a, (int, float)):
        assert not isinstance(b, (int, float))
        a = constant(a, b.dtype)
    if isinstance(b, (int, float)):
        b = constant(b, a.dtype)
    return call(function, a, b)


def integer(value: Expression | int | str) -> Expression:
    """A number or a name as an integer of index arithmetic."""
    if isinstance(value, int):
        return Number(value)
    return Name(value) if isinstance(value, str) else value


def arithmetic(left: Expression | int | str, operator: str, right: Expression | int | str) -> Arithmetic:
    """Index arithmetic, as it reads."""
    return Arithmetic(integer(left), operator, integer(right))


# ---- traversal -------------------------------------------------------------------------------------------------------


def children(e: Expression) -> tuple[Expression, ...]:
    """The expressions inside an expression."""
    if isinstance(e, Call):
        return e.operands
    if isinstance(e, Cast):
        return (e.operand,)
    return (e.left, e.right) if isinstance(e, Arithmetic) else ()


def map_children(e: Expression, change: Callable[[Expression], Expression]) -> Expression:
    """The expression with what ``change`` makes of those inside it."""
    if isinstance(e, Call):
        operands = tuple(map(change, e.operands))
        same = all(map(operator.is_, operands, e.operands))
        return e if same else Call(e.function, operands, e.dtype)
    if isinstance(e, Cast):
        return Cast(change(e.operand), e.dtype)
    return Arithmetic(change(e.left), e.operator, change(e.right)) if isinstance(e, Arithmetic) else e


def is_serial(e: Expression) -> bool:
    """True if an expression calls what is done for one number after another."""
    if isinstance(e, Call) and (e.function in SERIAL or e.function.startswith((CUSTOM, SAMPLE))):
        return True
    return any(map(is_serial, children(e)))


def names(e: Expression) -> list[str]:
    """The names that an expression reads."""
    if isinstance(e, Name):
        return [e.name]
    if isinstance(e, Index):
        words = [word for term in e.terms for word in term]
        return [word for word in (*words, e.constant) if isinstance(word, str)]
    found: list[str] = []
    for inner in children(e):
        found += [inner.name] if isinstance(inner, Name) else names(inner)
    return found
