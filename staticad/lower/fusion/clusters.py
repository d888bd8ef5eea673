"""Clusters: the sets of nodes that become one kernel, and what each member is to its loop nest."""

from __future__ import annotations

from dataclasses import field
from typing import Any

from staticad.ir.dims import Size, floordiv, maximum, product
from staticad.ir.graph import NO_ATTRS, Attrs, Node, Tensor
from staticad.ir.provenance import Where
from staticad.ir.types import Constraint, TensorType
from staticad.lower.index.affine import Context
from staticad.ops.base import Elementwise, Inferred, Op, Reduce
from staticad.records import dataclass

INNER, OUTER = "inner", "outer"
MAP, ROW, ACCUMULATE, ASSEMBLE, ALONE = "map", "row", "accumulate", "assemble", "alone"

CHUNK = 16384  # elements of an iteration space that one accumulating kernel call covers, at least
SHARE = 64  # a chunk has this many times the elements of its partial results, so that these cost little
BLOCK = 2048  # columns that accumulate together: their partial results stay in the nearest cache
SMALL = 16384  # spaces known to be at most this large are not cut
MAX_MEMBERS, MAX_COST = 400, 600  # of a kernel with loops: cut, it stores and loads arrays of many elements
MAX_SINGLE, MAX_SINGLE_COST = 100, 200  # of a kernel of single numbers: cut, it stores little, and compiles faster
MAX_CHAIN = 200  # cost of dear functions that wait for each other: a CPU does not reach the next elements meanwhile
DEAR = 10  # cost of a function that is dear
LONG = 512  # elements of a row beside which nothing of a row is dear
REUSE_COST = 12  # a value that costs more than this is stored rather than computed again in a later loop


Edge = tuple[Node, Context | None]


@dataclass(frozen=True)
class Reduction:
    """How a member reduces: ``op`` combines values. ``position``: it looks for the place of the extreme, and runs along
    its row twice. ``partial``: it leaves a result for every chunk."""

    op: Reduce
    position: bool = False
    partial: bool = False


@dataclass
class Member:
    """A node of a loop cluster.

    ``axes`` gives for each axis of the node's result its axis of the space (-1: size 1). ``edges`` are the computed
    nodes that it reads, each with the context in terms of this node's own axes, or with None where the whole of it
    has to be in memory before. For reductions ``operand`` is what is reduced and ``operand_axes`` its axes; a map that
    has a ``reduction`` reduces nothing but axes of size 1. An assembled array runs over the leading axes of its
    operands (``axes``), and writes what they have there. ``uses`` are the members of the same cluster among the edges,
    in the end. ``chain`` is the cost of the dear functions that wait for each other up to this one.
    """

    node: Node
    kind: str
    level: str
    axes: tuple[int, ...]
    edges: tuple[Edge, ...] = ()
    uses: tuple[Node, ...] = ()
    operand: Tensor | None = None
    operand_axes: tuple[int, ...] = ()
    stage: int = 0
    reduction: Reduction | None = None
    chain: int = 0

    @property
    def cost(self) -> int:
        return getattr(self.node.op, "cost", 1)

    def __str__(self) -> str:
        stage = f", stage {self.stage}" if self.level == INNER else ""
        types = ", ".join(map(str, self.node.types))
        return f"{self.node.op.name} {types}: {self.kind}, {self.level}{stage}, axes {list(self.axes)}"


