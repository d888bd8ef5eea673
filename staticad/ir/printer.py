"""The text form of a graph: one line a node, with types and the user's lines."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

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
    """The attributes of a node in brackets, or nothing. Bodies are left out."""
    shown = [f"{k}={format_value(v)}" for k, v in attrs.items() if not _bodies(v)]
    return f"[{', '.join(shown)}]" if shown else ""


def print_graph(outputs: Iterable[Tensor], where: bool = False) -> str:
    """The graph below the outputs as text; the bodies of branches and loops stand indented below their nodes.

    >>> # %0 = placeholder[name=x] : float64[n]
    >>> # %1 = exp(%0) : float64[n]
    """
    return "\n".join(_print(list(outputs), {}, itertools.count(), where))


def _print(outputs: list[Tensor], outside: dict[Node, int], counter: Iterator[int], where: bool) -> list[str]:
    numbers = dict(outside)
    lines = []
    for node in sort_nodes(outputs):
        if node in outside:
            continue
        numbers[node] = next(counter)
        arguments = ", ".join(_reference(t, numbers) for t in node.inputs)
        call = f"{node.op.name}{format_attrs(node.attrs)}" + (f"({arguments})" if node.inputs else "")
        name = f" {node.name!r}" if node.name else ""
        types = ", ".join(map(str, node.types))
        lines.append(f"%{numbers[node]} = {call}{name} : {types}" + (f"  # {node.where}" if where else ""))
        for key, value in node.attrs.items():
            for position, body in enumerate(_bodies(value) if key != "base" else ()):
                inside = {**numbers, **{t.node: next(counter) for t in body.parameters}}
                head = ", ".join(f"{_reference(t, inside)} : {t.type}" for t in body.parameters)
                lines.append(f"    {key}{f' {position}' if isinstance(value, tuple) else ''}({head}):")
                lines += [f"        {line}" for line in _print(list(body.outputs), inside, counter, where)]
    lines.append("return " + ", ".join(_reference(t, numbers) for t in outputs))
    return lines


def _bodies(value: Any) -> tuple[Any, ...]:
    """The graphs from parameters to outputs that an attribute holds."""
    values = value if isinstance(value, tuple) else (value,)
    return values if values and all(hasattr(v, "parameters") and hasattr(v, "outputs") for v in values) else ()


def _reference(tensor: Tensor, numbers: dict[Node, int]) -> str:
    suffix = f".{tensor.index}" if len(tensor.node.types) > 1 else ""
    return f"%{numbers[tensor.node]}{suffix}"
