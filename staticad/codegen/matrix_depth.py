"""Small matrix products with many terms: the products of `DEPTH` terms at a time, added up in float64.

The tiles of `staticad.codegen.matrix_tiles` add what a block of terms gives to C, in the dtype of C. For a million
terms that loses digits. Here C is cut into pieces whose sums fit the stack. How the terms of an element are added
depends on nothing but their number, however a product is cut.
"""

from __future__ import annotations

from llvmlite import ir
from numba.core import cgutils

from staticad.codegen.matrix_dots import dots_function, has_dots
from staticad.codegen.matrix_tiles import Operands, declare, tiles_function
from staticad.codegen.matrix_vectors import ADDRESS, BYTE, WORD, Registers, maximum, minimum, word
from staticad.codegen.routine_text import Sums
from staticad.codegen.wide_sums import sums_function

DEPTH = 1024  # terms: adding their sum in float64 takes a hundredth of the time
_ROOM = 8192  # elements of a piece
_ROWS = 64  # that a piece has, where there are so many columns


def product_symbol(element: ir.Type) -> str:
    """The name of the function for matrices of float or double."""
    return f"staticad_matrix_product_{element}"


def product_function(module: ir.Module, element: ir.Type, machine: Registers) -> ir.Function:
    """`staticad.codegen.matrix_tiles.tiles_function` for any number of terms."""
    function = declare(module, element, product_symbol(element))
    if function.is_declaration:
        o = Operands(*function.args)
        builder = ir.IRBuilder(function.append_basic_block("entry"))
        called = (dots_function(module, element, machine), tiles_function(module, element, machine))
        deep = _deep_function(module, element, *called)
        with builder.if_else(builder.icmp_signed(">", o.depth, word(DEPTH)), likely=False) as (long, short):
            with long:
                builder.call(deep, function.args)
            with short:
                builder.call(builder.select(has_dots(builder, o), *called), function.args)
        builder.ret_void()
    return function


def _deep_function(module: ir.Module, element: ir.Type, dots: ir.Function, tiles: ir.Function) -> ir.Function:
    function = declare(module, element, f"matrix_depth_{element}")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    memory = builder.alloca(ir.ArrayType(ir.DoubleType(), _ROOM))
    memory.align = 64
    o, sums = Operands(*function.args), builder.bitcast(memory, ADDRESS)
    called = builder.select(has_dots(builder, o), dots, tiles)
    few = minimum(builder, maximum(builder, o.rows, 1), word(_ROWS))
    width = maximum(builder, minimum(builder, o.columns, builder.sdiv(word(_ROOM), few)), 1)
    height = builder.sdiv(word(_ROOM), width)
    with (
        cgutils.for_range_slice(builder, word(0), o.rows, height, WORD) as (i, _),
        cgutils.for_range_slice(builder, word(0), o.columns, width, WORD) as (j, _),
    ):
        rows = minimum(builder, builder.sub(o.rows, i), height)
        columns = minimum(builder, builder.sub(o.columns, j), width)
        _piece(builder, element, called, o, sums, (i, j), (rows, columns))
    builder.ret_void()
    return function


def _piece(
    builder: ir.IRBuilder,
    element: ir.Type,
    called: ir.Value,
    o: Operands,
    sums: ir.Value,
    at: tuple[ir.Value, ir.Value],
    size: tuple[ir.Value, ir.Value],
) -> None:
    """So many rows and columns of C from a place on."""

    def place(address: ir.Value, *terms: tuple[ir.Value, ir.Value]) -> ir.Value:
        for number, step in terms:
            bytes_away = builder.mul(builder.mul(number, step), word(4 if isinstance(element, ir.FloatType) else 8))
            address = builder.gep(address, [bytes_away], inbounds=True, source_etype=BYTE)
        return address

    def add_up(scale: ir.Value, what: ir.Value) -> None:
        builder.call(sums_function(builder.module, element), [sums, c, o.c_row, *size, scale, what])

    (i, j), one = at, ir.Constant(element, 1.0)
    c = place(o.c, (i, o.c_row), (j, word(1)))
    alpha = o.alpha if element == ir.DoubleType() else builder.fpext(o.alpha, ir.DoubleType())
    add_up(alpha, builder.select(o.add, word(Sums.FETCH), word(Sums.CLEAR)))
    with cgutils.for_range_slice(builder, word(0), o.depth, word(DEPTH), WORD) as (k, _):
        a, b = place(o.a, (i, o.a_row), (k, o.a_column)), place(o.b, (k, o.b_row), (j, o.b_column))
        depth = minimum(builder, builder.sub(o.depth, k), word(DEPTH))
        matrices = [c, o.c_row, a, o.a_row, o.a_column, b, o.b_row, o.b_column]
        builder.call(called, [*matrices, *size, depth, one, ir.Constant(ir.IntType(1), 0)])
        add_up(alpha, word(Sums.COLLECT))
    add_up(alpha, word(Sums.WRITE))
