"""How a node is made of an op, inputs and attributes: with what is inferred for it, and the user's line."""

from __future__ import annotations

from typing import Any

from staticad.errors import DTypeError, ShapeError
from staticad.ir.graph import Node, Tensor
from staticad.ir.inference import infer_new
from staticad.ir.provenance import Where, here


def new_node(
    op: Any, inputs: tuple[Tensor, ...], attrs: dict[str, Any], name: str | None = None, where: Where | None = None
) -> Node:
    """A new node, of the user's present line if no other is given. To be called by functions of this package.

    Raises ShapeError and DTypeError, with the op, the types and the user's lines.
    """
    try:
        packed, (types, constraints) = infer_new(op, tuple([t.type for t in inputs]), attrs)
    except (ShapeError, DTypeError) as error:
        raise type(error)(f"{op.called}: {error}{op.given(inputs)}") from None
    return Node(op, inputs, packed, types, constraints, name, where or here(4))
