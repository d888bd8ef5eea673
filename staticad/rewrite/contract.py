"""Canonical matrix products: signs and transposes moved, batches folded into one large product where that is possible.

Transposes of operands stay views, which a GEMM takes as flags. The sign of a zero in a matrix product and the order
in which its terms are added are open, so that these rules change no more than what a routine may.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from staticad.ir.dims import product
from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ops.arithmetic import MUL
from staticad.ops.base import apply
from staticad.ops.contract import MATMUL
from staticad.ops.creation import FULL
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS, RESHAPE, TRANSPOSE, last_two_swapped, swapped
from staticad.ops.reduce import SUM
from staticad.rewrite.algebra import is_power_of_two
from staticad.rewrite.match import fit, floats, number, scalar_value
from staticad.rewrite.movement import expanded, squeezed
from staticad.rewrite.pattern import Rule, Variable, call, equation

a, b = Variable("a"), Variable("b")


def _is_swapped(x: Tensor) -> bool:
    return x.node.op is TRANSPOSE and x.node.attrs["axes"] == last_two_swapped(x.ndim)


def _reshaped(x: Tensor, rows: int) -> Tensor:
    """A matrix whose rows are all but the last ``rows`` axes of x."""
    split = x.ndim - rows
    return apply(RESHAPE, x, shape=(product(x.shape[:split]), *x.shape[split:]), constraints=())


def _scale(tensor: Tensor) -> Tensor | None:
    for position, operand in enumerate(tensor.node.inputs):
        if operand.node.op is not MUL or operand.dtype.kind == "b":
            continue
        for factor, other in (operand.node.inputs, operand.node.inputs[::-1]):
            value = scalar_value(factor)
            if value is None or other.shape != operand.shape or (floats(tensor) and not is_power_of_two(value)):
                continue
            inputs = list(tensor.node.inputs)
            inputs[position] = other
            return apply(MUL, apply(MATMUL, *inputs), number(value, tensor))
    return None


def _outer_or_inner(tensor: Tensor) -> Tensor | None:
    """(…, m, 1) @ (…, 1, n) is a product with broadcasting, (…, 1, k) @ (…, k, 1) a sum of products."""
    left, right = tensor.node.inputs
    if left.shape[-1] == 1 and right.shape[-2] == 1:
        return fit(apply(MUL, left, right), tensor.type)
    if left.shape[-2] == 1 and right.shape[-1] == 1 and tensor.dtype.kind != "b":
        x, y = squeezed(left, (left.ndim - 2,)), squeezed(right, (right.ndim - 1,))
        total = apply(MUL, x, y)
        total = apply(SUM, total, axes=(total.ndim - 1,))
        return fit(expanded(total, (total.ndim, total.ndim + 1)), tensor.type)
    return None


def one_of_equals(x: Tensor, axis: int) -> Tensor | None:
    """The tensor with one element along an axis, if all are the same one; None if that is not said by views."""
    node = x.node
    shape = (*x.shape[:axis], 1, *x.shape[axis + 1 :])
    if node.op is FULL:
        return apply(FULL, **{**node.attrs, "shape": shape})
    if node.op is BROADCAST_TO:
        inner = node.inputs[0]
        lead = x.ndim - inner.ndim
        one = axis < lead or (inner.shape[axis - lead] == 1 and x.shape[axis] != 1)
        return apply(BROADCAST_TO, inner, shape=shape) if one else None
    if node.op is TRANSPOSE:
        found = one_of_equals(node.inputs[0], node.attrs["axes"][axis])
        return None if found is None else apply(TRANSPOSE, found, axes=node.attrs["axes"])
    if node.op is EXPAND_DIMS and axis not in node.attrs["axes"]:
        found = one_of_equals(node.inputs[0], axis - sum(a < axis for a in node.attrs["axes"]))
        return None if found is None else apply(EXPAND_DIMS, found, axes=node.attrs["axes"])
    return None


def _one_of_all(x: Tensor, stacks: bool, axis: int) -> Tensor:
    """The tensor with one element along an axis where all are the same one, and also along those of the stack."""
    for a in (*(range(x.ndim - 2) if stacks else ()), axis):
        one = one_of_equals(x, a) if x.shape[a] != 1 else None
        x = x if one is None else one
    return x


def _of_equal_rows(tensor: Tensor) -> Tensor | None:
    """Rows of a that are all the same are multiplied once, and so are columns of b: cotangents of sums."""
    left, right = tensor.node.inputs
    row = _one_of_all(left, right.ndim == 2, left.ndim - 2)
    column = _one_of_all(right, left.ndim == 2, right.ndim - 1)
    if row is left and column is right:
        return None
    product = apply(MATMUL, row, column)
    return apply(BROADCAST_TO, product, shape=tensor.shape)


def _one_matrix(x: Tensor) -> Tensor | None:
    """The matrix of a stack that is one matrix throughout."""
    if x.node.op in (BROADCAST_TO, EXPAND_DIMS) and x.node.inputs[0].ndim == 2 and x.ndim > 2:
        matrix = x.node.inputs[0]
        return matrix if x.shape[-2:] == matrix.shape else None
    return x if x.ndim == 2 else None


def _batch_of_rows(tensor: Tensor) -> Tensor | None:
    """(…, m, k) @ (k, n): the rows of all matrices of the stack, times one matrix. Not for a transposed stack, whose
    rows do not lie one after the other."""
    left, right = tensor.node.inputs
    matrix = _one_matrix(right)
    if matrix is None or left.ndim == 2 or left.shape[:-2] != tensor.shape[:-2] or left.node.op is TRANSPOSE:
        return None
    rows = apply(MATMUL, _reshaped(left, 1), matrix)
    return apply(RESHAPE, rows, shape=tensor.shape, constraints=())


def _sum_of_batch(tensor: Tensor) -> Tensor | None:
    """sum(xᵀ @ y over a stack): one product whose inner axis runs through the stack (the gradient of a weight)."""
    stack = tensor.node.inputs[0]
    if stack.node.op is not MATMUL or tensor.node.attrs["axes"] != tuple(range(stack.ndim - 2)):
        return None
    left, right = stack.node.inputs
    if not _is_swapped(left) or right.node.op is TRANSPOSE or left.shape[:-2] != right.shape[:-2]:
        return None
    x = left.node.inputs[0]
    if x.shape[-2] != right.shape[-2]:
        return None
    return apply(MATMUL, swapped(_reshaped(x, 1)), _reshaped(right, 1))


def single_use(outputs: Sequence[Tensor]) -> frozenset[Node]:
    """The nodes whose result is read exactly once and is no output."""
    reads = Counter(t.node for node in sort_nodes(outputs) for t in node.inputs)
    wanted = {t.node for t in outputs}
    return frozenset(node for node, count in reads.items() if count == 1 and node not in wanted)


CONTRACT_RULES = (
    equation(call(MATMUL, -a, b), -call(MATMUL, a, b)),
    equation(call(MATMUL, a, -b), -call(MATMUL, a, b)),
    Rule("matmul of equal rows or columns = broadcast(matmul)", (MATMUL,), _of_equal_rows),
    Rule("matmul of single rows or columns = products", (MATMUL,), _outer_or_inner),
    Rule("matmul(stack, matrix) = matmul(rows, matrix)", (MATMUL,), _batch_of_rows),
    Rule("sum(matmul(xᵀ, y) over the stack) = matmul", (SUM,), _sum_of_batch),
    Rule("matmul(c * a, b) = c * matmul(a, b)", (MATMUL,), _scale, unsound="over- and underflow"),
)
