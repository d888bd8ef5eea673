"""Lowering: an optimized graph becomes a plan of kernels over buffers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from staticad.ir.dims import Size, floordiv, maximum, product
from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ir.provenance import Where
from staticad.ir.types import Constraint
from staticad.lower.affine import Affine, Context, linear, strides
from staticad.lower.clusters import ASSEMBLE, CONTRACT, LOOPS, SCATTER, Cluster
from staticad.lower.contract import batch_shape, bits
from staticad.lower.emit import Event, literal
from staticad.lower.fuse import Fusion
from staticad.lower.memory import assign_offsets
from staticad.lower.nest import Nest, scatter_updates, store_region
from staticad.lower.plan import (
    CONSTANT,
    FEED,
    FETCH,
    TEMPORARY,
    VARIABLE,
    Address,
    Argument,
    Buffer,
    Check,
    Plan,
    Requirement,
    Routine,
    Step,
    Symbolic,
)
from staticad.lower.prepare import prepare
from staticad.lower.settle import settle
from staticad.lower.sizes import Sizes
from staticad.ops.sources import ConstantValue, constant_array

Update = tuple[Tensor, Tensor]  # variable, its new value


def lower(
    inputs: Sequence[Tensor],
    fetches: Sequence[Tensor],
    updates: Sequence[Update],
    constraints: Sequence[Constraint],
    requirements: Sequence[Requirement],
) -> Plan:
    """The plan that computes the fetches and the new values of variables from the inputs."""
    sizes = Sizes(constraints)
    outputs = prepare([*fetches, *(value for _, value in updates)], sizes)
    lowering = Lowering(inputs, sizes)
    values = outputs[len(fetches) :]
    return lowering.plan(outputs[: len(fetches)], [(v, x) for (v, _), x in zip(updates, values)], tuple(requirements))


class Lowering:
    """The state of one lowering: clusters, buffers, steps."""

    def __init__(self, inputs: Sequence[Tensor], sizes: Sizes) -> None:
        self.sizes = sizes
        self.fusion = Fusion(sizes)
        self.inputs = tuple(inputs)
        self._positions = {t.node: i for i, t in enumerate(inputs)}
        self.variables: list[Tensor] = []
        self.buffers: list[Buffer] = []
        self.checks: list[Check] = []
        self._sources: dict[Node, Buffer] = {}
        self._constants: dict[ConstantValue, Buffer] = {}
        self._computed: dict[Node, Buffer] = {}
        self._in_place: dict[Node, list[Buffer]] = {}

    # ---- buffers (the protocol of emit.Memory) -------------------------------------------------------------------

    def _new(self, role: str, tensor: Tensor, position: int = -1, array: np.ndarray | None = None) -> Buffer:
        buffer = Buffer(len(self.buffers), role, self.sizes.shape(tensor.shape), tensor.dtype, position, array)
        self.buffers.append(buffer)
        return buffer

    def buffer(self, tensor: Tensor) -> Buffer:
        """The buffer of a source or computed tensor."""
        node = tensor.node
        if node.op.family == "source":
            found = self._sources.get(node)
            if found is None:
                found = self._sources[node] = self._source(tensor)
            return found
        found = self._computed.get(node)
        if found is None:
            found = self._computed[node] = self._new(TEMPORARY, tensor)
        return found

    def _source(self, tensor: Tensor) -> Buffer:
        array = constant_array(tensor)
        if array is not None:
            return self.constant(array)
        if tensor.op.name == "variable":
            self.variables.append(tensor)
            return self._new(VARIABLE, tensor, len(self.variables) - 1)
        return self._new(FEED, tensor, self._positions[tensor.node])

    def constant(self, array: np.ndarray) -> Buffer:
        """A buffer for a constant; equal constants share one."""
        value = ConstantValue(array)
        found = self._constants.get(value)
        if found is None:
            shape = tuple(int(s) for s in array.shape)
            found = Buffer(len(self.buffers), CONSTANT, shape, array.dtype, -1, value.array)
            self.buffers.append(found)
            self._constants[value] = found
        return found

    def check(self, text: str, where: Where) -> int:
        """The code of a new index check. Codes count from 0; two checks of one place share a code."""
        check = Check(text, where)
        if check not in self.checks:
            self.checks.append(check)
        return self.checks.index(check)

    # ---- the plan ------------------------------------------------------------------------------------------------

    def plan(self, fetches: Sequence[Tensor], updates: Sequence[Update], requirements: tuple[Requirement, ...]) -> Plan:
        self.fusion.place(sort_nodes([*fetches, *(value for _, value in updates)]))
        fetched = [self._fetch(tensor, position) for position, tensor in enumerate(fetches)]
        targets = [(self.buffer(variable), self._own(value)) for variable, value in updates]
        settle(self.fusion)
        compute, commit = self._steps(targets)
        offsets, arena = assign_offsets(self.buffers, [*compute, *commit])
        return Plan(
            tuple(self.buffers),
            tuple(compute),
            tuple(commit),
            offsets,
            arena,
            tuple(self.checks),
            requirements,
            self.inputs,
            tuple(self.variables),
            tuple(fetched),
        )

    def _own(self, tensor: Tensor) -> Tensor:
        """A computed tensor with these elements whose memory is nobody else's result."""
        memory = self.fusion.require(tensor)
        if memory.op.family == "source" or memory.node in self._computed:
            memory = self.fusion.copy(tensor)
            self.fusion.stored[memory.node] = None
        return memory

    def _fetch(self, tensor: Tensor, position: int) -> Buffer:
        memory = self._own(tensor)
        buffer = self._new(FETCH, tensor, position)
        self._computed[memory.node] = buffer
        return buffer

    def _outputs(self, node: Node) -> list[Buffer]:
        """Where a node of a loop cluster is written to."""
        if node in self._in_place:
            return self._in_place[node]
        return [self.buffer(node.outputs[0])] if node in self.fusion.stored else []

    def _steps(self, targets: list[tuple[Buffer, Tensor]]) -> tuple[list[Step], list[Step]]:
        steps: list[tuple[Cluster, list[Step]]] = []
        events: dict[int, list[Event]] = {}
        for cluster in self.fusion.clusters:
            if cluster.kind == LOOPS:
                step, emitter = Nest(self, cluster, self._outputs).step(_label(cluster))
                events[cluster.number] = emitter.events
                steps.append((cluster, [step] if step.writes else []))
            else:
                steps.append((cluster, self._special(cluster)))
        in_place = self._choose_in_place(targets, steps, events)
        compute: list[Step] = []
        commit: list[Step] = []
        for cluster, made in steps:
            if cluster.number in in_place:
                for variable, tensor in in_place[cluster.number]:
                    self._in_place.setdefault(tensor.node, []).append(variable)
                step, _ = Nest(self, cluster, self._outputs).step(_label(cluster))
                commit.append(step)
            else:
                compute += made
        done = {id(tensor) for pairs in in_place.values() for _, tensor in pairs}
        for variable, tensor in targets:
            if id(tensor) not in done:
                shape = self.sizes.shape(tensor.shape)
                commit.append(store_region(self, tensor, variable, _row_major(shape), "assign"))
        return compute, commit

    def _choose_in_place(
        self,
        targets: list[tuple[Buffer, Tensor]],
        steps: list[tuple[Cluster, list[Step]]],
        events: dict[int, list[Event]],
    ) -> dict[int, list[tuple[Buffer, Tensor]]]:
        """The clusters that may write variables directly, as commit steps: nothing in them can fail, no other step
        reads what they write, and they read a variable that they write only at the element they write."""
        readers: dict[int, set[int]] = {}
        for cluster, made in steps:
            for step in made:
                for number in step.reads:
                    readers.setdefault(number, set()).add(cluster.number)
        wanted: dict[int, list[tuple[Buffer, Tensor]]] = {}
        for variable, tensor in targets:
            home = self.fusion.home(tensor.node)
            if home is not None and home.kind == LOOPS:
                wanted.setdefault(home.number, []).append((variable, tensor))
        by_number = {cluster.number: made[0] for cluster, made in steps if made}
        candidates = {}
        for number, pairs in wanted.items():
            step = by_number[number]
            own = {number}
            read_elsewhere = any(readers.get(written, set()) - own for written in step.writes)
            kept = all(self._elementwise(variable, tensor, events[number]) for variable, tensor in pairs)
            if not read_elsewhere and kept and not _checks(step):
                candidates[number] = pairs
        clash = {
            number
            for number, pairs in candidates.items()
            for variable, _ in pairs
            if (readers.get(variable.number, set()) & set(candidates)) - {number}
        }
        return {number: pairs for number, pairs in candidates.items() if number not in clash}

    def _elementwise(self, variable: Buffer, tensor: Tensor, events: list[Event]) -> bool:
        """True if the new value is stored once and not read again, and every load of the variable comes before that,
        from the same place."""
        target = self.buffer(tensor).number
        stored = [(at, e.affine) for at, e in enumerate(events) if e.stores and e.buffer == target]
        if len(stored) != 1 or any(e.buffer == target and not e.stores for e in events):
            return False
        ((end, place),) = stored
        loads = [(at, e.affine) for at, e in enumerate(events) if not e.stores and e.buffer == variable.number]
        return all(at < end and affine == place for at, affine in loads)

    # ---- steps that are not loops --------------------------------------------------------------------------------

    def _special(self, cluster: Cluster) -> list[Step]:
        (node,) = cluster.members
        if cluster.kind == CONTRACT:
            return [self._gemm(node)]
        if cluster.kind == ASSEMBLE:
            return self._assemble(node)
        assert cluster.kind == SCATTER
        target, base = self.buffer(node.outputs[0]), node.inputs[0]
        copy = store_region(self, base, target, _row_major(self.sizes.shape(base.shape)), "copy")
        return [copy, scatter_updates(self, node, target, node.op.name)]

    def _assemble(self, node: Node) -> list[Step]:
        target = self.buffer(node.outputs[0])
        shape = self.sizes.shape(node.types[0].shape)
        steps = []
        if node.attrs.get("fill") is not None:
            text = literal(node.attrs["fill"], target.dtype)
            steps.append(store_region(self, node.outputs[0], target, _row_major(shape), "fill", initial=text))
        shapes = tuple(x.shape for x in node.inputs)
        regions = node.op.regions(shapes, node.types[0].shape, **node.attrs)
        for x, region in zip(node.inputs, regions, strict=True):

            def place(context: Context, region: tuple[tuple[Size, int], ...] = region) -> Affine:
                moved = tuple(
                    index.times(step).plus(Affine(self.sizes.canonical(start)))
                    for index, (start, step) in zip(context, region, strict=True)
                )
                total = Affine()
                for index, stride in zip(moved, strides(shape), strict=True):
                    total = total.plus(index.times(stride))
                return total

            steps.append(store_region(self, x, target, place, node.op.name))
        return steps

    def _gemm(self, node: Node) -> Step:
        a, b = self.fusion.operands[node]
        target = self.buffer(node.outputs[0])
        shape = self.sizes.shape(node.types[0].shape)
        m, n = shape[-2:]
        k = self.sizes.shape(node.inputs[0].shape)[-1]
        itemsize = target.dtype.itemsize
        left, right = self.buffer(self.fusion.memory(a.base)), self.buffer(self.fusion.memory(b.base))
        arguments: tuple[Argument, ...] = (
            Routine(f"gemm:{target.dtype.name}"),
            Address(left.number, a.offset * itemsize),
            Address(right.number, b.offset * itemsize),
            Address(target.number),
            *map(Symbolic, (m, n, k, maximum(1, a.ld), maximum(1, b.ld), maximum(1, n))),
            *(Symbolic(ord("T" if side.transposed else "N")) for side in (a, b)),
            *(Symbolic(bits(number, target.dtype)) for number in (1.0, 0.0)),
            *map(Symbolic, (a.batch_stride, b.batch_stride, m * n)),
        )
        return Step(
            f"gemm:{target.dtype.name}",
            arguments,
            product(batch_shape(node, self.sizes)),
            0,
            (left.number, right.number),
            (target.number,),
            "matmul",
            (node.where,),
            floordiv(product((*shape, k)), 4),
        )


def _row_major(shape: tuple[Size, ...]) -> Callable[[Context], Affine]:
    return lambda context: linear(context, shape)


def _checks(step: Step) -> bool:
    return not isinstance(step.kernel, str) and step.kernel.status


def _label(cluster: Cluster) -> str:
    names = [node.op.name for node in cluster.members]
    return " ".join(names[:6]) + (f" (+{len(names) - 6})" if len(names) > 6 else "")
