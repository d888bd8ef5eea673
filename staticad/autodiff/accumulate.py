"""Sums of cotangents."""

from __future__ import annotations

from staticad.ir.dims import is_runtime
from staticad.ir.graph import Tensor
from staticad.ir.types import TensorType
from staticad.ops.arithmetic import ADD
from staticad.ops.base import apply, apply_all
from staticad.ops.control import LOOP, Body, LoopShape, parameter, steps_made
from staticad.ops.creation import FULL
from staticad.ops.indexing import Scatter
from staticad.ops.slicing import EMBED, REPLACE, SLICE


def accumulate(one: Tensor, other: Tensor) -> Tensor:
    """The sum of two cotangents. What scatters into zeros is scattered into the other one instead: in a loop that
    costs the places that are written, not the whole array."""
    if has_runtime_length(one):
        return _add_recorded(one, other)
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
