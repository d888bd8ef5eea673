"""Constant folding: what depends on constants alone is computed once, with the ops' NumPy references.

A constant whose elements are all one number becomes `full`, which needs no memory and takes part in the algebra.
Nothing that raises is folded (an index out of bounds has to raise in a run), nor is a result that is larger than
its operands and than `LIMIT` elements.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from staticad.errors import VerifyError
from staticad.ir.dims import product
from staticad.ir.graph import Node, Tensor, describe
from staticad.ops.base import Creation, Elementwise, Op, Source
from staticad.ops.control import Control
from staticad.ops.creation import FULL, SIZE, fill
from staticad.ops.effects import Effect
from staticad.ops.movement import DIAGONAL
from staticad.ops.sources import CONSTANT, constant
from staticad.rewrite.match import NUMBERS, VIEWS, scalar_value, uniform_value
from staticad.rewrite.pattern import Rule, every

LIMIT = 4096
FILLED = 1 << 20  # elements of a fill that are still looked at one by one


def _fold_uniform(tensor: Tensor) -> Tensor | None:
    value = uniform_value(tensor.node.attrs["value"].array)
    return None if value is None else fill(tensor.shape, value, tensor.dtype)


def _fold_size(tensor: Tensor) -> Tensor | None:
    size = tensor.node.attrs["size"]
    return fill((), size, tensor.dtype) if isinstance(size, int) else None


def _fold_view(tensor: Tensor) -> Tensor | None:
    operand = tensor.node.inputs[0].node
    return fill(tensor.shape, operand.attrs["value"], tensor.dtype) if operand.op is FULL else None


def _fold_uniform_operands(tensor: Tensor) -> Tensor | None:
    node = tensor.node
    if any(t.node.op not in NUMBERS for t in node.inputs):
        return None
    numbers = [scalar_value(t) for t in node.inputs]
    if any(n is None for n in numbers):
        return None
    results = _evaluate(node, [np.asarray(n, t.dtype) for n, t in zip(numbers, node.inputs)])
    if results is None:
        return None
    value = uniform_value(results[0])
    return None if value is None else fill(tensor.shape, value, tensor.dtype)


def _fold_arrays(tensor: Tensor) -> list[Tensor] | None:
    node = tensor.node
    if not node.inputs or node.constraints:
        return None
    arrays = []
    room = LIMIT
    for operand in node.inputs:
        array = _known_array(operand)
        if array is None:
            return None
        room = max(room, array.size if operand.node.op is CONSTANT else 0)
        arrays.append(array)
    for kind in node.types:
        count = product(kind.shape)
        if not isinstance(count, int) or count > room:
            return None
    results = _evaluate(node, arrays)
    return None if results is None else [constant(result) for result in results]


def _known_array(tensor: Tensor) -> np.ndarray | None:
    """The elements of a constant or a fill of known size (without memory for them)."""
    attrs = tensor.node.attrs
    if tensor.node.op is CONSTANT:
        return attrs["value"].array
    shape = tuple(s for s in tensor.shape if isinstance(s, int))
    if tensor.node.op is not FULL or len(shape) != tensor.ndim or math.prod(shape) > FILLED:
        return None
    return np.broadcast_to(np.asarray(attrs["value"], tensor.dtype), shape)


def _evaluate(node: Node, arrays: list[np.ndarray]) -> list[np.ndarray] | None:
    """The reference's results; None where it raises."""
    attrs: dict[str, Any] = dict(node.attrs)
    if node.op.needs_shape:
        attrs["shape"] = node.types[0].shape
    try:
        with np.errstate(all="ignore"):
            made = node.op.numpy(*arrays, **attrs)
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return None
    results = [np.asarray(result) for result in (made if node.op.several_outputs else (made,))]
    for result, tensor in zip(results, node.outputs, strict=True):
        if result.dtype != tensor.dtype:
            raise VerifyError(f"{describe(tensor)} was computed as {result.dtype}")
    return results


def is_function(op: Op) -> bool:
    """Of numbers, and known to be without effects."""
    return isinstance(op, Elementwise) and not op.of_user


def _is_computed(op: Op) -> bool:
    return not isinstance(op, (Source, Creation, Control, Effect)) and not op.of_user


FOLD_RULES = (
    Rule("constant of equal elements = full", (CONSTANT,), _fold_uniform),
    Rule("size of a known size = number", (SIZE,), _fold_size),
    Rule("view(full) = full", (*VIEWS, DIAGONAL), _fold_view, fits=every((FULL,))),
    Rule("f(numbers) = number", (), _fold_uniform_operands, fits=every(NUMBERS), kind=is_function),
    Rule("f(constants) = constant", (), _fold_arrays, fits=every((CONSTANT, FULL)), kind=_is_computed),
)
