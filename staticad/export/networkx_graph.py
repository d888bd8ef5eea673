"""Graphs for analysis: a networkx.MultiDiGraph with everything that is known of nodes and edges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from staticad.export.attributes import Outputs, attributes, kind, lines, named_outputs, number_nodes, parts
from staticad.export.bodies import inputs_of_node, outputs_of_body, parameters_of_body
from staticad.ir.dims import Shape
from staticad.ir.graph import Node, Tensor, check_name, sort_nodes
from staticad.late import later
from staticad.ops.control import bodies

if TYPE_CHECKING:
    import networkx
else:
    networkx = later("networkx")  # takes longer to import than the package itself


def to_networkx(tensors: Outputs, *, name: str = "graph") -> networkx.MultiDiGraph:
    """The graph below a tensor, a sequence of tensors, or a mapping of names to tensors.

    Nodes are numbers, inputs before users, with the attributes ``label``, ``op``, ``family`` (for sources the op
    itself), ``attrs`` (text), ``name`` (or ""), ``shape`` (a tuple: free sizes as text), ``dtype``, ``where`` (the
    user's line), ``part`` ("forward", "gradient" or "update") and ``outputs`` (the positions among the results).
    Edges run from an input to its user, with ``position`` (among the user's inputs), ``output`` (of the input's
    node), ``shape`` and ``dtype``. A node that uses a tensor twice has two edges.

    The nodes inside bodies of branches and loops have the attribute ``body``: the number of the branch or loop and the
    place of the body. Edges run from what a parameter stands for to the parameter (``kind`` "parameter"), and from
    the outputs of the body to the branch or loop (``kind`` "carry 0", "result 1", "goes on").
    Raises GraphError for what is no tensor.
    """
    check_name("graph", name)
    results = named_outputs(tensors)
    numbers = number_nodes(results)
    graph = networkx.MultiDiGraph(name=name)
    _add(graph, numbers, parts(numbers), [tensor for _, tensor in results], {})
    return graph


def _add(
    graph: networkx.MultiDiGraph,
    numbers: dict[Node, int],
    part: Mapping[Node, str],
    results: list[Tensor],
    more: dict[str, Any],
) -> None:
    """Add the nodes and edges of one graph, and then those of its bodies."""
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
            outputs=tuple(i for i, tensor in enumerate(results) if tensor.node is node),
            **more,
        )
        for position in inputs_of_node(node):
            _connect(graph, numbers[node.inputs[position].node], number, node.inputs[position], position)
    for node, number in numbers.items():
        for place, body in enumerate(bodies(node)):
            first = len(graph)
            inner = {n: first + i for i, n in enumerate(sort_nodes(body.outputs))}
            _add(graph, inner, dict.fromkeys(inner, part[node]), [], {"body": (number, place)})
            for position, (parameter, stands_for) in enumerate(parameters_of_body(node, body)):
                if parameter.node in inner:
                    source = numbers[stands_for.node]
                    _connect(graph, source, inner[parameter.node], stands_for, position, kind="parameter")
            for position, (label, tensor) in enumerate(outputs_of_body(node, body)):
                _connect(graph, inner[tensor.node], number, tensor, position, kind=label)


def _connect(
    graph: networkx.MultiDiGraph, source: int, target: int, tensor: Tensor, position: int, **more: str
) -> None:
    graph.add_edge(
        source,
        target,
        position=position,
        output=tensor.index,
        shape=_shape(tensor.shape),
        dtype=tensor.dtype.name,
        **more,
    )


def _shape(shape: Shape) -> tuple[int | str, ...]:
    return tuple(size if isinstance(size, int) else str(size) for size in shape)
