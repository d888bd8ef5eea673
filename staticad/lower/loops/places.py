"""Where the buffers of a loop's body are, in the kernel that the loop becomes: pointers, sizes, scratch memory."""

from __future__ import annotations

from dataclasses import field

from staticad.ir.dims import Size, floordiv
from staticad.ir.dtypes import DType
from staticad.ir.expressions import Expression, Index, Name, arithmetic, integer
from staticad.lower.interface import Lowering
from staticad.lower.kernel.language import Compute, Load, Pointer, Statement
from staticad.lower.kernel.plan import (
    CONSTANT,
    FEED,
    FETCH,
    VARIABLE,
    Address,
    Argument,
    BranchCall,
    Buffer,
    Counted,
    LoopCall,
    Plan,
    Slice,
    Symbolic,
)
from staticad.lower.loops.renaming import Terms
from staticad.lower.memory.arena import ALIGNMENT, padded_bytes
from staticad.records import dataclass

OWN = -1  # stands for the scratch buffer, which is made when its size is known


@dataclass
class Target:
    """Where a buffer of the body is: a pointer of the kernel, and what the step adds to an index there. ``number`` is
    the value of a counter, which is nowhere."""

    pointer: str
    terms: Terms = ()
    own: Size | None = None  # its offset in the scratch memory, if it lies there
    number: Expression | None = None

    def read(self, name: str) -> Statement:
        """The statement that binds the name to the number there."""
        return Load(name, self.pointer, Index(self.terms)) if self.number is None else Compute(name, self.number)


class Space:
    """Where the buffers of one body are; temporaries get memory, and constants are found, when they are used."""

    def __init__(self, places: Places, plan: Plan, known: dict[int, Target]) -> None:
        self.places, self.known = places, known
        self.buffers = {b.number: b for b in plan.buffers}

    def __getitem__(self, number: int) -> Target:
        found = self.known.get(number)
        if found is None:
            found = self.known[number] = self.places.place(self.buffers[number])
        return found


@dataclass
class Places:
    """The parameters of the kernel, as they are found. ``position`` is the name of the number of the slice that a step
    works on."""

    outside: Lowering
    position: str
    scratch: Size = 0
    pointers: dict[tuple[int, Size], tuple[str, DType]] = field(default_factory=dict)
    sizes: dict[Size, Name] = field(default_factory=dict)

    def of_loop(self, call: LoopCall) -> Space:
        """Where the buffers of the loop's body are."""
        found: dict[int, Target] = {}
        for b in call.plan.buffers:
            if b.role == FEED:
                found[b.number] = self._part(call.feeds[b.position], b)
            elif b.role == FETCH and b.position < len(call.fetches):
                found[b.number] = self._part(call.fetches[b.position], b)
            elif b.role == VARIABLE:
                found[b.number] = Target(self.pointer(call.carries[b.position]))
        return Space(self, call.plan, found)

    def of_branch(self, call: BranchCall, choice: int, around: Space) -> Space:
        """Where the buffers of one of several bodies are, inside another body."""
        found: dict[int, Target] = {}
        for b in call.plans[choice].buffers:
            if b.role == FEED:
                found[b.number] = around[call.feeds[choice][b.position].buffer]
            elif b.role == FETCH:
                found[b.number] = around[call.fetches[b.position].buffer]
            elif b.role == VARIABLE:
                found[b.number] = around[call.carries[b.position]]
        return Space(self, call.plans[choice], found)

    def place(self, b: Buffer) -> Target:
        """A place for a constant, or for a temporary of a body."""
        if b.role == CONSTANT:
            assert b.array is not None
            return Target(self.pointer(self.outside.constant(b.array).number))
        # An empty buffer takes room too: where two buffers begin, they could not have two dtypes.
        size, offset = padded_bytes(b), self.scratch
        self.scratch = offset + (ALIGNMENT if size == 0 else size)
        return Target(self.own(offset, b.dtype), own=offset)

    def _part(self, part: Slice | Counted, b: Buffer) -> Target:
        if isinstance(part, Counted):
            return Target("", number=self._counted(part))
        pointer = self.pointer(part.buffer)
        if part.stride == 0:
            return Target(pointer)
        return Target(pointer, ((self.position, self.size(floordiv(part.stride, b.dtype.itemsize))),))

    def _counted(self, counted: Counted) -> Expression:
        number: Expression = Name(self.position)
        if counted.difference != 1:
            number = arithmetic(number, "*", self.size(counted.difference))
        return number if counted.first == 0 else arithmetic(number, "+", self.size(counted.first))

    # ---- parameters ----------------------------------------------------------------------------------------------

    def own(self, offset: Size, dtype: DType) -> str:
        """The pointer to a place in the scratch memory."""
        # An unused pointer to the beginning of an inner loop's bytes may have another dtype.
        name, known = self.pointers.setdefault((OWN, offset), (f"p{len(self.pointers)}", dtype))
        if known != dtype:
            self.pointers[OWN, offset] = (name, dtype)
        return name

    def pointer(self, number: int) -> str:
        name = f"p{len(self.pointers)}"
        return self.pointers.setdefault((number, 0), (name, self.outside.buffers[number].dtype))[0]

    def argument(self, size: Size) -> Name:
        """A size as a parameter."""
        return self.sizes.setdefault(size, Name(f"n{len(self.sizes)}"))

    def size(self, size: Size) -> int | str:
        """A size as a parameter; 0, 1 and -1 stand in the source."""
        return size if isinstance(size, int) and -1 <= size <= 1 else self.argument(size).name

    def extent(self, size: Size) -> Expression:
        """The same as an expression."""
        return integer(self.size(size))

    def declared(self) -> tuple[tuple[Pointer, ...], tuple[str, ...]]:
        """The pointers and sizes of the kernel."""
        found = enumerate(self.pointers.values())
        pointers = tuple(Pointer(name, dtype, scope) for scope, (name, dtype) in found)
        return pointers, tuple(size.name for size in self.sizes.values())

    def arguments(self, scratch: int) -> list[Argument]:
        """What is passed for them; ``scratch`` is the number of the scratch buffer."""
        addresses = (Address(scratch if number == OWN else number, offset) for number, offset in self.pointers)
        return [*addresses, *map(Symbolic, self.sizes)]
