"""Functions whose arguments are others in the array API standard than in NumPy."""

from __future__ import annotations

from typing import Any

from staticad.functional import movement
from staticad.ir.graph import Tensor
from staticad.ops.promotion import Operand


def expand_dims(x: Operand, /, axis: int = 0) -> Tensor:
    """A new axis of size 1."""
    return movement.expand_dims(x, axis)


def permute_dims(x: Operand, /, axes: tuple[int, ...]) -> Tensor:
    """The axes in another order."""
    return movement.transpose(x, axes)


def reshape(x: Operand, /, shape: Any, *, copy: bool | None = None) -> Tensor:
    """The elements in another shape. Nothing can change a tensor, so it makes no difference whether it is copied."""
    return movement.reshape(x, shape)


def squeeze(x: Operand, /, axis: int | tuple[int, ...]) -> Tensor:
    """Without axes of size 1."""
    return movement.squeeze(x, axis)
