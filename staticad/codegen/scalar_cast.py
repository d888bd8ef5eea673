"""`cast(v, dtype)` between any two dtypes, with the result of NumPy's astype on x86-64.

Conversions to integers take the low bits. A float is truncated towards zero; where the truncated value does not fit,
C leaves the result open, and this is what x86-64 gives (and NumPy there): NaN, and values that do not fit a signed
integer of 32 bits (targets of up to 32 bits) or 64 bits (64-bit targets), become the lowest integer of that width;
unsigned targets of 32 and 64 bits map their upper half by subtracting 2**31 or 2**63 first. Narrower targets take the
low bits of the 32-bit result, so 300.0 becomes int8 44. Conversion to boolean is `v != 0`: NaN is true.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.errors import NumbaTypeError

from staticad.codegen.scalar_compare import truth
from staticad.codegen.vecmath.builder import BOOLEAN, DTYPES, Value, is_float, is_signed, select, width
from staticad.codegen.vecmath.elementwise import as_intrinsic


def _to_signed(x: Value, dtype: types.Type) -> Value:
    """Float to a signed integer type; the lowest integer where the value does not fit."""
    half = 1 << (width(dtype) - 1)
    # float64 holds -2**31 - 0.9, which truncates to a legal int32; no other bound has such neighbours
    above = x > -half - 1 if width(x.dtype) > width(dtype) else x >= -half
    fits = above & (x < half)
    converted = x.to(dtype)
    return select(fits, converted, -half)


def _to_integer(x: Value, dtype: types.Type) -> Value:
    bits = max(32, width(dtype))
    wide = types.Integer.from_bitwidth(bits, True)
    if is_signed(dtype) or width(dtype) < 32:
        return _to_signed(x, wide).to(dtype)
    half = 1 << (bits - 1)
    upper = x >= half
    converted = _to_signed(select(upper, x - half, x), wide)
    return (converted ^ select(upper, converted.constant(-half), 0)).to(dtype)


def convert(x: Value, dtype: types.Type) -> Value:
    """The value as `dtype`, as NumPy's astype on x86-64."""
    if dtype == BOOLEAN:
        return truth(x)
    if is_float(x.dtype) and not is_float(dtype):
        return _to_integer(x, dtype)
    return x.to(dtype)


def _define_cast(_context: Any, v: types.Type, dtype: types.Type) -> Any:
    source = types.unliteral(v)
    target = dtype.dtype if isinstance(dtype, types.NumberClass) else None
    if source not in DTYPES or target not in DTYPES:
        raise NumbaTypeError(f"cast: no conversion from {source} to {dtype}")

    def emit(_context: Any, builder: ir.IRBuilder, _signature: Any, values: Sequence[ir.Value]) -> ir.Value:
        return convert(Value(builder, values[0], source), target).ir

    return target(source, dtype), emit


cast = as_intrinsic(_define_cast, "cast", "v as dtype, as NumPy's astype on x86-64.", ("v", "dtype"))

KERNEL_NAMES: dict[str, object] = {"cast": cast}
