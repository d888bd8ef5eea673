"""Small matrix products as code of our own: an LLVM function that computes C = A @ B in tiles held in registers.

A tile is some rows times some vectors of C. Its accumulators stay in registers while k runs: a row of B is loaded as
vectors, an element of A is repeated in a register, and each pair costs one fused multiply-add. A is read as it lies, B
too where its rows are close together; else a panel of it is copied first (`staticad.codegen.matrix_packing`). BLAS
copies both, which in narrow products takes longer than it saves.

Columns are taken in panels of 4, 2 and 1 vectors, the last, incomplete vector under a mask. Rows are taken in tiles;
the last tile repeats the last row instead of ending early, since a tile of fewer rows would wait for its own sums
anyway.

Every element of C is the sum over k in ascending order, one fused multiply-add after another, in blocks of
`DEPTH_BLOCK` terms that are then added up. It depends on the sizes neither of tiles nor of vectors, so a product may be
cut along its rows or columns, over any number of threads, and has the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llvmlite import ir
from numba.core import cgutils

from staticad.codegen.loop_hints import keep_rolled
from staticad.codegen.matrix_packing import packing_function
from staticad.codegen.matrix_vectors import ADDRESS, WORD, Registers, Vectors, maximum, minimum, shared_function, word
from staticad.records import dataclass

DEPTH_BLOCK = 64  # a panel of B is then 16 kB: it stays in the nearest cache while rows of A pass by
# Rows of B that are farther apart than this meet in the same lines of that cache; copying pays from some rows of A on.
_FAR = 1023  # bytes; nearer ones are read in place, since the copy displaces other operands
_MANY = 32


@dataclass(frozen=True)
class Operands:
    """Arguments of the function: addresses, distances between rows and columns in elements, sizes."""

    c: ir.Value
    c_row: ir.Value
    a: ir.Value
    a_row: ir.Value
    a_column: ir.Value
    b: ir.Value
    b_row: ir.Value
    b_column: ir.Value
    rows: ir.Value
    columns: ir.Value
    depth: ir.Value
    alpha: ir.Value
    add: ir.Value


def tiles_function(module: ir.Module, element: ir.Type, machine: Registers) -> ir.Function:
    """The function of a module for matrices of float or double: ``C = A @ B``, or ``C += alpha * (A @ B)`` where its
    last argument is 1; its arguments are those of `Operands`. C overlaps neither A nor B; rows of C are
    contiguous, and rows or columns of B."""
    function = declare(module, element, f"matrix_tiles_{element}")
    if function.is_declaration:
        builder = ir.IRBuilder(function.append_basic_block("entry"))
        _Product(builder, element, machine, Operands(*function.args)).emit()
    return function


def declare(module: ir.Module, element: ir.Type, name: str) -> ir.Function:
    """A function of a module with the arguments of a product."""
    kinds = [ADDRESS, WORD, ADDRESS, WORD, WORD, ADDRESS, WORD, WORD, WORD, WORD, WORD, element, ir.IntType(1)]
    return shared_function(module, name, kinds, apart=(0, 2, 5))


@dataclass(frozen=True)
class Block:
    """Some terms of the sums: where those of A and B begin, how many they are, whether C starts from nothing."""

    a: ir.Value
    b: ir.Value
    depth: ir.Value
    fresh: ir.Value


class _Product(Vectors):
    """The body of the function."""

    def __init__(self, builder: ir.IRBuilder, element: ir.Type, machine: Registers, operands: Operands) -> None:
        super().__init__(builder, element, machine)
        self.operands = operands
        self.room = machine.tiles[0][0] * self.lanes
        self.pack = packing_function(builder.module, element, machine, self.room)
        memory = builder.alloca(ir.ArrayType(self.element, DEPTH_BLOCK * self.room))
        memory.align = 64
        self.copy = builder.bitcast(memory, ADDRESS)
        far = builder.icmp_signed(">", operands.b_row, word(_FAR // self.size))
        far = builder.and_(far, builder.icmp_signed(">=", operands.rows, word(_MANY)))
        self.packs = builder.or_(far, builder.icmp_signed("!=", operands.b_column, word(1)))

    def emit(self) -> None:
        builder, o = self.builder, self.operands
        # Nothing to add: C stays as it is, the signs of its zeros included.
        idle = builder.and_(o.add, builder.icmp_signed("<=", o.depth, word(0)))
        with builder.if_then(idle, likely=False):
            builder.ret_void()
        blocks = maximum(builder, o.depth, 1)  # without terms, zeros have to be written
        with cgutils.for_range_slice(builder, word(0), blocks, word(DEPTH_BLOCK), WORD) as (start, _):
            a = self.element_at(o.a, builder.mul(start, o.a_column))
            b = self.element_at(o.b, builder.mul(start, o.b_row))
            depth = minimum(builder, builder.sub(o.depth, start), word(DEPTH_BLOCK))
            first = builder.icmp_signed("==", start, word(0))
            self.panels(Block(a, b, depth, builder.and_(builder.not_(o.add), first)))
        builder.ret_void()

    def panels(self, block: Block) -> None:
        """All columns, for some terms."""
        builder, o = self.builder, self.operands
        done: ir.Value = word(0)
        for vectors, rows in self.machine.tiles:
            width = vectors * self.lanes
            stop = builder.sub(o.columns, word(width - 1))
            done = self.each(done, stop, width, self.rows_of(block, rows, vectors, None))
        narrow = self.machine.tiles[-1][1]
        if self.machine.masks:
            rest = builder.sub(o.columns, done)
            with builder.if_then(builder.icmp_signed(">", rest, word(0))):
                self.rows_of(block, narrow, 1, rest)(done)
        else:
            self.lanes = 1
            self.each(done, o.columns, 1, self.rows_of(block, narrow, 1, None))

    def panel(self, block: Block, column: ir.Value, width: ir.Value) -> tuple[ir.Value, ir.Value]:
        """So many columns of B, and the distance of their rows: in place or copied."""
        builder, o = self.builder, self.operands
        start = self.element_at(block.b, builder.mul(column, o.b_column))
        with builder.if_then(self.packs):
            builder.call(self.pack, [self.copy, start, o.b_row, o.b_column, block.depth, width])
        return builder.select(self.packs, self.copy, start), builder.select(self.packs, word(self.room), o.b_row)

    def rows_of(
        self, block: Block, tiles: Sequence[int], vectors: int, rest: ir.Value | None
    ) -> Callable[[ir.Value], None]:
        """All rows of a panel of so many vectors; ``rest`` is how many columns its last one has, None for all."""

        def emit(column: ir.Value) -> None:
            builder, o = self.builder, self.operands
            panel = self.panel(block, column, word(vectors * self.lanes) if rest is None else rest)
            mask = None if rest is None else self.mask(rest)
            done: ir.Value = word(0)
            for rows in tiles:
                # A smaller tile serves what is left; the smallest one, all that is left.
                smaller = 0 if rows == tiles[-1] else tiles[-1]
                stop = builder.sub(o.rows, word(smaller))

                def tile(row: ir.Value, rows: int = rows) -> None:
                    left = [self.element_at(block.a, builder.mul(row, o.a_row))]
                    out = [self.element_at(o.c, builder.add(builder.mul(row, o.c_row), column))]
                    count = builder.sub(o.rows, row)
                    for r in range(1, rows):
                        there = builder.icmp_signed(">", count, word(r))
                        for lines, step in ((left, o.a_row), (out, o.c_row)):
                            lines.append(self.element_at(lines[-1], builder.select(there, step, word(0))))
                    sums = self.sums(left, panel, block.depth, vectors, mask)
                    self.write(out, sums, vectors, mask, block.fresh)

                done = self.each(done, stop, rows, tile)

        return emit

    def sums(
        self,
        left: list[ir.Value],
        panel: tuple[ir.Value, ir.Value],
        depth: ir.Value,
        vectors: int,
        mask: ir.Value | None,
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
        k.add_incoming(word(0), before)
        sums = [[builder.phi(vector) for _ in range(vectors)] for _ in left]
        for phi in (p for row in sums for p in row):
            phi.add_incoming(zero, before)
        builder.cbranch(builder.icmp_signed("<", k, depth), inside, after)
        builder.position_at_end(inside)
        line = self.element_at(panel[0], builder.mul(k, panel[1]))
        right = [self.load(line, v, mask if v == vectors - 1 else None) for v in range(vectors)]
        along = builder.mul(k, o.a_column)
        for row, start in zip(sums, left, strict=True):
            repeated = self.repeated(self.get(self.element_at(start, along)))
            for phi, columns in zip(row, right, strict=True):
                phi.add_incoming(builder.call(fma, [repeated, columns, phi]), builder.block)
        k.add_incoming(builder.add(k, word(1)), builder.block)
        keep_rolled(builder.branch(head), builder.module)
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
