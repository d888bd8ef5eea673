"""Lowering: an optimized graph becomes a plan of kernels over buffers."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from staticad.config import note
from staticad.ir.dims import Size, is_runtime
from staticad.ir.dtypes import FLOAT64, UINT8, DType
from staticad.ir.graph import Node, Tensor, sort_nodes
from staticad.ir.local_sizes import largest
from staticad.ir.provenance import Where
from staticad.ir.types import Constraint, TensorType
from staticad.lower.emission.accesses import Accesses
from staticad.lower.emission.alike import Nests
from staticad.lower.families import FAMILIES
from staticad.lower.fusion.clusters import Cluster
from staticad.lower.fusion.effects import effects_in_order
from staticad.lower.fusion.fuse import Fusion
from staticad.lower.fusion.settle import settle
from staticad.lower.fusion.staging import stage_changes
from staticad.lower.index.affine import Affine, Context, linear
from staticad.lower.index.sizes import Sizes
from staticad.lower.interface import FamilyLowering, Update
from staticad.lower.kernel.plan import (
    CONSTANT,
    FEED,
    FETCH,
    RECORD,
    TEMPORARY,
    VARIABLE,
    Buffer,
    Check,
    External,
    Plan,
    Step,
)
from staticad.lower.loops.independent import all_at_once
from staticad.lower.loops.merge import merge_control
from staticad.lower.loops.sweeps import join_sweeps
from staticad.lower.loops.turning import turn_columns
from staticad.lower.memory.arena import assign_offsets
from staticad.lower.memory.commit import Program, Target, choose, commit_steps
from staticad.lower.memory.in_place import COPIED, Sharer, apply_sharing
from staticad.lower.memory.regions import Placed
from staticad.lower.prepare import prepare
from staticad.lower.requirements import size_checks, size_requirements
from staticad.ops import sources
from staticad.ops.barrier import with_carried
from staticad.ops.base import Op
from staticad.ops.control import Locals
from staticad.ops.ranges import Range
from staticad.ops.sources import ConstantValue, constant_array
from staticad.rewrite.rows import change_rows

Optimize = Callable[[list[Tensor]], list[Tensor]]
NO_RANGES: Mapping[Node, Range] = {}


def lower(
    inputs: Sequence[Tensor],
    fetches: Sequence[Tensor],
    updates: Sequence[Update],
    constraints: Sequence[Constraint],
    given: Sequence[Node],
    optimize: Optimize = list,
    families: Mapping[Op, FamilyLowering] = FAMILIES,
) -> Plan:
    """The plan that computes the fetches and the new values of variables from the inputs.

    ``optimize`` rewrites the bodies of loops and branches; the graph itself comes optimized. ``given`` are the nodes of
    the graph before that, which say what has to hold of sizes. ``families`` tell how each op is lowered.
    """
    lowering = GraphLowering(inputs, Sizes(constraints), families, optimize, {}, None)
    return lowering.plan(fetches, updates, given)


class GraphLowering:
    """The state of one lowering: clusters, buffers, steps. ``carries`` are the parameters that a loop's body updates
    in place (None outside of loops), ``checks`` and their codes are shared with the bodies, ``ranges`` are those of
    parameters."""

    def __init__(
        self,
        inputs: Sequence[Tensor],
        sizes: Sizes,
        families: Mapping[Op, FamilyLowering],
        optimize: Optimize,
        checks: dict[Check, int],
        carries: Sequence[Tensor] | None,
        ranges: Mapping[Node, Range] = NO_RANGES,
        local: Locals = (),
    ) -> None:
        self.sizes = sizes
        self.families = families
        self.optimize = optimize
        self.fusion = Fusion(sizes, families, ranges)
        self.local = local
        self.inputs = tuple(inputs)
        self.in_body = carries is not None
        self._positions = {t.node: i for i, t in enumerate(inputs)}
        self.variables: list[Tensor] = []
        self.buffers: list[Buffer] = []
        self.checks = checks
        self.used: set[Tensor] = set()
        self._sources: dict[Node, Buffer] = {}
        self._constants: dict[ConstantValue, Buffer] = {}
        self._computed: dict[Tensor, Buffer] = {}
        self._roles: dict[TensorType, str] = {}  # of computed tensors
        self._wide: dict[Tensor, Buffer] = {}
        self._in_place: dict[Node, list[Buffer]] = {}
        self._placed: Placed = {}
        self.copies: dict[Hashable, tuple[Step, int, int]] = {}
        self.kinds: dict[Hashable, int] = {}
        self._nests = Nests(self, self._outputs)
        for carry in carries or ():
            self._sources[carry.node] = self._variable(carry)

    # ---- buffers (see interface.Lowering) ------------------------------------------------------------------------

    def _new(self, role: str, tensor: Tensor, position: int = -1, array: np.ndarray | None = None) -> Buffer:
        buffer = Buffer(len(self.buffers), role, self.sizes.shape(tensor.shape), tensor.dtype, position, array)
        self.buffers.append(buffer)
        return buffer

    def buffer(self, tensor: Tensor) -> Buffer:
        """The buffer of a source or computed tensor."""
        found = self._computed.get(tensor)
        if found is None:
            node = tensor.node
            if self.families[node.op].source:
                found = self._sources.get(node)
                if found is None:
                    found = self._sources[node] = self._source(tensor)
                return found
            role = self._roles.get(tensor.type)
            if role is None:
                recorded = any(is_runtime(s) for s in tensor.shape)
                role = self._roles[tensor.type] = RECORD if recorded else TEMPORARY
            found = self._computed[tensor] = self._new(role, tensor)
        return found

    def known(self, tensor: Tensor) -> Buffer | None:
        """The buffer of a tensor, if it has one."""
        found = self._computed.get(tensor)
        return self._sources.get(tensor.node) if found is None else found

    def scratch_bytes(self, size: Size) -> Buffer:
        """A temporary of that many bytes."""
        return self.scratch(size, UINT8)

    def scratch(self, size: Size, dtype: DType) -> Buffer:
        """A temporary of that many elements."""
        buffer = Buffer(len(self.buffers), TEMPORARY, (largest(size),), dtype)
        self.buffers.append(buffer)
        return buffer

    def wide(self, tensor: Tensor, size: Size) -> Buffer:
        """A temporary of that many elements, in which the kernel that makes a tensor accumulates it in float64."""
        found = self._wide.get(tensor)
        if found is None:
            found = self._wide[tensor] = Buffer(len(self.buffers), TEMPORARY, (largest(size),), FLOAT64)
            self.buffers.append(found)
        return found

    def known_wide(self, tensor: Tensor) -> Buffer | None:
        """What `wide` gave for a tensor, if anything."""
        return self._wide.get(tensor)

    def _source(self, tensor: Tensor) -> Buffer:
        array = constant_array(tensor)
        if array is not None:
            return self.constant(array)
        if tensor.op is sources.VARIABLE:
            return self._variable(tensor)
        return self._new(FEED, tensor, self._positions[tensor.node])

    def _variable(self, tensor: Tensor) -> Buffer:
        self.variables.append(tensor)
        return self._new(VARIABLE, tensor, len(self.variables) - 1)

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

    def check(self, check: Check) -> int:
        """The code of a check. Codes count from 0; equal checks share a code."""
        return self.checks.setdefault(check, len(self.checks))

    # ---- the plan ------------------------------------------------------------------------------------------------

    def plan(self, fetches: Sequence[Tensor], updates: Sequence[Update], given: Sequence[Node]) -> Plan:
        self.fusion.ranges.learn(self.local)
        outputs = [*(x for _, x in self.local), *fetches, *(value for _, value in updates)]
        outputs = change_rows(merge_control(outputs), [v for v, _ in updates])
        self.local, outputs = all_at_once(self.local, outputs, self.optimize, self.fusion.ranges)
        if not self.in_body:  # which is in the loops around it, too
            outputs = turn_columns(outputs, self.sizes, self.families)
        outputs = prepare(outputs, self.sizes, self.families)
        local = tuple((symbol, x) for (symbol, _), x in zip(self.local, outputs, strict=False))
        self.fusion.local = dict(local)
        self.fusion.ranges.learn(local)
        if not self.in_body:  # in a body an error leaves nothing half-written
            outputs = self._staged(outputs, [v for v, _ in updates])
        begin = len(self.local)
        end = begin + len(fetches)
        fetches = outputs[begin:end]
        updates = [(v, x) for (v, _), x in zip(updates, outputs[end:], strict=True)]
        if self.in_body:
            updates = [(v, x) for v, x in updates if v is not x]  # a carry that stays
        demanding = with_carried(given)
        order, self.fusion.after = effects_in_order(outputs)
        self.used = {t for node in order for t in node.inputs} | set(outputs)
        self.fusion.place(order, self.used)
        fetched = [self._fetch(tensor, position) for position, tensor in enumerate(fetches)]
        targets = [(self.buffer(variable), self._own(value)) for variable, value in updates]
        settle(self.fusion)
        note(3, lambda: "clusters\n" + "\n".join(map(str, self.fusion.clusters)))
        compute, commit = self._steps(targets)
        offsets, arena = assign_offsets(self.buffers, [*compute, *commit])
        return Plan(
            tuple(self.buffers),
            tuple(compute),
            tuple(commit),
            offsets,
            arena,
            tuple(self.checks),
            tuple(size_requirements(demanding, self.families)),
            size_checks(demanding),
            tuple(map(_external, self.inputs)),
            tuple(map(_external, self.variables)),
            tuple(fetched),
        )

    def _staged(self, outputs: Sequence[Tensor], variables: Sequence[Tensor]) -> list[Tensor]:
        """The outputs, the last of which are new values of variables, so that parts of these are changed in place."""
        values = outputs[len(outputs) - len(variables) :]
        return stage_changes(outputs, list(zip(variables, values, strict=True)), self.families, self.fusion)

    def _own(self, tensor: Tensor) -> Tensor:
        """A computed tensor with these elements whose memory is nobody else's result."""
        memory = self.fusion.require(tensor)
        if self.fusion.is_source(memory) or memory in self._computed:
            memory = self.fusion.copy(tensor)
            self.fusion.stored[memory.node] = None
        return memory

    def _fetch(self, tensor: Tensor, position: int) -> Buffer:
        memory = self._own(tensor)
        buffer = self._new(FETCH, tensor, position)
        self._computed[memory] = buffer
        return buffer

    def _outputs(self, node: Node) -> list[Buffer]:
        """Where a node of a loop cluster is written to."""
        if node in self._placed:
            return [self.buffer(self._placed[node][0])]
        return [x if isinstance(x, Buffer) else self.buffer(x) for x in self.outputs(node)]

    def outputs(self, node: Node) -> Sequence[Tensor | Buffer]:
        """What a node of a loop cluster is written to, if it has no place in the memory of others."""
        if node in self._in_place:
            return self._in_place[node]
        return node.outputs if node in self.fusion.stored else ()

    def moved(self, node: Node) -> bool:
        """True for what is written to a place of its own in the memory of others."""
        return node in self._placed

    def _steps(self, targets: list[Target]) -> tuple[list[Step], list[Step]]:
        steps: list[tuple[Cluster, list[Step]]] = []
        events: dict[int, Accesses] = {}
        last: dict[Node, Step] = {}
        for cluster in self.fusion.clusters:
            if cluster.loops:
                step, events[cluster.number] = self._nest(cluster)
                steps.append((cluster, [step] if step.writes else []))
            else:
                (node,) = cluster.members
                made = [_of_line(step, node.where) for step in self.families[node.op].steps(self, node)]
                if node in self.fusion.after:  # as the order of clusters has it
                    made[-1] = replace(made[-1], reads=(*made[-1].reads, *last[self.fusion.after[node]].writes[:1]))
                if made:
                    last[node] = made[-1]
                steps.append((cluster, made))
        program = self._shared(Program(self, steps, events, self.in_body), targets)
        compute, commit = commit_steps(program, targets, self._emit_in_place)
        over_rows = [(step, program.accesses(c.number).rows if c.loops else None) for c, step in compute]
        return join_sweeps(over_rows), commit

    def _shared(self, program: Program, targets: list[Target]) -> Program:
        """The program with values in the memory of what they are made from, where that is possible."""
        chosen = choose(program, targets)
        better = [c for c in chosen if c.product is not None or not self.in_body]
        keep = {number for c in better for number in (*c.clusters, *c.dropped)}
        tensors = {b.number: t for t, b in self._computed.items()}
        tensors |= {self.buffer(v).number: v for v in self.variables}
        owners = {variable.number: tensor for variable, tensor in targets}
        sharer = Sharer(self, program.steps, dict(program.events), owners, self.in_body, keep, tensors, self._trial)
        steps, sharing = sharer.share()
        if not sharing.changes:
            return program
        shared = sharing.buffers
        self._computed = {t: shared.get(b.number, b) for t, b in self._computed.items()}
        self._placed = sharing.placed
        events = dict(program.events)

        def again(cluster: Cluster) -> list[Step]:
            if cluster.loops:
                step, events[cluster.number] = self._nest(cluster)
                return [step]
            (node,) = cluster.members
            return [self.families[node.op].change(self, node, self.buffer(node.outputs[0]))]

        made = [(c, apply_sharing(found, c, sharing, self.families, again)) for c, found in steps]
        copied = {number for number, found in sharing.changes.items() if any(c.kind == COPIED for c in found)}
        return Program(self, made, events, self.in_body, sharing.pinned | copied, shared)

    def _nest(self, cluster: Cluster) -> tuple[Step, Accesses]:
        return self._nests.nest(cluster, _label(cluster))

    def location(self, tensor: Tensor, context: Context) -> tuple[Buffer, Affine]:
        """Where an element of a computed tensor is."""
        placed = self._placed.get(tensor.node)
        if placed is not None:
            return self.buffer(placed[0]), placed[1](context)
        return self.buffer(tensor), linear(context, self.fusion.shape(tensor))

    def _trial(self, cluster: Cluster, placed: Placed) -> Accesses:
        """What a loop cluster accesses with nodes at places of their own in the memory of others."""
        before, self._placed = self._placed, placed
        _, accesses = self._nest(cluster)
        self._placed = before
        return accesses

    def _emit_in_place(self, cluster: Cluster, targets: list[Target]) -> Step:
        """A loop cluster that writes new values to their variables (and to a fetch, if it is one)."""
        for variable, tensor in targets:
            written = self._in_place.setdefault(tensor.node, [])
            buffer = self._computed.get(tensor)
            if not written and buffer is not None and buffer.role == FETCH:
                written.append(buffer)
            written.append(variable)
        return self._nest(cluster)[0]

    # ---- bodies --------------------------------------------------------------------------------------------------

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
        """The plan of a body, optimized on its own, with the sizes, options and checks of the graph around it."""
        targets = [*fetches, *(value for _, value in updates), *(value for _, value in local)]
        optimized = self.optimize(targets)
        given = sort_nodes(targets)
        constraints = [c for node in (*given, *sort_nodes(optimized)) for c in node.constraints]
        sizes = self.sizes.extended(constraints)
        end = len(fetches) + len(updates)
        own = tuple((symbol, x) for (symbol, _), x in zip(local, optimized[end:], strict=True))
        inner = GraphLowering(inputs, sizes, self.families, self.optimize, self.checks, carries, ranges, own)
        pairs = [(v, x) for (v, _), x in zip(updates, optimized[len(fetches) : end], strict=True)]
        return inner.plan(optimized[: len(fetches)], pairs, [*given, *demands])


def _external(tensor: Tensor) -> External:
    return External(tensor.node.serial, tensor.name, tensor.dtype, tensor.shape)


def _of_line(step: Step, where: Where) -> Step:
    """The step with a line of the user's: that of its node, where none of those that it computes has been told."""
    return step if step.where else replace(step, where=(where,))


def _label(cluster: Cluster) -> str:
    names = [node.op.name for node in cluster.members]
    return " ".join(names[:6]) + (f" (+{len(names) - 6})" if len(names) > 6 else "")
