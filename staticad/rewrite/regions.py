"""Regions that are put in and taken out again: slices of assembled arrays. All exact.

What is read from exactly the place that an operand was written to is the operand, and what covers everything needs no
array around it.
"""

from __future__ import annotations

from staticad.ir.dims import Size, at_least
from staticad.ir.graph import Tensor
from staticad.ops.assemble import CONCATENATE, EMBED, REPLACE
from staticad.ops.base import apply
from staticad.ops.movement import SLICE
from staticad.rewrite.pattern import Rule


def _concatenate(tensor: Tensor) -> Tensor | None:
    """Without operands that have no elements; of one operand, the operand."""
    axis = tensor.node.attrs["axis"]
    inputs = tensor.node.inputs
    kept = [t for t in inputs if t.shape[axis] != 0]
    if len(kept) == 1:
        return kept[0] if kept[0].type == tensor.type else None
    return apply(CONCATENATE, *kept, axis=axis) if kept and len(kept) < len(inputs) else None


def _embed(tensor: Tensor) -> Tensor | None:
    x = tensor.node.inputs[0]
    return x if x.shape == tensor.shape else None


def _replace(tensor: Tensor) -> Tensor | None:
    base, value = tensor.node.inputs
    if value.shape == base.shape:
        return value
    return base if any(size == 0 for size in value.shape) else None


def _slice_of_region(tensor: Tensor) -> Tensor | None:
    """The operand of embed or the value of replace, read from its own place; the base of replace beside that place."""
    attrs = tensor.node.attrs
    source = tensor.node.inputs[0].node
    if source.op not in (EMBED, REPLACE):
        return None
    placed = source.inputs[-1]
    places = [source.attrs["starts"], source.attrs["steps"], placed.shape]
    if [attrs["starts"], attrs["steps"], attrs["sizes"]] == places:
        return placed
    if source.op is REPLACE and _disjoint(tensor, source.attrs["starts"], source.attrs["steps"], placed.shape):
        return apply(SLICE, source.inputs[0], **attrs)
    return None


def _disjoint(view: Tensor, starts: tuple[Size, ...], steps: tuple[int, ...], sizes: tuple[Size, ...]) -> bool:
    """Whether a slice and a region are certain not to meet, because along some axis one ends before the other."""
    attrs = view.node.attrs
    for start, step, size, begin, stride, count in zip(
        attrs["starts"], attrs["steps"], attrs["sizes"], starts, steps, sizes, strict=True
    ):
        if step < 0:
            continue
        if at_least(begin - (start + step * size), 1 - step) or at_least(start - (begin + stride * count), 1 - stride):
            return True
    return False


def _slice_of_concatenate(tensor: Tensor) -> Tensor | None:
    """A slice that lies within one operand."""
    source = tensor.node.inputs[0].node
    if source.op is not CONCATENATE:
        return None
    axis = source.attrs["axis"]
    attrs = tensor.node.attrs
    start, step, size = (attrs[name][axis] for name in ("starts", "steps", "sizes"))
    if step < 0:
        return None
    begin: Size = 0
    for operand in source.inputs:
        end = begin + operand.shape[axis]
        if at_least(start - begin, 0) and at_least(end - (start + step * size), 1 - step):
            starts = tuple(s - begin if a == axis else s for a, s in enumerate(attrs["starts"]))
            return apply(SLICE, operand, starts=starts, steps=attrs["steps"], sizes=attrs["sizes"])
        begin = end
    return None


REGION_RULES = (
    Rule("concatenate(x) = x", (CONCATENATE,), _concatenate),
    Rule("embed(x) = x, if x covers everything", (EMBED,), _embed),
    Rule("replace(x, y) = y, if y covers everything", (REPLACE,), _replace),
    Rule("slice(embed(x)) = x, slice(replace(x, y)) = y or slice(x)", (SLICE,), _slice_of_region),
    Rule("slice(concatenate(x, y)) = slice(x)", (SLICE,), _slice_of_concatenate),
)
