"""Learning and statistics: softmax, log-sum-exp, one-hot, cross entropy, mean squared error, the inverse error
function.

Exponentials are taken of differences to the maximum, which is a constant to derivatives (its own would cancel).
"""

from __future__ import annotations

from typing import Any

from staticad.errors import DTypeError, ShapeError
from staticad.functional import comparison, elementwise, reductions
from staticad.functional.axes import normalize_axes, normalize_axis
from staticad.functional.front import float_unary
from staticad.functional.movement import expand_dims, squeeze
from staticad.functional.reductions import Axis
from staticad.ir.dims import Dim
from staticad.ir.dtypes import FLOAT64, INT64, as_dtype, floating, is_float, is_integer
from staticad.ir.graph import Tensor, describe
from staticad.ir.types import may_be_same
from staticad.ops.barrier import STOP_GRADIENT, of_shape
from staticad.ops.base import apply
from staticad.ops.creation import indices
from staticad.ops.indexing import GATHER_ALONG
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS
from staticad.ops.promotion import Operand, as_operands, cast, to_tensor
from staticad.ops.reduce import MAX_OR_LOWEST
from staticad.ops.sources import as_size
from staticad.ops.transcendental import ERFINV


def _as_float(x: Operand) -> Tensor:
    a = to_tensor(x)
    return cast(a, floating(a.dtype))


def _maximum(x: Tensor, axis: Axis) -> Tensor:
    """The maximum, kept as axes of size 1; -inf of no elements."""
    axes = tuple(sorted(normalize_axes("max", axis, x)))
    top = apply(EXPAND_DIMS, apply(MAX_OR_LOWEST, x, axes=axes), axes=axes) if axes else x
    return apply(STOP_GRADIENT, top)


def _finite(x: Tensor) -> Tensor:
    """x, with 0 for infinities and NaN."""
    return elementwise.where(comparison.isfinite(x), x, 0)


erfinv = float_unary(
    ERFINV, "erfinv", "The inverse of the error function: erf(erfinv(x)) = x; infinite at -1 and 1, NaN beyond."
)


def logsumexp(x: Operand, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """log(Σ exp(x)) without overflow; -inf where all are -inf, and for no elements."""
    a = _as_float(x)
    axes = normalize_axes("logsumexp", axis, a)
    if not axes:
        return a
    top = _finite(_maximum(a, axes))
    total = reductions.sum(elementwise.exp(elementwise.subtract(a, top)), axes, keepdims=True)
    result = elementwise.add(elementwise.log(total), top)
    return result if keepdims else squeeze(result, axes)


def softmax(x: Operand, axis: Axis = -1) -> Tensor:
    """exp(x) / Σ exp(x); NaN where all are -inf (0/0), as in SciPy; empty without elements."""
    a = _as_float(x)
    e = elementwise.exp(elementwise.subtract(a, _maximum(a, axis)))
    return elementwise.divide(e, reductions.sum(e, axis, keepdims=True))


def log_softmax(x: Operand, axis: Axis = -1) -> Tensor:
    """log(softmax(x)) without loss of accuracy; NaN where all are -inf, empty without elements."""
    a = _as_float(x)
    shifted = elementwise.subtract(a, _finite(_maximum(a, axis)))
    total = reductions.sum(elementwise.exp(shifted), axis, keepdims=True)
    return elementwise.subtract(shifted, elementwise.log(total))


def one_hot(x: Operand, num_classes: int | Dim, dtype: Any = FLOAT64, axis: int = -1) -> Tensor:
    """1 at the class, 0 at the others, along a new axis; a class outside gives only zeros. x has integers."""
    a = to_tensor(x)
    if not is_integer(a.dtype):
        raise DTypeError(f"one_hot: classes have to be integers, not {describe(a)}")
    place = normalize_axis("one_hot", axis, a, a.ndim + 1)
    shape = [1] * (a.ndim + 1)
    classes = indices((*shape[:place], as_size(num_classes), *shape[place + 1 :]), place)
    return cast(comparison.equal(expand_dims(cast(a, INT64), place), classes), as_dtype(dtype))


def cross_entropy(logits: Operand, targets: Operand, axis: int = -1) -> Tensor:
    """The loss -log(softmax(logits)) at the target class, one per example.

    ``logits`` has the classes along ``axis``; ``targets`` are integers with the shape of the other axes. Take the
    mean or sum yourself. A target outside 0 … classes - 1 raises IndexOutOfBounds in the run, a negative one too.

    Raises DTypeError for targets that are no integers, ShapeError for shapes that do not fit.
    """
    a, t = _as_float(logits), to_tensor(targets)
    if not is_integer(t.dtype):
        raise DTypeError(f"cross_entropy: targets have to be integers, not {describe(t)} (logits: {describe(a)})")
    place = normalize_axis("cross_entropy", axis, a)
    others = (*a.shape[:place], *a.shape[place + 1 :])
    if not may_be_same(t.shape, others):
        raise ShapeError(
            f"cross_entropy: targets have to have the shape of logits without axis {place} "
            f"(logits: {describe(a)}, targets: {describe(t)})"
        )
    shifted = elementwise.subtract(a, _finite(_maximum(a, place)))
    total = reductions.sum(elementwise.exp(shifted), place)
    index = expand_dims(cast(of_shape(t, others), INT64), place)
    # A gather counts negative indices from the end; here they are as wrong as those beyond it.
    index = elementwise.where(comparison.less(index, 0), a.shape[place], index)
    spread = (*a.shape[:place], 1, *a.shape[place + 1 :])
    index = index if index.shape == spread else apply(BROADCAST_TO, index, shape=spread)
    chosen = apply(GATHER_ALONG, shifted, index, axes=(place,), position=0, aligned=True)
    return elementwise.subtract(elementwise.log(total), squeeze(chosen, place))


def mse(predictions: Operand, targets: Operand) -> Tensor:
    """The mean square difference of all elements. The shapes have to be equal: they do not broadcast (ShapeError)."""
    a, b = as_operands("mse", predictions, targets)
    if not may_be_same(a.shape, b.shape):
        raise ShapeError(f"mse: predictions and targets differ in shape ({describe(a)}, {describe(b)})")
    b = of_shape(b, a.shape)
    if not is_float(a.dtype):
        a, b = cast(a, FLOAT64), cast(b, FLOAT64)
    return reductions.mean(elementwise.square(elementwise.subtract(a, b)))
