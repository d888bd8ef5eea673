"""Regions: a slice of an array, and its adjoints that put a region into an array.

A region is given by one start, one step and one size per axis: it holds the places ``start + step * k`` for
``0 <= k < size``. A slice may walk backwards (negative steps); the region of an embed or replace has positive steps.
The start of an empty region means nothing and may lie anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from staticad.errors import ShapeError
from staticad.ir.dims import Shape, Size, at_least, is_runtime, local_symbols, minimum
from staticad.ir.graph import Tensor
from staticad.ir.local_sizes import smallest
from staticad.ir.proofs import follows
from staticad.ir.types import Constraint, Demands, same_shape
from staticad.ops.base import Assemble, AxisIndex, Movement, apply
from staticad.ops.creation import zeros


def check_region(shape: Shape, starts: Shape, steps: tuple[int, ...], sizes: Shape, demands: Demands) -> None:
    """A region lies inside an array of that shape: a run has to check it wherever that can't be proved.

    Every slice and region passes here, so that no kernel reads or writes a place that nobody has looked at. Raises
    ShapeError where a region is known to leave the array.
    """
    if not len(shape) == len(starts) == len(steps) == len(sizes):
        raise ShapeError(f"a region of {len(sizes)} axes in an array of {len(shape)}")
    for axis, (n, start, step, size) in enumerate(zip(shape, starts, steps, sizes)):
        if step == 0:
            raise ShapeError(f"the step of axis {axis} is 0")
        if size == 0 or (start == 0 and step == 1 and size == n):
            continue
        last = start + (size - 1) * step
        first, final = (start, last) if step > 0 else (last, start)
        for room in (first, n - final - 1):  # at least 0, if there are elements
            if follows(room, (size - 1,)) or (local_symbols(room) and follows(smallest(room), ())):
                continue
            if at_least(size, 1) and at_least(room * -1, 1):
                raise ShapeError(f"places {start} to {last} of axis {axis} lie outside its size {n}")
            if any(is_runtime(s) or local_symbols(s) for s in (room, size)):
                raise ShapeError(f"places {start} to {last} of axis {axis} may lie outside its size {n}")
            demands.add(minimum(room, 0) * (1 if isinstance(size, int) else size), 0)


def _region(starts: Sequence[int], steps: Sequence[int], sizes: Sequence[int]) -> tuple[slice, ...]:
    """NumPy's slices for a region."""
    slices = []
    for start, step, size in zip(starts, steps, sizes):
        stop = start + step * size
        slices.append(slice(start, None if stop < 0 else stop, step) if size else slice(0, 0))
    return tuple(slices)


def _slice_shape(
    shape: Shape, starts: Shape, steps: tuple[int, ...], sizes: Shape
) -> tuple[Shape, tuple[Constraint, ...]]:
    with Demands() as demands:
        check_region(shape, starts, steps, sizes, demands)
        return sizes, demands.close()


def _slice_index(
    shape: Shape, result_shape: Shape, starts: Shape, steps: tuple[int, ...], sizes: Shape
) -> tuple[AxisIndex, ...]:
    return tuple((start, ((axis, step),)) for axis, (start, step) in enumerate(zip(starts, steps)))


def _slice_numpy(x: np.ndarray, starts: Any, steps: Any, sizes: Any) -> np.ndarray:
    return x[_region(starts, steps, sizes)]


def _slice_vjp(
    g: Tensor, y: Tensor, x: Tensor, starts: Shape, steps: tuple[int, ...], sizes: Shape
) -> tuple[Tensor, ...]:
    """The cotangent stands at the places of the slice, zero elsewhere. Backward axes are turned forward first."""
    if any(step < 0 for step in steps):
        turned = tuple(step < 0 for step in steps)
        g = reverse(g, tuple(axis for axis, back in enumerate(turned) if back))
        starts = tuple(
            start + (size - 1) * step if back else start
            for start, step, size, back in zip(starts, steps, sizes, turned)
        )
        steps = tuple(abs(step) for step in steps)
    return (apply(EMBED, g, shape=x.shape, starts=starts, steps=steps, fill=0.0),)


