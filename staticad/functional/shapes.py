"""Sizes and shapes that users give: ints and sizes, in bodies also counters of loops and sums of them."""

from __future__ import annotations

from typing import Any

from staticad.errors import ShapeError
from staticad.functional import local_sizes
from staticad.ir.dims import Shape, Size
from staticad.ir.graph import Tensor, describe
from staticad.ir.proofs import follows
from staticad.ops import sources


def as_size(value: Any) -> Size:
    """A size from an integer, a `Dim`, or an integer scalar that is arithmetic of counters and sizes. Raises ShapeError
    for anything else, for negatives, and for a scalar that may be negative."""
    size = counted(value)
    if isinstance(value, Tensor) and not isinstance(size, (int, Tensor)) and not follows(size, ()):
        raise ShapeError(f"the size {size} may be negative; max({size}, 0) is not ({describe(value)})")
    return sources.as_size(size)


def as_shape(value: Any) -> Shape:
    """A shape from one size or a sequence of sizes."""
    return tuple(map(as_size, value)) if isinstance(value, (list, tuple)) else (as_size(value),)


def counted(value: Any) -> Any:
    """An integer scalar that is arithmetic of counters and sizes, as an int or a size; any other value as it is."""
    if not isinstance(value, Tensor) or not local_sizes.nested():
        return value
    size = local_sizes.as_size(value)
    return value if size is None else size
