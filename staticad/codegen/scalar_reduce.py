"""Steps of reductions that LLVM may vectorize: the next accumulator from the old one and a value.

Float sums and products carry `reassoc nsz contract` on their one instruction, so the order of the additions is free
there and nowhere else. The maximum and minimum of floats are LLVM's `maximum` and `minimum`, which hand on NaN and
order -0.0 below 0.0, so that their result does not depend on the order.
"""

from __future__ import annotations

from staticad.codegen.vecmath.builder import BOOLEAN, DTYPES, NUMBERS, Value, is_float, select
from staticad.codegen.vecmath.elementwise import elementwise

REORDER = ("reassoc", "nsz", "contract")


def _add_reduce(acc: Value, v: Value) -> Value:
    """acc + v, in any order."""
    return acc.add(v, *REORDER)


def _mul_reduce(acc: Value, v: Value) -> Value:
    """acc * v, in any order."""
    return acc.mul(v, *REORDER)


def _max_reduce(acc: Value, v: Value) -> Value:
    """The larger one; NaN if one is NaN."""
    if acc.dtype == BOOLEAN:
        return acc | v
    return acc.intrinsic("maximum", v) if is_float(acc.dtype) else select(acc > v, acc, v)


def _min_reduce(acc: Value, v: Value) -> Value:
    """The smaller one; NaN if one is NaN."""
    if acc.dtype == BOOLEAN:
        return acc & v
    return acc.intrinsic("minimum", v) if is_float(acc.dtype) else select(acc < v, acc, v)


def _or_reduce(acc: Value, v: Value) -> Value:
    """acc or v."""
    return acc | v


def _and_reduce(acc: Value, v: Value) -> Value:
    """acc and v."""
    return acc & v


add_reduce = elementwise("add_reduce", _add_reduce, NUMBERS)
mul_reduce = elementwise("mul_reduce", _mul_reduce, NUMBERS)
max_reduce = elementwise("max_reduce", _max_reduce, DTYPES)
min_reduce = elementwise("min_reduce", _min_reduce, DTYPES)
or_reduce = elementwise("or_reduce", _or_reduce, (BOOLEAN,))
and_reduce = elementwise("and_reduce", _and_reduce, (BOOLEAN,))
