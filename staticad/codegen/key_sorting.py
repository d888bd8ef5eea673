"""Sorting integers with vectors: an LLVM function that makes keys of elements, sorts them, and makes elements again.

A *key* is a signed integer as wide as the element. That of a float orders as numbers do, with both zeros equal and NaN,
whatever its sign, behind all numbers; that of an unsigned integer is shifted to the signed ones. For a descending order
all bits are inverted.

Keys are sorted by quicksort. A range is *split* at a pivot into the smaller keys and the others, from one array to
another one: each vector of keys is permuted so that the smaller ones come first, and written whole to both ends of what
is still free. So no branch depends on the keys. The pivot is the median of a sample. Where that goes wrong too often it
halves the range of values instead, which ends after as many steps as a key has bits. Ranges of a few vectors are
sorted in registers (`staticad.codegen.sorting_networks`). Ranges of which no position is wanted are left as they are.

Equal keys can't be told apart, so the result does not depend on the width of vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from llvmlite import ir

from staticad.codegen.matrix_vectors import ADDRESS, BYTE, WORD, Registers, registers, shared_function, word
from staticad.codegen.sorting_networks import MOST_VECTORS, Keys, sort_few

_INT = ir.IntType(32)
_BIT = ir.IntType(1)
_FEW_SAMPLES, _MANY_SAMPLES, _LONG = 16, 32, 2048
_VECTORS_AT_ONCE = 4
_SAMPLED = 2  # times as many splits by samples as halves would take; more are by the range of values


def sorting_function(module: ir.Module, symbol: str, bits: int, features: Mapping[str, bool]) -> ir.Function:
    """The function of a module for keys of 32 or 64 bits. Its first argument says what it does:

    0: ``(0, from, to, n, code)`` makes keys of elements, and returns how many of these look different from others of
       the same key. The code is 1 for unsigned integers, 2 for floats, and 4 more for a descending order.
    1: ``(1, keys, scratch, n, first, last)`` sorts: the positions from first to last get the keys that belong there,
       those before them smaller ones, those behind them larger ones. The others hold anything.
    2: ``(2, keys, n, code)`` makes elements of keys, where these stand.
    """
    function = ir.Function(module, ir.FunctionType(WORD, [WORD] * 8), symbol)
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    emit = _Sorting(builder, bits, registers(features), _compression(features))
    what, a, b, c, d, e = function.args[:6]
    steps: tuple[Callable[[], ir.Value], ...] = (
        lambda: emit.make_keys(emit.pointer(a), emit.pointer(b), c, d),
        lambda: emit.sort(emit.pointer(a), emit.pointer(b), c, d, e),
        lambda: emit.make_elements(emit.pointer(a), b, c),
    )
    for number, step in enumerate(steps):
        with builder.if_then(builder.icmp_signed("==", what, word(number))):
            builder.ret(step())
    builder.ret(word(0))
    return function


def _compression(features: Mapping[str, bool]) -> str:
    """How the CPU moves some elements of a vector to its front."""
    if features.get("avx512vl"):
        return "compress"
    return "permute" if features.get("avx2") else ""


class _Sorting(Keys):
    """Emits the function and those that it calls."""

    def __init__(self, builder: ir.IRBuilder, bits: int, machine: Registers, compression: str) -> None:
        super().__init__(builder, bits, machine)
        self.compression = compression

    # ---- keys and elements

    def make_keys(self, source: ir.Value, to: ir.Value, n: ir.Value, code: ir.Value) -> ir.Value:
        builder = self.builder
        counter = builder.alloca(WORD)
        builder.store(word(0), counter)
        floating = self.flag(code, 2)
        magnitude = builder.select(floating, self.number(self.largest), self.number(0))
        unsigned = builder.select(self.flag(code, 1), self.number(self.lowest), self.number(0))
        infinity = builder.select(floating, self.number(self.infinity), self.number(self.largest))
        negative_zero = builder.select(floating, self.number(-1), self.number(0))  # what its key would be
        flip = self.flipped(code)

        def key(element: ir.Value) -> ir.Value:
            kind = element.type
            sign = builder.ashr(element, self.constant(kind, self.bits - 1))
            plain = builder.xor(
                builder.xor(element, self.like(unsigned, kind)), builder.and_(sign, self.like(magnitude, kind))
            )
            below = builder.icmp_signed("==", plain, self.constant(kind, -1))
            below = builder.and_(
                below, builder.icmp_signed("==", self.like(negative_zero, kind), self.constant(kind, -1))
            )
            size = builder.and_(element, self.constant(kind, self.largest))
            nan = builder.icmp_signed(">", size, self.like(infinity, kind))
            odd = builder.or_(below, nan)
            found = builder.select(below, self.constant(kind, 0), plain)
            found = builder.select(nan, self.constant(kind, self.largest), found)
            builder.store(builder.add(builder.load(counter), self.count(odd)), counter)
            return builder.xor(found, self.like(flip, kind))

        self.mapped(source, to, n, key)
        return builder.load(counter)

    def make_elements(self, keys: ir.Value, n: ir.Value, code: ir.Value) -> ir.Value:
        builder = self.builder
        magnitude = builder.select(self.flag(code, 2), self.number(self.largest), self.number(0))
        unsigned = builder.select(self.flag(code, 1), self.number(self.lowest), self.number(0))
        flip = self.flipped(code)

        def element(key: ir.Value) -> ir.Value:
            kind = key.type
            plain = builder.xor(key, self.like(flip, kind))
            sign = builder.ashr(plain, self.constant(kind, self.bits - 1))
            return builder.xor(
                builder.xor(plain, self.like(unsigned, kind)), builder.and_(sign, self.like(magnitude, kind))
            )

        self.mapped(keys, keys, n, element)
        return word(0)

    def mapped(self, source: ir.Value, to: ir.Value, n: ir.Value, function: Callable[[ir.Value], ir.Value]) -> None:
        """A function of each of n elements."""

        def vector(i: ir.Value) -> None:
            self.store(self.element_at(to, i), 0, function(self.load(self.element_at(source, i), 0, None)), None)

        def single(i: ir.Value) -> None:
            self.put(self.element_at(to, i), function(self.get(self.element_at(source, i))))

        done = self.each(word(0), self.builder.sub(n, word(self.lanes - 1)), self.lanes, vector)
        self.each(done, n, 1, single)

    def flag(self, code: ir.Value, bit: int) -> ir.Value:
        return self.builder.icmp_signed("!=", self.builder.and_(code, word(bit)), word(0))

    def flipped(self, code: ir.Value) -> ir.Value:
        return self.builder.select(self.flag(code, 4), self.number(-1), self.number(0))

    # ---- sorting

    def sort(self, keys: ir.Value, scratch: ir.Value, n: ir.Value, first: ir.Value, last: ir.Value) -> ir.Value:
        builder = self.builder
        depth = builder.mul(builder.sub(word(64), builder.ctlz(n, _BIT(0))), word(_SAMPLED))
        builder.call(self.quicksort(), [keys, scratch, keys, word(0), n, first, last, depth])
        return word(0)

    def quicksort(self) -> ir.Function:
        """``(here, there, home, begin, end, first, last, depth)`` sorts a range that stands ``here`` into ``home``,
        one of the two arrays."""
        name = f"quicksort_{self.bits}"
        function = shared_function(self.builder.module, name, [ADDRESS] * 3 + [WORD] * 5)
        if not function.is_declaration:
            return function
        outer, self.builder = self.builder, ir.IRBuilder(function.append_basic_block("entry"))
        builder = self.builder
        here, there, home, begin, end, first, last, depth = function.args
        sample = builder.bitcast(builder.alloca(ir.ArrayType(self.element, _MANY_SAMPLES)), ADDRESS)
        n = builder.sub(end, begin)
        idle = builder.or_(builder.icmp_signed(">=", begin, last), builder.icmp_signed("<=", end, first))
        with builder.if_then(builder.or_(idle, builder.icmp_signed("<=", n, word(0)))):
            builder.ret_void()
        with builder.if_then(builder.icmp_signed("<=", n, word(MOST_VECTORS * self.lanes))):
            start, target = self.element_at(here, begin), self.element_at(home, begin)
            builder.call(sort_few(self), [start, target, n])
            builder.ret_void()
        pivot_place = builder.alloca(self.element)
        with builder.if_else(builder.icmp_signed(">", depth, word(0))) as (sampled, halved):
            with sampled:
                builder.store(self.median(here, begin, n, sample), pivot_place)
            with halved:
                low, high = self.ends(here, begin, end)
                with builder.if_then(builder.icmp_signed("==", low, high)):
                    self.fill(home, begin, end, low)
                    builder.ret_void()
                half = builder.lshr(builder.sub(high, low), self.number(1))
                builder.store(builder.add(builder.add(low, half), self.number(1)), pivot_place)
        pivot = builder.load(pivot_place)
        middle = builder.call(self.split(), [here, there, begin, end, pivot])
        less = builder.sub(depth, word(1))
        with builder.if_then(builder.icmp_signed("==", middle, begin)):  # the pivot is the smallest key
            with builder.if_then(builder.icmp_signed("==", pivot, self.number(self.largest))):
                self.fill(home, begin, end, pivot)
                builder.ret_void()
            above = builder.add(pivot, self.number(1))
            behind = builder.call(self.split(), [here, there, begin, end, above])
            self.fill(home, begin, behind, pivot)
            builder.call(function, [there, here, home, behind, end, first, last, less])
            builder.ret_void()
        builder.call(function, [there, here, home, begin, middle, first, last, less])
        builder.call(function, [there, here, home, middle, end, first, last, less])
        builder.ret_void()
        self.builder = outer
        return function

    def median(self, here: ir.Value, begin: ir.Value, n: ir.Value, sample: ir.Value) -> ir.Value:
        """Of keys that lie far apart."""
        builder = self.builder
        many = builder.icmp_signed(">=", n, word(_LONG))
        count = builder.select(many, word(_MANY_SAMPLES), word(_FEW_SAMPLES))
        step = builder.udiv(n, count)
        place = self.element_at(here, builder.add(begin, builder.lshr(step, word(1))))

        def take(j: ir.Value) -> None:
            self.put(self.element_at(sample, j), self.get(self.element_at(place, builder.mul(j, step))))

        self.each(word(0), count, 1, take)
        builder.call(sort_few(self), [sample, sample, count])
        return self.get(self.element_at(sample, builder.lshr(count, word(1))))

    def ends(self, here: ir.Value, begin: ir.Value, end: ir.Value) -> tuple[ir.Value, ir.Value]:
        """The smallest and the largest key of a range that has some."""
        builder = self.builder
        low, high = builder.alloca(self.element), builder.alloca(self.element)
        first = self.get(self.element_at(here, begin))
        builder.store(first, low)
        builder.store(first, high)

        def look(i: ir.Value) -> None:
            key = self.get(self.element_at(here, i))
            for place, compare in ((low, "<"), (high, ">")):
                known = builder.load(place)
                builder.store(builder.select(builder.icmp_signed(compare, key, known), key, known), place)

        self.each(begin, end, 1, look)
        return builder.load(low), builder.load(high)

    def fill(self, home: ir.Value, begin: ir.Value, end: ir.Value, key: ir.Value) -> None:
        self.each(begin, end, 1, lambda i: self.put(self.element_at(home, i), key))

    def split(self) -> ir.Function:
        """``(here, there, begin, end, pivot)`` writes the keys of a range that are smaller than the pivot to its
        begin, the others to its end, and returns where these begin."""
        kinds = [ADDRESS, ADDRESS, WORD, WORD, self.element]
        function = shared_function(self.builder.module, f"split_{self.bits}", kinds, apart=(0, 1), result=WORD)
        if not function.is_declaration:
            return function
        outer, self.builder = self.builder, ir.IRBuilder(function.append_basic_block("entry"))
        builder = self.builder
        here, there, begin, end, pivot = function.args
        low, high = builder.alloca(WORD), builder.alloca(WORD)  # what is between them is free
        builder.store(begin, low)
        builder.store(end, high)
        pivots = self.repeated(pivot)

        def single(i: ir.Value) -> None:
            key = self.get(self.element_at(here, i))
            begun, stop = builder.load(low), builder.load(high)
            self.put(self.element_at(there, begun), key)
            self.put(self.element_at(there, builder.sub(stop, word(1))), key)
            smaller = builder.zext(builder.icmp_signed("<", key, pivot), WORD)
            builder.store(builder.add(begun, smaller), low)
            builder.store(builder.sub(stop, builder.sub(word(1), smaller)), high)

        def several(count: int) -> Callable[[ir.Value], None]:
            def vectors(i: ir.Value) -> None:
                start = self.element_at(here, i)
                loaded = [self.load(start, number, None) for number in range(count)]
                begun, stop = builder.load(low), builder.load(high)
                for keys in loaded:
                    smaller = builder.icmp_signed("<", keys, pivots)
                    taken = self.count(smaller)
                    left = builder.sub(word(self.lanes), taken)
                    self.write(there, keys, smaller, begun, stop, taken, left)
                    begun, stop = builder.add(begun, taken), builder.sub(stop, left)
                builder.store(begun, low)
                builder.store(stop, high)

            return vectors

        if self.compression:
            # What is free is then a whole number of vectors, so neither end runs into the other one.
            odd = builder.and_(builder.sub(end, begin), word(self.lanes - 1))
            done = self.each(begin, builder.add(begin, odd), 1, single)
            rest = self.each(
                done, builder.sub(end, word(_VECTORS_AT_ONCE * self.lanes - 1)), _VECTORS_AT_ONCE * self.lanes,
                several(_VECTORS_AT_ONCE),
            )  # fmt: skip
            self.each(rest, end, self.lanes, several(1))
        else:
            self.each(begin, end, 1, single)
        builder.ret(builder.load(low))
        self.builder = outer
        return function

    def write(
        self, there: ir.Value, keys: ir.Value, smaller: ir.Value, low: ir.Value, high: ir.Value,
        taken: ir.Value, left: ir.Value,
    ) -> None:  # fmt: skip
        """A vector's smaller keys from ``low`` on, its others up to ``high``."""
        builder = self.builder
        if self.compression == "permute":
            keys = self.parted(keys, smaller)
            self.store(self.element_at(there, low), 0, keys, None)
            self.store(self.element_at(there, builder.sub(high, word(self.lanes))), 0, keys, None)
            return
        vector, masks = self.vector, smaller.type
        name = f"llvm.experimental.vector.compress.v{self.lanes}i{self.bits}"
        compress = builder.module.globals.get(name) or ir.Function(
            builder.module, ir.FunctionType(vector, [vector, masks, vector]), name
        )
        undefined = ir.Constant(vector, ir.Undefined)
        self.store(self.element_at(there, low), 0, builder.call(compress, [keys, smaller, undefined]), None)
        others = builder.call(compress, [keys, builder.not_(smaller), undefined])
        self.store(self.element_at(there, builder.sub(high, left)), 0, others, self.mask(left))

    def parted(self, keys: ir.Value, smaller: ir.Value) -> ir.Value:
        """A vector's smaller keys first, then the others."""
        builder = self.builder
        eight = ir.VectorType(_INT, 8)
        which = builder.zext(builder.bitcast(smaller, ir.IntType(self.lanes)), WORD)
        entry = builder.gep(self.table(), [builder.mul(which, word(8))], inbounds=True, source_etype=BYTE)
        order = builder.zext(builder.load(entry, typ=ir.VectorType(BYTE, 8), align=8), eight)
        name = "llvm.x86.avx2.permd"
        permute = builder.module.globals.get(name) or ir.Function(
            builder.module, ir.FunctionType(eight, [eight, eight]), name
        )
        return builder.bitcast(builder.call(permute, [builder.bitcast(keys, eight), order]), self.vector)

    def table(self) -> ir.GlobalVariable:
        """For every set of lanes the order of halves of 64 bits, or of elements of 32, that puts these first."""
        name = f"parting_{self.bits}"
        found = self.builder.module.globals.get(name)
        if found is not None:
            return found
        rows: list[int] = []
        for chosen in range(1 << self.lanes):
            order = sorted(range(self.lanes), key=lambda lane: not chosen >> lane & 1)
            parts = 8 // self.lanes
            rows += [parts * lane + part for lane in order for part in range(parts)]
        kind = ir.ArrayType(BYTE, len(rows))
        table = ir.GlobalVariable(self.builder.module, kind, name)
        table.linkage, table.global_constant, table.align = "internal", True, 64
        table.initializer = ir.Constant(kind, bytearray(rows))
        return table
