"""A hash of all that a compiled program is made of: equal hashes mean equal programs.

Nodes are numbered in the order in which they were made, and everything that a node consists of goes into the hash, by
the fields of its class: op, inputs, attributes, types, constraints, name and, for lines, which nodes share one. So do
the orders that passes may look at (that of serial numbers, that of the names of sizes). Lines themselves are left out:
the same graph from another file has the same program. What is not known here by its exact type is not skipped: there is
no hash then, and the program is compiled anew.
"""

from __future__ import annotations

import enum
import struct
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from hashlib import sha256
from itertools import chain, count
from typing import Any

import numpy as np

from staticad.ir.deferred import Derivation, Waiting
from staticad.ir.dim_values import functions
from staticad.ir.dims import Atom, Dim, Size, Symbol
from staticad.ir.dtypes import is_bfloat16
from staticad.ir.graph import Attrs, Node, Tensor, sort_nodes
from staticad.ir.provenance import Where
from staticad.ir.types import TensorType
from staticad.ops.base import Op
from staticad.ops.sources import ConstantValue, Default
from staticad.ops.unmade import Unmade
from staticad.runtime.variables import Variable

_PACKAGE = __name__.partition(".")[0]
_OPS_PACKAGE = f"{_PACKAGE}.ops."
_ops: dict[str, Op] = {}  # of the package, by their names, as far as they are imported


class NoKey(Exception):
    """Something in a graph has no text that tells it from everything else."""


