"""Which tensors depend on which, as far as derivatives are concerned."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from staticad.errors import GradientError
from staticad.ir.dtypes import is_inexact
from staticad.ir.graph import Node, Tensor, describe, sort_nodes
from staticad.ops.base import Barrier


def as_list(value: Any, what: str) -> list[Tensor]:
    """One tensor or a sequence of them as a list. Raises GradientError for anything else."""
    values = [value] if isinstance(value, Tensor) else value
    if not isinstance(values, (list, tuple)):
        raise GradientError(f"{what} has to be a tensor or a sequence of tensors, not {type(value).__name__}")
    for item in values:
        if not isinstance(item, Tensor):
            raise GradientError(f"{what} holds a {type(item).__name__}; derivatives are of and by tensors")
    return list(values)


def check_floats(tensors: Iterable[Tensor], what: str) -> None:
    """Raises GradientError for a tensor of integers or bools."""
    for tensor in tensors:
        if not is_inexact(tensor.dtype):
            raise GradientError(
                f"{what} {describe(tensor)}: {tensor.dtype} has no derivative; use astype to make it a float first"
            )


def cuts(node: Node) -> bool:
    """True where no derivative goes through a node: a constant to derivatives, or piecewise constant."""
    if node.detached or node.op.nondifferentiable:
        return True
    return not any(is_inexact(t.dtype) for t in node.outputs)


def find_dependent(order: Iterable[Node], xs: Collection[Tensor], stops: Collection[Tensor] = ()) -> set[Tensor]:
    """The tensors in ``order`` (inputs before users) whose derivatives by some of ``xs`` may differ from 0."""
    sources, stopped = set(xs), set(stops)
    found: set[Tensor] = set()
    for node in order:
        reached = not cuts(node) and any(t in found for t in node.inputs)
        for tensor in node.outputs:
            if tensor in sources or (reached and tensor not in stopped and is_inexact(tensor.dtype)):
                found.add(tensor)
    return found


def explain_unconnected(ys: Iterable[Tensor], x: Tensor, stops: Collection[Tensor] = ()) -> str:
    """Why ``ys`` have no derivative by ``x``: not computed from it, or every path is cut, and where."""
    order = sort_nodes(ys)
    stopped = set(stops)
    carrying: set[Tensor] = {x}
    reached: set[Tensor] = {x}
    places: list[str] = []
    discrete: list[str] = []  # integers beside floats
    for node in order:
        if not any(t in reached for t in node.inputs):
            continue
        reached.update(node.outputs)
        if not any(t in carrying for t in node.inputs):
            continue
        through = [t for t in node.outputs if t not in stopped]
        if not cuts(node) and through:
            carrying.update(t for t in through if is_inexact(t.dtype))
            discrete += [f"{node.op.name} at {node.where} makes {t.dtype}" for t in through if not is_inexact(t.dtype)]
            continue
        if node.detached:
            reason = "was made under no_grad"
        elif isinstance(node.op, Barrier):
            reason = "stops gradients"
        elif node.op.nondifferentiable or not through:
            reason = "is piecewise constant" if through else "is in stop_gradients"
        else:
            reason = f"makes {node.types[0].dtype}"
        places.append(f"{node.op.name} at {node.where} {reason}")
    if not any(t in reached for t in ys):
        return "none of the ys is computed from it"
    places = places or discrete
    if not places:
        return "the ops between them pass no derivative on to it"
    listed = "; ".join(places[:3]) + (f"; and {len(places) - 3} more" if len(places) > 3 else "")
    return f"every path between them is cut ({listed})"
