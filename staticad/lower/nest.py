"""From a cluster to the loop nest of one kernel.

The shape of a nest: the outer axes, inside them one loop (nest) per stage over the inner axes, so that a reduction
over the inner axes is complete before the next stage reads it. Reductions whose result lies across the outer axes
accumulate in memory; if they run over the first axis of a space that may be large, the kernel runs over chunks of it
and leaves one partial result a chunk. Long rows of such results are cut into blocks of columns, which stay in the
nearest cache while the rows pass by.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from staticad.ir.dims import Size, floordiv, maximum, product
from staticad.ir.dtypes import FLOAT32, DType
from staticad.ir.graph import Node, Tensor
from staticad.lower.affine import ZERO, Affine, Context, linear, loop
from staticad.lower.axes import Axis, affine_of, merge, separate
from staticad.lower.clusters import ACCUMULATE, BLOCK, CHUNK, INNER, MAP, OUTER, ROW, Cluster, Member, chunk_count
from staticad.lower.emit import Emitter, Memory, literal
from staticad.lower.loops import Branch, Compute
from staticad.lower.plan import Buffer, Step
from staticad.ops.reduce import highest, lowest

GRAIN = 40_000  # operations that one thread should do at a time, at least
SHORT = 128  # iterations of which an incomplete vector is a large part
WHOLE = 32  # iterations that fill vectors
CHEAP = 8  # operations that are as fast one by one as under a mask
DEEP = 30  # operations that wait for each other longer than one vector fills the time
CHUNK_KEY = "chunk"
PIECE_KEY = "piece"


class _Accumulator:
    """A member that accumulates across the nest: in a register where its result has no loop of its own below the
    depth that owns it, else in memory."""

    def __init__(self, member: Member, axes: Sequence[Axis], limit: int) -> None:
        self.member = member
        kept = {a for a in member.axes if a >= 0}
        self.depth = 0
        while self.depth < limit and axes[self.depth].last in kept:
            self.depth += 1
        self.below = [axis for axis in axes[self.depth : limit] if axis.last in kept]
        self.register: str | None = None


class Nest:
    """Emits one loop cluster. ``outputs`` gives the buffers that a stored node is written to."""

    def __init__(self, memory: Memory, cluster: Cluster, outputs: Callable[[Node], list[Buffer]]) -> None:
        self.memory, self.cluster, self.outputs = memory, cluster, outputs
        self.outer_axes = cluster.outer or 0
        self.members = list(cluster.members.values())
        self.stages = 1 + max((m.stage for m in self.members if m.level == INNER or m.kind == ROW), default=0)
        self.chunked = any(m.node.op.family == "partial" for m in self.members)

    def step(self, label: str) -> tuple[Step, Emitter]:
        """The kernel of the cluster; the emitter tells what it loads."""
        trial = self._build(separate(self.cluster.space))
        axes = merge(self.cluster.space, self.outer_axes, trial.accesses)
        emitter = self._build(axes)
        extent, grain = self._schedule(axes, trial.cost)
        return emitter.finish(label, extent, grain, product(self.cluster.space)), emitter

    # ---- the shape of the nest -----------------------------------------------------------------------------------

    def _serial(self) -> bool:
        """True if the kernel is one piece of work: nothing to cut, or results that cross the first axis."""
        if not self.cluster.space:
            return True
        for m in self.members:
            if m.kind == ROW and self.outer_axes == 0:
                return True
            if m.kind == ACCUMULATE and not self.chunked and 0 not in m.axes and 0 in m.operand_axes:
                return True
        return False

    def _schedule(self, axes: list[Axis], cost: int) -> tuple[Size, Size]:
        if self.chunked or self.blocked:
            pieces = self._chunks() * (self._blocks() if self.blocked else 1)
            return pieces, max(1, GRAIN // (CHUNK * max(1, cost)))
        if self._serial():
            return 1, 0
        work = maximum(1, product(a.extent for a in axes[1:]))
        return axes[0].extent, maximum(1, floordiv(max(1, GRAIN // max(1, cost)), work))

    def _chunks(self) -> Size:
        return chunk_count(self.cluster.space[0], self._rows()) if self.chunked else 1

    def _rows(self) -> Size:
        assert self.cluster.rows is not None
        return self.cluster.rows

    def _blocks(self) -> Size:
        return floordiv(self.axes[-1].extent + BLOCK - 1, BLOCK)

    def _blockable(self) -> bool:
        """True if all that the kernel leaves are sums down long columns, and what it stores on the way."""
        last = self.axes[-1] if self.axes else None
        if last is None or self.outer_axes or self.cluster.small or not self.accumulators:
            return False
        if isinstance(last.extent, int) and last.extent < 2 * BLOCK:
            return False
        columns = all(a.depth == 0 and a.below == [last] for a in self.accumulators)
        return columns and all(m.kind in (MAP, ACCUMULATE) and m.level == INNER for m in self.members)

    def _build(self, axes: list[Axis]) -> Emitter:
        emitter = self.emitter = Emitter(self.memory)
        emitter.members = self.cluster.members
        self.axes, self.affine = axes, affine_of(axes)
        self.outer_count = sum(axis.last < self.outer_axes for axis in axes)
        self.accumulators = [
            _Accumulator(m, axes, len(axes) if m.level == INNER else self.outer_count)
            for m in self.members
            if m.kind == ACCUMULATE
        ]
        self.blocked = self._blockable()
        serial = self._serial()
        if self.blocked:
            emitter.open(PIECE_KEY, "c", self.cluster.space[0])
            self._outer_of_block(serial)
            emitter.close("c", "lo", "hi")
        elif self.chunked:
            emitter.open(CHUNK_KEY, "c", self.cluster.space[0])
            self._outer(0, serial)
            emitter.close("c", "lo", "hi")
        else:
            self._outer(0, serial)
        return emitter

    def _outer_of_block(self, serial: bool) -> None:
        """Piece c is a block of columns, of one chunk of rows if there are chunks."""
        block = "c"
        if self.chunked:
            blocks = self.emitter.size_value(self._blocks())
            chunk = self.emitter.compute(f"c // {blocks}", ("c",))
            block = self.emitter.compute(f"c - {chunk} * {blocks}", (chunk, "c"))
            self.emitter.alias(CHUNK_KEY, chunk)
        self.block = block
        self._outer(0, serial)

    def _pieces(self, name: str, per: Size, total: Size) -> tuple[str, str]:
        """Start and stop of a loop that is cut."""
        emitter = self.emitter
        each, end = emitter.size_value(per), emitter.size_value(total)
        start = emitter.compute(f"{name} * {each}", (name,))
        return start, emitter.compute(f"minimum({start} + {each}, {end})", (start,))

    def _bounds(self, position: int, serial: bool) -> tuple[int | str, int | str]:
        axis = self.axes[position]
        if position == 0 and self.chunked:
            rows = self._rows() * product(self.cluster.space[1 : axis.last + 1])
            return self._pieces(self.emitter.name_of(CHUNK_KEY), rows, axis.extent)
        if self.blocked and position == len(self.axes) - 1:
            return self._pieces(self.block, BLOCK, axis.extent)
        if position == 0 and not serial:
            return "lo", "hi"
        return 0, self.emitter.size_value(axis.extent)

    def _loop(self, position: int, serial: bool, body: Callable[[], None]) -> None:
        axis, name = self.axes[position], f"i{position}"
        start, stop = self._bounds(position, serial)
        cost = self.emitter.cost
        self.emitter.open(axis.key, name, axis.extent)
        body()
        innermost = position == len(self.axes) - 1
        hint = _hint(axis.extent, self.emitter.cost - cost, position > 0) if innermost else ""
        self.emitter.close(name, start, stop, hint)

    def _outer(self, depth: int, serial: bool) -> None:
        self._begin(depth, None)
        if depth < self.outer_count:
            self._loop(depth, serial, lambda: self._outer(depth + 1, serial))
        else:
            for stage in range(self.stages):
                self._stage(stage, serial)
            self._outer_products(serial)
        self._end(depth, None)

    def _stage(self, stage: int, serial: bool) -> None:
        self.emitter.stage = stage
        rows = [m for m in self.members if m.kind == ROW and m.stage == stage]
        stored = [
            m
            for m in self.members
            if m.level == INNER and m.stage == stage and m.kind not in (ROW, ACCUMULATE) and self.outputs(m.node)
        ]
        accumulators = [a for a in self.accumulators if a.member.level == INNER and a.member.stage == stage]
        if not (rows or stored or accumulators):
            return
        registers = [(m, self._row_begin(m)) for m in rows]
        self._inner(self.outer_count, stage, serial, registers, stored, accumulators)
        found = [(m, self._row_end(m, name)) for m, name in registers]
        positions = [(m, name, self._register("int64(9223372036854775807)")) for m, name in found if _is_position(m)]
        if positions:
            self._find(self.outer_count, serial, positions)
        places = {m.node: place for m, _, place in positions}
        for member, name in found:
            context = self._context(member.axes)
            self.emitter.remember(member.node.outputs[0], context, places.get(member.node, name))

    def _find(self, depth: int, serial: bool, positions: list[tuple[Member, str, str]]) -> None:
        """The first places of extremes that are known: a second pass, which vectorizes as the first one does."""
        if depth < len(self.axes):
            self._loop(depth, serial, lambda: self._find(depth + 1, serial, positions))
            return
        for member, extreme, place in positions:
            value = self._operand(member)
            same = f"equal({value}, {extreme})"
            if _dtype(member).kind == "f":  # where the extreme is NaN, the first NaN
                same = f"logical_or({same}, isnan({value}))"
            index = self.emitter.integer(loop(self.axes[-1].key))
            far = "int64(9223372036854775807)"
            self.emitter.emit(Compute(place, f"min_reduce({place}, where({same}, {index}, {far}))"))

    def _inner(
        self,
        depth: int,
        stage: int,
        serial: bool,
        rows: list[tuple[Member, str]],
        stored: list[Member],
        accumulators: list[_Accumulator],
    ) -> None:
        if depth > self.outer_count:
            self._begin(depth, stage)
        if depth < len(self.axes):
            self._loop(depth, serial, lambda: self._inner(depth + 1, stage, serial, rows, stored, accumulators))
        else:
            for member, names in rows:
                self._row_update(member, names)
            for member in stored:
                self._store(member)
            for accumulator in accumulators:
                self._accumulate(accumulator)
        if depth > self.outer_count:
            self._end(depth, stage)

    def _outer_products(self, serial: bool) -> None:
        self.emitter.stage = self.stages
        start = self.emitter.statement_count()
        for member in self.members:
            if member.level == OUTER and member.kind != ACCUMULATE and self.outputs(member.node):
                self._store(member)
        if not serial and not self.outer_count and self.axes:
            # Single elements beside a loop that is cut: the first piece writes them.
            statements = self.emitter.take_statements(start)
            if statements:
                self.emitter.emit(Branch("lo == 0", tuple(statements)))
        for accumulator in self.accumulators:
            if accumulator.member.level == OUTER:
                self._accumulate(accumulator)

    # ---- members -------------------------------------------------------------------------------------------------

    def _context(self, axes: tuple[int, ...]) -> Context:
        return tuple(self.affine[a] if a >= 0 else ZERO for a in axes)

    def _result_context(self, member: Member) -> Context:
        context = self._context(member.axes)
        return (loop(CHUNK_KEY), *context[1:]) if member.node.op.family == "partial" else context

    def _store(self, member: Member) -> None:
        tensor = member.node.outputs[0]
        context = self._context(member.axes)
        value = self.emitter.value(tensor, context)
        for buffer in self.outputs(member.node):
            self.emitter.store(buffer, linear(context, self.memory.fusion.shape(tensor)), value)
        self.emitter.where[member.node.where] = None

    def _operand(self, member: Member) -> str:
        assert member.operand is not None
        self.emitter.where[member.node.where] = None
        self.emitter.cost += 1
        return self.emitter.value(member.operand, self._context(member.operand_axes))

    def _row_begin(self, member: Member) -> str:
        """The register of a reduction."""
        dtype = _dtype(member)
        return self._register(_keyed(member, literal(_initial(member, dtype), dtype)))

    def _register(self, text: str) -> str:
        name = self.emitter.fresh("a")
        self.emitter.emit(Compute(name, text))
        return name

    def _row_update(self, member: Member, name: str) -> None:
        value = self._operand(member)
        self.emitter.emit(Compute(name, f"{_combine(member)}({name}, {_keyed(member, value)})"))

    def _row_end(self, member: Member, name: str) -> str:
        """The result that a register holds."""
        if _is_widened(member):
            return self._register(f"cast({name}, float32)")
        return self._register(f"key_value({name})") if _key(member) else name

    def _begin(self, depth: int, stage: int | None) -> None:
        for accumulator in self._owned(depth, stage):
            member = accumulator.member
            dtype = member.node.types[0].dtype
            initial = literal(_reduction(member).initial(dtype), dtype)
            if not accumulator.below:
                accumulator.register = self._register(_keyed(member, initial))
                continue
            shape = self.memory.fusion.shape(member.node.outputs[0])
            names = []
            for number, axis in enumerate(accumulator.below):
                names.append((f"k{number}", axis))
                self.emitter.open(axis.key, f"k{number}", axis.extent)
            for buffer in self.outputs(member.node):
                self.emitter.store(buffer, linear(self._result_context(member), shape), initial)
            for name, axis in reversed(names):
                self.emitter.close(name, *self._bounds(self.axes.index(axis), True))

    def _end(self, depth: int, stage: int | None) -> None:
        for accumulator in self._owned(depth, stage):
            if accumulator.register is not None:
                member = accumulator.member
                shape = self.memory.fusion.shape(member.node.outputs[0])
                value = self._row_end(member, accumulator.register)
                for buffer in self.outputs(member.node):
                    self.emitter.store(buffer, linear(self._result_context(member), shape), value)

    def _owned(self, depth: int, stage: int | None) -> list[_Accumulator]:
        return [a for a in self.accumulators if a.depth == depth and (stage is None or a.member.stage == stage)]

    def _accumulate(self, accumulator: _Accumulator) -> None:
        member = accumulator.member
        value, combine = self._operand(member), _combine(member)
        if accumulator.register is not None:
            text = f"{combine}({accumulator.register}, {_keyed(member, value)})"
            self.emitter.emit(Compute(accumulator.register, text))
            return
        combine = {"max_reduce": "maximum", "min_reduce": "minimum"}.get(combine, combine)
        affine = linear(self._result_context(member), self.memory.fusion.shape(member.node.outputs[0]))
        for buffer in self.outputs(member.node):
            self.emitter.update(buffer, affine, combine, value)


def _reduction(member: Member) -> Any:
    """The reduction op of a member: its own, or the one that a partial result belongs to."""
    return member.node.attrs["reduction"] if member.node.op.family == "partial" else member.node.op


def _hint(extent: Size, cost: int, nested: bool) -> str:
    """What LLVM should know of an innermost loop."""
    if nested and isinstance(extent, int) and extent <= SHORT:
        return "short" if extent > 2 and extent % WHOLE != 0 and cost >= CHEAP else ""
    return "deep" if cost >= DEEP else ""


def _is_position(member: Member) -> bool:
    return bool(member.node.op.family == "argreduce")


def _dtype(member: Member) -> DType:
    """What a reduction combines."""
    assert member.operand is not None
    return member.operand.dtype


def _initial(member: Member, dtype: DType) -> Any:
    if _is_position(member):
        return lowest(dtype) if member.node.op.name == "argmax" else highest(dtype)
    return _reduction(member).initial(dtype)


def _combine(member: Member) -> str:
    if _is_position(member):
        return "max_reduce" if member.node.op.name == "argmax" else "min_reduce"
    return str(_reduction(member).combine)


def _key(member: Member) -> str | None:
    """The function that makes a float an integer for its reduction in a register."""
    keys = {"max_reduce": "max_key", "min_reduce": "min_key"}
    return keys.get(_combine(member)) if _dtype(member).kind == "f" else None


def _is_widened(member: Member) -> bool:
    """Sums of float32 are kept in float64 registers: a lane adds hundreds of terms, one after another."""
    return _combine(member) == "add_reduce" and _dtype(member) == FLOAT32


def _keyed(member: Member, text: str) -> str:
    """A value as the register of its reduction holds it."""
    if _is_widened(member):
        return f"cast({text}, float64)"
    key = _key(member)
    return f"{key}({text})" if key else text


def store_region(
    memory: Memory,
    source: Tensor,
    target: Buffer,
    index: Callable[[Context], Affine],
    label: str,
    initial: str | None = None,
) -> Step:
    """A kernel that writes every element of ``source`` to ``index(context)`` of a buffer; ``initial`` (a literal)
    instead of the source's own elements fills."""
    shape = memory.fusion.shape(source)
    looped = [a for a, size in enumerate(shape) if size != 1]
    space = [shape[a] for a in looped]

    def build(axes: list[Axis]) -> Emitter:
        emitter, affine = Emitter(memory), affine_of(axes)
        context = tuple(affine[looped.index(a)] if a in looped else ZERO for a in range(len(shape)))
        for position, axis in enumerate(axes):
            emitter.open(axis.key, f"i{position}", axis.extent)
        value = initial if initial is not None else emitter.value(source, context)
        emitter.store(target, index(context), value)
        for position, axis in reversed(list(enumerate(axes))):
            if position == 0:
                emitter.close("i0", "lo", "hi")
            else:
                emitter.close(f"i{position}", 0, emitter.size_value(axis.extent))
        return emitter

    trial = build(separate(space))
    axes = merge(space, len(space), trial.accesses)
    emitter = build(axes)
    if not axes:
        return emitter.finish(label, 1, 0, 1)
    work = maximum(1, product(a.extent for a in axes[1:]))
    grain = maximum(1, floordiv(max(1, GRAIN // max(1, trial.cost)), work))
    return emitter.finish(label, axes[0].extent, grain, product(space))


def scatter_updates(memory: Memory, node: Node, target: Buffer, label: str) -> Step:
    """The kernel that applies a scatter's updates, one after another, to a buffer that holds the base."""
    _, updates, *indices = node.inputs
    shape, base_shape = memory.fusion.shape(updates), memory.fusion.shape(node.inputs[0])
    emitter = Emitter(memory)
    looped = [a for a, size in enumerate(shape) if size != 1]
    context = tuple(loop(a) if a in looped else ZERO for a in range(len(shape)))
    for position, a in enumerate(looped):
        emitter.open(a, f"i{position}", shape[a])
    found = emitter.indices(node, tuple(indices), context, base_shape)
    affine = linear(tuple(found[a] for a in range(len(base_shape))), base_shape)
    value = emitter.value(updates, context)
    mode = node.attrs["mode"]
    if mode == "set":
        emitter.store(target, affine, value)
    else:
        combine = {"add": "add", "multiply": "mul", "min": "minimum", "max": "maximum"}[mode]
        emitter.update(target, affine, combine, value)
    for position, a in reversed(list(enumerate(looped))):
        emitter.close(f"i{position}", 0, emitter.size_value(shape[a]))
    emitter.where[node.where] = None
    return emitter.finish(label, 1, 0, product(shape))


def row_major(shape: tuple[Size, ...]) -> Callable[[Context], Affine]:
    """The place of an element in a buffer of that shape."""
    return lambda context: linear(context, shape)
