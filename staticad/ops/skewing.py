"""Skewing: along one axis every slice of another is shifted by its index. Windows are skewed copies of an array."""

from __future__ import annotations

import numpy as np

from staticad.errors import ShapeError
from staticad.ir.dims import Shape, Size, minimum
from staticad.ir.graph import Tensor
from staticad.ir.proofs import follows
from staticad.ir.types import Constraint, Demands
from staticad.ops.base import AxisIndex, Movement, apply
from staticad.ops.creation import zeros
from staticad.ops.slicing import EMBED


def _shape(
    shape: Shape, axis: int, by: int, sign: int, start: Size, size: Size
) -> tuple[Shape, tuple[Constraint, ...]]:
    n, m = shape[axis], shape[by]
    if axis == by or sign not in (1, -1):
        raise ShapeError(f"axis {axis} can't be shifted along axis {by} by {sign} a step")
    # With elements at all, the first and the last place have to lie inside.
    far = start + (m - 1) * sign
    low, high = (start, far + size - 1) if sign > 0 else (far, start + size - 1)
    with Demands() as demands:
        for room in (low, n - 1 - high):
            if isinstance(size, int) and isinstance(m, int) and size * m == 0:
                continue
            if not follows(room, (size - 1, m - 1)):
                if isinstance(room, int):
                    raise ShapeError(f"places {low} to {high} of axis {axis} lie outside its size {n}")
                demands.add(minimum(room, 0) * size * m, 0)
        return tuple(size if a == axis else s for a, s in enumerate(shape)), demands.close()


def _index(
    shape: Shape, result_shape: Shape, axis: int, by: int, sign: int, start: Size, size: Size
) -> tuple[AxisIndex, ...]:
    return tuple((start, ((axis, 1), (by, sign))) if a == axis else (0, ((a, 1),)) for a in range(len(shape)))


def _numpy(x: np.ndarray, axis: int, by: int, sign: int, start: int, size: int) -> np.ndarray:
    moved = np.moveaxis(x, (axis, by), (0, 1))
    places = start + np.arange(size)[:, None] + sign * np.arange(moved.shape[1])
    return np.moveaxis(moved[places, np.arange(moved.shape[1])], (0, 1), (axis, by))


def _vjp(g: Tensor, y: Tensor, x: Tensor, axis: int, by: int, sign: int, start: Size, size: Size) -> tuple[Tensor, ...]:
    """Skewed back from among zeros: x[p, k] went to p - start - sign * k, if there is such a place."""
    n, m = x.shape[axis], x.shape[by]
    if m == 0:
        return (zeros(x.type),)
    first = start + (m - 1) if sign > 0 else start
    here = [a == axis for a in range(x.ndim)]
    framed = apply(
        EMBED, g, shape=tuple(n + m - 1 if h else s for h, s in zip(here, g.shape)),
        starts=tuple(first if h else 0 for h in here), steps=(1,) * x.ndim, fill=0.0,
    )  # fmt: skip
    return (apply(SKEW, framed, axis=axis, by=by, sign=-sign, start=first - start, size=n),)


SKEW: Movement = Movement(
    "skew",
    shape_rule=_shape,
    index=_index,
    numpy=_numpy,
    vjp=_vjp,
    notes="`sliding_window_view`",
)
"""attrs axis, by, sign, start, size: ``result[…, i, …, k, …] = x[…, start + i + sign * k, …, k, …]`` with i along
``axis``, which gets the size, and k along ``by``."""
