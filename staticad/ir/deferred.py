"""Tensors of known type whose nodes are made when somebody looks at them: those of a derivative that is sure to exist.

A program that comes from disk is found by what its graph derives from, so it never makes them. Nobody else sees a
difference: a `Waiting` tensor becomes an ordinary one as soon as its node is read. The nodes get numbers that were set
aside for them, which come where they would have come, had they been made at once.

Threads may ask at the same time: each makes nodes that nobody else knows, and the first ones that are ready are taken.
So nothing is locked, and an interrupt leaves what was there before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from staticad.errors import VerifyError
from staticad.ir.graph import ROOM, Node, Tensor, describe, numbered, set_aside, sort_nodes
from staticad.ir.provenance import Where, inherit
from staticad.ir.types import TensorType

Place = tuple[Node, int]

# Where an ordinary tensor has its node and index, a waiting one has what makes them, and nothing.
_source: Any = vars(Tensor)["node"]
_index: Any = vars(Tensor)["index"]


class Derivation:
    """What tensors wait for: ``make(*reads)`` gives them as new tensors of the given types, no two the same, all made
    by the line ``where``. ``reads`` are all tensors of which it makes them, so equal makers make equal graphs of equal
    ones. Stands among nodes where those of the tensors would."""

    __slots__ = ("_places", "inputs", "make", "positions", "serial", "where")
    op: ClassVar[Any] = None

    def __init__(
        self,
        make: Callable[..., Sequence[Tensor]],
        reads: tuple[Tensor, ...],
        types: Iterable[TensorType],
        where: Where,
    ) -> None:
        self.make, self.inputs, self.where = make, reads, where
        self.serial = set_aside()
        self.positions = {_waiting(self, kind): position for position, kind in enumerate(types)}
        self._places: dict[str, dict[Tensor, Place]] = {}

    @property
    def tensors(self) -> list[Tensor]:
        """Those that wait, in order."""
        return list(self.positions)

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """The same, as a node has them."""
        return tuple(self.positions)

    def place(self, tensor: Tensor) -> Place:
        """The node and index of one of the tensors, all of which wait no longer."""
        found = self._places.get("all")
        if found is None:
            found = self._places.setdefault("all", self._made())
        for each, (node, index) in found.items():
            _index.__set__(each, index)
            _source.__set__(each, node)
            each.__class__ = Tensor
        return found[tensor]

    def _made(self) -> dict[Tensor, Place]:
        """The places of all tensors, in nodes that nobody knows so far."""
        with numbered(self.serial), inherit(self.where):
            results = self.make(*self.inputs)
        waiting = self.tensors
        taken = dict(zip(results, waiting, strict=True))
        fresh = [node for node in sort_nodes(results) if self.serial < node.serial < self.serial + ROOM]
        own = set(fresh)
        if len(taken) != len(waiting) or any(r.node not in own or r.type != t.type for r, t in taken.items()):
            raise VerifyError(f"a derivative is not what was expected of it: {', '.join(map(describe, results))}")
        for node in fresh:
            if not taken.keys().isdisjoint(node.inputs):
                node.inputs = tuple([taken.get(t, t) for t in node.inputs])
            node.outputs = tuple([taken.get(t, t) for t in node.outputs])
        return {taken[r]: (r.node, r.index) for r in results}


class Waiting(Tensor):
    """A tensor whose node was not needed so far."""

    __slots__ = ()

    if not TYPE_CHECKING:

        @property
        def node(self) -> Node:
            source = _source.__get__(self)
            return source.place(self)[0] if type(source) is Derivation else source

        @property
        def index(self) -> int:
            source = _source.__get__(self)
            return source.place(self)[1] if type(source) is Derivation else _index.__get__(self)


Waiting.__name__, Waiting.__qualname__ = Tensor.__name__, Tensor.__qualname__


def derivation_of(tensor: Tensor) -> Derivation | None:
    """What a tensor still waits for."""
    source = _source.__get__(tensor)
    return source if type(source) is Derivation else None


def _waiting(derivation: Derivation, kind: TensorType) -> Tensor:
    made: Tensor = object.__new__(Waiting)
    _source.__set__(made, derivation)
    made.type = kind
    return made
