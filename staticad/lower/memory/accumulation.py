"""Updates that add a multiple of a matrix product: ``w - 0.1 * (x.T @ g)`` is one call of BLAS that writes to ``w``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from staticad.ir.graph import Node, Tensor
from staticad.ops.arithmetic import ADD, MUL, NEG, SUB
from staticad.ops.sources import constant_array


@dataclass(frozen=True)
class Accumulation:
    """``variable += alpha * product``; ``between`` are the nodes from the product to the new value."""

    product: Node
    alpha: float
    between: frozenset[Node]


def accumulation(value: Tensor, is_variable: Callable[[Tensor], bool]) -> Accumulation | None:
    """How a value is the variable plus a multiple of a matrix product; None if it is not."""
    node = value.node
    if node.op is ADD:
        sides = [(node.inputs[0], node.inputs[1], 1.0), (node.inputs[1], node.inputs[0], 1.0)]
    elif node.op is SUB:
        sides = [(node.inputs[0], node.inputs[1], -1.0)]
    else:
        return None
    for base, term, sign in sides:
        if is_variable(base):
            found = _multiple(term)
            if found is not None and found[0].types[0] == value.type:
                product, alpha, between = found
                return Accumulation(product, sign * alpha, frozenset({node, *between}))
    return None


def _multiple(term: Tensor) -> tuple[Node, float, list[Node]] | None:
    alpha = 1.0
    between: list[Node] = []
    while term.op.family != "contract":
        between.append(term.node)
        if term.op is NEG:
            alpha, term = -alpha, term.inputs[0]
            continue
        if term.op is not MUL:
            return None
        numbers = [number for number in map(_number, term.inputs) if number is not None]
        if len(numbers) != 1:
            return None
        alpha *= numbers[0]
        (term,) = (x for x in term.inputs if _number(x) is None)
    return term.node, alpha, between


def _number(tensor: Tensor) -> float | None:
    """The value of a constant with one element."""
    if any(size != 1 for size in tensor.shape):
        return None
    if tensor.op.family == "creation" and tensor.op.kind == "fill":
        return float(tensor.node.attrs["value"])
    array = constant_array(tensor)
    return None if array is None else float(array.reshape(()))
