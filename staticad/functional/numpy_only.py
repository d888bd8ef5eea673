"""What NumPy's own functions mean on tensors where no function of the front does."""

from __future__ import annotations

import numpy as np

from staticad.functional.front import implements
from staticad.functional.movement import swapaxes
from staticad.ir.dims import Shape, Size, product
from staticad.ir.graph import Tensor
from staticad.ops.promotion import Operand, to_tensor


@implements(np.copy)
def _copy(x: Operand) -> Tensor:
    return to_tensor(x)


@implements(np.shape)
def _shape(x: Operand) -> Shape:
    return to_tensor(x).shape


@implements(np.ndim)
def _ndim(x: Operand) -> int:
    return to_tensor(x).ndim


@implements(np.size)
def _size(x: Operand, axis: int | None = None) -> Size:
    shape = to_tensor(x).shape
    return product(shape) if axis is None else shape[axis]


@implements(np.matrix_transpose, np.linalg.matrix_transpose)
def _matrix_transpose(x: Operand) -> Tensor:
    return swapaxes(x, -1, -2)
