"""A few vectors of integers are sorted in registers, by comparisons whose order is fixed.

The lanes of the vectors are columns, and each column is sorted by a network of minima and maxima of whole vectors
(Batcher's odd-even merge sort). Then columns are merged, neighbours first (Batcher's bitonic merge): the second half of
the columns is turned around, so that the minima of both halves are the smaller elements, and what is left is halved in
the same way. At last the columns are turned into rows.

References: Batcher 1968, "Sorting networks and their applications".
"""

from __future__ import annotations

from collections.abc import Iterator

from llvmlite import ir

from staticad.codegen.matrix_vectors import ADDRESS, WORD, Registers, Vectors, shared_function, word

MOST_VECTORS = 16
_INT = ir.IntType(32)


class Keys(Vectors):
    """Vectors of signed integers."""

    def __init__(self, builder: ir.IRBuilder, bits: int, machine: Registers) -> None:
        super().__init__(builder, ir.IntType(bits), machine)
        self.bits = bits
        self.largest, self.lowest = (1 << (bits - 1)) - 1, -(1 << (bits - 1))
        self.infinity = 0x7F800000 if bits == 32 else 0x7FF0000000000000

    def number(self, value: int) -> ir.Constant:
        return ir.Constant(self.element, value)

    def constant(self, kind: ir.Type, value: int) -> ir.Constant:
        """A number, or a vector of it."""
        return ir.Constant(kind, [value] * self.lanes if isinstance(kind, ir.VectorType) else value)

    def like(self, number: ir.Value, kind: ir.Type) -> ir.Value:
        """The number, or a vector of it."""
        return self.repeated(number) if isinstance(kind, ir.VectorType) else number

    def count(self, truths: ir.Value) -> ir.Value:
        """How many of a vector's bits, or of one, are set."""
        builder = self.builder
        if not isinstance(truths.type, ir.VectorType):
            return builder.zext(truths, WORD)
        bits = builder.zext(builder.bitcast(truths, ir.IntType(self.lanes)), WORD)
        return builder.call(builder.module.declare_intrinsic("llvm.ctpop", [WORD]), [bits])

    def pointer(self, address: ir.Value) -> ir.Value:
        return self.builder.inttoptr(address, ADDRESS)


def sort_few(keys: Keys) -> ir.Function:
    """``(from, to, n)`` sorts up to `MOST_VECTORS` vectors of keys from one place to another, which may be the same."""
    function = shared_function(keys.builder.module, f"sort_few_{keys.bits}", [ADDRESS, ADDRESS, WORD])
    if not function.is_declaration:
        return function
    outer, keys.builder = keys.builder, ir.IRBuilder(function.append_basic_block("entry"))
    builder = keys.builder
    _, _, n = function.args
    vectors = 1
    while vectors <= MOST_VECTORS:
        with builder.if_then(builder.icmp_signed("<=", n, word(vectors * keys.lanes))):
            builder.call(_network(keys, vectors), function.args)
            builder.ret_void()
        vectors *= 2
    builder.ret_void()
    keys.builder = outer
    return function


def _network(keys: Keys, count: int) -> ir.Function:
    """``(from, to, n)`` for more than half of so many vectors."""
    function = shared_function(keys.builder.module, f"network_{keys.bits}_{count}", [ADDRESS, ADDRESS, WORD])
    outer, keys.builder = keys.builder, ir.IRBuilder(function.append_basic_block("entry"))
    builder = keys.builder
    source, to, n = function.args
    memory = builder.alloca(ir.ArrayType(keys.element, count * keys.lanes))
    memory.align = 64
    room = builder.bitcast(memory, ADDRESS)
    last = keys.constant(keys.vector, keys.largest)
    vectors = []
    for number in range(count):
        if number < count // 2:
            vectors.append(keys.load(source, number, None))
        else:
            mask = keys.mask(builder.sub(n, word(number * keys.lanes)))
            vectors.append(builder.select(mask, keys.load(source, number, mask), last))
    network = _Network(keys)
    for number, vector in enumerate(network.sorted(vectors)):
        keys.store(room, number, vector, None)
    if count == 1:
        keys.each(word(0), n, 1, lambda i: keys.put(keys.element_at(to, i), keys.get(keys.element_at(room, i))))
    else:
        # Whole vectors, the last of which overlaps the one before it.
        end = builder.sub(n, word(keys.lanes))

        def copy(i: ir.Value) -> None:
            keys.store(keys.element_at(to, i), 0, keys.load(keys.element_at(room, i), 0, None), None)

        keys.each(word(0), end, keys.lanes, copy)
        copy(end)
    builder.ret_void()
    keys.builder = outer
    return function


