"""Values that are computed only to fill a region of an array, and what their clusters access with them written there.

A kernel has other loops and indices where its results are in the memory of others. So it is built once with all of its
values at their places, each still in memory of its own: what is then decided of one of them is a change of names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field

from staticad.ir.dims import product
from staticad.ir.graph import Node, Tensor
from staticad.lower.emission.accesses import Accesses
from staticad.lower.fusion.clusters import INNER, MAP, Cluster
from staticad.lower.index.affine import ZERO, Affine, Context
from staticad.lower.interface import Lowering, Place
from staticad.lower.kernel.plan import TEMPORARY, Buffer
from staticad.ops.movement import EXPAND_DIMS
from staticad.records import dataclass

Placed = dict[Node, tuple[Tensor, Place]]


@dataclass(frozen=True)
class RegionValue:
    """A tensor that fills a region, in memory of its own: ``place`` says where an element belongs, ``home`` is the
    cluster that makes it, and ``others`` are those that read it besides. ``single`` is the place of a single number,
    which is in one place for all clusters, whatever their loops are."""

    tensor: Tensor
    buffer: Buffer
    place: Place
    home: Cluster
    single: Affine | None
    others: frozenset[int] = frozenset()


def region_value(lowering: Lowering, node: Node) -> RegionValue | None:
    """What fills the region that a node replaces, if a kernel computes it and nobody looks for it in memory of its
    own, as gathers do."""
    region = lowering.families[node.op].region(lowering, node)
    if region is None:
        return None
    value, added = node.inputs[1], []
    while value.op is EXPAND_DIMS:
        added.append(value.node.attrs["axes"])
        value = value.inputs[0]
    home = lowering.fusion.home(value.node)
    if home is None or not home.loops or value.node not in lowering.fusion.stored:
        return None
    if value.node in lowering.fusion.read_whole:
        return None
    member, buffer = home.members[value.node], lowering.buffer(value)
    if member.kind != MAP or member.level != INNER or buffer.role != TEMPORARY:
        return None

    def place(context: Context) -> Affine:
        for axes in reversed(added):
            kept = iter(context)
            context = tuple(ZERO if a in axes else next(kept) for a in range(len(context) + len(axes)))
        return region(context)

    single = place((ZERO,) * value.ndim) if product(buffer.shape) == 1 else None
    return RegionValue(value, buffer, place, home, single)


@dataclass
class Regions:
    """What may be placed, by the nodes that replace regions, and what clusters access with all of it at its place.
    ``before`` is what they access without, and ``trial`` what they access with nodes in the memory of others."""

    lowering: Lowering
    values: Mapping[Node, RegionValue]
    before: Mapping[int, Accesses]
    clusters: Mapping[int, Cluster]
    trial: Callable[[Cluster, Placed], Accesses]
    _found: dict[int, Accesses] = field(default_factory=dict)
    _changed: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._wanted: dict[int, Placed] = {}
        for value in self.values.values():
            for number in {value.home.number, *value.others} if value.single is None else ():
                self._wanted.setdefault(number, {})[value.tensor.node] = value.tensor, value.place

    def moved(self, value: RegionValue, number: int, target: int) -> Accesses:
        """What a cluster accesses with a value in the memory of a target."""
        return self._accesses(number).moved(value.buffer.number, target, value.single)

    def may_move(self, value: RegionValue, number: int, target: int) -> bool:
        """Whether a cluster that makes a value may write it over a target, of which it then reads that alone."""
        return self._accesses(number).may_move(value.buffer.number, target, value.single)

    def keep(self, moved: Mapping[int, Accesses]) -> None:
        """A value has been placed, and clusters access this."""
        self._found.update(moved)
        self._changed.update(moved)

    def events(self, placed: Placed) -> dict[int, Accesses]:
        """What the clusters access for which something was placed, with the values that were placed alone."""
        return {n: self.trial(self.clusters[n], placed) if n in self._wanted else self._found[n] for n in self._changed}

    def _accesses(self, number: int) -> Accesses:
        if number not in self._found:
            wanted = self._wanted.get(number)
            self._found[number] = self.trial(self.clusters[number], wanted) if wanted else self.before[number]
        return self._found[number]
