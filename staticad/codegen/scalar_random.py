"""Threefry-2x32 with 20 rounds, as in `staticad.ops.random`, on two words that stay in registers of 32-bit lanes.

The constants are those of the paper; they stand here again because cached object files depend on this package alone.
"""

from __future__ import annotations

from numba.core import types

from staticad.codegen.vecmath.builder import Value
from staticad.codegen.vecmath.elementwise import elementwise

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
PARITY = 0x1BD11BDA
GROUPS = 5
SIGN = 1 << 31


def _words(x: Value) -> list[Value]:
    """The upper and the lower half."""
    return [x.logical_shift_right(32).to(types.uint32), x.to(types.uint32)]


def _rotate(x: Value, count: int) -> Value:
    return x.intrinsic("fshl", x, count)


def _opaque(x: Value) -> Value:
    """x ^ 2**31, as the sign of a float.

    If the counter were a linear function of a loop's variable for LLVM, so would be the sums of the rounds, and its
    loop strength reduction would make each of them anew from all of its terms: seven times slower.
    """
    return (-x.as_float()).bits().to(types.uint32)


def _threefry(key: Value, counter: Value) -> tuple[Value, Value]:
    """The two words of the block (see `staticad.ops.random`)."""
    keys = _words(key)
    keys.append(keys[0] ^ keys[1] ^ PARITY)
    a, b = _words(counter)
    a, b = a + keys[0], _opaque(b) + (keys[1] ^ SIGN)
    for group in range(GROUPS):
        for rotation in ROTATIONS[group % 2]:
            a = a + b
            b = _rotate(b, rotation) ^ a
        a = a + keys[(group + 1) % 3]
        b = b + (keys[(group + 2) % 3] + (group + 1))
    return a, b


def _threefry64(key: Value, counter: Value) -> Value:
    """The block of a key and a counter, first word in the upper half."""
    a, b = _threefry(key, counter)
    return (a.to(types.uint64) << 32) | b.to(types.uint64)


def _threefry32(key: Value, counter: Value) -> Value:
    """The exclusive or of the block's two words."""
    a, b = _threefry(key, counter)
    return a ^ b


threefry64 = elementwise("threefry64", _threefry64, (types.uint64,))
threefry32 = elementwise("threefry32", _threefry32, (types.uint64,), types.uint32)

KERNEL_NAMES: dict[str, object] = {"threefry64": threefry64, "threefry32": threefry32}
