"""Squares of lengths, absolute values and square roots, without the root.

The square of a length is a sum of squares, which has all derivatives at 0, where the length itself has none: what is
made of its derivatives step by step has the wrong second one. So squares are taken before derivatives are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

import numpy as np

from staticad.ir.dtypes import is_float
from staticad.ir.graph import Node, Tensor
from staticad.ops.arithmetic import ABS, ADD, DIV, MUL, NEG, POW, SQRT, SQUARE
from staticad.ops.base import Movement, Op, Reshape, apply
from staticad.ops.comparison import EQUAL, LESS
from staticad.ops.creation import FULL, fill
from staticad.ops.facts import nonnegative
from staticad.ops.movement import BROADCAST_TO
from staticad.ops.selection import WHERE
from staticad.ops.sources import constant_array

DEPTH = 6  # products of more levels are not taken apart

Same = Callable[[Tensor, Tensor], bool]


def without_root(tensor: Tensor, same: Same, fixed: Collection[Tensor] = ()) -> Tensor | None:
    """The product, square or even power, in which a root met itself, without that root; None if there is none.

    ``same`` tells whether two tensors compute the same. Nodes that make a tensor in ``fixed`` are not looked into.
    """
    node = tensor.node
    if not is_float(tensor.dtype) or node.detached or node.op not in (MUL, SQUARE, POW):
        return None
    exponent = 2.0 if node.op is not POW else _number(node.inputs[1])
    if exponent is None or exponent <= 0 or exponent % 2:
        return None
    a, b = node.inputs if node.op is MUL else (node.inputs[0], node.inputs[0])
    for root, (stand_in, square) in _roots(a, fixed):
        left, right = (_replaced(t, root, stand_in, same, fixed) for t in (a, b))
        if left is None or right is None:
            continue
        # In this order nothing over- or underflows in the square of a product where the square itself does not.
        result = _times(left if square is None else _times(left, square), right)
        simpler = without_root(result, same, fixed)
        result = result if simpler is None else simpler
        if exponent != 2:
            result = apply(POW, result, fill((), exponent / 2, tensor.dtype))
        return result if result.shape == tensor.shape else apply(BROADCAST_TO, result, shape=tensor.shape)
    return None


def may_be_root(op: Op) -> bool:
    """False if what the op makes is neither a root nor a product with one."""
    return op in (ABS, DIV, MUL, NEG, SQRT, WHERE) or isinstance(op, (Movement, Reshape))


# What stands for a root where it meets itself, and what the product is multiplied by then (None for nothing).
Square = tuple[Tensor, Tensor | None]


def _roots(tensor: Tensor, fixed: Collection[Tensor], depth: int = DEPTH) -> Iterator[tuple[Tensor, Square]]:
    """The roots among the factors of a tensor, with their squares."""
    node = tensor.node
    square = _square_of(tensor, fixed)
    if square is not None:
        yield tensor, square
    elif depth and tensor not in fixed and node.op in (MUL, NEG, DIV):
        for operand in node.inputs if node.op is MUL else node.inputs[:1]:
            yield from _roots(operand, fixed, depth - 1)


def _replaced(
    tensor: Tensor, root: Tensor, by: Tensor, same: Same, fixed: Collection[Tensor], depth: int = DEPTH
) -> Tensor | None:
    """The tensor with another one for one of its factors, which has to be the root; None if it is not among them."""
    if same(tensor, root):
        return by
    node = tensor.node
    if depth == 0 or tensor in fixed or node.op not in (MUL, NEG, DIV):
        return None
    first = _replaced(node.inputs[0], root, by, same, fixed, depth - 1)
    if node.op is MUL:
        if first is not None:
            return _times(first, node.inputs[1])
        second = _replaced(node.inputs[1], root, by, same, fixed, depth - 1)
        return None if second is None else _times(node.inputs[0], second)
    return None if first is None else apply(node.op, first, *node.inputs[1:])


def _square_of(root: Tensor, fixed: Collection[Tensor]) -> Square | None:
    """The square of a length, an absolute value, a root or a view of one; None for other tensors."""
    if not is_float(root.dtype):
        return None
    views: list[Node] = []
    while not (root in fixed or root.node.detached) and isinstance(root.op, (Movement, Reshape)):
        views.append(root.node)
        root = root.inputs[0]
    node = root.node
    if node.op not in (ABS, SQRT, WHERE) or root in fixed or node.detached:
        return None
    squares = node.inputs[0]
    if node.op is not ABS:
        squared = _root_squared(squares) if node.op is SQRT else _length_squared(root, fixed)
        if squared is None:
            return None
        squares = squared
    for view in reversed(views):
        squares = apply(view.op, squares, **view.attrs)
    return (squares, None) if node.op is ABS else (fill((), 1, root.dtype), squares)


def _root_squared(x: Tensor) -> Tensor:
    """sqrt(x)**2 = x; NaN for x < 0, and 0.0 for -0.0."""
    if nonnegative(x):
        return x
    guard = apply(WHERE, apply(LESS, x, fill((), 0, x.dtype)), fill((), np.nan, x.dtype), fill((), 1, x.dtype))
    return apply(ADD, apply(MUL, x, guard), fill((), 0, x.dtype))


def _length_squared(length: Tensor, fixed: Collection[Tensor]) -> Tensor | None:
    """s, if the tensor is where(s == 0, 0, sqrt(where(s == 0, 1, s))), as `norm` makes it."""
    condition, nothing, root = length.node.inputs
    if condition.op is not EQUAL or root.op is not SQRT or not _is_number(nothing, 0):
        return None
    inner = root.node.inputs[0]
    if inner.op is not WHERE or root in fixed or inner in fixed:
        return None
    again, one, squares = inner.node.inputs
    compared, zero = condition.node.inputs
    if again is not condition or compared is not squares or not (_is_number(zero, 0) and _is_number(one, 1)):
        return None
    return _root_squared(squares)


def _number(tensor: Tensor) -> float | None:
    """The number that a scalar constant is."""
    node = tensor.node
    while isinstance(node.op, (Movement, Reshape)):
        node = node.inputs[0].node
    if node.op is FULL:
        return float(node.attrs["value"])
    array = constant_array(node.outputs[0])
    return float(array.reshape(-1)[0]) if array is not None and array.size == 1 else None


def _is_number(tensor: Tensor, value: float) -> bool:
    return _number(tensor) == value


def _times(a: Tensor, b: Tensor) -> Tensor:
    """The product, without a scalar 1."""
    if a.ndim == 0 and _is_number(a, 1):
        return b
    return a if b.ndim == 0 and _is_number(b, 1) else apply(MUL, a, b)
