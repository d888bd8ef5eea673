"""Identities in value: stop_gradient says something about derivatives, demand about sizes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from staticad.errors import ShapeError
from staticad.ir.dims import Shape, at_least
from staticad.ir.graph import Attrs, Node, Tensor
from staticad.ir.types import Constraint, Demands, TensorType, same_shape
from staticad.ops.base import Inferred, Op, apply


class Barrier(Op):
    """Identity in value that says something about derivatives (stop_gradient) or sizes. Lowered to nothing."""

    family = "barrier"
    title, about = "Barriers", "The operand's value, and a statement about derivatives or sizes. They cost nothing."

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        return (inputs[0],), ()


class Demand(Barrier):
    """attrs shape, constraints, nodes: the operand, which has that shape; pairs of sizes are equal, and what the nodes,
    which need not be computed, demand of sizes holds as well."""

    linear = True

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        (x,) = inputs
        if x.shape == attrs["shape"]:
            return (x,), tuple(dict.fromkeys(attrs["constraints"]))
        with Demands(attrs["constraints"]) as demands:
            if not same_shape(x.shape, attrs["shape"], demands):
                raise ShapeError(f"the operand does not have the shape [{','.join(map(str, attrs['shape']))}]")
            return (TensorType(attrs["shape"], x.dtype),), demands.close()


def carried(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """The nodes that demand something of free sizes, of equal demands the first, those that they carry included."""
    found: dict[Node, None] = {}
    seen: set[object] = set()
    for node in nodes:
        for each in (node, *(node.attrs["nodes"] if node.op is DEMAND else ())):
            demands: set[object] = set(each.constraints)
            for kind in each.types:
                for size in kind.shape:
                    if not isinstance(size, int) and not at_least(size, 0):
                        demands.add(size)
            for need in each.op.needed(each):
                if not isinstance(need.size, int):
                    demands.add(need[:3])
            if not demands <= seen:
                seen |= demands
                found[each] = None
    return tuple(found)


def with_carried(nodes: Sequence[Node]) -> list[Node]:
    """The nodes of a graph, and those whose demands they carry."""
    return list(dict.fromkeys([*nodes, *(n for node in nodes if node.op is DEMAND for n in node.attrs["nodes"])]))


STOP_GRADIENT = Barrier("stop_gradient", numpy=lambda x: x, nondifferentiable=True, notes="`x.detach()`")
DEMAND = Demand(
    "demand",
    numpy=lambda x, shape, constraints, nodes: x,
    vjp=lambda g, y, x, shape, constraints, nodes: (g,),
    notes="what free sizes have to be",
)

BARRIER_OPS = (STOP_GRADIENT, DEMAND)


def of_shape(x: Tensor, shape: Shape) -> Tensor:
    """x, whose sizes have to be those of the shape: nothing is stretched."""
    return x if x.shape == shape else apply(DEMAND, x, shape=shape, constraints=(), nodes=())


def all_demanding(tensors: Iterable[Any], nodes: Sequence[Node]) -> list[Any]:
    """The tensors, each of which demands what nodes demand of sizes; None stays None. Those of one shape share their
    attributes."""
    if not nodes:
        return list(tensors)
    known: dict[Shape, Attrs] = {}
    found: list[Any] = []
    for x in tensors:
        if x is not None:
            if x.shape not in known:
                known[x.shape] = Attrs(shape=x.shape, constraints=(), nodes=tuple(nodes))
            x = Node(DEMAND, (x,), known[x.shape], (x.type,)).out
        found.append(x)
    return found


def demanding(x: Tensor, constraints: Iterable[Constraint] = (), nodes: Iterable[Node] = ()) -> Tensor:
    """x, which demands of sizes what is given, and what nodes demand."""
    pairs, others = tuple(constraints), tuple(nodes)
    return apply(DEMAND, x, shape=x.shape, constraints=pairs, nodes=others) if pairs or others else x
