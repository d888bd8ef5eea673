"""Products of a few rows and a transposed matrix: each element is a sum along two rows in memory.

So the matrix is read once, as it lies, and is neither copied nor turned. A tile is some rows of A and some columns of B
at a time; its accumulators, which stay in registers, take a vector of terms of each. Terms are added by lanes, and the
lanes at the end, halves first: that depends on the number of terms alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from llvmlite import ir

from staticad.codegen.loop_hints import keep_rolled
from staticad.codegen.matrix_tiles import Operands, declare
from staticad.codegen.matrix_vectors import ADDRESS, BYTE, Registers, Vectors, word
from staticad.lower.kernel.routine import FEW_ROWS, FEW_TERMS

_COLUMNS = 3  # of a tile; with the rows 12 accumulators, and 4 registers for operands
_ROWS = (4, 2)


def has_dots(builder: ir.IRBuilder, o: Operands) -> ir.Value:
    """True for the products that this is for."""
    checks = [
        builder.icmp_signed("!=", o.b_column, word(1)),
        builder.icmp_signed("==", o.b_row, word(1)),
        builder.icmp_signed("==", o.a_column, word(1)),
        builder.icmp_signed("<=", o.rows, word(FEW_ROWS)),
        builder.icmp_signed(">=", o.depth, word(FEW_TERMS)),
    ]
    found = checks[0]
    for check in checks[1:]:
        found = builder.and_(found, check)
    return found


def dots_function(module: ir.Module, element: ir.Type, machine: Registers) -> ir.Function:
    """As `staticad.codegen.matrix_tiles.tiles_function`, for operands with contiguous rows of A and columns of B."""
    function = declare(module, element, f"matrix_dots_{element}")
    if function.is_declaration:
        builder = ir.IRBuilder(function.append_basic_block("entry"))
        _Dots(builder, element, machine, Operands(*function.args)).emit()
    return function


class _Dots(Vectors):
    """The body of the function."""

    def __init__(self, builder: ir.IRBuilder, element: ir.Type, machine: Registers, operands: Operands) -> None:
        super().__init__(builder, element, machine)
        self.operands = operands

    def emit(self) -> None:
        o = self.operands
        self.each(word(0), o.columns, _COLUMNS, self.columns)
        self.builder.ret_void()

    def columns(self, column: ir.Value) -> None:
        """All rows, for some columns."""
        o, builder = self.operands, self.builder
        right = self.lines(o.b, column, o.b_column, o.columns, _COLUMNS)
        done: ir.Value = word(0)
        for rows in _ROWS:
            smaller = 0 if rows == _ROWS[-1] else _ROWS[-1]

            def tile(row: ir.Value, rows: int = rows) -> None:
                left = self.lines(o.a, row, o.a_row, o.rows, rows)
                start = self.element_at(o.c, builder.mul(row, o.c_row))
                out = [self.lines(line, column, word(1), o.columns, _COLUMNS) for line in self.rows(start, row, rows)]
                self.write(out, self.sums(left, right))

            done = self.each(done, builder.sub(o.rows, word(smaller)), rows, tile)

    def rows(self, start: ir.Value, row: ir.Value, rows: int) -> list[ir.Value]:
        """Where rows of C begin, from one on; what is beyond the last one repeats it."""
        return self.following(start, self.builder.sub(self.operands.rows, row), self.operands.c_row, rows)

    def lines(self, start: ir.Value, first: ir.Value, step: ir.Value, limit: ir.Value, count: int) -> list[ir.Value]:
        """The addresses of so many lines, ``step`` elements apart; what is beyond the limit repeats the last one."""
        start = self.element_at(start, self.builder.mul(first, step))
        return self.following(start, self.builder.sub(limit, first), step, count)

    def following(self, start: ir.Value, left: ir.Value, step: ir.Value, count: int) -> list[ir.Value]:
        builder = self.builder
        found = [start]
        for line in range(1, count):
            there = builder.icmp_signed(">", left, word(line))
            found.append(self.element_at(found[-1], builder.select(there, step, word(0))))
        return found

    def sums(self, left: Sequence[ir.Value], right: Sequence[ir.Value]) -> list[list[ir.Value]]:
        """The sum for each row and each column."""
        builder, depth = self.builder, self.operands.depth
        zero = ir.Constant(self.vector, None)
        whole = builder.and_(depth, word(-self.lanes))
        totals = self.loop(word(0), whole, self.lanes, [[zero] * len(right) for _ in left], left, right)
        if self.machine.masks:
            rest = builder.sub(depth, whole)
            totals = self.terms(totals, whole, left, right, self.mask(rest))
            return [[self.across(total) for total in row] for row in totals]
        found = [[self.across(total) for total in row] for row in totals]
        lanes, self.lanes = self.lanes, 1
        start = [[builder.insert_element(ir.Constant(self.vector, None), x, _FIRST) for x in row] for row in found]
        ends = self.loop(whole, depth, 1, start, left, right)
        self.lanes = lanes
        return [[builder.extract_element(total, _FIRST) for total in row] for row in ends]

    def loop(
        self,
        start: ir.Value,
        stop: ir.Value,
        step: int,
        begin: list[list[ir.Value]],
        left: Sequence[ir.Value],
        right: Sequence[ir.Value],
    ) -> list[list[ir.Value]]:
        """The accumulators after the terms from ``start`` to ``stop``, a vector of them at a time."""
        builder, before = self.builder, self.builder.block
        head, inside, after = (builder.append_basic_block(name) for name in ("k", "terms", "summed"))
        builder.branch(head)
        builder.position_at_end(head)
        k = builder.phi(word(0).type)
        k.add_incoming(start, before)
        sums = [[builder.phi(self.vector) for _ in row] for row in begin]
        for phis, values in zip(sums, begin, strict=True):
            for phi, value in zip(phis, values, strict=True):
                phi.add_incoming(value, before)
        builder.cbranch(builder.icmp_signed("<", k, stop), inside, after)
        builder.position_at_end(inside)
        if step > 1:
            self.fetch(right, k)
        for phis, values in zip(sums, self.terms(sums, k, left, right, None), strict=True):
            for phi, value in zip(phis, values, strict=True):
                phi.add_incoming(value, builder.block)
        k.add_incoming(builder.add(k, word(step)), builder.block)
        keep_rolled(builder.branch(head), builder.module)
        builder.position_at_end(after)
        return sums

    def fetch(self, right: Sequence[ir.Value], k: ir.Value) -> None:
        """Ask for the columns of the next tile: one that is no longer than a page begins where nothing foresees it."""
        builder = self.builder
        kind = ir.FunctionType(ir.VoidType(), [ADDRESS, *[_INT] * 3])
        prefetch = builder.module.globals.get("llvm.prefetch.p0")
        if prefetch is None:
            prefetch = ir.Function(builder.module, kind, "llvm.prefetch.p0")
        ahead = builder.add(k, builder.mul(self.operands.b_column, word(_COLUMNS)))
        for line in right:
            address = builder.gep(line, [builder.mul(ahead, word(self.size))], source_etype=BYTE)
            builder.call(prefetch, [address, _INT(0), _INT(3), _INT(1)])

    def terms(
        self,
        sums: list[list[ir.Value]],
        k: ir.Value,
        left: Sequence[ir.Value],
        right: Sequence[ir.Value],
        mask: ir.Value | None,
    ) -> list[list[ir.Value]]:
        """The accumulators with a vector of terms more."""
        fma = self.intrinsic("llvm.fmuladd", self.vector, [self.vector] * 3)
        columns = [self.load(self.element_at(line, k), 0, mask) for line in right]
        found = []
        for line, row in zip(left, sums, strict=True):
            factor = self.load(self.element_at(line, k), 0, mask)
            found.append([self.builder.call(fma, [factor, x, y]) for x, y in zip(columns, row, strict=True)])
        return found

    def across(self, total: ir.Value) -> ir.Value:
        """The sum of the lanes."""
        builder, lanes = self.builder, self.lanes
        while lanes > 1:
            lanes //= 2
            halves = [self.shuffled(total, total, list(range(k, k + lanes))) for k in (0, lanes)]
            total = builder.fadd(*halves)
        return builder.extract_element(total, _FIRST)

    def write(self, out: list[list[ir.Value]], sums: list[list[ir.Value]]) -> None:
        """Put a tile into C, or add its multiple to what is there."""
        builder, o = self.builder, self.operands
        places = [place for row in out for place in row]
        values = [value for row in sums for value in row]
        with builder.if_else(o.add) as (adds, puts):
            with adds:
                # All loads come first: the last rows and columns may be one and the same.
                old = [self.get(place) for place in places]
                for place, value, before in zip(places, values, old, strict=True):
                    self.put(place, builder.fadd(builder.fmul(o.alpha, value), before))
            with puts:
                for place, value in zip(places, values, strict=True):
                    self.put(place, value)


_INT = ir.IntType(32)
_FIRST = ir.Constant(_INT, 0)
