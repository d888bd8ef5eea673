"""Steps of reductions that LLVM may vectorize: the next accumulator from the old one and a value.

Float sums and products carry `reassoc contract` on their one instruction, so the order of the additions is free there
and nowhere else. With `nsz` as well, LLVM would look into what is added, whatever flags that has, and cancel: the sum
of x - x, or of x * 0, would be 0 for NaN and infinity. The maximum and minimum of floats are LLVM's `maximum` and
`minimum`, which hand on NaN and order -0.0 below 0.0, so that their result does not depend on the order. In a register
they are faster as integers that are ordered like the floats: `max_key` and `min_key` give them, `key_value` turns the
extreme back. `short_of_max` and `short_of_min` bound what is not the extreme, so that one comparison finds its place.
"""

from __future__ import annotations

from typing import Any

from numba.core import types

from staticad.codegen.vecmath.builder import BOOLEAN, DTYPES, FLOATS, NUMBERS, Value, is_float, select, width
from staticad.codegen.vecmath.elementwise import elementwise

INFINITY = float("inf")
REORDER = ("reassoc", "contract")


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


def _greatest(key: Value) -> int:
    return (1 << (width(key.dtype) - 1)) - 1


def _key(v: Value) -> Value:
    """The bits of a float, those of a negative one without its sign reversed: ordered as integers like the floats."""
    bits = v.bits()
    return bits ^ ((bits >> (width(bits.dtype) - 1)) & _greatest(bits))


def _max_key(v: Value) -> Value:
    """An integer ordered like the float; NaN is the greatest."""
    key = _key(v)
    return select(v.is_nan(), key.constant(_greatest(key)), key)


def _min_key(v: Value) -> Value:
    """An integer ordered like the float; NaN is the smallest."""
    key = _key(v)
    return select(v.is_nan(), key.constant(-_greatest(key) - 1), key)


def _key_value(key: Value) -> Value:
    """The float of a key."""
    return (key ^ ((key >> (width(key.dtype) - 1)) & _greatest(key))).as_float()


def _short_of(extreme: Value, away: float) -> Value:
    """The next float on the way to ``away``; those beyond it, or not ordered with it, are the extreme."""
    outwards = (extreme < 0) if away < 0 else (extreme > 0)
    bits = extreme.bits()
    moved = (bits + select(outwards, bits.constant(1), -1)).as_float()
    tiny = bits.constant(1).as_float().copysign(away)
    found = select(extreme.eq(0), tiny, select(extreme.eq(away), float("nan"), moved))
    return select(extreme.is_nan(), -away, found)


def _short_of_max(extreme: Value) -> Value:
    """A float that is not less than any number but a maximum: inf where this is NaN, NaN where it is -inf."""
    return _short_of(extreme, -INFINITY)


def _short_of_min(extreme: Value) -> Value:
    """A float that is not greater than any number but a minimum: -inf where this is NaN, NaN where it is inf."""
    return _short_of(extreme, INFINITY)


_KEYS: dict[Any, Any] = {types.float32: types.int32, types.float64: types.int64}
_VALUES: dict[Any, Any] = {types.int32: types.float32, types.int64: types.float64}

max_key = elementwise("max_key", _max_key, tuple(_KEYS), _KEYS)
min_key = elementwise("min_key", _min_key, tuple(_KEYS), _KEYS)
key_value = elementwise("key_value", _key_value, tuple(_VALUES), _VALUES)
add_reduce = elementwise("add_reduce", _add_reduce, NUMBERS)
mul_reduce = elementwise("mul_reduce", _mul_reduce, NUMBERS)
max_reduce = elementwise("max_reduce", _max_reduce, DTYPES)
min_reduce = elementwise("min_reduce", _min_reduce, DTYPES)
short_of_max = elementwise("short_of_max", _short_of_max, FLOATS)
short_of_min = elementwise("short_of_min", _short_of_min, FLOATS)
or_reduce = elementwise("or_reduce", _or_reduce, (BOOLEAN,))
and_reduce = elementwise("and_reduce", _and_reduce, (BOOLEAN,))

KERNEL_NAMES: dict[str, object] = {
    "add_reduce": add_reduce,
    "mul_reduce": mul_reduce,
    "max_reduce": max_reduce,
    "min_reduce": min_reduce,
    "max_key": max_key,
    "min_key": min_key,
    "key_value": key_value,
    "short_of_max": short_of_max,
    "short_of_min": short_of_min,
    "or_reduce": or_reduce,
    "and_reduce": and_reduce,
}
