"""Floats of 16 bits, as their bits, and floats that are computed with.

LLVM converts float16 by the instructions of the CPU. The rare x86 CPUs that have none (without F16C) get the same
numbers by arithmetic on bits: there one function stands for another (`staticad.codegen.target.SUBSTITUTES`).
"""

from __future__ import annotations

from llvmlite import ir
from numba.core import types

from staticad.codegen.vecmath.builder import FLOATS, Value, select
from staticad.codegen.vecmath.elementwise import elementwise

BITS = (types.uint16,)


def _single(a: Value) -> Value:
    """As float32, so that it is then rounded to 16 bits as if once: to zero, with the last bit set where that changed
    something."""
    if a.dtype == types.float32:
        return a
    near = a.to(types.float32)
    back, bits = near.to(types.float64), near.bits()
    beyond = select(abs(back) > abs(a), bits.constant(1), 0)
    return select((back < a) | (back > a), (bits - beyond) | 1, bits).as_float()


def _widen_float16(a: Value) -> Value:
    """The float16 with the bits a, as float32."""
    half = a.builder.bitcast(a.ir, ir.HalfType())
    return Value(a.builder, a.builder.fpext(half, ir.FloatType()), types.float32)


def _narrow_float16(a: Value) -> Value:
    """The bits of the float16 nearest to a."""
    x = _single(a)
    half = x.builder.fptrunc(x.ir, ir.HalfType())
    return Value(x.builder, x.builder.bitcast(half, ir.IntType(16)), types.uint16)


def _widen_float16_by_bits(a: Value) -> Value:
    bits = a.to(types.int32)
    sign, size = (bits & 0x8000) << 16, bits & 0x7FFF
    normal = (size << 13) + (112 << 23)
    special = normal + (112 << 23)
    tiny = ((size + (126 << 23)).as_float() - 0.5).bits()  # a whole multiple of 2**-24
    found = select(size < 0x400, tiny, select(size >= 0x7C00, special, normal))
    return (found | sign).as_float()


def _narrow_float16_by_bits(a: Value) -> Value:
    bits = _single(a).bits()
    sign, size = bits.logical_shift_right(16) & 0x8000, bits & 0x7FFFFFFF
    odd = size.logical_shift_right(13) & 1
    normal = (size + odd + (0xFFF - (112 << 23))).logical_shift_right(13)
    tiny = (size.as_float() + 0.5).bits() - (126 << 23)  # rounds to a multiple of 2**-24
    nan = (size.logical_shift_right(13) & 0x3FF) | 0x7E00
    large = select(size > 0x7F800000, nan, select(size >= 0x47800000, bits.constant(0x7C00), normal))
    return (select(size < (113 << 23), tiny, large) | sign).to(types.uint16)


def _widen_bfloat16(a: Value) -> Value:
    """The bfloat16 with the bits a, as float32."""
    return (a.to(types.int32) << 16).as_float()


def _narrow_bfloat16(a: Value) -> Value:
    """The bits of the bfloat16 nearest to a."""
    bits = _single(a).bits()
    upper = bits.logical_shift_right(16)
    rounded = (bits + 0x7FFF + (upper & 1)).logical_shift_right(16)
    return select(a.is_nan(), upper | 0x40, rounded).to(types.uint16)


KERNEL_NAMES: dict[str, object] = {
    "widen_float16": elementwise("widen_float16", _widen_float16, BITS, types.float32),
    "narrow_float16": elementwise("narrow_float16", _narrow_float16, FLOATS, types.uint16),
    "widen_float16_by_bits": elementwise("widen_float16_by_bits", _widen_float16_by_bits, BITS, types.float32),
    "narrow_float16_by_bits": elementwise("narrow_float16_by_bits", _narrow_float16_by_bits, FLOATS, types.uint16),
    "widen_bfloat16": elementwise("widen_bfloat16", _widen_bfloat16, BITS, types.float32),
    "narrow_bfloat16": elementwise("narrow_bfloat16", _narrow_bfloat16, FLOATS, types.uint16),
}
