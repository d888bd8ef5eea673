"""Learning and statistics: softmax, log-sum-exp, one-hot.

Exponentials are taken of differences to the maximum, which is a constant to derivatives (its own would cancel).
"""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np

from staticad.errors import DTypeError
from staticad.functional import comparison, elementwise, reductions
from staticad.functional.axes import normalize_axes, normalize_axis
from staticad.functional.complex import real
from staticad.functional.front import as_float, implements
from staticad.functional.movement import broadcast_arrays, expand_dims, squeeze
from staticad.functional.reductions import Axis
from staticad.functional.shapes import as_size
from staticad.ir.dims import Dim
from staticad.ir.dtypes import BOOL, FLOAT64, INT64, as_dtype, floating, is_complex, is_integer
from staticad.ir.graph import Tensor, describe
from staticad.ops.barrier import STOP_GRADIENT
from staticad.ops.base import apply
from staticad.ops.creation import indices
from staticad.ops.movement import EXPAND_DIMS
from staticad.ops.promotion import Operand, as_operands, cast, to_tensor
from staticad.ops.reduce import MAX_OR_LOWEST


def _maximum(op: str, x: Tensor, axis: Axis) -> Tensor:
    """The maximum, of complex numbers of the real part, kept as axes of size 1; -inf of no elements."""
    axes = tuple(sorted(normalize_axes(op, axis, x)))
    x = real(x) if is_complex(x.dtype) else x
    top = apply(EXPAND_DIMS, apply(MAX_OR_LOWEST, x, axes=axes), axes=axes) if axes else x
    return apply(STOP_GRADIENT, top)


def _finite(x: Tensor) -> Tensor:
    """x, with 0 for infinities and NaN."""
    return elementwise.where(comparison.isfinite(x), x, 0)


def shifted(op: str, x: Tensor, axis: Axis) -> Tensor:
    """x less its maximum along the axes; less nothing where that is infinite or NaN."""
    return elementwise.subtract(x, _finite(_maximum(op, x, axis)))


def _among(x: Tensor, where: Operand) -> tuple[Tensor, Tensor]:
    """x, -inf where the mask is False, and the mask, both of one shape."""
    mask, a = broadcast_arrays(cast(to_tensor(where), BOOL), x)
    return mask, elementwise.where(mask, a, -np.inf)


def _no_zero(total: Tensor) -> Tensor:
    """The sum of what a mask leaves, 1 where it leaves nothing."""
    return elementwise.where(comparison.equal(total, 0), 1, total)


@overload
def logsumexp(
    x: Operand,
    axis: Axis = None,
    b: Operand | None = None,
    keepdims: bool = False,
    return_sign: Literal[False] = False,
    where: Operand | None = None,
) -> Tensor: ...


@overload
def logsumexp(
    x: Operand,
    axis: Axis = None,
    b: Operand | None = None,
    keepdims: bool = False,
    *,
    return_sign: Literal[True],
    where: Operand | None = None,
) -> tuple[Tensor, Tensor]: ...


@implements(reduces=np.logaddexp)
def logsumexp(
    x: Operand,
    axis: Axis = None,
    b: Operand | None = None,
    keepdims: bool = False,
    return_sign: bool = False,
    where: Operand | None = None,
) -> Tensor | tuple[Tensor, Tensor]:
    """log(Σ exp(x)) without overflow; -inf where all are -inf, and for no elements.

    With weights ``b``, which broadcast with x, it is log(Σ b exp(x)): terms of weight 0 do not count, whatever their x
    is, and a negative sum gives NaN. With ``return_sign`` the result is log|Σ b exp(x)| and the sum's sign, as in
    SciPy. Elements where the mask ``where`` is False do not count, as in JAX.
    """
    a = as_float(x)
    if where is not None:
        _, a = _among(a, where)
    if b is not None:
        a, weights = _weighted(a, b)
    axes = normalize_axes("logsumexp", axis, a)
    if b is None and not axes and not return_sign:
        return a
    top = _finite(_maximum("logsumexp", a, axes))
    terms = elementwise.exp(elementwise.subtract(a, top))
    if b is not None:
        terms = elementwise.multiply(weights, terms)
    total = reductions.sum(terms, axes, keepdims=True) if axes else terms
    size = elementwise.absolute(total) if return_sign else total
    result = elementwise.add(elementwise.log(size), top)
    sign = elementwise.sign(total)
    if not keepdims and axes:
        result, sign = squeeze(result, axes), squeeze(sign, axes)
    return (result, sign) if return_sign else result


def _weighted(x: Tensor, b: Operand) -> tuple[Tensor, Tensor]:
    """The operand, -inf where it has no weight, and the weights, both of one shape and float type."""
    a, weights = as_operands("logsumexp", x, b)
    kept = floating(a.dtype)
    a, weights = broadcast_arrays(cast(a, kept), cast(weights, kept))
    return elementwise.where(comparison.equal(weights, 0), -np.inf, a), weights


def softmax(x: Operand, axis: Axis = -1, where: Operand | None = None) -> Tensor:
    """exp(x) / Σ exp(x); NaN where all are -inf (0/0), as in SciPy; empty without elements.

    Elements where the mask ``where`` is False do not count and give 0, as in JAX. In `sa.special` the default is all
    axes, as in SciPy.
    """
    a = as_float(x)
    if where is None:
        e = elementwise.exp(elementwise.subtract(a, _maximum("softmax", a, axis)))
        return elementwise.divide(e, reductions.sum(e, axis, keepdims=True))
    mask, a = _among(a, where)
    e = elementwise.exp(shifted("softmax", a, axis))
    return elementwise.where(mask, elementwise.divide(e, _no_zero(reductions.sum(e, axis, keepdims=True))), 0)


def log_softmax(x: Operand, axis: Axis = -1, where: Operand | None = None) -> Tensor:
    """log(softmax(x)) without loss of accuracy; NaN where all are -inf, empty without elements.

    Elements where the mask ``where`` is False do not count and give -inf, as in JAX. In `sa.special` the default is all
    axes, as in SciPy.
    """
    a = as_float(x)
    if where is not None:
        mask, a = _among(a, where)
    below = shifted("log_softmax", a, axis)
    total = reductions.sum(elementwise.exp(below), axis, keepdims=True)
    if where is None:
        return elementwise.subtract(below, elementwise.log(total))
    return elementwise.where(mask, elementwise.subtract(below, elementwise.log(_no_zero(total))), -np.inf)


def one_hot(x: Operand, num_classes: int | Dim, dtype: Any = FLOAT64, axis: int = -1) -> Tensor:
    """1 at the class, 0 at the others, along a new axis; a class outside gives only zeros. x has integers."""
    a = to_tensor(x)
    if not is_integer(a.dtype):
        raise DTypeError(f"one_hot: classes have to be integers, not {describe(a)}")
    place = normalize_axis("one_hot", axis, a, a.ndim + 1)
    shape = [1] * (a.ndim + 1)
    classes = indices((*shape[:place], as_size(num_classes), *shape[place + 1 :]), place)
    return cast(comparison.equal(expand_dims(cast(a, INT64), place), classes), as_dtype(dtype))
