"""Whether gradients are sure to exist, and of which types they are, so that nobody has to make them at once.

That is so of a real number, made of floats by ops whose rules are certain (`staticad.ops.base`), where a run has
nothing to check of sizes between it and what it is differentiated by. All else is derived where the user asks for it,
who learns there what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from staticad.autodiff.connect import cuts
from staticad.ir.dims import is_runtime
from staticad.ir.dtypes import is_complex, is_inexact
from staticad.ir.graph import ROOM, Node, Tensor, no_grad_here, sort_nodes
from staticad.ir.types import TensorType
from staticad.late import later
from staticad.ops.arithmetic import ABS, SQRT
from staticad.ops.control import PARAMETER, Control

if TYPE_CHECKING:
    from staticad.autodiff import squares
else:  # of graphs with roots
    squares = later("staticad.autodiff.squares")

_MOST = ROOM >> 8  # nodes and operands, for each of which a derivative makes some nodes


def are_certain(y: Tensor, xs: Sequence[Any]) -> bool:
    """Whether the gradients of y by all xs can be made without an error, each as a new tensor of the type of its x."""
    if no_grad_here() or any(size != 1 for size in y.shape) or not xs:
        return False
    if not all(isinstance(x, Tensor) for x in xs) or (len(xs) == 1 and not xs[0].shape):
        return False  # derivatives by one scalar are made in another way
    order = sort_nodes([y])
    ops = {node.op for node in order}
    if PARAMETER in ops or any(isinstance(op, Control) for op in ops):
        return False
    if (SQRT in ops or ABS in ops) and squares.without_roots([y], xs)[0][0] is not y:
        return False
    found = _passed(order, xs)
    return found is not None and y in found[0] and _are_new(y, xs, *found)


def _passed(order: Iterable[Node], xs: Sequence[Tensor]) -> tuple[set[Tensor], list[Node]] | None:
    """The tensors that depend on xs, which they are themselves, and the nodes, in order, through which they do; None if
    something about one of them is not certain."""
    sources = set(xs)
    dependent: set[Tensor] = set()
    passed: list[Node] = []
    plain: dict[int, bool] = {}  # of types, by identity: they live as long as the nodes
    work = 0
    for node in order:
        inputs, reached = node.inputs, node.outputs
        work += 1 + len(inputs)
        if not dependent.isdisjoint(inputs) and not _cuts(node, plain):
            if not node.op.certain or node.constraints:
                return None
            passed.append(node)
        elif sources.isdisjoint(reached):
            continue
        else:
            reached = tuple(sources.intersection(reached))
        for tensor in reached:
            kind = tensor.type
            is_plain = plain.get(id(kind))
            if is_plain is None:
                is_plain = plain[id(kind)] = _is_plain(kind)
            if not is_plain:
                return None
        dependent.update(reached)
    return (dependent, passed) if work <= _MOST and sources <= dependent else None


def _cuts(node: Node, plain: dict[int, bool]) -> bool:
    """As `cuts`, told quickly of what has a plain type."""
    return node.detached or node.op.nondifferentiable or (not plain.get(id(node.types[0])) and cuts(node))


def _is_plain(kind: TensorType) -> bool:
    """Whether a type is that of real floats, and has no sizes that steps of loops have."""
    if not is_inexact(kind.dtype) or is_complex(kind.dtype):
        return False
    return all(isinstance(size, int) or not (size.locals or is_runtime(size)) for size in kind.shape)


def _are_new(y: Tensor, xs: Sequence[Tensor], dependent: set[Tensor], passed: Sequence[Node]) -> bool:
    """Whether y depends on all xs, and no two of them get the same cotangent, handed on by sums."""
    uses: dict[Tensor, int] = {y: 0}
    by: dict[Tensor, Tensor] = {y: y}  # the tensor whose cotangent one has that is used once
    for node in reversed(passed):
        out = node.outputs[0]
        used = uses.get(out)
        if used is None:
            continue
        first, hands_on = by[out] if used <= 1 else out, node.op.hands_on
        for x in node.inputs:
            if x in dependent:
                uses[x] = uses.get(x, 0) + 1
                by[x] = first if hands_on and x.type is out.type else x
    cotangents = {by[x] if uses[x] <= 1 else x for x in xs if x in uses}
    return len(cotangents) == len(xs)
