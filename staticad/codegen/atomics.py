"""What only the machine's own code needs: raw memory, atomic operations, calls by address, the pause instruction.

All addresses are int64, so that the machine can follow pointers that it finds in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

_WORD = ir.IntType(64)


def _pointer(
    builder: ir.IRBuilder, address: ir.Value, index: ir.Value | None = None, kind: ir.Type = _WORD
) -> ir.Value:
    pointer = builder.inttoptr(address, kind.as_pointer())
    return pointer if index is None else builder.gep(pointer, [index])


def _word_sig(count: int, result: types.Type = types.int64) -> Any:
    return result(*[types.int64] * count)


@intrinsic
def peek(typingctx: Any, address: Any, index: Any) -> Any:
    """The int64 at ``address + 8 * index``."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(_pointer(builder, *args))

    return _word_sig(2), codegen


@intrinsic
def peek_int32(typingctx: Any, address: Any) -> Any:
    """The int32 at ``address``, as int64."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.sext(builder.load(_pointer(builder, args[0], kind=ir.IntType(32))), _WORD)

    return _word_sig(1), codegen


@intrinsic
def poke(typingctx: Any, address: Any, index: Any, value: Any) -> Any:
    """Write an int64 to ``address + 8 * index``."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[2], _pointer(builder, *args[:2]))
        return context.get_dummy_value()

    return _word_sig(3, types.void), codegen


MACHINE_NAMES: dict[str, Callable[..., Any]] = {"peek": peek, "peek_int32": peek_int32, "poke": poke}
