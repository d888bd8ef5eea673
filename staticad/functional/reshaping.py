"""A reshape between known shapes, by axes of size 1 that come and go where these suffice."""

from __future__ import annotations

from staticad.ir.dims import Shape
from staticad.ir.graph import Tensor
from staticad.ops.base import apply
from staticad.ops.movement import EXPAND_DIMS, RESHAPE, SQUEEZE


def reshape_known(x: Tensor, target: Shape) -> Tensor:
    """A reshape to a shape of as many elements, by squeeze and expand_dims where these suffice."""
    if x.shape == target:
        return x
    squeezed, expanded, i, j = [], [], 0, 0
    while i < x.ndim or j < len(target):
        if i < x.ndim and j < len(target) and x.shape[i] == target[j]:
            i, j = i + 1, j + 1
        elif i < x.ndim and x.shape[i] == 1:
            squeezed.append(i)
            i += 1
        elif j < len(target) and target[j] == 1:
            expanded.append(j)
            j += 1
        else:
            return apply(RESHAPE, x, shape=target, constraints=())
    if squeezed:
        x = apply(SQUEEZE, x, axes=tuple(squeezed))
    return apply(EXPAND_DIMS, x, axes=tuple(expanded)) if expanded else x
