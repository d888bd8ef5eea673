"""Sums, products and extremes along an axis, with NumPy's, the array API's and PyTorch's names.

``axis=None`` runs over the flattened tensor. Derivatives exist in every order, and are right with zeros among the
factors. Wrong axes raise ShapeError.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.errors import DTypeError, ShapeError
from staticad.functional.axes import normalize_axis
from staticad.functional.elementwise import exp, log
from staticad.functional.front import as_float, implements, public_names
from staticad.functional.joining import concatenate, stack
from staticad.functional.movement import flip, ravel, reshape
from staticad.functional.slices import take_slice
from staticad.ir.dtypes import BOOL, as_dtype, is_complex, summing
from staticad.ir.graph import Tensor, describe
from staticad.ops.barrier import STOP_GRADIENT
from staticad.ops.base import apply
from staticad.ops.comparison import EQUAL, ISFINITE
from staticad.ops.creation import fill
from staticad.ops.cumulative import CUMMAX, CUMMIN, CUMPROD, CUMSUM, Cumulative, Form, recurrence
from staticad.ops.promotion import Operand, cast, to_tensor
from staticad.ops.selection import WHERE


def _scan(op: Cumulative, name: str, x: Tensor, axis: Any, reverse: bool = False) -> Tensor:
    if axis is None:
        x, axis = ravel(x), 0
    elif x.ndim == 0:  # as NumPy has it: a number is one element
        x = ravel(x)
    place = normalize_axis(name, axis, x)
    return apply(op, x, axis=place, reverse=reverse, form=Form.PLAIN)


def _summed(x: Operand, dtype: Any) -> Tensor:
    a = to_tensor(x)
    return cast(a, as_dtype(dtype) if dtype is not None else summing(a.dtype))


@implements(np.cumsum, accumulates=np.add)
def cumsum(x: Operand, axis: int | None = None, dtype: Any = None) -> Tensor:
    """The sums of the elements up to each. Small integers and bools are summed as 64-bit integers; others in their
    dtype, or in ``dtype``."""
    return _scan(CUMSUM, "cumsum", _summed(x, dtype), axis)


@implements(np.cumprod, accumulates=np.multiply)
def cumprod(x: Operand, axis: int | None = None, dtype: Any = None) -> Tensor:
    """The products of the elements up to each; dtypes as in `cumsum`."""
    return _scan(CUMPROD, "cumprod", _summed(x, dtype), axis)


def _with_initial(name: str, op: Cumulative, x: Operand, axis: int | None, dtype: Any, include_initial: bool) -> Tensor:
    a = _summed(x, dtype)
    if a.ndim == 0:
        raise ShapeError(f"{name}: needs at least one axis ({describe(a)})")
    if axis is None:
        if a.ndim != 1:
            raise ShapeError(f"{name}: give the axis of an array of several ({describe(a)})")
        axis = 0
    place = normalize_axis(name, axis, a)
    result = _scan(op, name, a, place)
    if not include_initial:
        return result
    shape = tuple(1 if i == place else size for i, size in enumerate(a.shape))
    return concatenate([fill(shape, 1 if op is CUMPROD else 0, a.dtype), result], place)


@implements(np.cumulative_sum)
def cumulative_sum(x: Operand, axis: int | None = None, dtype: Any = None, include_initial: bool = False) -> Tensor:
    """`cumsum` as the array API has it: the axis may be left out of vectors alone, and ``include_initial`` puts the sum
    of nothing, 0, before."""
    return _with_initial("cumulative_sum", CUMSUM, x, axis, dtype, include_initial)


@implements(np.cumulative_prod)
def cumulative_prod(x: Operand, axis: int | None = None, dtype: Any = None, include_initial: bool = False) -> Tensor:
    """`cumprod` as the array API has it; ``include_initial`` puts the product of nothing, 1, before."""
    return _with_initial("cumulative_prod", CUMPROD, x, axis, dtype, include_initial)


def _extreme(op: Cumulative, x: Operand, axis: Any) -> Tensor:
    return _scan(op, op.name, to_tensor(x), axis)


@implements(accumulates=np.maximum)
def cummax(x: Operand, axis: int | None = None) -> Tensor:
    """The largest of the elements up to each, NaN from the first NaN on. The derivative is that of the last of
    elements that tie, as in PyTorch."""
    return _extreme(CUMMAX, x, axis)


@implements(accumulates=np.minimum)
def cummin(x: Operand, axis: int | None = None) -> Tensor:
    """The smallest of the elements up to each, NaN from the first NaN on. The derivative is that of the last of
    elements that tie, as in PyTorch."""
    return _extreme(CUMMIN, x, axis)


@implements(accumulates=np.logaddexp)
def logcumsumexp(x: Operand, axis: int | None = None) -> Tensor:
    """log(cumsum(exp(x))), without overflow: sums of what is relative to the largest element so far, which take factors
    of at most 1 along. All derivatives exist; elements of -inf have none."""
    a = to_tensor(x)
    a = as_float(a)
    if is_complex(a.dtype):
        raise DTypeError(f"logcumsumexp: complex numbers are not supported ({describe(a)})")
    a, axis = (ravel(a), 0) if axis is None or a.ndim == 0 else (a, normalize_axis("logcumsumexp", axis, a))
    fixed = apply(STOP_GRADIENT, a)
    top, before = (apply(CUMMAX, fixed, axis=axis, reverse=False, form=form) for form in (Form.PLAIN, Form.EXCLUSIVE))
    zero, one = fill((), 0, a.dtype), fill((), 1, a.dtype)
    shift = apply(WHERE, apply(ISFINITE, top), top, zero)
    total = recurrence(exp(before - shift), exp(a - shift), axis, False, Form.PLAIN)
    nothing = apply(EQUAL, total, zero)
    logarithm = apply(WHERE, nothing, fill((), -np.inf, a.dtype), log(apply(WHERE, nothing, one, total)))
    return shift + logarithm


@implements(accumulates=np.logical_and)
def _all_up_to(x: Operand, axis: int | None = None) -> Tensor:
    return _extreme(CUMMIN, cast(to_tensor(x), BOOL), axis)


@implements(accumulates=np.logical_or)
def _any_up_to(x: Operand, axis: int | None = None) -> Tensor:
    return _extreme(CUMMAX, cast(to_tensor(x), BOOL), axis)


def associative_scan(fn: Callable[[Any, Any], Any], elems: Any, reverse: bool = False, axis: int = 0) -> Any:
    """What ``fn(so_far, next)`` makes of the elements up to each, where ``fn`` is associative.

    ``elems`` is a tensor, or a tuple of tensors whose sizes along the axis are equal ints; ``fn`` takes and returns
    the same, parts of any length along the axis, and treats the elements along it alike. ``reverse`` begins with the
    last. The number of steps is twice the logarithm of the size, as in JAX. Raises ShapeError for a free size.
    """
    single = not isinstance(elems, (tuple, list))
    given = [to_tensor(x) for x in ((elems,) if single else elems)]
    if not given:
        raise ShapeError("associative_scan: needs at least one tensor")
    axes = [normalize_axis("associative_scan", axis, x) for x in given]
    sizes = {x.shape[a] for x, a in zip(given, axes)}
    if len(sizes) != 1 or not all(isinstance(size, int) for size in sizes):
        raise ShapeError(
            f"associative_scan: the sizes along axis {axis} have to be one int, not {', '.join(map(str, sizes))}; "
            f"use sa.scan for a free size ({', '.join(map(describe, given))})"
        )

    def combine(a: list[Tensor], b: list[Tensor]) -> list[Tensor]:
        found = [fn(a[0], b[0])] if single else fn(tuple(a), tuple(b))
        return [to_tensor(part) for part in found]

    def part(xs: list[Tensor], key: slice) -> list[Tensor]:
        return [take_slice(x, a, key) for x, a in zip(xs, axes)]

    def scanned(xs: list[Tensor], size: int) -> list[Tensor]:
        if size < 2:
            return xs
        pairs = size // 2
        odd = scanned(combine(part(xs, slice(0, 2 * pairs, 2)), part(xs, slice(1, None, 2))), pairs)
        first = part(xs, slice(0, 1))
        if size == 2:
            even = first
        else:
            later = combine(part(odd, slice(0, (size - 1) // 2)), part(xs, slice(2, None, 2)))
            even = [concatenate([x, y], a) for x, y, a in zip(first, later, axes)]
        return [_interleaved(x, y, a, pairs) for x, y, a in zip(even, odd, axes)]

    if reverse:
        given = [flip(x, a) for x, a in zip(given, axes)]
    (size,) = sizes
    assert isinstance(size, int)
    results = scanned(given, size)
    if reverse:
        results = [flip(x, a) for x, a in zip(results, axes)]
    return results[0] if single else tuple(results)


def _interleaved(even: Tensor, odd: Tensor, axis: int, pairs: int) -> Tensor:
    """Elements of two tensors in turn, of which the first may have one more."""
    both = stack([take_slice(even, axis, slice(0, pairs)), odd], axis + 1)
    shape = (*odd.shape[:axis], 2 * pairs, *odd.shape[axis + 1 :])
    joined = reshape(both, shape)
    return (
        joined if even.shape[axis] == pairs else concatenate([joined, take_slice(even, axis, slice(pairs, None))], axis)
    )


if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