def reverse(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """The tensor with these axes running backwards."""
    starts: tuple[Size, ...] = tuple(n - 1 if axis in axes else 0 for axis, n in enumerate(x.shape))
    steps = tuple(-1 if axis in axes else 1 for axis in range(x.ndim))
    return apply(SLICE, x, starts=starts, steps=steps, sizes=x.shape)


def _positive(steps: tuple[int, ...]) -> None:
    if any(step < 1 for step in steps):
        raise ShapeError(f"steps {steps} of a region to fill have to be positive; reverse the value instead")


def _embed_shape(
    shapes: tuple[Shape, ...], shape: Shape, starts: Shape, steps: tuple[int, ...], fill: Any
) -> tuple[Shape, tuple[Constraint, ...]]:
    _positive(steps)
    with Demands() as demands:
        check_region(shape, starts, steps, shapes[0], demands)
        return shape, demands.close()


def _embed_regions(
    shapes: tuple[Shape, ...], result_shape: Shape, shape: Shape, starts: Shape, steps: tuple[int, ...], fill: Any
) -> tuple[tuple[tuple[Size, int], ...], ...]:
    return (tuple(zip(starts, steps)),)


def _embed_numpy(x: np.ndarray, shape: Any, starts: Any, steps: Any, fill: Any) -> np.ndarray:
    result = np.full(shape, fill, x.dtype)
    result[_region(starts, steps, x.shape)] = x
    return result


def _embed_vjp(
    g: Tensor, y: Tensor, x: Tensor, shape: Shape, starts: Shape, steps: tuple[int, ...], fill: Any
) -> tuple[Tensor, ...]:
    return (apply(SLICE, g, starts=starts, steps=steps, sizes=x.shape),)


def _embed_jvp(
    ts: Sequence[Tensor | None], y: Tensor, x: Tensor, shape: Shape, starts: Shape, steps: tuple[int, ...], fill: Any
) -> Tensor | None:
    return None if ts[0] is None else apply(EMBED, ts[0], shape=shape, starts=starts, steps=steps, fill=0.0)


def _replace_shape(
    shapes: tuple[Shape, ...], starts: Shape, steps: tuple[int, ...], sizes: Shape
) -> tuple[Shape, tuple[Constraint, ...]]:
    base, value = shapes
    _positive(steps)
    with Demands() as demands:
        check_region(base, starts, steps, sizes, demands)
        if not same_shape(value, sizes, demands):
            raise ShapeError(f"a value of shape {value} for a region of shape {sizes}")
        return base, demands.close()


def _replace_regions(
    shapes: tuple[Shape, ...], result_shape: Shape, starts: Shape, steps: tuple[int, ...], sizes: Shape
) -> tuple[tuple[tuple[Size, int], ...], ...]:
    whole: tuple[tuple[Size, int], ...] = ((0, 1),) * len(result_shape)
    return whole, tuple(zip(starts, steps))


def _replace_numpy(base: np.ndarray, value: np.ndarray, shape: Any, starts: Any, steps: Any, sizes: Any) -> np.ndarray:
    result = base.copy()
    result[_region(starts, steps, sizes)] = value
    return result


def _replace_vjp(
    g: Tensor, y: Tensor, base: Tensor, value: Tensor, starts: Shape, steps: tuple[int, ...], sizes: Shape
) -> tuple[Tensor, ...]:
    outside = apply(REPLACE, g, zeros(value.type), starts=starts, steps=steps, sizes=sizes)
    return outside, apply(SLICE, g, starts=starts, steps=steps, sizes=value.shape)


def _replace_jvp(
    ts: Sequence[Tensor | None],
    y: Tensor,
    base: Tensor,
    value: Tensor,
    starts: Shape,
    steps: tuple[int, ...],
    sizes: Shape,
) -> Tensor | None:
    if ts[0] is None and ts[1] is None:
        return None
    outside = ts[0] if ts[0] is not None else zeros(base.type)
    inside = ts[1] if ts[1] is not None else zeros(value.type)
    return apply(REPLACE, outside, inside, starts=starts, steps=steps, sizes=sizes)


SLICE = Movement(
    "slice",
    shape_rule=_slice_shape,
    index=_slice_index,
    numpy=_slice_numpy,
    vjp=_slice_vjp,
    certain=True,
    notes="start, step (also negative) and size per axis",
)
"""attrs starts, steps, sizes: the elements at ``starts + steps * k``; steps may be negative."""

EMBED = Assemble(
    "embed",
    shape_rule=_embed_shape,
    regions=_embed_regions,
    numpy=_embed_numpy,
    vjp=_embed_vjp,
    jvp=_embed_jvp,
    notes="the operand at a region of a filled array; `pad`, and the derivative of a slice",
)
"""attrs shape, starts, steps, fill: a new array of that shape holding the operand at a region, ``fill`` elsewhere."""

REPLACE = Assemble(
    "replace",
    shape_rule=_replace_shape,
    regions=_replace_regions,
    changes_base=True,
    numpy=_replace_numpy,
    vjp=_replace_vjp,
    jvp=_replace_jvp,
    notes="the base with a region replaced",
)
"""attrs starts, steps, sizes: input 0 with the elements at the region replaced by input 1."""
