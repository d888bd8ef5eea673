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


@dataclass(frozen=True)
class Undone:
    """An array that the backward pass of a loop or branch undoes: what it was ``before``, from the cotangents and the
    array that came out, and the ``base``, what it was in the forward pass."""

    before: Tensor
    base: Tensor


@dataclass
class Bases:
    """Sums of cotangents to which the derivative of a branch or loop may add, by the tensor that they belong to: an
    array is then changed where the branch or loop reads it, not filled with zeros and added as a whole. ``taken`` are
    the tensors whose sum is part of what came out.

    In the step of a loop, ``free`` are the parameters that are there without a record. ``undone`` are arrays that an
    inner loop or branch changes, by its node and the number of the output; ``others`` are derivatives of branches that
    undo such changes: for the node what stands for the cotangents that came out."""

    sums: dict[Tensor, Tensor]
    free: set[Tensor] | None = None
    taken: set[Tensor] = field(default_factory=set)
    undone: dict[tuple[Node, int], Undone] = field(default_factory=dict)
    others: dict[Node, dict[Tensor, Tensor]] = field(default_factory=dict)


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
