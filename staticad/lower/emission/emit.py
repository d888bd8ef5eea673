"""Evaluating tensors inside a loop nest: from (tensor, index context) to the statements of a kernel.

A value is computed once for every context.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from staticad.ir.dims import Atom, Dim, Shape, Size, Symbol, local_symbols, product
from staticad.ir.dtypes import INT64, DType
from staticad.ir.expressions import STATUS, Expression, Name, arithmetic, call, constant
from staticad.ir.graph import Node, Tensor
from staticad.ir.local_sizes import size_of
from staticad.ir.proofs import follows
from staticad.lower.emission.builder import Builder
from staticad.lower.fusion.clusters import INNER, Member
from staticad.lower.fusion.staging import index_check
from staticad.lower.index.affine import (
    ZERO,
    Affine,
    Context,
    gather_contexts,
)
from staticad.lower.interface import Lowering
from staticad.lower.kernel.language import Compute
from staticad.lower.kernel.plan import Buffer, IndexCheck


class Emitter(Builder):
    """Builds one kernel out of tensors. Loop axes are known as affine expressions of open loops (see `nest`)."""

    def __init__(self, lowering: Lowering) -> None:
        super().__init__()
        self.lowering = lowering
        self.fusion = lowering.fusion
        self.stage = 0
        self.straight = False  # stages have no loops of their own: values of earlier ones are at hand
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
        node = tensor.node
        if self.fusion.home(node) is not None:
            member = self.members.get(node)
            elsewhere = node not in self.fusion.recomputed if member is None else self._stored_before(node, member)
            if elsewhere:
                return self.load(*self.lowering.location(tensor, context))
        return self.lowering.families[node.op].evaluate(self, node, context)

    def _stored_before(self, node: Node, member: Member) -> bool:
        """True for values of an earlier loop of this kernel; what is outside the loops is still at hand."""
        return not self.straight and node in self.fusion.stored and member.level == INNER and member.stage < self.stage

    def local_size(self, size: Size) -> Name:
        """The value of a size of which only this step knows, computed from the numbers of the body."""
        masks, self.masks = self.masks, []
        values = {s: self.value(self.fusion.local[s], ()) for s in sorted(local_symbols(size), key=lambda s: s.key)}
        self.masks = masks
        found = self._size(size, values)
        return found if isinstance(found, Name) else self.compute(found)

    def _size(self, size: Size, values: Mapping[Symbol, Expression]) -> Expression:
        if not isinstance(size, Dim) or not size.locals:
            return self.size_value(size)
        total: Expression | None = None
        for monomial, coefficient in size.terms:
            factors = [self._atom(atom, values) for atom, power in monomial for _ in range(power)]
            if coefficient != 1 or not factors:
                factors.insert(0, self.size_value(coefficient))
            term = factors[0]
            for factor in factors[1:]:
                term = self.compute(arithmetic(term, "*", factor))
            total = term if total is None else self.compute(arithmetic(total, "+", term))
        assert total is not None
        return total

    def _atom(self, atom: Atom, values: Mapping[Symbol, Expression]) -> Expression:
        if isinstance(atom, Symbol):
            return values[atom] if atom.local else self.size_value(size_of(atom))
        left, right = self._size(atom.left, values), self._size(atom.right, values)
        if atom.name == "floordiv":
            return self.compute(arithmetic(left, "//", right))
        assert atom.name in ("max", "min"), atom
        return self.compute(call("maximum" if atom.name == "max" else "minimum", left, right))

    def number(self, value: Any, dtype: DType) -> Expression:
        """A constant number: in the source if it is plain, else from memory."""
        if is_plain(value):
            return constant(value, dtype)
        return self.load(self.lowering.constant(np.asarray(value, dtype)), ZERO)

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

    def load_checked(self, buffer: Buffer, place: Affine, sizes: Iterable[Size]) -> Expression:
        """An element at indices of which some were checked, in axes of these sizes. Where the check failed because a
        size is 0, and where it did not fail because loops don't run, there may be no element."""
        depth = len(self.masks)
        for condition in (self.runs(self.index(place)[1]), self.filled(sizes)):
            if condition is not None:
                self.masks.append(condition if self.mask is None else self.compute(_both(self.mask, condition)))
        loaded = self.load(buffer, place)
        del self.masks[depth:]
        return loaded

    def filled(self, sizes: Iterable[Size]) -> Name | None:
        """The value that tells whether sizes of which only a step knows are not 0; None if they are sure not to be."""
        found: Name | None = None
        for size in filter(_may_be_empty, sizes):
            one = self.compute(call("greater", self.size_value(size), constant(0, INT64)))
            found = one if found is None else self.compute(_both(found, one))
        return found

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
                place = self.checked_index(place, shape[axis], index_check(node, axis))
            found[axis] = Affine(0, ((place.name, 1),))
        return found

    def checked_index(self, place: Name, size: Size, check: IndexCheck) -> Name:
        """An index counted from the start; the kernel reports the check where it is outside of the size."""
        self.checked = True
        extent, number = self.size_value(size), self.size_value(self.lowering.check(check))
        if check.label:  # a negative one must not count from the end
            negative = self.compute(call("less", place, constant(0, INT64)))
            place = self.compute(call("where", negative, call("sub", place, extent), place))
        depth = self._depth[place.name]
        runs = self.runs(depth)
        if runs is not None:
            # The check stands outside of these loops; it must not fail if they don't run.
            unsure = self.unsure(depth)
            place = self.compute(call("where", runs, place, constant(0, INT64)))
            self.guard(place, (place.name,), unsure)
            extent = self.compute(call("where", runs, extent, constant(1, INT64)))
        if _may_be_empty(size):
            self.strays.may_be_empty.add(extent)
        return self.compute(call("check_index", STATUS, place, extent, number))

    def runs(self, depth: int) -> Name | None:
        """The value that tells whether the open loops from a depth on run; None where that is certain."""
        unsure = self.unsure(depth)
        if not unsure:
            return None
        return self.compute(call("greater", self.size_value(product(unsure)), constant(0, INT64)))


def _may_be_empty(size: Size) -> bool:
    """Whether no run knows beforehand that there is an element."""
    return bool(local_symbols(size)) and not follows(size - 1, ())


def _both(one: Name, other: Name) -> Expression:
    return call("logical_and", one, other)


def is_plain(value: Any) -> bool:
    """Numbers that stand in the source: small integers, simple powers of two, infinities. The others are arguments,
    so that kernels that differ in a learning rate are one kernel."""
    number = float(value)
    return not math.isfinite(number) or (abs(number) <= 16 and number * 16 == int(number * 16))
