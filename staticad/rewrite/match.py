"""Helpers of rules: the number that a constant is, and the construction of replacements."""

from __future__ import annotations

import math

import numpy as np

from staticad.errors import VerifyError
from staticad.ir.dtypes import is_float
from staticad.ir.graph import Tensor, describe
from staticad.ir.types import TensorType
from staticad.ops.base import Op, apply
from staticad.ops.creation import FULL, fill
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS, RESHAPE, SLICE, SQUEEZE, TRANSPOSE
from staticad.ops.sources import CONSTANT

VIEWS = frozenset((BROADCAST_TO, EXPAND_DIMS, RESHAPE, SLICE, SQUEEZE, TRANSPOSE))
NUMBERS = VIEWS | {FULL, CONSTANT}  # the ops that may make a known number
Number = bool | int | float


def uniform_value(array: np.ndarray) -> Number | None:
    """The number that every element of an array is, bit for bit; None if they differ, for NaN, and for no elements."""
    if array.size == 0:
        return None
    flat = array.reshape(-1)
    first = flat[0]
    if first != first or flat[-1].tobytes() != first.tobytes():
        return None
    if array.size > 2 and not (
        np.array_equal(flat, np.broadcast_to(first, flat.shape))
        and (array.dtype.kind != "f" or first != 0 or bool((np.signbit(flat) == np.signbit(first)).all()))
    ):
        return None
    return first.item()


def scalar_value(tensor: Tensor) -> Number | None:
    """The Python number that all elements of a tensor are, if that is known. Looks through views."""
    node = tensor.node
    while node.op in VIEWS:
        node = node.inputs[0].node
    if node.op is FULL:
        return node.attrs["value"]
    if node.op is CONSTANT:
        return uniform_value(node.attrs["value"].array)
    return None


def is_constant(tensor: Tensor, value: Number) -> bool:
    """Whether every element is that number; 0.0 and -0.0 are different numbers."""
    found = scalar_value(tensor)
    if found is None or found != value:
        return False
    return found != 0 or math.copysign(1.0, found) == math.copysign(1.0, value)


def number(value: Number, like: Tensor) -> Tensor:
    """A scalar of the dtype of ``like``."""
    return fill((), value, like.dtype)


def op_of(tensor: Tensor, op: Op) -> Tensor | None:
    """The only operand of a tensor made by that unary op, else None."""
    return tensor.node.inputs[0] if tensor.node.op is op else None


def floats(tensor: Tensor) -> bool:
    return is_float(tensor.dtype)


def fit(tensor: Tensor, target: TensorType) -> Tensor:
    """The tensor with the shape of ``target``, broadcast if need be. Raises VerifyError where that is impossible."""
    if tensor.type == target:
        return tensor
    if tensor.dtype != target.dtype:
        raise VerifyError(f"{describe(tensor)} can't stand for {target}")
    return apply(BROADCAST_TO, tensor, shape=target.shape)


def keeps_names(view: Tensor) -> bool:
    """Whether a broadcast stretches and adds axes only, and does not give a free size another name as well."""
    inner = view.node.inputs[0].shape
    outer = view.shape[view.ndim - len(inner) :]
    return all(a == 1 or a == b for a, b in zip(inner, outer, strict=True))