class GraphKey:
    """The ``digest`` of a graph with named ``roots``, and of plain data that its program depends on besides; ``nodes``
    are those of the graph and of all bodies in it, by number. Given are those below the roots, as far as the graph is
    made; others that attributes name are found. Of tensors that wait for their nodes the hash is that of what they
    derive from. Raises NoKey."""

    def __init__(self, roots: Mapping[str, Sequence[Tensor]], graph: Unmade, *rest: Any) -> None:
        self.nodes: list[Node | Derivation] = []
        self._waiting = graph.waiting
        self._places: dict[Tensor, int] = {}  # the numbers of the tensors
        self._texts: dict[str, int] = {}  # each once, by their numbers
        self._known: dict[int, int] = {}  # the texts of parts of nodes, by identity
        self._atoms: dict[Atom, str] = {}
        self._sizes: dict[Dim, str] = {}
        self._lines: dict[Where, int] = {}
        self._alike: dict[tuple[Any, ...], int] = {}  # the kinds of nodes, by the identity of what they hold
        self._kinds: dict[tuple[int, ...], int] = {}
        self._objects: dict[int, str] = {}  # what is compared by identity
        self._definitions: list[str] = []  # of functions of sizes, and of such objects
        self._words: list[int] = []
        try:
            self._number(graph.nodes)
            named = [[self._place(tensor) for tensor in tensors] for tensors in roots.values()]
            texts = [self._text(part) for part in rest]
        except RecursionError as error:
            raise NoKey("bodies that are nested too deep") from error
        order = np.argsort(np.array([node.serial for node in self.nodes], np.int64))
        digest = sha256()
        for part in (roots, texts, self._orders(), self._definitions, self._texts, self._kinds):
            digest.update(repr(list(part)).encode("utf-8", "surrogatepass"))
        for words in (np.array(self._words, np.int64), order, *(np.array(numbers, np.int64) for numbers in named)):
            digest.update(struct.pack("<q", len(words)))
            digest.update(words.tobytes())
        self.digest = digest.hexdigest()

    def node(self, number: int) -> Node:
        """The node that has a number."""
        found = self.nodes[number]
        assert isinstance(found, Node)
        return found

    @property
    def numbers(self) -> dict[Node | Derivation, int]:
        """The numbers of the nodes."""
        return {node: number for number, node in enumerate(self.nodes)}

    def _number(self, nodes: Iterable[Node | Derivation]) -> None:
        """Number nodes and tensors, inputs before users, and note what each node consists of."""
        places, alike = self._places, self._alike
        fresh = [node for node in nodes if node.outputs[0] not in places]
        places.update(zip(chain.from_iterable([node.outputs for node in fresh]), count(len(places)), strict=False))
        self.nodes += fresh
        kinds: list[int] = []
        for node in fresh:
            if isinstance(node, Derivation):
                kinds.append(self._kind_of_derivation(node))
                continue
            held = (
                node.op, id(node.attrs), id(node.types), id(node.constraints), id(node.where), type(node.outputs[0]),
                node.name, node.detached, len(node.inputs),
            )  # fmt: skip
            kind = alike.get(held)
            if kind is None:
                kind = alike[held] = self._kind(node)  # nodes that it names are numbered meanwhile
            kinds.append(kind)
        self._words += (len(fresh), *kinds)
        self._words.extend(map(places.__getitem__, chain.from_iterable([node.inputs for node in fresh])))

    def _kind(self, node: Node) -> int:
        """The number of all that a node is besides its inputs."""
        part = self._part
        words = (
            part(node.op), part(node.attrs), part(node.constraints), part(node.name), int(node.detached),
            self._line(node.where), len(node.inputs), len(node.outputs),
            *[part(type(tensor)) for tensor in node.outputs], *map(part, node.types),
        )  # fmt: skip
        return self._kinds.setdefault(words, len(self._kinds))

    def _kind_of_derivation(self, derivation: Derivation) -> int:
        """The number of all that a derivation is besides its inputs; that of no node."""
        make = self._part(derivation.make.__qualname__)
        words = (-1, make, self._line(derivation.where), len(derivation.inputs), len(derivation.positions))
        return self._kinds.setdefault(words, len(self._kinds))

    def _part(self, value: Any) -> int:
        """The number of the text of something that a node holds."""
        found = self._known.get(id(value))
        if found is None:
            text = self._text(value)
            found = self._known[id(value)] = self._texts.setdefault(text, len(self._texts))
        return found

    def _line(self, where: Where) -> int:
        """The number of a line: nodes that share one may share what is reported of it."""
        return self._lines.setdefault(where, len(self._lines))

    def _text(self, value: Any) -> str:
        """A text that nothing has which is not the same."""
        kind = type(value)
        write = _WRITERS.get(kind)
        if write is not None:
            return write(self, value)
        if isinstance(value, np.dtype) and value.isbuiltin == 1 and value.metadata is None:
            return f"dtype {value.str!r}"
        if isinstance(value, np.dtype) and is_bfloat16(value):
            return "dtype 'bfloat16'"
        if isinstance(value, np.generic) and value.dtype.isbuiltin == 1:
            return f"scalar {value.dtype.str!r} {value.tobytes()!r}"
        if isinstance(value, Op) and _is_own(value):
            return f"op {value.name!r}"
        if kind.__module__.partition(".")[0] == _PACKAGE:  # whose sources are a part of every key
            if isinstance(value, enum.Enum):
                return f"{kind.__module__}.{kind.__qualname__}.{value.name}"
            if is_dataclass(value):
                return self._object(value) if kind.__eq__ is object.__eq__ else self._fields(value)
        raise NoKey(f"{kind.__module__}.{kind.__qualname__}: {value!r}")

    def _fields(self, value: Any) -> str:
        parts = ", ".join(f"{field.name}={self._text(getattr(value, field.name))}" for field in fields(value))
        return f"{type(value).__module__}.{type(value).__qualname__}({parts})"

    def _object(self, value: Any) -> str:
        """What is compared by identity has a number, and is described where that is first met."""
        found = self._objects.get(id(value))
        if found is None:
            found = self._objects[id(value)] = f"object {len(self._objects)}"
            self._definitions.append(f"{found}: {self._fields(value)}")
        return found

    def _node(self, node: Node) -> str:
        return f"node of {self._tensor(node.outputs[0])}"

    def _place(self, tensor: Tensor) -> int:
        """The number of a tensor."""
        found = self._places.get(tensor)
        if found is None:
            self._number(sort_nodes([tensor]))
            found = self._places[tensor]
        return found

    def _tensor(self, tensor: Tensor) -> str:
        return f"tensor {self._place(tensor)}"

    def _size(self, size: Dim) -> str:
        found = self._sizes.get(size)
        if found is None:
            for function in functions(size):
                if function not in self._atoms:
                    operands = ", ".join(map(self._polynomial, (function.left, function.right)))
                    self._atoms[function] = f"function {len(self._atoms)}"
                    self._definitions.append(f"{self._atoms[function]}: {function.name}({operands})")
            found = self._sizes[size] = f"size {self._polynomial(size)}"
        return found

    def _polynomial(self, size: Size) -> str:
        if isinstance(size, int):
            return repr(size)
        parts = []
        for monomial, coefficient in size.terms:
            parts.append("*".join([repr(coefficient), *(f"({self._atom(atom)})^{power}" for atom, power in monomial)]))
        return " + ".join(parts)

    def _atom(self, atom: Atom) -> str:
        found = self._atoms.get(atom)
        if found is None:
            assert isinstance(atom, Symbol)  # functions are known
            found = self._atoms[atom] = f"symbol {len(self._atoms)}"
            parts = [self._text(getattr(atom, field.name)) for field in fields(atom) if field.name != "serial"]
            self._definitions.append(f"{found}: {parts!r}")
        return found

    def _orders(self) -> Iterator[str]:
        """Of each free size its places in the orders of names and of serial numbers. Where a name begins with another
        one, the order of products is not that of the names, so this is told, too."""
        found = [atom for atom in self._atoms if isinstance(atom, Symbol)]
        by_name = sorted(found, key=lambda s: s.key)
        keys = [symbol.key for symbol in by_name]
        by_serial = {symbol: rank for rank, symbol in enumerate(sorted(found, key=lambda s: s.serial))}
        for rank, symbol in enumerate(by_name, 1):
            longer = sum(key.startswith(symbol.key) for key in keys[rank:])
            yield f"{self._atoms[symbol]} {symbol.serial >= 0} {by_serial[symbol]} {longer}"


