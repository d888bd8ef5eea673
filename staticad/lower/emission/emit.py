"""Evaluating tensors inside a loop nest: from (tensor, index context) to the statements of a kernel.

An `Emitter` holds the stack of open loops. A value is computed in the outermost loop that its index allows, once for
every context; what can't change in an inner loop is thereby outside of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from staticad.ir.dims import Shape, Size, at_least, product
from staticad.ir.dtypes import INT64, DType
from staticad.ir.graph import Node, Tensor
from staticad.ir.provenance import Where
from staticad.lower.fusion.clusters import INNER, Member
from staticad.lower.fusion.fuse import Fusion
from staticad.lower.index.affine import (
    ZERO,
    Affine,
    Context,
    Key,
    broadcast_context,
    frame_context,
    gather_contexts,
    linear,
    movement_context,
)
from staticad.lower.kernel.language import (
    Compute,
    Index,
    Kernel,
    Load,
    Loop,
    Pointer,
    Statement,
    Store,
    Update,
    with_status,
)
from staticad.lower.kernel.plan import Address, Argument, Buffer, Status, Step, Symbolic
from staticad.lower.kernel.text import dtype_name, index_text, is_plain, literal
from staticad.ops.sources import constant_array


class Memory(Protocol):
    """Where tensors live; implemented by `lower.lower.Lowering`."""

    fusion: Fusion
    used: set[Tensor]  # what some node or the graph's result reads
    in_loop: bool  # in the body of a loop, whose steps may all go into one kernel

    def buffer(self, tensor: Tensor) -> Buffer:
        """The buffer of a source or stored tensor."""

    def location(self, tensor: Tensor, context: Context) -> tuple[Buffer, Affine]:
        """Where an element of a computed tensor is."""

    def constant(self, array: np.ndarray) -> Buffer:
        """A buffer for a constant."""

    def check(self, text: str, where: Where) -> int:
        """The code of a new index check."""


@dataclass(frozen=True)
class Event:
    """A load or store, in the order of the text."""

    stores: bool
    buffer: int
    affine: Affine


class _Block:
    def __init__(self) -> None:
        self.statements: list[Statement] = []
        self.memo: dict[Any, str] = {}
        self.cost = 0


class Emitter:
    """Builds one kernel. ``axes`` maps loop axes to affine expressions of open loops (see `nest`)."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.fusion = memory.fusion
        self.stage = 0
        self.accesses: list[Affine] = []
        self.cost = 0
        self.reads: dict[int, None] = {}
        self.writes: dict[int, None] = {}
        self.events: list[Event] = []
        self.where: dict[Where, None] = {}
        self.checked = False
        self.members: dict[Node, Member] = {}
        self._blocks = [_Block()]
        self._extents: list[Size] = []
        self._depth: dict[str, int] = {}
        self._guards: dict[str, frozenset[Size]] = {}  # values that are right only where loops of these extents run
        self._keys: dict[Key, tuple[str, int]] = {}
        self._pointers: dict[int, tuple[str, DType]] = {}
        self._sizes: dict[Size, str] = {}
        self._count = 0
        self._masks: list[str] = []  # of the frames that are being evaluated

    # ---- names and arguments -------------------------------------------------------------------------------------

    def fresh(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count - 1}"

    def size(self, size: Size) -> int | str:
        """A size as an argument of the kernel; 0, 1 and -1 stand in the source."""
        if isinstance(size, int) and -1 <= size <= 1:
            return size
        name = self._sizes.get(size)
        if name is None:
            name = self._sizes[size] = f"n{len(self._sizes)}"
            self._depth[name] = 0
        return name

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
        self._extents.append(extent)
        self._blocks.append(_Block())
        self._keys[key] = (name, self.depth)
        self._depth[name] = self.depth

    def alias(self, key: Key, name: str) -> None:
        """A key that is a computed value instead of a loop variable."""
        self._keys[key] = (name, self._depth[name])

    def name_of(self, key: Key) -> str:
        """The loop variable of a key, or the value that stands for it."""
        return self._keys[key][0]

    def close(self, name: str, start: int | str, stop: int | str, hint: str = "") -> None:
        """End the innermost loop and put it into the enclosing block. The hint is passed on where it is safe."""
        block = self._blocks.pop()
        self._extents.pop()
        if block.statements:
            hint = hint if all(map(_maskable, block.statements)) else ""
            self.emit(Loop(name, start, stop, tuple(block.statements), hint))

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

    def remember(self, tensor: Tensor, context: Context, name: str) -> None:
        """A value that the innermost block has just computed."""
        self._blocks[-1].memo[tensor, context] = name
        self._depth[name] = self.depth

    def compute(self, text: str, operands: tuple[str, ...], cost: int = 0) -> str:
        """``name = text`` as far outside as its operands allow."""
        depth = max((self._depth.get(o, 0) for o in operands), default=0)
        key = ("text", text)
        found = self._blocks[depth].memo.get(key)
        if found is None:
            found = self._blocks[depth].memo[key] = self.fresh("v")
            self._depth[found] = depth
            self._guard(found, operands)
            self._blocks[depth].cost += cost
            self.emit(Compute(found, text), depth)
        return found

    def _guard(self, name: str, operands: Iterable[str], extents: Iterable[Size] = ()) -> None:
        """A value is right where its operands are, and the loops of these extents run."""
        guard = frozenset(extents).union(*(self._guards.get(o, ()) for o in operands))
        if guard:
            self._guards[name] = guard

    def _holds(self, name: str) -> bool:
        """True if a value found before is right in the open loops."""
        return self._guards.get(name, frozenset()).issubset(self._extents)

    def named(self, value: str) -> str:
        """A value under a name: literals get one."""
        return value if value in self._depth else self.compute(value, ())

    # ---- memory --------------------------------------------------------------------------------------------------

    def load(self, buffer: Buffer, affine: Affine) -> str:
        self.accesses.append(affine)
        index, depth = self.index(affine)
        key: tuple[Any, ...] = ("load", buffer.number, affine)
        found = self._blocks[depth].memo.get(key)
        mask = self._mask if product(buffer.shape) != 1 else ""  # a single number is there in any case
        if found is None and mask:
            key, depth = (*key, mask), max(depth, self._depth[mask])
            found = self._blocks[depth].memo.get(key)
        if found is None:
            found = self._blocks[depth].memo[key] = self.fresh("v")
            self._depth[found] = depth
            self.reads[buffer.number] = None
            self.events.append(Event(False, buffer.number, affine))
            self._guard(found, (name for name, _ in index.terms))
            self.cost += 1
            self._blocks[depth].cost += 1
            self.emit(Load(found, self.pointer(buffer), index, mask), depth)
        return found

    def store(self, buffer: Buffer, affine: Affine, value: str) -> None:
        self.accesses.append(affine)
        index, _ = self.index(affine)
        self.writes[buffer.number] = None
        self.events.append(Event(True, buffer.number, affine))
        self.cost += 1
        self._blocks[-1].cost += 1
        self.emit(Store(self.pointer(buffer), index, value))

    def update(self, buffer: Buffer, affine: Affine, combine: str, value: str) -> None:
        self.accesses.append(affine)
        index, _ = self.index(affine)
        self.writes[buffer.number] = None
        self.events.append(Event(True, buffer.number, affine))
        self.cost += 2
        self._blocks[-1].cost += 2
        self.emit(Update(self.pointer(buffer), index, combine, value))

    # ---- values --------------------------------------------------------------------------------------------------

    def value(self, tensor: Tensor, context: Context) -> str:
        """The name (or literal) of the tensor's element at a context, evaluated in the open loops."""
        mask = self._mask
        for block in reversed(self._blocks):
            found = block.memo.get((tensor, context)) or (block.memo.get((tensor, context, mask)) if mask else None)
            if found is not None and self._holds(found):
                return found
        name = self._evaluate(tensor, context)
        key = (tensor, context, mask) if mask else (tensor, context)
        self._blocks[self._depth.get(name, 0)].memo[key] = name
        return name

    @property
    def _mask(self) -> str:
        """The value that tells whether what is evaluated is wanted at all; nothing outside of frames."""
        return self._masks[-1] if self._masks else ""

    def _evaluate(self, tensor: Tensor, context: Context) -> str:
        node, family = tensor.node, tensor.op.family
        if family == "source":
            return self._source(tensor, context)
        home = self.fusion.home(node)
        if home is not None:
            member = self.members.get(node)
            if member is None and node in self.fusion.recomputed:
                return self._elementwise(node, context)
            if member is None or self._stored_before(node, member):
                return self.load(*self.memory.location(tensor, context))
            return self._member(node, context)
        if family == "barrier":
            return self.value(node.inputs[0], context)
        if family == "movement":
            return self.value(node.inputs[0], movement_context(node, context, self.fusion.sizes.canonical))
        if family == "frame":
            return self._frame(node, context)
        if family == "reshape":
            buffer = self.memory.buffer(self.fusion.memory(node.inputs[0]))
            return self.load(buffer, linear(context, self.fusion.shape(tensor)))
        if family == "gather":
            return self._gather(node, context)
        if family == "creation":
            return self._creation(node, context)
        return self._elementwise(node, context)

    def _frame(self, node: Node, context: Context) -> str:
        """What stands in the middle where the index lies inside, else the number around it."""
        canonical = self.fusion.sizes.canonical
        inner = frame_context(node, context, canonical)
        shape, whole = self.fusion.shape(node.inputs[0]), self.fusion.shape(node.outputs[0])
        mask = self._mask
        for index, size, total, start in zip(inner, shape, whole, node.attrs["starts"], strict=True):
            if size == total:
                continue
            place = self.integer(index)
            bounds = [] if canonical(start) == 0 else [f"greater_equal({place}, int64(0))"]
            if canonical(start) + size != total:
                bounds.append(f"less({place}, {self.size_value(size)})")
            for bound in bounds:
                inside = self.compute(bound, (place,))
                mask = inside if not mask else self.compute(f"logical_and({mask}, {inside})", (mask, inside))
        fill = self.number(node.attrs["fill"], node.types[0].dtype)
        if not mask:
            return self.value(node.inputs[0], inner)
        self._masks.append(mask)
        value = self.value(node.inputs[0], inner)
        self._masks.pop()
        self.cost += 1
        return self.compute(f"where({mask}, {value}, {fill})", (mask, value, fill), cost=1)

    def _stored_before(self, node: Node, member: Member) -> bool:
        """True for values of an earlier loop of this kernel; what is outside the loops is still at hand."""
        return node in self.fusion.stored and member.level == INNER and member.stage < self.stage

    def _member(self, node: Node, context: Context) -> str:
        if node.op.family != "elementwise":  # a reduction over nothing but axes of size 1
            x = node.inputs[0]
            if node.op.family == "argreduce":
                return literal(0, INT64)
            reduced = node.attrs["axes"]
            kept = iter(context)
            return self.value(x, tuple(ZERO if a in reduced else next(kept) for a in range(x.ndim)))
        return self._elementwise(node, context)

    def _elementwise(self, node: Node, context: Context) -> str:
        ndim = node.types[0].ndim
        operands = tuple(self.value(x, broadcast_context(context, self.fusion.shape(x), ndim)) for x in node.inputs)
        self.where[node.where] = None
        if node.op.name == "copy":
            return operands[0]
        self.cost += node.op.cost
        text = node.op.code.format(*operands, dtype=dtype_name(node.types[0].dtype))
        return self.compute(text, operands, cost=node.op.cost)

    def _source(self, tensor: Tensor, context: Context) -> str:
        array = constant_array(tensor)
        if array is not None and array.size == 1 and is_plain(array.reshape(-1)[0]):
            return literal(array.reshape(-1)[0], tensor.dtype)
        return self.load(self.memory.buffer(tensor), linear(context, self.fusion.shape(tensor)))

    def number(self, value: Any, dtype: DType) -> str:
        """A constant number: in the source if it is plain, else from memory."""
        if is_plain(value):
            return literal(value, dtype)
        return self.load(self.memory.constant(np.asarray(value, dtype)), ZERO)

    def _creation(self, node: Node, context: Context) -> str:
        dtype = node.types[0].dtype
        if node.op.kind == "fill":
            return self.number(node.attrs["value"], dtype)
        if node.op.kind == "size":
            affine = Affine(self.fusion.sizes.canonical(node.attrs["size"]))
        elif node.op.kind == "position":
            affine = linear(context, self.fusion.shape(node.outputs[0]))
        else:
            affine = context[node.attrs["axis"]]
        return self._cast(self.integer(affine), INT64, dtype)

    def integer(self, affine: Affine) -> str:
        """An affine expression as an int64 value."""
        self.accesses.append(affine)
        index, depth = self.index(affine)
        text = index_text(index)
        if text.lstrip("-").isdigit():
            return literal(int(text), INT64)
        key = ("integer", affine)
        found = self._blocks[depth].memo.get(key)
        if found is None:
            found = self._blocks[depth].memo[key] = self.fresh("v")
            self._depth[found] = depth
            self._guard(found, (name for name, _ in index.terms))
            self.emit(Compute(found, text), depth)
        return found

    def _cast(self, name: str, source: DType, target: DType) -> str:
        return name if source == target else self.compute(f"cast({name}, {dtype_name(target)})", (name,))

    def _gather(self, node: Node, context: Context) -> str:
        x = node.inputs[0]
        shape = self.fusion.shape(x)
        dynamic = self.indices(node, node.inputs[1:], context, shape)
        full = tuple(dynamic[a] for a in range(x.ndim))
        if self.fusion.generated(x):
            return self.value(x, full)
        return self.load(self.memory.buffer(self.fusion.memory(x)), linear(full, shape))

    def indices(self, node: Node, indices: tuple[Tensor, ...], context: Context, shape: Shape) -> dict[int, Affine]:
        """The index of every axis of what a gather reads or a scatter writes at a context, bounds checked where its
        range does not tell that it is right."""
        index_context, which, others = gather_contexts(node.attrs, indices[0].ndim, len(shape), context)
        found = dict(others)
        for axis, number in which.items():
            name = self.named(self.value(indices[number], index_context))
            if not self.fusion.ranges.within(indices[number], shape[axis]):
                name = self.checked_index(name, axis, shape[axis], node)
            found[axis] = Affine(0, ((name, 1),))
        return found

    def checked_index(self, name: str, axis: int, size: Size, node: Node) -> str:
        code = self.memory.check(f"axis {axis} of {node.op.name}", node.where)
        self.checked = True
        extent, number = self.size_value(size), self.size_value(code)
        unsure = [e for e in self._extents[self._depth[name] :] if not at_least(e, 1)]
        if unsure:
            # The check stands outside of these loops; it must not fail if they don't run.
            runs = self.compute(f"greater({self.size_value(product(unsure))}, int64(0))", ())
            name = self.compute(f"where({runs}, {name}, int64(0))", (runs, name))
            self._guard(name, (name,), unsure)
            extent = self.compute(f"where({runs}, {extent}, int64(1))", (runs,))
        safe = self.compute(f"check_index(args, STATUS, {name}, {extent}, {number})", (name,))
        return safe

    def size_value(self, size: Size) -> str:
        """A size as an argument, never as a literal: kernels are shared whatever it is."""
        name = self._sizes.get(size)
        if name is None:
            name = self._sizes[size] = f"n{len(self._sizes)}"
            self._depth[name] = 0
        return name

    # ---- the result ----------------------------------------------------------------------------------------------

    def finish(self, label: str, extent: Size, grain: Size, iterations: Size) -> Step:
        """The kernel and its arguments; ``iterations`` is how often the innermost statements run."""
        pointers = tuple(Pointer(name, dtype, scope) for scope, (name, dtype) in enumerate(self._pointers.values()))
        status = len(pointers) + len(self._sizes)
        body = tuple(with_status(s, status) for s in self._blocks[0].statements)
        arguments: list[Argument] = [Address(number) for number in self._pointers]
        arguments += [Symbolic(size) for size in self._sizes]
        if self.checked:
            arguments.append(Status())
        kernel = Kernel(pointers, tuple(self._sizes.values()), body, self.checked, label)
        return Step(
            kernel,
            tuple(arguments),
            extent,
            grain,
            tuple(self.reads),
            tuple(self.writes),
            label,
            tuple(self.where),
            iterations * max(1, self.cost),
        )


_NEVER_MASKED = ("check_index(", "floor_divide(", "remainder(", "pow(", "power(")


def _maskable(statement: Statement) -> bool:
    """Loops and index checks branch, and a division of integers is done one by one."""
    if isinstance(statement, Compute):
        return not any(name in statement.text for name in _NEVER_MASKED)
    return isinstance(statement, Load | Store | Update)
