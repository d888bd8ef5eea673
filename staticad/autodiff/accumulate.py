"""Sums of cotangents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from staticad.errors import VerifyError
from staticad.ir.dims import Shape, Size, is_runtime
from staticad.ir.graph import Node, Tensor
from staticad.ir.types import TensorType, may_be_same
from staticad.ops.arithmetic import ADD
from staticad.ops.base import Op, apply, apply_all
from staticad.ops.control import LOOP, PARAMETER, Body, Control, LoopShape, parameter, steps_made
from staticad.ops.creation import FULL
from staticad.ops.indexing import Scatter
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS, INVERSES
from staticad.ops.reduce import SUM
from staticad.ops.selection import WHERE
from staticad.ops.slicing import EMBED, REPLACE, SLICE
from staticad.ops.sources import constant_array


def accumulate(one: Tensor, other: Tensor) -> Tensor:
    """The sum of two cotangents. What scatters into zeros is scattered into the other one instead: in a loop that
    costs the places that are written, not the whole array."""
    if has_runtime_length(one):
        return _add_recorded(one, other)
    chosen = add_choices(one, other)
    if chosen is not None:
        return chosen
    for emptied, region in ((one, other), (other, one)):
        if _fits_in(emptied, region):
            base, value = emptied.inputs[0], region.inputs[0]
            if value.op is SLICE and value.inputs[0] is base and value.node.attrs == emptied.node.attrs:
                return base
            return apply(REPLACE, base, value, **emptied.node.attrs)
    for base, update in ((one, other), (other, one)):
        changed = _add_scattered(base, update)
        if changed is not None:
            return changed
    for base, update in ((one, other), (other, one)):
        if update.op is EMBED and update.node.attrs["fill"] == 0:
            changed = _add_region(base, update)
            if changed is not None:
                return changed
    return apply(ADD, one, other)


def _add_region(base: Tensor, update: Tensor) -> Tensor | None:
    """The sum of a cotangent and a region in zeros as a change of that region, where it adds to few places of it: it
    is made by scatters, or few places of some axis, and the other cotangent is an array that changes in a loop. Else a
    sum of whole regions is one loop."""
    attrs = update.node.attrs
    region = {"starts": attrs["starts"], "steps": attrs["steps"], "sizes": update.inputs[0].shape}
    found = apply(SLICE, base, **region)
    changed = _add_scattered(found, update.inputs[0])
    if changed is not None:
        return apply(REPLACE, base, changed, **region)
    few = any(map(_is_few, update.inputs[0].shape, update.shape))
    return apply(REPLACE, base, apply(ADD, found, update.inputs[0]), **region) if few and _changes(base) else None


def _is_few(part: Size, size: Size) -> bool:
    return isinstance(part, int) and (not isinstance(size, int) or 2 * part <= size)


def _add_scattered(base: Tensor, update: Tensor) -> Tensor | None:
    """The sum of a cotangent and scatters into zeros, or a view of them, as scatters into the first one."""
    views: list[Node] = []
    while update.op in _TURNED_BACK and (update.op is not SLICE or _turns(update.node)):
        views.append(update.node)
        update = update.inputs[0]
    chain = _scattered(update)
    if not chain:
        return None
    for view in views:
        same = base.op is view.op and base.node.attrs == view.attrs and base.inputs[0].shape == view.inputs[0].shape
        base = base.inputs[0] if same else apply(_TURNED_BACK[view.op], base, **view.attrs)
    for scatter in reversed(chain):
        _, updates, *indices = scatter.inputs
        base = apply(scatter.op, base, updates, *indices, **scatter.node.attrs)
    for view in reversed(views):
        base = apply(view.op, base, **view.attrs)
    return base


_TURNED_BACK: Mapping[Op, Op] = {**INVERSES, SLICE: SLICE}  # of slices those that reverse axes


def _turns(view: Node) -> bool:
    """Whether a slice is all of its operand, with some axes backwards: it undoes itself."""
    steps, shape = view.attrs["steps"], view.inputs[0].shape
    starts = tuple(0 if step == 1 else size - 1 for step, size in zip(steps, shape, strict=True))
    return all(abs(step) == 1 for step in steps) and view.attrs["sizes"] == shape and view.attrs["starts"] == starts


def _changes(cotangent: Tensor) -> bool:
    """Whether a cotangent is the state of a loop, or what became of it in a step so far."""
    while isinstance(cotangent.op, Scatter) or cotangent.op is REPLACE:
        cotangent = cotangent.inputs[0]
    return cotangent.op is PARAMETER or isinstance(cotangent.op, Control)


def complemented(contributions: Sequence[Tensor]) -> list[Tensor]:
    """The cotangents of a tensor, those together that stand in one region where another one is zero just there: of
    ``x.at[r].set(f(x[r]))`` x has the cotangent of all but r, and that of what stood in r before. An array that changes
    in a loop comes first, so that the others are added to it."""
    found = list(contributions)
    for emptied in [t for t in found if _is_emptied(t)] if len(found) > 1 else []:
        places = _places(emptied)
        regions = [t for t in found if t.op is EMBED and t.node.attrs["fill"] == 0 and _places(t) == places]
        if regions:
            value = regions[0]
            for region in regions[1:]:
                total = accumulate(value.inputs[0], region.inputs[0])
                value = apply(EMBED, total, **value.node.attrs)
            taken = {emptied, *regions}
            found = [accumulate(emptied, value), *(t for t in found if t not in taken)]
    return sorted(found, key=lambda t: not _changes(t))


def add_choices(one: Tensor, other: Tensor) -> Tensor | None:
    """The sum of two choices by one condition as one choice, if that takes no more additions."""
    if one.op is not WHERE or other.op is not WHERE or one.inputs[0] is not other.inputs[0]:
        return None
    condition, *values = one.inputs
    pairs = list(zip(values, other.inputs[1:], strict=True))
    if not any(is_zero(t) for pair in pairs for t in pair):
        return None
    found = apply(WHERE, condition, *(_plus(*pair) for pair in pairs))
    return found if found.shape == one.shape else None


def _plus(one: Tensor, other: Tensor) -> Tensor:
    if is_zero(one) or is_zero(other):
        return one if is_zero(other) else other
    return apply(ADD, one, other)


def is_zero(tensor: Tensor) -> bool:
    """Whether a tensor is known to be 0 everywhere."""
    while tensor.op is BROADCAST_TO or tensor.op is EXPAND_DIMS:
        tensor = tensor.inputs[0]
    if tensor.op is FULL:
        return bool(tensor.node.attrs["value"] == 0)
    array = constant_array(tensor)
    return array is not None and array.size == 1 and not array.any()


def has_runtime_length(tensor: Tensor) -> bool:
    """True for sequences recorded by a while loop."""
    shape = tensor.shape
    return bool(shape) and not isinstance(shape[0], int) and is_runtime(shape[0])


def _fits_in(emptied: Tensor, region: Tensor) -> bool:
    """Whether one cotangent is zero just where the other one is not: what ``x.at[...].add(v)`` makes of both uses of x
    is its own cotangent again."""
    if not _is_emptied(emptied) or region.op is not EMBED or region.node.attrs["fill"] != 0:
        return False
    return _places(region) == _places(emptied)


def _is_emptied(tensor: Tensor) -> bool:
    """Whether a tensor has zeros in a region that was replaced."""
    if tensor.op is not REPLACE:
        return False
    zeros = tensor.inputs[1]
    return zeros.op is FULL and bool(zeros.node.attrs["value"] == 0)


def _places(tensor: Tensor) -> tuple[Shape, tuple[int, ...], Shape]:
    """The region of an embed or replace."""
    attrs = tensor.node.attrs
    return attrs["starts"], attrs["steps"], tensor.inputs[-1].shape


def _scattered(tensor: Tensor) -> list[Tensor]:
    """The scatters that make a tensor of zeros, the last one first; none if it is made in another way."""
    chain: list[Tensor] = []
    while isinstance(tensor.op, Scatter) and tensor.node.attrs["mode"] == "add":
        chain.append(tensor)
        tensor = tensor.inputs[0]
    is_zero = tensor.op is FULL and tensor.node.attrs["value"] == 0
    return chain if is_zero else []


def _add_recorded(one: Tensor, other: Tensor) -> Tensor:
    """The sum of two sequences whose length only a run determines."""
    slices = [parameter(TensorType(t.shape[1:], t.dtype)) for t in (one, other)]
    body = Body(tuple(slices), (accumulate(*slices),))
    shape = LoopShape(0, 2, 0, 1, one.shape[0], counted=True)
    return apply_all(LOOP, one, other, steps_made(one.node), body=body, shape=shape, base=body)[0]


def sum_to(cotangent: Tensor, target: TensorType, name: str = "sum_to") -> Tensor:
    """The adjoint of broadcasting ``target``: sums over the axes that were added or stretched from size 1.

    Only a statically known 1 stretches, so a free size is never summed over.
    """
    if cotangent.type is target:  # mostly, since equal types are one object
        return cotangent
    added = cotangent.ndim - target.ndim
    if cotangent.dtype != target.dtype or added < 0:
        raise VerifyError(f"the vjp of {name} returned {cotangent.type} as the cotangent of {target}")
    axes = summed_axes(cotangent, target)
    if axes:
        cotangent = apply(SUM, cotangent, axes=axes)
    if axes[added:]:
        cotangent = apply(EXPAND_DIMS, cotangent, axes=tuple(a - added for a in axes[added:]))
    if not may_be_same(cotangent.shape, target.shape):
        raise VerifyError(f"the vjp of {name} returned {cotangent.type} as the cotangent of {target}")
    return cotangent


def summed_axes(cotangent: Tensor, target: TensorType) -> tuple[int, ...]:
    """The axes of a cotangent that broadcasting added, and those that it stretched from size 1."""
    if cotangent.type is target:
        return ()
    added = max(cotangent.ndim - target.ndim, 0)
    stretched = (a + added for a, size in enumerate(target.shape) if size == 1 and cotangent.shape[a + added] != 1)
    return (*range(added), *stretched)
