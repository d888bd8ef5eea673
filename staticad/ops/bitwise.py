"""Bits of integers: and, or, exclusive or, complement, shifts. Derivative zero wherever it exists.

A shift by as many bits as the dtype has, or more, or by a negative number, leaves 0, or -1 of a negative number shifted
to the right, as in NumPy. Bools have logic instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from staticad.ops.base import Elementwise


def _bits(name: str, numpy: Callable[..., Any], commutative: bool = True, cost: int = 1) -> Elementwise:
    return Elementwise(
        name,
        numpy=numpy,
        code=name + "({0}, {1})",
        arity=2,
        operands="iu",
        cost=cost,
        commutative=commutative,
        nondifferentiable=True,
    )


BITWISE_AND = _bits("bitwise_and", np.bitwise_and)
BITWISE_OR = _bits("bitwise_or", np.bitwise_or)
BITWISE_XOR = _bits("bitwise_xor", np.bitwise_xor)
LEFT_SHIFT = _bits("left_shift", np.left_shift, commutative=False, cost=2)
RIGHT_SHIFT = _bits("right_shift", np.right_shift, commutative=False, cost=2)

INVERT = Elementwise("invert", numpy=np.invert, code="invert({0})", operands="iu", nondifferentiable=True)

BITWISE_OPS = (BITWISE_AND, BITWISE_OR, BITWISE_XOR, LEFT_SHIFT, RIGHT_SHIFT, INVERT)
