"""Control flow: a choice between bodies, and loops. The bodies are graphs of their own inside one node.

A `Body` computes its outputs from its parameters alone: whatever it uses of the graph around it is handed in as a
parameter (the front captures it). A loop is one op whether its length is known when sizes are bound (scan, fori) or
only when it has run (while): its inputs are

    init of the carry | sequences, sliced along axis 0 | captures | for a while loop the first condition
                                                               | for a loop over recorded sequences their length

its body maps ``carry, slices, captures`` to ``next carry, results of this step`` (and the next condition), and its
outputs are ``last carry, results stacked along axis 0`` and, for a while loop, how many steps it made. Sequences whose
length is known only at run time have a leading size that is a run-time symbol; only loops read and write them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

from staticad.errors import DTypeError, GraphError, ShapeError
from staticad.ir.dims import Dim, Size, Symbol, local_symbols
from staticad.ir.dtypes import BOOL, INT64
from staticad.ir.graph import Attrs, Node, Tensor, describe, sort_nodes
from staticad.ir.types import Demands, TensorType, same_shape, same_size
from staticad.ops.base import Inferred, Op, Source
from staticad.ops.sources import of_type
from staticad.records import dataclass

_serial = attrgetter("serial")


def _given(**_: Any) -> Any:
    raise AssertionError("a parameter takes its value from the loop or branch that it belongs to")


PARAMETER = Source("parameter", numpy=_given, notes="what a loop or branch hands to its body")


def parameter(kind: TensorType, name: str | None = None) -> Tensor:
    """A new parameter of a body."""
    return Node(PARAMETER, (), of_type(kind), (kind,), name=name).out


Locals = tuple[tuple[Symbol, Tensor], ...]


@dataclass(frozen=True, eq=False)
class Body:
    """A graph from parameters to outputs. Compared by identity. What nodes in ``demands`` demand of sizes has to hold
    where the body is entered, as does what its own nodes demand. ``locals`` are the local sizes of which its nodes
    speak, each with the int64 scalar of the body that it is the value of."""

    parameters: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    demands: tuple[Node, ...] = ()
    locals: Locals = ()

    def __repr__(self) -> str:
        return f"<body {len(self.parameters)} -> {len(self.outputs)}>"

    @property
    def roots(self) -> list[Tensor]:
        """The outputs, and what they need besides: the values of local sizes."""
        return [*self.outputs, *(value for _, value in self.locals)]


@dataclass(frozen=True)
class LoopShape:
    """How the inputs, parameters and outputs of a loop divide.

    ``length`` is the number of steps: a size, or for a while loop (``conditional``) and for loops over recorded
    sequences (``counted``) a run-time symbol. ``reverse`` runs from the last slice to the first.
    """

    carries: int
    sequences: int
    captures: int
    results: int
    length: Size
    reverse: bool = False
    conditional: bool = False
    counted: bool = False

    def __str__(self) -> str:
        steps = "while" if self.conditional else "as many steps as recorded" if self.counted else f"{self.length} steps"
        return f"{steps}, in reverse" if self.reverse else steps

    def split_parameters(self, items: Sequence[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        """Carry, slices, captures. Also for the inputs of the node, whose last one may be a condition or a length."""
        a, b = self.carries, self.carries + self.sequences
        return list(items[:a]), list(items[a:b]), list(items[b : b + self.captures])

    def split_outputs(self, items: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """Carry and results."""
        return list(items[: self.carries]), list(items[self.carries : self.carries + self.results])


class Control(Op):
    """Nodes with bodies. Differentiated by `staticad.autodiff.control`, lowered by `staticad.lower.loops.control`."""

    family = "control"
    title, about = "Control flow", "Their bodies are graphs of their own, and are differentiated as a whole."
    result = "its bodies'"
    several_outputs = True

    def given(self, inputs: Sequence[Tensor]) -> str:
        """Nothing: there are many inputs, and the errors name the one that does not fit."""
        return ""


class Cond(Control):
    """Inputs: an int64 scalar, then the operands of every branch. attrs branches: tuple of Body. Only the chosen
    branch runs; an index outside counts as the nearest branch."""

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        branches: tuple[Body, ...] = attrs["branches"]
        if inputs[0].dtype != INT64 or inputs[0].ndim:
            raise DTypeError(f"the index of a branch is an int64 scalar, not {inputs[0]}")
        first = [t.type for t in branches[0].outputs]
        with Demands() as demands:
            for branch in branches:
                for given, wanted in zip(inputs[1:], branch.parameters, strict=True):
                    _agree(given, wanted.type, demands, "operand")
                for number, (tensor, kind) in enumerate(zip(branch.outputs, first, strict=True)):
                    _agree(tensor.type, kind, demands, f"result {number} of the branches ({tensor.where})")
            return tuple(first), demands.close()


class Loop(Control):
    """attrs body: Body, shape: LoopShape, base: the Body that this one extends by further results (or itself)."""

    def infer(self, inputs: tuple[TensorType, ...], attrs: Attrs) -> Inferred:
        body: Body = attrs["body"]
        shape: LoopShape = attrs["shape"]
        carry, sequences, captures = shape.split_parameters(inputs)
        own_carry, slices, own_captures = shape.split_parameters(body.parameters)
        following, results = shape.split_outputs(body.outputs)
        with Demands() as demands:
            for given, wanted in zip((*carry, *captures), (*own_carry, *own_captures), strict=True):
                _agree(given, wanted.type, demands, "input")
            for given, wanted in zip(sequences, slices, strict=True):
                if not given.ndim or same_size(given.shape[0], shape.length, demands) is None:
                    raise ShapeError(f"a sequence {given} of another length than {shape.length}")
                _agree(TensorType(given.shape[1:], given.dtype), wanted.type, demands, "slice")
            for number, (tensor, wanted) in enumerate(zip(following, own_carry, strict=True)):
                what = f"carry {number} ({tensor.where}, it enters at {wanted.where})"
                _agree(tensor.type, wanted.type, demands, what)
            constraints = demands.close()
        extra = inputs[len(body.parameters) :]
        if len(extra) != int(shape.conditional) + int(shape.counted):
            raise ShapeError(f"{len(inputs)} inputs for a body of {len(body.parameters)} parameters")
        if shape.conditional and (extra[0].dtype != BOOL or extra[0].ndim):
            raise DTypeError(f"the condition of a while loop is a bool scalar, not {extra[0]}")
        types = [t.type for t in own_carry]
        types += [TensorType((shape.length, *t.shape), t.dtype) for t in results]
        if shape.conditional:
            types.append(TensorType((), INT64))
        return tuple(types), constraints


def _agree(given: TensorType, wanted: TensorType, demands: Demands, what: str) -> None:
    if given.dtype != wanted.dtype:
        raise DTypeError(f"{what}: {given} instead of {wanted}; the dtypes have to stay the same, use astype")
    if not same_shape(given.shape, wanted.shape, demands):
        raise ShapeError(f"{what}: {given} instead of {wanted}; the shapes have to stay the same")


def steps_made(node: Node) -> Tensor:
    """How many steps a loop of run-time length makes: an output of a while loop, the last input of others."""
    shape: LoopShape = node.attrs["shape"]
    return node.outputs[-1] if shape.conditional else node.inputs[-1]


def bodies(node: Node) -> tuple[Body, ...]:
    """The bodies of a node; none for ordinary nodes."""
    if not isinstance(node.op, Control):
        return ()
    return node.attrs["branches"] if node.op is COND else (node.attrs["body"],)


def sizes_spoken_of(node: Node) -> set[Symbol]:
    """The local sizes of which a node speaks. What its bodies speak of is handed to them."""
    found: set[Symbol] = set()
    for kind in node.types:
        for size in kind.shape:
            found |= local_symbols(size)
    pending: list[Any] = list(node.attrs.values())
    while pending:
        value = pending.pop()
        if isinstance(value, Dim):
            found |= value.locals
        elif isinstance(value, tuple):
            pending += value
        elif isinstance(value, Attrs):
            pending += value.values()
        elif isinstance(value, LoopShape):
            found |= local_symbols(value.length)
    return found


def spoken_of(tensors: Iterable[Tensor], known: Locals) -> Locals:
    """Those local sizes of which some node below the tensors speaks, or below the values of such sizes."""
    left, pending = dict(known), list(tensors)
    while left and pending:
        spoken = set[Symbol]().union(*map(sizes_spoken_of, sort_nodes(pending)))
        pending = [left.pop(symbol) for symbol, _ in known if symbol in left and symbol in spoken]
    return tuple((symbol, value) for symbol, value in known if symbol not in left)


def all_nodes(tensors: Iterable[Tensor]) -> list[Node]:
    """Every node below the tensors, those inside bodies included, in the order in which they were made: inputs before
    users, bodies before the nodes that have them."""
    found: set[Node] = set()
    pending = [t.node for t in tensors]
    while pending:
        node = pending.pop()
        if node in found:
            continue
        found.add(node)
        for read in node.inputs:
            pending.append(read.node)
        if isinstance(node.op, Control):
            pending += [t.node for body in bodies(node) for t in body.roots]
    return sorted(found, key=_serial)


def check_scopes(tensors: Iterable[Tensor]) -> None:
    """Raises GraphError where a value from inside a body is used outside of it."""
    pending: list[tuple[list[Tensor], frozenset[Node], frozenset[Symbol]]] = [(list(tensors), frozenset(), frozenset())]
    checked: set[Body] = set()
    while pending:
        outputs, own, sizes = pending.pop()
        for node in sort_nodes(outputs):
            if (node.op is PARAMETER and node not in own) or sizes_spoken_of(node) - sizes:
                raise GraphError(leaked(node))
            for body in bodies(node):
                if body not in checked:
                    checked.add(body)
                    pending.append((body.roots, frozenset(p.node for p in body.parameters), _known(body)))


def _known(body: Body) -> frozenset[Symbol]:
    return frozenset(symbol for symbol, _ in body.locals)


def leaked(node: Node) -> str:
    """The message for a parameter that is used outside its body."""
    return (
        f"{describe(node.outputs[0])} belongs to the body of a loop or branch and is used outside of it: a value from "
        "inside was kept in a list, an attribute or a closure; make it part of the state or of the results"
    )


COND = Cond("cond", numpy=_given, notes="one of several bodies; the others don't run")
LOOP = Loop(
    "loop",
    numpy=_given,
    notes="`scan`, `fori_loop` and `while_loop`; runs its body once for every step, known before the run or not",
)
