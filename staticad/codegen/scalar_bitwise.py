"""Bits of integers, with NumPy's rules for shifts, and common divisors and multiples.

LLVM leaves a shift by the width or more undefined. NumPy's result (0, or the sign) is selected instead, which costs
nothing where the count is a literal.
"""

from __future__ import annotations

from numba.core import types

from staticad.codegen.vecmath.builder import INTEGERS, Value, is_signed, repeat_while, select, width
from staticad.codegen.vecmath.elementwise import elementwise


def _bitwise_and(a: Value, b: Value) -> Value:
    """a & b."""
    return a & b


def _bitwise_or(a: Value, b: Value) -> Value:
    """a | b."""
    return a | b


def _bitwise_xor(a: Value, b: Value) -> Value:
    """a ^ b."""
    return a ^ b


def _invert(a: Value) -> Value:
    """~a."""
    return ~a


def _is_inside(count: Value) -> Value:
    unsigned = count.to(types.Integer.from_bitwidth(width(count.dtype), False))
    return unsigned < width(count.dtype)


def _left_shift(a: Value, b: Value) -> Value:
    """a << b; 0 for a count outside the width, negative ones included."""
    inside = _is_inside(b)
    return select(inside, a << select(inside, b, 0), 0)


def _right_shift(a: Value, b: Value) -> Value:
    """a >> b, with the sign; all bits are the sign's for a count outside the width, negative ones included."""
    inside = _is_inside(b)
    if is_signed(a.dtype):
        return a >> select(inside, b, width(a.dtype) - 1)
    return select(inside, a >> select(inside, b, 0), 0)


def _magnitude(a: Value) -> Value:
    """|a| as an unsigned integer."""
    unsigned = a.to(types.Integer.from_bitwidth(width(a.dtype), False))
    return select(a < 0, -unsigned, unsigned) if is_signed(a.dtype) else a


def _bitwise_count(a: Value) -> Value:
    """How many bits of |a| are set."""
    return _magnitude(a).intrinsic("ctpop").to(types.uint8)


def _common_divisor(a: Value, b: Value) -> Value:
    """Euclid's algorithm; both are unsigned."""
    result, _ = repeat_while(
        [a, b], lambda _, rest: rest.ne(0), lambda x, y: [y, x.int_remainder(select(y.eq(0), 1, y))]
    )
    return result


def _gcd(a: Value, b: Value) -> Value:
    """The greatest common divisor of |a| and |b|; 0 of two zeros."""
    return _common_divisor(_magnitude(a), _magnitude(b)).to(a.dtype)


def _lcm(a: Value, b: Value) -> Value:
    """The least common multiple of |a| and |b|; 0 if one is 0."""
    x, y = _magnitude(a), _magnitude(b)
    divisor = _common_divisor(x, y)
    return (x.int_quotient(select(divisor.eq(0), 1, divisor)) * y).to(a.dtype)


bitwise_and = elementwise("bitwise_and", _bitwise_and, INTEGERS)
bitwise_or = elementwise("bitwise_or", _bitwise_or, INTEGERS)
bitwise_xor = elementwise("bitwise_xor", _bitwise_xor, INTEGERS)
invert = elementwise("invert", _invert, INTEGERS)
left_shift = elementwise("left_shift", _left_shift, INTEGERS)
right_shift = elementwise("right_shift", _right_shift, INTEGERS)
bitwise_count = elementwise("bitwise_count", _bitwise_count, INTEGERS, types.uint8)
gcd = elementwise("gcd", _gcd, INTEGERS)
lcm = elementwise("lcm", _lcm, INTEGERS)

KERNEL_NAMES: dict[str, object] = {
    "bitwise_and": bitwise_and,
    "bitwise_or": bitwise_or,
    "bitwise_xor": bitwise_xor,
    "invert": invert,
    "left_shift": left_shift,
    "right_shift": right_shift,
    "bitwise_count": bitwise_count,
    "gcd": gcd,
    "lcm": lcm,
}
