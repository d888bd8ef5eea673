"""What transforms share: operands in a type of floats, lengths that crop or fill up an axis, and norms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from staticad.errors import DTypeError, ShapeError
from staticad.functional import elementwise
from staticad.functional.axes import normalize_axis
from staticad.ir.dims import Dim, Size, at_least, minimum
from staticad.ir.dtypes import FLOAT64, complex_dtype, is_complex, is_inexact, real_dtype
from staticad.ir.graph import Tensor, describe
from staticad.ops.parts import Run
from staticad.ops.promotion import Operand, cast, to_tensor

NORMS = ("backward", "ortho", "forward")


def floats(a: Operand) -> Tensor:
    """The operand as floats or complex numbers; integers in float64, floats of 16 bits in float32."""
    x = to_tensor(a)
    if is_complex(x.dtype):
        return x
    return cast(x, real_dtype(complex_dtype(x.dtype)) if is_inexact(x.dtype) else FLOAT64)


def complex_numbers(a: Operand) -> Tensor:
    """The operand as complex numbers."""
    x = floats(a)
    return cast(x, complex_dtype(x.dtype))


def real_numbers(name: str, a: Operand, instead: str) -> Tensor:
    """The operand as floats. Raises DTypeError for complex numbers."""
    x = floats(a)
    if is_complex(x.dtype):
        raise DTypeError(f"{name}: takes real numbers, use {instead} for complex ones ({describe(x)})")
    return x


def axis_of(name: str, x: Tensor, axis: Any) -> int:
    """The axis that is transformed."""
    if x.ndim == 0:
        raise ShapeError(f"{name}: a number has no axis to transform ({describe(x)})")
    return normalize_axis(name, axis, x)


def length(name: str, n: Any, x: Tensor) -> Size:
    """A number of elements, at least 1. Raises ShapeError."""
    if isinstance(n, Dim):
        return n
    if isinstance(n, (int, np.integer)) and not isinstance(n, bool) and n >= 1:
        return int(n)
    raise ShapeError(f"{name}: n has to be an int of at least 1, or a size, not {n!r} ({describe(x)})")


def fitted(x: Tensor, axis: int, n: Size) -> Tensor:
    """The first n elements of an axis, with zeros behind them where there are fewer."""
    size = x.shape[axis]
    common = n if at_least(size - n, 0) else size if at_least(n - size, 0) else minimum(n, size)
    if common != size:
        x = Run(0, 1, common).take(x, axis)
    return x if common == n else Run(0, 1, common).put(x, axis, n)


def check_norm(name: str, norm: Any, x: Tensor) -> str:
    """The norm; None is "backward". Raises ShapeError for another word."""
    if norm is None:
        return "backward"
    if isinstance(norm, str) and norm in NORMS:
        return norm
    raise ShapeError(f"{name}: norm is one of {', '.join(map(repr, NORMS))}, not {norm!r} ({describe(x)})")


def scaled(y: Tensor, norm: str, n: Size, inverse: bool) -> Tensor:
    """A result without a factor, with that of the norm for n elements."""
    if norm == "ortho":
        return elementwise.multiply(y, n**-0.5 if isinstance(n, int) else elementwise.sqrt(1 / n))
    return elementwise.multiply(y, 1 / n) if (norm == "backward") == inverse else y


def opposite(norm: str) -> str:
    """The norm of the transform in the other direction that has the same factor."""
    return {"backward": "forward", "forward": "backward"}.get(norm, norm)


def several(name: str, x: Tensor, s: Any, axes: Any) -> tuple[list[Size], list[int]]:
    """The lengths and the axes of a transform of several axes, as NumPy reads them: ``s`` without axes is for the last
    ones, and -1 or None in it is the size that there is. An axis may stand there twice."""
    if isinstance(s, (int, np.integer, Dim)):  # of one axis, as SciPy allows
        s = (s,)
    if s is not None and not isinstance(s, (list, tuple)) and not (isinstance(s, np.ndarray) and s.ndim == 1):
        raise ShapeError(f"{name}: s is a sequence of lengths, not {s!r} ({describe(x)})")
    if axes is None:
        found = list(range(x.ndim)) if s is None else list(range(-len(s), 0))
    elif isinstance(axes, (list, tuple)):
        found = list(axes)
    else:
        found = [axes]
    found = [axis_of(name, x, axis) for axis in found]
    given: Sequence[Any] = [-1] * len(found) if s is None else list(s)
    if len(given) != len(found):
        raise ShapeError(f"{name}: {len(given)} lengths for {len(found)} axes ({describe(x)})")
    sizes = [
        x.shape[axis] if n is None or (isinstance(n, (int, np.integer)) and n == -1) else length(name, n, x)
        for n, axis in zip(given, found, strict=True)
    ]
    return sizes, found
