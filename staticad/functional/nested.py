"""Arrays of what Python holds: numbers, arrays, tensors, and nests of lists and tuples of these."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

from staticad.errors import ShapeError
from staticad.functional.joining import stack
from staticad.functional.movement import expand_dims
from staticad.ir.dims import Dim
from staticad.ir.dtypes import DType, as_dtype
from staticad.ir.graph import Tensor
from staticad.ops.promotion import Operand, common_dtype, to_tensor

__all__ = ["array", "asarray"]

DEEPEST = 64  # as many axes as an array of NumPy's may have


def asarray(value: Operand, dtype: Any = None) -> Tensor:
    """A tensor as it is, a size as an int64 scalar, a nest of lists that holds tensors or sizes as their stack (see
    `array`), anything else as a constant; cast where a dtype is given."""
    kind = None if dtype is None else as_dtype(dtype)
    if isinstance(value, (list, tuple)) and holds_tensors(value):
        return _join(value, common_dtype(*_leaves(value, 0), op="array") if kind is None else kind)
    return to_tensor(value, kind)


def array(value: Operand, dtype: Any = None, *, copy: bool | None = None, ndmin: int = 0) -> Tensor:
    """As `asarray`; of ``ndmin`` axes at least, the new ones first.

    A list of tensors, numbers and arrays of one shape is their stack along a new first axis, and so is a list of such
    lists. The dtype is the common one; Python's numbers widen none within its kind. ``copy`` changes nothing, since
    tensors are not written to. Raises ShapeError for a nest that is no rectangular array.
    """
    least = operator.index(ndmin)
    if not 0 <= least <= DEEPEST:
        raise ShapeError(f"array: ndmin is a number of axes from 0 to {DEEPEST}, not {ndmin}")
    result = asarray(value, dtype)
    missing = least - result.ndim
    return expand_dims(result, tuple(range(missing))) if missing > 0 else result


def holds_tensors(value: Any, depth: int = 0) -> bool:
    """Whether a value is a tensor or a size, or a nest of lists and tuples with one in it."""
    if isinstance(value, (list, tuple)):
        return depth < DEEPEST and any(holds_tensors(part, depth + 1) for part in value)
    return isinstance(value, (Tensor, Dim))


def _leaves(value: Any, depth: int) -> Iterator[Any]:
    if not isinstance(value, (list, tuple)):
        yield to_tensor(value) if isinstance(value, Dim) else value
        return
    if depth == DEEPEST:
        raise ShapeError(f"array: lists are nested more than {DEEPEST} deep")
    for part in value:
        yield from _leaves(part, depth + 1)


def _join(value: Any, dtype: DType) -> Tensor:
    if isinstance(value, (list, tuple)) and value:
        return stack([_join(part, dtype) for part in value], dtype=dtype)
    return to_tensor(value, dtype)
