"""Reductions over no axes, over axes of size 1, of fills and of reductions.

sum(sum(x)) adds in another order than one sum over all axes, as any kernel may. The sum of n equal numbers is n times
the number, which rounds once. A sum of the one element -0.0 is 0.0 in NumPy, and -0.0 here.
"""

from __future__ import annotations

import math

import numpy as np

from staticad.ir.dims import at_least, product
from staticad.ir.dtypes import BOOL
from staticad.ir.graph import Tensor
from staticad.ops.arithmetic import MUL
from staticad.ops.base import apply
from staticad.ops.comparison import LOGICAL_AND, LOGICAL_OR
from staticad.ops.conversion import CAST
from staticad.ops.creation import FULL, fill, size_tensor
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS
from staticad.ops.reduce import ALL, ANY, MAX, MAX_OR_LOWEST, MIN, MIN_OR_HIGHEST, PROD, SUM
from staticad.rewrite.match import fit, number, op_of
from staticad.rewrite.movement import expanded, squeezed
from staticad.rewrite.pattern import Rule

REDUCTIONS = (SUM, PROD, MAX, MAX_OR_LOWEST, MIN, MIN_OR_HIGHEST, ANY, ALL)
_IDEMPOTENT = (MAX, MAX_OR_LOWEST, MIN, MIN_OR_HIGHEST, ANY, ALL)


def _as_number(count: int, like: Tensor) -> Tensor:
    """A count in the dtype of ``like``, wrapped around as a sum of small integers is."""
    return number(np.asarray(count).astype(like.dtype).item(), like)


def _trivial_axes(tensor: Tensor) -> Tensor | None:
    """Axes of size 1 are dropped without a reduction: one element is its own sum, product and extreme."""
    x = tensor.node.inputs[0]
    axes = tensor.node.attrs["axes"]
    single = tuple(a for a in axes if x.shape[a] == 1)
    if not axes or len(single) == len(axes):
        return squeezed(x, axes)
    if not single:
        return None
    rest = tuple(a - sum(b < a for b in single) for a in axes if a not in single)
    return apply(tensor.node.op, squeezed(x, single), axes=rest)


def _of_some(tensor: Tensor) -> Tensor | None:
    """max_or_lowest(x) = max(x) where there is an element for certain."""
    x, axes = tensor.node.inputs[0], tensor.node.attrs["axes"]
    return apply(MAX, x, axes=axes) if all(at_least(x.shape[a], 1) for a in axes) else None


def _nested(tensor: Tensor) -> Tensor | None:
    """One reduction over the axes of both."""
    x = tensor.node.inputs[0]
    inner = op_of(x, tensor.node.op)
    if inner is None:
        return None
    first = x.node.attrs["axes"]
    kept = [a for a in range(inner.ndim) if a not in first]
    axes = tuple(sorted((*first, *(kept[a] for a in tensor.node.attrs["axes"]))))
    return apply(tensor.node.op, inner, axes=axes)


def _of_equals(tensor: Tensor) -> Tensor | None:
    """count * x for a sum of equal elements, also of none; the element itself for the maximum of at least one."""
    x = tensor.node.inputs[0]
    if x.node.op is not FULL:
        return None
    count = product(x.shape[a] for a in tensor.node.attrs["axes"])
    value = fill((), x.node.attrs["value"], x.dtype)
    if tensor.node.op is SUM and math.isfinite(x.node.attrs["value"]):
        times = _as_number(count, x) if isinstance(count, int) else apply(CAST, size_tensor(count), dtype=x.dtype)
        return fit(apply(MUL, value, times), tensor.type)
    return fit(value, tensor.type) if tensor.node.op in _IDEMPOTENT and at_least(count, 1) else None


def _of_broadcast(tensor: Tensor) -> Tensor | None:
    """Over axes that a broadcast added or stretched: count * x for a sum, x for a maximum, over the rest as before."""
    view = tensor.node.inputs[0]
    x = op_of(view, BROADCAST_TO)
    if x is None:
        return None
    lead = view.ndim - x.ndim
    axes = tensor.node.attrs["axes"]
    repeated = tuple(a for a in axes if a < lead or (x.shape[a - lead] == 1 and view.shape[a] != 1))
    count = product(view.shape[a] for a in repeated)
    if not repeated or not isinstance(count, int) or count == 0:
        return None
    op = tensor.node.op
    if op is SUM:
        x = apply(SUM, x, axes=tuple(a - lead for a in axes if a >= lead))
        x = apply(MUL, x, _as_number(count, x))
    elif op in _IDEMPOTENT:
        x = apply(op, x, axes=tuple(a - lead for a in axes if a >= lead))
    else:
        return None
    # Leading axes of the view that are kept come back as a broadcast.
    return apply(BROADCAST_TO, x, shape=tensor.shape)


def _of_added_axes(tensor: Tensor) -> Tensor | None:
    """f(expand_dims(x)) over other axes = expand_dims(f(x))."""
    view = tensor.node.inputs[0]
    x = op_of(view, EXPAND_DIMS)
    if x is None:
        return None
    axes, added = tensor.node.attrs["axes"], view.node.attrs["axes"]
    old = [a for a in range(view.ndim) if a not in added]
    inner = apply(tensor.node.op, x, axes=tuple(old.index(a) for a in axes if a not in added))
    left = [a for a in range(view.ndim) if a not in axes]
    return expanded(inner, tuple(i for i, a in enumerate(left) if a in added))


_OF_EITHER = {ANY: LOGICAL_OR, ALL: LOGICAL_AND}


def _of_either(tensor: Tensor) -> Tensor | None:
    """any(x or s) = any(x) or s, where s is the same along the axes: a loop over a row need not combine bools. If there
    are no elements, s has to be an any of none, too."""
    op, axes, either = tensor.node.op, tensor.node.attrs["axes"], tensor.node.inputs[0]
    if either.node.op is not _OF_EITHER[op]:
        return None
    for x, s in (either.node.inputs, either.node.inputs[::-1]):
        if x.dtype != BOOL or x.shape != either.shape or s.ndim != x.ndim or any(s.shape[a] != 1 for a in axes):
            continue
        inner = op_of(s, EXPAND_DIMS)
        row = squeezed(s, axes) if inner is None or s.node.attrs["axes"] != axes else inner
        of_row = op_of(row, op) if row.node.op is op and row.node.attrs["axes"] == axes else None
        alike = of_row is not None and of_row.shape == x.shape
        if alike or all(at_least(x.shape[a], 1) for a in axes):
            return apply(either.node.op, apply(op, x, axes=axes), row)
    return None


REDUCTION_RULES = (
    Rule("reduction over axes of size 1 = squeeze", REDUCTIONS, _trivial_axes),
    Rule("max_or_lowest(x) = max(x), if x has elements", (MAX_OR_LOWEST,), _of_some),
    Rule("f(f(x)) = f(x) over the axes of both", REDUCTIONS, _nested),
    Rule("sum(full) = count * value", REDUCTIONS, _of_equals),
    Rule("sum(broadcast(x)) = count * x", REDUCTIONS, _of_broadcast),
    Rule("any(x or s) = any(x) or s, if s is the same along the axes", (ANY, ALL), _of_either),
    Rule("f(expand_dims(x)) = expand_dims(f(x))", REDUCTIONS, _of_added_axes),
)
