"""Functions of float64 that kernels call instead of containing them: a short formula below a limit, a long one beyond.

LLVM makes vector code of loops without branches only, in which every element takes both ways. So these functions
exist twice, for a number and for a vector, and LLVM replaces the calls of one by calls of the other
(`staticad.codegen.vector_calls`). A vector takes the long way only where one of its numbers has to. Each number has the
same result in both.
"""

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir
from numba.core import types

from staticad.codegen.vecmath.builder import Value, declare
from staticad.records import dataclass

_DOUBLE = ir.DoubleType()


@dataclass(frozen=True)
class Called:
    """``near`` is the formula where |x| < limit, ``far`` that for others and for NaN."""

    near: Callable[[Value], Value]
    far: Callable[[Value], Value]
    limit: float


def call(symbol: str, x: Value) -> Value:
    """What the function of one number returns."""
    function = declare(x.builder.module, symbol, _DOUBLE, [_DOUBLE])
    return Value(x.builder, x.builder.call(function, [x.ir]), x.dtype)


def define(module: ir.Module, symbol: str, formulas: Called, lanes: int) -> None:
    """Add the function of a vector of ``lanes`` numbers to a module, or with 0 lanes that of one number."""
    far = ir.Function(module, ir.FunctionType(_DOUBLE, [_DOUBLE]), "far")
    far.linkage = "internal"
    for attribute in ("noinline", "nounwind"):
        far.attributes.add(attribute)
    builder = ir.IRBuilder(far.append_basic_block("entry"))
    builder.ret(formulas.far(Value(builder, far.args[0], types.float64)).ir)

    kind = ir.VectorType(_DOUBLE, lanes) if lanes else _DOUBLE
    function = ir.Function(module, ir.FunctionType(kind, [kind]), symbol)
    function.attributes.add("nounwind")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    x = Value(builder, function.args[0], types.float64)
    distant = (~(abs(x) < formulas.limit)).ir
    result = formulas.near(x).ir
    if not lanes:
        with builder.if_then(distant, likely=False):
            builder.ret(builder.call(far, [x.ir]))
        builder.ret(result)
        return
    bits = builder.bitcast(distant, ir.IntType(lanes))
    with builder.if_then(builder.icmp_unsigned("!=", bits, bits.type(0)), likely=False):
        mended = result
        for lane in range(lanes):
            place = ir.IntType(32)(lane)
            before = builder.block
            with builder.if_then(builder.extract_element(distant, place)):
                found = builder.call(far, [builder.extract_element(x.ir, place)])
                changed = builder.insert_element(mended, found, place)
                inside = builder.block
            chosen = builder.phi(kind)
            chosen.add_incoming(mended, before)
            chosen.add_incoming(changed, inside)
            mended = chosen
        builder.ret(mended)
    builder.ret(result)
