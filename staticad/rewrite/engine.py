"""The engine: applies rules to every node, inputs before users, until none fires.

Rules look at a node and what lies below it, and what lies below is final when they are tried. So one sweep reaches
the fixpoint: only the nodes that a rule makes are looked at again. Which rules may fire at all is decided once for the
op of a node and those of its operands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from operator import itemgetter

from staticad.errors import VerifyError
from staticad.ir.graph import Node, Tensor, describe, sort_nodes
from staticad.ir.provenance import Where, inherit
from staticad.ir.rebuild import rebuild
from staticad.ir.verify import agree
from staticad.ops.base import Op
from staticad.rewrite.match import fit
from staticad.rewrite.pattern import Rule

FEW = 3  # operands of nodes for which the ops of these are looked at


def apply_rules(
    outputs: Sequence[Tensor],
    rules: Sequence[Rule],
    counts: Counter[str] | None = None,
    settled: Sequence[Rule] = (),
) -> list[Tensor]:
    """The outputs over a graph in which no rule fires any more. ``counts`` is told how often each rule fired.

    ``settled`` are further rules, which do not fire in the given graph, in which equal nodes are one: they are tried on
    new nodes only. Raises VerifyError that names the rule if a rule changes a type, leads back to the node that it
    replaced, or if rules keep firing without an end.
    """
    nodes = sort_nodes(outputs)
    engine = _Engine(rules, settled, nodes if settled else (), limit=1000 + 50 * len(nodes))
    try:
        if settled and not engine.fires(nodes):
            return list(outputs)
        result = rebuild(outputs, simplify=engine.simplify)
    except VerifyError as error:
        if not engine.recent:
            raise
        raise VerifyError(f"{error}; the last rules were: {'; '.join(engine.recent)}") from error
    if counts is not None:
        counts.update(engine.counts)
    return result


class _Engine:
    def __init__(self, rules: Sequence[Rule], settled: Sequence[Rule], old: Iterable[Node], limit: int) -> None:
        self.begun, self.settled = [rule.begun() for rule in rules], settled
        self.rules_for_old = _Index(self.begun)
        self.old = set(old)
        self.done: set[Node] = set()  # old nodes for which no rule fires
        self.limit = limit
        self.counts: Counter[str] = Counter()
        self.fired = 0
        self.recent: list[str] = []
        self.places: dict[tuple[int, Op], tuple[Where, Where]] = {}

    @cached_property
    def rules(self) -> _Index:
        """The rules for new nodes. Most passes over small graphs make none."""
        begun = [rule.begun() for rule in self.settled]
        return _Index([*self.begun, *begun]) if begun else self.rules_for_old

    def fires(self, nodes: Iterable[Node]) -> bool:
        """Whether a rule fires for one of the old nodes. What it gives is made again where it is needed."""
        for node in nodes:
            if self._result(node) is not None:
                return True
            self.done.add(node)
        return False

    def simplify(self, node: Node) -> Sequence[Tensor] | None:
        if node in self.done:
            return None
        found = self._result(node)
        return None if found is None else self._accept(found[0], node, found[1])

    def _result(self, node: Node) -> tuple[Rule, Sequence[Tensor]] | None:
        """The rule that fires for a node, and what it gives."""
        rules = (self.rules_for_old if node in self.old else self.rules).of(node)
        if not rules:
            return None
        tensor = node.outputs[0]
        with inherit(self._place(node)):
            for rule in rules:
                result = rule.build(tensor)
                if result is not None and result is not tensor:
                    return rule, (result,) if isinstance(result, Tensor) else result
        return None

    def _accept(self, rule: Rule, node: Node, results: Sequence[Tensor]) -> list[Tensor]:
        self.fired += 1
        self.counts[rule.name] += 1
        self.recent = [rule.name, *self.recent[:3]]
        if self.fired > self.limit:
            name, count = self.counts.most_common(1)[0]
            raise VerifyError(f"no fixpoint after {self.limit} rewrites; the rule '{name}' fired {count} times")
        if len(results) != len(node.outputs):
            raise VerifyError(f"the rule '{rule.name}' gave {len(results)} tensors for {describe(node.outputs[0])}")
        for old, new in zip(node.outputs, results, strict=True):
            if not agree(new.type, old.type):
                raise VerifyError(f"the rule '{rule.name}' changed the type of {describe(old)} to {new.type}")
        return [_named(fit(new, old.type), node) for old, new in zip(node.outputs, results, strict=True)]

    def _place(self, node: Node) -> Where:
        key = (id(node.where), node.op)
        known = self.places.get(key)
        if known is None:
            known = self.places[key] = (node.where, node.where.derived(f"rewritten from {node.op.name}"))
        return known[1]


def _named(tensor: Tensor, replaced: Node) -> Tensor:
    """The replacement under the name of what it replaces, if it is new and has no name."""
    node = tensor.node
    if replaced.name is None or node.name is not None or node.serial < replaced.serial or not node.inputs:
        return tensor
    return Node(node.op, node.inputs, node.attrs, node.types, node.constraints, replaced.name, node.where).outputs[
        tensor.index
    ]


class _Index:
    """The rules by the ops of nodes and of their operands."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.listed: dict[Op, list[tuple[int, Rule]]] = {}
        self.kinds: list[tuple[int, Rule]] = []
        for number, rule in enumerate(rules):
            if rule.kind is not None:
                self.kinds.append((number, rule))
            for op in rule.ops:
                self.listed.setdefault(op, []).append((number, rule))
        self.by_op: dict[Op, tuple[Rule, ...]] = {}
        self.chosen: dict[tuple[Op, ...], tuple[Rule, ...]] = {}

    def of(self, node: Node) -> tuple[Rule, ...]:
        """The rules that may fire for a node."""
        rules = self.by_op.get(node.op)
        if rules is None:
            rules = self.by_op[node.op] = self._for(node.op)
        if not rules or len(node.inputs) > FEW:
            return rules
        inputs = node.inputs
        if len(inputs) == 2:  # as most have
            key: tuple[Op, ...] = (node.op, inputs[0].node.op, inputs[1].node.op)
        else:
            key = (node.op, *[t.node.op for t in inputs])
        found = self.chosen.get(key)
        if found is None:
            found = self.chosen[key] = tuple(rule for rule in rules if rule.fits is None or rule.fits(key[1:]))
        return found

    def _for(self, op: Op) -> tuple[Rule, ...]:
        """The rules for an op, in their given order."""
        found = [*self.listed.get(op, ()), *((n, rule) for n, rule in self.kinds if rule.kind and rule.kind(op))]
        return tuple(rule for _, rule in sorted(found, key=itemgetter(0)))
