"""Kernels over the rows of one matrix become one kernel, which takes a few rows at a time: what the first of them has
read, the others find in the cache. So the value and the gradient of a linear model read the matrix once.

It changes the order of the work and nothing else: each kernel does for each row, and for each chunk of rows that leaves
a partial result, what it does alone, so results keep their bits. A kernel joins those before it where all that they
write and it accesses, or the other way round, lies at the same rows, and where it may run before what stands between.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field

from staticad.ir.dims import Size, at_least, floordiv
from staticad.ir.expressions import Expression, Name, arithmetic, call
from staticad.lower.emission.accesses import Places, Rows
from staticad.lower.kernel.language import HI, LO, Branch, Compute, Kernel, Loop, Pointer, Statement, statements_of
from staticad.lower.kernel.plan import Address, Argument, Status, Step, Symbolic
from staticad.lower.loops.renaming import Renaming
from staticad.records import dataclass

LIMIT = 200  # statements of a kernel; a larger one compiles slowly
OPEN = 8  # sweeps that may take further kernels
CHUNK, START, STOP = "c", "start", "stop"  # of the rows that are worked on

Phase = tuple[int, Step, Kernel, Rows]  # with its place among the steps


def join_sweeps(steps: Sequence[tuple[Step, Rows | None]]) -> list[Step]:
    """The steps, of which some have become one; ``Rows`` tell of those that can."""
    sweeps: list[_Sweep] = []
    waiting: dict[Size, _Sweep] = {}  # by the number of rows
    for number, (step, rows) in enumerate(steps):
        joined: _Sweep | None = None
        if rows is not None and isinstance(step.kernel, Kernel) and not _works_without_rows(step.kernel, rows):
            phase = (number, step, step.kernel, rows)
            joined = waiting.get(rows.count)
            if joined is None or not joined.take(phase):
                waiting.pop(rows.count, None)
                joined = _Sweep(rows.count)
                if any(place not in (None, 1) for place in rows.places.values()) and joined.take(phase):
                    sweeps.append(joined)
                    waiting[rows.count] = joined
                    if len(waiting) > OPEN:
                        del waiting[next(iter(waiting))]
        for sweep in waiting.values():
            if sweep is not joined:
                sweep.pass_by(step)
    result: list[Step | None] = [step for step, _ in steps]
    for sweep in sweeps:
        phases = sweep.worthwhile()
        for number, *_ in phases:
            result[number] = None
        if phases:
            result[phases[0][0]] = _Builder(phases).step()
    return [step for step in result if step is not None]


def _works_without_rows(kernel: Kernel, rows: Rows) -> bool:
    """True for one that computes numbers beside its rows, of which there may be none: then a sweep does nothing."""
    beside = any(isinstance(s, Branch) and s.condition == arithmetic(LO, "==", 0) for s in kernel.body)
    return beside and not at_least(rows.count, 1)


@dataclass
class _Sweep:
    """Kernels over so many rows. ``reads`` and ``writes`` are where they access buffers, ``passed`` what the steps
    between them read and write."""

    count: Size
    chunk: Size | None = None
    phases: list[Phase] = field(default_factory=list)
    reads: Places = field(default_factory=dict)
    writes: Places = field(default_factory=dict)
    passed_reads: set[int] = field(default_factory=set)
    passed_writes: set[int] = field(default_factory=set)
    size: int = 0

    def pass_by(self, step: Step) -> None:
        """A step that is not in the sweep comes after it."""
        self.passed_reads.update(step.reads)
        self.passed_writes.update(step.writes)

    def take(self, phase: Phase) -> bool:
        """Add a kernel, if it can be done for the rows at hand when the others are."""
        _, step, kernel, rows = phase
        size = self.size + sum(1 for _ in statements_of(kernel.body))
        if size > LIMIT or (None not in (self.chunk, rows.chunk) and self.chunk != rows.chunk):
            return False
        if not self._is_free(step) or not self._stays_in_rows(step, rows.places):
            return False
        self.size, self.chunk = size, rows.chunk if self.chunk is None else self.chunk
        self.phases.append(phase)
        for known, buffers in ((self.reads, step.reads), (self.writes, step.writes)):
            for buffer in buffers:
                place = rows.places.get(buffer)
                known[buffer] = place if known.get(buffer, place) == place else None
        return True

    def _is_free(self, step: Step) -> bool:
        """True if a step may run before what has passed by."""
        if not self.passed_writes.isdisjoint((*step.reads, *step.writes)):
            return False
        return self.passed_reads.isdisjoint(step.writes)

    def _stays_in_rows(self, step: Step, places: Places) -> bool:
        """True if a step accesses of what others write, or writes of what others access, the rows at hand alone."""
        for before, now in ((self.writes, step.reads), (self.writes, step.writes), (self.reads, step.writes)):
            for buffer in now:
                if buffer in before and (before[buffer] is None or before[buffer] != places.get(buffer)):
                    return False
        return True

    def worthwhile(self) -> list[Phase]:
        """The kernels from the first to the last that share a matrix, if there are partial results of its rows."""
        users: dict[int, list[int]] = {}
        for at, (_, step, _, rows) in enumerate(self.phases):
            for buffer in dict.fromkeys((*step.reads, *step.writes)):
                if rows.places.get(buffer) not in (None, 1):
                    users.setdefault(buffer, []).append(at)
        shared = [at for ats in users.values() if len(ats) > 1 for at in ats]
        phases = self.phases[min(shared) : max(shared) + 1] if shared else []
        return phases if any(rows.chunk is not None for *_, rows in phases) else []


class _Builder:
    """Makes one kernel of several."""

    def __init__(self, phases: Sequence[Phase]) -> None:
        self.phases = phases
        self.addresses: dict[Address, Pointer] = {}
        self.sizes: dict[Size, Name] = {}

    def step(self) -> Step:
        rows = [rows for *_, rows in self.phases]
        chunk, count = next(r.chunk for r in rows if r.chunk is not None), rows[0].count
        start: Expression = Name(START)
        end = call("minimum", arithmetic(start, "+", self._size(chunk)), self._size(count))
        first = arithmetic(CHUNK, "*", self._size(chunk))
        body: list[Statement] = [Compute(START, first), Compute(STOP, end)]
        for number in range(len(self.phases)):
            body += self._statements(number)
        steps = [step for _, step, *_ in self.phases]
        arguments: list[Argument] = [*self.addresses, *map(Symbolic, self.sizes)]
        status = any(kernel.status for _, _, kernel, _ in self.phases)
        if status:
            arguments.append(Status())
        label = "; ".join(step.label for step in steps)
        sizes = tuple(name.name for name in self.sizes.values())
        kernel = Kernel(tuple(self.addresses.values()), sizes, (Loop(CHUNK, LO, HI, tuple(body)),), status, label)
        writes = dict.fromkeys(number for step in steps for number in step.writes)
        reads = dict.fromkeys(_first_read(steps))
        where = tuple(dict.fromkeys(w for step in steps for w in step.where))
        work: Size = sum((step.work for step in steps), start=0)
        pieces = floordiv(count + chunk - 1, chunk)
        return Step(kernel, tuple(arguments), pieces, 1, tuple(reads), tuple(writes), label, where, work)

    def _statements(self, number: int) -> Iterable[Statement]:
        """A kernel for the rows at hand."""
        _, step, kernel, rows = self.phases[number]
        prefix = f"s{number}"
        known: dict[str, Expression] = {}
        bounds: tuple[Expression, ...] = (Name(START), Name(STOP))
        if rows.chunk is not None:
            bounds = (Name(CHUNK), arithmetic(CHUNK, "+", 1))
        for name, bound in zip(("lo", "hi"), bounds, strict=True):
            found = bound if rows.unit == 1 else arithmetic(bound, "*", self._size(rows.unit))
            known[name] = found if isinstance(found, Name) else Name(f"{prefix}{name}")
            if found is not known[name]:
                yield Compute(f"{prefix}{name}", found)
        symbolic = [a.size for a in step.arguments if isinstance(a, Symbolic)]
        known |= {name: self._size(size) for name, size in zip(kernel.sizes, symbolic, strict=True)}
        pointers = {}
        for pointer, address in zip(kernel.pointers, step.arguments, strict=False):
            assert isinstance(address, Address)
            pointers[pointer.name] = self._pointer(pointer, address), ()
        yield from Renaming(known, pointers, {}, prefix).statements(kernel.body)

    def _pointer(self, pointer: Pointer, address: Address) -> str:
        found = self.addresses.get(address)
        if found is None:
            number = len(self.addresses)
            found = self.addresses[address] = Pointer(f"p{number}", pointer.dtype, number)
        return found.name

    def _size(self, size: Size) -> Name:
        found = self.sizes.get(size)
        if found is None:
            found = self.sizes[size] = Name(f"n{len(self.sizes)}")
        return found


def _first_read(steps: Sequence[Step]) -> Iterator[int]:
    """What steps read that none before them has written."""
    written: set[int] = set()
    for step in steps:
        yield from (number for number in step.reads if number not in written)
        written.update(step.writes)
