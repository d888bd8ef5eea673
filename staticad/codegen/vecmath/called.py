"""Functions of floats that kernels call instead of containing them: a short formula for most, a long one beyond.

LLVM makes vector code of loops without branches only, in which every element takes both ways. So these functions
exist twice, for numbers and for vectors, and LLVM replaces the calls of one by calls of the other
(`staticad.codegen.vector_calls`). A vector takes the long way only where one of its numbers has to. Each number has the
same result in both.
"""

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir
from numba.core import types

from staticad.codegen.vecmath.builder import Value, declare, ir_type
from staticad.records import dataclass


@dataclass(frozen=True)
class Called:
    """``near`` is the formula where ``is_near`` holds, which it does not for NaN; ``far`` that for all others."""

    near: Callable[..., Value]
    far: Callable[..., Value]
    is_near: Callable[..., Value]


def call(symbol: str, *operands: Value) -> Value:
    """What the function of numbers returns, which are of one dtype."""
    first, kinds = operands[0], [x.ir.type for x in operands]
    function = declare(first.builder.module, symbol, kinds[0], kinds)
    return Value(first.builder, first.builder.call(function, [x.ir for x in operands]), first.dtype)


def define(module: ir.Module, symbol: str, formulas: Called, dtype: types.Type, count: int, lanes: int) -> None:
    """Add the function of ``count`` vectors of ``lanes`` numbers to a module, or with 0 lanes that of numbers."""
    number = ir_type(dtype)
    far = ir.Function(module, ir.FunctionType(number, [number] * count), "far")
    far.linkage = "internal"
    for attribute in ("noinline", "nounwind"):
        far.attributes.add(attribute)
    builder = ir.IRBuilder(far.append_basic_block("entry"))
    found = formulas.far(*(Value(builder, argument, dtype) for argument in far.args))
    found.builder.ret(found.ir)

    kind = ir.VectorType(number, lanes) if lanes else number
    function = ir.Function(module, ir.FunctionType(kind, [kind] * count), symbol)
    function.attributes.add("nounwind")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    operands = [Value(builder, argument, dtype) for argument in function.args]
    distant = (~formulas.is_near(*operands)).ir
    result = formulas.near(*operands).ir
    if not lanes:
        with builder.if_then(distant, likely=False):
            builder.ret(builder.call(far, [x.ir for x in operands]))
        builder.ret(result)
        return
    bits = builder.bitcast(distant, ir.IntType(lanes))
    with builder.if_then(builder.icmp_unsigned("!=", bits, bits.type(0)), likely=False):
        mended = result
        for lane in range(lanes):
            place = ir.IntType(32)(lane)
            before = builder.block
            with builder.if_then(builder.extract_element(distant, place)):
                alone = builder.call(far, [builder.extract_element(x.ir, place) for x in operands])
                changed = builder.insert_element(mended, alone, place)
                inside = builder.block
            chosen = builder.phi(kind)
            chosen.add_incoming(mended, before)
            chosen.add_incoming(changed, inside)
            mended = chosen
        builder.ret(mended)
    builder.ret(result)
