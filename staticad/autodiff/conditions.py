"""Conditions that follow a tensor through views: each broadcasts to the tensor and stays as small as it can."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from staticad.ir.dims import Shape, product
from staticad.ir.dtypes import BOOL
from staticad.ir.graph import Node, Tensor
from staticad.ops.base import Op, apply
from staticad.ops.comparison import LOGICAL_AND, LOGICAL_NOT, LOGICAL_OR
from staticad.ops.creation import fill
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS, RESHAPE, SLICE, SQUEEZE, TRANSPOSE
from staticad.ops.reduce import ANY
from staticad.ops.slicing import EMBED


def opposite(condition: Tensor) -> Tensor | None:
    """The condition that is negated, if this is the opposite of one: what is false of a number is that it is 0."""
    if condition.op is LOGICAL_NOT and condition.inputs[0].dtype == BOOL:
        return condition.inputs[0]
    return None


def literals(condition: Tensor, holds: bool = True) -> list[tuple[Tensor, bool]]:
    """What has to hold, and what must not, for a condition to hold, or not to: the same however it is written, by
    De Morgan's laws."""
    found: list[tuple[Tensor, bool]] = []
    pending = [(condition, holds)]
    while pending:
        current, holds = pending.pop()
        logical = all(t.dtype == BOOL for t in current.inputs)
        if logical and current.op is LOGICAL_NOT:
            pending.append((current.inputs[0], not holds))
        elif logical and current.op is (LOGICAL_AND if holds else LOGICAL_OR):
            pending += ((t, holds) for t in reversed(current.inputs))
        else:
            found.append((current, holds))
    return found


def _viewed(condition: Tensor, op: Op, axes: tuple[int, ...]) -> Tensor:
    """With axes of size 1 more or less; twice the other way is the condition itself."""
    if not axes:
        return condition
    if condition.op in (EXPAND_DIMS, SQUEEZE) and condition.op is not op and condition.node.attrs["axes"] == axes:
        return condition.inputs[0]
    return apply(op, condition, axes=axes)


def aligned(condition: Tensor, ndim: int) -> Tensor:
    """The condition with axes of size 1 in front, up to that rank."""
    missing = ndim - condition.ndim
    return _viewed(condition, EXPAND_DIMS, tuple(range(missing)))


def stretched(condition: Tensor, shape: Shape) -> Tensor:
    """The condition at every place of that shape."""
    return condition if condition.shape == shape else apply(BROADCAST_TO, condition, shape=shape)


def stretches(condition: Tensor, tensor: Tensor) -> bool:
    """Whether a condition has more places than a tensor."""
    sizes = zip(reversed(condition.shape), reversed(tensor.shape))
    return condition.ndim > tensor.ndim or any(n != 1 and m == 1 for n, m in sizes)


def constant_along(condition: Tensor, ndim: int, axes: Collection[int]) -> bool:
    """Whether a condition on a tensor of that rank is the same along these axes."""
    missing = ndim - condition.ndim
    return all(axis < missing or condition.shape[axis - missing] == 1 for axis in axes)


def without_axes(condition: Tensor, ndim: int, axes: Collection[int]) -> Tensor:
    """The condition on a tensor of that rank, without axes along which it is the same."""
    missing = ndim - condition.ndim
    dropped = tuple(axis - missing for axis in axes if axis >= missing)
    return _viewed(condition, SQUEEZE, dropped)


def anywhere(condition: Tensor, ndim: int, axes: tuple[int, ...]) -> Tensor:
    """Where the condition on a tensor of that rank holds anywhere along the axes, which disappear."""
    missing = ndim - condition.ndim
    varying = tuple(a for a in axes if a >= missing and condition.shape[a - missing] != 1)
    if varying:
        condition = apply(ANY, condition, axes=tuple(a - missing for a in varying))
    left = [a for a in range(missing, ndim) if a not in varying]
    dropped = tuple(i for i, a in enumerate(left) if a in axes)
    return _viewed(condition, SQUEEZE, dropped)


def through_view(node: Node, condition: Tensor) -> Tensor:
    """A condition on the operand of a view, as one on its result."""
    op, (x,) = node.op, node.inputs
    if condition.ndim == 0 or op is BROADCAST_TO:
        return condition
    if op is EXPAND_DIMS or op is SQUEEZE:
        return _viewed(aligned(condition, x.ndim), op, node.attrs["axes"])
    if op is TRANSPOSE:
        return apply(op, aligned(condition, x.ndim), **node.attrs)
    if op is SLICE:
        return _slice(node, aligned(condition, x.ndim))
    if op is RESHAPE:
        return _reshape(node, aligned(condition, x.ndim))
    return apply(op, stretched(condition, x.shape), **node.attrs)


