"""A loop's body, divided into what the derivatives of the loop treat apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Any

from staticad.autodiff.connect import find_dependent
from staticad.ir.dtypes import is_inexact
from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ops.barrier import carried
from staticad.ops.control import Body, LoopShape
from staticad.ops.creation import zeros
from staticad.records import dataclass

Differentiate = Callable[..., list[Any]]  # reverse.gradients or forward.jvp
Maybe = Tensor | None


@dataclass
class Bases:
    """Sums of cotangents to which the derivative of a branch or loop may add, by the tensor that they belong to: an
    array is then changed where the branch or loop reads it, not filled with zeros and added as a whole. ``taken`` are
    the tensors whose sum is part of what came out. ``undone`` are arrays that an inner loop changes, as they were
    before it: by its node and the number of the carry."""

    sums: dict[Tensor, Tensor]
    taken: set[Tensor] = field(default_factory=set)
    undone: dict[tuple[Node, int], Tensor] = field(default_factory=dict)


class LoopParts:
    """The carry and the other parameters of a loop's body, and the outputs that belong to them."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.shape: LoopShape = node.attrs["shape"]
        self.body: Body = node.attrs["body"]
        self.carry, self.slices, self.captures = self.shape.split_parameters(self.body.parameters)
        self.following, self.results = self.shape.split_outputs(self.body.outputs)
        self.order = sort_nodes([*self.following, *self.results])

    def dependent_carries(self, carries: set[int], others: list[Tensor]) -> list[int]:
        """The carries that come to depend on those given and on the other parameters, over any number of steps."""
        found = set(carries)
        while True:
            reached = find_dependent(self.order, [*(self.carry[i] for i in found), *others])
            more = {i for i, t in enumerate(self.following) if t in reached and is_inexact(t.dtype)} - found
            if not more:
                return sorted(found)
            found |= more


def demands_of(body: Body) -> tuple[Node, ...]:
    """What a body demands of sizes, for the body of its derivative, which need not compute the same."""
    return carried([*sort_nodes(body.outputs), *body.demands])


def or_zeros(gradient: Maybe, like: Tensor) -> Tensor:
    """The gradient, or zeros of its type."""
    return gradient if gradient is not None else zeros(like.type)
