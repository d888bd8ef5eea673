"""Arrays put together from arrays: concatenate here, embed and replace with the slices that they are adjoint to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from staticad.errors import ShapeError
from staticad.ir.dims import Shape, Size, at_least, local_symbols, maximum
from staticad.ir.graph import Tensor
from staticad.ir.types import Constraint, Demands, same_size
from staticad.ops.base import Assemble, apply
from staticad.ops.creation import FULL, fill
from staticad.ops.slicing import EMBED, REPLACE, SLICE


def _starts(shapes: Sequence[Shape], axis: int) -> list[Size]:
    """Where each operand begins along the axis."""
    starts: list[Size] = []
    total: Size = 0
    for shape in shapes:
        starts.append(total)
        total = total + shape[axis]
    return starts


def _concatenate_shape(shapes: tuple[Shape, ...], axis: int) -> tuple[Shape, tuple[Constraint, ...]]:
    result = list(shapes[0])
    if not 0 <= axis < len(result):
        raise ShapeError(f"axis {axis} is not an axis of an array with {len(result)}")
    with Demands() as demands:
        for shape in shapes[1:]:
            if len(shape) != len(result):
                raise ShapeError(f"operands of {len(result)} and {len(shape)} axes")
            for a, size in enumerate(shape):
                if a == axis:
                    result[a] = result[a] + size
                    continue
                merged = same_size(result[a], size, demands)
                if merged is None:
                    raise ShapeError(f"sizes {result[a]} and {size} of axis {a} differ; only axis {axis} may")
                result[a] = merged
        return tuple(result), demands.close()


def _concatenate_regions(
    shapes: tuple[Shape, ...], result_shape: Shape, axis: int
) -> tuple[tuple[tuple[Size, int], ...], ...]:
    return tuple(
        tuple((start if a == axis else 0, 1) for a in range(len(result_shape))) for start in _starts(shapes, axis)
    )


def _concatenate_vjp(g: Tensor, y: Tensor, *xs: Tensor, axis: int) -> tuple[Tensor, ...]:
    steps = (1,) * y.ndim
    begins = _starts([x.shape for x in xs], axis)
    return tuple(
        apply(SLICE, g, starts=tuple(begin if a == axis else 0 for a in range(y.ndim)), steps=steps, sizes=x.shape)
        for begin, x in zip(begins, xs)
    )


def _concatenate_jvp(ts: Sequence[Tensor | None], y: Tensor, *xs: Tensor, axis: int) -> Tensor | None:
    if all(t is None for t in ts):
        return None
    parts = [t if t is not None else apply(FULL, shape=x.shape, dtype=y.dtype, value=0.0) for t, x in zip(ts, xs)]
    return apply(CONCATENATE, *parts, axis=axis)


def _concatenate_numpy(*xs: np.ndarray, axis: int, shape: Any) -> np.ndarray:
    return np.concatenate(xs, axis)


CONCATENATE = Assemble(
    "concatenate",
    shape_rule=_concatenate_shape,
    regions=_concatenate_regions,
    numpy=_concatenate_numpy,
    vjp=_concatenate_vjp,
    jvp=_concatenate_jvp,
)
"""attrs axis: the operands one after the other along that axis."""


def or_filled(x: Tensor, n: Size, value: float) -> Tensor:
    """x, whose last axis has one element more, of this value, where a run finds that a size n is 0."""
    if at_least(n, 1) or local_symbols(n):
        return x
    lacking = fill((*x.shape[:-1], maximum(1 - n, 0)), value, x.dtype)
    return apply(CONCATENATE, x, lacking, axis=x.ndim - 1)


__all__ = ["CONCATENATE", "EMBED", "REPLACE", "or_filled"]
