"""What a family of ops tells lowering, and what it gets to see of it.

`FamilyLowering` has one instance per family, in the table of `staticad.lower.families`. Nothing in `lower` knows an op
or a family by name: it asks this object. The defaults are those of an op that is neither view nor loop: it reads its
inputs from memory as wholes, and its steps write its outputs (a library routine, for instance). Such a family defines
`steps` and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from staticad.ir.dims import Shape, Size
from staticad.ir.dtypes import DType
from staticad.ir.expressions import Expression, Name
from staticad.ir.graph import Node, Tensor
from staticad.ir.provenance import Where
from staticad.ir.rebuild import copy_node
from staticad.lower.fusion.changes import Changed, ChangingFamily
from staticad.lower.fusion.fuse import Fusion, Read
from staticad.lower.fusion.staging import Written, kept_updates
from staticad.lower.index.affine import Affine, Context
from staticad.lower.index.ranges import Ranges
from staticad.lower.index.sizes import Sizes
from staticad.lower.kernel.plan import Buffer, Check, IndexCheck, Plan, Requirement, Step
from staticad.ops.base import Op
from staticad.ops.control import Locals
from staticad.ops.ranges import Progression, Range

Update = tuple[Tensor, Tensor]  # a variable (or a parameter that is a carry), its new value
Place = Callable[[Context], Affine]  # from an index to a position in a buffer


class Lowering(Protocol):
    """One graph that becomes a plan, under construction (`lower.GraphLowering`)."""

    sizes: Sizes
    families: Mapping[Op, FamilyLowering]
    fusion: Fusion
    buffers: list[Buffer]
    used: set[Tensor]  # what some node or the graph's result reads
    copies: dict[Hashable, tuple[Step, int, int]]  # by what they depend on, with the buffers that they read and write
    kinds: dict[Hashable, int]  # of nodes, and of what makes them alike
    in_body: bool  # of a loop or branch: errors leave nothing half-written, and all steps may go into one kernel

    def buffer(self, tensor: Tensor) -> Buffer:
        """The buffer of a source or stored tensor."""

    def moved(self, node: Node) -> bool:
        """True for what is written to a place of its own in the memory of others."""

    def location(self, tensor: Tensor, context: Context) -> tuple[Buffer, Affine]:
        """Where an element of a computed tensor is."""

    def constant(self, array: np.ndarray) -> Buffer:
        """A buffer for a constant."""

    def scratch_bytes(self, size: Size) -> Buffer:
        """A temporary of that many bytes."""

    def scratch(self, size: Size, dtype: DType) -> Buffer:
        """A temporary of that many elements."""

    def wide(self, tensor: Tensor, size: Size) -> Buffer:
        """A temporary of that many elements, in which the kernel that makes a tensor accumulates it in float64."""

    def check(self, check: Check) -> int:
        """The code of a check."""

    def body_plan(
        self,
        inputs: Sequence[Tensor],
        fetches: Sequence[Tensor],
        updates: Sequence[Update],
        carries: Sequence[Tensor],
        ranges: Mapping[Node, Range],
        demands: Sequence[Node],
        local: Locals,
    ) -> Plan:
        """The plan of the body of a loop or branch, which updates its carries in place, demands of sizes also what
        some other nodes do, and speaks of local sizes."""


class Evaluator(Protocol):
    """A kernel under construction, in which elements are evaluated (`emission.emit.Emitter`)."""

    lowering: Lowering
    fusion: Fusion
    cost: int  # operations of the innermost statements
    where: dict[Where, None]  # the lines that the kernel computes
    masks: list[Name]

    @property
    def mask(self) -> Name | None:
        """The value that tells whether what is evaluated is wanted at all; None outside of frames."""

    def value(self, tensor: Tensor, context: Context) -> Expression:
        """The tensor's element at a context: a name or a constant."""

    def compute(self, value: Expression, cost: int = 0) -> Name:
        """An expression under a name, as far outside as its operands allow."""

    def load(self, buffer: Buffer, affine: Affine) -> Name:
        """An element of a buffer."""

    def load_checked(self, buffer: Buffer, place: Affine, sizes: Iterable[Size]) -> Expression:
        """An element at indices of which some were checked, in axes of these sizes."""

    def number(self, value: Any, dtype: DType) -> Expression:
        """A constant number: in the source if it is plain, else from memory."""

    def integer(self, affine: Affine) -> Expression:
        """An affine expression as an int64 value."""

    def size_value(self, size: Size) -> Name:
        """A size as an argument."""

    def indices(self, node: Node, indices: tuple[Tensor, ...], context: Context, shape: Shape) -> dict[int, Affine]:
        """The index of every axis of what a gather reads or a scatter writes at a context, checked where needed."""

    def checked_index(self, place: Name, size: Size, check: IndexCheck) -> Name:
        """An index counted from the start; the kernel reports the check where it is outside of the size."""


