"""Where cotangents and tangents are absent, which is more than being zero: nothing times infinity is nothing.

``where(c, a, b)`` hands its cotangent on to a where c holds and to b elsewhere: its rule makes a `WHERE` of the
cotangent and zero, and so do those of maximum, relu and whatever else chooses. So the mask of a cotangent is read off
its own graph, also behind views and in sums. Conditions are only made for those that somebody asks for.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Sequence

from staticad.autodiff.accumulate import add_choices, is_zero
from staticad.autodiff.conditions import (
    anywhere,
    constant_along,
    embedded,
    gathered,
    literals,
    opposite,
    scattered,
    stretched,
    through_view,
    without_axes,
)
from staticad.ir.dtypes import BOOL
from staticad.ir.graph import Node, Tensor
from staticad.ops.arithmetic import ADD, NEG, SUB
from staticad.ops.assemble import CONCATENATE, EMBED, REPLACE
from staticad.ops.barrier import DEMAND
from staticad.ops.base import Cast, Movement, Reshape, apply
from staticad.ops.comparison import LOGICAL_AND, LOGICAL_NOT, LOGICAL_OR
from staticad.ops.complex import CONJ, IMAG, REAL
from staticad.ops.creation import fill
from staticad.ops.indexing import Gather, Scatter
from staticad.ops.reduce import SUM
from staticad.ops.selection import WHERE, select, zero_like

# Conditions, each of which broadcasts to a tensor: where one of them does not hold, the tensor is absent, and 0.
Mask = tuple[Tensor, ...]


ADDENDS = 4  # a sum of more terms is taken as a whole


def plain_sum(one: Tensor, other: Tensor) -> Tensor:
    """The sum as a node."""
    return apply(ADD, one, other)


class Masks:
    """The masks of the tensors that one derivation makes, of the graph with the nodes ``order``. What is ``given`` is
    present everywhere: the result may be differentiated by it."""

    def __init__(self, order: Iterable[Node], given: Iterable[Tensor]) -> None:
        self._literals: dict[tuple[Tensor, bool], Mask] = {}
        self._opposites: dict[Tensor, Tensor] = {}
        self._carried: set[Tensor] = set()
        for node in order:
            if node.op is WHERE:
                self._carried.update((node.inputs[0], *self._terms(node.inputs[0])))
        self._known: dict[Tensor, Mask | None] = dict.fromkeys(given)
        self._single: dict[frozenset[Tensor], Tensor] = {}
        self._added: dict[Tensor, Tensor] = {}

    def of(self, tensor: Tensor) -> Mask | None:
        """The mask of a cotangent or tangent; None if it is present everywhere."""
        known, pending = self._known, [tensor]
        while pending:
            current = pending[-1]
            if current not in known:
                looked_at = _looked_at(current)
                unknown = [t for t in looked_at if t not in known] if looked_at else None
                if unknown:
                    pending += unknown
                    continue
                known[current] = self._find(current, looked_at)
            pending.pop()
        return known[tensor]

    def bare(self, tensor: Tensor) -> Tensor:
        """The same where the mask holds and anything elsewhere: without the select that `after` made, or a `where`."""
        path: list[Node] = []
        current = tensor
        while current not in self._added and (_is_plain_view(current.node) or self._is_sum_of_wholes(current.node)):
            path.append(current.node)
            current = current.node.inputs[0]
        value = self._added.get(current)
        if value is None and not path:
            chosen = self.chosen(current)
            if chosen is not None and self._carried.issuperset(chosen[0]):
                value = chosen[1]
        if value is None:
            return tensor
        found = stretched(value, current.shape)
        for node in reversed(path):
            found = apply(node.op, found, **node.attrs)
        return found

    def _is_sum_of_wholes(self, node: Node) -> bool:
        """A sum whose terms are all present or all absent."""
        if node.op is not SUM:
            return False
        x, axes = node.inputs[0], node.attrs["axes"]
        return not split(self.of(x) or (), x.ndim, axes)[1]

    def after(self, mask: Mask, value: Tensor) -> Tensor:
        """What a rule makes of something that is present where the mask holds."""
        found = self.select(mask, value)
        if mask:
            self._added[found] = value
        return found

    def unselected(self, mask: Mask, value: Tensor) -> Mask:
        """The conditions for which what a rule makes needs no select if its derivatives are finite for finite operands:
        the local ones. They are kept for the rules that follow."""
        local = tuple(c for c in mask if c not in self._carried)
        if local:
            self._known[value] = _union_of_terms(local, self.of(value))
        return self.carried(mask)

    def chosen(self, tensor: Tensor) -> tuple[Mask, Tensor] | None:
        """The condition and the value of a choice between a value and 0."""
        if tensor.op is not WHERE:
            return None
        condition, yes, no = tensor.inputs
        if is_zero(no):
            mask = self._terms(condition)
            self._single.setdefault(frozenset(mask), condition)
        elif is_zero(yes):
            mask, yes = self._not(condition), no
        else:
            return None
        return mask, yes

    def select(self, mask: Mask, value: Tensor) -> Tensor:
        """The value where it is present, 0 elsewhere."""
        if not mask:
            return value
        condition, zero = self._one(mask), zero_like(value)
        negated = opposite(condition)
        if negated is not None:
            return select(negated, zero, value)
        return select(condition, value, zero)

    def add(self, one: Tensor, other: Tensor, plus: Callable[[Tensor, Tensor], Tensor] = plain_sum) -> Tensor:
        """The sum of two cotangents or tangents of one type: under one select, if they have the same mask."""
        chosen = add_choices(one, other)
        if chosen is not None:
            value = self.chosen(chosen)
            if value is not None:
                self._added[chosen] = value[1]
            return chosen
        mask, again = self.of(one), self.of(other)
        if mask and again and set(mask) == set(again):
            bare = self.bare(one), self.bare(other)
            if bare[0] is not one or bare[1] is not other:
                return self.after(mask, plus(*bare))
        return plus(one, other)

    def addends(self, tensor: Tensor) -> list[Tensor]:
        """The terms of a sum some of which a rule has put under a select; the tensor alone if it is no such sum."""
        found: list[Tensor] = []
        pending = [tensor]
        while pending and len(found) < ADDENDS:
            current = pending.pop()
            if current.op is ADD and current.shape == tensor.shape:
                pending += reversed(current.inputs)
            else:
                found.append(current)
        whole = bool(pending) or not any(self.bare(t) is not t for t in found)
        return [tensor] if whole else found

    def reduced(self, mask: Mask, ndim: int, axes: tuple[int, ...]) -> Mask:
        """The mask of a sum over axes: it is absent where all its terms are."""
        outer, inner = split(mask, ndim, axes)
        found = self.each(lambda c: without_axes(c, ndim, axes), outer)
        inner = self.carried(inner)
        return (*found, *self._keep(inner, (anywhere(self._one(inner), ndim, axes),))) if inner else found

    def each(self, change: Callable[[Tensor], Tensor], mask: Mask) -> Mask:
        """The conditions, each changed as the tensor is that they belong to."""
        return tuple(made for c in mask for made in self._keep((c,), (change(c),)))

    def _one(self, mask: Mask) -> Tensor:
        """One condition instead of several, the same one whenever it is asked for."""
        found = self._single.get(frozenset(mask))
        if found is None:
            found = mask[0]
            for other in mask[1:]:
                found = apply(LOGICAL_AND, found, other)
            self._single[frozenset(mask)] = found
        return found

    def _terms(self, condition: Tensor, holds: bool = True) -> Mask:
        """The conditions that all have to hold for this one to hold, or not to; the same ones however it is written."""
        found = self._literals.get((condition, holds))
        if found is None:
            negated = opposite(condition)
            if negated is not None:
                self._opposites.setdefault(negated, condition)
            each = literals(condition, holds)
            found = tuple(dict.fromkeys(c if direct else self._opposite(c) for c, direct in each))
            self._literals[condition, holds] = found
        return found

    def _opposite(self, condition: Tensor) -> Tensor:
        if condition not in self._opposites:
            self._opposites[condition] = apply(LOGICAL_NOT, condition)
        return self._opposites[condition]

    def _not(self, condition: Tensor) -> Mask:
        """The terms of the opposite, carried on if the condition is."""
        return self._keep(self._terms(condition), self._terms(condition, False))

    def _keep(self, source: Mask, made: Mask) -> Mask:
        """What was made of conditions, carried on as they are."""
        if self._carried.issuperset(source):
            self._carried.update(made)
        return made

    def carried(self, mask: Mask | None) -> Mask:
        """The conditions that are carried on; what is present everywhere has none."""
        return tuple(c for c in mask or () if c in self._carried)

    def _find(self, tensor: Tensor, looked_at: Sequence[Tensor]) -> Mask | None:
        """The mask of a tensor whose operands have been looked at."""
        node = tensor.node
        known = [self._known[t] for t in looked_at]
        chosen = self.chosen(tensor)
        if chosen is not None:
            return _union_of_terms(chosen[0], self._known[chosen[1]])
        if all(mask is None for mask in known):
            return None
        if node.op is WHERE and self.chosen(node.inputs[2]) is not None:  # the shares of a maximum and its ties
            second = self._one(known[1] or ())
            return self._keep((node.inputs[0], second), (apply(LOGICAL_OR, node.inputs[0], second),))
        if node.op is WHERE:
            return self._of_where(node.inputs[0], *known)
        if node.op is ADD or node.op is SUB:
            zero = [is_zero(t) for t in node.inputs]
            return known[1] if zero[0] else known[0] if zero[1] else self._of_sum(*known)
        if isinstance(node.op, Scatter) and node.attrs["mode"] == "add":
            return self._of_scatter(node, *known)
        if len(known) > 1:
            return self._of_assembly(node, known)
        (mask,) = known
        assert mask is not None
        if node.op is SUM:
            return self.reduced(mask, node.inputs[0].ndim, node.attrs["axes"]) or None
        if node.op is EMBED:
            return self.each(lambda c: embedded(node, c), self.carried(mask)) or None
        if isinstance(node.op, Gather):
            return self.each(lambda c: gathered(node, c), self.carried(mask)) or None
        if isinstance(node.op, (Movement, Reshape)):
            return self.each(lambda c: through_view(node, c), mask)
        return mask

    def _of_where(self, condition: Tensor, yes: Mask | None, no: Mask | None) -> Mask | None:
        """A choice between two values: present where the one that is taken is."""
        parts = [self.carried(yes), self.carried(no)]
        if not any(parts) or not self._is_carried(condition):
            return None
        if not parts[0]:
            found = apply(LOGICAL_OR, condition, self._one(parts[1]))
        elif not parts[1]:
            found = apply(LOGICAL_OR, self._one(self._not(condition)), self._one(parts[0]))
        else:
            found = select(condition, self._one(parts[0]), self._one(parts[1]))
        return self._keep((), (found,))

    def _is_carried(self, condition: Tensor) -> bool:
        return any(self._carried.issuperset(self._terms(condition, holds)) for holds in (True, False))

    def _of_sum(self, one: Mask | None, other: Mask | None) -> Mask | None:
        """A sum is present where one of its terms is."""
        if one is None or other is None:
            return None
        shared = set(one) & set(other)
        common = tuple(c for c in one if c in shared)
        left, right = (self.carried(tuple(c for c in mask if c not in shared)) for mask in (one, other))
        if not left or not right or self._complete(left, right) or self._complete(right, left):
            return common or None
        return (*common, *self._keep((), (apply(LOGICAL_OR, self._one(left), self._one(right)),)))

    def _complete(self, one: Mask, other: Mask) -> bool:
        """Whether the one holds where the other does not."""
        return len(one) == 1 and set(self._not(one[0])) == set(other)

    def _of_scatter(self, node: Node, base: Mask | None, updates: Mask | None) -> Mask | None:
        """What is added to zeros or to a masked array."""
        if updates is None:
            return base if is_zero(node.inputs[1]) else None
        added = self.each(lambda c: scattered(node, c), self.carried(updates)) or None
        return added if is_zero(node.inputs[0]) else self._of_sum(base, added)

    def _of_assembly(self, node: Node, known: Sequence[Mask | None]) -> Mask | None:
        """Arrays put together, or one written into the other."""
        masks = [self.carried(mask) for mask in known]
        if not any(masks):
            return None
        parts = [
            stretched(self._one(mask), t.shape) if mask else fill(t.shape, not is_zero(t), BOOL)
            for t, mask in zip(node.inputs, masks, strict=False)
        ]
        return self._keep((), (apply(node.op, *parts, *node.inputs[len(parts) :], **node.attrs),))


def split(mask: Mask, ndim: int, axes: Collection[int]) -> tuple[Mask, Mask]:
    """The conditions on a tensor of that rank that are the same along axes, and those that are not."""
    constant = [constant_along(c, ndim, axes) for c in mask]
    return tuple(itertools.compress(mask, constant)), tuple(c for c, k in zip(mask, constant, strict=True) if not k)


def _union_of_terms(mask: Mask, more: Mask | None) -> Mask:
    return tuple(dict.fromkeys((*mask, *(more or ()))))


def _is_plain_view(node: Node) -> bool:
    """A view, a sign, a cast, a part of complex numbers or zeros around an array: the mask of the operand is as good as
    that of the result."""
    if node.op is EMBED:
        return bool(node.attrs["fill"] == 0)
    return node.op in (NEG, DEMAND, REAL, IMAG, CONJ) or isinstance(node.op, (Cast, Movement, Reshape))


def _looked_at(tensor: Tensor) -> Sequence[Tensor]:
    """The operands whose masks decide about that of a tensor."""
    node = tensor.node
    op = node.op
    if op is WHERE:
        return node.inputs[1:]
    if op is ADD or op is SUB or op is CONCATENATE or op is REPLACE:
        return node.inputs
    if op is SUM or isinstance(op, Gather) or _is_plain_view(node):
        return node.inputs[:1]
    if isinstance(op, Scatter) and node.attrs["mode"] in ("set", "add"):
        return node.inputs[:2]
    return ()