def _is_own(op: Op) -> bool:
    """Whether an op is one of the package, and not one that a user has made."""
    if op.name not in _ops:
        modules = [module for name, module in sys.modules.copy().items() if name.startswith(_OPS_PACKAGE)]
        for name, value in [item for module in modules for item in vars(module).copy().items()]:
            if name[:2] == "__":  # such as the dict of Python's built-in names, which every module has
                continue
            if isinstance(value, Op):
                _ops[value.name] = value
            elif type(value) in (dict, tuple):
                several = value.values() if isinstance(value, dict) else value
                _ops.update({found.name: found for found in several if isinstance(found, Op)})
    return _ops.get(op.name) is op


def _attrs(key: GraphKey, attrs: Attrs) -> str:
    return f"attributes {{{', '.join(f'{name!r}: {key._text(value)}' for name, value in attrs.items())}}}"


def _constant(key: GraphKey, value: ConstantValue) -> str:
    array = value.array
    content = sha256(array.reshape(-1).view(np.uint8).data).hexdigest()  # it is contiguous
    return f"constant {key._text(array.dtype)} {array.shape!r} {content}"


def _tensor_class(key: GraphKey, kind: type) -> str:
    if kind not in (Tensor, Variable):
        raise NoKey(f"tensors of {kind!r}")
    return kind.__qualname__


def _tuple(key: GraphKey, value: tuple[Any, ...]) -> str:
    return repr(value) if {*map(type, value)} <= _PLAIN else f"({', '.join(map(key._text, value))})"


def _own(key: GraphKey, value: Any) -> str:
    return repr(value)


_PLAIN = {bool, int, str, bytes, type(None)}
_WRITERS: dict[type, Callable[[GraphKey, Any], str]] = {
    **dict.fromkeys(_PLAIN, _own),
    float: lambda _, value: f"float {struct.pack('<d', value).hex()}",
    tuple: _tuple,
    type: _tensor_class,
    Attrs: _attrs,
    TensorType: lambda key, kind: f"type {key._text(kind.shape)} {key._text(kind.dtype)}",
    ConstantValue: _constant,
    Default: lambda key, value: "default",
    Node: GraphKey._node,
    **dict.fromkeys((Tensor, Waiting, Variable), GraphKey._tensor),
    Dim: GraphKey._size,
    Symbol: GraphKey._atom,
}
