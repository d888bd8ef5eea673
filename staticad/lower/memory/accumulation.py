"""Updates that add a multiple of a matrix product: ``w - 0.1 * (x.T @ g)`` is one call of BLAS that writes to ``w``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from staticad.ir.graph import Node, Tensor
from staticad.lower.interface import FamilyLowering
from staticad.ops.arithmetic import ADD, MUL, NEG, SUB
from staticad.ops.base import Op
from staticad.ops.sources import constant_array
from staticad.records import dataclass


@dataclass(frozen=True)
class Accumulation:
    """``variable += alpha * product``; ``between`` are the nodes from the product to the new value."""

    product: Node
    alpha: float
    between: frozenset[Node]


def accumulation(
    value: Tensor, is_variable: Callable[[Tensor], bool], families: Mapping[Op, FamilyLowering]
) -> Accumulation | None:
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
            found = _multiple(term, families)
            if found is not None and found[0].types[0] == value.type:
                product, alpha, between = found
                return Accumulation(product, sign * alpha, frozenset({node, *between}))
    return None


def _multiple(term: Tensor, families: Mapping[Op, FamilyLowering]) -> tuple[Node, float, list[Node]] | None:
    alpha = 1.0
    between: list[Node] = []
    while not families[term.op].accumulates:
        between.append(term.node)
        if term.op is NEG:
            alpha, term = -alpha, term.inputs[0]
            continue
        if term.op is not MUL:
            return None
        numbers = [_number(x, families) for x in term.inputs]
        known = [number for number in numbers if number is not None]
        if len(known) != 1:
            return None
        alpha *= known[0]
        term = term.inputs[numbers.index(None)]
    return term.node, alpha, between


def _number(tensor: Tensor, families: Mapping[Op, FamilyLowering]) -> float | None:
    """The value of a constant with one element."""
    if any(size != 1 for size in tensor.shape):
        return None
    filled = families[tensor.op].filled(tensor.node)
    if filled is not None:
        return float(filled)
    array = constant_array(tensor)
    return None if array is None else float(array.reshape(()))
