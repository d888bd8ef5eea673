"""Intrinsics for small matrix products inside kernels; the code is that of `staticad.codegen.matrix_tiles`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.errors import NumbaTypeError
from numba.extending import intrinsic

from staticad.codegen.intrinsics import Pointer, element_address
from staticad.codegen.matrix_depth import product_function
from staticad.codegen.matrix_vectors import ADDRESS, registers
from staticad.codegen.target import host_features
from staticad.codegen.vecmath.builder import FLOATS, ir_type

_WORDS = ("c_at", "c_row", "a_at", "a_row", "a_column", "b_at", "b_row", "b_column", "rows", "columns", "depth")


def _check(function: str, pointers: dict[str, Any], words: Sequence[Any]) -> None:
    for name, p in pointers.items():
        if not isinstance(p, Pointer) or p.dtype not in FLOATS:
            raise NumbaTypeError(f"{function}: {name} must be a pointer to floats, not {p}")
    if len({p.dtype for p in pointers.values()}) != 1:
        raise NumbaTypeError(f"{function}: the matrices have different dtypes")
    for name, word in zip(_WORDS, words, strict=True):
        if types.unliteral(word) != types.int64:
            raise NumbaTypeError(f"{function}: {name} must be int64, not {word}")


def _call(
    builder: ir.IRBuilder, pointers: Sequence[Any], values: Sequence[ir.Value], alpha: ir.Value, add: bool
) -> None:
    """``values`` are those of the intrinsics: each address is followed by an index."""
    c, c_at, c_row, a, a_at, a_row, a_column, b, b_at, b_row, b_column, *sizes = values
    starts = [
        builder.bitcast(element_address(builder, p, address, index), ADDRESS)
        for p, address, index in zip(pointers, (c, a, b), (c_at, a_at, b_at), strict=True)
    ]
    function = product_function(builder.module, ir_type(pointers[0].dtype), registers(host_features()))
    arguments = [starts[0], c_row, starts[1], a_row, a_column, starts[2], b_row, b_column, *sizes, alpha]
    builder.call(function, [*arguments, ir.Constant(ir.IntType(1), int(add))])


@intrinsic
def matrix_product(
    _context: Any,
    c: Any,
    c_at: Any,
    c_row: Any,
    a: Any,
    a_at: Any,
    a_row: Any,
    a_column: Any,
    b: Any,
    b_at: Any,
    b_row: Any,
    b_column: Any,
    rows: Any,
    columns: Any,
    depth: Any,
) -> Any:
    """``C = A @ B``. A matrix is a pointer, the index of its first element, and the distances in elements between its
    rows and its columns (those of C are contiguous, of B one or the other). C is (rows, columns) and overlaps neither
    A (rows, depth) nor B (depth, columns)."""
    words = (c_at, c_row, a_at, a_row, a_column, b_at, b_row, b_column, rows, columns, depth)
    _check("matrix_product", {"c": c, "a": a, "b": b}, words)

    def emit(context: Any, builder: ir.IRBuilder, _signature: Any, values: Sequence[ir.Value]) -> ir.Value:
        _call(builder, (c, a, b), values, ir.Constant(ir_type(c.dtype), 1.0), False)
        return context.get_dummy_value()

    i = types.int64
    return types.void(c, i, i, a, i, i, i, b, i, i, i, i, i, i), emit


@intrinsic
def matrix_product_add(
    _context: Any,
    c: Any,
    c_at: Any,
    c_row: Any,
    a: Any,
    a_at: Any,
    a_row: Any,
    a_column: Any,
    b: Any,
    b_at: Any,
    b_row: Any,
    b_column: Any,
    rows: Any,
    columns: Any,
    depth: Any,
    alpha: Any,
) -> Any:
    """``C += alpha * (A @ B)``, else as `matrix_product`; alpha has the dtype of the matrices."""
    words = (c_at, c_row, a_at, a_row, a_column, b_at, b_row, b_column, rows, columns, depth)
    _check("matrix_product_add", {"c": c, "a": a, "b": b}, words)
    if alpha != c.dtype:
        raise NumbaTypeError(f"matrix_product_add: alpha must be {c.dtype}, not {alpha}")

    def emit(context: Any, builder: ir.IRBuilder, _signature: Any, values: Sequence[ir.Value]) -> ir.Value:
        _call(builder, (c, a, b), values[:-1], values[-1], True)
        return context.get_dummy_value()

    i = types.int64
    return types.void(c, i, i, a, i, i, i, b, i, i, i, i, i, i, alpha), emit


KERNEL_NAMES: dict[str, object] = {"matrix_product": matrix_product, "matrix_product_add": matrix_product_add}
