"""Margins around an array: `pad` in all modes of NumPy.

A margin is made axis by axis, so that in corners the later axis decides, as in NumPy. Where the known sizes say that a
margin is no longer than the axis, it is a slice of it; longer ones, and those of free sizes, are read by indices that
go to and fro (reflect, symmetric) or around (wrap).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.errors import DTypeError, ShapeError
from staticad.functional import elementwise, reductions
from staticad.functional.axes import normalize_axis
from staticad.functional.creation import linspace
from staticad.functional.front import implements, public_names
from staticad.functional.indexing import take
from staticad.functional.movement import broadcast_to, expand_dims, squeeze
from staticad.functional.quantiles import median
from staticad.functional.shapes import as_size
from staticad.functional.splitting import part
from staticad.ir import dims
from staticad.ir.arrays import as_numbers
from staticad.ir.dims import Size
from staticad.ir.dtypes import BOOL, is_integer
from staticad.ir.graph import Tensor, describe
from staticad.ir.proofs import follows
from staticad.ops.assemble import CONCATENATE, EMBED
from staticad.ops.barrier import demanding
from staticad.ops.base import apply
from staticad.ops.complex import COMPLEX, IMAG, REAL
from staticad.ops.creation import indices, size_tensor
from staticad.ops.movement import SLICE
from staticad.ops.promotion import Operand, cast, to_tensor
from staticad.ops.slicing import reverse

Pair = tuple[Any, Any]  # before and after
Margin = Callable[[Tensor, int, tuple[Size, Size], Any], Tensor]


@implements(np.pad)
def pad(
    x: Operand,
    pad_width: Any,
    mode: str = "constant",
    constant_values: Any = None,
    *,
    stat_length: Any = None,
    end_values: Any = None,
    reflect_type: str | None = None,
) -> Tensor:
    """x with a margin. Widths are one for all, (before, after) for all axes, such a pair (or one number) for each axis,
    or a dict of those for some axes; widths of free sizes are checked by the run.

    ``mode`` is "constant" (``constant_values``, 0 by default), "edge", "reflect" and "symmetric" (``reflect_type``
    "even" or "odd"), "wrap", "linear_ramp" (to ``end_values``, 0 by default), "maximum", "minimum", "mean", "median"
    (of ``stat_length`` elements, all by default), or "empty" (zeros here). The values have the forms that widths
    have. Raises ShapeError for widths that do not fit, for an axis without elements that would be extended by its own
    ones, and for options that the mode does not have.
    """
    a = to_tensor(x)
    given = {
        "constant_values": constant_values, "stat_length": stat_length, "end_values": end_values,
        "reflect_type": reflect_type,
    }  # fmt: skip
    if not isinstance(mode, str) or mode not in _MODES:
        raise ShapeError(f"pad: mode {mode!r} is not supported, only {', '.join(_MODES)} ({describe(a)})")
    option = _OPTIONS.get(mode)
    wrong = [name for name, value in given.items() if value is not None and name != option]
    if wrong:
        raise ShapeError(f"pad: mode {mode!r} does not take {', '.join(wrong)} ({describe(a)})")
    widths = _widths(a, pad_width)
    chosen = None if option is None else given[option]
    if mode in ("reflect", "symmetric"):
        settings: list[Any] = [_is_odd(a, chosen)] * a.ndim
    elif option == "stat_length":
        settings = [(None, None)] * a.ndim if chosen is None else _lengths(a, chosen)
    else:
        settings = _pairs(a, 0 if chosen is None else chosen, "values")
    a = demanding(a, [(dims.minimum(w, 0), 0) for pair in widths for w in pair if not dims.at_least(w, 0)])
    if mode == "constant" and all(_plain(v) and v is settings[0][0] for pair in settings for v in pair):
        return _embedded(a, widths, settings[0][0]) if a.ndim else a
    for axis, (width, setting) in enumerate(zip(widths, settings, strict=True)):
        if width == (0, 0):
            continue
        if mode not in ("constant", "empty"):
            a = _with_elements(a, axis, width)
        a = _MODES[mode](a, axis, width, setting)
    return a


# ---- arguments -------------------------------------------------------------------------------------------------------


def _pairs(x: Tensor, given: Any, what: str) -> list[Pair]:
    """One (before, after) per axis."""
    rows = given.tolist() if isinstance(given, np.ndarray) else given
    if not isinstance(rows, (list, tuple)):
        return [(rows, rows)] * x.ndim
    if not any(isinstance(row, (list, tuple)) for row in rows):
        rows = [rows]
    pairs = [(row[0], row[-1]) for row in rows if isinstance(row, (list, tuple)) and len(row) in (1, 2)]
    if len(pairs) != len(rows) or len(pairs) not in (1, x.ndim):
        raise ShapeError(f"pad: {what} {given!r} are not one pair per axis ({describe(x)})")
    return pairs * (x.ndim if len(pairs) == 1 else 1)


def _widths(x: Tensor, given: Any) -> list[tuple[Size, Size]]:
    if isinstance(given, dict):
        named = {normalize_axis("pad", axis, x): width for axis, width in given.items()}
        given = [_both(named[axis]) if axis in named else (0, 0) for axis in range(x.ndim)] or 0
    try:
        if not isinstance(given, (list, tuple, np.ndarray)):
            given = as_size(given)
        return [(as_size(before), as_size(after)) for before, after in _pairs(x, given, "widths")]
    except ShapeError:
        raise ShapeError(
            f"pad: widths {given!r} are not one pair of non-negative sizes per axis ({describe(x)})"
        ) from None


def _both(width: Any) -> Any:
    return tuple(width) if isinstance(width, (list, tuple)) else (width, width)


def _lengths(x: Tensor, given: Any) -> list[Pair]:
    """Numbers of elements; None stands for all."""
    pairs = _pairs(x, given, "lengths")
    for n in (n for pair in pairs for n in pair if n is not None):
        if not isinstance(n, (int, np.integer)) or n < 1:
            raise ShapeError(f"pad: stat_length {given!r} is no positive number of elements ({describe(x)})")
    return pairs


def _is_odd(x: Tensor, reflect_type: Any) -> bool:
    if reflect_type not in (None, "even", "odd"):
        raise ShapeError(f"pad: reflect_type {reflect_type!r} is neither 'even' nor 'odd' ({describe(x)})")
    if reflect_type == "odd" and x.dtype == BOOL:
        raise DTypeError(f"pad: bools can't be reflected at an edge ({describe(x)})")
    return bool(reflect_type == "odd")


def _with_elements(x: Tensor, axis: int, width: tuple[Size, Size]) -> Tensor:
    n, total = x.shape[axis], width[0] + width[1]
    if n == 0 and dims.at_least(total, 1):
        raise ShapeError(f"pad: axis {axis} has no elements that could extend it; use mode='constant' ({describe(x)})")
    missing = dims.minimum(n - 1, 0)
    return x if dims.at_least(n, 1) else demanding(x, [(missing if isinstance(total, int) else missing * total, 0)])


# ---- constants -------------------------------------------------------------------------------------------------------


def _plain(value: Any) -> bool:
    return not isinstance(value, Tensor)


def _fill(x: Tensor, value: Any) -> Any:
    """A number of x's dtype."""
    if not isinstance(value, (bool, int, float, complex, np.generic)):
        raise DTypeError(f"pad: constant_values has to be numbers, not {value!r} ({describe(x)})")
    try:
        return as_numbers(value, x.dtype).item()
    except DTypeError as error:
        raise DTypeError(f"pad: {error} ({describe(x)})") from None


