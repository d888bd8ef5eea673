"""The attributes of a node in pictures and exported graphs, the same in every format."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from staticad.errors import GraphError
from staticad.ir.dtypes import FLOAT32
from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ir.printer import format_value
from staticad.ir.provenance import Where
from staticad.ops.base import Source
from staticad.ops.control import LOOP
from staticad.ops.sources import CONSTANT

FORWARD, GRADIENT, UPDATE = "forward", "gradient", "update"
Outputs = Tensor | Iterable[Tensor] | Mapping[str, Tensor]

_SHOWN_BY_THE_TYPE = ("type", "dtype", "shape", "constraints")
_DRAWN = ("base", "body", "branches")
_UPDATE_OF = "update of "
_HELPERS = ("constant", "creation")
_SMALL = 6  # constants up to this many elements are shown by value
_LONGEST = 60  # characters of a value or of the attributes


def named_outputs(tensors: Outputs) -> list[tuple[str, Tensor]]:
    """The outputs with the names to show: the keys of a mapping, else the tensors' own names, else "".

    Raises GraphError for anything that is not a tensor.
    """
    if isinstance(tensors, Tensor):
        tensors = [tensors]
    if isinstance(tensors, Mapping):
        pairs = [(str(key), tensor) for key, tensor in tensors.items()]
    elif isinstance(tensors, Iterable):
        pairs = [("", tensor) for tensor in tensors]
    else:
        raise GraphError(f"only tensors can be drawn, not a {type(tensors).__name__}: {tensors!r}")
    for _, tensor in pairs:
        if not isinstance(tensor, Tensor):
            raise GraphError(f"only tensors can be drawn, not a {type(tensor).__name__}: {tensor!r}")
    return [(name or tensor.name or "", tensor) for name, tensor in pairs]


def number_nodes(outputs: Iterable[tuple[str, Tensor]]) -> dict[Node, int]:
    """Every node below the outputs with its number, inputs before users."""
    return {node: number for number, node in enumerate(sort_nodes(tensor for _, tensor in outputs))}


def kind(node: Node) -> str:
    """The family of the node's op; for sources the op itself: placeholder, variable, constant."""
    return node.op.name if isinstance(node.op, Source) else node.op.family


def parts(nodes: Iterable[Node]) -> dict[Node, str]:
    """For every node whether the user's own calls, a derivative or an optimizer made it: "forward", "gradient" or
    "update". Constants stand with the nodes that use them. ``nodes`` come inputs before users."""
    found: dict[Node, str] = {}
    users: dict[Node, set[str]] = {}
    for node in reversed(list(nodes)):
        own = part_of(node.where)
        if not node.inputs and own == FORWARD and len(users.get(node, ())) == 1 and kind(node) in _HELPERS:
            (own,) = users[node]
        found[node] = own
        for tensor in node.inputs:
            users.setdefault(tensor.node, set()).add(own)
    return found


def part_of(where: Where) -> str:
    """Which part of a program a line made: "forward", "gradient" or "update"."""
    if any(note.startswith(_UPDATE_OF) for note in where.notes):
        return UPDATE
    if any("gradient of" in note or "gradients of" in note for note in where.notes):
        return GRADIENT
    return FORWARD


def scope_of(where: Where) -> tuple[str, ...]:
    """The groups inside of its part that a line belongs to: name scopes; for updates what they update."""
    if where.scope:
        return tuple(where.scope.split("."))
    for note in where.notes:
        if note.startswith(_UPDATE_OF):
            return tuple(note.removeprefix(_UPDATE_OF).removeprefix("the state of ").split("."))
    return ()


def paths(nodes: Sequence[Node]) -> dict[Node, tuple[str, ...]]:
    """For every node the names of its part and of the groups in it, outermost first. What has no inputs stands with the
    nodes that use it, those of the first part if there are several. ``nodes`` come inputs before users."""
    part = parts(nodes)
    users: dict[Node, list[tuple[str, ...]]] = {}
    found: dict[Node, tuple[str, ...]] = {}
    for node in reversed(nodes):
        path = (part[node], *scope_of(node.where))
        if not node.inputs and node in users:
            path = (part[node], *common_start([p[1:] for p in users[node] if p[0] == part[node]] or [path[1:]]))
        found[node] = path
        for tensor in node.inputs:
            users.setdefault(tensor.node, []).append(path)
    return found


def common_start(found: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """What all tuples begin with."""
    same = itertools.takewhile(lambda names: len(set(names)) == 1, zip(*found, strict=False))
    return tuple(names[0] for names in same)


def ordered_inputs(node: Node) -> bool:
    """Whether it matters which input is which."""
    return len(node.inputs) > 1 and not getattr(node.op, "commutative", False)


def attributes(node: Node) -> str:
    """The attributes of a node, short, or the value of a small constant."""
    if node.op is CONSTANT:
        array: np.ndarray = node.attrs["value"].array
        text = str(array[()]) if array.ndim == 0 else format_value(array)
        return shortened(text) if array.size <= _SMALL else ""
    if node.op is LOOP:
        return shortened(str(node.attrs["shape"]))
    hidden = (*_SHOWN_BY_THE_TYPE, *_DRAWN)
    kind_of_number = (
        np.float32 if node.types[0].dtype == FLOAT32 else float
    )  # 0.1, and not all of its digits in float64
    values = {k: kind_of_number(v) if isinstance(v, float) else v for k, v in node.attrs.items() if k not in hidden}
    return shortened(", ".join(f"{k}={format_value(v)}" for k, v in values.items()))


def lines(node: Node) -> list[str]:
    """The label of a node: its name if it has one, the op with its attributes, the types."""
    title, rest = node.op.name, attributes(node)
    if kind(node) == "constant" and rest:
        title = rest
    elif rest:
        title = f"{title}({rest})"
    return [*([node.name] if node.name else []), title, *map(str, node.types)]


def shortened(text: str) -> str:
    """A text of at most so many characters as a box has room for."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
