"""Changes of arrays place by place, in the steps of a loop: what they overwrite, and how they are undone.

An array is changed by scatters, by regions that are replaced, by inner loops, and by branches of which every block
changes or keeps it. A branch is undone by a branch on the same index. A loop is undone by its backward pass, or where
that runs it again, by putting back all that it can reach: the places whose indices it does not change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from staticad.autodiff.branch_parts import choose
from staticad.autodiff.loop_parts import Undone, demands_of
from staticad.autodiff.recording import counts, nominal_count
from staticad.ir.dims import Shape, Size, Symbol, local_symbols
from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ir.substitute import substitute
from staticad.ops.base import apply
from staticad.ops.control import COND, LOOP, PARAMETER, Body, parameter, sizes_spoken_of, spoken_of
from staticad.ops.creation import size_tensor
from staticad.ops.indexing import GATHER, GATHER_ALONG, SCATTER, SCATTER_ALONG, Scatter
from staticad.ops.movement import INVERSES
from staticad.ops.selection import MAXIMUM, MINIMUM
from staticad.ops.slicing import REPLACE, SLICE
from staticad.records import dataclass

Key = tuple[Node, int]  # a loop or branch, and the number of an output
Known = Mapping[Key, Undone]  # what the backward passes of loops and branches undo
NONE: Known = {}


def changes_of(state: Tensor, body: Body, known: Known = NONE) -> tuple[Tensor, list[Tensor]] | None:
    """The parameter of which a value of a body is a changed copy, and what that becomes on the way, the last first;
    None where it is not changed place by place."""
    found: list[Tensor] = []
    while state.op is not PARAMETER:
        base = _base(state, body, known)
        if base is None:
            return None
        found.append(state)
        state = base
    return state, found


def _base(state: Tensor, body: Body, known: Known) -> Tensor | None:
    """What a node changes into ``state``, if that can be undone."""
    node = state.node
    if (node, state.index) in known:
        return known[node, state.index].base
    if node.op is LOOP:
        return node.inputs[state.index] if reaches_few(state, body) else None
    if node.op is REPLACE or isinstance(node.op, Scatter):
        return node.inputs[0] if _are_few(places_of(state), state) else None
    if node.op is not COND:
        return None
    operands = {_operand(branch, branch.outputs[state.index]) for branch in node.attrs["branches"]}
    operand = operands.pop()
    return None if operands or operand is None else node.inputs[operand + 1]


def _are_few(places: Sequence[Places], state: Tensor) -> bool:
    return 2 * sum(nominal_count(place.of(state).shape) for place in places) <= nominal_count(state.shape)


def reaches_few(state: Tensor, body: Body) -> bool:
    found = reached(state, body)
    return found is not None and _are_few(found[1], state)


def _operand(body: Body, value: Tensor) -> int | None:
    """The parameter that a block of a branch changes into a value or keeps, by its number."""
    found = changes_of(value, body)
    return None if found is None else next(n for n, own in enumerate(body.parameters) if own is found[0])


# ---- places ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Places:
    """Places of an array: a region (``indices`` is None), or all that the indices of some axes name, of the array or
    of a region of it without axes of size 1: ``views`` lead there."""

    attrs: Mapping[str, Any]
    indices: tuple[Tensor, ...] | None = None  # int64 arrays; none for a region
    along: bool = False
    views: tuple[Node, ...] = ()

    def of(self, array: Tensor) -> Tensor:
        """What stands there."""
        if self.indices is None:
            return apply(SLICE, array, **self.attrs)
        for view in self.views:
            array = apply(view.op, array, **view.attrs)
        return apply(GATHER_ALONG if self.along else GATHER, array, *self.indices, **self.attrs)

    def put(self, array: Tensor, values: Tensor, indices: Sequence[Tensor] | None) -> Tensor:
        """The array with values there; writes to one place write the same value."""
        if self.indices is None:
            return apply(REPLACE, array, values, **self.attrs)
        op = SCATTER_ALONG if self.along else SCATTER
        view = array
        for node in self.views:
            view = apply(node.op, view, **node.attrs)
        changed = apply(op, view, values, *(indices or ()), mode="set", **self.attrs)
        for node in reversed(self.views[1:]):
            changed = apply(INVERSES[node.op], changed, **node.attrs)
        return apply(REPLACE, array, changed, **self.views[0].attrs) if self.views else changed


def places_of(change: Tensor) -> list[Places]:
    """Where a scatter or a replaced region changes its base: the places of scatters into that region, if it is
    replaced by what they make of it."""
    node = change.node
    if node.op is REPLACE:
        return _inside_region(node) or [Places(node.attrs)]
    return [_scattered(node, ())]


def _scattered(node: Node, views: tuple[Node, ...]) -> Places:
    attrs = {name: value for name, value in node.attrs.items() if name != "mode"}
    return Places(attrs, node.inputs[2:], node.op is SCATTER_ALONG, views)


def _inside_region(node: Node) -> list[Places]:
    """The places of scatters that make what a region is replaced by of what stood there; none if it is no such one."""
    base, value = node.inputs
    undoing: list[Node] = []
    scatters: list[Node] = []
    views: list[Node] = []
    while value.op in INVERSES:
        undoing.append(value.node)
        value = value.inputs[0]
    while isinstance(value.op, Scatter):
        scatters.append(value.node)
        value = value.inputs[0]
    while value.op in INVERSES:
        views.append(value.node)
        value = value.inputs[0]
    if value.op is not SLICE or value.inputs[0] is not base or value.node.attrs != node.attrs:
        return []
    forms = [(INVERSES[view.op], view.attrs["axes"]) for view in views]
    if forms != [(view.op, view.attrs["axes"]) for view in reversed(undoing)]:
        return []
    return [_scattered(scatter, (value.node, *reversed(views))) for scatter in scatters]


def reached(change: Tensor, body: Body) -> tuple[int, list[Places]] | None:
    """The input of which an array is a changed copy, by its number, and the places that can be changed, by what is
    known in the body where the change stands: a loop or branch can change all that its own indices may name. None where
    that may be the whole array."""
    node = change.node
    if node.op is REPLACE or node.op is SCATTER:
        return 0, places_of(change)
    if node.op is LOOP and not node.attrs.get("remat"):
        shape = node.attrs["shape"]
        found = _reached_in(change, node.attrs["body"], node.inputs, shape.carries + shape.sequences, body)
        return found if found is not None and found[0] == change.index else None
    if node.op is not COND:
        return None
    each = [_reached_in(change, branch, node.inputs[1:], 0, body) for branch in node.attrs["branches"]]
    known = [one for one in each if one is not None]
    if len(known) < len(each) or len({number for number, _ in known}) > 1:
        return None
    return known[0][0] + 1, [place for _, places in known for place in places]


def _reached_in(
    change: Tensor, body: Body, inputs: Sequence[Tensor], first: int, outside: Body
) -> tuple[int, list[Places]] | None:
    """The same for a body, by the number of the parameter; those from ``first`` on do not change."""
    own = dict(zip(body.parameters[first:], inputs[first:], strict=False))
    known = {symbol for symbol, _ in outside.locals}
    sizes = {symbol for symbol, value in body.locals if value in own and symbol in known}
    places: list[Places] = []
    value = body.outputs[change.index]
    while value.op is not PARAMETER:
        found = reached(value, body)
        if found is None:
            return None
        for place in found[1]:
            from_there = _outside(place, own, sizes, change.shape)
            if from_there is None:
                return None
            places.append(from_there)
        value = value.inputs[found[0]]
    return next(n for n, own_one in enumerate(body.parameters) if own_one is value), places


def _outside(place: Places, own: Mapping[Tensor, Tensor], sizes: set[Symbol], shape: Shape) -> Places | None:
    """The places outside of a body, as far as they follow from what does not change in it; None for all places."""
    attrs = place.attrs
    if place.indices is None:
        fixed = [not (local_symbols(s) | local_symbols(n)) - sizes for s, n in zip(attrs["starts"], attrs["sizes"])]
        starts, steps = (
            tuple(v if f else w for v, f in zip(attrs[k], fixed)) for k, w in zip(("starts", "steps"), (0, 1))
        )
        parts = tuple(v if f else n for v, f, n in zip(attrs["sizes"], fixed, shape))
        return Places({"starts": starts, "steps": steps, "sizes": parts})
    free = set(own)
    kept = [
        (axis, t)
        for axis, t in zip(attrs["axes"], place.indices, strict=True)
        if counts(t, free) and all(sizes_spoken_of(node) <= sizes for node in sort_nodes([t]))
    ]
    if place.views:
        region, whole, shape = place.views[0], shape, place.views[-1].types[0].shape
        moves = any(map(local_symbols, (*region.attrs["starts"], *shape)))
        if len(kept) < len(place.indices) or place.along or moves:
            return _outside(Places(region.attrs), own, sizes, whole)
    if not kept or any(map(local_symbols, shape)):
        return None
    indices = substitute([t for _, t in kept], own)
    bounded = tuple(_bounded(t, shape[axis]) for t, (axis, _) in zip(indices, kept, strict=True))
    if place.views:
        return Places(attrs, bounded, views=place.views)
    return Places({"axes": tuple(axis for axis, _ in kept), "position": 0, "aligned": False}, bounded)


def _bounded(index: Tensor, size: Size) -> Tensor:
    """An index inside the bounds: the body may not run, and what it would do wrong is not done."""
    top = apply(MINIMUM, index, size_tensor(size - 1))
    return apply(MAXIMUM, top, size_tensor(size * -1))


# ---- branches --------------------------------------------------------------------------------------------------------


def before_branch(change: Tensor, state: Tensor) -> Tensor:
    """The state before a branch, from that after it and what the branch gets."""
    bodies: list[Body] = []
    for body in change.node.attrs["branches"]:
        given = parameter(state.type)
        value = _before(body.outputs[change.index], given, body)
        bodies.append(Body((*body.parameters, given), (value,), demands_of(body), spoken_of([value], body.locals)))
    return choose([*change.node.inputs, state], bodies)[0]


def _before(last: Tensor, state: Tensor, body: Body) -> Tensor:
    """What a block began with, of which ``last`` is a changed copy and has the value ``state``."""
    _, changes = changes_of(last, body) or (last, ())
    for change in changes:
        if change.op is COND:
            state = before_branch(change, state)
            continue
        base, places = changed_places(change, body)
        for place in places:
            state = place.put(state, place.of(base), place.indices)
    return state


def changed_places(change: Tensor, body: Body) -> tuple[Tensor, list[Places]]:
    """The base of a change that is no branch, and the places to put back."""
    if isinstance(change.op, Scatter) or change.op is REPLACE:
        return change.inputs[0], places_of(change)
    found = reached(change, body)
    assert found is not None
    return change.inputs[found[0]], found[1]
