"""The mode of a session, put into its graph: what belongs to the other mode is left out, before anything is compiled.

A choice by the mode is made here, not by the rules that simplify: the inputs of a session are those that its mode
needs, and with ``optimize=False`` there is one mode, too. Derivatives of a choice have zeros for the other side, which
are added to nothing here: a session computes what it would if its graph had been built for its mode alone, up to the
sign of a zero that is added so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from staticad.ir.dtypes import BOOL
from staticad.ir.graph import Attrs, Node, Tensor, sort_nodes
from staticad.ir.provenance import inherit
from staticad.ir.rebuild import copy_node
from staticad.ir.substitute import substitute
from staticad.ops.arithmetic import ADD, NEG, SUB
from staticad.ops.base import Cast, Movement, Reshape, apply
from staticad.ops.comparison import LOGICAL_AND, LOGICAL_NOT, LOGICAL_OR
from staticad.ops.control import COND, Body, Control, bodies
from staticad.ops.creation import zeros
from staticad.ops.mode import TRAINING
from staticad.ops.reduce import SUM
from staticad.ops.selection import WHERE
from staticad.ops.sources import constant
from staticad.rewrite.match import fit, scalar_value


def in_mode(outputs: Sequence[Tensor], training: bool | None) -> list[Tensor]:
    """The outputs where the session trains or does not; for None, each op that asks has its default."""
    return _Mode(training).outputs(outputs)


class _Mode:
    def __init__(self, training: bool | None) -> None:
        self.training = training
        self.made: dict[Tensor, Tensor] = {}
        self.known: dict[Tensor, bool | int] = {}  # what depends on the mode alone, of the new graph
        self.zeros: set[Tensor] = set()  # what the other mode has in the place of these, of the new graph
        self.bodies: dict[Body, Body] = {}

    def outputs(self, outputs: Sequence[Tensor]) -> list[Tensor]:
        for node in sort_nodes(outputs):
            if node.outputs[0] not in self.made:
                with inherit(node.where):
                    self.made.update(zip(node.outputs, self._node(node), strict=True))
        return [self.made[t] for t in outputs]

    def _node(self, node: Node) -> Sequence[Tensor]:
        inputs = tuple(self.made[t] for t in node.inputs)
        if node.op is TRAINING:
            return [self._constant(node.attrs["value"] if self.training is None else self.training, node.out)]
        if isinstance(node.op, Control):
            return self._control(node, inputs)
        if any(t in self.known for t in inputs):
            found = self._decided(node, inputs)
            if found is not None:
                return [found]
        if any(t in self.zeros for t in inputs):
            found = self._without_zeros(node, inputs)
            if found is not None:
                return [found]
        return copy_node(node, inputs).outputs

    def _constant(self, value: bool | int, like: Tensor) -> Tensor:
        found = constant(value, like.dtype)
        self.known[found] = value
        return found

    def _decided(self, node: Node, inputs: tuple[Tensor, ...]) -> Tensor | None:
        """What is known of a node that depends on the mode."""
        op, values = node.op, [self.known.get(t) for t in inputs]
        if op is WHERE and values[0] is not None:
            chosen = inputs[1 if values[0] else 2]
            found = fit(chosen, node.out.type)
            value = scalar_value(chosen)
            if value is not None and found.dtype == BOOL:
                self.known[found] = bool(value)
            elif chosen in self.zeros or value == 0:
                self.zeros.add(found)
            return found
        if isinstance(op, Cast) or op is LOGICAL_NOT:
            (value,) = values
            assert value is not None
            return self._constant(not value if op is LOGICAL_NOT else int(value), node.out)
        if op is LOGICAL_AND or op is LOGICAL_OR:
            place = 0 if values[0] is not None else 1
            if bool(values[place]) == (op is LOGICAL_AND):
                return fit(inputs[1 - place], node.out.type)
            found = fit(inputs[place], node.out.type)
            self.known[found] = op is LOGICAL_OR
            return found
        return None

    def _without_zeros(self, node: Node, inputs: tuple[Tensor, ...]) -> Tensor | None:
        """A node some of whose operands are only there in the other mode."""
        op = node.op
        if op is ADD or op is SUB:
            left, right = inputs
            if right in self.zeros:
                found = fit(left, node.out.type)
            else:
                found = fit(right if op is ADD else apply(NEG, right), node.out.type)
            if left in self.zeros and right in self.zeros:
                self.zeros.add(found)
            return found
        chosen = inputs[1:] if op is WHERE else inputs
        passes = op is WHERE or op is NEG or op is SUM or isinstance(op, Cast | Movement | Reshape)
        if passes and all(t in self.zeros or scalar_value(t) == 0 for t in chosen):
            found = zeros(node.out.type)
            self.zeros.add(found)
            return found
        return None

    # ---- bodies --------------------------------------------------------------------------------------------------

    def _control(self, node: Node, inputs: tuple[Tensor, ...]) -> Sequence[Tensor]:
        if node.op is COND and inputs[0] in self.known:
            branches: tuple[Body, ...] = node.attrs["branches"]
            body = branches[min(max(int(self.known[inputs[0]]), 0), len(branches) - 1)]
            if not body.locals and not body.demands:
                results = self.outputs(
                    substitute(body.outputs, dict(zip(body.parameters, node.inputs[1:], strict=True)))
                )
                return [fit(t, kind) for t, kind in zip(results, node.types, strict=True)]
        found = {body: self._body(body) for body in bodies(node)}
        if all(old is new for old, new in found.items()):
            return copy_node(node, inputs).outputs
        changed = {
            name: tuple(map(self._body, value)) if name == "branches" else self._body(value)
            for name, value in node.attrs.items()
            if name in ("branches", "body", "base")
        }
        attrs = Attrs(**{**node.attrs, **changed})
        made = Node(node.op, node.inputs, attrs, node.types, node.constraints, node.name, node.where)
        made.detached = node.detached
        return copy_node(made, self._needed(made, inputs)).outputs

    def _needed(self, node: Node, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The inputs of a loop or branch; zeros in the place of those that only the other mode reads."""
        used = {n for body in bodies(node) for n in sort_nodes(body.roots)}
        first, states = (1, 0) if node.op is COND else (0, node.attrs["shape"].carries)
        found = list(inputs)
        for place, parameters in enumerate(zip(*(body.parameters for body in bodies(node)), strict=True)):
            operand = inputs[first + place]
            known = all(isinstance(size, int) for size in operand.shape)  # another size may come from nowhere else
            if place >= states and known and not any(p.node in used for p in parameters):
                found[first + place] = zeros(operand.type)
        return tuple(found)

    def _body(self, body: Body) -> Body:
        if body not in self.bodies:
            roots = self.outputs(body.roots)
            same = all(a is b for a, b in zip(roots, body.roots, strict=True))
            outputs, values = roots[: len(body.outputs)], roots[len(body.outputs) :]
            sizes = tuple((symbol, value) for (symbol, _), value in zip(body.locals, values, strict=True))
            fitted = tuple(fit(new, old.type) for new, old in zip(outputs, body.outputs, strict=True))
            self.bodies[body] = body if same else replace(body, outputs=fitted, locals=sizes)
        return self.bodies[body]
