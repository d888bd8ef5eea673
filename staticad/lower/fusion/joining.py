"""Which cluster a node is in, which one a new node may join, and which two may be one."""

from __future__ import annotations

from staticad.ir.dims import Shape, Size, product
from staticad.ir.graph import Node, Tensor
from staticad.lower.fusion.changes import Changes
from staticad.lower.fusion.clusters import (
    ACCUMULATE,
    ASSEMBLE,
    DEAR,
    INNER,
    LONG,
    OUTER,
    Cluster,
    Edge,
    Member,
    Reduction,
)
from staticad.lower.index.affine import Context
from staticad.lower.index.sizes import Sizes

Fitted = tuple[str, tuple[int, ...]]  # the level of a node in a cluster, and its axes


class Joining:
    """The clusters of a graph, in order of execution in the end."""

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        self.clusters: list[Cluster] = []
        self.changes: Changes | None = None
        self._home: dict[Node, Cluster] = {}

    def shape(self, tensor: Tensor) -> Shape:
        """Canonical sizes."""
        return self.sizes.shape(tensor.type.shape)

    def home(self, node: Node) -> Cluster | None:
        """The cluster that computes a node, or None where nothing does (sources, views, inline arithmetic)."""
        found = self._home.get(node)
        if found is None or found.merged_into is None:
            return found
        survivor = self._survivor(found)
        assert survivor is not None
        self._home[node] = survivor
        return survivor

    def _survivor(self, cluster: Cluster | None) -> Cluster | None:
        """What a cluster has become by merging."""
        while cluster is not None and cluster.merged_into is not None:
            cluster = cluster.merged_into
        return cluster

    def assign(self, node: Node, cluster: Cluster) -> None:
        """Give a node another cluster, of which it is a member already."""
        self._home[node] = cluster

    def new(self, edges: list[Edge], space: tuple[Size, ...]) -> Cluster:
        level = max((self.cluster(u).level + 1 for u, _ in edges), default=0)
        cluster = Cluster(len(self.clusters), level, space=space)
        self.clusters.append(cluster)
        return cluster

    def cluster(self, node: Node) -> Cluster:
        """The cluster of a node that has one."""
        cluster = self._home.get(node)
        if cluster is None or cluster.merged_into is not None:
            cluster = self.home(node)
            assert cluster is not None, node
        return cluster

    def add(self, cluster: Cluster, member: Member, edges: list[Edge]) -> None:
        member.edges = tuple(edges)
        cluster.add(member)
        if self.changes is not None:
            cluster.reads |= self.changes.reads.get(member.node, 0)
            cluster.after |= self.changes.after.get(member.node, 0)
        self._home[member.node] = cluster

    def candidate(self, edges: list[Edge]) -> Cluster | None:
        """The cluster to join: the highest one that is read, after merging those of one level and space."""
        top: Cluster | None = None
        peers: dict[int, Cluster] = {}
        for node, _ in edges:
            cluster = self.cluster(node)
            if top is None or cluster.level > top.level:
                top, peers = cluster, {}
            elif cluster.level == top.level and cluster is not top:
                peers[cluster.number] = cluster
        if top is None or not top.loops or any(not p.loops for p in peers.values()):
            return None
        for peer in peers.values():
            if not (self.merge(top, peer) or self._merge_rows(top, peer) or self._merge_rows(peer, top)):
                return None
            top = top if top.merged_into is None else peer
        return top

    def _merge_rows(self, one: Cluster, rows: Cluster) -> bool:
        """Take what a cluster of one level computes for the long rows that a cluster reduces, if that is cheap."""
        if one.outer is None or not rows.plain or not rows.space or rows.space != one.space[: one.outer]:
            return False
        row = product(one.space[one.outer :])
        if not isinstance(row, int) or row <= LONG:
            return False  # functions of rows are better computed for many rows at a time
        if not one.has_room_for(rows) or any(m.cost >= DEAR for m in rows.members.values()):
            return False
        for member in rows.members.values():
            member.level = OUTER
        one.take(rows)
        return True

    def merge(self, one: Cluster, other: Cluster) -> bool:
        """Make two clusters of one level one, if their loops are the same."""
        if one.space != other.space or not one.has_room_for(other):
            return False
        if one.rows is not None and other.rows is not None and one.rows != other.rows:
            return False
        if one.outer != other.outer:
            rows = [c for c in (one, other) if c.outer is None and not c.plain]
            if rows or (one.outer is not None and other.outer is not None):
                return False
            one.outer = other.outer if one.outer is None else one.outer
        one.rows = other.rows if one.rows is None else one.rows
        one.take(other)
        return True

    def fit(self, cluster: Cluster, node: Node, shape: Shape, edges: list[Edge]) -> tuple[str, tuple[int, ...]] | None:
        """How a node of that iteration shape would stand in a cluster: its level and axes; None if it can't."""
        if cluster.full or not self.in_time(cluster, node):
            return None
        extents = tuple(s for s in shape if s != 1)
        space = cluster.space
        if extents == space:
            level = INNER
        elif cluster.outer is not None and extents == space[: cluster.outer] and len(extents) == cluster.outer:
            level = OUTER
        elif cluster.outer is None and len(extents) > len(space) and extents[: len(space)] == space and cluster.plain:
            level = "extend"
        else:
            return None
        axes = loop_axes(shape)
        inside = [(cluster.members[node], context) for node, context in edges if self.home(node) is cluster]
        return (level, axes) if all(self.reads_in_place(m, c, level, axes) for m, c in inside) else None

    def in_time(self, cluster: Cluster, node: Node) -> bool:
        """False if the cluster with the node would read what is overwritten before it runs."""
        if self.changes is None:
            return True
        reads, after = self.changes.reads.get(node, 0), self.changes.after.get(node, 0)
        return not (cluster.reads | reads) & (cluster.after | after)

    def reads_in_place(self, member: Member, context: Context | None, level: str, axes: tuple[int, ...]) -> bool:
        """True if a reader with these axes finds the member's value computed when it needs it: at its own index."""
        if context is None or member.kind in (ACCUMULATE, ASSEMBLE) or (level == OUTER and member.level == INNER):
            return False
        for at, axis, size in zip(context, member.axes, self.shape(member.node.outputs[0]), strict=True):
            if size != 1:
                key = at.variable
                if not isinstance(key, int) or axes[key] != axis:
                    return False
        return True

    def place_over(
        self, node: Node, kind: str, shape: Shape, edges: list[Edge], reduction: Reduction | None = None
    ) -> None:
        """A member that runs over a shape, in the cluster that takes it or a new one."""
        cluster = self.candidate(edges)
        joined = self.fit(cluster, node, shape, edges) if cluster is not None else None
        full: Cluster | None = None
        while cluster is not None and joined is None and cluster.full:
            full = full or cluster
            cluster = self._survivor(cluster.overflow)
            joined = self.fit(cluster, node, shape, edges) if cluster is not None else None
        if cluster is None or joined is None:
            cluster = self.new(edges, tuple(s for s in shape if s != 1))
            joined = (INNER, loop_axes(shape))
        if full is not None:
            full.overflow = cluster
        level, axes = joined
        if level == "extend":
            for member in cluster.members.values():
                member.level = OUTER
            cluster.outer, cluster.space, level = len(cluster.space), tuple(s for s in shape if s != 1), INNER
        self.add(cluster, Member(node, kind, level, axes, reduction=reduction), edges)


def loop_axes(shape: Shape) -> tuple[int, ...]:
    """For each axis its number among those that are not of size 1; -1 for the others."""
    axes, count = [], 0
    for size in shape:
        axes.append(-1 if size == 1 else count)
        count += size != 1
    return tuple(axes)
