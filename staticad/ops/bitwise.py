"""Bits of integers: and, or, exclusive or, complement, shifts, number; divisors. Derivative zero wherever it exists.

A shift by as many bits as the dtype has, or more, or by a negative number, leaves 0, or -1 of a negative number shifted
to the right, as in NumPy. Bools have logic instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from staticad.ops.base import Elementwise


def _bits(
    name: str, numpy: Callable[..., Any], commutative: bool = True, cost: int = 1, notes: str = ""
) -> Elementwise:
    return Elementwise(
        name,
        numpy=numpy,
        arity=2,
        operands="iu",
        cost=cost,
        commutative=commutative,
        ulps=0,
        nondifferentiable=True,
        notes=notes,
    )


BITWISE_AND = _bits(
    "bitwise_and",
    np.bitwise_and,
    notes="of bools it is `logical_and`; `bitwise_or`, `bitwise_xor` and `invert` likewise",
)
BITWISE_OR = _bits("bitwise_or", np.bitwise_or)
BITWISE_XOR = _bits("bitwise_xor", np.bitwise_xor)
LEFT_SHIFT = _bits(
    "left_shift",
    np.left_shift,
    commutative=False,
    cost=2,
    notes="0 for shifts by the width of the dtype or more, or by a negative number",
)
RIGHT_SHIFT = _bits(
    "right_shift",
    np.right_shift,
    commutative=False,
    cost=2,
    notes="keeps the sign; 0 or -1 for shifts by the width of the dtype or more, or by a negative number",
)

INVERT = Elementwise("invert", numpy=np.invert, operands="iu", ulps=0, nondifferentiable=True)

BITWISE_COUNT = Elementwise(
    "bitwise_count",
    numpy=np.bitwise_count,
    operands="iu",
    result="uint8",
    ulps=0,
    nondifferentiable=True,
    notes="of the absolute value",
)

GCD = _bits("gcd", np.gcd, cost=100, notes="never negative, but for the lowest number, whose absolute value wraps")
LCM = _bits("lcm", np.lcm, cost=100, notes="never negative, unless it wraps; 0 if an operand is 0")

BITWISE_OPS = (
    BITWISE_AND, BITWISE_OR, BITWISE_XOR, LEFT_SHIFT, RIGHT_SHIFT, INVERT, BITWISE_COUNT, GCD, LCM,
)  # fmt: skip
