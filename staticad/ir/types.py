"""The type of a tensor, and how shapes combine: broadcasting and equality of free sizes."""

from __future__ import annotations

from dataclasses import dataclass

from staticad.errors import ShapeError
from staticad.ir.dims import Dim, Shape, Size
from staticad.ir.dtypes import DType

Constraint = tuple[Size, Size]  # two sizes that have to be equal at run time


@dataclass(frozen=True)
class TensorType:
    """Shape (ints and free sizes) and dtype."""

    shape: Shape
    dtype: DType

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __str__(self) -> str:
        return f"{self.dtype.name}[{','.join(map(str, self.shape))}]"


def same_size(a: Size, b: Size, constraints: list[Constraint]) -> Size | None:
    """One size for both: None if two ints differ; a constraint is added where equality shows only at run time."""
    if a == b:
        return a
    if isinstance(a, int) and isinstance(b, int):
        return None
    if isinstance(a, Dim) and isinstance(b, Dim) and isinstance(a - b, int):
        return None  # n and n + 1 are never equal
    constraints.append((a, b))
    return a if isinstance(a, int) else b if isinstance(b, int) else a


def broadcast_shapes(shapes: list[Shape], constraints: list[Constraint]) -> Shape:
    """NumPy broadcasting. A statically known 1 stretches; two free sizes have to be equal at run time.

    Raises ShapeError without the name of an op; the caller adds it.
    """
    ndim = max((len(s) for s in shapes), default=0)
    result: list[Size] = []
    for axis in range(ndim):
        size: Size = 1
        for shape in shapes:
            position = axis - (ndim - len(shape))
            if position < 0 or shape[position] == 1:
                continue
            if size == 1:
                size = shape[position]
                continue
            merged = same_size(size, shape[position], constraints)
            if merged is None:
                listed = " and ".join(f"[{','.join(map(str, s))}]" for s in shapes)
                raise ShapeError(f"shapes {listed} do not broadcast: sizes {size} and {shape[position]} differ")
            size = merged
        result.append(size)
    return tuple(result)
