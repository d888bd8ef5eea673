"""Regions that are put in and taken out again: slices of assembled arrays. All exact.

What is read from exactly the place that an operand was written to is the operand, and what covers everything needs no
array around it.
"""

from __future__ import annotations

from collections.abc import Callable

from staticad.ir.dims import Size, at_least
from staticad.ir.graph import Tensor
from staticad.ops.assemble import CONCATENATE, EMBED, REPLACE
from staticad.ops.base import apply
from staticad.ops.indexing import Scatter
from staticad.ops.movement import SLICE
from staticad.rewrite.chains import Chains, region_of
from staticad.rewrite.pattern import Rule, remembering


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


def _slice_of_region() -> Callable[[Tensor], Tensor | None]:
    """The operand of embed or the value of replace, read from its own place; through replacements beside that place,
    all of them at once. What changes a part of its place, and is put back there, is done in memory: as a value of its
    own it would be a copy."""
    chains = Chains()

    def build(tensor: Tensor) -> Tensor | None:
        source = tensor.node.inputs[0]
        if source.op not in (EMBED, REPLACE):
            return None
        read = region_of(tensor.node)
        below = chains.below(read, source.node) if source.op is REPLACE else source
        if below.op in (EMBED, REPLACE) and read == region_of(below.node):
            return None if below.op is REPLACE and _changes_in_place(below) else below.inputs[-1]
        return None if below is source else apply(SLICE, below, **tensor.node.attrs)

    return build


def _changes_in_place(replaced: Tensor) -> bool:
    """Whether the value of a replacement is what scatters make of the place in the array that it replaces."""
    base, value = replaced.node.inputs
    place = value
    while isinstance(place.op, Scatter):
        place = place.inputs[0]
    if place is value or place.op is not SLICE:
        return False
    return place.inputs[0] is base and region_of(place.node) == region_of(replaced.node)


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
    remembering("slice(embed(x)) = x, slice(replace(x, y)) = y or slice(x)", (SLICE,), _slice_of_region),
    Rule("slice(concatenate(x, y)) = slice(x)", (SLICE,), _slice_of_concatenate),
)