class FamilyLowering:
    """How the ops of one family are lowered. Traits first, then what is asked in the order of the phases."""

    source = False
    """Comes from outside: has memory and is not computed."""
    view = False
    """Every element is one of the operand, at affine indices (`operand_context`)."""
    unplaced = False
    """Evaluated by its readers."""
    generated = False
    """Made of sizes and indices alone: read at any index, it costs nothing and needs no memory."""
    arbitrary = False
    """Of contents that nobody reads: a base that is written to need not be filled."""
    pointwise = False
    """An arithmetic expression of the operands' elements at the same index, with broadcasting."""
    wholes = False
    """Without a cluster: it loads from the memory that holds its operands as wholes."""
    checks_indices = False
    """Reading an element may report a wrong index."""
    masked = True
    """What has an element may be read under a mask (see `fusion.frames`): nothing else happens on the way."""
    accumulates = False
    """Multiples of it can be added to a buffer at once (`add_onto`)."""

    # ---- before fusion -------------------------------------------------------------------------------------------

    def requirements(self, node: Node) -> list[Requirement]:
        """Conditions on free sizes that the op implies."""
        return [
            Requirement(need.size, 1, need.text, node.where, need.error, need.unless_empty)
            for need in node.op.needed(node)
        ]

    def prepare(
        self, node: Node, inputs: tuple[Tensor, ...], sizes: Sizes, families: Mapping[Op, FamilyLowering]
    ) -> Tensor | Sequence[Tensor] | None:
        """What is lowered instead of the node on these inputs; None to keep it."""
        return None

    # ---- indices -------------------------------------------------------------------------------------------------

    def keeps_order(self, node: Node) -> bool:
        """True if the elements are those of input 0 in the same row-major order."""
        return False

    def operand_context(self, node: Node, context: Context, canonical: Callable[[Size], Size]) -> Context:
        """For a view: where the element at a context is in the operand."""
        raise NotImplementedError(node.op.name)

    def range(self, ranges: Ranges, node: Node, depth: int) -> Range | None:
        """For an int64 result: the smallest and the largest element that there can be, if that is known."""
        return None

    def progression(self, ranges: Ranges, node: Node, depth: int) -> Progression | None:
        """For an int64 vector: the first element and the difference of neighbours, if it is a progression. For a
        number: itself, and 0."""
        return None

    def filled(self, node: Node) -> Any:
        """The number that all elements are; None if that is not known."""
        return None

    # ---- fusion --------------------------------------------------------------------------------------------------

    def place(self, fusion: Fusion, node: Node) -> None:
        """Give a node a cluster, or none. By default one of its own, which reads the inputs from memory."""
        fusion.place_alone(node, [edge for x in node.inputs for edge in fusion.whole(x)])

    def reads(self, fusion: Fusion, node: Node, context: Context) -> Sequence[Read]:
        """For what has no cluster: what evaluating an element reads, each at a context or as a whole."""
        return ()

    def evaluate(self, emitter: Evaluator, node: Node, context: Context) -> Expression:
        """The element of output 0 at a context, computed by the kernel that reads it."""
        raise NotImplementedError(node.op.name)

    # ---- steps ---------------------------------------------------------------------------------------------------

    def steps(self, lowering: Lowering, node: Node) -> list[Step]:
        """For a cluster of its own: the steps that write the outputs to their buffers (`Lowering.buffer`). Inputs that
        were placed as wholes are read from the buffers of what `Fusion.memory` gives for them; only those that were
        placed element by element (`Fusion.own_edges`) may be evaluated in a kernel."""
        raise NotImplementedError(node.op.name)

    def add_onto(self, lowering: Lowering, node: Node, target: Buffer, alpha: float) -> Step:
        """The step that adds a multiple of the output to a buffer, if the family `accumulates`."""
        raise NotImplementedError(node.op.name)

    # ---- memory --------------------------------------------------------------------------------------------------

    def changeable(self, node: Node) -> bool:
        """Whether the memory of the output may be changed, should that be of use."""
        return not (self.source or self.generated or self.unplaced)

    def changed(self, node: Node, used: set[Tensor], families: Mapping[Op, ChangingFamily]) -> Changed:
        """Inputs that are copied to where an output is, and changed there. The copies are the first steps, in this
        order, and are left out where nobody else needs the input any more."""
        return []

    def changes_part(self, node: Node) -> bool:
        """True for a copy of input 0 of which input 1 changes a part: see `change`."""
        return False

    def change(self, lowering: Lowering, node: Node, target: Buffer) -> Step:
        """The step that changes the part, in a buffer that holds input 0."""
        raise NotImplementedError(node.op.name)

    def staged(self, fusion: Fusion, node: Node, inputs: tuple[Tensor, ...], written: Written) -> Tensor:
        """The node on these inputs, of which the first is a variable with or without other changes, and the second the
        part: what may fail, or reads variables that are written, goes into memory of its own (`fusion.staging`)."""
        base, part, *others = inputs
        return copy_node(node, (base, kept_updates(part, written, fusion), *others)).out

    def reads_before(self, lowering: Lowering, node: Node, base: Buffer, result: Buffer) -> bool:
        """True if the changing step, which reads the base, reads of it only what it is about to write, or writes one
        element."""
        return False

    def region(self, lowering: Lowering, node: Node) -> Place | None:
        """Where input 1 stands in the result, if whoever computes it might write it there at once."""
        return None


class Unplaced(FamilyLowering):
    """The base of families without clusters, whose nodes are evaluated by their readers."""

    unplaced = True

    def place(self, fusion: Fusion, node: Node) -> None:
        pass


class Families(dict[Op, FamilyLowering]):
    """The lowering of every op: the one in the table for its class, or for the nearest class above. The classes in
    ``later`` are named by their modules and names, with functions that give the lowering when it is needed."""

    def __init__(
        self, table: Mapping[type[Op], FamilyLowering], later: Mapping[str, Callable[[], FamilyLowering]] | None = None
    ) -> None:
        super().__init__()
        self.table, self.later = dict(table), {} if later is None else later

    def __missing__(self, op: Op) -> FamilyLowering:
        for kind in type(op).__mro__:
            if kind not in self.table:
                make = self.later.get(f"{kind.__module__}.{kind.__qualname__}")
                if make is None:
                    continue
                self.table.setdefault(kind, make())
            found = self[op] = self.table[kind]
            return found
        raise AssertionError(f"{op.name}: the class {type(op).__name__} is not in the table of families")
