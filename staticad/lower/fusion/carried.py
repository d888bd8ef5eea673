"""Which operands of a loop or branch are changed rather than read: they are copied to where the result is, and changed
there (in place, where the copy turns out not to be needed)."""

from __future__ import annotations

from staticad.ir.graph import Node, Tensor
from staticad.ops.control import PARAMETER, Body

Carried = list[tuple[int, int]]  # numbers of an input and of an output


def carried(node: Node, used: set[Tensor]) -> Carried:
    """For a loop its carry; for a branch the outputs that every branch makes by changing parts of one operand."""
    if node.op.name == "loop":
        return [(number, number) for number in range(node.attrs["shape"].carries)]
    branches: tuple[Body, ...] = node.attrs["branches"]
    found: Carried = []
    for number, tensor in enumerate(node.outputs):
        roots = {_root(branch, branch.outputs[number]) for branch in branches} if tensor in used else set()
        root = roots.pop() if len(roots) == 1 else None
        if root is not None and all(root + 1 != operand for operand, _ in found):
            found.append((root + 1, number))
    return found


def _root(body: Body, tensor: Tensor) -> int | None:
    """The parameter that a value is a changed copy of, by its number."""
    while tensor.op is not PARAMETER:
        node, family = tensor.node, tensor.op.family
        if family == "scatter" or tensor.op.name == "replace":
            tensor = node.inputs[0]
        elif family == "control":
            inner = {output: operand for operand, output in carried(node, set(node.outputs))}
            if tensor.index not in inner:
                return None
            tensor = node.inputs[inner[tensor.index]]
        else:
            return None
    return next((number for number, own in enumerate(body.parameters) if own is tensor), None)
