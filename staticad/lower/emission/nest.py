"""From a cluster to the loop nest of one kernel.

The shape of a nest: the outer axes, inside them one loop (nest) per stage over the inner axes, so that a reduction
over the inner axes is complete before the next stage reads it. Reductions whose result lies across the outer axes
accumulate in memory; if they run over the first axis of a space that may be large, the kernel runs over chunks of it
and leaves one partial result a chunk. Long rows of such results are cut into blocks of columns, which stay in the
nearest cache while the rows pass by.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from staticad.ir.dims import Size, floordiv, product
from staticad.ir.expressions import Name, arithmetic, call
from staticad.ir.graph import Node
from staticad.lower.emission.accesses import Rows, as_looped, row_places
from staticad.lower.emission.assembling import row_of
from staticad.lower.emission.emit import Emitter
from staticad.lower.emission.extremes import Search, search
from staticad.lower.emission.reductions import RUNS, is_sum, reduction_of
from staticad.lower.emission.results import CHUNK_KEY, Accumulator, Bounds, Results
from staticad.lower.emission.runs import GROUP, Runs
from staticad.lower.fusion.clusters import (
    ACCUMULATE,
    ASSEMBLE,
    BLOCK,
    CHUNK,
    DEAR,
    INNER,
    MAP,
    OUTER,
    ROW,
    Cluster,
    Member,
    chunk_count,
)
from staticad.lower.fusion.cutting import pieces
from staticad.lower.fusion.stacking import ROW as LITERAL
from staticad.lower.index.affine import Affine
from staticad.lower.index.axes import Axis, merge, separate
from staticad.lower.interface import Lowering
from staticad.lower.kernel.hints import GRAIN, grain_of, loop_hint
from staticad.lower.kernel.language import HI, LO, Branch, Statement
from staticad.lower.kernel.plan import Buffer, Step

LIGHT = 8  # cost of a column sum of which little code is several rows
TILE = 32  # side of the squares in which arrays are transposed
SHORTEST, COPIES = 4, 64  # iterations of a short loop that is written out, and of several of them
FEWEST = 16  # rows that are not worth it
LARGEST, LARGEST_CHEAP = 400, 1000  # cost of what is written out, also where all ops are cheap ones
MANY = 8  # copies that keep the CPU busy: several vectors at a time are too much code
PIECE_KEY = "piece"


def tiles(extent: Size) -> Size:
    """The number of squares along an axis."""
    return floordiv(extent + TILE - 1, TILE)


class Nest:
    """Emits one loop cluster. ``outputs`` gives the buffers that a stored node is written to."""

    def __init__(self, lowering: Lowering, cluster: Cluster, outputs: Callable[[Node], list[Buffer]]) -> None:
        self.lowering, self.cluster, self._stored = lowering, cluster, outputs
        self.outer_axes = cluster.outer or 0
        self.members = list(cluster.members.values())
        self.light = False
        self.rolled = len(cluster.space)  # the loops behind these are written out
        self.straight = False
        self.stages = 1 + max((m.stage for m in self.members if m.level == INNER or m.kind == ROW), default=0)
        self.pieces = pieces(self.members)
        self.chunked = any(m.reduction is not None and m.reduction.partial for m in self.members)
        self.rows: Rows | None = None

    def step(self, label: str) -> tuple[Step, Emitter]:
        """The kernel of the cluster; the emitter tells what it loads."""
        first = separate(self.cluster.space)
        emitter = trial = self._build(first)
        axes = merge(self.cluster.space, self.outer_axes, trial.accesses)
        self.rolled = self._rolled(axes, trial.cost)
        self.light = 0 < self.innermost_cost <= LIGHT and self.rolled == len(axes)
        if axes != first or self.rolled < len(axes) or (self.light and len(axes) > 1):  # else nothing would change
            emitter = self._build(axes)
        if self.rolled < len(axes):
            emitter.events = as_looped(emitter.events, trial.events)
        if self._crosses(emitter.accesses):
            emitter = self._build(axes, tiled=True)
        self.rows = self._over_rows(trial)
        extent, grain = self._schedule(axes, trial.cost)
        return emitter.finish(label, extent, grain, product(self.cluster.space)), emitter

    def outputs(self, node: Node) -> list[Buffer]:
        """Where a node is stored: not for later stages that have no loops of their own."""
        return [] if self.straight and node in self.lowering.fusion.staged else self._stored(node)

    # ---- the shape of the nest -----------------------------------------------------------------------------------

    def _rolled(self, axes: list[Axis], cost: int) -> int:
        """How many loops there are: short ones inside are written out, so that the one around them is vectorized."""
        position, copies, most = len(axes), 1, min(COPIES, BLOCK) if self.blocked else COPIES  # blocks remain loops
        while position > 1:
            extent = axes[position - 1].extent
            if not isinstance(extent, int) or extent > SHORTEST or copies * extent > most:
                break
            position, copies = position - 1, copies * extent
        rows = product(axis.extent for axis in axes[:position])
        few = isinstance(rows, int) and rows <= FEWEST
        dear = any(m.cost >= DEAR for m in self.members)
        return len(axes) if few or cost * copies > (LARGEST if dear else LARGEST_CHEAP) else position

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

    def _over_rows(self, trial: Emitter) -> Rows | None:
        """How the kernel runs over rows; None where it can't run over some of them, or does more than that."""
        space, chunk = self.cluster.space, self._rows() if self.chunked else None
        whole = chunk is None and (self.blocked or self._serial())
        if whole or self.tiled or self.singles or self.lowering.fusion.local:
            return None
        each = product(space[1 : self.axes[0].last + 1]) if chunk is None else self._blocks() if self.blocked else 1
        return Rows(space[0], chunk, each, row_places(trial.events, space))

    def _schedule(self, axes: list[Axis], cost: int) -> tuple[Size, Size]:
        if self.chunked or self.blocked:
            pieces = self._chunks() * (self._blocks() if self.blocked else 1)
            return pieces, max(1, GRAIN // (CHUNK * max(1, cost)))
        if self._serial():
            return 1, 0
        work = product(a.extent for a in axes[1:])
        first = axes[0].extent
        if self.tiled and len(axes) == 2:
            first, work = tiles(first), work * TILE
        return first, grain_of(cost, work)

    def _crosses(self, accesses: Sequence[Affine]) -> bool:
        """True if rows of one array are columns of another: of the elements that are loaded together, few are used
        before they leave the cache, unless the loops run over squares."""
        if self.rolled < len(self.axes) or self.outer_count or not self.cluster.plain or self._serial():
            return False
        if len(self.axes) < 2 or self.cluster.small:
            return False
        above, last = self.axes[-2].key, self.axes[-1].key
        return any(a.coefficient(above) == 1 and a.coefficient(last) not in (-1, 0, 1) for a in accesses)

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
        if last is None or self.outer_axes or self.cluster.small or not self.results.accumulators:
            return False
        if isinstance(last.extent, int) and last.extent < 2 * BLOCK:
            return False
        columns = all(a.depth == 0 and a.below == [last] for a in self.results.accumulators)
        return columns and all(m.kind in (MAP, ACCUMULATE) and m.level == INNER for m in self.members)

    def _groupable(self) -> bool:
        """True if all that the kernel does is to add up something simple in memory, down columns."""
        if not self.light or self.stages > 1 or len(self.axes) < 2:
            return False
        depth, last = len(self.axes) - 2, self.axes[-1]
        rows = self.axes[depth].extent
        if isinstance(rows, int) and rows < 2 * GROUP:
            return False
        sums = {a.member.node for a in self.results.accumulators}
        if not sums or any(m.kind == ROW or (m.node not in sums and self.outputs(m.node)) for m in self.members):
            return False
        return all(
            a.depth == depth >= self.outer_count and a.below == [last] for a in self.results.accumulators
        ) and all(a.member.level == INNER and is_sum(a.member) and a.run >= 0 for a in self.results.accumulators)

    def _build(self, axes: list[Axis], tiled: bool = False) -> Emitter:
        emitter = self.emitter = Emitter(self.lowering)
        self.tiled, self.innermost_cost = tiled, 0
        emitter.members = self.cluster.members
        rows = [row_of(emitter.fusion, m.node) for m in self.members if m.kind == ASSEMBLE]
        emitter.literal = max(rows, default=1) if self.rolled >= len(axes) else LITERAL
        self.axes, self.outer_count = axes, sum(axis.last < self.outer_axes for axis in axes)
        self.straight = emitter.straight = self.rolled <= self.outer_count < len(axes)
        self.results = Results(emitter, axes, self.outer_count, self.outputs, lambda axis: self._bounds(axis, True))
        self.results.rolled = self.rolled
        self.runs = Runs(self.results, axes, self._bounds, self._loop)
        self.blocked = self._blockable()
        self.grouped = self._groupable()
        if self.grouped:
            self.results.group(GROUP)
        self.singles: list[Statement] = []  # statements that the first call runs, behind its loop over pieces
        serial = self._serial()
        if self.blocked:
            emitter.open(PIECE_KEY, "c", self.cluster.space[0])
            self._outer_of_block(serial)
            emitter.close("c", LO, HI)
        elif self.chunked:
            emitter.open(CHUNK_KEY, "c", self.cluster.space[0])
            self._outer(0, serial)
            emitter.close("c", LO, HI)
        else:
            self._outer(0, serial)
        if self.singles:
            emitter.emit(Branch(arithmetic(LO, "==", 0), tuple(self.singles)))
        return emitter

    def _outer_of_block(self, serial: bool) -> None:
        """Piece c is a block of columns, of one chunk of rows if there are chunks."""
        piece = self.block = self.emitter.name_of(PIECE_KEY)
        if self.chunked:
            blocks = self.emitter.size_value(self._blocks())
            chunk = self.emitter.compute(arithmetic(piece, "//", blocks))
            self.block = self.emitter.compute(arithmetic(piece, "-", arithmetic(chunk, "*", blocks)))
            self.emitter.alias(CHUNK_KEY, chunk)
        self._outer(0, serial)

    def _pieces(self, number: Name, per: Size, total: Size) -> Bounds:
        """Start and stop of a loop that is cut."""
        emitter = self.emitter
        each, end = emitter.size_value(per), emitter.size_value(total)
        start = emitter.compute(arithmetic(number, "*", each))
        return start, emitter.compute(call("minimum", arithmetic(start, "+", each), end))

    def _bounds(self, position: int, serial: bool) -> Bounds:
        axis = self.axes[position]
        if position == 0 and self.chunked:
            rows = self._rows() * product(self.cluster.space[1 : axis.last + 1])
            return self._pieces(self.emitter.name_of(CHUNK_KEY), rows, axis.extent)
        if self.blocked and position == len(self.axes) - 1:
            return self._pieces(self.block, BLOCK, axis.extent)
        if self.tiled and position >= len(self.axes) - 2:
            return self._pieces(Name(f"t{position}"), TILE, axis.extent)
        if position == 0 and not serial:
            return LO, HI
        return None, self.emitter.size_value(axis.extent)

    def _loop(self, position: int, serial: bool, body: Callable[[], None], bounds: Bounds | None = None) -> None:
        axis, name = self.axes[position], f"i{position}"
        if position >= self.rolled:
            self._copies(axis, body)
            return
        start, stop = self._bounds(position, serial) if bounds is None else bounds
        self.emitter.open(axis.key, name, axis.extent)
        body()
        cost, innermost = self.emitter.block_cost(), position == self.rolled - 1
        self.innermost_cost = max(self.innermost_cost, cost) if innermost else self.innermost_cost
        copies = product(a.extent for a in self.axes[self.rolled :])
        hinted = innermost and isinstance(copies, int) and copies <= MANY
        hint = loop_hint(axis.extent, cost, position > 0, self.emitter.updates()) if hinted else ""
        self.emitter.close(name, start, stop, hint)

    def _copies(self, axis: Axis, body: Callable[[], None]) -> None:
        """The body of a short loop, once for each of its iterations."""
        whole, around = self.results.affine, self.emitter.copy
        for number in range(int(axis.extent)):
            self.results.affine, self.emitter.copy = whole | {axis.last: Affine(number)}, (*around, number)
            body()
        self.results.affine, self.emitter.copy = whole, around

    def _outer(self, depth: int, serial: bool) -> None:
        self.results.begin(depth, None)
        if depth < self.outer_count:
            self.runs.accumulating(depth, None, serial, lambda: self._outer(depth + 1, serial))
        else:
            for stage in range(self.stages):
                self._stage(stage, serial)
            self._outer_products(serial)
        self.results.end(depth, None)

    def _stage(self, stage: int, serial: bool) -> None:
        self.emitter.stage = stage
        self._in_pieces(OUTER, stage)
        rows = [m for m in self.members if m.kind == ROW and m.stage == stage]
        stored = [
            m
            for m in self.members
            if m.level == INNER and m.stage == stage and m.kind not in (ROW, ACCUMULATE) and self.outputs(m.node)
        ]
        accumulators = [a for a in self.results.accumulators if a.member.level == INNER and a.member.stage == stage]
        if not (rows or stored or accumulators):
            return
        registers = [(m, self.results.open_register(m)) for m in rows]
        self._inner(self.outer_count, stage, serial, registers, stored, accumulators)
        found = [(m, self.results.close_register(m, name)) for m, name in registers]
        row = self.axes[-1].extent if self.axes else 1
        searches = [search(self.results, m, name, row) for m, name in found if reduction_of(m).position]
        if searches:
            self.emitter.stage = stage + 1  # what the first pass has stored is loaded
            self._find(self.outer_count, serial, searches)
            self.emitter.stage = stage
        places = {s.member.node: s.result(self.results) for s in searches}
        for member, name in found:
            context = self.results.context(member.axes)
            self.emitter.remember(member.node.outputs[0], context, places.get(member.node, name))

    def _find(self, depth: int, serial: bool, searches: list[Search]) -> None:
        """The first places of extremes that are known: a second pass, which vectorizes as the first one does."""
        if depth < len(self.axes):
            self._loop(depth, serial, lambda: self._find(depth + 1, serial, searches))
            return
        for found in searches:
            found.look(self.results, self.emitter.integer(self.results.affine[self.axes[-1].last]))

    def _inner(
        self,
        depth: int,
        stage: int,
        serial: bool,
        rows: list[tuple[Member, Name]],
        stored: list[Member],
        accumulators: list[Accumulator],
    ) -> None:
        if depth > self.outer_count:
            self.results.begin(depth, stage)
        if self.tiled and depth == len(self.axes) - 2:
            self._tile(depth, lambda: self._square(depth, stage, serial, stored))
        elif depth < len(self.axes):

            def body() -> None:
                self._inner(depth + 1, stage, serial, rows, stored, accumulators)

            registers = [*rows, *((a.member, a.register) for a in accumulators if a.register is not None)]
            summed = [(m, register) for m, register in registers if self.results.mode(m) == RUNS]
            if summed and depth == len(self.axes) - 1:
                self.runs.in_registers(depth, serial, summed, registers, body)
            else:
                groups = accumulators if self.grouped and depth == len(self.axes) - 2 else []
                self.runs.accumulating(depth, stage, serial, body, groups)
        else:
            self._in_pieces(INNER, stage)
            for member, names in rows:
                self.results.reduce(member, names)
            for member in stored:
                self.results.store(member)
            for accumulator in accumulators:
                self.results.accumulate(accumulator)
        if depth > self.outer_count:
            self.results.end(depth, stage)

    def _tile(self, depth: int, body: Callable[[], None]) -> None:
        """Loops over the squares of the last two axes."""
        names = [f"t{position}" for position in (depth, depth + 1)]
        extents = [self.axes[position].extent for position in (depth, depth + 1)]
        for name, extent in zip(names, extents, strict=True):
            self.emitter.open(name, name, extent)
        body()
        self.emitter.close(names[1], None, self.emitter.size_value(tiles(extents[1])))
        bounds: Bounds = (LO, HI)
        if depth > 0:
            bounds = (None, self.emitter.size_value(tiles(extents[0])))
        self.emitter.close(names[0], *bounds)

    def _square(self, depth: int, stage: int, serial: bool, stored: list[Member]) -> None:
        if depth < len(self.axes):
            self._loop(depth, serial, lambda: self._square(depth + 1, stage, serial, stored))
        else:
            self._in_pieces(INNER, stage)
            for member in stored:
                self.results.store(member)

    def _in_pieces(self, level: str, stage: int) -> None:
        for m in self.pieces:
            if m.level == level and m.stage == stage:
                self.emitter.value(m.node.outputs[0], self.results.context(m.axes))

    def _outer_products(self, serial: bool) -> None:
        self.emitter.stage = self.stages
        start = self.emitter.statement_count()
        self._in_pieces(OUTER, self.stages)
        for member in self.members:
            if member.level == OUTER and member.kind != ACCUMULATE and self.outputs(member.node):
                self.results.store(member)
        if not serial and not self.outer_count and self.axes:
            # Single elements beside a loop that is cut: the first piece writes them.
            statements = self.emitter.take_statements(start)
            if self.chunked or self.blocked:
                self.singles += statements  # there may be no piece at all, where a size is 0
            elif statements:
                self.emitter.emit(Branch(arithmetic(LO, "==", 0), tuple(statements)))
        for accumulator in self.results.accumulators:
            if accumulator.member.level == OUTER:
                self.results.accumulate(accumulator)
