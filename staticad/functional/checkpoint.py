"""Loops that record less: the steps are cut into segments, and only the carry at the start of a segment is recorded.

The backward pass runs a segment again when it needs what is inside (Griewank and Walther, Algorithm 799: revolve,
ACM TOMS 26, 2000, for what is optimal). ``sqrt``: segments of √n steps, memory for about 2√n states, every step is
computed twice. ``log``: eight parts, each cut into eight again, and so on; memory for about 8·log₈ n states, every step
is computed about log₈ n times. Halves instead of eighths would need three quarters of that memory, but three times the
levels, which all have to be compiled and computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from staticad.errors import GraphError
from staticad.ir import dims
from staticad.ir.dims import Size
from staticad.ir.graph import Tensor, sort_nodes
from staticad.ir.types import TensorType
from staticad.ops.assemble import CONCATENATE
from staticad.ops.base import apply, apply_all
from staticad.ops.control import LOOP, Body, LoopShape, parameter, sizes_spoken_of
from staticad.ops.movement import RESHAPE, SLICE

PARTS = 8  # of a loop, and of each part, for "log"
SHORT = 8  # steps that are not worth cutting


def check_choice(what: str, checkpoint: str | None) -> None:
    """Raises GraphError for a choice that does not exist."""
    if checkpoint not in (None, "sqrt", "log"):
        raise GraphError(f'{what}: checkpoint={checkpoint!r}; it is None, "sqrt" or "log"')


def segmented(
    body: Body,
    shape: LoopShape,
    carry: Sequence[Tensor],
    stacks: Sequence[Tensor],
    captures: Sequence[Tensor],
    checkpoint: str,
) -> list[Tensor]:
    """The outputs of the loop ``body, shape``, computed by loops over segments. The length is known before it runs."""
    return _run(body, shape, list(carry), list(stacks), list(captures), checkpoint, inner=False)


def _run(
    body: Body,
    shape: LoopShape,
    carry: list[Tensor],
    stacks: list[Tensor],
    captures: list[Tensor],
    checkpoint: str | None,
    inner: bool,
) -> list[Tensor]:
    length = shape.length
    if checkpoint is None or (isinstance(length, int) and length <= SHORT):
        return list(apply_all(LOOP, *carry, *stacks, *captures, body=body, shape=shape, base=body, remat=inner))
    size: Size
    count: Size
    if checkpoint == "log":
        if not isinstance(length, int):
            raise GraphError(f'checkpoint="log" needs a known number of steps, not {length}; use "sqrt"')
        size, count, below = length // PARTS, PARTS, checkpoint
    else:
        size, below = dims.maximum(1, dims.isqrt(length)), None
        count = dims.floordiv(length, size)
    covered = size * count
    rest = length - covered
    ends = [(0, covered), (covered, rest)]
    results: list[list[Tensor]] = [[], []]
    for part in (1, 0) if shape.reverse else (0, 1):
        start, steps = ends[part]
        if steps == 0:
            continue
        own = [_cut(t, start, steps) for t in stacks]
        if part == 0:
            outs = _segments(body, shape, carry, own, captures, below, count, size)
        else:
            part_shape = replace(shape, length=steps)
            outs = list(apply_all(LOOP, *carry, *own, *captures, body=body, shape=part_shape, base=body, remat=inner))
        carry, results[part] = shape.split_outputs(outs)
    if not results[1]:
        return [*carry, *results[0]]
    if not results[0]:
        return [*carry, *results[1]]
    return [*carry, *(apply(CONCATENATE, a, b, axis=0) for a, b in zip(*results, strict=True))]


def _segments(
    body: Body,
    shape: LoopShape,
    carry: list[Tensor],
    stacks: list[Tensor],
    captures: list[Tensor],
    below: str | None,
    count: Size,
    size: Size,
) -> list[Tensor]:
    """``count`` segments of ``size`` steps each."""
    folded = [apply(RESHAPE, t, shape=(count, size, *t.shape[1:]), constraints=()) for t in stacks]
    own_carry = [parameter(t.type) for t in body.parameters[: shape.carries]]
    own_stacks = [parameter(TensorType(t.shape[1:], t.dtype)) for t in folded]
    own_captures = [parameter(t.type) for t in captures]
    segment = replace(shape, length=size)
    outs = _run(body, segment, own_carry, own_stacks, own_captures, below, inner=True)
    if any(map(sizes_spoken_of, sort_nodes(outs))):
        raise GraphError(
            "a loop around which sizes change from step to step can't have checkpoints; give them to that one"
        )
    whole = Body((*own_carry, *own_stacks, *own_captures), tuple(outs))
    outer = replace(shape, length=count)
    found = apply_all(LOOP, *carry, *folded, *captures, body=whole, shape=outer, base=whole, remat=True)
    last, stacked = shape.split_outputs(found)
    return [*last, *(apply(RESHAPE, t, shape=(count * size, *t.shape[2:]), constraints=()) for t in stacked)]


def _cut(tensor: Tensor, start: Size, steps: Size) -> Tensor:
    if start == 0 and steps == tensor.shape[0]:
        return tensor
    starts = (start, *(0 for _ in tensor.shape[1:]))
    return apply(SLICE, tensor, starts=starts, steps=(1,) * tensor.ndim, sizes=(steps, *tensor.shape[1:]))
