"""Sums of cotangents."""

from __future__ import annotations

from staticad.ir.dims import is_runtime
from staticad.ir.graph import Tensor
from staticad.ir.types import TensorType
from staticad.ops.arithmetic import ADD
from staticad.ops.base import apply
from staticad.ops.control import LOOP, Body, LoopShape, apply_all, parameter, steps_made


def accumulate(one: Tensor, other: Tensor) -> Tensor:
    """The sum of two cotangents. What scatters into zeros is scattered into the other one instead: in a loop that
    costs the places that are written, not the whole array."""
    if has_runtime_length(one):
        return _add_recorded(one, other)
    for base, update in ((one, other), (other, one)):
        if _is_scattered(update):
            _, updates, *indices = update.inputs
            return apply(update.op, base, updates, *indices, **update.node.attrs)
    return apply(ADD, one, other)


def has_runtime_length(tensor: Tensor) -> bool:
    """True for sequences recorded by a while loop."""
    return bool(tensor.shape) and is_runtime(tensor.shape[0])


def _is_scattered(tensor: Tensor) -> bool:
    if tensor.op.family != "scatter" or tensor.node.attrs["mode"] != "add":
        return False
    base = tensor.inputs[0]
    return base.op.name == "full" and base.node.attrs["value"] == 0


def _add_recorded(one: Tensor, other: Tensor) -> Tensor:
    """The sum of two sequences whose length only a run determines."""
    slices = [parameter(TensorType(t.shape[1:], t.dtype)) for t in (one, other)]
    body = Body(tuple(slices), (accumulate(*slices),))
    shape = LoopShape(0, 2, 0, 1, one.shape[0], counted=True)
    return apply_all(LOOP, one, other, steps_made(one.node), body=body, shape=shape, base=body)[0]
