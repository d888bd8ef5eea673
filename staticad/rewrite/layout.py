"""How products lie: which factor gives the rows, which stacks are one large product, what is stored as it is read.

Forms of one computation become one: a product that is read transposed is computed transposed, vectors times matrices
that have no axis in common are one product, and what a product reads with axes in another order is computed in that
order. The sign of a zero and the order of the terms are open, as in `staticad.rewrite.contract`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from staticad.ir.dims import Shape, Size, product
from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.late import later
from staticad.ops.arithmetic import MUL
from staticad.ops.base import Elementwise, apply
from staticad.ops.contract import MATMUL
from staticad.ops.movement import RESHAPE, TRANSPOSE, swapped
from staticad.ops.reduce import SUM
from staticad.rewrite.contract import one_of_equals, single_use
from staticad.rewrite.movement import expanded, squeezed, transposed
from staticad.rewrite.pattern import Rule

if TYPE_CHECKING:
    from staticad.functional import einsum
else:
    einsum = later("staticad.functional.einsum")

Axes = tuple[int, ...]
# Sides from which on a large product is faster than sums of products, which are computed where they are read.
_SIDE = 16


def layout_rules(outputs: Sequence[Tensor]) -> tuple[Rule, ...]:
    """The rules in the graph below the outputs."""
    single, orders = single_use(outputs), _orders(outputs)

    def of_product(tensor: Tensor) -> Tensor | None:
        """(a @ b)ᵀ = bᵀ @ aᵀ, if a @ b is not needed itself, also where rows and columns are split up."""
        axes, x = tensor.node.attrs["axes"], tensor.node.inputs[0]
        below = x.node.inputs[0].node if x.node.op is RESHAPE else x.node
        if x.node not in single or below not in single or below.op is not MATMUL:
            return None
        rows = range(x.ndim - 2, x.ndim - 1) if below is x.node else _rows(below.types[0].shape, x.shape)
        if rows is None or axes[-1] not in rows:
            return None
        left, right = below.inputs
        turned = apply(MATMUL, swapped(right), swapped(left))
        order = (*range(rows.start), *range(rows.stop, x.ndim), *rows)
        if below is not x.node:
            turned = apply(RESHAPE, turned, shape=tuple(x.shape[a] for a in order), constraints=())
        return transposed(turned, tuple(order.index(a) for a in axes))

    def of_elements(tensor: Tensor) -> Tensor | None:
        """f(x, y)ᵀ = f(xᵀ, yᵀ) where all that reads it reads it so, and a product among them."""
        axes, x = tensor.node.attrs["axes"], tensor.node.inputs[0]
        order = orders.get(x.node)
        if order is None or order != _order(axes):
            return None
        operands = [expanded(y, tuple(range(x.ndim - y.ndim))) if y.ndim else y for y in x.node.inputs]
        turned = apply(x.node.op, *(transposed(y, order) if y.ndim else y for y in operands), **x.node.attrs)
        return turned if order == axes else swapped(turned)

    return (
        Rule("transpose(matmul(a, b)) = matmul(bᵀ, aᵀ)", (TRANSPOSE,), of_product),
        Rule("transpose(f(x)) = f(transpose(x)) for a product", (TRANSPOSE,), of_elements),
        Rule("sum of products = matmul", (SUM,), _sum_of_products),
        Rule("matmul of stacks of vectors = matmul", (MATMUL,), _vectors_of_stack),
    )


def _rows(matrix: Shape, shape: Shape) -> range | None:
    """The axes into which a reshape splits the rows of a matrix; None where it mixes rows and columns."""
    found = [i for i in range(1, len(shape)) if (product(shape[:i]), product(shape[i:])) == matrix]
    return range(found[0]) if len(matrix) == 2 and found else None


def _order(axes: Axes) -> Axes:
    """The order in which a stack of matrices is stored that is read in this one: rows and columns stay as they are."""
    return (*axes[:-2], *sorted(axes[-2:]))


def _orders(outputs: Sequence[Tensor]) -> dict[Node, Axes]:
    """The elementwise nodes that are read in one order only, which is not their own, and by a product."""
    nodes = sort_nodes(outputs)
    read = [t.node for node in nodes if node.op is MATMUL for t in node.inputs]
    wanted = {node.inputs[0].node for node in read if node.op is TRANSPOSE}
    if not wanted:
        return {}
    orders: dict[Node, set[Axes | None]] = {t.node: {None} for t in outputs}
    for node in nodes:
        order = _order(node.attrs["axes"]) if node.op is TRANSPOSE else None
        for t in node.inputs:
            orders.setdefault(t.node, set()).add(order)
    found = {}
    for node in wanted:
        (order, *others) = orders[node]
        if isinstance(node.op, Elementwise) and not others and order is not None and order != tuple(sorted(order)):
            found[node] = order
    return found


def _own_axes(x: Tensor, ndim: int, last: int) -> tuple[Tensor, Axes]:
    """A tensor without the axes along which all is the same, but with the ``last`` ones, and where in a result of so
    many axes the others are."""
    labels, dropped = [], []
    for axis in range(x.ndim - last):
        one = x if x.shape[axis] == 1 else one_of_equals(x, axis)
        if one is None:
            labels.append(axis + ndim - x.ndim)
        else:
            x = one
            dropped.append(axis)
    return squeezed(x, tuple(dropped)), tuple(labels)


def _is_large(size: Size) -> bool:
    return not isinstance(size, int) or size >= _SIDE


def _vectors_of_stack(tensor: Tensor) -> Tensor | None:
    """(…, m, k) @ (…, k, 1) is one product of all columns and all rows if the stacks have no axis in common; rows times
    matrices likewise."""
    left, right = tensor.node.inputs
    if (left.shape[-2] == 1) == (right.shape[-1] == 1) or tensor.dtype.kind != "f":
        return None
    one, other = _factors(tensor)
    if len({*one.labels} & {*other.labels}) != 1:
        return None  # sums in the place where they are read are as fast as a stack of products
    return _contracted(tensor, one, other, frozenset((tensor.ndim,)))


def _sum_of_products(tensor: Tensor) -> Tensor | None:
    """sum(x * y) and sum(x @ y) over axes that both have are one product, if each has a long axis of its own."""
    x, axes = tensor.node.inputs[0], tensor.node.attrs["axes"]
    if x.dtype.kind != "f" or x.node.op not in (MUL, MATMUL):
        return None
    if x.node.op is MUL:
        one, other = (einsum.Term(*_own_axes(y, x.ndim, 0)) for y in x.node.inputs)
    else:
        one, other = _factors(x)
    summed = frozenset(axis for axis in (*axes, x.ndim) if axis in one.labels and axis in other.labels)
    if summed.isdisjoint(axes) or any(x.shape[axis] != 1 and axis not in summed for axis in axes):
        return None
    return _contracted(tensor, one, other, summed)


def _factors(x: Tensor) -> tuple[einsum.Term, einsum.Term]:
    """The factors of a product without axes along which all is the same; the inner one is labelled as the last."""
    found = []
    for factor, last in zip(x.node.inputs, ((x.ndim - 2, x.ndim), (x.ndim, x.ndim - 1)), strict=True):
        tensor, labels = _own_axes(factor, x.ndim, 2)
        single = tuple(i for i in (tensor.ndim - 2, tensor.ndim - 1) if tensor.shape[i] == 1)
        named = enumerate((*labels, *last))
        found.append(einsum.Term(squeezed(tensor, single), tuple(k for i, k in named if i not in single)))
    return found[0], found[1]


def _contracted(tensor: Tensor, one: einsum.Term, other: einsum.Term, summed: frozenset[int]) -> Tensor | None:
    """A tensor as one product of two terms, where that is a large one; the last axis of the result is that of the
    right factor."""
    a, b = (frozenset(k for k in term.labels if isinstance(k, int)) for term in (one, other))
    kept = sorted((a | b) - summed)
    sizes = {**one.sizes, **other.sizes}
    if not all(_is_large(product(sizes[k] for k in group)) for group in (summed, a - b, b - a)):
        return None
    if product(sizes[k] for k in kept) != product(tensor.shape):
        return None  # some axis is of neither
    if kept[-1] not in b:
        one, other = other, one
    found = einsum.contract(one, other, kept).ordered(tuple(kept)).tensor
    return found if found.shape == tensor.shape else apply(RESHAPE, found, shape=tensor.shape, constraints=())
