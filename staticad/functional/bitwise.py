"""Bits and divisors of integers with NumPy's names and promotion; of bools they are logic. Derivative 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from staticad.errors import DTypeError
from staticad.functional.front import implements, public_names
from staticad.ir.dtypes import BOOL, INT8, is_float
from staticad.ir.graph import Tensor, describe
from staticad.ops.base import Op, apply
from staticad.ops.bitwise import (
    BITWISE_AND,
    BITWISE_COUNT,
    BITWISE_OR,
    BITWISE_XOR,
    GCD,
    INVERT,
    LCM,
    LEFT_SHIFT,
    RIGHT_SHIFT,
)
from staticad.ops.comparison import LOGICAL_AND, LOGICAL_NOT, LOGICAL_OR, LOGICAL_XOR
from staticad.ops.promotion import Operand, as_operands, cast


def _bits(op: Op, logic: Op | None, *values: Operand) -> Tensor:
    """``logic`` is what the op is of bools; None makes them int8."""
    operands = as_operands(op.name, *values)
    if is_float(operands[0].dtype):
        listed = ", ".join(describe(t) for t in operands)
        raise DTypeError(f"{op.name}: floats have no bits here; compare first or use astype ({listed})")
    if operands[0].dtype != BOOL:
        return apply(op, *operands)
    return apply(op, *(cast(t, INT8) for t in operands)) if logic is None else apply(logic, *operands)


@implements(np.bitwise_and)
def bitwise_and(x1: Operand, x2: Operand) -> Tensor:
    """x1 & x2, bit by bit. Floats raise DTypeError."""
    return _bits(BITWISE_AND, LOGICAL_AND, x1, x2)


@implements(np.bitwise_or)
def bitwise_or(x1: Operand, x2: Operand) -> Tensor:
    """x1 | x2, bit by bit. Floats raise DTypeError."""
    return _bits(BITWISE_OR, LOGICAL_OR, x1, x2)


@implements(np.bitwise_xor)
def bitwise_xor(x1: Operand, x2: Operand) -> Tensor:
    """x1 ^ x2, bit by bit. Floats raise DTypeError."""
    return _bits(BITWISE_XOR, LOGICAL_XOR, x1, x2)


@implements(np.invert)
def invert(x: Operand) -> Tensor:
    """~x, bit by bit: -x - 1 of signed integers. Floats raise DTypeError."""
    return _bits(INVERT, LOGICAL_NOT, x)


@implements(np.left_shift)
def left_shift(x1: Operand, x2: Operand) -> Tensor:
    """x1 << x2 in the operands' dtype; 0 for shifts by its width or more, or by a negative number. Bools are int8 ones.
    Floats raise DTypeError."""
    return _bits(LEFT_SHIFT, None, x1, x2)


@implements(np.right_shift)
def right_shift(x1: Operand, x2: Operand) -> Tensor:
    """x1 >> x2, keeping the sign; 0, or -1 of negative ones, for shifts by the width or more, or by a negative number.
    Bools are int8 ones. Floats raise DTypeError."""
    return _bits(RIGHT_SHIFT, None, x1, x2)


@implements(np.bitwise_count)
def bitwise_count(x: Operand) -> Tensor:
    """How many bits of |x| are set, a uint8. Floats raise DTypeError."""
    return _bits(BITWISE_COUNT, None, x)


@implements(np.gcd)
def gcd(x1: Operand, x2: Operand) -> Tensor:
    """The greatest common divisor of |x1| and |x2|; 0 of two zeros. Bools are int8 ones. Floats raise DTypeError."""
    return _bits(GCD, None, x1, x2)


@implements(np.lcm)
def lcm(x1: Operand, x2: Operand) -> Tensor:
    """The least common multiple of |x1| and |x2|; 0 if one is 0. Bools are int8 ones. Floats raise DTypeError."""
    return _bits(LCM, None, x1, x2)


bitwise_invert = bitwise_not = invert
bitwise_left_shift = left_shift
bitwise_right_shift = right_shift

if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
