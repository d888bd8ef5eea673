"""Sums of cotangents."""

from __future__ import annotations

from staticad.errors import VerifyError
from staticad.ir.dims import is_runtime
from staticad.ir.graph import Tensor
from staticad.ir.types import TensorType, may_be_same
from staticad.ops.arithmetic import ADD
from staticad.ops.base import apply, apply_all
from staticad.ops.control import LOOP, Body, LoopShape, parameter, steps_made
from staticad.ops.creation import FULL
from staticad.ops.indexing import Scatter
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS
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
        chain = _scattered(update)
        for scatter in reversed(chain):
            _, updates, *indices = scatter.inputs
            base = apply(scatter.op, base, updates, *indices, **scatter.node.attrs)
        if chain:
            return base
    return apply(ADD, one, other)


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
    return bool(tensor.shape) and is_runtime(tensor.shape[0])


def _fits_in(emptied: Tensor, region: Tensor) -> bool:
    """Whether one cotangent is zero just where the other one is not: what ``x.at[...].add(v)`` makes of both uses of x
    is its own cotangent again."""
    if emptied.op is not REPLACE or region.op is not EMBED:
        return False
    zeros, attrs = emptied.inputs[1], emptied.node.attrs
    if zeros.op is not FULL or zeros.node.attrs["value"] != 0 or region.node.attrs["fill"] != 0:
        return False
    places = (region.node.attrs["starts"], region.node.attrs["steps"], region.inputs[0].shape)
    return places == (attrs["starts"], attrs["steps"], attrs["sizes"])


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
    added = max(cotangent.ndim - target.ndim, 0)
    stretched = (a + added for a, size in enumerate(target.shape) if size == 1 and cotangent.shape[a + added] != 1)
    return (*range(added), *stretched)
