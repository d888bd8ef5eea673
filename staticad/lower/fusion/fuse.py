"""Fusion: every node that computes gets a cluster, one cluster becomes one kernel.

Nodes are taken in topological order. A node joins the cluster of an input if it runs over the same loops and reads
that cluster's values at its own index; otherwise it starts a cluster one level higher. Every edge between clusters
goes from a lower level to a higher one, so there is never a cycle, and deciding costs O(1) a node. Forward and
backward nodes are not told apart: where they share loops they share a kernel.

Views, creations, gathers and cheap scalar arithmetic have no cluster: they are evaluated where they are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from staticad.ir.dims import Shape, Size, product
from staticad.ir.dtypes import FLOAT32, FLOAT64
from staticad.ir.graph import Node, Tensor
from staticad.ir.types import TensorType
from staticad.lower.fusion.carried import carried
from staticad.lower.fusion.clusters import (
    ACCUMULATE,
    ASSEMBLE,
    CONTRACT,
    CONTROL,
    INNER,
    LOOPS,
    MAP,
    MAX_MEMBERS,
    OUTER,
    ROW,
    SCATTER,
    Cluster,
    Edge,
    Member,
    chunk_count,
    chunk_rows,
    copy_node,
    partial_node,
)
from staticad.lower.fusion.operands import batch_shape, broadcast_batch, operand
from staticad.lower.index.affine import (
    ZERO,
    Context,
    broadcast_context,
    frame_context,
    gather_contexts,
    loop,
    movement_context,
)
from staticad.lower.index.ranges import Ranges
from staticad.lower.index.sizes import Sizes
from staticad.lower.index.strided import Matrix
from staticad.ops.ranges import Progression, Range
from staticad.ops.reduce import SUM

_PASSIVE = ("movement", "barrier", "reshape", "gather", "creation", "source", "frame")
INLINE_COST = 24


class Fusion:
    """The clusters of a graph. ``clusters`` are in order of execution; ``stored`` are the nodes that need memory."""

    def __init__(self, sizes: Sizes, known: Mapping[Node, Range]) -> None:
        self.sizes = sizes
        self.ranges = Ranges(sizes, known)
        self.clusters: list[Cluster] = []
        self.stored: dict[Node, None] = {}
        self._home: dict[Node, Cluster] = {}
        self._copies: dict[Tensor, Tensor] = {}
        self._inline: dict[Node, int] = {}
        self.operands: dict[Node, tuple[Matrix, ...]] = {}
        self.recomputed: set[Node] = set()
        self.used: set[Tensor] = set()

    # ---- queries -------------------------------------------------------------------------------------------------

    def home(self, node: Node) -> Cluster | None:
        """The cluster that computes a node, or None where nothing does (sources, views, inline arithmetic)."""
        return self._survivor(self._home.get(node))

    def _survivor(self, cluster: Cluster | None) -> Cluster | None:
        """What a cluster has become by merging."""
        while cluster is not None and cluster.merged_into is not None:
            cluster = cluster.merged_into
        return cluster

    def assign(self, node: Node, cluster: Cluster) -> None:
        """Give a node another cluster, of which it is a member already."""
        self._home[node] = cluster

    def inline(self, node: Node) -> bool:
        """True for elementwise nodes that are evaluated by their readers."""
        return node in self._inline

    def shape(self, tensor: Tensor) -> Shape:
        """Canonical sizes."""
        return self.sizes.shape(tensor.shape)

    def own_context(self, shape: Shape) -> Context:
        """The context in which axis a of a tensor runs over loop a."""
        return tuple(loop(axis) if size != 1 else ZERO for axis, size in enumerate(shape))

    def memory(self, tensor: Tensor) -> Tensor:
        """The source or computed tensor whose memory holds exactly the elements of ``tensor`` in row-major order.

        Views that reorder elements, and values that are nowhere stored, get a copy.
        """
        base = under_views(tensor)
        if base.op.family == "source" or self.home(base.node) is not None:
            return base
        return self._copied(base)

    def _copied(self, tensor: Tensor) -> Tensor:
        """The copy of a tensor that all who need one share."""
        found = self._copies.get(tensor)
        if found is None:
            found = self._copies[tensor] = self.copy(tensor)
        return found

    def copy(self, tensor: Tensor) -> Tensor:
        """A new tensor that stores the elements of another."""
        node = copy_node(tensor)
        self._place_map(node)
        return node.out

    def require(self, tensor: Tensor) -> Tensor:
        """As `memory`, and the tensor is stored."""
        found = self.memory(tensor)
        if found.op.family != "source":
            self.stored[found.node] = None
        return found

    # ---- edges ---------------------------------------------------------------------------------------------------

    def edges(self, tensor: Tensor, context: Context) -> list[Edge]:
        """The computed nodes that evaluating a tensor at a context reads, each with its context, or with None where
        the whole of it has to be in memory before."""
        found: list[Edge] = []
        stack = [(tensor, context)]
        while stack:
            current, at = stack.pop()
            node, family = current.node, current.op.family
            if self.home(node) is not None:
                found.append((node, at))
            elif family == "barrier":
                stack.append((node.inputs[0], at))
            elif family == "movement":
                stack.append((node.inputs[0], movement_context(node, at, self.sizes.canonical)))
            elif family == "frame":
                stack.append((node.inputs[0], frame_context(node, at, self.sizes.canonical)))
            elif family == "reshape":
                self._whole(node.inputs[0], found)
            elif family == "gather":
                if not self.generated(node.inputs[0]):
                    self._whole(node.inputs[0], found)
                index_context, _, _ = gather_contexts(node.attrs, node.inputs[1].ndim, node.inputs[0].ndim, at)
                stack += [(index, index_context) for index in node.inputs[1:]]
            elif node in self._inline:
                stack += [(x, broadcast_context(at, self.shape(x), current.ndim)) for x in node.inputs]
        return found

    def generated(self, tensor: Tensor) -> bool:
        """True for tensors made of sizes alone: read at any index, they cost nothing and need no memory."""
        while tensor.op.family in ("movement", "barrier"):
            tensor = tensor.inputs[0]
        return tensor.op.family == "creation"

    def _whole(self, tensor: Tensor, found: list[Edge]) -> None:
        memory = self.memory(tensor)
        if memory.op.family != "source":
            found.append((memory.node, None))

    # ---- placing -------------------------------------------------------------------------------------------------

    def place(self, nodes: Iterable[Node], used: set[Tensor]) -> None:
        """Give each node a cluster; inputs come before users. ``used`` are the tensors that something reads."""
        self.used = used
        for node in nodes:
            family = node.op.family
            if family in _PASSIVE:
                if family == "reshape" or (family == "gather" and not self.generated(node.inputs[0])):
                    self.memory(node.inputs[0])
            elif family == "elementwise":
                if not self._try_inline(node):
                    self._place_map(node)
            elif family in ("reduce", "argreduce"):
                self._place_reduction(node)
            elif family == "contract":
                self._place_alone(node, CONTRACT)
            elif family == "assemble":
                self._place_alone(node, ASSEMBLE)
            elif family == "scatter":
                self._place_alone(node, SCATTER)
            elif family == "control":
                self._place_alone(node, CONTROL)
            else:
                raise AssertionError(f"no lowering for the family {family} of {node.op.name}")

    def _try_inline(self, node: Node) -> bool:
        """Arithmetic on sizes, loop indices and constants alone, and cheap arithmetic of single elements."""
        cost, scalar = node.op.cost, all(s == 1 for s in node.types[0].shape)
        for x in node.inputs:
            base = x
            while base.op.family in ("movement", "barrier"):
                base = base.inputs[0]
            if base.node in self._inline:
                cost += self._inline[base.node]
            elif base.op.name == "constant" and all(s == 1 for s in base.shape):
                continue
            elif base.op.family != "creation" and not (scalar and base.op.family == "source"):
                return False
        if cost > INLINE_COST:
            return False
        self._inline[node] = cost
        return True

    def _place_map(self, node: Node) -> None:
        shape = self.shape(node.outputs[0])
        context = self.own_context(shape)
        edges = [e for x in node.inputs for e in self.edges(x, broadcast_context(context, self.shape(x), len(shape)))]
        self._place_over(node, MAP, shape, edges)

    def _place_over(self, node: Node, kind: str, shape: Shape, edges: list[Edge]) -> None:
        cluster = self._candidate(edges)
        joined = self._fit(cluster, shape, edges) if cluster is not None else None
        full: Cluster | None = None
        while cluster is not None and joined is None and len(cluster.members) >= MAX_MEMBERS:
            full = full or cluster
            cluster = self._survivor(cluster.overflow)
            joined = self._fit(cluster, shape, edges) if cluster is not None else None
        if cluster is None or joined is None:
            cluster = self._new(edges, tuple(s for s in shape if s != 1))
            joined = (INNER, _in_order(shape))
        if full is not None:
            full.overflow = cluster
        level, axes = joined
        if level == "extend":
            for member in cluster.members.values():
                member.level = OUTER
            cluster.outer, cluster.space, level = len(cluster.space), tuple(s for s in shape if s != 1), INNER
        self._add(cluster, Member(node, kind, level, axes), edges)

    def _place_reduction(self, node: Node) -> None:
        x = node.inputs[0]
        shape = self.shape(x)
        reduced = set(node.attrs["axes"]) if node.op.family == "reduce" else {node.attrs["axis"]}
        looped = {a for a in reduced if shape[a] != 1}
        edges = self.edges(x, self.own_context(shape))
        kept = tuple(a for a in range(len(shape)) if a not in reduced)
        if not looped:
            context = self.own_context(self.shape(node.outputs[0]))
            operand = tuple(ZERO if a in reduced else context[kept.index(a)] for a in range(len(shape)))
            self._place_over(node, MAP, self.shape(node.outputs[0]), self.edges(x, operand))
            return
        cluster = self._candidate(edges)
        fitted = self._fit(cluster, shape, edges) if cluster is not None else None
        kind = None
        if cluster is not None and fitted is not None and fitted[0] != "extend":
            kind = self._reduction_kind(cluster, node, fitted, looped)
        if cluster is None or fitted is None or kind is None:
            order = [a for a in range(len(shape)) if shape[a] != 1]
            if node.op.family == "argreduce":
                order = [a for a in order if a not in looped] + [a for a in order if a in looped]
            cluster = self._new(edges, tuple(shape[a] for a in order))
            fitted = (INNER, tuple(order.index(a) if shape[a] != 1 else -1 for a in range(len(shape))))
            kind = self._reduction_kind(cluster, node, fitted, looped) or ROW
        level, axes = fitted
        result_axes = tuple(axes[a] for a in kept)
        if kind == ROW:
            cluster.outer = len(cluster.space) - len(looped)
            self._add(cluster, Member(node, ROW, OUTER, result_axes, operand=x, operand_axes=axes), edges)
        elif not self._chunks(cluster, node, {axes[a] for a in looped}):
            self._add(cluster, Member(node, ACCUMULATE, level, result_axes, operand=x, operand_axes=axes), edges)
        else:
            self._add_chunked(cluster, node, level, axes, kept, edges)

    def _chunks(self, cluster: Cluster, node: Node, over: set[int]) -> bool:
        """True if a reduction over the first axis, among others, leaves partial results of several chunks."""
        if cluster.small or 0 not in over:
            return False
        if cluster.rows is None:
            cluster.rows = chunk_rows(cluster.space, product(self.shape(node.outputs[0])))
        return chunk_count(cluster.space[0], cluster.rows) != 1

    def _reduction_kind(
        self, cluster: Cluster, node: Node, fitted: tuple[str, tuple[int, ...]], looped: set[int]
    ) -> str | None:
        level, axes = fitted
        rank = len(cluster.space)
        over = {axes[a] for a in looped}
        outer = rank - len(looped)
        suffix = level == INNER and over == set(range(outer, rank)) and cluster.outer in (None, outer)
        if node.op.family == "argreduce":
            return ROW if suffix and (outer or cluster.small) else None
        if suffix and (outer or cluster.small):
            return ROW
        # A large row that is complete before the next stage, as an argmax needs it, can't be cut into chunks.
        return None if cluster.outer == 0 and not cluster.small else ACCUMULATE

    def _add_chunked(
        self, cluster: Cluster, node: Node, level: str, axes: tuple[int, ...], kept: tuple[int, ...], edges: list[Edge]
    ) -> None:
        """A reduction over the first axis of a large space: partial results a chunk, then a second, small reduction.

        The second one runs over the results along memory; a single result is accumulated in a register, and what
        reads it can join.
        """
        assert cluster.rows is not None
        result = self.shape(node.outputs[0])
        free = [s for s in result if s != 1]
        dtype = node.types[0].dtype
        if dtype == FLOAT32 and node.op is SUM and not free:
            dtype = FLOAT64
        kind = TensorType((chunk_count(cluster.space[0], cluster.rows), *result), dtype)
        partial = partial_node(node, kind, node.where)
        result_axes = tuple(axes[a] for a in kept)
        self._add(
            cluster,
            Member(partial, ACCUMULATE, level, (-1, *result_axes), operand=node.inputs[0], operand_axes=axes),
            edges,
        )
        second = self._new([(partial, None)], (kind.shape[0], *free))
        own = tuple(axis + 1 if axis >= 0 else -1 for axis in _in_order(result))
        if free:
            member = Member(node, ACCUMULATE, INNER, own, operand=partial.out, operand_axes=(0, *own))
        else:
            second.outer = 0
            member = Member(node, ROW, OUTER, own, operand=partial.out, operand_axes=(0, *own))
        self._add(second, member, [(partial, None)])

    def _place_alone(self, node: Node, kind: str) -> None:
        edges: list[Edge] = []
        if kind == CONTRACT:
            self.operands[node] = tuple(self._operand(node, x, edges) for x in node.inputs)
        else:
            # The first values of a loop's carry are written where they are wanted, and sequences that count are not
            # written at all; all else is read from memory.
            written = {operand for operand, _ in carried(node, self.used)} if kind == CONTROL else None
            for number, x in enumerate(node.inputs):
                if node.op.name == "loop" and self.counts(node, number):
                    continue
                if written is not None and number not in written:
                    self._whole(x, edges)
                else:
                    edges += self.edges(x, self.own_context(self.shape(x)))
        cluster = self._new(edges, ())
        cluster.kind = kind
        self._add(cluster, Member(node, kind, INNER, ()), edges)

    def counts(self, loop_node: Node, number: int) -> Progression | None:
        """The progression that an input of a loop is, if it is a sequence that counts."""
        shape = loop_node.attrs["shape"]
        if not shape.carries <= number < shape.carries + shape.sequences:
            return None
        return self.ranges.progression(loop_node.inputs[number])

    def _operand(self, node: Node, x: Tensor, edges: list[Edge]) -> Matrix:
        """How a product reads an operand: in place through views, else from a copy."""
        batch = batch_shape(node, self.sizes)
        found = operand(x, batch, self.sizes)
        if found is None or not self._has_memory(found.base):
            found = operand(self._copied(x), batch, self.sizes)
        if found is None:
            found = operand(self.copy(broadcast_batch(x, batch)), batch, self.sizes)
        assert found is not None
        self._whole(found.base, edges)
        return found

    def _has_memory(self, tensor: Tensor) -> bool:
        return tensor.op.family in ("source", "reshape") or self.home(tensor.node) is not None

    # ---- joining -------------------------------------------------------------------------------------------------

    def _new(self, edges: list[Edge], space: tuple[Size, ...]) -> Cluster:
        level = max((self.cluster(u).level + 1 for u, _ in edges), default=0)
        cluster = Cluster(len(self.clusters), level, space=space)
        self.clusters.append(cluster)
        return cluster

    def cluster(self, node: Node) -> Cluster:
        """The cluster of a node that has one."""
        cluster = self.home(node)
        assert cluster is not None, node
        return cluster

    def _add(self, cluster: Cluster, member: Member, edges: list[Edge]) -> None:
        member.edges = tuple(edges)
        cluster.members[member.node] = member
        self._home[member.node] = cluster

    def _candidate(self, edges: list[Edge]) -> Cluster | None:
        """The cluster to join: the highest one that is read, after merging those of one level and space."""
        top: Cluster | None = None
        peers: list[Cluster] = []
        for node, _ in edges:
            cluster = self.cluster(node)
            if top is None or cluster.level > top.level:
                top, peers = cluster, [cluster]
            elif cluster.level == top.level and cluster not in peers:
                peers.append(cluster)
        if top is None or any(p.kind != LOOPS for p in peers):
            return None
        for peer in peers[1:]:
            if not self.merge(top, peer):
                return None
        return top

    def merge(self, one: Cluster, other: Cluster) -> bool:
        """Make two clusters of one level one, if their loops are the same."""
        if one.space != other.space or len(one.members) + len(other.members) > MAX_MEMBERS:
            return False
        if one.rows is not None and other.rows is not None and one.rows != other.rows:
            return False
        if one.outer != other.outer:
            rows = [c for c in (one, other) if c.outer is None and not c.plain]
            if rows or (one.outer is not None and other.outer is not None):
                return False
            one.outer = other.outer if one.outer is None else one.outer
        one.rows = other.rows if one.rows is None else one.rows
        one.members.update(other.members)
        other.merged_into = one
        other.members = {}
        return True

    def _fit(self, cluster: Cluster, shape: Shape, edges: list[Edge]) -> tuple[str, tuple[int, ...]] | None:
        """How a node of that iteration shape would stand in a cluster: its level and axes; None if it can't."""
        if len(cluster.members) >= MAX_MEMBERS:
            return None
        extents = tuple(s for s in shape if s != 1)
        space = cluster.space
        if extents == space:
            level = INNER
        elif cluster.outer is not None and extents == space[: cluster.outer] and len(extents) == cluster.outer:
            level = OUTER
        elif cluster.outer is None and cluster.plain and len(extents) > len(space) and extents[: len(space)] == space:
            level = "extend"
        else:
            return None
        axes = _in_order(shape)
        inside = [(cluster.members[node], context) for node, context in edges if self.home(node) is cluster]
        return (level, axes) if all(self.reads_in_place(m, c, level, axes) for m, c in inside) else None

    def reads_in_place(self, member: Member, context: Context | None, level: str, axes: tuple[int, ...]) -> bool:
        """True if a reader with these axes finds the member's value computed when it needs it: at its own index."""
        if context is None or member.kind == ACCUMULATE or (level == OUTER and member.level == INNER):
            return False
        for at, axis, size in zip(context, member.axes, self.shape(member.node.outputs[0]), strict=True):
            if size != 1:
                key = at.variable
                if not isinstance(key, int) or axes[key] != axis:
                    return False
        return True


def under_views(tensor: Tensor) -> Tensor:
    """What a tensor is a view of, as far as the view keeps the order of the elements."""
    while tensor.op.family in ("barrier", "reshape") or tensor.op.name in ("expand_dims", "squeeze"):
        tensor = tensor.inputs[0]
    return tensor


def _in_order(shape: Shape) -> tuple[int, ...]:
    axes, count = [], 0
    for size in shape:
        axes.append(-1 if size == 1 else count)
        count += size != 1
    return tuple(axes)
