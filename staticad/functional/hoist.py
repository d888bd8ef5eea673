"""Products in a loop's body that don't depend on the carry: one batched product before the loop instead.

``x_t @ w`` for every slice x_t of xs and a captured w is a slice of ``xs @ w``: one large GEMM runs several times
faster than many small ones, and so does its gradient.
"""

from __future__ import annotations

from collections.abc import Sequence

from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ir.substitute import substitute
from staticad.ops.base import apply
from staticad.ops.contract import MATMUL
from staticad.ops.control import parameter
from staticad.ops.movement import EXPAND_DIMS


def hoist_products(
    outputs: Sequence[Tensor], slices: Sequence[Tensor], stacks: Sequence[Tensor], inside: set[Node]
) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """The body's outputs with such products replaced by slices of new sequences; these slices, and the sequences."""
    replacements: dict[Tensor, Tensor] = {}
    sequences: list[Tensor] = []
    known = dict(zip(slices, stacks, strict=True))
    for node in sort_nodes(outputs):
        if node.op is not MATMUL:
            continue
        a, b = node.inputs
        stack = _stacked(a, known)
        if stack is None or b.node in inside or b.ndim != 2:
            continue
        product = apply(MATMUL, stack, b)
        replacements[node.out] = parameter(node.types[0])
        sequences.append(product)
    if not replacements:
        return list(outputs), [], []
    return substitute(outputs, replacements), list(replacements.values()), sequences


def _stacked(tensor: Tensor, known: dict[Tensor, Tensor]) -> Tensor | None:
    """All steps of a slice, or of a slice with axes of size 1 put in."""
    if tensor in known:
        return known[tensor]
    if tensor.op is EXPAND_DIMS:
        below = _stacked(tensor.inputs[0], known)
        if below is not None:
            return apply(EXPAND_DIMS, below, axes=tuple(a + 1 for a in tensor.node.attrs["axes"]))
    return None
