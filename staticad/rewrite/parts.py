"""Parts of products: (a @ b)[rows] = a[rows] @ b, for slices and integer arrays, also through what stands between.

A part moves down to a product that is not needed otherwise, through elementwise functions, reductions and views that
are not either, if there is less to multiply then, and what an array of indices copies is worth it. So a gather moves
only where its indices are known to be fewer than the rows; a slice always is a part. Each index is still checked, by
gathers in the place of the one that is written, since a product has terms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from staticad.ir.dims import Size, at_least
from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ops.base import Elementwise, Reduce, apply
from staticad.ops.contract import MATMUL
from staticad.ops.indexing import GATHER
from staticad.ops.movement import EXPAND_DIMS, RESHAPE, SLICE, SQUEEZE, TRANSPOSE
from staticad.ops.parts import Part, Run, vector
from staticad.rewrite.contract import single_use
from staticad.rewrite.pattern import Rule

COPIED = 4  # multiplications that take as long as copying an element
FREE = 64  # what free sizes of the other axes count as

Parts = Mapping[int, Part]


def part_rules(outputs: Sequence[Tensor]) -> tuple[Rule, ...]:
    """The rules for parts of products in the graph below the outputs; none if it has no parts, or no products."""
    ops = {node.op for node in sort_nodes(outputs)}
    if outputs and (MATMUL not in ops or ops.isdisjoint((SLICE, GATHER))):
        return ()
    single = single_use(outputs)

    def of_slice(tensor: Tensor) -> Tensor | None:
        x, attrs = tensor.node.inputs[0], tensor.node.attrs
        runs = zip(attrs["starts"], attrs["steps"], attrs["sizes"], strict=True)
        parts = {axis: Run(*run) for axis, run in enumerate(runs) if run != (0, 1, x.shape[axis])}
        return _moved(x, parts, single)

    def of_gather(tensor: Tensor) -> Tensor | None:
        x, *indices = tensor.node.inputs
        axes = tensor.node.attrs["axes"]
        if len(indices) != 1 or tensor.node.attrs["position"] != axes[0] or "labels" in tensor.node.attrs:
            return None
        (index,) = indices
        result = _moved(x, {axes[0]: vector(index)}, single)
        if result is None or index.ndim == 1:
            return result
        return apply(RESHAPE, result, shape=tensor.shape, constraints=())

    return (
        Rule("slice(matmul(a, b)) = matmul(slice(a), slice(b))", (SLICE,), of_slice),
        Rule("gather(matmul(a, b)) = matmul(gather(a), b)", (GATHER,), of_gather),
    )


def _taken(x: Tensor, parts: Parts) -> Tensor:
    """These parts of a tensor."""
    for axis, part in parts.items():
        x = part.take(x, axis)
    return x


def _moved(x: Tensor, parts: Parts, single: frozenset[Node]) -> Tensor | None:
    """These parts of a tensor, taken before a product; None where there is none to gain from."""
    node = x.node
    if node not in single or not parts or len(node.outputs) != 1:
        return None
    if node.op is MATMUL:
        return _of_product(x, parts)
    if isinstance(node.op, Elementwise):
        return _of_elements(x, parts, single)
    places = _places(x)
    if places is None or any(places[axis] is None for axis in parts):
        return None
    below = {place: part for axis, part in parts.items() if (place := places[axis]) is not None}
    inner = _moved(node.inputs[0], below, single)
    return None if inner is None else apply(node.op, inner, **node.attrs)


def _places(x: Tensor) -> list[int | None] | None:
    """For each axis of a view or reduction the axis of its operand; None for others."""
    node = x.node
    if node.op is TRANSPOSE:
        return list(node.attrs["axes"])
    if node.op is EXPAND_DIMS:
        below = iter(range(node.inputs[0].ndim))
        return [None if axis in node.attrs["axes"] else next(below) for axis in range(x.ndim)]
    if node.op is SQUEEZE or isinstance(node.op, Reduce):
        return [axis for axis in range(node.inputs[0].ndim) if axis not in node.attrs["axes"]]
    return None


def _aligned(x: Tensor, operand: Tensor, parts: Parts) -> Parts | None:
    """The parts of an operand that broadcasts to x; None where an axis has another name there."""
    lead = x.ndim - operand.ndim
    own = {axis - lead: part for axis, part in parts.items() if axis >= lead and operand.shape[axis - lead] != 1}
    return own if all(operand.shape[axis] == x.shape[axis + lead] for axis in own) else None


def _of_elements(x: Tensor, parts: Parts, single: frozenset[Node]) -> Tensor | None:
    if any(x.shape[axis] == 1 for axis in parts):
        return None
    operands, gains = [], False
    for operand in x.node.inputs:
        own = _aligned(x, operand, parts)
        if own is None:
            return None
        moved = _moved(operand, own, single)
        gains = gains or moved is not None
        operands.append(_taken(operand, own) if moved is None else moved)
    return apply(x.node.op, *operands, **x.node.attrs) if gains else None


def _of_product(x: Tensor, parts: Parts) -> Tensor | None:
    left, right = x.node.inputs
    m, n, k = left.shape[-2], right.shape[-1], left.shape[-1]
    if any(x.shape[axis] == 1 or not _pays(x, axis, part, m, n, k) for axis, part in parts.items()):
        return None
    to_left = _aligned_stack(x, left, parts, x.ndim - 1)
    to_right = _aligned_stack(x, right, parts, x.ndim - 2)
    if to_left is None or to_right is None:
        return None
    return apply(MATMUL, _taken(left, to_left), _taken(right, to_right))


def _aligned_stack(x: Tensor, operand: Tensor, parts: Parts, other: int) -> Parts | None:
    """The parts of a factor, which lacks the axis that the result has of the other one."""
    return _aligned(x, operand, {axis: part for axis, part in parts.items() if axis != other})


def _pays(x: Tensor, axis: int, part: Part, m: Size, n: Size, k: Size) -> bool:
    """Whether the product gets smaller by more than copies of its factors cost. A view is no copy."""
    if isinstance(part, Run):
        return part.step > 0 and part.size != x.shape[axis]
    if not at_least(k, 1):  # no term, no check of an index
        return False
    known_m, known_n = (size if isinstance(size, int) else FREE for size in (m, n))
    sides = {x.ndim - 2: (known_n, 1), x.ndim - 1: (known_m, 1)}
    saved, copied = sides.get(axis, (known_m * known_n, known_m + known_n))
    return at_least((x.shape[axis] - part.size) * saved - COPIED * copied * part.size, 0)
