"""Views of views: compositions become one view, views that change nothing disappear. All exact.

The forms that are left: reshapes that only add or drop axes of size 1 are expand_dims or squeeze; expand_dims stands
outside a transpose; a broadcast adds leading axes by itself; unary functions stand inside a broadcast, where there
are fewer elements.
"""

from __future__ import annotations

from staticad.ir.dims import Shape
from staticad.ir.graph import Tensor
from staticad.ops.base import apply
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS, RESHAPE, SLICE, SQUEEZE, TRANSPOSE
from staticad.rewrite.fold import is_function
from staticad.rewrite.match import keeps_names, op_of, scalar_value
from staticad.rewrite.pattern import Rule, some


def _without(ndim: int, axes: tuple[int, ...]) -> list[int]:
    return [a for a in range(ndim) if a not in axes]


def expanded(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """expand_dims, or x itself if there are no axes to add."""
    return apply(EXPAND_DIMS, x, axes=axes) if axes else x


def squeezed(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """squeeze, or x itself if there are no axes to drop."""
    return apply(SQUEEZE, x, axes=axes) if axes else x


def transposed(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """transpose, or x itself for the identity."""
    return apply(TRANSPOSE, x, axes=axes) if axes != tuple(range(x.ndim)) else x


def _transpose(tensor: Tensor) -> Tensor | None:
    axes = tensor.node.attrs["axes"]
    x = tensor.node.inputs[0]
    if axes == tuple(range(x.ndim)):
        return x
    inner = op_of(x, TRANSPOSE)
    if inner is not None:
        first = x.node.attrs["axes"]
        return transposed(inner, tuple(first[a] for a in axes))
    inner = op_of(x, EXPAND_DIMS)
    if inner is not None:
        added = x.node.attrs["axes"]
        kept = _without(x.ndim, added)
        order = tuple(kept.index(a) for a in axes if a not in added)
        return expanded(transposed(inner, order), tuple(i for i, a in enumerate(axes) if a in added))
    return None


def _expand_dims(tensor: Tensor) -> Tensor | None:
    axes = tensor.node.attrs["axes"]
    x = tensor.node.inputs[0]
    if not axes:
        return x
    inner = op_of(x, EXPAND_DIMS)
    if inner is not None:
        kept = _without(tensor.ndim, axes)
        return expanded(inner, tuple(sorted((*axes, *(kept[a] for a in x.node.attrs["axes"])))))
    inner = op_of(x, SQUEEZE)
    if inner is not None and x.node.attrs["axes"] == axes and inner.type == tensor.type:
        return inner
    return None


def _squeeze(tensor: Tensor) -> Tensor | None:
    axes = tensor.node.attrs["axes"]
    x = tensor.node.inputs[0]
    if not axes:
        return x
    inner = op_of(x, SQUEEZE)
    if inner is not None:
        kept = _without(inner.ndim, x.node.attrs["axes"])
        return squeezed(inner, tuple(sorted((*x.node.attrs["axes"], *(kept[a] for a in axes)))))
    inner = op_of(x, EXPAND_DIMS)
    if inner is None:
        return None
    added = x.node.attrs["axes"]
    if set(axes) <= set(added):
        # The other added axes move up by the number of axes dropped before them.
        return expanded(inner, tuple(a - sum(b < a for b in axes) for a in added if a not in axes))
    if set(added) <= set(axes):
        return squeezed(inner, tuple(a - sum(b < a for b in added) for a in axes if a not in added))
    return None


def _broadcast_to(tensor: Tensor) -> Tensor | None:
    x = tensor.node.inputs[0]
    if x.shape == tensor.shape:
        return x
    # A broadcast that gives a size another name stays apart from one that stretches: its result is what rules know.
    if x.node.op is BROADCAST_TO and keeps_names(x) == keeps_names(tensor):
        return apply(BROADCAST_TO, x.node.inputs[0], shape=tensor.shape)
    inner = op_of(x, EXPAND_DIMS)
    if inner is not None and x.node.attrs["axes"] == tuple(range(x.ndim - inner.ndim)):
        return apply(BROADCAST_TO, inner, shape=tensor.shape)
    return None


def _slice(tensor: Tensor) -> Tensor | None:
    """Start s and step t in a slice of start r and step q: element k stands at r + q * (s + t * k)."""
    attrs = tensor.node.attrs
    x = tensor.node.inputs[0]
    if x.shape == tensor.shape and all(s == 0 for s in attrs["starts"]) and all(s == 1 for s in attrs["steps"]):
        return x
    inner = op_of(x, SLICE)
    if inner is None or any(size == 0 for size in tensor.shape):
        return None
    first = x.node.attrs
    starts = tuple(r + q * s for r, q, s in zip(first["starts"], first["steps"], attrs["starts"], strict=True))
    steps = tuple(q * t for q, t in zip(first["steps"], attrs["steps"], strict=True))
    return apply(SLICE, inner, starts=starts, steps=steps, sizes=attrs["sizes"])


def inserted_axes(small: Shape, large: Shape) -> tuple[int, ...] | None:
    """The axes of size 1 that ``large`` has and ``small`` has not, or None if they differ in more."""
    axes = []
    position = 0
    for axis, size in enumerate(large):
        if position < len(small) and small[position] == size:
            position += 1
        elif size == 1:
            axes.append(axis)
        else:
            return None
    return tuple(axes) if position == len(small) else None


def _reshape(tensor: Tensor) -> Tensor | None:
    x = tensor.node.inputs[0]
    if x.shape == tensor.shape:
        return x
    for op in (RESHAPE, EXPAND_DIMS, SQUEEZE):
        inner = op_of(x, op)
        if inner is not None:
            return apply(RESHAPE, inner, shape=tensor.shape, constraints=tensor.node.attrs["constraints"])
    axes = inserted_axes(x.shape, tensor.shape)
    if axes is not None:
        return expanded(x, axes)
    axes = inserted_axes(tensor.shape, x.shape)
    return None if axes is None else squeezed(x, axes)


def _function_of_broadcast(tensor: Tensor) -> Tensor | None:
    """f(broadcast(x), broadcast(y), c) = broadcast(f(x, y, c)) for operands of one shape and numbers."""
    node = tensor.node
    inner: list[Tensor] = []
    shape: Shape | None = None
    for operand in node.inputs:
        if operand.node.op is BROADCAST_TO and operand.shape == tensor.shape and keeps_names(operand):
            x = operand.node.inputs[0]
            if shape is not None and x.shape != shape:
                return None
            shape = x.shape
            inner.append(x)
        elif operand.ndim == 0 and scalar_value(operand) is not None:
            inner.append(operand)
        else:
            return None
    if shape is None:
        return None
    return apply(BROADCAST_TO, apply(node.op, *inner, **node.attrs), shape=tensor.shape)


MOVEMENT_RULES = (
    Rule("transpose of a view = view", (TRANSPOSE,), _transpose),
    Rule("expand_dims of a view = view", (EXPAND_DIMS,), _expand_dims),
    Rule("squeeze of a view = view", (SQUEEZE,), _squeeze),
    Rule("broadcast of a view = view", (BROADCAST_TO,), _broadcast_to),
    Rule("slice of a slice = slice", (SLICE,), _slice),
    Rule("reshape of a view = view", (RESHAPE,), _reshape),
    Rule("f(broadcast(x)) = broadcast(f(x))", (), _function_of_broadcast, fits=some((BROADCAST_TO,)), kind=is_function),
)
