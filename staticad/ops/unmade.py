"""A graph as far as it is made: in the place of nodes that wait stands what they derive from."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter

from staticad.ir.deferred import Derivation, Waiting, derivation_of
from staticad.ir.graph import Node, Tensor
from staticad.ops.control import Control, bodies

_serial = attrgetter("serial")


class Unmade:
    """The ``nodes`` below tensors, those inside bodies included, and derivations, in the order of their numbers:
    what is read before who reads. ``waiting`` are the tensors of derivations; ``behind`` are the nodes to which nothing
    but derivations leads, so that they may not be needed once those are made."""

    def __init__(self, tensors: Iterable[Tensor]) -> None:
        self.waiting: dict[Tensor, Derivation] = {}
        waiting, later = self.waiting, list[Derivation]()
        found: dict[Node | Derivation, None] = {}
        known = -1
        reads = list(tensors)
        while reads or later:
            if not reads:
                known = len(found) if known < 0 else known
                derivation = later.pop()
                if derivation not in found:
                    found[derivation] = None
                    reads += derivation.inputs
                continue
            tensor = reads.pop()
            if type(tensor) is Waiting:
                derivation_ = waiting.get(tensor) or derivation_of(tensor)
                if derivation_ is not None:
                    waiting[tensor] = derivation_
                    later.append(derivation_)
                    continue
            node = tensor.node
            if node not in found:
                found[node] = None
                reads += node.inputs
                if isinstance(node.op, Control):
                    reads += [t for body in bodies(node) for t in body.roots]
        self.behind = list(found)[known:] if known >= 0 else []
        self.nodes = sorted(found, key=_serial)
