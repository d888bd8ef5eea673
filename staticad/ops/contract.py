"""The matrix product of stacks of matrices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from staticad.errors import DTypeError, ShapeError
from staticad.ir.dims import at_least
from staticad.ir.graph import Attrs, Tensor
from staticad.ir.types import Demands, TensorType, broadcast_shapes, same_size
from staticad.ops.base import Inferred, Op, apply
from staticad.ops.movement import swapped
from staticad.ops.parts import put_into_zeros


class Contract(Op):
    """matmul: (…, m, k) @ (…, k, n) -> (…, m, n) with equal leading axes up to broadcasting; both at least 2-D."""

    family, remembered = "contract", True
    title, about = "Matrix products", "Kernels or calls of BLAS for floats; leading axes broadcast."
    ulps = None

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        a, b = inputs
        if a.dtype != b.dtype:
            raise DTypeError(f"operands of dtypes {a.dtype} and {b.dtype}; cast them first")
        with Demands() as demands:
            batch = broadcast_shapes([a.shape[:-2], b.shape[:-2]], demands)
            k, m = a.shape[-1], b.shape[-2]
            if same_size(k, m, demands) is None:
                raise ShapeError(f"inner sizes {k} and {m} differ ({a} and {b}); transpose one operand?")
            return (TensorType((*batch, a.shape[-2], b.shape[-1]), a.dtype),), demands.close()


def _matmul_vjp(g: Tensor, y: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, ...]:
    """dA = G Bᵀ, dB = Aᵀ G; the driver sums over broadcast leading axes. Rows or columns that nobody has read, as of
    `(A @ B)[rows]`, are absent: only the others are multiplied."""
    rows, columns = g.ndim - 2, g.ndim - 1
    found = put_into_zeros(g, rows)
    if found is not None and at_least(a.shape[-1], 1):
        g, part = found
        to_a = part.put(apply(MATMUL, g, swapped(b)), rows, a.shape[-2])
        return to_a, apply(MATMUL, swapped(part.take(a, a.ndim - 2)), g)
    found = put_into_zeros(g, columns)
    if found is not None and at_least(b.shape[-2], 1):
        g, part = found
        to_b = part.put(apply(MATMUL, swapped(a), g), columns, b.shape[-1])
        return apply(MATMUL, g, swapped(part.take(b, b.ndim - 1))), to_b
    return apply(MATMUL, g, swapped(b)), apply(MATMUL, swapped(a), g)


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
    certain=True,
    jvp=_matmul_jvp,
    notes="integers wrap around; for bool a product is and, a sum is or",
)
"""(…, m, k) @ (…, k, n) -> (…, m, n). Integers wrap around; for bool a product is "and", a sum "or"."""
