"""Building one kernel: its parameters, and a stack of blocks for the open loops.

A statement goes into the outermost loop that its operands allow; what can't change in an inner loop is thereby outside
of it. What was emitted before is found again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from staticad.ir.dims import Size, at_least, local_symbols, product
from staticad.ir.dtypes import DType
from staticad.ir.expressions import Call, Expression, Index, Name, call, names
from staticad.ir.graph import Tensor
from staticad.ir.local_sizes import largest
from staticad.ir.provenance import Where
from staticad.lower.emission.strays import Strays
from staticad.lower.index.affine import Affine, Context, Key
from staticad.lower.kernel.hints import SPREAD, UNBRANCHED
from staticad.lower.kernel.language import (
    HI,
    LO,
    Compute,
    Kernel,
    Load,
    Loop,
    Pointer,
    Statement,
    Store,
    Update,
    is_maskable,
    spread,
)
from staticad.lower.kernel.plan import Address, Argument, Buffer, Status, Step, Symbolic
from staticad.records import dataclass


@dataclass(frozen=True)
class Event:
    """A load or store, in the order of the text; in which iterations of loops that are written out."""

    stores: bool
    buffer: int
    affine: Affine
    copy: tuple[int, ...] = ()


class _Block:
    def __init__(self) -> None:
        self.statements: list[Statement] = []
        self.memo: dict[Any, Expression] = {}  # values of tensors at contexts
        self.names: dict[Any, Name] = {}  # what loads and expressions are bound to
        self.cost = 0


class Builder:
    """A kernel under construction. `emission.emit` adds what computes tensors."""

    def __init__(self) -> None:
        self.accesses: list[Affine] = []
        self.cost = 0
        self.reads: dict[int, None] = {}
        self.writes: dict[int, None] = {}
        self.events: list[Event] = []
        self.copy: tuple[int, ...] = ()  # the iterations of loops that are written out
        self.where: dict[Where, None] = {}
        self.checked = False
        self._blocks = [_Block()]
        self._extents: list[Size] = []
        self._depth: dict[str, int] = {}
        self._guards: dict[str, frozenset[Size]] = {}  # values that are right only where loops of these extents run
        self._keys: dict[Key, tuple[str, int]] = {}
        self._pointers: dict[int, tuple[str, DType]] = {}
        self._sizes: dict[Size, Name] = {}
        self._count = 0
        self.literal = 1  # the largest distance that stands in the source
        self.masks: list[Name] = []  # of the frames that are being evaluated
        self.strides: dict[str, str] = {}  # of sizes: names for them as distances
        self.strays = Strays()

    # ---- names and arguments -------------------------------------------------------------------------------------

    def fresh(self, prefix: str, dtype: DType) -> Name:
        self._count += 1
        return Name(f"{prefix}{self._count - 1}", dtype)

    def size(self, size: Size) -> int | str:
        """A size as an argument of the kernel; 0, 1 and -1 stand in the source, and `literal` sizes."""
        if isinstance(size, int) and -1 <= size <= self.literal:
            return size
        return self.size_value(size).name

    def size_value(self, size: Size) -> Name:
        """A size as an argument, never as a literal: kernels are shared whatever it is. A local one is computed."""
        found = self._sizes.get(size) if not local_symbols(size) else self.local_size(size)
        if found is None:
            found = self._sizes[size] = Name(f"n{len(self._sizes)}")
        return found

    def local_size(self, size: Size) -> Name:
        """The value of a size of which only this step knows."""
        raise AssertionError(f"{size} is no size here")

    def pointer(self, buffer: Buffer) -> str:
        found = self._pointers.get(buffer.number)
        if found is None:
            found = self._pointers[buffer.number] = (f"p{len(self._pointers)}", buffer.dtype)
        return found[0]

    def index(self, affine: Affine) -> tuple[Index, int]:
        """An affine expression in kernel names, and the depth of the innermost loop that it needs."""
        depth, terms = 0, []
        for key, coefficient in affine.terms:
            if isinstance(key, str) and key not in self._keys:
                name, at = key, self._depth[key]
            else:
                name, at = self._keys[key]
            depth = max(depth, at)
            terms.append((name, self.size(coefficient)))
        return Index(tuple(terms), self.size(affine.constant)), depth

    # ---- blocks --------------------------------------------------------------------------------------------------

    @property
    def depth(self) -> int:
        return len(self._blocks) - 1

    def open(self, key: Key, name: str, extent: Size) -> None:
        """Begin the body of a loop over a key that runs ``extent`` times."""
        if local_symbols(extent):
            self.size_value(extent)  # outside of the loop
        self._extents.append(extent)
        self._blocks.append(_Block())
        self._keys[key] = (name, self.depth)
        self._depth[name] = self.depth

    def alias(self, key: Key, value: Name) -> None:
        """A key that is a computed value instead of a loop variable."""
        self._keys[key] = (value.name, self._depth[value.name])

    def name_of(self, key: Key) -> Name:
        """The loop variable of a key, or the value that stands for it."""
        return Name(self._keys[key][0])

    def close(self, name: str, start: Expression | None, stop: Expression, hint: str = "") -> None:
        """End the innermost loop and put it into the enclosing block. A hint goes where it is safe and of use."""
        block = self._blocks.pop()
        self._extents.pop()
        statements = block.statements
        if not any(isinstance(s, Loop) for s in statements):
            if block.cost >= UNBRANCHED:
                statements = [part for s in statements for part in self.strays.collect(s)]
            dear = block.cost >= SPREAD or not any(isinstance(s, Store) for s in statements)
            if dear and all(map(is_maskable, statements)):
                statements = [spread(s, name, self._stride) for s in statements]
        if statements:
            safe = all(map(is_maskable, statements))
            self.emit(Loop(name, start, stop, tuple(statements), hint if safe else ""))

    def _stride(self, step: str) -> str:
        """The name of a size as the distance of what an innermost loop accesses; a local size has none."""
        if all(value.name != step for value in self._sizes.values()):
            return step
        return self.strides.setdefault(step, f"d{len(self.strides)}")

    def emit(self, statement: Statement, depth: int | None = None) -> None:
        self._blocks[self.depth if depth is None else depth].statements.append(statement)

    def take_statements(self, start: int) -> list[Statement]:
        """Remove and return the statements of the innermost block from a position on."""
        statements = self._blocks[-1].statements
        taken = statements[start:]
        del statements[start:]
        return taken

    def block_cost(self) -> int:
        """The operations of the innermost block itself."""
        return self._blocks[-1].cost

    def updates(self) -> bool:
        """True if the innermost block accumulates in memory."""
        return any(isinstance(s, Update) for s in self._blocks[-1].statements)

    def statement_count(self) -> int:
        return len(self._blocks[-1].statements)

    def remember(self, tensor: Tensor, context: Context, value: Name) -> None:
        """A value that the innermost block has just computed."""
        self._blocks[-1].memo[tensor, context] = value
        self._depth[value.name] = self.depth

    def known(self, key: Any, depth: int) -> Name | None:
        """What the block at that depth has bound under a key."""
        return self._blocks[depth].names.get(key)

    def bind(self, key: Any, depth: int, dtype: DType, operands: Iterable[str]) -> Name:
        """A new value of the block at that depth, remembered under a key; it is right where its operands are."""
        found = self._blocks[depth].names[key] = self.fresh("v", dtype)
        self._depth[found.name] = depth
        self.guard(found, operands)
        return found

    def compute(self, value: Expression, cost: int = 0) -> Name:
        """An expression under a name, as far outside as its operands allow."""
        operands, key = _parts(value)
        depths, depth = self._depth, 0
        for operand in operands:
            at = depths.get(operand, 0)
            if at > depth:
                depth = at
        found = self._blocks[depth].names.get(key)
        if found is None:
            found = self.bind(key, depth, value.dtype, operands)
            self._blocks[depth].cost += cost
            self.emit(Compute(found.name, value), depth)
        return found

    def guard(self, value: Name, operands: Iterable[str], extents: Sequence[Size] = ()) -> None:
        """A value is right where its operands are, and the loops of these extents run."""
        if not self._guards and not extents:
            return
        guards = [self._guards[o] for o in operands if o in self._guards] if self._guards else []
        guard = frozenset(extents).union(*guards)
        if guard:
            self._guards[value.name] = guard

    def holds(self, value: Expression) -> bool:
        """True if a value found before is right in the open loops."""
        if not self._guards or not isinstance(value, Name):
            return True
        return self._guards.get(value.name, frozenset()).issubset(self._extents)

    def unsure(self, depth: int) -> list[Size]:
        """The extents of open loops from a depth on which may not run at all."""
        return [e for e in self._extents[depth:] if not at_least(e, 1)]

    # ---- memory --------------------------------------------------------------------------------------------------

    def load(self, buffer: Buffer, affine: Affine) -> Name:
        self.accesses.append(affine)
        index, depth = self.index(affine)
        key: tuple[Any, ...] = ("load", buffer.number, affine)
        found = self.known(key, depth)
        mask = self.mask if product(buffer.shape) != 1 else None  # a single number is there in any case
        if found is None and mask is not None:
            key, depth = (*key, mask), max(depth, self._depth[mask.name])
            found = self.known(key, depth)
        if found is None:
            found = self.bind(key, depth, buffer.dtype, (name for name, _ in index.terms))
            self.reads[buffer.number] = None
            self.events.append(Event(False, buffer.number, affine, self.copy))
            self.cost += 1
            self._blocks[depth].cost += 1
            self.emit(Load(found.name, self.pointer(buffer), index, mask), depth)
        return found

    def store(self, buffer: Buffer, affine: Affine, value: Expression) -> None:
        self.accesses.append(affine)
        index, _ = self.index(affine)
        self.writes[buffer.number] = None
        self.events.append(Event(True, buffer.number, affine, self.copy))
        self.cost += 1
        self._blocks[-1].cost += 1
        self.emit(Store(self.pointer(buffer), index, value))

    def reload(self, buffer: Buffer, affine: Affine) -> Name:
        """What this kernel has just stored itself."""
        self.accesses.append(affine)
        index, _ = self.index(affine)
        found = self.fresh("v", buffer.dtype)
        self._depth[found.name] = self.depth
        self.emit(Load(found.name, self.pointer(buffer), index))
        return found

    def update(self, buffer: Buffer, affine: Affine, combine: str, value: Expression) -> None:
        self.accesses.append(affine)
        index, _ = self.index(affine)
        self.writes[buffer.number] = None
        self.events.append(Event(True, buffer.number, affine, self.copy))
        self.cost += 2
        self._blocks[-1].cost += 2
        self.emit(Update(self.pointer(buffer), index, combine, value))

    @property
    def mask(self) -> Name | None:
        """The value that tells whether what is evaluated is wanted at all; None outside of frames."""
        return self.masks[-1] if self.masks else None

    # ---- the result ----------------------------------------------------------------------------------------------

    def finish(self, label: str, extent: Size, grain: Size, iterations: Size) -> Step:
        """The kernel and its arguments; ``iterations`` is how often the innermost statements run."""
        statements = self._blocks[0].statements
        if local_symbols(extent):  # the machine does not know how often: one piece of work
            stop = self.size_value(extent)
            statements = [_in_one_piece(s, stop) for s in statements]
            extent, grain = 1, 0
        if local_symbols(grain):
            grain = 0
        pointers = tuple(Pointer(name, dtype, scope) for scope, (name, dtype) in enumerate(self._pointers.values()))
        arguments: list[Argument] = [Address(number) for number in self._pointers]
        arguments += [Symbolic(size) for size in self._sizes]
        if self.checked:
            arguments.append(Status())
        sizes = tuple(value.name for value in self._sizes.values())
        strides = (Compute(name, call("stride", Name(step))) for step, name in self.strides.items())
        kernel = Kernel(pointers, sizes, (*strides, *self.strays.around(statements)), self.checked, label)
        return Step(
            kernel,
            tuple(arguments),
            extent,
            grain,
            tuple(self.reads),
            tuple(self.writes),
            label,
            tuple(self.where),
            largest(iterations) * max(1, self.cost),
        )


def _parts(value: Expression) -> tuple[list[str], Any]:
    """The names that an expression reads, and a key that equal ones have. Most are calls, and hashing their names as
    what they are takes longer than all the rest."""
    if not isinstance(value, Call):
        return names(value), value
    found: list[str] = []
    key: list[Any] = [value.function]
    for operand in value.operands:
        if isinstance(operand, Name):
            found.append(operand.name)
            key.append(operand.name)
        else:
            found += names(operand)
            key.append(operand)
    return found, tuple(key)


def _in_one_piece(s: Statement, stop: Name) -> Statement:
    return replace(s, start=None, stop=stop) if isinstance(s, Loop) and (s.start, s.stop) == (LO, HI) else s
