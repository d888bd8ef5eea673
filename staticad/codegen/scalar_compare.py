"""Comparisons, logic, classification of floats, and the choice between two values. All without branches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.errors import NumbaTypeError

from staticad.codegen.vecmath.builder import BOOLEAN, DTYPES, Value, is_float, select
from staticad.codegen.vecmath.elementwise import as_intrinsic, elementwise

INFINITY = float("inf")


def _equal(a: Value, b: Value) -> Value:
    """a == b; false for NaN."""
    return a.eq(b)


def _not_equal(a: Value, b: Value) -> Value:
    """a != b; true for NaN."""
    return a.ne(b)


def _less(a: Value, b: Value) -> Value:
    """a < b."""
    return a < b


def _less_equal(a: Value, b: Value) -> Value:
    """a <= b."""
    return a <= b


def _greater(a: Value, b: Value) -> Value:
    """a > b."""
    return a > b


def _greater_equal(a: Value, b: Value) -> Value:
    """a >= b."""
    return a >= b


def truth(a: Value) -> Value:
    """a != 0; true for NaN."""
    return a if a.dtype == BOOLEAN else a.ne(0)


def _logical_and(a: Value, b: Value) -> Value:
    """Both are not 0."""
    return truth(a) & truth(b)


def _logical_or(a: Value, b: Value) -> Value:
    """One of them is not 0."""
    return truth(a) | truth(b)


def _logical_xor(a: Value, b: Value) -> Value:
    """Exactly one of them is not 0."""
    return truth(a) ^ truth(b)


def _logical_not(a: Value) -> Value:
    """a is 0."""
    return ~truth(a)


def _isnan(a: Value) -> Value:
    """a is NaN; false for integers and booleans."""
    return a.is_nan() if is_float(a.dtype) else a.constant(0, BOOLEAN)


def _isinf(a: Value) -> Value:
    """a is infinite; false for integers and booleans."""
    return abs(a).eq(INFINITY) if is_float(a.dtype) else a.constant(0, BOOLEAN)


def _isfinite(a: Value) -> Value:
    """a is neither infinite nor NaN; true for integers and booleans."""
    return abs(a) < INFINITY if is_float(a.dtype) else a.constant(1, BOOLEAN)


def _define_where(_context: Any, c: types.Type, a: types.Type, b: types.Type) -> Any:
    dtypes = [types.unliteral(argument) for argument in (c, a, b)]
    condition, yes, no = dtypes
    if condition != BOOLEAN or yes != no or yes not in DTYPES:
        raise NumbaTypeError(f"where({condition}, {yes}, {no}): needs a boolean and two values of one dtype")

    def emit(_context: Any, builder: ir.IRBuilder, _signature: Any, values: Sequence[ir.Value]) -> ir.Value:
        operands = (Value(builder, value, dtype) for value, dtype in zip(values, dtypes, strict=True))
        return select(*operands).ir

    return yes(*dtypes), emit


equal = elementwise("equal", _equal, DTYPES, BOOLEAN)
not_equal = elementwise("not_equal", _not_equal, DTYPES, BOOLEAN)
less = elementwise("less", _less, DTYPES, BOOLEAN)
less_equal = elementwise("less_equal", _less_equal, DTYPES, BOOLEAN)
greater = elementwise("greater", _greater, DTYPES, BOOLEAN)
greater_equal = elementwise("greater_equal", _greater_equal, DTYPES, BOOLEAN)
logical_and = elementwise("logical_and", _logical_and, DTYPES, BOOLEAN)
logical_or = elementwise("logical_or", _logical_or, DTYPES, BOOLEAN)
logical_xor = elementwise("logical_xor", _logical_xor, DTYPES, BOOLEAN)
logical_not = elementwise("logical_not", _logical_not, DTYPES, BOOLEAN)
isnan = elementwise("isnan", _isnan, DTYPES, BOOLEAN)
isinf = elementwise("isinf", _isinf, DTYPES, BOOLEAN)
isfinite = elementwise("isfinite", _isfinite, DTYPES, BOOLEAN)
where = as_intrinsic(_define_where, "where", "a where the boolean c holds, else b; no branch.", ("c", "a", "b"))

KERNEL_NAMES: dict[str, object] = {
    "equal": equal,
    "not_equal": not_equal,
    "less": less,
    "less_equal": less_equal,
    "greater": greater,
    "greater_equal": greater_equal,
    "logical_and": logical_and,
    "logical_or": logical_or,
    "logical_xor": logical_xor,
    "logical_not": logical_not,
    "isnan": isnan,
    "isinf": isinf,
    "isfinite": isfinite,
    "where": where,
}
