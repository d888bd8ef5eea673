"""Learning and statistics: softmax, log-sum-exp, one-hot, the inverse error function.

Exponentials are taken of differences to the maximum, which is a constant to derivatives (its own would cancel).
"""

from __future__ import annotations

from typing import Any

from staticad.errors import DTypeError
from staticad.functional import comparison, elementwise, reductions
from staticad.functional.axes import normalize_axes, normalize_axis
from staticad.functional.front import as_float, float_unary
from staticad.functional.movement import expand_dims, squeeze
from staticad.functional.reductions import Axis
from staticad.ir.dims import Dim
from staticad.ir.dtypes import FLOAT64, INT64, as_dtype, is_integer
from staticad.ir.graph import Tensor, describe
from staticad.ops.barrier import STOP_GRADIENT
from staticad.ops.base import apply
from staticad.ops.creation import indices
from staticad.ops.movement import EXPAND_DIMS
from staticad.ops.promotion import Operand, cast, to_tensor
from staticad.ops.reduce import MAX_OR_LOWEST
from staticad.ops.sources import as_size
from staticad.ops.transcendental import ERFINV


def _maximum(x: Tensor, axis: Axis) -> Tensor:
    """The maximum, kept as axes of size 1; -inf of no elements."""
    axes = tuple(sorted(normalize_axes("max", axis, x)))
    top = apply(EXPAND_DIMS, apply(MAX_OR_LOWEST, x, axes=axes), axes=axes) if axes else x
    return apply(STOP_GRADIENT, top)


def _finite(x: Tensor) -> Tensor:
    """x, with 0 for infinities and NaN."""
    return elementwise.where(comparison.isfinite(x), x, 0)


def shifted(x: Tensor, axis: Axis) -> Tensor:
    """x less its maximum along the axes; less nothing where that is infinite or NaN."""
    return elementwise.subtract(x, _finite(_maximum(x, axis)))


erfinv = float_unary(
    ERFINV, "erfinv", "The inverse of the error function: erf(erfinv(x)) = x; infinite at -1 and 1, NaN beyond."
)


def logsumexp(x: Operand, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """log(Σ exp(x)) without overflow; -inf where all are -inf, and for no elements."""
    a = as_float(x)
    axes = normalize_axes("logsumexp", axis, a)
    if not axes:
        return a
    top = _finite(_maximum(a, axes))
    total = reductions.sum(elementwise.exp(elementwise.subtract(a, top)), axes, keepdims=True)
    result = elementwise.add(elementwise.log(total), top)
    return result if keepdims else squeeze(result, axes)


def softmax(x: Operand, axis: Axis = -1) -> Tensor:
    """exp(x) / Σ exp(x); NaN where all are -inf (0/0), as in SciPy; empty without elements."""
    a = as_float(x)
    e = elementwise.exp(elementwise.subtract(a, _maximum(a, axis)))
    return elementwise.divide(e, reductions.sum(e, axis, keepdims=True))


def log_softmax(x: Operand, axis: Axis = -1) -> Tensor:
    """log(softmax(x)) without loss of accuracy; NaN where all are -inf, empty without elements."""
    a = as_float(x)
    below = shifted(a, axis)
    total = reductions.sum(elementwise.exp(below), axis, keepdims=True)
    return elementwise.subtract(below, elementwise.log(total))


def one_hot(x: Operand, num_classes: int | Dim, dtype: Any = FLOAT64, axis: int = -1) -> Tensor:
    """1 at the class, 0 at the others, along a new axis; a class outside gives only zeros. x has integers."""
    a = to_tensor(x)
    if not is_integer(a.dtype):
        raise DTypeError(f"one_hot: classes have to be integers, not {describe(a)}")
    place = normalize_axis("one_hot", axis, a, a.ndim + 1)
    shape = [1] * (a.ndim + 1)
    classes = indices((*shape[:place], as_size(num_classes), *shape[place + 1 :]), place)
    return cast(comparison.equal(expand_dims(cast(a, INT64), place), classes), as_dtype(dtype))
