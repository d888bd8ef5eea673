"""Copies of a panel of B: some columns of it, in rows that follow one another, whichever way B is stored.

Products read rows of B as vectors. A transposed B has its columns there; squares of as many vectors as a vector has
lanes are turned in registers. Rows that lie far apart would meet in the same few lines of the nearest cache.
"""

from __future__ import annotations

from llvmlite import ir

from staticad.codegen.matrix_vectors import ADDRESS, WORD, Registers, Vectors, minimum, shared_function, word

_SQUARE = 8  # squares of 16 are a little faster, and take LLVM as long as all the rest of a product


def packing_function(module: ir.Module, element: ir.Type, machine: Registers, room: int) -> ir.Function:
    """The function of a module ``pack(to, from, row, column, rows, columns)``: ``to`` has rows of ``room`` elements and
    as many of them as a multiple of a vector's lanes that is at least ``rows``. The matrix has contiguous rows
    (``column`` is 1) or contiguous columns (``row`` is 1). Elements of ``to`` beyond the matrix may change."""
    name = f"matrix_packing_{element}"
    function = shared_function(module, name, [ADDRESS, ADDRESS, WORD, WORD, WORD, WORD], apart=(0, 1))
    if function.is_declaration:
        _Packing(ir.IRBuilder(function.append_basic_block("entry")), element, machine, room).emit(*function.args)
    return function


class _Packing(Vectors):
    """The body of the function."""

    def __init__(self, builder: ir.IRBuilder, element: ir.Type, machine: Registers, room: int) -> None:
        super().__init__(builder, element, machine)
        self.room = room

    def emit(
        self, to: ir.Value, source: ir.Value, row: ir.Value, column: ir.Value, rows: ir.Value, columns: ir.Value
    ) -> None:
        builder = self.builder
        with builder.if_else(builder.icmp_signed("==", column, word(1))) as (as_it_is, turned):
            with as_it_is:
                self.copy(to, source, row, rows, columns)
            with turned:
                if self.machine.masks:
                    self.lanes = min(self.lanes, _SQUARE)
                    self.turn(to, source, column, rows, columns)
                else:
                    self.turn_elements(to, source, column, rows, columns)
        builder.ret_void()

    def copy(self, to: ir.Value, source: ir.Value, row: ir.Value, rows: ir.Value, columns: ir.Value) -> None:
        """Row by row."""
        builder = self.builder

        def line(k: ir.Value) -> None:
            here, there = self.element_at(source, builder.mul(k, row)), self.element_at(to, self.line(k))
            whole = builder.sub(columns, word(self.lanes - 1))

            def vector(j: ir.Value) -> None:
                self.store(self.element_at(there, j), 0, self.load(self.element_at(here, j), 0, None), None)

            def element(j: ir.Value) -> None:
                self.put(self.element_at(there, j), self.get(self.element_at(here, j)))

            done = self.each(word(0), whole, self.lanes, vector)
            if self.machine.masks:
                rest = builder.sub(columns, done)
                with builder.if_then(builder.icmp_signed(">", rest, word(0))):
                    last = self.load(self.element_at(here, done), 0, self.mask(rest))
                    self.store(self.element_at(there, done), 0, last, None)
            else:
                self.each(done, columns, 1, element)

        self.each(word(0), rows, 1, line)

    def turn(self, to: ir.Value, source: ir.Value, column: ir.Value, rows: ir.Value, columns: ir.Value) -> None:
        """Square by square: a vector along each column, then one along each row."""
        builder = self.builder

        def square(j: ir.Value) -> None:
            count = builder.sub(columns, j)
            starts = [self.element_at(source, builder.mul(j, column))]
            for lane in range(1, self.lanes):  # what is beyond the last column repeats it
                there = builder.icmp_signed(">", count, word(lane))
                starts.append(self.element_at(starts[-1], builder.select(there, column, word(0))))

            def part(k: ir.Value) -> None:
                mask = self.mask(minimum(builder, builder.sub(rows, k), word(self.lanes)))
                vectors = [self.load(self.element_at(start, k), 0, mask) for start in starts]
                for lane, vector in enumerate(self.transposed(vectors)):
                    place = builder.add(self.line(builder.add(k, word(lane))), j)
                    self.store(self.element_at(to, place), 0, vector, None)

            self.each(word(0), rows, self.lanes, part)

        self.each(word(0), columns, self.lanes, square)

    def turn_elements(
        self, to: ir.Value, source: ir.Value, column: ir.Value, rows: ir.Value, columns: ir.Value
    ) -> None:
        """One by one, without masks."""
        builder = self.builder

        def line(j: ir.Value) -> None:
            here, there = self.element_at(source, builder.mul(j, column)), self.element_at(to, j)

            def element(k: ir.Value) -> None:
                self.put(self.element_at(there, self.line(k)), self.get(self.element_at(here, k)))

            self.each(word(0), rows, 1, element)

        self.each(word(0), columns, 1, line)

    def line(self, k: ir.Value) -> ir.Value:
        """The place of a row in the copy."""
        return self.builder.mul(k, word(self.room))

    def transposed(self, vectors: list[ir.Value]) -> list[ir.Value]:
        """Element k of vector j becomes element j of vector k: each round interleaves the first half of the vectors
        with the second, which moves one bit of j from the number of the vector to that of the lane."""
        half = self.lanes // 2
        low = [n for k in range(half) for n in (k, k + self.lanes)]
        high = [n + half for n in low]
        for _ in range(self.lanes.bit_length() - 1):
            pairs = list(zip(vectors[:half], vectors[half:], strict=True))
            vectors = [self.shuffled(*pair, order) for pair in pairs for order in (low, high)]
        return vectors