def _embedded(x: Tensor, widths: list[tuple[Size, Size]], value: Any) -> Tensor:
    """x in the middle of one number."""
    fill = _fill(x, value)
    if all(width == (0, 0) for width in widths):
        return x
    shape = tuple(before + n + after for n, (before, after) in zip(x.shape, widths))
    if isinstance(fill, complex):
        if fill.imag:
            parts = (_embedded(apply(op, x), widths, v) for op, v in ((REAL, fill.real), (IMAG, fill.imag)))
            return apply(COMPLEX, *parts)
        fill = fill.real
    return apply(EMBED, x, shape=shape, starts=tuple(w[0] for w in widths), steps=(1,) * x.ndim, fill=fill)


def _constant(x: Tensor, axis: int, width: tuple[Size, Size], values: Pair) -> Tensor:
    margins = []
    for value in values:
        number = cast(value, x.dtype) if isinstance(value, Tensor) else to_tensor(_fill(x, value), x.dtype)
        if number.ndim:
            raise ShapeError(f"pad: constant_values has to be numbers, not {describe(number)} ({describe(x)})")
        margins.append(number)
    return _framed(x, axis, width, *margins)


def _framed(x: Tensor, axis: int, width: tuple[Size, Size], before: Tensor, after: Tensor) -> Tensor:
    """x between margins that broadcast along the axis, or have its size."""
    found = []
    for margin, size in ((before, width[0]), (x, None), (after, width[1])):
        if size == 0:
            continue
        shape = (*x.shape[:axis], size, *x.shape[axis + 1 :])
        found.append(margin if size is None else broadcast_to(margin, shape))
    return apply(CONCATENATE, *found, axis=axis)


# ---- what is there already -------------------------------------------------------------------------------------------


