"""Which tensors depend on which, as far as derivatives are concerned."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Literal, get_args

from staticad.errors import GradientError
from staticad.ir.dtypes import is_inexact
from staticad.ir.graph import Node, Tensor, describe, sort_nodes
from staticad.ops.barrier import Barrier
from staticad.ops.control import COND, Body, Control

Unconnected = Literal["error", "zero", "none"]
_UNCONNECTED: tuple[str, ...] = get_args(Unconnected)


def is_unconnected(value: Any) -> bool:
    """Whether a value says what to do about an x that no y depends on."""
    return isinstance(value, str) and value in _UNCONNECTED


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
    for kind in node.types:
        if is_inexact(kind.dtype):
            return False
    return True


Passed = dict[tuple[Node, frozenset[int]], set[int]]  # by a loop or branch and the inputs that depend: the outputs


def find_dependent(
    order: Iterable[Node], xs: Collection[Tensor], stops: Collection[Tensor] = (), passed: Passed | None = None
) -> set[Tensor]:
    """The tensors in ``order`` (inputs before users) whose derivatives by some of ``xs`` may differ from 0. ``passed``
    keeps what was found of loops and branches."""
    sources, stopped = set(xs), set(stops)
    passed = {} if passed is None else passed
    found: set[Tensor] = set()
    for node in order:
        reached = not found.isdisjoint(node.inputs) and not cuts(node)
        if not reached and sources.isdisjoint(node.outputs):
            continue
        through = _through(node, found, passed) if reached and isinstance(node.op, Control) else None
        for tensor in node.outputs:
            by_input = reached and tensor not in stopped and is_inexact(tensor.dtype)
            if tensor in sources or (by_input and (through is None or tensor.index in through)):
                found.add(tensor)
    return found


def _through(node: Node, found: set[Tensor], passed: Passed) -> set[int]:
    """The outputs of a loop or branch that depend on those of its inputs which are found to depend."""
    given = frozenset(i for i, t in enumerate(node.inputs) if t in found)
    if (node, given) not in passed:
        of_node = _through_branches if node.op is COND else _through_loop
        passed[node, given] = of_node(node, given, passed)
    return passed[node, given]


def _through_branches(node: Node, given: frozenset[int], passed: Passed) -> set[int]:
    outputs: set[int] = set()
    for body in node.attrs["branches"]:
        sources = [p for i, p in enumerate(body.parameters, 1) if i in given]
        inside = find_dependent(sort_nodes(body.outputs), sources, passed=passed)
        outputs |= {i for i, t in enumerate(body.outputs) if t in inside}
    return outputs


def _through_loop(node: Node, given: frozenset[int], passed: Passed) -> set[int]:
    """Over any number of steps; a carry that depends from the start does so without a step."""
    body: Body = node.attrs["body"]
    carries, order = node.attrs["shape"].carries, sort_nodes(body.outputs)
    sources = {p for i, p in enumerate(body.parameters) if i in given}
    while True:
        inside = find_dependent(order, sources, passed=passed)
        pairs = zip(body.parameters, body.outputs[:carries], strict=False)
        more = {p for p, following in pairs if following in inside} - sources
        if not more:
            reached = (i for i, p in enumerate(body.parameters[:carries]) if p in sources)
            return {i for i, t in enumerate(body.outputs) if t in inside} | set(reached)
        sources |= more


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
