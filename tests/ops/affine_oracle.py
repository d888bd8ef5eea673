"""What the affine indices and regions of an op mean, evaluated element by element with NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from staticad.ir import dims
from staticad.ir.dim_values import evaluate
from staticad.ir.dims import Dim, Symbol
from staticad.ir.graph import Attrs
from staticad.ir.types import TensorType
from staticad.ops.base import Assemble, Movement

FLOAT64 = np.dtype(np.float64)
Sizes = dict[Symbol, int]


def numbers(value: Any, sizes: Sizes) -> Any:
    """Free sizes replaced by numbers, at any depth of tuples."""
    if isinstance(value, Dim):
        return evaluate(value, sizes)
    return tuple(numbers(v, sizes) for v in value) if isinstance(value, tuple) else value


def infer(op: Any, shapes: list[Any], attrs: dict[str, Any]) -> tuple[Any, Any]:
    """Result shape and constraints."""
    ((kind,), constraints) = op.infer(tuple(TensorType(s, FLOAT64) for s in shapes), Attrs(**attrs))
    return kind.shape, constraints


def follow(op: Movement, x: np.ndarray, shape: Any, sizes: Sizes, attrs: dict[str, Any]) -> np.ndarray:
    """The result of a movement op, read at its affine indices. ``shape`` is x's, perhaps with free sizes."""
    result_shape, _ = infer(op, [shape], attrs)
    index = np.indices(numbers(result_shape, sizes))
    places = []
    for offset, terms in op.index(shape, result_shape, **attrs):
        place = np.full(index.shape[1:], numbers(offset, sizes))
        for axis, coefficient in terms:
            place = place + numbers(coefficient, sizes) * index[axis]
        places.append(place)
    assert all(((p >= 0) & (p < n)).all() for p, n in zip(places, x.shape, strict=True))
    return x[tuple(places)] if places else np.broadcast_to(x, index.shape[1:])


def assemble(
    op: Assemble, arrays: list[np.ndarray], shapes: list[Any], sizes: Sizes, attrs: dict[str, Any]
) -> np.ndarray:
    """The result of an assemble op, written region by region."""
    result_shape, _ = infer(op, shapes, attrs)
    fill = attrs.get("fill")
    result = np.full(numbers(result_shape, sizes), np.nan if fill is None else fill)
    regions = op.regions(tuple(shapes), result_shape, **attrs)
    for array, region in zip(arrays, regions, strict=True):
        for o in np.ndindex(*array.shape):
            place = tuple(numbers(start, sizes) + step * i for (start, step), i in zip(region, o, strict=True))
            assert all(0 <= p < n for p, n in zip(place, result.shape))
            result[place] = array[o]
    return result


def freed(shape: tuple[int, ...]) -> tuple[tuple[Dim, ...], Sizes]:
    """The shape with every size free, and the numbers that the sizes stand for."""
    free = tuple(dims.symbol(f"n{axis}") for axis in range(len(shape)))
    return free, {dims.as_symbol(d): n for d, n in zip(free, shape)}  # type: ignore[misc]
