"""The text form of a graph: one line a node, with types and the user's lines."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from staticad.ir.graph import Attrs, Node, Tensor, sort_nodes


def format_value(value: object) -> str:
    """An attribute, short: arrays are cut after a few elements."""
    array = getattr(value, "array", value)
    if isinstance(array, np.ndarray):
        text = np.array2string(array, threshold=6, edgeitems=2, precision=6, separator=",").replace("\n", "")
        return text if array.ndim else text.strip()
    return str(value)


def format_attrs(attrs: Attrs) -> str:
    """The attributes of a node in brackets, or nothing."""
    return "[" + ", ".join(f"{k}={format_value(v)}" for k, v in attrs.items()) + "]" if attrs else ""


def print_graph(outputs: Iterable[Tensor], where: bool = False) -> str:
    """The graph below the outputs as text.

    >>> # %0 = placeholder[name=x] : float64[n]
    >>> # %1 = exp(%0) : float64[n]
    """
    outputs = list(outputs)
    numbers: dict[Node, int] = {}
    lines = []
    for node in sort_nodes(outputs):
        numbers[node] = len(numbers)
        arguments = ", ".join(_reference(t, numbers) for t in node.inputs)
        call = f"{node.op.name}{format_attrs(node.attrs)}" + (f"({arguments})" if node.inputs else "")
        name = f" {node.name!r}" if node.name else ""
        types = ", ".join(map(str, node.types))
        lines.append(f"%{numbers[node]} = {call}{name} : {types}" + (f"  # {node.where}" if where else ""))
    lines.append("return " + ", ".join(_reference(t, numbers) for t in outputs))
    return "\n".join(lines)


def _reference(tensor: Tensor, numbers: dict[Node, int]) -> str:
    suffix = f".{tensor.index}" if len(tensor.node.types) > 1 else ""
    return f"%{numbers[tensor.node]}{suffix}"
