"""Sums of exponentials, shifted by their maximum so that nothing overflows: logsumexp and softmax.

With m = max(x), log(sum(exp(x))) = log(sum(exp(x - m))) + m and exp(x) / sum(exp(x)) = exp(x - m) / sum(exp(x - m)).
A maximum that is not finite is replaced by 0, so that rows of -inf or of nothing give -inf, and rows with inf give inf,
as unshifted.
"""

from __future__ import annotations

from staticad.ir.graph import Tensor
from staticad.ops.arithmetic import ADD, SUB
from staticad.ops.base import apply
from staticad.ops.comparison import ISFINITE
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS
from staticad.ops.reduce import MAX, MAX_OR_LOWEST, SUM
from staticad.ops.selection import WHERE
from staticad.ops.transcendental import EXP, LOG
from staticad.rewrite.match import number
from staticad.rewrite.movement import expanded

Axes = tuple[int, ...]


def sum_of_exponentials(tensor: Tensor) -> tuple[Tensor, Axes] | None:
    """x and axes, if the tensor is sum(exp(x), axes) and x is not shifted by its maximum already."""
    node = tensor.node
    if node.op is not SUM or node.inputs[0].node.op is not EXP:
        return None
    x = node.inputs[0].node.inputs[0]
    axes: Axes = node.attrs["axes"]
    return None if is_shifted(x) else (x, axes)


def is_shifted(x: Tensor) -> bool:
    """Whether x is y - max(y), whatever axes the maximum is taken over."""
    if x.node.op is not SUB:
        return False
    y, shift = x.node.inputs
    pending = [shift]
    while pending:
        node = pending.pop().node
        if node.op in (MAX, MAX_OR_LOWEST) and node.inputs[0] is y:
            return True
        if node.op is WHERE:
            pending += node.inputs[1:]
        elif node.op in (EXPAND_DIMS, BROADCAST_TO):
            pending += node.inputs
    return False


def base(x: Tensor) -> Tensor:
    """y, if x is y - max(y): exp of one is zero, in exact arithmetic, where exp of the other is."""
    return x.node.inputs[0] if is_shifted(x) else x


def top_of(total: Tensor) -> Tensor | None:
    """m, if the tensor is sum(exp(x - m)) for m = max(x) over the same axes, or for 0 where m is not finite."""
    if total.node.op is not SUM or total.node.inputs[0].node.op is not EXP:
        return None
    x = total.node.inputs[0].node.inputs[0]
    if x.node.op is not SUB:
        return None
    y, shift = x.node.inputs[0], _unspread(x.node.inputs[1])
    if shift.node.op is WHERE and shift.node.inputs[0].node.op is ISFINITE:
        shift = _unspread(shift.node.inputs[1])
    found = shift.node.op in (MAX, MAX_OR_LOWEST) and shift.node.attrs["axes"] == total.node.attrs["axes"]
    return shift if found and shift.node.inputs[0] is y else None


def _unspread(tensor: Tensor) -> Tensor:
    while tensor.node.op in (EXPAND_DIMS, BROADCAST_TO):
        tensor = tensor.node.inputs[0]
    return tensor


def is_at_least_one(total: Tensor) -> bool:
    """Whether a sum has the term exp(x - max(x)), which is 1, or NaN."""
    top = top_of(total)
    shift = None if top is None else _unspread(total.node.inputs[0].node.inputs[0].node.inputs[1])
    return top is not None and top.node.op is MAX and shift is top


def shifted_exponentials(x: Tensor, axes: Axes) -> tuple[Tensor, Tensor, Tensor]:
    """exp(x - m), its sum over the axes, and m = max(x) over the axes (0 where that is not finite)."""
    top = apply(MAX_OR_LOWEST, x, axes=axes)
    shift = apply(WHERE, apply(ISFINITE, top), top, number(0, x))
    exponentials = apply(EXP, apply(SUB, x, expanded(shift, axes)))
    return exponentials, apply(SUM, exponentials, axes=axes), shift


def log_sum_exp(x: Tensor, axes: Axes) -> Tensor:
    """log(sum(exp(x), axes)) without overflow."""
    _, total, shift = shifted_exponentials(x, axes)
    return apply(ADD, apply(LOG, total), shift)
