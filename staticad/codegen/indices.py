"""Indices that arrays hold, checked against the size of an axis, and the distances of what a loop reads.

Loops with a check that branches are not vectorized. So inside of loops `safe_index` gives an index that certainly lies
inside, `stray_index` keeps the one that lies farthest outside in a register, and behind the loops that one is checked.
What the loops have computed until then is of no use to anybody, as after any failure.

LLVM compiles a loop over elements that lie ``n`` apart twice: as vector code for ``n`` = 1, and one by one for all
other distances. `stride` hides from it that the distance is a plain number that might be 1. Then vector code collects
the elements, where that pays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from staticad.codegen.intrinsics import ARGS, SLOT, literal, load_slot, require
from staticad.codegen.vecmath.builder import Value, select

_LOWEST = -(1 << 63)
_NO_STRIDE = -(1 << 62)  # a number that no distance is below


@intrinsic
def stride(_context: Any, n: Any) -> Any:
    """``n`` as the distance of elements that a loop takes one after another."""
    require("stride", "n", n, types.int64)

    def emit(_context: Any, builder: ir.IRBuilder, _signature: Any, values: Sequence[ir.Value]) -> ir.Value:
        n = Value(builder, values[0], types.int64)
        return select(n > _NO_STRIDE, n, _NO_STRIDE).ir

    return types.int64(types.int64), emit


@intrinsic(prefer_literal=True)
def check_index(_context: Any, args: Any, slot: Any, i: Any, n: Any, code: Any) -> Any:
    """A safe index in [0, n) for `i`, where a negative `i` counts from the end.

    Out of range (always, if n is 0) it returns 0 and reports: `slot` holds the address of the status block, four
    int64; if status[0] is still 0 the block becomes [1, code, i, n]. With n = 0 the caller must not use the index.
    """
    require("check_index", "args", args, ARGS)
    slot_number = literal("check_index", "slot", slot)
    _require_integers("check_index", i=i, n=n, code=code)

    def emit(_context: Any, builder: ir.IRBuilder, _signature: Any, values: Sequence[ir.Value]) -> ir.Value:
        args_value, _, index, extent, code_value = values
        given, count = (Value(builder, value, types.int64) for value in (index, extent))
        wrapped = select(given < 0, given + count, given)
        valid = wrapped.to(types.uint64) < count.to(types.uint64)
        with builder.if_then(builder.not_(valid.ir), likely=False):
            status = load_slot(builder, args_value, slot_number, SLOT.as_pointer())
            first = builder.load(status, typ=SLOT, align=8)
            with builder.if_then(builder.icmp_signed("==", first, ir.Constant(SLOT, 0))):
                for position, word in enumerate((ir.Constant(SLOT, 1), code_value, index, extent)):
                    place = builder.gep(status, [ir.Constant(SLOT, position)], inbounds=True, source_etype=SLOT)
                    builder.store(word, place, align=8)
        return select(valid, wrapped, 0).ir

    return types.int64(ARGS, slot, types.int64, types.int64, types.int64), emit


@intrinsic
def safe_index(_context: Any, i: Any, n: Any) -> Any:
    """As `check_index`, without a report."""
    _require_integers("safe_index", i=i, n=n)

    def emit(_context: Any, builder: ir.IRBuilder, _signature: Any, values: Sequence[ir.Value]) -> ir.Value:
        given, count = (Value(builder, value, types.int64) for value in values)
        valid = _place(given, count) < _end(count)
        return select(valid, select(given < 0, given + count, given), 0).ir

    return types.int64(types.int64, types.int64), emit


@intrinsic
def stray_index(_context: Any, a: Any, i: Any, n: Any) -> Any:
    """`a`, or what stands for the index `i` if that lies farther outside. It begins with the lowest number."""
    _require_integers("stray_index", a=a, i=i, n=n)

    def emit(_context: Any, builder: ir.IRBuilder, _signature: Any, values: Sequence[ir.Value]) -> ir.Value:
        farthest, given, count = (Value(builder, value, types.int64) for value in values)
        place = _place(given, count)
        return select(place > farthest, place, farthest).ir

    return types.int64(types.int64, types.int64, types.int64), emit


@intrinsic
def strayed_index(_context: Any, a: Any, n: Any) -> Any:
    """The index that `stray_index` has kept in `a`; one that is right if it has not kept any."""
    _require_integers("strayed_index", a=a, n=n)

    def emit(_context: Any, builder: ir.IRBuilder, _signature: Any, values: Sequence[ir.Value]) -> ir.Value:
        farthest, count = (Value(builder, value, types.int64) for value in values)
        return ((farthest - count) ^ _LOWEST).ir

    return types.int64(types.int64, types.int64), emit


def _place(index: Value, count: Value) -> Value:
    """The distance from the first index that is right, as an unsigned number, in the order of signed ones."""
    return index + (count ^ _LOWEST)


def _end(count: Value) -> Value:
    """The `_place` behind the last index that is right."""
    return (count + count) ^ _LOWEST


def _require_integers(function: str, **given: Any) -> None:
    for what, value in given.items():
        require(function, what, value, types.int64)


KERNEL_NAMES: dict[str, object] = {
    "stride": stride,
    "check_index": check_index,
    "safe_index": safe_index,
    "stray_index": stray_index,
    "strayed_index": strayed_index,
}
