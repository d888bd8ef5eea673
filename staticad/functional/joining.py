"""Arrays joined and cut with NumPy's names: concatenate, stack, split, pad, roll."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.errors import DTypeError, ShapeError
from staticad.functional.axes import as_index, normalize_axis
from staticad.functional.front import implements, public_names
from staticad.functional.movement import atleast_1d, atleast_2d, expand_dims, ravel
from staticad.functional.slices import take_slice
from staticad.ir import dims
from staticad.ir.arrays import as_numbers
from staticad.ir.dims import Dim, Size
from staticad.ir.graph import Tensor, describe
from staticad.ir.types import may_be_same
from staticad.ops.assemble import CONCATENATE, EMBED
from staticad.ops.barrier import demanding
from staticad.ops.base import apply
from staticad.ops.complex import COMPLEX, IMAG, REAL
from staticad.ops.movement import RESHAPE, SLICE, SQUEEZE
from staticad.ops.promotion import Operand, as_operands, to_tensor
from staticad.ops.sources import as_size


def _several(op: str, tensors: Any) -> list[Tensor]:
    """The operands in their common dtype."""
    if isinstance(tensors, Tensor):
        tensors = list(tensors)
    if not isinstance(tensors, (list, tuple)):
        tensors = list(tensors)
    if not tensors:
        raise ShapeError(f"{op}: needs at least one array")
    return as_operands(op, *tensors)


@implements(np.concatenate)
def concatenate(tensors: Sequence[Operand] | Tensor, axis: int | None = 0) -> Tensor:
    """Arrays one after the other along an axis, or all elements of all of them where ``axis`` is None."""
    operands = _several("concatenate", tensors)
    if axis is None:
        operands, axis = [ravel(t) for t in operands], 0
    if operands[0].ndim == 0:
        raise ShapeError(f"concatenate: arrays without axes can't be joined; use sa.stack ({describe(operands[0])})")
    place = normalize_axis("concatenate", axis, operands[0])
    return operands[0] if len(operands) == 1 else apply(CONCATENATE, *operands, axis=place)


@implements(np.stack)
def stack(tensors: Sequence[Operand] | Tensor, axis: int = 0) -> Tensor:
    """Arrays of one shape along a new axis."""
    operands = _several("stack", tensors)
    first = operands[0]
    for other in operands[1:]:
        if not may_be_same(other.shape, first.shape):
            raise ShapeError(f"stack: {describe(first)} and {describe(other)} differ in shape")
    place = normalize_axis("stack", axis, first, first.ndim + 1)
    return concatenate([expand_dims(t, place) for t in operands], place)


@implements(np.vstack)
def vstack(tensors: Sequence[Operand] | Tensor) -> Tensor:
    """Arrays of rows below each other."""
    return concatenate([atleast_2d(t) for t in _several("vstack", tensors)], 0)


@implements(np.hstack)
def hstack(tensors: Sequence[Operand] | Tensor) -> Tensor:
    """Arrays beside each other: along the second axis, or the only one."""
    operands = [atleast_1d(t) for t in _several("hstack", tensors)]
    return concatenate(operands, 0 if operands[0].ndim == 1 else 1)


@implements(np.split)
def split(x: Operand, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """The parts of x between indices along an axis, or that many equal parts.

    Raises ShapeError where a known size can't be divided equally; a run checks a free one.
    """
    a = to_tensor(x)
    place = normalize_axis("split", axis, a)
    n = a.shape[place]
    if isinstance(indices_or_sections, (list, tuple, np.ndarray)):
        bounds = [
            None,
            *(as_index("split", i, "an index", a) if not isinstance(i, Dim) else i for i in indices_or_sections),
        ]
        return [take_slice(a, place, slice(lo, hi)) for lo, hi in zip(bounds, [*bounds[1:], None])]
    count = as_index("split", indices_or_sections, "the number of sections", a)
    if count < 1 or (isinstance(n, int) and n % count):
        raise ShapeError(f"split: size {n} of axis {place} can't be divided into {count} equal parts ({describe(a)})")
    part = dims.floordiv(n, count)
    if part * count == n:
        return [_part(a, place, part * i, part) for i in range(count)]
    # The reshape carries the check that the parts are equal.
    shape = (*a.shape[:place], count, part, *a.shape[place + 1 :])
    apart = apply(RESHAPE, a, shape=shape, constraints=((part * count, n),))
    return [apply(SQUEEZE, _part(apart, place, i, 1), axes=(place,)) for i in range(count)]


def _part(x: Tensor, axis: int, start: Size, size: Size) -> Tensor:
    """A contiguous part of one axis."""
    starts = tuple(start if a == axis else 0 for a in range(x.ndim))
    sizes = tuple(size if a == axis else n for a, n in enumerate(x.shape))
    return apply(SLICE, x, starts=starts, steps=(1,) * x.ndim, sizes=sizes)


@implements(np.pad)
def pad(x: Operand, pad_width: Any, mode: str = "constant", constant_values: Any = 0) -> Tensor:
    """x with a margin of a constant: one width for all, (before, after) for all axes, or one such pair per axis.

    Raises ShapeError for widths that do not fit and for modes other than "constant".
    """
    a = to_tensor(x)
    if mode != "constant":
        raise ShapeError(f"pad: mode {mode!r} is not supported, only 'constant' ({describe(a)})")
    if not isinstance(constant_values, (numbers.Number, np.generic)):
        raise DTypeError(f"pad: constant_values has to be one number, not {constant_values!r} ({describe(a)})")
    widths = _widths(a, pad_width)
    if all(before == 0 and after == 0 for before, after in widths):
        return a
    a = demanding(a, [(dims.minimum(w, 0), 0) for pair in widths for w in pair if not dims.at_least(w, 0)])
    try:
        fill = as_numbers(constant_values, a.dtype).item()
    except DTypeError as error:
        raise DTypeError(f"pad: {error} ({describe(a)})") from None
    shape = tuple(before + n + after for n, (before, after) in zip(a.shape, widths))
    if isinstance(fill, complex):
        if fill.imag:
            parts = (pad(apply(op, a), pad_width, mode, value) for op, value in ((REAL, fill.real), (IMAG, fill.imag)))
            return apply(COMPLEX, *parts)
        fill = fill.real
    return apply(EMBED, a, shape=shape, starts=tuple(w[0] for w in widths), steps=(1,) * a.ndim, fill=fill)


def _widths(x: Tensor, given: Any) -> list[tuple[Size, Size]]:
    """One (before, after) per axis."""
    try:
        if isinstance(given, np.ndarray):
            given = given.tolist()
        if not isinstance(given, (list, tuple)):
            return [(as_size(given), as_size(given))] * x.ndim
        if not any(isinstance(w, (list, tuple)) for w in given):
            given = [given]
        pairs = [tuple(as_size(w) for w in (pair if len(pair) == 2 else (*pair, *pair))) for pair in given]
        if len(pairs) == 1:
            pairs = pairs * x.ndim
        if len(pairs) == x.ndim:
            return [(before, after) for before, after in pairs]
    except (ShapeError, TypeError, ValueError):
        pass
    raise ShapeError(f"pad: widths {given!r} are not one pair of non-negative sizes per axis ({describe(x)})")


@implements(np.roll)
def roll(x: Operand, shift: Any, axis: Any = None) -> Tensor:
    """The elements moved along axes by so many places; what leaves at the end comes in at the front.

    Where ``axis`` is None the flattened tensor is rolled.
    """
    a = to_tensor(x)
    if axis is None:
        flat = roll(ravel(a), shift, 0)
        return flat if a.ndim == 1 else apply(RESHAPE, flat, shape=a.shape, constraints=())
    axes = axis if isinstance(axis, (list, tuple)) else (axis,)
    shifts = shift if isinstance(shift, (list, tuple)) else (shift,) * len(axes)
    if len(shifts) != len(axes):
        raise ShapeError(f"roll: {len(shifts)} shifts for {len(axes)} axes ({describe(a)})")
    for amount, each in zip(shifts, axes):
        place = normalize_axis("roll", each, a)
        a = _roll(a, place, as_index("roll", amount, "a shift", a))
    return a


def _roll(x: Tensor, axis: int, shift: int) -> Tensor:
    n = x.shape[axis]
    # A size of 0 has nothing to roll; the remainder must not divide by it.
    by = abs(shift) % dims.maximum(n, 1)
    cut = by if shift < 0 else n - by
    if by == 0:
        return x
    return apply(CONCATENATE, _part(x, axis, cut, n - cut), _part(x, axis, 0, cut), axis=axis)


if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
