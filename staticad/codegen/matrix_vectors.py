"""Vectors of numbers in LLVM IR that is written by hand: loads and stores under masks, loops, registers of the CPU."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from llvmlite import ir

from staticad.codegen.loop_hints import keep_rolled
from staticad.codegen.target import vector_bytes
from staticad.records import dataclass

WORD = ir.IntType(64)
BYTE = ir.IntType(8)
ADDRESS = BYTE.as_pointer()
_INT = ir.IntType(32)
_NOTHING = ir.VoidType()


@dataclass(frozen=True)
class Registers:
    """Vector registers of a CPU: the bytes of one, whether accesses can be masked, and for each number of vectors of a
    panel the rows of its tiles, from large to small."""

    width: int
    masks: bool
    tiles: tuple[tuple[int, tuple[int, ...]], ...]


def registers(features: Mapping[str, bool]) -> Registers:
    """What a CPU with these features has."""
    width = vector_bytes(features)
    if features.get("avx512vl"):
        return Registers(width, True, ((4, (4, 2)), (2, (8, 4)), (1, (8,))))
    return Registers(width, bool(features.get("avx")), ((2, (6, 3)), (1, (8,))))


def shared_function(
    module: ir.Module,
    name: str,
    kinds: Sequence[ir.Type],
    apart: Collection[int] = (),
    result: ir.Type = _NOTHING,
) -> ir.Function:
    """A function that all of a module calls, without a body where it is new; arguments that are ``apart`` point to
    memory that no other does."""
    found = module.globals.get(name)
    if found is not None:
        return found
    function = ir.Function(module, ir.FunctionType(result, kinds), name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    function.attributes.add("nounwind")
    for place in apart:
        function.args[place].add_attribute("noalias")
    return function


class Vectors:
    """Emits code for vectors of ``lanes`` elements, as many as a register has."""

    def __init__(self, builder: ir.IRBuilder, element: ir.Type, machine: Registers) -> None:
        self.builder = builder
        self.element = element
        whole = isinstance(element, ir.IntType)
        self.size = element.width // 8 if whole else 4 if isinstance(element, ir.FloatType) else 8
        self.name = f"{'i' if whole else 'f'}{8 * self.size}"  # in names of intrinsics
        self.machine = machine
        self.lanes = machine.width // self.size

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
        at.add_incoming(builder.add(at, word(step)), builder.block)
        keep_rolled(builder.branch(head), builder.module)
        builder.position_at_end(after)
        return at

    @property
    def vector(self) -> ir.Type:
        return ir.VectorType(self.element, self.lanes)

    def element_at(self, address: ir.Value, index: ir.Value) -> ir.Value:
        builder = self.builder
        return builder.gep(address, [builder.mul(index, word(self.size))], inbounds=True, source_etype=BYTE)

    def place(self, address: ir.Value, vector: int) -> ir.Value:
        offset = word(vector * self.lanes * self.size)
        return self.builder.gep(address, [offset], inbounds=True, source_etype=BYTE)

    def load(self, address: ir.Value, vector: int, mask: ir.Value | None) -> ir.Value:
        place = self.place(address, vector)
        if mask is None:
            return self.builder.load(place, typ=self.vector, align=self.size)
        kinds = [ADDRESS, _INT, mask.type, self.vector]
        masked = self.intrinsic("llvm.masked.load", self.vector, kinds, "p0")
        alignment = ir.Constant(_INT, self.size)
        return self.builder.call(masked, [place, alignment, mask, ir.Constant(self.vector, None)])

    def store(self, address: ir.Value, vector: int, value: ir.Value, mask: ir.Value | None) -> None:
        place = self.place(address, vector)
        if mask is None:
            self.builder.store(value, self.builder.bitcast(place, self.vector.as_pointer()), align=self.size)
            return
        kinds = [self.vector, ADDRESS, _INT, mask.type]
        masked = self.intrinsic("llvm.masked.store", ir.VoidType(), kinds, "p0", self.vector)
        self.builder.call(masked, [value, place, ir.Constant(_INT, self.size), mask])

    def get(self, address: ir.Value) -> ir.Value:
        """One element."""
        return self.builder.load(address, typ=self.element, align=self.size)

    def put(self, address: ir.Value, value: ir.Value) -> None:
        self.builder.store(value, self.builder.bitcast(address, self.element.as_pointer()), align=self.size)

    def shuffled(self, one: ir.Value, other: ir.Value, order: list[int]) -> ir.Value:
        """The elements of two vectors with these numbers, those of the second after those of the first."""
        return self.builder.shuffle_vector(one, other, ir.Constant(ir.VectorType(_INT, len(order)), order))

    def mask(self, count: ir.Value) -> ir.Value:
        """True for the first so many lanes."""
        lanes = ir.VectorType(_INT, self.lanes)
        numbers = ir.Constant(lanes, list(range(self.lanes)))
        wanted = self.spread(self.builder.trunc(count, _INT), lanes)
        return self.builder.icmp_signed("<", numbers, wanted)

    def repeated(self, number: ir.Value) -> ir.Value:
        return self.spread(number, self.vector)

    def spread(self, number: ir.Value, vector: ir.Type) -> ir.Value:
        """A vector all of whose lanes are the number."""
        undefined = ir.Constant(vector, ir.Undefined)
        first = self.builder.insert_element(undefined, number, ir.Constant(_INT, 0))
        return self.builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(_INT, self.lanes), None))

    def intrinsic(
        self, name: str, result: ir.Type, kinds: list[ir.Type], suffix: str = "", of: ir.Type | None = None
    ) -> ir.Function:
        of = result if of is None else of
        full = f"{name}.v{of.count}{self.name}" + (f".{suffix}" if suffix else "")
        module = self.builder.module
        found = module.globals.get(full)
        return found if found is not None else ir.Function(module, ir.FunctionType(result, kinds), full)


def word(number: int) -> ir.Constant:
    return ir.Constant(WORD, number)


def minimum(builder: ir.IRBuilder, one: ir.Value, other: ir.Value) -> ir.Value:
    return builder.select(builder.icmp_signed("<", one, other), one, other)


def maximum(builder: ir.IRBuilder, one: ir.Value, number: int) -> ir.Value:
    return builder.select(builder.icmp_signed(">", one, word(number)), one, word(number))