def _slice(node: Node, condition: Tensor) -> Tensor:
    single = [size == 1 for size in condition.shape]
    starts = tuple(0 if one else s for one, s in zip(single, node.attrs["starts"], strict=True))
    steps = tuple(1 if one else s for one, s in zip(single, node.attrs["steps"], strict=True))
    sizes = tuple(1 if one else s for one, s in zip(single, node.attrs["sizes"], strict=True))
    return condition if all(single) else apply(SLICE, condition, starts=starts, steps=steps, sizes=sizes)


def _reshape(node: Node, condition: Tensor) -> Tensor:
    """The last axes stay as they are where a reshape leaves them, and the condition is the same along them."""
    before, after = node.inputs[0].shape, node.out.shape
    kept = 0
    while kept < min(len(before), len(after)) and before[-1 - kept] == after[-1 - kept]:
        if condition.shape[-1 - kept] != 1:
            break
        kept += 1
    head, result = before[: len(before) - kept], after[: len(after) - kept]
    if product(head) != product(result):  # equal sizes only a run can tell of
        kept, head, result = 0, before, after
    ones = (1,) * kept
    full = stretched(condition, (*head, *ones))
    return apply(RESHAPE, full, shape=(*result, *ones), constraints=node.attrs["constraints"] if not kept else ())


def embedded(node: Node, condition: Tensor) -> Tensor:
    """A condition on an array that is embedded in zeros: it holds nowhere around it."""
    x, attrs = node.inputs[0], node.attrs
    full = aligned(condition, x.ndim)
    whole = [
        size == 1 and (start, step, inner) == (0, 1, outer)
        for size, start, step, inner, outer in zip(
            full.shape, attrs["starts"], attrs["steps"], x.shape, attrs["shape"], strict=True
        )
    ]
    part = tuple(1 if w else n for w, n in zip(whole, x.shape, strict=True))
    shape = tuple(1 if w else n for w, n in zip(whole, attrs["shape"], strict=True))
    full = stretched(full, part)
    return apply(EMBED, full, shape=shape, starts=attrs["starts"], steps=attrs["steps"], fill=False)


def gathered(node: Node, condition: Tensor) -> Tensor:
    """A condition on an array, where a gather read it."""
    (x, *indices), attrs = node.inputs, node.attrs
    axes, place, full = attrs["axes"], attrs["position"], aligned(condition, x.ndim)
    if not constant_along(full, x.ndim, axes):
        shape = tuple(n if attrs["aligned"] or a in axes else full.shape[a] for a, n in enumerate(x.shape))
        return apply(node.op, stretched(full, shape), *indices, **attrs)
    return full if attrs["aligned"] else _moved(full, axes, range(place, place + indices[0].ndim))


def scattered(node: Node, condition: Tensor) -> Tensor:
    """A condition on what a scatter adds to zeros, where it went. It may hold in more places, which are 0."""
    (base, updates, *indices), attrs = node.inputs, dict(node.attrs)
    axes, place, full = attrs["axes"], attrs["position"], aligned(condition, updates.ndim)
    common = axes if attrs["aligned"] else tuple(range(place, place + indices[0].ndim))
    if constant_along(full, updates.ndim, common):
        return full if attrs["aligned"] else _moved(full, common, axes)
    sizes = iter(full.shape[a] for a in range(updates.ndim) if a not in common)
    shape = tuple(n if attrs["aligned"] or a in common else full.shape[a] for a, n in enumerate(updates.shape))
    target = (
        base.shape if attrs["aligned"] else tuple(n if a in axes else next(sizes) for a, n in enumerate(base.shape))
    )
    attrs["mode"] = "max"
    return apply(node.op, fill(target, False, BOOL), stretched(full, shape), *indices, **attrs)


def _moved(condition: Tensor, dropped: Sequence[int], added: Sequence[int]) -> Tensor:
    """The condition without some axes of size 1, and with others."""
    return _viewed(_viewed(condition, SQUEEZE, tuple(dropped)), EXPAND_DIMS, tuple(added))
