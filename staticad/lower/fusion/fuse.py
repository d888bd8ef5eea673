"""Fusion: every node that computes gets a cluster, one cluster becomes one kernel.

Nodes are taken in topological order. A node joins the cluster of an input if it runs over the same loops and reads
that cluster's values at its own index; otherwise it starts a cluster one level higher. Every edge between clusters
goes from a lower level to a higher one, so there is never a cycle, and deciding costs O(1) a node. Forward and
backward nodes are not told apart: where they share loops they share a kernel.

Views, creations, gathers and cheap scalar arithmetic have no cluster: they are evaluated where they are read. Which
of these a node is, its family tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from staticad.ir.dims import Shape, Symbol
from staticad.ir.graph import Node, Tensor
from staticad.lower.fusion.changes import Changes, ChangingFamily
from staticad.lower.fusion.clusters import ALONE, INNER, MAP, Edge, Member, copy_node
from staticad.lower.fusion.frames import FramedFamily
from staticad.lower.fusion.joining import Joining
from staticad.lower.fusion.operands import Layouts
from staticad.lower.index.affine import ZERO, Context, broadcast_context, loop
from staticad.lower.index.ranges import RangedFamily, Ranges
from staticad.lower.index.sizes import Sizes
from staticad.lower.index.strided import Matrix, Strided
from staticad.lower.index.views import below_views, in_order
from staticad.ops.base import Op
from staticad.ops.control import sizes_spoken_of
from staticad.ops.ranges import Range
from staticad.ops.sources import constant_array

INLINE_COST = 24
TABLE_COST = 4

Read = tuple[Tensor, Context | None]  # a tensor at a context, or the whole of it in memory before


class FusedFamily(FramedFamily, RangedFamily, ChangingFamily, Protocol):
    """The part of `interface.FamilyLowering` that fusion asks for."""

    @property
    def checks_indices(self) -> bool:
        """Reading an element may report a wrong index."""

    def place(self, fusion: Fusion, node: Node) -> None:
        """Give a node a cluster, or none."""

    def reads(self, fusion: Fusion, node: Node, context: Context) -> Sequence[Read]:
        """For what has no cluster: what evaluating an element reads."""


class Fusion(Joining):
    """The clusters of a graph. ``stored`` are the nodes that need memory, ``staged`` those among them that only later
    stages of their own kernel read, ``recomputed`` those that are evaluated by their readers instead, ``read_whole``
    those that somebody looks for in memory of their own, ``operands`` how matrix products read their operands,
    ``strided`` how transforms along an axis do."""

    def __init__(self, sizes: Sizes, families: Mapping[Op, FusedFamily], known: Mapping[Node, Range]) -> None:
        super().__init__(sizes)
        self.families = families
        self.ranges = Ranges(sizes, families, known)
        self.stored: dict[Node, None] = {}
        self.staged: set[Node] = set()
        self.operands: dict[Node, tuple[Matrix, ...]] = {}
        self.layouts: Layouts = {}
        self.strided: dict[Node, tuple[Strided, ...]] = {}
        self.recomputed: set[Node] = set()
        self.read_whole: set[Node] = set()
        self.used: set[Tensor] = set()
        self.after: Mapping[Node, Node] = {}  # what prints, and what has printed before it
        self.local: Mapping[Symbol, Tensor] = {}  # what local sizes are the values of
        self._copies: dict[Tensor, Tensor] = {}
        self._inline: dict[Node, int] = {}

    # ---- queries -------------------------------------------------------------------------------------------------

    def inline(self, node: Node) -> bool:
        """True for elementwise nodes that are evaluated by their readers."""
        return node in self._inline

    def is_source(self, tensor: Tensor) -> bool:
        """True for what comes from outside."""
        return self.families[tensor.node.op].source

    def generated(self, tensor: Tensor) -> bool:
        """True for tensors made of sizes alone: read at any index, they cost nothing and need no memory."""
        return self.families[below_views(tensor, self.families).op].generated

    def has_memory(self, tensor: Tensor) -> bool:
        """True for what is read from memory, be it the memory of another tensor."""
        family = self.families[tensor.op]
        return family.source or family.keeps_order(tensor.node) or self.home(tensor.node) is not None

    def own_context(self, shape: Shape) -> Context:
        """The context in which axis a of a tensor runs over loop a."""
        return tuple(loop(axis) if size != 1 else ZERO for axis, size in enumerate(shape))

    def memory(self, tensor: Tensor) -> Tensor:
        """The source or computed tensor whose memory holds exactly the elements of ``tensor`` in row-major order.

        Views that reorder elements, and values that are nowhere stored, get a copy.
        """
        base = in_order(tensor, self.families)
        if self.is_source(base) or self.home(base.node) is not None:
            return base
        return self.copied(base)

    def copied(self, tensor: Tensor) -> Tensor:
        """The copy of a tensor that all who need one share."""
        found = self._copies.get(tensor)
        if found is None:
            found = self._copies[tensor] = self.copy(tensor)
        return found

    def copy(self, tensor: Tensor) -> Tensor:
        """A new tensor that stores the elements of another."""
        node = copy_node(tensor)
        self.place_map(node)
        return node.out

    def require(self, tensor: Tensor) -> Tensor:
        """As `memory`, and the tensor is stored."""
        found = self.memory(tensor)
        if not self.is_source(found):
            self.stored[found.node] = None
        return found

    # ---- edges ---------------------------------------------------------------------------------------------------

    def edges(self, tensor: Tensor, context: Context) -> list[Edge]:
        """The computed nodes that evaluating a tensor at a context reads, each with its context, or with None where
        the whole of it has to be in memory before."""
        if self.home(tensor.node) is not None and not self.local:
            return [(tensor.node, context)]
        found: list[Edge] = []
        stack = [(tensor, context)]
        while stack:
            current, at = stack.pop()
            node = current.node
            found += self.size_edges(node)
            if self.home(node) is not None:
                found.append((node, at))
                continue
            for x, where in self.families[node.op].reads(self, node, at):
                if where is None:
                    found += self.whole(x)
                else:
                    stack.append((x, where))
        return found

    def size_edges(self, node: Node) -> list[Edge]:
        """The edges of the kernels in which a node is evaluated to the values of the local sizes of which it speaks."""
        if not self.local:
            return []
        spoken = [size for size in self.local if size in sizes_spoken_of(node)]
        return [(n, None) for size in spoken for n, _ in self.edges(self.local[size], ())]

    def own_edges(self, tensor: Tensor) -> list[Edge]:
        """The edges of a reader that takes a tensor element by element."""
        return self.edges(tensor, self.own_context(self.shape(tensor)))

    def whole(self, tensor: Tensor) -> list[Edge]:
        """The edges of a reader that finds a tensor in memory, as a whole."""
        memory = self.memory(tensor)
        return [] if self.is_source(memory) else [(memory.node, None)]

    # ---- placing -------------------------------------------------------------------------------------------------

    def place(self, nodes: Iterable[Node], used: set[Tensor]) -> None:
        """Give each node a cluster; inputs come before users. ``used`` are the tensors that something reads."""
        self.used = used
        order = list(nodes)
        changes = Changes(order, used, self.families)
        self.changes = changes if changes else None
        for node in order:
            if self.changes is not None:
                self.changes.take(node)
            self.families[node.op].place(self, node)

    def place_inline(self, node: Node) -> bool:
        """Arithmetic on sizes, loop indices and constants alone, and cheap arithmetic of single elements, is left to
        its readers. True if this is some."""
        cost, scalar = node.op.cost, all(s == 1 for s in node.types[0].shape)
        for x in node.inputs:
            base = below_views(x, self.families)
            if self.changes is not None and self.changes.bare(x):
                return False
            if base.node in self._inline:
                cost += self._inline[base.node]
            elif constant_array(base) is not None and all(s == 1 for s in base.shape):
                continue
            elif not self.families[base.op].generated and not (scalar and self.is_source(base)):
                return False
        # Indices are best where they are seen; a table of floats is made once, and not for each row that it serves.
        floats = not scalar and any(x.dtype.kind == "f" for x in (*node.inputs, *node.outputs))
        if cost > (TABLE_COST if floats else INLINE_COST):
            return False
        self._inline[node] = cost
        return True

    def place_map(self, node: Node) -> None:
        """A node that is computed element by element."""
        shape = self.shape(node.outputs[0])
        context = self.own_context(shape)
        edges = [e for x in node.inputs for e in self.edges(x, broadcast_context(context, self.shape(x), len(shape)))]
        self.place_over(node, MAP, shape, [*edges, *self.size_edges(node)])

    def place_alone(self, node: Node, edges: list[Edge]) -> None:
        """A node that is a cluster of its own, with steps that its family makes."""
        edges = [*edges, *self.size_edges(node)]
        if node in self.after:
            edges.append((self.after[node], None))
        cluster = self.new(edges, ())
        cluster.loops = False
        self.add(cluster, Member(node, ALONE, INNER, ()), edges)
