"""Checks the invariants of a graph: inputs precede users, types follow from the inputs, dtypes are supported."""

from __future__ import annotations

from collections.abc import Sequence

from staticad.errors import DTypeError, ShapeError, VerifyError
from staticad.ir import dtypes
from staticad.ir.graph import Node, Tensor, describe
from staticad.ir.types import TensorType, may_be_same


def agree(a: TensorType, b: TensorType) -> bool:
    """Whether two types can be one: equal up to sizes whose equality shows only at run time."""
    return a.dtype == b.dtype and may_be_same(a.shape, b.shape)


def verify(outputs: Sequence[Tensor], after: str = "") -> None:
    """Check every node below the outputs. Raises VerifyError that names the node, its line, and ``after`` (a pass)."""
    seen: set[Node] = set()
    stack = []
    for tensor in outputs:
        _check_tensor(tensor, after)
        stack.append(tensor.node)
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        _check_node(node, after)
        stack.extend(t.node for t in node.inputs)


def _fail(node: Node, problem: str, after: str) -> VerifyError:
    place = f" after {after}" if after else ""
    return VerifyError(f"{describe(node.outputs[0])}: {problem}{place}")


def _check_tensor(tensor: Tensor, after: str) -> None:
    outputs = tensor.node.outputs
    if not (0 <= tensor.index < len(outputs) and outputs[tensor.index] is tensor):
        raise _fail(tensor.node, f"a tensor that is none of the node's {len(outputs)} outputs is used", after)


def _check_node(node: Node, after: str) -> None:
    for tensor in node.inputs:
        _check_tensor(tensor, after)
        # Every node is made after its inputs, so a cycle would need an edge to a later node.
        if tensor.node.serial >= node.serial:
            raise _fail(node, f"its input {describe(tensor)} is not older than the node (a cycle?)", after)
    for kind in node.types:
        if not dtypes.is_supported(kind.dtype):
            raise _fail(node, f"dtype {kind.dtype} is not supported", after)
    try:
        hash(node.attrs)
        inferred, _ = node.op.infer(tuple(t.type for t in node.inputs), node.attrs)
    except (ShapeError, DTypeError, TypeError) as error:
        raise _fail(node, f"its type can't be inferred: {error}", after) from error
    if len(inferred) != len(node.types) or not all(map(agree, inferred, node.types)):
        raise _fail(node, f"its inputs give the type {', '.join(map(str, inferred))}", after)
