"""What only the machine's own code needs: raw memory, atomic operations, calls by address, the processor's state.

Addresses are int64, so that the machine can follow pointers that it finds in memory; indices count 8-byte words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

_WORD = ir.IntType(64)
_INT8, _INT32 = ir.IntType(8), ir.IntType(32)


def _words(count: int, result: types.Type = types.int64) -> Any:
    return result(*[types.int64] * count)


def _at(builder: Any, address: Any, index: Any) -> Any:
    return builder.gep(builder.inttoptr(address, _WORD.as_pointer()), [index])


@intrinsic
def address_of(typingctx: Any, args: Any) -> Any:
    """The argument block's address as a number."""

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.ptrtoint(values[0], _WORD)

    return types.int64(args), codegen


@intrinsic
def peek(typingctx: Any, address: Any, index: Any) -> Any:
    """The int64 at ``address + 8 * index``."""

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.load(_at(builder, *values))

    return _words(2), codegen


@intrinsic
def peek_int32(typingctx: Any, address: Any) -> Any:
    """The int32 at ``address``, as int64."""

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.sext(builder.load(builder.inttoptr(values[0], _INT32.as_pointer())), _WORD)

    return _words(1), codegen


@intrinsic
def poke(typingctx: Any, address: Any, index: Any, value: Any) -> Any:
    """Write an int64 to ``address + 8 * index``."""

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        builder.store(values[2], _at(builder, *values[:2]))
        return context.get_dummy_value()

    return _words(3, types.void), codegen


@intrinsic
def atomic_load(typingctx: Any, address: Any, index: Any) -> Any:
    """Sequentially consistent load of the word ``index``."""

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.load_atomic(_at(builder, *values), ordering="seq_cst", align=8)

    return _words(2), codegen


@intrinsic
def atomic_store(typingctx: Any, address: Any, index: Any, value: Any) -> Any:
    """Sequentially consistent store to the word ``index``."""

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        builder.store_atomic(values[2], _at(builder, *values[:2]), ordering="seq_cst", align=8)
        return context.get_dummy_value()

    return _words(3, types.void), codegen


@intrinsic
def atomic_add(typingctx: Any, address: Any, index: Any, value: Any) -> Any:
    """Add to the word ``index``; the value before."""

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.atomic_rmw("add", _at(builder, *values[:2]), values[2], "seq_cst")

    return _words(3), codegen


@intrinsic
def compare_exchange(typingctx: Any, address: Any, index: Any, expected: Any, value: Any) -> Any:
    """Write ``value`` to the word ``index`` if it holds ``expected``; 1 if so, else 0."""

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        result = builder.cmpxchg(_at(builder, *values[:2]), values[2], values[3], "seq_cst", "seq_cst")
        return builder.zext(builder.extract_value(result, 1), _WORD)

    return _words(4), codegen


