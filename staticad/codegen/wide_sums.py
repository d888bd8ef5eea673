"""Sums of matrices in float64: what long matrix products are added up in, part by part.

A product accumulates its terms in the dtype of its elements, so it is computed for some thousand terms at a time. Each
part overwrites C, and is then added to a copy of C in float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from staticad.codegen.matrix_vectors import ADDRESS, BYTE, WORD, shared_function, word
from staticad.codegen.routine_text import Sums
from staticad.codegen.vecmath.builder import FLOATS, ir_type

_WIDE = ir.DoubleType()


def sums_function(module: ir.Module, element: ir.Type) -> ir.Function:
    """The function of a module ``(sums, c, c_row, rows, columns, scale, what)``: ``sums`` are float64 and dense, rows
    of C lie ``c_row`` elements apart. What is added is scaled."""
    name = f"matrix_sums_{element}"
    function = shared_function(module, name, [ADDRESS, ADDRESS, WORD, WORD, WORD, _WIDE, WORD], apart=(0, 1))
    if not function.is_declaration:
        return function
    sums, c, c_row, rows, columns, scale, what = function.args
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    size = 4 if isinstance(element, ir.FloatType) else 8
    done = function.append_basic_block("done")
    switch = builder.switch(what, done)

    def wide(value: ir.Value) -> ir.Value:
        return value if element == _WIDE else builder.fpext(value, _WIDE)

    def narrow(value: ir.Value) -> ir.Value:
        return value if element == _WIDE else builder.fptrunc(value, element)

    for way in Sums:
        block = function.append_basic_block(way.name.lower())
        switch.add_case(word(way), block)
        builder.position_at_end(block)
        with cgutils.for_range(builder, rows, intp=WORD) as row:
            here = builder.gep(sums, [builder.mul(builder.mul(row.index, columns), word(8))], source_etype=BYTE)
            there = builder.gep(c, [builder.mul(builder.mul(row.index, c_row), word(size))], source_etype=BYTE)
            with cgutils.for_range(builder, columns, intp=WORD) as column:
                total = builder.gep(here, [column.index], inbounds=True, source_etype=_WIDE)
                part = builder.gep(there, [column.index], inbounds=True, source_etype=element)
                if way == Sums.WRITE:
                    value = narrow(builder.load(total, typ=_WIDE, align=8))
                    builder.store(value, builder.bitcast(part, element.as_pointer()), align=size)
                else:
                    value = ir.Constant(_WIDE, 0.0)
                    if way != Sums.CLEAR:
                        value = wide(builder.load(part, typ=element, align=size))
                    if way == Sums.COLLECT:
                        value = builder.fadd(builder.load(total, typ=_WIDE, align=8), builder.fmul(scale, value))
                    builder.store(value, builder.bitcast(total, _WIDE.as_pointer()), align=8)
        builder.branch(done)
    builder.position_at_end(done)
    builder.ret_void()
    return function


@intrinsic
def matrix_sums(_context: Any, sums: Any, c: Any, c_row: Any, rows: Any, columns: Any, what: Any, dtype: Any) -> Any:
    """One of `Sums` with the sums and C at these addresses."""
    assert dtype.dtype in FLOATS, dtype

    def emit(context: Any, builder: ir.IRBuilder, _signature: Any, values: Sequence[ir.Value]) -> ir.Value:
        addresses = [builder.inttoptr(value, ADDRESS) for value in values[:2]]
        function = sums_function(builder.module, ir_type(dtype.dtype))
        builder.call(function, [*addresses, *values[2:5], ir.Constant(_WIDE, 1.0), values[5]])
        return context.get_dummy_value()

    return types.void(*[types.int64] * 6, dtype), emit


KERNEL_NAMES: dict[str, object] = {"matrix_sums": matrix_sums}