@dataclass(eq=False)
class Cluster:
    """Nodes that share one kernel: ``loops`` over a ``space``, or else one node with steps of its own.

    ``space`` are the extents of the loops, of which ``outer`` (None: undecided) are shared by several inner stages.
    ``level`` exceeds that of every cluster it reads from. ``rows`` is how many indices of the first axis make a chunk,
    in clusters that leave partial results. ``cost`` is that of its members, ``chain`` their longest one. ``overflow``
    takes what a full cluster can't. ``reads`` and ``after`` are the changes before and after which it runs (see
    `fusion.changes`)."""

    number: int
    level: int
    loops: bool = True
    space: tuple[Size, ...] = ()
    outer: int | None = None
    rows: Size | None = None
    members: dict[Node, Member] = field(default_factory=dict)
    cost: int = 0
    chain: int = 0
    merged_into: Cluster | None = None
    overflow: Cluster | None = None
    reads: int = 0
    after: int = 0

    @property
    def small(self) -> bool:
        total = product(self.space)
        return total <= SMALL if isinstance(total, int) else bool(total.locals)  # what a loop's step does is not cut

    @property
    def plain(self) -> bool:
        """Only maps over the whole space."""
        return all(m.kind == MAP and m.level == INNER for m in self.members.values())

    @property
    def full(self) -> bool:
        members, cost = self._limits
        return len(self.members) >= members or self.cost >= cost or self.chain >= MAX_CHAIN

    @property
    def _limits(self) -> tuple[int, int]:
        return (MAX_MEMBERS, MAX_COST) if self.space else (MAX_SINGLE, MAX_SINGLE_COST)

    def has_room_for(self, other: Cluster, before: bool = False) -> bool:
        """``before``: the other one is read by this one. False also where it would read what is overwritten before it
        runs."""
        if (self.reads | other.reads) & (self.after | other.after):
            return False
        members, cost = self._limits
        chain = self.chain + other.chain if before else max(self.chain, other.chain)
        return (
            len(self.members) + len(other.members) <= members and self.cost + other.cost <= cost and chain <= MAX_CHAIN
        )

    def add(self, member: Member) -> None:
        before = max((self.members[node].chain for node, _ in member.edges if node in self.members), default=0)
        member.chain = before + (member.cost if member.cost >= DEAR else 0)
        self.members[member.node] = member
        self.cost += member.cost
        self.chain = max(self.chain, member.chain)

    def take(self, other: Cluster, before: bool = False) -> None:
        """All members of another cluster, which is no more."""
        self.members.update(other.members)
        self.cost += other.cost
        self.chain = self.chain + other.chain if before else max(self.chain, other.chain)
        self.reads, self.after = self.reads | other.reads, self.after | other.after
        other.members, other.cost, other.merged_into = {}, 0, self

    def __str__(self) -> str:
        space = f" over [{', '.join(map(str, self.space))}]" if self.loops else ""
        outer = f", {self.outer} of them outer" if self.outer is not None else ""
        rows = f", {self.rows} rows a chunk" if self.rows is not None else ""
        members = "".join(f"\n  {member}" for member in self.members.values())
        kind = "loops" if self.loops else ALONE
        return f"cluster {self.number}: {kind}{space}{outer}{rows}, level {self.level}{members}"


class Copy(Elementwise):
    """A tensor written out, because something needs it in memory."""


class Partial(Op):
    """The partial results of a reduction, one for every chunk of the first axis of the space."""

    family = "partial"

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        none: tuple[Constraint, ...] = ()
        return (attrs["type"],), none


def _identity(x: Any) -> Any:
    return x


COPY = Copy("copy", code=_identity, numpy=_identity)
PARTIAL = Partial("partial", numpy=_identity)


def copy_node(tensor: Tensor) -> Node:
    """A node whose output is the tensor, stored."""
    return Node(COPY, (tensor,), NO_ATTRS, (tensor.type,), where=tensor.where)


def partial_node(reduction: Node, kind: TensorType, where: Where) -> Node:
    """The node that stands for the chunks' partial results of a reduction."""
    return Node(PARTIAL, reduction.inputs, Attrs(type=kind), (kind,), where=where)


def chunk_rows(space: tuple[Size, ...], result: Size) -> Size:
    """How many indices of the first axis make a chunk that reduces to ``result`` elements: a function of sizes alone,
    never of the number of threads."""
    row = maximum(1, product(space[1:]))
    return maximum(1, maximum(floordiv(CHUNK, row), floordiv(SHARE * result, row)))


def chunk_count(extent: Size, rows: Size) -> Size:
    """The number of chunks of an axis."""
    return floordiv(extent + rows - 1, rows)
