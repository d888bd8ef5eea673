"""A loop whose body is kernels only becomes one kernel: an iteration then costs nanoseconds, not dispatches.

The statements of the body's kernels stand one after another inside a loop over the steps. Slices of sequences are
addressed by the step; temporaries of the body get memory of their own, since nothing may share memory within a kernel.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from staticad.ir.dims import Size, floordiv
from staticad.ir.dtypes import DType
from staticad.lower.interface import Lowering
from staticad.lower.kernel.language import (
    Branch,
    Break,
    Compute,
    Index,
    Kernel,
    Load,
    Loop,
    MatrixAt,
    MatrixProduct,
    Pointer,
    Statement,
    Store,
    Update,
    with_status,
)
from staticad.lower.kernel.plan import (
    CONSTANT,
    FEED,
    FETCH,
    RECORD,
    VARIABLE,
    Address,
    Argument,
    BranchCall,
    Buffer,
    Counter,
    LoopCall,
    Plan,
    Slice,
    Status,
    Step,
    Symbolic,
)
from staticad.lower.memory.arena import ALIGNMENT, padded_bytes

LIMIT = 400  # statements; a larger kernel compiles slowly, and gains little
DEEPEST = 3  # nested loops; a call for each step of a loop around them costs nothing in comparison
STEPS = re.compile(r"(?:s\d+)*t")  # the names of the variables that count the steps of loops
OWN = -1  # stands for the scratch buffer, which is made when its size is known
_NAME = re.compile(r"\b(?:(?:s\d+)*(?:[vaikpnt]\d+|c|r|t|position|again|length|first|made|failed|chosen)|lo|hi)\b")
STATUS = re.compile(r"\b(check_index|failure)\(args, (\d+)")  # the uses of the slot of the status word


def count_statements(statements: tuple[Statement, ...]) -> int:
    """How many statements there are, at any depth."""
    return sum(1 + (count_statements(s.body) if isinstance(s, (Loop, Branch)) else 0) for s in statements)


def inline_loop(call: LoopCall, outside: Lowering, label: str) -> Step | None:
    """The loop as one kernel; None where a step of its body is no kernel, a sequence grows, or the kernel would be
    large."""
    kernels = _kernels(call.plan)
    if kernels is None or sum(count_statements(kernel.body) for kernel in kernels) > LIMIT:
        return None
    if any(_nesting(kernel.body) >= DEEPEST for kernel in kernels):
        return None
    if any(outside.buffers[part.buffer].role == RECORD for part in (*call.slices, *call.fetches)):
        return None
    return _Builder(call, outside).step(label)


def _steps(plan: Plan) -> list[Step]:
    """The steps of a body, and then those inside its branches."""
    found = list(plan.steps)
    for step in plan.steps:
        if isinstance(step.kernel, BranchCall):
            found += [inner for branch in step.kernel.plans for inner in _steps(branch)]
    return found


def _kernels(plan: Plan) -> list[Kernel] | None:
    """The kernels of a body; None where it calls anything else but branches of kernels."""
    called = [step.kernel for step in _steps(plan) if not isinstance(step.kernel, BranchCall)]
    kernels = [kernel for kernel in called if isinstance(kernel, Kernel)]
    return kernels if len(kernels) == len(called) else None


def _nesting(statements: tuple[Statement, ...]) -> int:
    """How deep loops of the program are nested."""
    found = [0]
    for s in statements:
        if isinstance(s, (Loop, Branch)):
            counts = isinstance(s, Loop) and STEPS.fullmatch(s.variable) is not None
            found.append(_nesting(s.body) + counts)
    return max(found)


@dataclass
class _Target:
    """Where a buffer of the body is: a pointer of the kernel, and what the step adds to an index there. ``number`` is
    the text of a counter, which is nowhere."""

    pointer: str
    terms: tuple[tuple[str, int | str], ...] = ()
    own: Size | None = None  # its offset in the scratch memory, if it lies there
    number: str = ""


class _Space:
    """Where the buffers of one body are; temporaries get memory, and constants are found, when they are used."""

    def __init__(self, builder: _Builder, plan: Plan, known: dict[int, _Target]) -> None:
        self.builder, self.known = builder, known
        self.buffers = {b.number: b for b in plan.buffers}

    def __getitem__(self, number: int) -> _Target:
        found = self.known.get(number)
        if found is None:
            found = self.known[number] = self.builder.place(self.buffers[number])
        return found


@dataclass
class _Builder:
    call: LoopCall
    outside: Lowering
    scratch: Size = 0
    pointers: dict[tuple[int, Size], tuple[str, DType]] = field(default_factory=dict)
    sizes: dict[Size, str] = field(default_factory=dict)
    checked: bool = False

    def step(self, label: str) -> Step:
        call = self.call
        targets = self._space(call.plan)
        body: list[Statement] = []
        counter = "t"
        if call.reverse:
            length = self.size(call.length) if call.count is None else "length"
            body.append(Compute("position", f"{length} - 1 - t"))
        for number, step in enumerate(call.plan.steps):
            body += self._statements(step, f"s{number}", targets)
        if self.checked:  # at the end: a loop that can be left in the middle takes its carry through memory
            body += self._stop_on_failure()
        again = None
        if call.condition is not None:
            again = targets[call.plan.fetches[-1].number].pointer
            body += [Load("again", again, Index(())), Break("logical_not(again)")]
        if call.steps is not None:
            made = self.pointer(call.steps)
            body.insert(0, Compute("made", f"{counter} + 1"))
            body.insert(1, Store(made, Index(()), "made"))
        statements: list[Statement] = []
        if call.steps is not None:
            statements.append(Store(self.pointer(call.steps), Index(()), "int64(0)"))
        stop: int | str | None
        if call.condition is not None:
            stop = None
        elif call.count is not None:
            statements.append(Load("length", self.pointer(call.count), Index(())))
            stop = "length"
        else:
            stop = self.size(call.length)
        loop = Loop(counter, 0, stop, tuple(body))
        if call.condition is not None:
            statements += [Load("first", self.pointer(call.condition), Index(())), Branch("first", (loop,))]
        else:
            statements.append(loop)
        return self._finish(tuple(statements), label)

    def _space(self, plan: Plan) -> _Space:
        """Where the buffers of the body are."""
        call = self.call
        found: dict[int, _Target] = {}
        for b in plan.buffers:
            if b.role == FEED:
                found[b.number] = self._slice(call.feeds[b.position], b)
            elif b.role == FETCH and b.position < len(call.fetches):
                found[b.number] = self._slice(call.fetches[b.position], b)
            elif b.role == VARIABLE:
                found[b.number] = _Target(self.pointer(call.carries[b.position]))
        return _Space(self, plan, found)

    def place(self, b: Buffer) -> _Target:
        """A place for a constant, or for a temporary of a body."""
        if b.role == CONSTANT:
            assert b.array is not None
            return _Target(self.pointer(self.outside.constant(b.array).number))
        # An empty buffer takes room too: where two buffers begin, they could not have two dtypes.
        size, offset = padded_bytes(b), self.scratch
        self.scratch = offset + (ALIGNMENT if size == 0 else size)
        return _Target(self._scratch(offset, b.dtype), own=offset)

    def _slice(self, part: Slice | Counter, b: Buffer) -> _Target:
        if isinstance(part, Counter):
            return _Target("", number=self._counter(part))
        pointer = self.pointer(part.buffer)
        if part.stride == 0:
            return _Target(pointer)
        elements = floordiv(part.stride, b.dtype.itemsize)
        return _Target(pointer, (("position" if self.call.reverse else "t", self.size(elements)),))

    def _counter(self, counter: Counter) -> str:
        text = "position" if self.call.reverse else "t"
        if counter.difference != 1:
            text = f"{text} * {self.size(counter.difference)}"
        return text if counter.first == 0 else f"{text} + {self.size(counter.first)}"

    def _scratch(self, offset: Size, dtype: DType) -> str:
        # An unused pointer to the beginning of an inner loop's bytes may have another dtype.
        name, known = self.pointers.setdefault((OWN, offset), (f"p{len(self.pointers)}", dtype))
        if known != dtype:
            self.pointers[OWN, offset] = (name, dtype)
        return name

    def pointer(self, number: int) -> str:
        name = f"p{len(self.pointers)}"
        return self.pointers.setdefault((number, 0), (name, self.outside.buffers[number].dtype))[0]

    def size(self, size: Size) -> int | str:
        if isinstance(size, int) and -1 <= size <= 1:
            return size
        return self.sizes.setdefault(size, f"n{len(self.sizes)}")

    # ---- statements of one step ----------------------------------------------------------------------------------

    def _branches(self, call: BranchCall, prefix: str, targets: _Space) -> list[Statement]:
        """The chosen one of several bodies. An index outside counts as the nearest."""
        chosen, index = f"{prefix}chosen", targets[call.index]
        found: list[Statement] = [
            Compute(chosen, index.number) if index.number else Load(chosen, index.pointer, Index(index.terms))
        ]
        last = len(call.plans) - 1
        for choice, (plan, feeds) in enumerate(zip(call.plans, call.feeds, strict=True)):
            places: dict[int, _Target] = {}
            for b in plan.buffers:
                if b.role == FEED:
                    places[b.number] = targets[feeds[b.position].buffer]
                elif b.role == FETCH:
                    places[b.number] = targets[call.fetches[b.position].buffer]
                elif b.role == VARIABLE:
                    places[b.number] = targets[call.carries[b.position]]
            inside, body = _Space(self, plan, places), []
            for number, step in enumerate(plan.steps):
                body += self._statements(step, f"{prefix}s{choice}s{number}", inside)
            condition = f"{chosen} < 1" if choice == 0 else f"{chosen} > {last - 1}" if choice == last else ""
            if last == 0:
                found += body
            elif body:
                found.append(Branch(condition or f"{chosen} == {choice}", tuple(body)))
        return found

    def _statements(self, step: Step, prefix: str, targets: _Space) -> list[Statement]:
        kernel = step.kernel
        if isinstance(kernel, BranchCall):
            return self._branches(kernel, prefix, targets)
        assert isinstance(kernel, Kernel)
        names: dict[str, str] = {"lo": "0"}
        extra: dict[str, tuple[tuple[str, int | str], ...]] = {}
        counters: dict[str, str] = {}
        addresses = [a for a in step.arguments if isinstance(a, Address)]
        for p, address in zip(kernel.pointers, addresses, strict=True):
            target = targets[address.buffer]
            if target.number:
                counters[p.name] = target.number
                continue
            pointer = target.pointer
            if target.own is not None:  # the scratch memory of an inner loop holds several buffers
                pointer = self._scratch(target.own + address.offset, p.dtype)
            names[p.name], extra[p.name] = pointer, target.terms
        symbolic = [a for a in step.arguments if isinstance(a, Symbolic)]
        for name, argument in zip(kernel.sizes, symbolic, strict=True):
            names[name] = self.sizes.setdefault(argument.size, f"n{len(self.sizes)}")
        names["hi"] = str(self.size(step.extent))
        self.checked = self.checked or kernel.status
        return [_renamed(s, _Names(names, extra, counters, prefix)) for s in kernel.body]

    def _stop_on_failure(self) -> list[Statement]:
        return [Compute("failed", "failure(args, STATUS)"), Break("failed != 0")]

    def _finish(self, statements: tuple[Statement, ...], label: str) -> Step:
        slot = len(self.pointers) + len(self.sizes)
        body = tuple(with_status(s, slot) for s in statements)
        pointers = tuple(Pointer(name, dtype, scope) for scope, (name, dtype) in enumerate(self.pointers.values()))
        scratch = self.outside.scratch_bytes(self.scratch).number if self.scratch != 0 else OWN
        arguments: list[Argument] = [
            Address(scratch if number == OWN else number, offset) for number, offset in self.pointers
        ]
        arguments += [Symbolic(size) for size in self.sizes]
        if self.checked:
            arguments.append(Status())
        kernel = Kernel(pointers, tuple(self.sizes.values()), body, self.checked, label)
        where = tuple(dict.fromkeys(w for step in _steps(self.call.plan) for w in step.where))
        call = self.call
        reads = {*(s.buffer for s in call.slices), *call.carries}
        reads |= {number for number in (call.count, call.condition) if number is not None}
        writes = {*call.carries, *(s.buffer for s in call.fetches)}
        writes |= {number for number in (call.steps,) if number is not None}
        reads |= {a.buffer for a in arguments if isinstance(a, Address)} - writes
        writes |= {scratch} - {OWN}
        return Step(kernel, tuple(arguments), 1, 0, tuple(reads), tuple(writes), label, where)


@dataclass
class _Names:
    known: dict[str, str]
    extra: dict[str, tuple[tuple[str, int | str], ...]]
    counters: dict[str, str]
    prefix: str

    def name(self, name: str) -> str:
        return self.known.get(name) or f"{self.prefix}{name}"

    def text(self, text: str) -> str:
        return STATUS.sub(r"\1(args, STATUS", _NAME.sub(lambda m: self.name(m.group()), text))

    def bound(self, bound: int | str) -> int | str:
        return self.text(bound).removesuffix(" - 0") if isinstance(bound, str) else bound

    def index(self, pointer: str, index: Index) -> Index:
        named = ((self.name(n), self.bound(c)) for n, c in index.terms)
        terms = tuple(term for term in named if term[0] != "0")
        return Index((*terms, *self.extra[pointer]), self.bound(index.constant))

    def matrix(self, m: MatrixAt) -> MatrixAt:
        index = self.index(m.pointer, m.index)
        return MatrixAt(self.name(m.pointer), index, self.bound(m.row), self.bound(m.column))


def _renamed(s: Statement, names: _Names) -> Statement:
    if isinstance(s, Load) and s.pointer in names.counters:
        return Compute(names.name(s.name), names.counters[s.pointer])
    if isinstance(s, Load):
        mask = names.text(s.mask)
        return Load(names.name(s.name), names.name(s.pointer), names.index(s.pointer, s.index), mask)
    if isinstance(s, Compute):
        return Compute(names.name(s.name), names.text(s.text))
    if isinstance(s, Store):
        return Store(names.name(s.pointer), names.index(s.pointer, s.index), names.text(s.value))
    if isinstance(s, Update):
        return Update(names.name(s.pointer), names.index(s.pointer, s.index), s.combine, names.text(s.value))
    if isinstance(s, Branch):
        return Branch(names.text(s.condition), tuple(_renamed(inner, names) for inner in s.body))
    if isinstance(s, Break):
        return Break(names.text(s.condition))
    if isinstance(s, MatrixProduct):
        c, a, b = (names.matrix(m) for m in (s.c, s.a, s.b))
        rows, columns, depth = (names.bound(size) for size in (s.rows, s.columns, s.depth))
        return MatrixProduct(c, a, b, rows, columns, depth, names.text(s.alpha))
    body = tuple(_renamed(inner, names) for inner in s.body)
    stop = None if s.stop is None else names.bound(s.stop)
    return Loop(names.name(s.variable), names.bound(s.start), stop, body, s.hint)
