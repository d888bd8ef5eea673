"""Clusters that look alike have one kernel, which is emitted once.

All that a nest depends on is written down as a key: what the members are and how they stand, what they read down to
memory, and which of these are the same memory. The step of a cluster with a key that is known is that of the first
one, with other buffers and other lines. A cluster that reads through indices has no key, since the ranges of integers
and the codes of checks come from elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Protocol

from staticad.ir.dims import Size
from staticad.ir.graph import Node, Tensor
from staticad.ir.provenance import Where
from staticad.lower.emission.accesses import Accesses
from staticad.lower.emission.nest import Nest
from staticad.lower.fusion.clusters import ASSEMBLE, Cluster, Member
from staticad.lower.interface import Lowering
from staticad.lower.kernel.plan import CONSTANT, Address, Buffer, Step
from staticad.ops.sources import constant_array
from staticad.records import dataclass

Made = tuple[Step, Accesses]
Memory = Tensor | Buffer


class Known(Lowering, Protocol):
    """What is known of memory when a nest is emitted."""

    def known(self, tensor: Tensor) -> Buffer | None:
        """The buffer of a tensor, if it has one."""

    def known_wide(self, tensor: Tensor) -> Buffer | None:
        """What `wide` gave for a tensor, if anything."""

    def outputs(self, node: Node) -> Sequence[Memory]:
        """What a stored node is written to."""


class Unlike(Exception):
    """There is no key for a cluster."""


class Look:
    """A cluster as a key. ``nodes`` are those that compute, the members first, ``memory`` is what they access, in the
    order of the key."""

    def __init__(self, lowering: Known, cluster: Cluster) -> None:
        if lowering.fusion.local:  # kernels compute local sizes from numbers that are not in the key
            raise Unlike
        self.lowering = lowering
        self.nodes: list[Node] = list(cluster.members)
        self.memory: list[Memory] = []
        self._slots: dict[Hashable, int] = {}
        self._parts: list[Hashable] = []
        self._members = len(self.nodes)
        self._seen: dict[Tensor, Hashable] = {node.outputs[0]: at for at, node in enumerate(self.nodes)}
        members = tuple([self._member(member) for member in cluster.members.values()])
        self.key: Hashable = (cluster.space, cluster.outer, cluster.rows, members, tuple(self._parts))

    def _slot(self, memory: Memory) -> int:
        """The number of what is in memory; one for all that is the same memory."""
        buffer = self.lowering.known(memory) if isinstance(memory, Tensor) else memory
        identity: Hashable = memory if buffer is None else buffer.number
        found = self._slots.get(identity)
        if found is None:
            found = self._slots[identity] = len(self.memory)
            self.memory.append(memory)
        return found

    def _member(self, m: Member) -> Hashable:
        node = m.node
        if self.lowering.moved(node):
            raise Unlike
        if m.operand is not None:
            reads: tuple[Tensor, ...] = (m.operand,)
        elif self.lowering.families[node.op].pointwise or m.kind == ASSEMBLE or m.reduction is not None:
            reads = node.inputs
        else:
            raise Unlike
        outputs = tuple([self._slot(memory) for memory in self.lowering.outputs(node)])
        stands = (m.kind, m.level, m.axes, m.stage, m.reduction, m.operand is None, m.operand_axes)
        stored = node in self.lowering.fusion.stored, node in self.lowering.fusion.staged
        return (node.op, node.attrs, node.types, stands, stored, outputs, tuple([self._part(x) for x in reads]))

    def _part(self, tensor: Tensor) -> Hashable:
        """An operand: a number if it was met before or is evaluated here, else what it is in memory."""
        found = self._seen.get(tensor)
        if found is None:
            found = self._seen[tensor] = self._in_memory(tensor) or self._evaluated(tensor)
        return found

    def _in_memory(self, tensor: Tensor) -> Hashable:
        """How a tensor is found in memory; None if it is evaluated."""
        node, lowering = tensor.node, self.lowering
        if lowering.families[node.op].source:
            array = constant_array(tensor)
            if array is not None and array.size == 1:
                return tensor.type, array.dtype.str, array.tobytes()
            if array is not None:
                lowering.buffer(tensor)  # which equal constants share
        elif lowering.fusion.home(node) is None or node in lowering.fusion.recomputed:
            return None
        elif lowering.moved(node):
            raise Unlike
        return tensor.type, self._slot(tensor)

    def _evaluated(self, tensor: Tensor) -> int:
        """The number of what is evaluated where it is read."""
        node, family = tensor.node, self.lowering.families[tensor.op]
        if family.checks_indices:
            raise Unlike
        if family.wholes:
            reads: tuple[Hashable, ...] = tuple([self._part(self.lowering.fusion.memory(x)) for x in node.inputs])
        else:
            reads = tuple([self._part(x) for x in node.inputs])
        self._parts.append((node.op, node.attrs, node.types, reads))
        if family.pointwise:
            self.nodes.append(node)
        return self._members + len(self._parts) - 1


@dataclass(frozen=True)
class Model:
    """The step of a cluster with a key: ``slots`` are the numbers in the key for the numbers of its buffers, ``wides``
    the members whose sums they hold, with their sizes; all other buffers are constants in the key. ``lines`` are the
    numbers of the nodes whose lines the step has."""

    step: Step
    accesses: Accesses
    slots: dict[int, int]
    wides: dict[int, tuple[int, Size]]
    lines: tuple[int, ...]

    def made(self, look: Look, lowering: Known) -> Made:
        """The step of another cluster that looks the same."""
        numbers: dict[int, int] = {}

        def number(old: int) -> int:
            new = numbers.get(old)
            if new is None:
                new = numbers[old] = self._number(old, look, lowering)
            return new

        step = self.step
        arguments = tuple(
            [Address(number(a.buffer), a.offset) if isinstance(a, Address) else a for a in step.arguments]
        )
        reads, writes = (tuple([number(old) for old in numbers]) for numbers in (step.reads, step.writes))
        where = tuple(dict.fromkeys([look.nodes[at].where for at in self.lines]))
        made = Step(step.kernel, arguments, step.extent, step.grain, reads, writes, step.label, where, step.work)
        return made, self.accesses.renamed(number)

    def _number(self, old: int, look: Look, lowering: Known) -> int:
        if old in self.slots:
            memory = look.memory[self.slots[old]]
            return memory.number if isinstance(memory, Buffer) else lowering.buffer(memory).number
        if old in self.wides:
            member, size = self.wides[old]
            return lowering.wide(look.nodes[member].outputs[0], size).number
        return old


def _model(made: Made, look: Look, lowering: Known) -> Model | None:
    """The model that a first cluster gives; None if it has something that is not in its key."""
    step, accesses = made
    found = [memory if isinstance(memory, Buffer) else lowering.known(memory) for memory in look.memory]
    slots = {buffer.number: at for at, buffer in enumerate(found) if buffer is not None}
    wides = {}
    for at, node in enumerate(look.nodes):
        wide = lowering.known_wide(node.outputs[0])
        if wide is not None:
            wides[wide.number] = (at, wide.shape[0])
    numbers = {a.buffer for a in step.arguments if isinstance(a, Address)}
    if any(n not in slots and n not in wides and lowering.buffers[n].role != CONSTANT for n in numbers):
        return None
    at_line: dict[Where, list[int]] = {}
    for at, node in enumerate(look.nodes):
        at_line.setdefault(node.where, []).append(at)
    lines = tuple([at for where in step.where for at in at_line[where]])
    return Model(step, accesses, slots, wides, lines)


class Nests:
    """The steps of loop clusters; those that look alike are made from a model."""

    def __init__(self, lowering: Known, outputs: Callable[[Node], list[Buffer]]) -> None:
        self._lowering, self._outputs = lowering, outputs
        self._models: dict[Hashable, Model] = {}

    def nest(self, cluster: Cluster, label: str) -> Made:
        """The step of a cluster, and what it accesses."""
        try:
            look = Look(self._lowering, cluster)
        except Unlike:
            return self._emitted(cluster, label)
        model = self._models.get(look.key)
        if model is not None:
            return model.made(look, self._lowering)
        made = self._emitted(cluster, label)
        model = _model(made, look, self._lowering)
        if model is not None:
            self._models[look.key] = model
        return made

    def _emitted(self, cluster: Cluster, label: str) -> Made:
        nest = Nest(self._lowering, cluster, self._outputs)
        step, emitter = nest.step(label)
        return step, Accesses(emitter.events, nest.rows)
