"""Derivatives composed of reverse and forward mode: Hessian products, Jacobians, Hessians; stop_gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from staticad.autodiff.connect import as_list
from staticad.autodiff.forward import jvp
from staticad.autodiff.reverse import gradients
from staticad.errors import GradientError
from staticad.ir.dims import Shape
from staticad.ir.dtypes import is_complex
from staticad.ir.graph import Tensor, describe, no_grad
from staticad.ir.provenance import user_call
from staticad.ops.assemble import CONCATENATE
from staticad.ops.barrier import STOP_GRADIENT
from staticad.ops.base import apply
from staticad.ops.creation import FULL
from staticad.ops.movement import EXPAND_DIMS, RESHAPE, TRANSPOSE
from staticad.ops.sources import as_tensor, constant


def stop_gradient(x: Any) -> Tensor:
    """``x`` in value, a constant to every derivative."""
    return apply(STOP_GRADIENT, as_tensor(x))


def hvp(y: Tensor, xs: Tensor | Sequence[Tensor], vectors: Any) -> list[Tensor]:
    """Hessian-vector products of a scalar ``y``: for every x_i the sum over j of (d²y / dx_i dx_j) · vector_j.

    Forward mode over reverse mode: costs a small multiple of y, whatever the size of xs. Raises GradientError as
    `gradients` and `jvp` do; an x without influence has a product of zeros.
    """
    sources = as_list(xs, "xs")
    return jvp(gradients(y, sources, unconnected="zero"), sources, vectors)


def jacobian(y: Tensor, x: Tensor) -> Tensor:
    """All derivatives dy/dx, of shape y.shape + x.shape.

    Builds one product per element of y or of x, whichever has fewer, and so needs these sizes to be fixed; meant for
    small ones. By a complex x its entries are gradients of a real y. Raises GradientError for free sizes and a complex
    y, whose derivatives are no one matrix: take those of its parts.
    """
    if is_complex(y.dtype):
        raise GradientError(f"the Jacobian of {describe(y)}, which is complex; take those of its .real and .imag")
    rows, columns = _count(y), None if is_complex(x.dtype) else _count(x)
    if rows is None and columns is None:
        raise GradientError(
            f"the Jacobian of {describe(y)} by {describe(x)} needs a fixed shape of one of them; use jvp or gradients"
        )
    with user_call():
        if rows is not None and (columns is None or rows <= columns):
            return _stack([gradients(y, x, unit, unconnected="zero")[0] for unit in _units(y)], y.shape, x)
        stacked = _stack([jvp(y, x, unit)[0] for unit in _units(x)], x.shape, y)
        axes = (*range(x.ndim, x.ndim + y.ndim), *range(x.ndim))
        return apply(TRANSPOSE, stacked, axes=axes) if stacked.ndim else stacked


def hessian(y: Tensor, x: Tensor) -> Tensor:
    """All second derivatives of a scalar ``y``, of shape x.shape + x.shape; x needs a fixed, small shape."""
    (gradient,) = gradients(y, x, unconnected="zero")
    return jacobian(gradient, x)


def _count(tensor: Tensor) -> int | None:
    sizes = [s for s in tensor.shape if isinstance(s, int)]
    return int(np.prod(sizes, dtype=np.int64)) if len(sizes) == tensor.ndim else None


def _units(tensor: Tensor) -> list[Tensor]:
    """The unit vectors of a tensor's space, in row-major order."""
    count = _count(tensor)
    assert count is not None
    return [constant(row.reshape(tensor.shape)) for row in np.eye(count, dtype=tensor.dtype)]


def _stack(parts: list[Tensor], leading: Shape, rest: Tensor) -> Tensor:
    if not parts:
        return apply(FULL, shape=(*leading, *rest.shape), dtype=rest.dtype, value=0.0)
    rows = [apply(EXPAND_DIMS, part, axes=(0,)) for part in parts]
    joined = apply(CONCATENATE, *rows, axis=0) if len(rows) > 1 else rows[0]
    return apply(RESHAPE, joined, shape=(*leading, *rest.shape), constraints=())


__all__ = ["hessian", "hvp", "jacobian", "no_grad", "stop_gradient"]
