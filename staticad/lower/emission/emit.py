"""Evaluating tensors inside a loop nest: from (tensor, index context) to the statements of a kernel.

A value is computed once for every context.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from staticad.ir.dims import Shape, Size, product
from staticad.ir.dtypes import INT64, DType
from staticad.ir.expressions import STATUS, Call, Cast, Expression, Name, call, constant, map_children
from staticad.ir.graph import Node, Tensor
from staticad.lower.emission.builder import Builder
from staticad.lower.fusion.clusters import INNER, Member
from staticad.lower.index.affine import (
    ZERO,
    Affine,
    Context,
    broadcast_context,
    frame_context,
    gather_contexts,
    linear,
    movement_context,
)
from staticad.lower.interface import Lowering
from staticad.lower.kernel.language import Compute
from staticad.lower.kernel.plan import IndexCheck
from staticad.ops.creation import Full, Position, SizeNumber
from staticad.ops.sources import constant_array


class Emitter(Builder):
    """Builds one kernel out of tensors. Loop axes are known as affine expressions of open loops (see `nest`)."""

    def __init__(self, memory: Lowering) -> None:
        super().__init__()
        self.memory = memory
        self.fusion = memory.fusion
        self.stage = 0
        self.members: dict[Node, Member] = {}

    def value(self, tensor: Tensor, context: Context) -> Expression:
        """The tensor's element at a context, evaluated in the open loops: a name or a constant."""
        mask = self.mask
        for block in reversed(self._blocks):
            memo = block.memo
            found = memo.get((tensor, context)) or (memo.get((tensor, context, mask)) if mask is not None else None)
            if found is not None and self.holds(found):
                return found
        value = self._evaluate(tensor, context)
        key = (tensor, context) if mask is None else (tensor, context, mask)
        self._blocks[self._depth.get(value.name, 0) if isinstance(value, Name) else 0].memo[key] = value
        return value

    def _evaluate(self, tensor: Tensor, context: Context) -> Expression:
        node, family = tensor.node, tensor.op.family
        if family == "source":
            return self._source(tensor, context)
        home = self.fusion.home(node)
        if home is not None:
            member = self.members.get(node)
            if member is None and node in self.fusion.recomputed:
                return self._elementwise(node, context)
            if member is None or self._stored_before(node, member):
                return self.load(*self.memory.location(tensor, context))
            return self._member(node, context)
        if family == "barrier":
            return self.value(node.inputs[0], context)
        if family == "movement":
            return self.value(node.inputs[0], movement_context(node, context, self.fusion.sizes.canonical))
        if family == "frame":
            return self._frame(node, context)
        if family == "reshape":
            buffer = self.memory.buffer(self.fusion.memory(node.inputs[0]))
            return self.load(buffer, linear(context, self.fusion.shape(tensor)))
        if family == "gather":
            return self._gather(node, context)
        if family == "creation":
            return self._creation(node, context)
        return self._elementwise(node, context)

    def _frame(self, node: Node, context: Context) -> Expression:
        """What stands in the middle where the index lies inside, else the number around it."""
        canonical = self.fusion.sizes.canonical
        inner = frame_context(node, context, canonical)
        shape, whole = self.fusion.shape(node.inputs[0]), self.fusion.shape(node.outputs[0])
        mask = self.mask
        for index, size, total, start in zip(inner, shape, whole, node.attrs["starts"], strict=True):
            if size == total:
                continue
            place = self.integer(index)
            bounds = [] if canonical(start) == 0 else [call("greater_equal", place, constant(0, INT64))]
            if canonical(start) + size != total:
                bounds.append(call("less", place, self.size_value(size)))
            for bound in bounds:
                inside = self.compute(bound)
                mask = inside if mask is None else self.compute(call("logical_and", mask, inside))
        fill = self.number(node.attrs["fill"], node.types[0].dtype)
        if mask is None:
            return self.value(node.inputs[0], inner)
        self.masks.append(mask)
        value = self.value(node.inputs[0], inner)
        self.masks.pop()
        self.cost += 1
        return self.compute(call("where", mask, value, fill), cost=1)

    def _stored_before(self, node: Node, member: Member) -> bool:
        """True for values of an earlier loop of this kernel; what is outside the loops is still at hand."""
        return node in self.fusion.stored and member.level == INNER and member.stage < self.stage

    def _member(self, node: Node, context: Context) -> Expression:
        if node.op.family != "elementwise":  # a reduction over nothing but axes of size 1
            x = node.inputs[0]
            if node.op.family == "argreduce":
                return constant(0, INT64)
            reduced = node.attrs["axes"]
            kept = iter(context)
            return self.value(x, tuple(ZERO if a in reduced else next(kept) for a in range(x.ndim)))
        return self._elementwise(node, context)

    def _elementwise(self, node: Node, context: Context) -> Expression:
        ndim = node.types[0].ndim
        operands = tuple(self.value(x, broadcast_context(context, self.fusion.shape(x), ndim)) for x in node.inputs)
        self.where[node.where] = None
        code = node.op.expression(operands, node.types[0].dtype)
        if code is operands[0]:
            return code
        self.cost += node.op.cost
        return self.compute(map_children(code, self._register), cost=node.op.cost)

    def _register(self, e: Expression) -> Expression:
        """A part of an op's expression under a name of its own, so that equal parts are computed once."""
        return self.compute(map_children(e, self._register)) if isinstance(e, Call | Cast) else e

    def _source(self, tensor: Tensor, context: Context) -> Expression:
        array = constant_array(tensor)
        if array is not None and array.size == 1 and is_plain(array.reshape(-1)[0]):
            return constant(array.reshape(-1)[0], tensor.dtype)
        return self.load(self.memory.buffer(tensor), linear(context, self.fusion.shape(tensor)))

    def number(self, value: Any, dtype: DType) -> Expression:
        """A constant number: in the source if it is plain, else from memory."""
        if is_plain(value):
            return constant(value, dtype)
        return self.load(self.memory.constant(np.asarray(value, dtype)), ZERO)

    def _creation(self, node: Node, context: Context) -> Expression:
        dtype = node.types[0].dtype
        if isinstance(node.op, Full):
            return self.number(node.attrs["value"], dtype)
        if isinstance(node.op, SizeNumber):
            affine = Affine(self.fusion.sizes.canonical(node.attrs["size"]))
        elif isinstance(node.op, Position):
            affine = linear(context, self.fusion.shape(node.outputs[0]))
        else:
            affine = context[node.attrs["axis"]]
        value = self.integer(affine)
        return value if dtype == INT64 else self.compute(Cast(value, dtype))

    def integer(self, affine: Affine) -> Expression:
        """An affine expression as an int64 value."""
        self.accesses.append(affine)
        index, depth = self.index(affine)
        if not index.terms and isinstance(index.constant, int):
            return constant(index.constant, INT64)
        key = ("integer", affine)
        found = self.known(key, depth)
        if found is None:
            found = self.bind(key, depth, INT64, (name for name, _ in index.terms))
            self.emit(Compute(found.name, index), depth)
        return found

    def _gather(self, node: Node, context: Context) -> Expression:
        x = node.inputs[0]
        shape = self.fusion.shape(x)
        dynamic = self.indices(node, node.inputs[1:], context, shape)
        full = tuple(dynamic[a] for a in range(x.ndim))
        if self.fusion.generated(x):
            return self.value(x, full)
        buffer, place = self.memory.buffer(self.fusion.memory(x)), linear(full, shape)
        sure = all(self.fusion.ranges.within(i, shape[a]) for i, a in zip(node.inputs[1:], node.attrs["axes"]))
        runs = None if sure else self.runs(self.index(place)[1])
        if runs is None:
            return self.load(buffer, place)
        # The check did not fail because loops don't run, and then there may be no element.
        mask = self.mask
        self.masks.append(runs if mask is None else self.compute(call("logical_and", mask, runs)))
        loaded = self.load(buffer, place)
        self.masks.pop()
        return loaded

    def indices(self, node: Node, indices: tuple[Tensor, ...], context: Context, shape: Shape) -> dict[int, Affine]:
        """The index of every axis of what a gather reads or a scatter writes at a context, bounds checked where its
        range does not tell that it is right."""
        index_context, which, others = gather_contexts(node.attrs, indices[0].ndim, len(shape), context)
        found = dict(others)
        for axis, number in which.items():
            place = self.value(indices[number], index_context)
            if not isinstance(place, Name):
                place = self.compute(place)
            if not self.fusion.ranges.within(indices[number], shape[axis]):
                place = self.checked_index(place, axis, shape[axis], node)
            found[axis] = Affine(0, ((place.name, 1),))
        return found

    def checked_index(self, place: Name, axis: int, size: Size, node: Node) -> Name:
        code = self.memory.check(IndexCheck(f"axis {axis} of {node.op.name}", node.where))
        self.checked = True
        extent, number = self.size_value(size), self.size_value(code)
        depth = self._depth[place.name]
        runs = self.runs(depth)
        if runs is not None:
            # The check stands outside of these loops; it must not fail if they don't run.
            unsure = self.unsure(depth)
            place = self.compute(call("where", runs, place, constant(0, INT64)))
            self.guard(place, (place.name,), unsure)
            extent = self.compute(call("where", runs, extent, constant(1, INT64)))
        return self.compute(call("check_index", STATUS, place, extent, number))

    def runs(self, depth: int) -> Name | None:
        """The value that tells whether the open loops from a depth on run; None where that is certain."""
        unsure = self.unsure(depth)
        if not unsure:
            return None
        return self.compute(call("greater", self.size_value(product(unsure)), constant(0, INT64)))


def is_plain(value: Any) -> bool:
    """Numbers that stand in the source: small integers, simple powers of two, infinities. The others are arguments,
    so that kernels that differ in a learning rate are one kernel."""
    number = float(value)
    return not math.isfinite(number) or (abs(number) <= 16 and number * 16 == int(number * 16))