def _call(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    function = ir.FunctionType(_WORD, [_WORD] * (len(values) - 1))
    return builder.call(builder.inttoptr(values[0], function.as_pointer()), values[1:])


@intrinsic
def call(typingctx: Any, address: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """Call a C function of up to four integer or pointer arguments; pass 0 for those that it does not have.

    The result is meaningless when the function returns void.
    """
    return _words(5), _call


@intrinsic
def call8(typingctx: Any, address: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any, h: Any) -> Any:
    """Call a C function of eight integer or pointer arguments."""
    return _words(9), _call


@intrinsic
def call_gemm(
    typingctx: Any,
    address: Any,
    transa: Any,
    transb: Any,
    m: Any,
    n: Any,
    k: Any,
    alpha: Any,
    a: Any,
    lda: Any,
    b: Any,
    ldb: Any,
    beta: Any,
    c: Any,
    ldc: Any,
) -> Any:
    """Call ``sgemm`` or ``dgemm`` through its Fortran interface: all arguments are addresses."""

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        one = ir.Constant(_WORD, 1)  # the lengths of the two strings, which Fortran passes behind the arguments
        return _call(context, builder, signature, [*values, one, one])

    return _words(14), codegen


@intrinsic
def call_product(
    typingctx: Any,
    address: Any,
    c: Any,
    c_row: Any,
    a: Any,
    a_row: Any,
    a_column: Any,
    b: Any,
    b_row: Any,
    b_column: Any,
    rows: Any,
    columns: Any,
    depth: Any,
    alpha: Any,
    add: Any,
    dtype: Any,
) -> Any:
    """Call a function of `staticad.codegen.matrix_depth` with addresses; ``alpha`` is one too, and ``add`` not 0 if C
    is to be added to."""
    element = ir.FloatType() if dtype.dtype == types.float32 else ir.DoubleType()

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        function, c, c_row, a, a_row, a_column, b, b_row, b_column, rows, columns, depth, alpha, add, _ = values
        scale = builder.load(builder.inttoptr(alpha, element.as_pointer()))
        c, a, b = (builder.inttoptr(matrix, ir.IntType(8).as_pointer()) for matrix in (c, a, b))
        adds = builder.icmp_signed("!=", add, ir.Constant(_WORD, 0))
        given = [c, c_row, a, a_row, a_column, b, b_row, b_column, rows, columns, depth, scale, adds]
        kind = ir.FunctionType(ir.VoidType(), [value.type for value in given])
        builder.call(builder.inttoptr(function, kind.as_pointer()), given)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 14, dtype), codegen


@intrinsic(prefer_literal=True)
def call_fortran(typingctx: Any, address: Any, arguments: Any, count: Any, strings: Any) -> Any:
    """Call a Fortran routine: the addresses of its ``count`` arguments stand in the words at ``arguments``; ``strings``
    of them are single letters, whose lengths follow."""
    if not isinstance(count, types.IntegerLiteral) or not isinstance(strings, types.IntegerLiteral):
        return None
    number, lengths = int(count.literal_value), int(strings.literal_value)

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        given = [builder.load(_at(builder, values[1], ir.Constant(_WORD, i))) for i in range(number)]
        one = ir.Constant(_WORD, 1)
        return _call(context, builder, signature, [values[0], *given, *[one] * lengths])

    return types.int64(types.int64, types.int64, count, strings), codegen


@intrinsic
def report(typingctx: Any, status: Any, code: Any, first: Any, second: Any) -> Any:
    """Report a failed check through the status words (1, code, first, second), unless something else has failed."""

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        none, failed = ir.Constant(_WORD, 0), ir.Constant(_WORD, 1)
        place = _at(builder, values[0], none)
        result = builder.cmpxchg(place, none, failed, "seq_cst", "seq_cst")
        with builder.if_then(builder.extract_value(result, 1), likely=False):
            for position, word in enumerate(values[1:], 1):
                builder.store(word, _at(builder, values[0], ir.Constant(_WORD, position)))
        return context.get_dummy_value()

    return _words(4, types.void), codegen


@intrinsic
def stack_words(typingctx: Any, count: Any) -> Any:
    """Address of ``count`` (a literal) words of scratch memory that live as long as the call."""
    if not isinstance(count, types.IntegerLiteral):
        return None
    words = int(count.literal_value)

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        with builder.goto_entry_block():
            scratch = builder.alloca(_WORD, size=words)
        return builder.ptrtoint(scratch, _WORD)

    return types.int64(count), codegen


@intrinsic
def pause(typingctx: Any) -> Any:
    """Tell the processor that this is a waiting loop."""

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        if _is_x86():
            function = ir.FunctionType(ir.VoidType(), [])
            builder.call(builder.module.declare_intrinsic("llvm.x86.sse2.pause", (), function), [])
        elif _is_arm():
            function = ir.FunctionType(ir.VoidType(), [_INT32])
            hint = builder.module.declare_intrinsic("llvm.aarch64.hint", (), function)
            builder.call(hint, [ir.Constant(_INT32, 1)])
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def float_state(typingctx: Any) -> Any:
    """The word that says how this thread rounds: MXCSR or FPCR. 0 on other processors."""

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        if _is_x86():
            place = _state_place(builder)
            function = ir.FunctionType(ir.VoidType(), [_INT8.as_pointer()])
            store = builder.module.declare_intrinsic("llvm.x86.sse.stmxcsr", (), function)
            builder.call(store, [builder.bitcast(place, _INT8.as_pointer())])
            return builder.zext(builder.load(place), _WORD)
        if _is_arm():
            function = ir.FunctionType(_WORD, [])
            return builder.call(builder.module.declare_intrinsic("llvm.aarch64.get.fpcr", (), function), [])
        return ir.Constant(_WORD, 0)

    return types.int64(), codegen


@intrinsic
def set_float_state(typingctx: Any, state: Any) -> Any:
    """Write the word that `float_state` reads."""

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        if _is_x86():
            place = _state_place(builder)
            builder.store(builder.trunc(values[0], _INT32), place)
            function = ir.FunctionType(ir.VoidType(), [_INT8.as_pointer()])
            load = builder.module.declare_intrinsic("llvm.x86.sse.ldmxcsr", (), function)
            builder.call(load, [builder.bitcast(place, _INT8.as_pointer())])
        elif _is_arm():
            function = ir.FunctionType(ir.VoidType(), [_WORD])
            builder.call(builder.module.declare_intrinsic("llvm.aarch64.set.fpcr", (), function), values)
        return context.get_dummy_value()

    return _words(1, types.void), codegen


def _state_place(builder: Any) -> Any:
    with builder.goto_entry_block():
        return builder.alloca(_INT32)


def _is_x86() -> bool:
    return llvm.get_process_triple().partition("-")[0] in ("x86_64", "i686", "i386")


def _is_arm() -> bool:
    return llvm.get_process_triple().partition("-")[0] in ("aarch64", "arm64")


MACHINE_NAMES: dict[str, Callable[..., Any]] = {
    "address_of": address_of,
    "atomic_add": atomic_add,
    "atomic_load": atomic_load,
    "atomic_store": atomic_store,
    "call": call,
    "call8": call8,
    "call_fortran": call_fortran,
    "call_gemm": call_gemm,
    "call_product": call_product,
    "compare_exchange": compare_exchange,
    "float_state": float_state,
    "pause": pause,
    "peek": peek,
    "peek_int32": peek_int32,
    "poke": poke,
    "report": report,
    "set_float_state": set_float_state,
    "stack_words": stack_words,
}
