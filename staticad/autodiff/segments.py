"""Runs the steps of a finished while loop again, in segments; only the state at the start of each is recorded.

How many steps there are is known when the loop has run, so that the segments are loops of run-time length: √n steps
each for "sqrt"; for "log" sixteen parts, each cut into sixteen again, and so on.
"""

from __future__ import annotations

from collections.abc import Sequence

from staticad.autodiff.prints import without_prints
from staticad.ir import dims
from staticad.ir.dtypes import FLOAT64, INT64
from staticad.ir.graph import Node, Tensor
from staticad.ops.base import apply, apply_all
from staticad.ops.control import LOOP, Body, LoopShape, parameter
from staticad.ops.conversion import CAST
from staticad.ops.selection import MAXIMUM, MINIMUM
from staticad.ops.sources import constant

PARTS, LEVELS = 16, 4  # a million steps come down to sixteen; every level is a loop in the graph


def segmented_again(node: Node, inputs: Sequence[Tensor]) -> list[Tensor]:
    """The last carry of a while loop, computed by segments from the given first carry and captures."""
    shape: LoopShape = node.attrs["shape"]
    body: Body = node.attrs["body"]
    following = tuple(without_prints(body.outputs[: shape.carries]))
    steps = Body(body.parameters, following, body.demands, body.locals)
    carry, captures = list(inputs[: shape.carries]), list(inputs[shape.carries :])
    count = node.outputs[-1]
    if node.attrs["checkpoint"] == "log":
        return _parts(steps, carry, captures, count, LEVELS)
    root = apply(CAST, (apply(CAST, count, dtype=FLOAT64) ** 0.5), dtype=INT64)
    size = apply(MAXIMUM, root, constant(1, INT64))
    return _segments(steps, carry, captures, count, size, (count + size - 1) // size, 0)


def _plain(steps: Body, carry: Sequence[Tensor], captures: Sequence[Tensor], count: Tensor) -> list[Tensor]:
    shape = LoopShape(len(carry), 0, len(captures), 0, dims.fresh_runtime("steps"), counted=True)
    return list(apply_all(LOOP, *carry, *captures, count, body=steps, shape=shape, base=steps, remat=True))


def _parts(
    steps: Body, carry: Sequence[Tensor], captures: Sequence[Tensor], count: Tensor, levels: int
) -> list[Tensor]:
    if levels == 0:
        return _plain(steps, carry, captures, count)
    size = apply(MAXIMUM, (count + (PARTS - 1)) // PARTS, constant(PARTS, INT64))  # few steps are one segment
    return _segments(steps, carry, captures, count, size, (count + size - 1) // size, levels - 1)


def _segments(
    steps: Body,
    carry: Sequence[Tensor],
    captures: Sequence[Tensor],
    count: Tensor,
    size: Tensor,
    segments: Tensor,
    levels: int,
) -> list[Tensor]:
    """Segments of ``size`` steps (the last ones may be shorter), as many as given."""
    state = [parameter(t.type) for t in steps.parameters[: len(carry)]]
    done = parameter(count.type)
    own = [parameter(t.type) for t in (*captures, count, size)]
    *own_captures, own_count, own_size = own
    left = apply(MINIMUM, own_size, own_count - done)
    if levels:
        following = _parts(steps, state, own_captures, left, levels)
    else:
        following = _plain(steps, state, own_captures, left)
    body = Body((*state, done, *own), (*following, done + left))
    shape = LoopShape(len(state) + 1, 0, len(own), 0, dims.fresh_runtime("segments"), counted=True)
    first = constant(0, INT64)
    found = apply_all(
        LOOP, *carry, first, *captures, count, size, segments, body=body, shape=shape, base=body, remat=True
    )
    return list(found[: len(carry)])
