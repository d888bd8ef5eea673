"""Arrays made from sizes and numbers, with NumPy's names. Sizes may be symbolic (`Dim`)."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from staticad.errors import DTypeError, ShapeError
from staticad.functional.axes import as_offset
from staticad.functional.comparison import equal
from staticad.functional.complex import conjugate
from staticad.functional.elementwise import exp, floor, log, maximum, power, sign, where
from staticad.functional.front import implements, public_names
from staticad.functional.shapes import as_shape, as_size, counted
from staticad.ir import dims
from staticad.ir.dims import Dim, Shape, Size
from staticad.ir.dtypes import (
    BOOL,
    FLOAT64,
    INT64,
    DType,
    as_dtype,
    is_complex,
    is_float,
    is_integer,
    promote,
    real_dtype,
)
from staticad.ir.graph import Tensor
from staticad.ops import creation as ops
from staticad.ops.base import apply
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS
from staticad.ops.promotion import Operand, as_operands, cast, common_dtype, to_tensor
from staticad.ops.sources import COUNTED, constant_array


def full(shape: Any, fill_value: Operand, dtype: Any = None) -> Tensor:
    """An array of one value: a number, or a tensor or array that broadcasts to ``shape``.

    The dtype is that of the value: bool, int64 or float64 for Python's numbers. Raises DTypeError for a Python
    integer that does not fit the dtype, ShapeError for a value that does not broadcast.
    """
    target = as_shape(shape)
    value = to_tensor(fill_value, None if dtype is None else as_dtype(dtype))
    array = None if isinstance(fill_value, Tensor) else constant_array(value)
    if array is not None and array.ndim == 0 and (not is_complex(value.dtype) or _is_plain(array)):
        return ops.fill(target, array.real.item(), value.dtype)
    return value if value.shape == target else apply(BROADCAST_TO, value, shape=target)


def _is_plain(number: np.ndarray) -> bool:
    """Whether a complex number is a real one, with an imaginary part of 0.0 and not -0.0."""
    return bool(number.imag == 0 and not np.signbit(number.imag))


def zeros(shape: Any, dtype: Any = FLOAT64) -> Tensor:
    """An array of zeros."""
    return ops.fill(as_shape(shape), 0, as_dtype(dtype))


def ones(shape: Any, dtype: Any = FLOAT64) -> Tensor:
    """An array of ones."""
    return ops.fill(as_shape(shape), 1, as_dtype(dtype))


def empty(shape: Any, dtype: Any = FLOAT64) -> Tensor:
    """An array of nobody knows what in NumPy; here of zeros."""
    return zeros(shape, dtype)


def _like(prototype: Operand, dtype: Any, shape: Any) -> tuple[Shape, DType]:
    model = to_tensor(prototype)
    return model.shape if shape is None else as_shape(shape), model.dtype if dtype is None else as_dtype(dtype)


@implements(np.full_like)
def full_like(x: Operand, fill_value: Operand, dtype: Any = None, shape: Any = None) -> Tensor:
    """An array of one value, with the shape and dtype of x where none are given."""
    target, kind = _like(x, dtype, shape)
    return full(target, fill_value, kind)


@implements(np.zeros_like)
def zeros_like(x: Operand, dtype: Any = None, shape: Any = None) -> Tensor:
    """Zeros with the shape and dtype of x where none are given."""
    target, kind = _like(x, dtype, shape)
    return zeros(target, kind)


@implements(np.empty_like)
def empty_like(x: Operand, dtype: Any = None, shape: Any = None) -> Tensor:
    """An array of nobody knows what in NumPy, with the shape and dtype of x where none are given; here of zeros."""
    return zeros_like(x, dtype, shape)


@implements(np.ones_like)
def ones_like(x: Operand, dtype: Any = None, shape: Any = None) -> Tensor:
    """Ones with the shape and dtype of x where none are given."""
    target, kind = _like(x, dtype, shape)
    return ones(target, kind)


def eye(N: Any, M: Any = None, k: int = 0, dtype: Any = FLOAT64) -> Tensor:
    """N rows and M (default: N) columns, 1 on the diagonal that lies k above the main one, else 0."""
    rows = as_size(N)
    shape = (rows, rows if M is None else as_size(M))
    return cast(equal(ops.indices(shape, 0) + as_offset("eye", k), ops.indices(shape, 1)), as_dtype(dtype))


def identity(n: Any, dtype: Any = FLOAT64) -> Tensor:
    """The square matrix with 1 on its diagonal."""
    return eye(n, dtype=dtype)


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> Tensor:
    """start, start + step, … below stop; ``arange(stop)`` counts from 0. Integers give int64, floats float64.

    ``start`` and ``stop`` may be sizes where all are integers. Raises ShapeError for a step of 0 and for what is not
    known before the run, DTypeError for bool.
    """
    first, last = map(counted, (0, start) if stop is None else (start, stop))
    for number in (first, last, step):
        if not isinstance(number, (int, float, np.integer, np.floating, Dim)):
            given = type(number).__name__ + (COUNTED if isinstance(number, Tensor) else "")
            raise ShapeError(f"arange: the bounds have to be numbers or sizes, not {given}")
    first, last, step = numbers = [int(v) if isinstance(v, np.integer) else v for v in (first, last, step)]
    if isinstance(step, Dim):
        raise ShapeError(f"arange: the step {step} is known only at run time; use arange(n) * step")
    if step == 0:
        raise ShapeError("arange: the step is 0")
    has_float = any(isinstance(number, (float, np.floating)) for number in numbers)
    kind = as_dtype(dtype) if dtype is not None else FLOAT64 if has_float else INT64
    if kind == BOOL:
        raise DTypeError("arange: bools can't be counted; use an integer dtype")
    if is_complex(kind):
        return cast(arange(first, last, step, real_dtype(kind)), kind)
    index = ops.indices((_count(first, last, step),), 0, kind)
    if is_float(kind) and not isinstance(first, Dim):
        step = (first + step) - first  # the step that NumPy takes, rounded once
    elif is_integer(kind):
        step = int(step) if isinstance(first, Dim) else int(first + step) - int(first)
        first = first if isinstance(first, Dim) else int(first)
    scaled = index if step == 1 else index * to_tensor(step, kind)
    return scaled if isinstance(first, int) and first == 0 else scaled + to_tensor(first, kind)


def _count(first: Any, last: Any, step: Any) -> Size:
    """ceil((last - first) / step), at least 0."""
    if all(isinstance(v, int) for v in (first, last, step)):
        return max(0, -((first - last) // step))
    if not isinstance(first, Dim) and not isinstance(last, Dim):
        try:
            return max(0, math.ceil((last - first) / step))
        except (OverflowError, ValueError):
            raise ShapeError(f"arange: from {first} to {last} in steps of {step} is no number of elements") from None
    if not all(isinstance(v, (int, Dim)) for v in (first, last, step)):
        raise ShapeError(
            f"arange({first}, {last}, {step}): sizes and floats do not mix; use linspace or scale arange(n)"
        )
    span = last - first if step > 0 else first - last
    stride = abs(step)
    return dims.floordiv(dims.maximum(span, 0) + (stride - 1), stride)


@overload
def linspace(
    start: Operand,
    stop: Operand,
    num: Any = 50,
    endpoint: bool = True,
    retstep: Literal[False] = False,
    dtype: Any = None,
    axis: int = 0,
) -> Tensor: ...


@overload
def linspace(
    start: Operand,
    stop: Operand,
    num: Any = 50,
    endpoint: bool = True,
    *,
    retstep: Literal[True],
    dtype: Any = None,
    axis: int = 0,
) -> tuple[Tensor, Tensor]: ...


@implements(np.linspace)
def linspace(
    start: Operand,
    stop: Operand,
    num: Any = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Tensor | tuple[Tensor, Tensor]:
    """``num`` evenly spaced numbers from start to stop, along a new axis where these are arrays; with ``retstep`` also
    the distance between two of them, which is NaN where there are no two.

    Always computed in floats; an integer dtype takes the floor. Differentiable by start and stop.
    """
    count = as_size(num)
    a, b = as_operands("linspace", start, stop, dtype=common_dtype(start, stop, 1.0))
    delta = b - a
    axis = operator.index(axis)
    position = axis + delta.ndim + 1 if axis < 0 else axis
    if not 0 <= position <= delta.ndim:
        raise ShapeError(f"linspace: axis {axis} is not one of the {delta.ndim + 1} axes of the result")
    shape = (*delta.shape[:position], count, *delta.shape[position:])
    first, slope, last = (_with_axis(t, position - (delta.ndim - t.ndim)) for t in (a, delta, b))
    steps = count - 1 if endpoint else count
    counted = real_dtype(a.dtype)
    divisions = maximum(to_tensor(steps, counted), 1)  # of one point there are none
    index = ops.indices(shape, position, counted)
    result = first + index * (slope / divisions)
    if endpoint and not (isinstance(count, int) and count < 2):
        result = where(equal(index, to_tensor(dims.maximum(steps, 1), counted)), last, result)
    kind = result.dtype if dtype is None else as_dtype(dtype)
    numbers = cast(floor(result) if is_integer(kind) else result, kind)
    if not retstep:
        return numbers
    return numbers, where(to_tensor(steps, counted) > 0, delta / divisions, math.nan)


@implements(np.logspace)
def logspace(
    start: Operand,
    stop: Operand,
    num: Any = 50,
    endpoint: bool = True,
    base: Operand = 10.0,
    dtype: Any = None,
    axis: int = 0,
) -> Tensor:
    """``base ** linspace(start, stop)``: numbers whose logarithms are evenly spaced. Differentiable by all three; a
    ``base`` that is an array broadcasts with start and stop."""
    first, last, root = as_operands("logspace", start, stop, base, dtype=common_dtype(start, stop, base, 1.0))
    if root.ndim:
        first, last = first + root * 0, last + root * 0
    exponents = linspace(first, last, num, endpoint, axis=axis)
    if root.ndim:
        root = _with_axis(root, (axis + exponents.ndim if axis < 0 else axis) - (exponents.ndim - 1 - root.ndim))
    result = power(root, exponents)
    kind = result.dtype if dtype is None else as_dtype(dtype)
    return cast(result, kind)


@implements(np.geomspace)
def geomspace(
    start: Operand, stop: Operand, num: Any = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Tensor:
    """``num`` numbers from start to stop, each the same multiple of the one before; both ends exact. Both ends are
    positive or both negative (else NaN), or complex, as they are with a complex ``dtype``: then the multiple's angle is
    the one between them, at most a half turn. Differentiable by start and stop."""
    kind = common_dtype(start, stop, 1.0)
    kind = kind if dtype is None else promote(kind, as_dtype(dtype))
    first, last = as_operands("geomspace", start, stop, dtype=kind)
    for end in (first, last):
        known = constant_array(end)
        if known is not None and (known == 0).any():
            raise ShapeError("geomspace: no multiple leads from or to 0; use linspace")
    signs = sign(first)
    inverse = conjugate(signs)
    logarithms = linspace(log(first * inverse), log(last * inverse), num, endpoint, axis=axis)
    place = axis + logarithms.ndim if axis < 0 else axis
    count = logarithms.shape[place]
    ends = [_with_axis(t, place - (logarithms.ndim - 1 - t.ndim)) for t in (signs, first, last)]
    result = exp(logarithms) * ends[0]
    index = ops.indices(logarithms.shape, place)
    result = where(equal(index, 0), ends[1], result)
    if endpoint and not (isinstance(count, int) and count < 2):
        result = where(equal(index, maximum(to_tensor(count - 1), 1)), ends[2], result)
    return cast(result, result.dtype if dtype is None else as_dtype(dtype))


def _with_axis(x: Tensor, axis: int) -> Tensor:
    """A new axis of size 1, where it does not stand before all others."""
    return apply(EXPAND_DIMS, x, axes=(axis,)) if axis > 0 else x


if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
