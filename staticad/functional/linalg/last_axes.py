"""Diagonals of the matrices in the last two axes, as in `numpy.linalg`. Those of `numpy` take the first two axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from staticad.functional import reductions
from staticad.functional.front import implements
from staticad.functional.linalg import products
from staticad.ir.graph import Tensor
from staticad.ops.promotion import Operand


@implements(np.linalg.diagonal)
def diagonal(x: Operand, offset: int = 0) -> Tensor:
    """The elements of each matrix whose column is larger by ``offset`` than their row, along the last axis.

    `staticad.diagonal` takes the first two axes, as `numpy.diagonal`."""
    return products.diagonal(x, offset, -2, -1)


@implements(np.linalg.trace)
def trace(x: Operand, offset: int = 0, dtype: Any = None) -> Tensor:
    """The sum of `diagonal`, in the dtype of `sum`. `staticad.trace` takes the first two axes, as `numpy.trace`."""
    return reductions.sum(diagonal(x, offset), axis=-1, dtype=dtype)
