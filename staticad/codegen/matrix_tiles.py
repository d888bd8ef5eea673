"""Small matrix products as code of our own: an LLVM function that computes C = A @ B in tiles held in registers.

A tile is some rows times some vectors of C. Its accumulators stay in registers while k runs: a row of B is loaded as
vectors, an element of A is repeated in a register, and each pair costs one fused multiply-add. Nothing is packed, so
this is for products whose operands fit the caches; what BLAS saves by packing it loses in small products by the time
that packing and its many checks take.

Columns are taken in panels of 4, 2 and 1 vectors, the last, incomplete vector under a mask. Rows are taken in tiles;
the last tile repeats the last row instead of ending early, since a tile of fewer rows would wait for its own sums
anyway.

Every element of C is the sum over k in ascending order, one fused multiply-add after another, in blocks of
`DEPTH_BLOCK` terms that are then added up. It depends on the sizes neither of tiles nor of vectors, so a product may be
cut along its rows or columns, over any number of threads, and has the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import llvmlite.binding as llvm
from llvmlite import ir
from numba.core import cgutils

WORD = ir.IntType(64)
BYTE = ir.IntType(8)
ADDRESS = BYTE.as_pointer()
DEPTH_BLOCK = 64  # a panel of B is then 16 kB: it stays in the nearest cache while rows of A pass by


@dataclass(frozen=True)
class Registers:
    """Vector registers of a CPU: the bytes of one, whether accesses can be masked, and for each number of vectors of a
    panel the rows of its tiles, from large to small."""

    width: int
    masks: bool
    tiles: tuple[tuple[int, tuple[int, ...]], ...]


def registers() -> Registers:
    """What this CPU has."""
    features = llvm.get_host_cpu_features()
    if features.get("avx512vbmi"):  # see `staticad.codegen.target` on why not for all with AVX-512
        return Registers(64, True, ((4, (4, 2)), (2, (8, 4)), (1, (8,))))
    if features.get("avx512vl"):
        return Registers(32, True, ((4, (4, 2)), (2, (8, 4)), (1, (8,))))
    if features.get("avx"):
        return Registers(32, True, ((2, (6, 3)), (1, (8,))))
    return Registers(16, False, ((2, (6, 3)), (1, (8,))))


@dataclass(frozen=True)
class Operands:
    """Arguments of the function: addresses, distances between rows (and columns of A) in elements, sizes."""

    c: ir.Value
    c_row: ir.Value
    a: ir.Value
    a_row: ir.Value
    a_column: ir.Value
    b: ir.Value
    b_row: ir.Value
    rows: ir.Value
    columns: ir.Value
    depth: ir.Value
    alpha: ir.Value
    add: ir.Value


def product_function(module: ir.Module, element: ir.Type) -> ir.Function:
    """The function of a module for matrices of float or double: ``C = A @ B``, or ``C += alpha * (A @ B)`` where its
    last argument is 1; its arguments are those of `Operands`. C overlaps neither A nor B; rows of B and C are
    contiguous."""
    name = f"matrix_product_{element}"
    found = module.globals.get(name)
    if found is not None:
        return found
    kinds = [ADDRESS, WORD, ADDRESS, WORD, WORD, ADDRESS, WORD, WORD, WORD, WORD, element, ir.IntType(1)]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    function.attributes.add("nounwind")
    for place in (0, 2, 5):
        function.args[place].add_attribute("noalias")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    _Product(builder, element, registers(), Operands(*function.args)).emit()
    return function


class _Product:
    """The body of the function."""

    def __init__(self, builder: ir.IRBuilder, element: ir.Type, machine: Registers, operands: Operands) -> None:
        self.builder = builder
        self.element = element
        self.size = 4 if isinstance(element, ir.FloatType) else 8
        self.machine = machine
        self.lanes = machine.width // self.size
        self.operands = operands

    def emit(self) -> None:
        builder, o = self.builder, self.operands
        # Nothing to add: C stays as it is, the signs of its zeros included.
        idle = builder.and_(o.add, builder.icmp_signed("<=", o.depth, _word(0)))
        with builder.if_then(idle, likely=False):
            builder.ret_void()
        blocks = _maximum(builder, o.depth, 1)  # without terms, zeros have to be written
        with cgutils.for_range_slice(builder, _word(0), blocks, _word(DEPTH_BLOCK), WORD) as (start, _):
            depth = _minimum(builder, builder.sub(o.depth, start), _word(DEPTH_BLOCK))
            fresh = builder.and_(builder.not_(o.add), builder.icmp_signed("==", start, _word(0)))
            a = self.element_at(o.a, builder.mul(start, o.a_column))
            b = self.element_at(o.b, builder.mul(start, o.b_row))
            self.panels(a, b, depth, fresh)
        builder.ret_void()

    def panels(self, a: ir.Value, b: ir.Value, depth: ir.Value, fresh: ir.Value) -> None:
        """All columns, for one block of k."""
        builder, o = self.builder, self.operands
        done: ir.Value = _word(0)
        for vectors, rows in self.machine.tiles:
            width = vectors * self.lanes
            stop = builder.sub(o.columns, _word(width - 1))
            done = self.each(done, stop, width, self.rows_of(a, b, depth, fresh, rows, vectors, None))
        if self.machine.masks:
            rest = builder.sub(o.columns, done)
            with builder.if_then(builder.icmp_signed(">", rest, _word(0))):
                self.rows_of(a, b, depth, fresh, self.machine.tiles[-1][1], 1, rest)(done)
        else:
            self.lanes = 1
            self.each(done, o.columns, 1, self.rows_of(a, b, depth, fresh, self.machine.tiles[-1][1], 1, None))

    def each(self, start: ir.Value, stop: ir.Value, step: int, body: Callable[[ir.Value], None]) -> ir.Value:
        """``while start < stop: body(start); start += step``; the last start."""
        builder = self.builder
        before = builder.block
        head, inside, after = (builder.append_basic_block(name) for name in ("head", "inside", "after"))
        builder.branch(head)
        builder.position_at_end(head)
        at = builder.phi(WORD)
        at.add_incoming(start, before)
        builder.cbranch(builder.icmp_signed("<", at, stop), inside, after)
        builder.position_at_end(inside)
        body(at)
        at.add_incoming(builder.add(at, _word(step)), builder.block)
        builder.branch(head)
        builder.position_at_end(after)
        return at

    def rows_of(
        self,
        a: ir.Value,
        b: ir.Value,
        depth: ir.Value,
        fresh: ir.Value,
        tiles: Sequence[int],
        vectors: int,
        rest: ir.Value | None,
    ) -> Callable[[ir.Value], None]:
        """All rows of a panel of so many vectors; ``rest`` is how many columns its last one has, None for all."""

        def emit(column: ir.Value) -> None:
            builder, o = self.builder, self.operands
            panel = self.element_at(b, column)
            mask = None if rest is None else self.mask(rest)
            done: ir.Value = _word(0)
            for rows in tiles:
                # A smaller tile serves what is left; the smallest one, all that is left.
                smaller = 0 if rows == tiles[-1] else tiles[-1]
                stop = builder.sub(o.rows, _word(smaller))

                def tile(row: ir.Value, rows: int = rows) -> None:
                    left = [self.element_at(a, builder.mul(row, o.a_row))]
                    out = [self.element_at(o.c, builder.add(builder.mul(row, o.c_row), column))]
                    count = builder.sub(o.rows, row)
                    for r in range(1, rows):
                        there = builder.icmp_signed(">", count, _word(r))
                        for lines, step in ((left, o.a_row), (out, o.c_row)):
                            lines.append(self.element_at(lines[-1], builder.select(there, step, _word(0))))
                    sums = self.sums(left, panel, depth, vectors, mask)
                    self.write(out, sums, vectors, mask, fresh)

                done = self.each(done, stop, rows, tile)

        return emit

    def sums(
        self, left: list[ir.Value], panel: ir.Value, depth: ir.Value, vectors: int, mask: ir.Value | None
    ) -> list[list[ir.Value]]:
        """The accumulators of a tile after all k of the block."""
        builder, o = self.builder, self.operands
        vector = self.vector
        fma = self.intrinsic("llvm.fmuladd", vector, [vector, vector, vector])
        zero = ir.Constant(vector, None)
        before = builder.block
        head, inside, after = (builder.append_basic_block(name) for name in ("k", "term", "summed"))
        builder.branch(head)
        builder.position_at_end(head)
        k = builder.phi(WORD)
        k.add_incoming(_word(0), before)
        sums = [[builder.phi(vector) for _ in range(vectors)] for _ in left]
        for phi in (p for row in sums for p in row):
            phi.add_incoming(zero, before)
        builder.cbranch(builder.icmp_signed("<", k, depth), inside, after)
        builder.position_at_end(inside)
        line = self.element_at(panel, builder.mul(k, o.b_row))
        right = [self.load(line, v, mask if v == vectors - 1 else None) for v in range(vectors)]
        along = builder.mul(k, o.a_column)
        for row, start in zip(sums, left, strict=True):
            number = builder.load(self.element_at(start, along), typ=self.element, align=self.size)
            repeated = self.repeated(number)
            for phi, columns in zip(row, right, strict=True):
                phi.add_incoming(builder.call(fma, [repeated, columns, phi]), builder.block)
        k.add_incoming(builder.add(k, _word(1)), builder.block)
        builder.branch(head)
        builder.position_at_end(after)
        return sums

    def write(
        self,
        out: list[ir.Value],
        sums: list[list[ir.Value]],
        vectors: int,
        mask: ir.Value | None,
        fresh: ir.Value,
    ) -> None:
        """Put a tile into C, or add its multiple to what is there."""
        builder, vector = self.builder, self.vector
        masks = [mask if v == vectors - 1 else None for v in range(vectors)]
        with builder.if_else(fresh) as (puts, adds):
            with puts:
                for address, row in zip(out, sums, strict=True):
                    for v, value in enumerate(row):
                        self.store(address, v, value, masks[v])
            with adds:
                fma = self.intrinsic("llvm.fmuladd", vector, [vector, vector, vector])
                alpha = self.repeated(self.operands.alpha)
                # All loads come first: the last rows may be one and the same.
                old = [[self.load(address, v, masks[v]) for v in range(vectors)] for address in out]
                for address, row, before in zip(out, sums, old, strict=True):
                    for v, (value, was) in enumerate(zip(row, before, strict=True)):
                        self.store(address, v, builder.call(fma, [alpha, value, was]), masks[v])

    # ---- memory and vectors --------------------------------------------------------------------------------------

    @property
    def vector(self) -> ir.Type:
        return ir.VectorType(self.element, self.lanes)

    def element_at(self, address: ir.Value, index: ir.Value) -> ir.Value:
        builder = self.builder
        return builder.gep(address, [builder.mul(index, _word(self.size))], inbounds=True, source_etype=BYTE)

    def place(self, address: ir.Value, vector: int) -> ir.Value:
        offset = _word(vector * self.lanes * self.size)
        return self.builder.gep(address, [offset], inbounds=True, source_etype=BYTE)

    def load(self, address: ir.Value, vector: int, mask: ir.Value | None) -> ir.Value:
        place = self.place(address, vector)
        if mask is None:
            return self.builder.load(place, typ=self.vector, align=self.size)
        kinds = [ADDRESS, ir.IntType(32), mask.type, self.vector]
        masked = self.intrinsic("llvm.masked.load", self.vector, kinds, "p0")
        alignment = ir.Constant(ir.IntType(32), self.size)
        return self.builder.call(masked, [place, alignment, mask, ir.Constant(self.vector, None)])

    def store(self, address: ir.Value, vector: int, value: ir.Value, mask: ir.Value | None) -> None:
        place = self.place(address, vector)
        if mask is None:
            self.builder.store(value, self.builder.bitcast(place, self.vector.as_pointer()), align=self.size)
            return
        kinds = [self.vector, ADDRESS, ir.IntType(32), mask.type]
        masked = self.intrinsic("llvm.masked.store", ir.VoidType(), kinds, "p0", self.vector)
        self.builder.call(masked, [value, place, ir.Constant(ir.IntType(32), self.size), mask])

    def mask(self, count: ir.Value) -> ir.Value:
        """True for the first so many lanes."""
        lanes = ir.VectorType(ir.IntType(32), self.lanes)
        numbers = ir.Constant(lanes, list(range(self.lanes)))
        wanted = self.spread(self.builder.trunc(count, ir.IntType(32)), lanes)
        return self.builder.icmp_signed("<", numbers, wanted)

    def repeated(self, number: ir.Value) -> ir.Value:
        return self.spread(number, self.vector)

    def spread(self, number: ir.Value, vector: ir.Type) -> ir.Value:
        word = ir.IntType(32)
        undefined = ir.Constant(vector, ir.Undefined)
        first = self.builder.insert_element(undefined, number, ir.Constant(word, 0))
        return self.builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(word, self.lanes), None))

    def intrinsic(
        self, name: str, result: ir.Type, kinds: list[ir.Type], suffix: str = "", of: ir.Type | None = None
    ) -> ir.Function:
        of = result if of is None else of
        letter = "f32" if self.size == 4 else "f64"
        full = f"{name}.v{of.count}{letter}" + (f".{suffix}" if suffix else "")
        module = self.builder.module
        found = module.globals.get(full)
        return found if found is not None else ir.Function(module, ir.FunctionType(result, kinds), full)


def _word(number: int) -> ir.Constant:
    return ir.Constant(WORD, number)


def _minimum(builder: ir.IRBuilder, one: ir.Value, other: ir.Value) -> ir.Value:
    return builder.select(builder.icmp_signed("<", one, other), one, other)


def _maximum(builder: ir.IRBuilder, one: ir.Value, number: int) -> ir.Value:
    return builder.select(builder.icmp_signed(">", one, _word(number)), one, _word(number))
