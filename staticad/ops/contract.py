"""The matrix product of stacks of matrices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from staticad.ir.graph import Tensor
from staticad.ops.base import Contract, apply
from staticad.ops.movement import TRANSPOSE


def _swapped(x: Tensor) -> Tensor:
    """The transposed matrices."""
    return apply(TRANSPOSE, x, axes=(*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def _matmul_vjp(g: Tensor, y: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, ...]:
    """dA = G Bᵀ, dB = Aᵀ G; the driver sums over broadcast leading axes."""
    return apply(MATMUL, g, _swapped(b)), apply(MATMUL, _swapped(a), g)


def _matmul_jvp(ts: Sequence[Tensor | None], y: Tensor, a: Tensor, b: Tensor) -> Tensor | None:
    """dY = dA B + A dB."""
    left = apply(MATMUL, ts[0], b) if ts[0] is not None else None
    right = apply(MATMUL, a, ts[1]) if ts[1] is not None else None
    if left is None or right is None:
        return left if right is None else right
    return left + right


MATMUL = Contract(
    "matmul",
    numpy=np.matmul,
    vjp=_matmul_vjp,
    jvp=_matmul_jvp,
    notes="integers wrap around; for bool a product is and, a sum is or",
)
"""(…, m, k) @ (…, k, n) -> (…, m, n). Integers wrap around; for bool a product is "and", a sum "or"."""