def _edges(x: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    return part(x, axis, 0, 1), part(x, axis, x.shape[axis] - 1, 1)


def _edge(x: Tensor, axis: int, width: tuple[Size, Size], _: Any) -> Tensor:
    return _framed(x, axis, width, *_edges(x, axis))


def _backward(x: Tensor, axis: int, start: Size, size: Size) -> Tensor:
    here = [a == axis for a in range(x.ndim)]
    return apply(
        SLICE, x, starts=tuple(start if h else 0 for h in here), steps=tuple(-1 if h else 1 for h in here),
        sizes=tuple(size if h else n for h, n in zip(here, x.shape)),
    )  # fmt: skip


def _reflect(x: Tensor, axis: int, width: tuple[Size, Size], odd: bool) -> Tensor:
    return _to_and_fro(x, axis, width, odd, 1)


def _symmetric(x: Tensor, axis: int, width: tuple[Size, Size], odd: bool) -> Tensor:
    return _to_and_fro(x, axis, width, odd, 0)


def _to_and_fro(x: Tensor, axis: int, width: tuple[Size, Size], odd: bool, shared: int) -> Tensor:
    """Mirrored at both ends; ``shared`` is 1 where the end itself is the mirror. "odd" turns it upside down, too: it is
    twice the end less what is mirrored."""
    n = x.shape[axis]
    (before, after), (first, last) = width, _edges(x, axis)
    if all(follows(n - shared - w, ()) for w in width):
        left = _backward(x, axis, before - 1 + shared, before)
        right = _backward(x, axis, n - 1 - shared, after)
        if odd:
            left, right = first * 2 - left, last * 2 - right
        return _framed(x, axis, width, left, right)
    period = dims.maximum(n * 2 - 2 * shared, 1)
    place = indices((before + n + after,), 0) - to_tensor(before)
    there = elementwise.remainder(place, size_tensor(period))
    inside = there < to_tensor(n)
    mirrored = to_tensor(n * 2 - 1 - shared) - there
    found = take(x, elementwise.where(inside, there, mirrored), axis)
    if not odd:
        return found
    along = tuple(a for a in range(x.ndim) if a != axis)
    rounds = expand_dims(elementwise.floor_divide(place, size_tensor(period)), along)
    turned = elementwise.where(expand_dims(inside, along), found, last * 2 - found)
    return turned + cast(rounds * 2, x.dtype) * (last - first)


def _wrap(x: Tensor, axis: int, width: tuple[Size, Size], _: Any) -> Tensor:
    n = x.shape[axis]
    before, after = width
    if all(follows(n - w, ()) for w in width):
        return _framed(x, axis, width, part(x, axis, n - before, before), part(x, axis, 0, after))
    place = indices((before + n + after,), 0) - to_tensor(before)
    return take(x, elementwise.remainder(place, size_tensor(dims.maximum(n, 1))), axis)


def _ramp(x: Tensor, axis: int, width: tuple[Size, Size], ends: Pair) -> Tensor:
    first, last = (squeeze(edge, axis) for edge in _edges(x, axis))
    left, right = (
        linspace(end, edge, size, endpoint=False, dtype=x.dtype, axis=axis)
        for end, edge, size in zip(ends, (first, last), width)
    )
    return _framed(x, axis, width, left, reverse(right, (axis,)))


def _statistic(reduce: Callable[..., Tensor]) -> Margin:
    def margin(x: Tensor, axis: int, width: tuple[Size, Size], lengths: Pair) -> Tensor:
        n = x.shape[axis]
        sizes = [n if length is None else dims.minimum(n, int(length)) for length in lengths]
        chunks = (part(x, axis, 0, sizes[0]), part(x, axis, n - sizes[1], sizes[1]))
        values = [reduce(chunk, axis=axis, keepdims=True) for chunk in chunks]
        if is_integer(x.dtype):
            values = [elementwise.round(value) for value in values]
        return _framed(x, axis, width, *(cast(value, x.dtype) for value in values))

    return margin


_MODES: dict[str, Margin] = {
    "constant": _constant,
    "edge": _edge,
    "linear_ramp": _ramp,
    "maximum": _statistic(reductions.max),
    "minimum": _statistic(reductions.min),
    "mean": _statistic(reductions.mean),
    "median": _statistic(median),
    "reflect": _reflect,
    "symmetric": _symmetric,
    "wrap": _wrap,
    "empty": _constant,
}
_OPTIONS = {
    "constant": "constant_values",
    "linear_ramp": "end_values",
    "reflect": "reflect_type",
    "symmetric": "reflect_type",
    **dict.fromkeys(("maximum", "minimum", "mean", "median"), "stat_length"),
}

if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
