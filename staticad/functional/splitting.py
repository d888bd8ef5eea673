"""Arrays cut into parts along an axis with NumPy's names: split and the like, unstack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.errors import ShapeError
from staticad.functional.axes import as_index, normalize_axis
from staticad.functional.front import implements, public_names
from staticad.functional.slices import take_slice
from staticad.ir import dims
from staticad.ir.dims import Dim, Size
from staticad.ir.graph import Tensor, describe
from staticad.ops.base import apply
from staticad.ops.movement import RESHAPE, SLICE, SQUEEZE
from staticad.ops.promotion import Operand, to_tensor


@implements(np.split)
def split(x: Operand, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """The parts of x between indices along an axis, or that many equal parts.

    Raises ShapeError where a known size can't be divided equally; a run checks a free one.
    """
    a = to_tensor(x)
    place = normalize_axis("split", axis, a)
    n = a.shape[place]
    if isinstance(indices_or_sections, (list, tuple, np.ndarray)):
        return _between("split", a, indices_or_sections, place)
    count = as_index("split", indices_or_sections, "the number of sections", a)
    if count < 1 or (isinstance(n, int) and n % count):
        raise ShapeError(f"split: size {n} of axis {place} can't be divided into {count} equal parts ({describe(a)})")
    each = dims.floordiv(n, count)
    if each * count == n:
        return [part(a, place, each * i, each) for i in range(count)]
    # The reshape carries the check that the parts are equal.
    shape = (*a.shape[:place], count, each, *a.shape[place + 1 :])
    apart = apply(RESHAPE, a, shape=shape, constraints=((each * count, n),))
    return [apply(SQUEEZE, part(apart, place, i, 1), axes=(place,)) for i in range(count)]


def _between(op: str, x: Tensor, indices: Any, axis: int) -> list[Tensor]:
    bounds = [None, *(i if isinstance(i, Dim) else as_index(op, i, "an index", x) for i in indices)]
    return [take_slice(x, axis, slice(low, high)) for low, high in zip(bounds, [*bounds[1:], None])]


def part(x: Tensor, axis: int, start: Size, size: Size) -> Tensor:
    """A contiguous part of one axis."""
    starts = tuple(start if a == axis else 0 for a in range(x.ndim))
    sizes = tuple(size if a == axis else n for a, n in enumerate(x.shape))
    return apply(SLICE, x, starts=starts, steps=(1,) * x.ndim, sizes=sizes)


@implements(np.array_split)
def array_split(x: Operand, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """The parts of x between indices along an axis, or that many parts that differ by at most one in size, the larger
    ones in front."""
    a = to_tensor(x)
    place = normalize_axis("array_split", axis, a)
    if isinstance(indices_or_sections, (list, tuple, np.ndarray)):
        return _between("array_split", a, indices_or_sections, place)
    count = as_index("array_split", indices_or_sections, "the number of sections", a)
    if count < 1:
        raise ShapeError(f"array_split: there are no {count} sections ({describe(a)})")
    if count > 1 << 20:
        raise ShapeError(f"array_split: {count} sections are too many tensors ({describe(a)})")
    n, start, parts = a.shape[place], 0, []  # type: tuple[Size, Size, list[Tensor]]
    for i in range(count):
        size = dims.floordiv(dims.maximum(n + (count - 1 - i), 0), count)
        parts.append(part(a, place, start, size))
        start = start + size
    return parts


def _along(op: str, x: Operand, indices_or_sections: Any, axes: dict[int, int]) -> list[Tensor]:
    """`split` along an axis that depends on how many there are; the last of the numbers is for more."""
    a = to_tensor(x)
    if a.ndim < min(axes):
        raise ShapeError(f"{op}: needs at least {min(axes)} axes ({describe(a)})")
    return split(a, indices_or_sections, axes[min(a.ndim, max(axes))])


@implements(np.vsplit)
def vsplit(x: Operand, indices_or_sections: Any) -> list[Tensor]:
    """`split` along the first axis of at least two."""
    return _along("vsplit", x, indices_or_sections, {2: 0})


@implements(np.hsplit)
def hsplit(x: Operand, indices_or_sections: Any) -> list[Tensor]:
    """`split` along the second axis, or the only one."""
    return _along("hsplit", x, indices_or_sections, {1: 0, 2: 1})


@implements(np.dsplit)
def dsplit(x: Operand, indices_or_sections: Any) -> list[Tensor]:
    """`split` along the third axis."""
    return _along("dsplit", x, indices_or_sections, {3: 2})


@implements(np.unstack)
def unstack(x: Operand, axis: int = 0) -> tuple[Tensor, ...]:
    """The slices of x along an axis whose size is known, as a tuple."""
    a = to_tensor(x)
    place = normalize_axis("unstack", axis, a)
    n = a.shape[place]
    if not isinstance(n, int):
        raise ShapeError(f"unstack: axis {place} has the free size {n}; loop over it with sa.scan ({describe(a)})")
    return tuple(apply(SQUEEZE, part(a, place, i, 1), axes=(place,)) for i in range(n))


if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = [name for name in public_names(globals()) if name != "part"]
