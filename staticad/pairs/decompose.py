"""A graph with complex tensors as a graph of real ones.

Inputs and variables are seen as NumPy keeps them, the parts of each number side by side on a last axis of size 2, and
results are written so. Everything between is a pair of tensors, also what branches and loops are given and return. A
loop that extends another one keeps that as its base, so that both are still found to be one.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import replace

from staticad.ir.dtypes import is_complex, real_dtype
from staticad.ir.graph import Attrs, Node, Tensor, sort_nodes
from staticad.ir.provenance import inherit
from staticad.ir.rebuild import copy_node
from staticad.ir.types import TensorType
from staticad.lower.kernel.plan import Buffer, Plan
from staticad.lower.seen_types import seen_from_outside
from staticad.ops.base import apply_all
from staticad.ops.control import COND, Body, Control, LoopShape, parameter
from staticad.ops.sources import PLACEHOLDER, VARIABLE
from staticad.pairs.pair import Pair, flat, interleaved, taken_apart
from staticad.pairs.rules import Value, translated


class Decomposition:
    """One graph that is made real. Tensors that are real and depend on nothing complex stay what they are."""

    def __init__(self) -> None:
        self._found: dict[Tensor, Value] = {}
        self._stored: dict[Node, Tensor] = {}
        self._bodies: dict[Body, Body] = {}

    def stored(self, source: Tensor) -> Tensor:
        """What stands for an input or a variable."""
        if not is_complex(source.dtype):
            return source
        found = self._stored.get(source.node)
        if found is None:
            node = source.node
            kind = TensorType((*source.shape, 2), real_dtype(source.dtype))
            attrs = Attrs(type=kind)
            found = self._stored[node] = Node(node.op, (), attrs, (kind,), name=node.name, where=node.where).out
        return found

    def outputs(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """What stands for the tensors that are stored outside."""
        found = []
        for tensor, value in zip(tensors, self._values(tensors), strict=True):
            with inherit(tensor.where):
                found.append(interleaved(value, tensor.shape) if isinstance(value, Pair) else value)
        return found

    def seen(self, plan: Plan, fetches: Sequence[Tensor]) -> Plan:
        """The plan as it looks from outside, where inputs, variables and results are complex."""

        def result(buffer: Buffer, fetch: Tensor) -> Buffer:
            return replace(buffer, dtype=fetch.dtype, shape=buffer.shape[:-1]) if is_complex(fetch.dtype) else buffer

        return seen_from_outside(plan, fetches, self._stored, result)

    def _values(self, tensors: Sequence[Tensor]) -> list[Value]:
        for node in sort_nodes(tensors):
            if node.outputs[0] not in self._found:
                with inherit(node.where):
                    values = self._node(node)
                self._found.update(zip(node.outputs, values, strict=True))
        return [self._found[t] for t in tensors]

    def _node(self, node: Node) -> Sequence[Value]:
        inputs = tuple(self._found[t] for t in node.inputs)
        if isinstance(node.op, Control):
            return self._control(node, inputs)
        if not any(is_complex(t.dtype) for t in (*node.inputs, *node.outputs)):
            return copy_node(node, tuple(x for x in inputs if isinstance(x, Tensor))).outputs
        if node.op is PLACEHOLDER or node.op is VARIABLE:
            return [taken_apart(self.stored(node.out))]
        return translated(node, inputs)

    # ---- bodies --------------------------------------------------------------------------------------------------

    def _control(self, node: Node, inputs: tuple[Value, ...]) -> Sequence[Value]:
        own = node.attrs["branches"] if node.op is COND else (node.attrs["body"],)
        bodies = tuple(map(self._body, own))
        given = flat(inputs, [t.shape for t in node.inputs])
        if all(map(operator.is_, bodies, own)):
            return copy_node(node, tuple(given)).outputs
        if node.op is COND:
            made = apply_all(COND, *given, branches=bodies)
        else:
            shape = _widened(node.attrs["shape"], own[0])
            made = apply_all(node.op, *given, body=bodies[0], shape=shape, base=node.attrs["base"])
        parts = iter(made)
        return [Pair(next(parts), next(parts)) if is_complex(t.dtype) else next(parts) for t in node.outputs]

    def _body(self, body: Body) -> Body:
        """The body on pairs; the body itself if nothing in it is complex."""
        found = self._bodies.get(body)
        if found is None:
            found = self._bodies[body] = self._translated_body(body)
        return found

    def _translated_body(self, body: Body) -> Body:
        parameters: list[Tensor] = []
        for own in body.parameters:
            if own not in self._found:
                with inherit(own.where):
                    self._found[own] = _parts_of_parameter(own)
            parameters += flat([self._found[own]], [own.shape])
        roots = self._values(body.roots)
        outputs = flat(roots[: len(body.outputs)], [t.shape for t in body.outputs])
        numbers = [x for x in roots[len(body.outputs) :] if isinstance(x, Tensor)]
        same = len(outputs) == len(body.outputs) and all(map(operator.is_, outputs, body.outputs))
        if same and len(parameters) == len(body.parameters):
            return body
        local = tuple((symbol, x) for (symbol, _), x in zip(body.locals, numbers, strict=True))
        return Body(tuple(parameters), tuple(outputs), body.demands, local)


def _parts_of_parameter(own: Tensor) -> Value:
    if not is_complex(own.dtype):
        return own
    kind = TensorType(own.shape, real_dtype(own.dtype))
    return Pair(parameter(kind, own.name), parameter(kind, own.name))


def _widened(shape: LoopShape, body: Body) -> LoopShape:
    """How the inputs and outputs divide where complex ones are two."""

    def count(tensors: Sequence[Tensor]) -> int:
        return sum(2 if is_complex(t.dtype) else 1 for t in tensors)

    carries, sequences, captures = map(count, shape.split_parameters(body.parameters))
    _, results = shape.split_outputs(body.outputs)
    return replace(shape, carries=carries, sequences=sequences, captures=captures, results=count(results))
