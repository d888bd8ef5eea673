"""Operands of special functions: of one float type, and orders that are integers."""

from __future__ import annotations

import numpy as np

from staticad.errors import DTypeError
from staticad.functional.front import as_float
from staticad.ir.dtypes import floating, is_complex, is_integer
from staticad.ir.graph import Tensor, describe
from staticad.ops.promotion import Operand, as_operands, cast, to_tensor
from staticad.ops.sources import constant_array


def floats(name: str, *operands: Operand) -> list[Tensor]:
    """The operands in their common float type."""
    given = as_operands(name, *operands)
    dtype = floating(given[0].dtype)
    return [cast(x, dtype) for x in given]


def real_floats(name: str, *operands: Operand) -> list[Tensor]:
    """The operands in their common float type. Raises DTypeError for complex ones."""
    found = floats(name, *operands)
    if is_complex(found[0].dtype):
        raise DTypeError(f"{name}: operands have to be real, not {describe(found[0])}; take .real or .imag")
    return found


def with_order(name: str, n: Operand, x: Operand) -> tuple[Tensor, Tensor]:
    """An integer order and an operand, both in the float type of the operand.

    Raises DTypeError for an order that is no integer.
    """
    a, order = as_float(x), to_tensor(n)
    if not is_integer(order.dtype):
        known = constant_array(order)
        if known is None or known.dtype.kind != "f" or not np.all(known == np.rint(known)):
            raise DTypeError(f"{name}: the order has to be an integer, not {describe(order)}; use astype")
    return cast(order, a.dtype), a
