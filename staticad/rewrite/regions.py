"""Regions that are put in and taken out again: slices of assembled arrays. All exact.

What is read from exactly the place that an operand was written to is the operand, and what covers everything needs no
array around it.
"""

from __future__ import annotations

import itertools
import operator
from bisect import bisect_right
from collections.abc import Callable, Iterable

from staticad.ir.dims import Size, at_least
from staticad.ir.graph import Node, Tensor
from staticad.ops.assemble import CONCATENATE, EMBED, REPLACE
from staticad.ops.base import Movement, apply
from staticad.ops.indexing import Scatter
from staticad.ops.movement import SLICE
from staticad.rewrite.chains import Chains, Region, region_of
from staticad.rewrite.pattern import Rule, remembering, some

_Start = tuple[Tensor, tuple[Size, ...]]  # an array, and where a region of it begins


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


def _unchanged() -> Callable[[Tensor], Tensor | None]:
    """The base, if what is put in stands there anyway, also before replacements beside that place."""
    chains = Chains()

    def build(tensor: Tensor) -> Tensor | None:
        base, value = tensor.node.inputs
        written = region_of(tensor.node)
        if value.op is not SLICE or region_of(value.node) != written:
            return None
        return base if _below(written, value.inputs[0], chains) is _below(written, base, chains) else None

    return build


def _below(region: Region, array: Tensor, chains: Chains) -> Tensor:
    """The array, or what it was before replacements beside a region."""
    return chains.below(region, array.node) if array.op is REPLACE else array


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
        below = _below(read, source, chains)
        if below.op in (EMBED, REPLACE) and read == region_of(below.node):
            return None if below.op is REPLACE and _changes_in_place(below, chains) else below.inputs[-1]
        return None if below is source else apply(SLICE, below, **tensor.node.attrs)

    return build


def _changes_in_place(replaced: Tensor, chains: Chains) -> bool:
    """Whether the value of a replacement is what scatters make of the place in the array that it replaces, or of a view
    of that."""
    base, place = replaced.node.inputs
    written, scatters = region_of(replaced.node), False
    while isinstance(place.op, Scatter | Movement):
        if place.op is SLICE and region_of(place.node) == written:
            return scatters and _below(written, place.inputs[0], chains) is _below(written, base, chains)
        scatters = scatters or isinstance(place.op, Scatter)
        place = place.inputs[0]
    return False


def _slice_of_concatenate() -> Callable[[Tensor], Tensor | None]:
    """A slice that lies within one operand; within one of that, where it is a slice of a concatenation again."""
    places = _Places()
    known: dict[object, dict[_Start, _Start]] = {}  # what was found for regions that were read before, by their form

    def build(tensor: Tensor) -> Tensor | None:
        source, attrs = tensor.node.inputs[0], tensor.node.attrs
        starts, steps, sizes = attrs["starts"], attrs["steps"], attrs["sizes"]
        found_before = known.setdefault((steps, sizes), {})
        read, empty = (source, starts), 0 in sizes
        while source.node.op is CONCATENATE:
            found = found_before.get((source, starts)) or places.operand(source.node, starts, steps, sizes)
            if found is None:
                break
            source, starts = found
            first = None if empty else places.whole(source)
            if first is not None:
                source, starts = first[0], tuple(map(operator.add, first[1], starts))
        if source is tensor.node.inputs[0]:
            return None
        found_before[read] = source, starts
        return apply(SLICE, source, starts=starts, steps=steps, sizes=sizes)

    return build


class _Places:
    """Where the operands of concatenations begin, and of which concatenations they are slices."""

    def __init__(self) -> None:
        self._whole: dict[Tensor, _Start | None] = {}
        self._begins: dict[Node, tuple[int, list[Size], bool]] = {}  # along an axis; whether all are numbers

    def whole(self, part: Tensor) -> _Start | None:
        """The concatenation of which a tensor is a slice without gaps, and where it begins there."""
        if part in self._whole:
            return self._whole[part]
        node, found = part.node, None
        if node.op is SLICE and node.inputs[0].op is CONCATENATE and all(step == 1 for step in node.attrs["steps"]):
            found = node.inputs[0], node.attrs["starts"]
        self._whole[part] = found
        return found

    def operand(
        self, node: Node, starts: tuple[Size, ...], steps: tuple[int, ...], sizes: tuple[Size, ...]
    ) -> tuple[Tensor, tuple[Size, ...]] | None:
        """The operand in which a region lies, and where it begins there."""
        known = self._begins.get(node)
        if known is None:
            axis = node.attrs["axis"]
            begins = list(itertools.accumulate((operand.shape[axis] for operand in node.inputs), initial=0))
            known = self._begins[node] = axis, begins, isinstance(begins[-1], int)
        axis, begins, numbers = known
        start, step, size = starts[axis], steps[axis], sizes[axis]
        if step < 0:
            return None
        candidates: Iterable[int] = range(len(node.inputs))
        if numbers and isinstance(start, int) and at_least(size, 1):
            number = bisect_right(begins, start) - 1
            if isinstance(size, int):  # all are: a chain of concatenations is walked by the thousand
                if begins[number + 1] - start - step * size < 1 - step:
                    return None
                if len(starts) == 1:
                    return node.inputs[number], (start - begins[number],)
                return node.inputs[number], (*starts[:axis], start - begins[number], *starts[axis + 1 :])
            candidates = (number,)
        for number in candidates:
            begin, end = begins[number : number + 2]
            if at_least(start - begin, 0) and at_least(end - (start + step * size), 1 - step):
                return node.inputs[number], (*starts[:axis], start - begin, *starts[axis + 1 :])
        return None


REGION_RULES = (
    Rule("concatenate(x) = x", (CONCATENATE,), _concatenate),
    Rule("embed(x) = x, if x covers everything", (EMBED,), _embed),
    Rule("replace(x, y) = y, if y covers everything", (REPLACE,), _replace),
    remembering("replace(x, slice(x)) = x", (REPLACE,), _unchanged),
    remembering(
        "slice(embed(x)) = x, slice(replace(x, y)) = y or slice(x)", (SLICE,), _slice_of_region, some((EMBED, REPLACE))
    ),
    remembering("slice(concatenate(x, y)) = slice(x)", (SLICE,), _slice_of_concatenate, some((CONCATENATE,))),
)
