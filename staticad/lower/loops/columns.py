"""Columns of arrays side by side, and what is said of them; for `staticad.lower.loops.independent`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from staticad.ir.dims import Size
from staticad.ir.graph import Attrs, Node, Tensor, sort_nodes
from staticad.ir.inference import infer
from staticad.ops.arithmetic import ADD, SUB
from staticad.ops.base import apply
from staticad.ops.movement import TRANSPOSE
from staticad.ops.slicing import SLICE
from staticad.records import dataclass


class Dependent(Exception):
    """A loop that has to stay one."""


def demand(condition: bool) -> None:
    """Raises Dependent unless that holds."""
    if not condition:
        raise Dependent


@dataclass(frozen=True)
class Columns:
    """An array, of which a step sees the column ``shift`` places before that of the array ``root`` that is carried; of
    None where the array is only read. ``tensor`` is what the array is for all steps."""

    root: int | None
    shift: Size
    tensor: Tensor


def added_terms(
    carries: Sequence[Tensor], following: Sequence[Tensor], roots: Sequence[Tensor]
) -> dict[Tensor, Tensor]:
    """What is added to carries in every step, or subtracted, where nothing else is done with them."""
    reads = Counter(x for node in sort_nodes(roots) for x in node.inputs) + Counter(roots)
    found = {}
    for own, x in zip(carries, following, strict=True):
        if x.op in (ADD, SUB) and reads[own] == 1 and reads[x] == 1:
            for term, other in (x.node.inputs, x.node.inputs[::-1])[: 2 if x.op is ADD else 1]:
                if term is own:
                    found[own] = other
    return found


def turned(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """The tensor with its axes in that order."""
    return apply(TRANSPOSE, x, axes=axes) if x.ndim > 1 else x


def region(x: Tensor, start: Size, count: Size) -> Tensor:
    """Columns side by side."""
    if start == 0 and x.shape[-1] == count:
        return x
    starts, sizes = (*(0 for _ in x.shape[:-1]), start), (*x.shape[:-1], count)
    found = apply(SLICE, x, starts=starts, sizes=sizes, steps=(1,) * x.ndim)
    demand(not found.node.constraints)
    return found


def again(node: Node, inputs: tuple[Tensor, ...], attrs: dict[str, object]) -> Tensor:
    """The node on other inputs, with other attributes."""
    values = Attrs(**attrs)
    types, constraints = infer(node.op, tuple(x.type for x in inputs), values)
    return Node(node.op, inputs, values, types, constraints, node.name, node.where).out
