"""NumPy 2 promotion of the operands of an op: weak Python scalars, sizes and arrays become tensors of one dtype."""

from __future__ import annotations

from typing import Any

import numpy as np

from staticad.errors import DTypeError, ShapeError
from staticad.ir.arrays import read_array
from staticad.ir.dims import Dim
from staticad.ir.dtypes import WEAK_TYPES, DType, as_dtype, is_complex, is_inexact, promote
from staticad.ir.graph import Tensor, WeakTensor, describe
from staticad.ir.provenance import Where, here
from staticad.ops.base import apply
from staticad.ops.conversion import CAST
from staticad.ops.creation import size_tensor
from staticad.ops.sources import constant, is_weak, meeting
from staticad.ops.widening import check_widening, weakened

# What operators accept beside a tensor; anything else makes Python try the other operand, then raise TypeError.
OPERANDS = (Tensor, Dim, bool, int, float, complex, np.ndarray, np.generic, list, tuple)
Operand = Tensor | Dim | bool | int | float | complex | np.ndarray | np.generic | list[Any] | tuple[Any, ...]


def cast(tensor: Tensor, dtype: DType) -> Tensor:
    """The tensor in another dtype; itself where it has that dtype already."""
    return tensor if tensor.dtype == dtype else apply(CAST, tensor, dtype=dtype)


def weak_kind(value: Any) -> type | None:
    """The Python type of a weak operand (a size counts as an int), None for one with a dtype of its own."""
    kind = type(value)
    if kind is Tensor:
        return None
    if kind in WEAK_TYPES:
        return kind
    if isinstance(value, WeakTensor):
        return complex if is_complex(value.dtype) else float
    return int if isinstance(value, Dim) else None


def to_tensor(value: Any, dtype: DType | None = None) -> Tensor:
    """A tensor as it is, a size as an int64 scalar, anything else as a constant; cast where a dtype is given.

    Python scalars become int64, float64 or bool without a dtype. Raises DTypeError for a number that does not fit
    the dtype, and for what has no supported dtype.
    """
    if isinstance(value, Tensor):
        return value if dtype is None else cast(value, dtype)
    if isinstance(value, Dim):
        return to_tensor(size_tensor(value), dtype)
    return constant(value if is_weak(value) else _as_array(value), dtype)


def _as_array(value: Any) -> np.ndarray:
    if isinstance(value, (list, tuple)) and any(isinstance(v, (Tensor, Dim)) for v in value):
        raise DTypeError(
            "a list that holds tensors is not an array; join them with sa.array, sa.stack or sa.concatenate"
        )
    return read_array(value, "an operand", DTypeError, ShapeError)


def common_dtype(*values: Any, op: str | None = None) -> DType:
    """NumPy 2's result type of operands: weak ones never widen a dtype within their kind. ``op`` computes in it, and
    warns where that makes float64 of float32."""
    ready = [v if _is_ready(v) else _as_array(v) for v in map(weakened, values)]
    target = _result_type(ready)
    if op is not None:
        _check(op, ready, target)
    return target


def _check(op: str, values: list[Any], target: DType) -> None:
    if target.itemsize >= 8 and is_inexact(target):
        check_widening(op, values, [v for v in values if weak_kind(v) is None], target)


def _is_ready(value: Any) -> bool:
    return isinstance(value, Tensor) or weak_kind(value) is not None


def _result_type(values: list[Any]) -> DType:
    strong: list[DType] = []
    weak: list[type] = []
    for v in values:
        kind = weak_kind(v)
        if kind is None:
            strong.append(as_dtype(v.dtype))
        else:
            weak.append(kind)
    if not strong:
        return as_dtype(np.result_type(*(np.dtype(kind) for kind in weak)))
    return promote(*strong, weak=tuple(weak))


def _are_alike(values: tuple[Any, ...]) -> bool:
    """Whether all are tensors of one dtype, as most operands are."""
    dtype: DType | None = None
    for value in values:
        if not isinstance(value, Tensor) or isinstance(value, WeakTensor):
            return False
        own = value.type.dtype
        if dtype is None:
            dtype = own
        elif own is not dtype:
            return False
    return dtype is not None


def usual_operands(x1: Any, x2: Any, where: Where | None = None) -> tuple[Tensor, Tensor] | None:
    """Two operands of one dtype in the usual cases: tensors that have it, or one and a number of Python's that takes
    it. None in all others, and where there is something to tell. ``where`` is the user's line, if the caller knows."""
    if isinstance(x1, Tensor):
        if type(x1) is not WeakTensor:
            kind, dtype = type(x2), x1.type.dtype
            if isinstance(x2, Tensor):
                return (x1, x2) if kind is not WeakTensor and x2.type.dtype is dtype else None
            if kind in WEAK_TYPES:
                number = meeting(x2, dtype, where)
                return None if number is None else (x1, number)
    elif isinstance(x2, Tensor) and type(x1) in WEAK_TYPES and type(x2) is not WeakTensor:
        number = meeting(x1, x2.type.dtype, where)
        return None if number is None else (number, x2)
    return None


def as_operands(op: str, *values: Any, dtype: DType | None = None, widens: bool = True) -> list[Tensor]:
    """The operands of an op as tensors of one dtype: the given one, or their NumPy result type.

    Warns where that makes float64 of float32, unless ``widens`` says that the result has another dtype anyway.
    Raises DTypeError that names the op, the operands and the user's line.
    """
    if dtype is None:
        found = usual_operands(*values) if len(values) == 2 else values if _are_alike(values) else None
        if found is not None:
            return list(found)
    try:
        ready = [v if _is_ready(v) else _as_array(v) for v in map(weakened, values)]
    except (DTypeError, ShapeError) as error:
        raise type(error)(f"{op}: {error} (at {here()})") from error.__cause__
    try:
        target = _result_type(ready) if dtype is None else dtype
        tensors = [to_tensor(v, target) for v in ready]
    except DTypeError as error:
        listed = ", ".join(describe(v) if isinstance(v, Tensor) else repr(v) for v in ready)
        raise DTypeError(f"{op}: {error} (operands: {listed}; at {here()})") from None
    if dtype is None and widens:
        _check(op, ready, target)
    return tensors
