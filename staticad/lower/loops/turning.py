"""Matrices that loops go through column by column are stored transposed, so that a column is contiguous.

`P[:, j] = f(P[:, j - 1])` reads and writes elements that lie a row apart: every one is in a cache line of its own, and
loops over them are not vectorized well. A matrix and what loops and changes of parts make of it are one *kind*: all of
them lie the same way. A kind is turned where loops read and write whole columns of it and nothing else, and where no
transpose is needed for that: it begins with one number everywhere, and nobody wants it as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from operator import is_
from typing import Any

from staticad.ir.graph import Attrs, Node, Tensor, sort_nodes
from staticad.ir.inference import infer
from staticad.ir.rebuild import copy_node
from staticad.ir.types import TensorType
from staticad.lower.index.ranges import Ranges
from staticad.lower.index.sizes import Sizes
from staticad.lower.interface import FamilyLowering
from staticad.ops.base import Elementwise, Op, apply
from staticad.ops.control import LOOP, PARAMETER, Body, LoopShape
from staticad.ops.creation import EMPTY, FULL
from staticad.ops.indexing import GATHER, SCATTER
from staticad.ops.movement import TRANSPOSE
from staticad.ops.ranges import Range
from staticad.ops.slicing import EMBED, REPLACE, SLICE
from staticad.records import dataclass

_EVERYWHERE = (FULL, EMPTY)  # one number, so that they lie either way
_TURNED = ("starts", "sizes", "steps", "shape")  # attributes with an entry for each axis


def turn_columns(outputs: Sequence[Tensor], sizes: Sizes, families: Mapping[Op, FamilyLowering]) -> list[Tensor]:
    """The outputs over a graph in which such matrices are transposed."""
    nodes = sort_nodes(outputs)
    if all(node.op is not LOOP for node in nodes):
        return list(outputs)
    survey = _Survey(Ranges(sizes, families, {}))
    survey.visit(nodes, inside=False)
    for tensor in outputs:
        survey.refuse(tensor)
    turned = survey.turned()
    return _Turning(turned).outputs(outputs) if turned else list(outputs)


# ---- what is turned --------------------------------------------------------------------------------------------------


def _is_matrix(x: Tensor) -> bool:
    return x.ndim == 2 and x.op not in _EVERYWHERE


def _is_thin(x: Tensor) -> bool:
    """True for a row or a column: it takes no time to turn it."""
    return 1 in x.shape


def _by_columns(node: Node) -> bool:
    """True for a gather or scatter of one whole column."""
    return node.attrs["axes"] == (1,) and not node.attrs["aligned"] and not node.inputs[-1].ndim


@dataclass
class _Survey:
    """Which matrices are of one kind, and how they are used. ``kinds`` leads from a tensor to another one of its kind
    (union-find). ``known``: what the parameters of bodies stand for, which a loop that records shares with the one that
    does not."""

    ranges: Ranges
    kinds: dict[Tensor, Tensor] = field(default_factory=dict)
    refused: set[Tensor] = field(default_factory=set)
    wanted: set[Tensor] = field(default_factory=set)
    seen: set[Body] = field(default_factory=set)
    known: dict[tuple[Tensor, ...], list[Range | None]] = field(default_factory=dict)
    certain: bool = True  # whether parameters get the same numbers wherever a body runs

    def kind(self, x: Tensor) -> Tensor:
        """The tensor that stands for the kind."""
        found = x
        while self.kinds.get(found, found) is not found:
            found = self.kinds[found]
        while x is not found:
            self.kinds[x], x = found, self.kinds[x]
        return found

    def join(self, *tensors: Tensor) -> None:
        """These lie the same way."""
        matrices = [x for x in tensors if _is_matrix(x)]
        for x in matrices:
            self.kinds.setdefault(x, x)
            self.kinds[self.kind(x)] = self.kind(matrices[0])

    def refuse(self, *tensors: Tensor) -> None:
        """These are wanted as they are."""
        self.refused.update(x for x in tensors if _is_matrix(x))

    def turned(self) -> set[Tensor]:
        """The matrices that are better transposed."""
        wanted = {self.kind(x) for x in self.wanted} - {self.kind(x) for x in self.refused}
        return {x for x in self.kinds if self.kind(x) in wanted} if wanted and self.certain else set()

    def visit(self, nodes: Sequence[Node], inside: bool) -> None:
        """Look at the uses of matrices; ``inside`` a loop columns are worth it."""
        for node in nodes:
            op, inputs, output = node.op, node.inputs, node.outputs[0]
            if op is LOOP:
                self._loop(node)
            elif op is SLICE and output.ndim == 2:
                if _is_thin(output):
                    self.refuse(output)
                else:
                    self.join(output, inputs[0])
            elif op in (REPLACE, EMBED) and output.ndim == 2:
                self.join(output, *(x for x in inputs if op is REPLACE and x is inputs[0] or not _is_thin(x)))
            elif op in (GATHER, SCATTER) and inputs[0].ndim == 2:
                self._column(node, inside)
            elif isinstance(op, Elementwise) and all(x.ndim == 0 or x.shape == output.shape for x in inputs):
                self.join(output, *inputs)
            elif op is not PARAMETER or not inside:
                self.refuse(*inputs, *node.outputs)

    def _column(self, node: Node, inside: bool) -> None:
        matrix = node.inputs[0]
        if not _by_columns(node) or not self.ranges.within(node.inputs[-1], matrix.shape[1]):
            self.refuse(*node.inputs, *node.outputs)  # an index to check is one of the axis that errors name
            return
        self.join(matrix, *node.outputs)
        if inside:
            self.wanted.add(matrix)

    def _loop(self, node: Node) -> None:
        shape: LoopShape = node.attrs["shape"]
        body: Body = node.attrs["body"]
        carry, slices, captures = shape.split_parameters(body.parameters)
        first, sequences, captured = shape.split_parameters(node.inputs)
        following, results = shape.split_outputs(body.outputs)
        for versions in zip(first, carry, following, shape.split_outputs(node.outputs)[0], strict=True):
            self.join(*versions)
        for given, own in zip(captured, captures, strict=True):
            self.join(given, own)
        self.refuse(*sequences, *slices, *results, *shape.split_outputs(node.outputs)[1])
        known = [self.ranges.of(x) for x in (*sequences, *captured)]
        self.certain = self.certain and self.known.setdefault(body.parameters, known) == known
        if body in self.seen:
            return
        self.seen.add(body)
        for own, found in zip((*slices, *captures), known, strict=True):
            if found is not None:
                self.ranges.known[own.node] = found
        self.ranges.learn(body.locals)
        self.visit(sort_nodes(body.roots), inside=True)


# ---- the turned graph ------------------------------------------------------------------------------------------------


@dataclass
class _Turning:
    """``made`` are the tensors of the new graph, by those of the old one: matrices of ``turned`` kinds transposed."""

    turned: set[Tensor]
    made: dict[Tensor, Tensor] = field(default_factory=dict)
    bodies: dict[Body, Body] = field(default_factory=dict)

    def outputs(self, outputs: Sequence[Tensor]) -> list[Tensor]:
        for node in sort_nodes(outputs):
            if node.outputs[0] not in self.made:
                self.made.update(zip(node.outputs, self._node(node), strict=True))
        return [self.made[t] for t in outputs]

    def _node(self, node: Node) -> Sequence[Tensor]:
        op, inputs, turns = node.op, node.inputs, node.outputs[0] in self.turned
        if op is LOOP:
            return self._loop(node)
        if op is PARAMETER:
            return [self._parameter(node.outputs[0])]
        if op in (GATHER, SCATTER) and (turns or inputs[0] in self.turned):
            kept = (self.made[x] for x in inputs[1:])
            return _again(node, (self._as_turned(inputs[0]), *kept), axes=(0,), position=0)
        if op in (SLICE, REPLACE, EMBED) and (turns or op is SLICE and inputs[0] in self.turned):
            given = {k: v[::-1] for k, v in node.attrs.items() if k in _TURNED}
            (made,) = _again(node, tuple(map(self._as_turned, inputs)), **given)
            return [made if turns else _transposed(made, node)]
        if turns:
            return _again(node, tuple(map(self._as_turned, inputs)))
        return copy_node(node, tuple(map(self._as_kept, inputs))).outputs

    def _as_turned(self, x: Tensor) -> Tensor:
        """A matrix transposed; a number as it is."""
        if x in self.turned or x.ndim == 0:
            return self.made[x]
        if x.op in _EVERYWHERE:
            return _again(x.node, (), shape=x.shape[::-1])[0]
        return _transposed(self.made[x], x.node)

    def _as_kept(self, x: Tensor) -> Tensor:
        """The tensor as it was: of a turned kind only rows and columns are wanted so."""
        return _transposed(self.made[x], x.node) if x in self.turned else self.made[x]

    def _parameter(self, x: Tensor) -> Tensor:
        if x not in self.turned:
            return x
        return _again(x.node, (), type=TensorType(x.shape[::-1], x.dtype))[0]

    def _loop(self, node: Node) -> Sequence[Tensor]:
        body = self._body(node.attrs["body"], node.attrs["shape"].carries)
        given = zip(node.attrs["body"].parameters, node.inputs, strict=False)
        inputs = [self._as_turned(x) if own in self.turned else self._as_kept(x) for own, x in given]
        extra = [self.made[x] for x in node.inputs[len(inputs) :]]
        if body is node.attrs["body"]:
            return copy_node(node, (*inputs, *extra)).outputs
        return _again(node, (*inputs, *extra), body=body)

    def _body(self, body: Body, carries: int) -> Body:
        if body not in self.bodies:
            for own in body.parameters:
                self.made.setdefault(own, self._parameter(own))
            parameters = tuple(self.made[own] for own in body.parameters)
            roots = self.outputs(body.roots)
            count = len(body.outputs)
            # What begins the next step lies as its parameter does.
            following = zip(body.parameters[:carries], body.outputs, strict=False)
            outputs = [
                self._as_turned(x) if own in self.turned else made
                for (own, x), made in zip(following, roots, strict=False)
            ]
            outputs += roots[len(outputs) : count]
            sizes = tuple((symbol, x) for (symbol, _), x in zip(body.locals, roots[count:], strict=True))
            same = all(map(is_, (*parameters, *roots), (*body.parameters, *body.roots)))
            self.bodies[body] = body if same else Body(parameters, tuple(outputs), body.demands, sizes)
        return self.bodies[body]


def _transposed(x: Tensor, node: Node) -> Tensor:
    made = apply(TRANSPOSE, x, axes=(1, 0))
    return Node(TRANSPOSE, (x,), made.node.attrs, made.node.types, (), None, node.where).out


def _again(node: Node, inputs: tuple[Tensor, ...], **changes: Any) -> tuple[Tensor, ...]:
    """The outputs of the node on other inputs, with other attributes."""
    attrs = Attrs(**(dict(node.attrs) | changes))
    types, _ = infer(node.op, tuple(x.type for x in inputs), attrs)
    made = Node(node.op, inputs, attrs, types, node.constraints, node.name, node.where, type(node.outputs[0]))
    made.detached = node.detached
    return made.outputs
