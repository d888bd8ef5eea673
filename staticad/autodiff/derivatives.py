"""Derivatives composed of reverse and forward mode: Hessian products, Jacobians, Hessians; stop_gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, overload

import numpy as np

from staticad.autodiff.connect import as_list
from staticad.autodiff.forward import jvp
from staticad.autodiff.reverse import gradients
from staticad.errors import GradientError
from staticad.functional.control import scan
from staticad.functional.creation import eye
from staticad.ir.dims import Shape
from staticad.ir.dtypes import is_complex
from staticad.ir.graph import Tensor, describe, no_grad, sort_nodes
from staticad.ir.provenance import user_call
from staticad.ops.assemble import CONCATENATE
from staticad.ops.barrier import STOP_GRADIENT
from staticad.ops.base import apply
from staticad.ops.control import Control
from staticad.ops.creation import FULL
from staticad.ops.movement import EXPAND_DIMS, RESHAPE, TRANSPOSE
from staticad.ops.sources import as_tensor, constant

FEW = 4  # products of a Jacobian that are written out


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


@overload
def jacobian(y: Tensor, x: Tensor) -> Tensor: ...
@overload
def jacobian(y: Tensor, x: Sequence[Tensor]) -> list[Tensor]: ...


def jacobian(y: Tensor, x: Tensor | Sequence[Tensor]) -> Tensor | list[Tensor]:
    """All derivatives dy/dx, of shape y.shape + x.shape; for a list of x a list of them.

    One product per element of y or of x, whichever has fewer, whose number has to be known: a few are written out,
    more of them are the steps of a loop. By a complex x its entries are gradients of a real y. Raises GradientError for
    free sizes of both, and for a complex y, whose derivatives are no one matrix: take those of its parts.
    """
    if not isinstance(y, Tensor):
        raise GradientError(f"the Jacobian of a {type(y).__name__}: y is one tensor; take that of each of several")
    xs = as_list(x, "x")
    if is_complex(y.dtype):
        raise GradientError(f"the Jacobian of {describe(y)}, which is complex; take those of its .real and .imag")
    with user_call():
        found = _jacobians(y, xs)
    return found[0] if isinstance(x, Tensor) else found


@overload
def hessian(y: Tensor, x: Tensor) -> Tensor: ...
@overload
def hessian(y: Tensor, x: Sequence[Tensor]) -> list[list[Tensor]]: ...


def hessian(y: Tensor, x: Tensor | Sequence[Tensor]) -> Tensor | list[list[Tensor]]:
    """All second derivatives of a scalar ``y``, of shape x.shape + x.shape; x needs a fixed shape, and the result has
    the square of its elements. For a list of x a list of rows: [i][j] has the derivatives by x[i] and x[j]."""
    slopes = gradients(y, x, unconnected="zero")
    return jacobian(slopes[0], x) if isinstance(x, Tensor) else [jacobian(slope, x) for slope in slopes]


def _jacobians(y: Tensor, xs: list[Tensor]) -> list[Tensor]:
    rows = _count(y)
    by_rows = [x for x in xs if rows is not None and ((columns := _columns(x)) is None or rows <= columns)]
    found = dict(zip(by_rows, _by_rows(y, by_rows), strict=True)) if by_rows else {}
    return [found[x] if x in found else _by_columns(y, x) for x in xs]


def _by_rows(y: Tensor, xs: list[Tensor]) -> list[Tensor]:
    """A gradient for every element of y."""
    few = 1 if any(isinstance(node.op, Control) for node in sort_nodes([y])) else FEW
    stacks = _for_units(y, lambda unit: gradients(y, xs, unit, unconnected="zero"), xs, few)
    return [_reshaped(stack, (*y.shape, *x.shape)) for stack, x in zip(stacks, xs, strict=True)]


def _by_columns(y: Tensor, x: Tensor) -> Tensor:
    """A directional derivative for every element of x."""
    if _columns(x) is None:
        raise GradientError(
            f"the Jacobian of {describe(y)} by {describe(x)} needs a fixed shape of one of them; use jvp or gradients"
        )
    (stack,) = _for_units(x, lambda unit: jvp(y, x, unit), [y], FEW)
    stacked = _reshaped(stack, (*x.shape, *y.shape))
    axes = (*range(x.ndim, x.ndim + y.ndim), *range(x.ndim))
    return apply(TRANSPOSE, stacked, axes=axes) if stacked.ndim else stacked


def _for_units(of: Tensor, derive: Callable[[Tensor], list[Tensor]], like: list[Tensor], few: int) -> list[Tensor]:
    """What is derived from each unit vector of a tensor's space, in row-major order, stacked; each like a tensor. Up to
    a few are written out, which leaves more to rewriting."""
    count = _count(of)
    if not count:
        return [apply(FULL, shape=(0, *x.shape), dtype=x.dtype, value=0.0) for x in like]
    if count > few:
        _, stacks = scan(lambda _, unit: ((), derive(_reshaped(unit, of.shape))), (), eye(count, dtype=of.dtype))
        return list(stacks)
    units = [constant(row.reshape(of.shape)) for row in np.eye(count, dtype=of.dtype)]
    return [_stacked(parts) for parts in zip(*map(derive, units), strict=True)]


def _stacked(parts: Sequence[Tensor]) -> Tensor:
    rows = [apply(EXPAND_DIMS, part, axes=(0,)) for part in parts]
    return apply(CONCATENATE, *rows, axis=0) if len(rows) > 1 else rows[0]


def _reshaped(tensor: Tensor, shape: Shape) -> Tensor:
    return tensor if tensor.shape == shape else apply(RESHAPE, tensor, shape=shape, constraints=())


def _columns(x: Tensor) -> int | None:
    return None if is_complex(x.dtype) else _count(x)


def _count(tensor: Tensor) -> int | None:
    sizes = [s for s in tensor.shape if isinstance(s, int)]
    return int(np.prod(sizes, dtype=np.int64)) if len(sizes) == tensor.ndim else None


__all__ = ["hessian", "hvp", "jacobian", "no_grad", "stop_gradient"]
