"""Graphs for analysis: a networkx.MultiDiGraph with everything that is known of nodes and edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from staticad.export.attributes import Outputs, attributes, kind, lines, named_outputs, number_nodes, parts
from staticad.ir.dims import Shape

if TYPE_CHECKING:
    import networkx


def to_networkx(tensors: Outputs, *, name: str = "graph") -> networkx.MultiDiGraph:
    """The graph below a tensor, a sequence of tensors, or a mapping of names to tensors.

    Nodes are numbers, inputs before users, with the attributes ``label``, ``op``, ``family`` (for sources the op
    itself), ``attrs`` (text), ``name`` (or ""), ``shape`` (a tuple: free sizes as text), ``dtype``, ``where`` (the
    user's line), ``part`` ("forward", "gradient" or "update") and ``outputs`` (the positions among the results).
    Edges run from an input to its user, with ``position`` (among the user's inputs), ``output`` (of the input's
    node), ``shape`` and ``dtype``. A node that uses a tensor twice has two edges.
    Raises GraphError for what is no tensor.
    """
    import networkx  # takes longer to import than the package itself

    results = named_outputs(tensors)
    numbers = number_nodes(results)
    part = parts(numbers)
    graph = networkx.MultiDiGraph(name=name)
    for node, number in numbers.items():
        graph.add_node(
            number,
            label="\n".join(lines(node)),
            op=node.op.name,
            family=kind(node),
            attrs=attributes(node),
            name=node.name or "",
            shape=_shape(node.types[0].shape),
            dtype=node.types[0].dtype.name,
            where=str(node.where),
            part=part[node],
            outputs=tuple(i for i, (_, tensor) in enumerate(results) if tensor.node is node),
        )
        for position, tensor in enumerate(node.inputs):
            graph.add_edge(
                numbers[tensor.node],
                number,
                position=position,
                output=tensor.index,
                shape=_shape(tensor.shape),
                dtype=tensor.dtype.name,
            )
    return graph


def _shape(shape: Shape) -> tuple[int | str, ...]:
    return tuple(size if isinstance(size, int) else str(size) for size in shape)
