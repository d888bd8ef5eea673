"""Elements that arrays of indices pick: f(x)[i] = f(x[i]), and sums of what was put into zeros.

A loss picks one element of each row: log_softmax(x)[rows, labels]. What the others would be need not be computed, and
the derivative, zeros with one number in each row, need not be summed element by element. Each index is still checked. A
place that gets several numbers may add them in another order, as any kernel may.
"""

from __future__ import annotations

from collections.abc import Sequence

from staticad.ir.dims import Size, at_least, product
from staticad.ir.dtypes import INT64
from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ops.arithmetic import ADD, NEG, SUB
from staticad.ops.base import Elementwise, apply
from staticad.ops.comparison import LESS
from staticad.ops.creation import FULL, IOTA, fill
from staticad.ops.indexing import GATHER, GATHER_ALONG, SCATTER
from staticad.ops.reduce import SUM
from staticad.ops.selection import WHERE
from staticad.rewrite.contract import single_use
from staticad.rewrite.match import is_constant, op_of
from staticad.rewrite.movement import squeezed
from staticad.rewrite.pattern import Rule

CHEAP = 2  # cost of an op that is computed again for the elements that are picked
FEW = 8  # times as many elements as are picked


def pick_rules(outputs: Sequence[Tensor]) -> tuple[Rule, ...]:
    """The rules for the graph below the outputs; none if it picks nothing."""
    if outputs and {node.op for node in sort_nodes(outputs)}.isdisjoint((GATHER, GATHER_ALONG, SCATTER)):
        return ()
    single = single_use(outputs)
    wanted = frozenset(tensor.node for tensor in outputs)

    def of_elements(tensor: Tensor) -> Tensor | None:
        x = tensor.node.inputs[0]
        node = x.node
        if not isinstance(node.op, Elementwise) or not _pays(node, tensor, single, wanted):
            return None
        if any(x.shape[axis] == 1 for axis in tensor.node.attrs["axes"]):
            return None
        picked = [_picked(tensor, operand) for operand in node.inputs]
        found = [operand for operand in picked if operand is not None]
        if len(found) < len(picked) or all(operand.shape == () != tensor.shape for operand in found):
            return None
        return apply(node.op, *found, **node.attrs)

    return (
        Rule("gather(f(x)) = f(gather(x))", (GATHER, GATHER_ALONG), of_elements),
        Rule("sum(scatter(0, x)) = scatter(0, x) for fewer axes", (SUM,), _sum_of_scattered),
    )


def _picked(tensor: Tensor, operand: Tensor) -> Tensor | None:
    """What a gather from x picks of an operand that broadcasts to x; None where that is no smaller gather. Each index
    is checked where an operand is not stretched along its axis."""
    x, *indices = tensor.node.inputs
    axes, aligned = tensor.node.attrs["axes"], tensor.node.attrs["aligned"]
    if operand.shape == x.shape:
        return apply(tensor.node.op, operand, *indices, **tensor.node.attrs)
    if all(size == 1 for size in operand.shape):
        return squeezed(operand, tuple(range(operand.ndim)))
    lead = x.ndim - operand.ndim
    if aligned:
        stretched = [a for a in range(x.ndim) if a < lead or operand.shape[a - lead] != x.shape[a]]
        return operand if stretched == list(axes) else None
    if len(axes) < x.ndim:
        return None
    kept = [axis for axis in axes if axis >= lead and operand.shape[axis - lead] != 1]
    operand = squeezed(operand, tuple(a for a in range(operand.ndim) if operand.shape[a] == 1))
    if len(kept) == 1 and _counts(indices[kept[0]], x.shape[kept[0]]):
        return operand
    places = tuple(range(len(kept)))
    return apply(GATHER, operand, *(indices[axis] for axis in kept), axes=places, position=0, aligned=False)


def _pays(node: Node, picked: Tensor, single: frozenset[Node], wanted: frozenset[Node]) -> bool:
    """Whether fewer elements are computed, or a few cheap ones once more in place of storing all."""
    if node in single:
        return _fewer(picked, node.outputs[0], 2)
    return node not in wanted and node.op.cost <= CHEAP and _fewer(picked, node.outputs[0], FEW)


def _fewer(part: Tensor, whole: Tensor, factor: int) -> bool:
    """True if there are that many times as many elements in the whole; a size that is not known counts as many."""
    left: list[Size] = list(whole.shape)
    taken: list[Size] = []
    for size in part.shape:
        if size in left:
            left.remove(size)
        elif size != 1:
            taken.append(size)
    if not taken and any(not isinstance(size, int) for size in left):
        return True
    return at_least(product(left) - factor * product(taken), 0)


def _sum_of_scattered(tensor: Tensor) -> Tensor | None:
    """The sum, also of the negative, over axes that are indexed."""
    x = tensor.node.inputs[0]
    inner = op_of(x, NEG)
    node = (x if inner is None else inner).node
    if node.op is not SCATTER or node.attrs["mode"] != "add" or not is_constant(node.inputs[0], 0.0):
        return None
    base, updates, *indices = node.inputs
    axes, summed = node.attrs["axes"], tensor.node.attrs["axes"]
    if len(axes) != base.ndim or not set(summed) < set(axes):
        return None
    kept = [(axis, index) for axis, index in zip(axes, indices, strict=True) if axis not in summed]
    for axis, index in zip(axes, indices, strict=True):
        if axis in summed:
            updates = _checked(updates, index, base.shape[axis])
    zero = fill((), 0.0, base.dtype)
    if len(kept) == 1 and _counts(kept[0][1], base.shape[kept[0][0]]):
        return apply(ADD if inner is None else SUB, *((updates, zero) if inner is None else (zero, updates)))
    if inner is not None:
        updates = apply(NEG, updates)
    zeros = apply(FULL, shape=tensor.shape, dtype=base.dtype, value=0.0)
    places = tuple(range(len(kept)))
    found = [index for _, index in kept]
    return apply(SCATTER, zeros, updates, *found, mode="add", axes=places, position=0, aligned=False)


def _checked(x: Tensor, index: Tensor, size: Size) -> Tensor:
    """The elements of x, where an index is in range; what is gathered is never negative."""
    numbers = apply(IOTA, shape=(size,), dtype=INT64, axis=0)
    place = apply(GATHER, numbers, index, axes=(0,), position=0, aligned=False)
    wrong = apply(LESS, place, fill((), 0, INT64))
    return apply(WHERE, wrong, fill((), 0.0, x.dtype), x)


def _counts(index: Tensor, size: Size) -> bool:
    """True for the numbers of all places of an axis, in order."""
    return index.op is IOTA and index.shape == (size,)
