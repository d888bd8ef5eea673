"""Affine index expressions: how a value inside a loop nest finds its element.

A key is a loop axis (int) or a scalar computed in the kernel (str, the index of a gather). An index context of a
tensor is one `Affine` per axis.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from staticad.ir.dims import Shape, Size, product
from staticad.ir.graph import Node
from staticad.records import NamedTuple

Key = int | str


class Affine(NamedTuple):
    """``constant + sum(coefficient * key)``; terms are in order of first appearance."""

    constant: Size = 0
    terms: tuple[tuple[Key, Size], ...] = ()

    def plus(self, other: Affine) -> Affine:
        merged: dict[Key, Size] = dict(self.terms)
        for key, coefficient in other.terms:
            merged[key] = merged.get(key, 0) + coefficient
        return Affine(self.constant + other.constant, tuple((k, c) for k, c in merged.items() if c != 0))

    def times(self, factor: Size) -> Affine:
        if factor == 0:
            return ZERO
        return Affine(self.constant * factor, tuple((k, c * factor) for k, c in self.terms))

    @property
    def variable(self) -> Key | None:
        """The key, if the expression is one key and nothing else."""
        if self.constant == 0 and len(self.terms) == 1 and self.terms[0][1] == 1:
            return self.terms[0][0]
        return None

    def coefficient(self, key: Key) -> Size:
        return dict(self.terms).get(key, 0)


ZERO = Affine()
Context = tuple[Affine, ...]


def loop(key: Key) -> Affine:
    """The bare key."""
    return Affine(0, ((key, 1),))


def strides(shape: Shape) -> tuple[Size, ...]:
    """Row-major strides in elements."""
    return tuple(product(shape[a + 1 :]) for a in range(len(shape)))


def linear(context: Context, shape: Shape) -> Affine:
    """The element offset of an index into a row-major buffer of that shape."""
    total = ZERO
    for index, stride, size in zip(context, strides(shape), shape, strict=True):
        if size != 1:
            total = total.plus(index.times(stride))
    return total


def broadcast_context(context: Context, operand: Shape, result_ndim: int) -> Context:
    """The context of an operand of an elementwise op: axes aligned from the right, stretched axes at 0."""
    if not operand:
        return ()
    shift = result_ndim - len(operand)
    return tuple([ZERO if size == 1 else context[axis + shift] for axis, size in enumerate(operand)])


def movement_context(node: Node, context: Context, canonical: Callable[[Size], Size]) -> Context:
    """The context of the operand of a movement op."""
    operand = node.inputs[0].shape
    found = []
    for axis, (offset, pairs) in enumerate(node.op.index(operand, node.types[0].shape, **node.attrs)):
        if operand[axis] == 1:
            found.append(ZERO)
            continue
        total = Affine(canonical(offset))
        for result_axis, coefficient in pairs:
            total = total.plus(context[result_axis].times(canonical(coefficient)))
        found.append(total)
    return tuple(found)


def frame_context(node: Node, context: Context, canonical: Callable[[Size], Size]) -> Context:
    """The context of what stands in the middle of a frame; outside of it the indices are out of range."""
    starts = node.attrs["starts"]
    return tuple(index.plus(Affine(-canonical(start))) for index, start in zip(context, starts, strict=True))


def gather_contexts(
    attrs: Mapping[str, Any], index_ndim: int, rank: int, context: Context
) -> tuple[Context, dict[int, int], list[tuple[int, Affine]]]:
    """For what a gather reads (or a scatter writes) at ``context``: the context of the index tensors, which of them
    indexes which axis ({axis: number}), and the affine index of every other axis. ``rank`` is that of the array."""
    axes, position, aligned = attrs["axes"], attrs["position"], attrs["aligned"]
    if aligned:
        (axis,) = axes
        return context, {axis: 0}, [(a, context[a]) for a in range(rank) if a != axis]
    index_context = context[position : position + index_ndim]
    rest = context[:position] + context[position + index_ndim :]
    others = [a for a in range(rank) if a not in axes]
    return index_context, {a: k for k, a in enumerate(axes)}, list(zip(others, rest, strict=True))
