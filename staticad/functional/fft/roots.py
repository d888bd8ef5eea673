"""Roots of unity: cosines and sines of fractions of a turn, correct to the last bits for every fraction."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from staticad.functional.joining import stack
from staticad.ir.dims import Size
from staticad.ir.dtypes import DType
from staticad.ir.graph import Tensor
from staticad.ops.creation import indices, size_tensor
from staticad.ops.promotion import cast
from staticad.ops.sources import constant


def turned(k: Any, n: Any) -> tuple[Any, Any]:
    """Cosine and sine of 2 pi k / n, for integers 0 <= k < n, of arrays or of tensors. An octant of the circle is
    enough, so that no angle is large."""
    octant, rest = 8 * k // n, 8 * k % n
    angle = np.where(np.equal(octant % 2, 1), n - rest, rest) * (math.pi / 4) / n
    near, far = np.cos(angle), np.sin(angle)
    crossed = np.equal((octant + 1) // 2 % 2, 1)
    cos, sin = np.where(crossed, far, near), np.where(crossed, near, far)
    return np.where(np.equal((octant + 2) // 4 % 2, 1), -cos, cos), np.where(octant >= 4, -sin, sin)


@functools.lru_cache(maxsize=8)
def _known(count: int, first: int, step: int, n: int, dtype: DType) -> np.ndarray:
    return np.stack(turned((first + step * np.arange(count)) % n, n)).astype(dtype)


def roots(count: Size, n: Size, dtype: DType, first: int = 0, step: int = 1) -> Tensor:
    """Cosines and sines of 2 pi (first + step j) / n for 0 <= j < count, as two rows. A constant where sizes are known,
    else computed in every run."""
    if isinstance(count, int) and isinstance(n, int):
        return constant(_known(count, first, step, n, dtype))
    whole = size_tensor(n)
    return cast(stack(turned((first + step * indices((count,), 0)) % whole, whole)), dtype)
