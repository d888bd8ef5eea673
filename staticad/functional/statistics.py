"""Averages, ranges, counts and covariances, with NumPy's names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.errors import DTypeError, ShapeError
from staticad.functional import elementwise, linalg, reductions
from staticad.functional.axes import normalize_axes
from staticad.functional.complex import complex as complex_of
from staticad.functional.complex import conjugate, imag, real
from staticad.functional.counts import number
from staticad.functional.front import implements, public_names
from staticad.functional.joining import concatenate
from staticad.functional.movement import atleast_2d, expand_dims, squeeze, transpose
from staticad.functional.reductions import Axis
from staticad.ir.dims import product
from staticad.ir.dtypes import BOOL, FLOAT64, INT64, as_dtype, is_complex, is_inexact, promote
from staticad.ir.graph import Tensor, describe
from staticad.ir.types import may_be_same
from staticad.ops.base import apply
from staticad.ops.movement import BROADCAST_TO
from staticad.ops.promotion import Operand, cast, to_tensor
from staticad.ops.sources import constant_array


@implements(np.count_nonzero)
def count_nonzero(x: Operand, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The number of elements that are not 0, as int64."""
    return reductions.sum(cast(cast(to_tensor(x), BOOL), INT64), axis, keepdims=keepdims)


@implements(np.ptp)
def ptp(x: Operand, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest element less the smallest."""
    a = to_tensor(x)
    return elementwise.subtract(reductions.max(a, axis, keepdims), reductions.min(a, axis, keepdims))


@implements(np.average)
def average(
    x: Operand, axis: Axis = None, weights: Operand | None = None, returned: bool = False, *, keepdims: bool = False
) -> Tensor | tuple[Tensor, Tensor]:
    """The mean with weights, which have the shape of x, or that of the axes. With ``returned`` also the sum of the
    weights, in the shape of the result. Where the weights sum to 0 it is not finite."""
    a = to_tensor(x)
    if weights is None:
        found = reductions.mean(a, axis, keepdims=keepdims)
        count = number(product(a.shape[i] for i in normalize_axes("average", axis, a)), found.dtype)
        return (found, apply(BROADCAST_TO, count, shape=found.shape)) if returned else found
    w = to_tensor(weights)
    dtype = promote(a.dtype, w.dtype)
    if not is_inexact(a.dtype) and not is_inexact(dtype):
        dtype = FLOAT64
    elif not is_inexact(a.dtype):
        dtype = promote(dtype, FLOAT64)
    a, w = cast(a, dtype), _weights(a, cast(w, dtype), axis)
    total = reductions.sum(w, axis, keepdims=keepdims)
    found = elementwise.divide(reductions.sum(elementwise.multiply(a, w), axis, keepdims=keepdims), total)
    return (found, apply(BROADCAST_TO, total, shape=found.shape)) if returned else found


def _weights(a: Tensor, w: Tensor, axis: Axis) -> Tensor:
    """The weights with the axes of a."""
    if a.ndim == w.ndim and may_be_same(a.shape, w.shape):
        return apply(BROADCAST_TO, w, shape=a.shape)
    axes = normalize_axes("average", axis, a) if axis is not None else ()
    if not axes or w.ndim != len(axes) or not may_be_same(w.shape, tuple(a.shape[i] for i in axes)):
        raise ShapeError(
            "average: weights need the shape of the array, or, where the axis is given, that of the axes "
            f"({describe(a)}, {describe(w)})"
        )
    ordered = transpose(w, sorted(range(len(axes)), key=lambda i: axes[i]))
    placed = expand_dims(ordered, tuple(i for i in range(a.ndim) if i not in axes))
    return apply(BROADCAST_TO, placed, shape=tuple(a.shape[i] if i in axes else 1 for i in range(a.ndim)))


def _observations(m: Operand, rowvar: bool, dtype: Any) -> Tensor:
    """Variables in rows, observations in columns."""
    a = to_tensor(m)
    if a.ndim > 2:
        raise ShapeError(f"cov: takes a vector or a matrix ({describe(a)})")
    rows = atleast_2d(a)
    rows = cast(rows, as_dtype(dtype) if dtype is not None else promote(a.dtype, FLOAT64))
    return rows if rowvar or a.ndim < 2 else transpose(rows)


@implements(np.cov)
def cov(
    m: Operand,
    y: Operand | None = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: float | None = None,
    fweights: Operand | None = None,
    aweights: Operand | None = None,
    *,
    dtype: Any = None,
) -> Tensor:
    """The covariances of variables, which are the rows of m, and of y if there is one (``rowvar=False``: the columns).

    Sums are divided by the number of observations less ``ddof``, which is 1 without it (with ``bias`` 0).
    ``fweights`` say how often each observation was made, ``aweights`` how much it counts. float64 where no dtype is
    given, as in NumPy. A single variable gives a number. Raises ShapeError for other shapes.
    """
    if dtype is None and y is not None:
        dtype = promote(to_tensor(m).dtype, to_tensor(y).dtype, FLOAT64)
    x = _observations(m, rowvar, dtype)
    if y is not None:
        x = concatenate([x, _observations(y, rowvar, x.dtype)], 0)
    if ddof is None:
        ddof = 0 if bias else 1
    if isinstance(ddof, (bool, np.bool_)) or not isinstance(ddof, (int, float, np.integer, np.floating)):
        raise ShapeError(f"cov: ddof has to be a number, not {ddof!r} ({describe(x)})")
    weights = [_observed(name, w, x) for name, w in (("fweights", fweights), ("aweights", aweights)) if w is not None]
    real_type = elementwise.absolute(x).dtype
    if not weights:
        mean = reductions.mean(x, 1, keepdims=True)
        left = elementwise.subtract(to_tensor(x.shape[1], real_type), float(ddof))
        x = elementwise.subtract(x, mean)
        weighted = x
    else:
        w = weights[0] if len(weights) == 1 else elementwise.multiply(*weights)
        total = reductions.sum(w)
        mean = elementwise.divide(reductions.sum(elementwise.multiply(x, w), 1, keepdims=True), total)
        if ddof == 0:
            left = total
        elif aweights is None:
            left = elementwise.subtract(total, float(ddof))
        else:
            squares = reductions.sum(elementwise.multiply(w, weights[-1]))
            left = elementwise.subtract(total, elementwise.divide(elementwise.multiply(squares, float(ddof)), total))
        x = elementwise.subtract(x, mean)
        weighted = elementwise.multiply(x, w)
    left = elementwise.maximum(left, 0.0)
    other = transpose(weighted)
    found = elementwise.divide(linalg.matmul(x, conjugate(other) if is_complex(x.dtype) else other), left)
    return squeeze(found) if found.shape == (1, 1) else found


def _observed(name: str, weights: Operand, x: Tensor) -> Tensor:
    """A weight for every observation."""
    w = to_tensor(weights)
    if w.ndim != 1 or not may_be_same(w.shape, x.shape[1:]):
        raise ShapeError(f"cov: {name} has to hold one number for each observation ({describe(w)}, {describe(x)})")
    known = constant_array(w)
    if known is not None and name == "fweights" and (known != np.rint(known)).any():
        raise DTypeError(f"cov: fweights count observations; they have to be whole numbers ({describe(w)})")
    if known is not None and (known < 0).any():
        raise ShapeError(f"cov: {name} are negative ({describe(w)})")
    return cast(w, elementwise.absolute(x).dtype)


@implements(np.corrcoef)
def corrcoef(x: Operand, y: Operand | None = None, rowvar: bool = True, *, dtype: Any = None) -> Tensor:
    """The correlations of variables, arranged as in `cov`, between -1 and 1."""
    c = cov(x, y, rowvar, dtype=dtype)
    if c.ndim == 0:
        return elementwise.divide(c, c)
    deviations = elementwise.sqrt(real(linalg.diagonal(c)))
    c = elementwise.divide(elementwise.divide(c, expand_dims(deviations, 1)), expand_dims(deviations, 0))
    if is_complex(c.dtype):
        return complex_of(elementwise.clip(real(c), -1, 1), elementwise.clip(imag(c), -1, 1))
    return elementwise.clip(c, -1, 1)


if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
