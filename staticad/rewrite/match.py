"""Helpers of rules: facts about tensors (the number of a constant, the sign), and the construction of replacements."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from staticad.errors import VerifyError
from staticad.ir.dtypes import is_float
from staticad.ir.graph import Tensor, describe
from staticad.ir.types import TensorType
from staticad.ops.arithmetic import ABS, ADD, DIV, MUL, RSQRT, SQRT, SQUARE
from staticad.ops.base import Op, apply
from staticad.ops.creation import FULL, fill
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS, RESHAPE, SLICE, SQUEEZE, TRANSPOSE
from staticad.ops.reduce import MAX, PROD, SUM
from staticad.ops.sources import CONSTANT
from staticad.ops.transcendental import EXP, SIGMOID, SOFTPLUS

VIEWS = frozenset((BROADCAST_TO, EXPAND_DIMS, RESHAPE, SLICE, SQUEEZE, TRANSPOSE))
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


def depends(tensor: Tensor, on: Tensor, budget: int = 64) -> bool:
    """Whether one of the next nodes below a tensor (or itself) is another tensor."""
    pending, seen = [tensor], {tensor}
    while pending and len(seen) < budget:
        current = pending.pop()
        if current is on:
            return True
        new = [t for t in current.node.inputs if t not in seen]
        seen.update(new)
        pending += new
    return False


def positive(tensor: Tensor) -> bool:
    """Whether all elements are greater than zero in exact arithmetic (rounding may still give 0); NaN aside."""
    return _sign_known(tensor, strict=True, depth=8)


def nonnegative(tensor: Tensor) -> bool:
    """Whether no element is negative or -0.0; NaN aside."""
    return _sign_known(tensor, strict=False, depth=8)


def _sign_known(tensor: Tensor, strict: bool, depth: int) -> bool:
    node = tensor.node
    if depth == 0:
        return False
    value = scalar_value(tensor)
    if value is not None:
        return value > 0 or (not strict and value == 0 and math.copysign(1.0, value) > 0)
    op: Any = node.op
    if op in _POSITIVE:
        return True
    if not strict and op in _NONNEGATIVE:
        return True
    if op in _SIGN_KEEPING:
        return all(_sign_known(t, strict, depth - 1) for t in node.inputs)
    return False


_POSITIVE = frozenset((EXP, SIGMOID, SOFTPLUS))
_NONNEGATIVE = frozenset((SQUARE, ABS))
_SIGN_KEEPING = frozenset((ADD, MUL, DIV, SQRT, RSQRT, SUM, PROD, MAX)) | VIEWS