class _Network:
    """Emits comparisons of vectors."""

    def __init__(self, keys: Keys) -> None:
        self.keys = keys

    def sorted(self, vectors: list[ir.Value]) -> list[ir.Value]:
        """All elements in order."""
        lanes = self.keys.lanes
        found = list(vectors)
        for a, b in _odd_even(len(found)):
            found[a], found[b] = self.ordered(found[a], found[b])
        columns = 1
        while columns < lanes:
            columns *= 2
            found = self.merged(found, columns)
        return self.rows(found)

    def ordered(self, a: ir.Value, b: ir.Value) -> tuple[ir.Value, ir.Value]:
        builder = self.keys.builder
        smaller = builder.icmp_signed("<", a, b)
        return builder.select(smaller, a, b), builder.select(smaller, b, a)

    def merged(self, vectors: list[ir.Value], columns: int) -> list[ir.Value]:
        """Groups of so many columns, whose halves are in order, get into order as a whole."""
        lanes, count = self.keys.lanes, len(vectors)
        turned = [lane ^ (columns - 1) for lane in range(lanes)]
        upper = [bool(lane & (columns // 2)) for lane in range(lanes)]
        found = list(vectors)
        for v in range((count + 1) // 2):
            w = count - 1 - v
            low, high = self.ordered(vectors[v], self.permuted(vectors[w], turned))
            found[v] = self.chosen(low, high, upper)
            if w != v:
                found[w] = self.permuted(self.chosen(high, low, upper), turned)
        step = columns // 4
        while step:
            swapped = [lane ^ step for lane in range(lanes)]
            upper = [bool(lane & step) for lane in range(lanes)]
            found = [self.chosen(*self.ordered(vector, self.permuted(vector, swapped)), upper) for vector in found]
            step //= 2
        step = count // 2
        while step:
            for v in range(count):
                if not v & step:
                    found[v], found[v + step] = self.ordered(found[v], found[v + step])
            step //= 2
        return found

    def permuted(self, vector: ir.Value, order: list[int]) -> ir.Value:
        return self.keys.shuffled(vector, ir.Constant(vector.type, ir.Undefined), order)

    def chosen(self, a: ir.Value, b: ir.Value, second: list[bool]) -> ir.Value:
        """The lanes of b where ``second`` says so, else those of a."""
        lanes = self.keys.lanes
        return self.keys.shuffled(a, b, [lane + lanes * second[lane] for lane in range(lanes)])

    def rows(self, vectors: list[ir.Value]) -> list[ir.Value]:
        """Column after column, as rows.

        The place of an element in memory has the bits of its vector's number above those of its lane. These have to
        change places as groups.
        """
        lanes, count = self.keys.lanes, len(vectors)
        found = list(vectors)
        if count < lanes:
            half = lanes // 2
            low = [n for k in range(half) for n in (k, k + lanes)]
            high = [n + half for n in low]
            for _ in range(count.bit_length() - 1):  # the uppermost bit becomes the lowest one
                pairs = list(zip(found[: count // 2], found[count // 2 :], strict=True))
                found = [self.keys.shuffled(*pair, order) for pair in pairs for order in (low, high)]
            return found
        step = 1
        while step < lanes:  # this bit of the lane changes places with that of the vector
            low = [lane + (lanes - step if lane & step else 0) for lane in range(lanes)]
            high = [lane + (lanes if lane & step else step) for lane in range(lanes)]
            for v in range(count):
                if not v & step:
                    a, b = found[v], found[v + step]
                    found[v], found[v + step] = self.keys.shuffled(a, b, low), self.keys.shuffled(a, b, high)
            step *= 2
        return [found[v] for start in range(lanes) for v in range(start, count, lanes)]


def _odd_even(count: int) -> Iterator[tuple[int, int]]:
    """The comparisons that sort so many elements, a power of two."""
    block = 1
    while block < count:
        step = block
        while step:
            for start in range(step % block, count - step, 2 * step):
                for place in range(start, min(start + step, count - step)):
                    if place // (2 * block) == (place + step) // (2 * block):
                        yield place, place + step
            step //= 2
        block *= 2
