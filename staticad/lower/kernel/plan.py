"""The plan: buffers, steps and sizes. All that the runtime has to know; nothing of graphs or ops is in it.

Sizes are `Dim` expressions of the free sizes; the runtime evaluates them once for every new set of feed shapes.
A plan prints as a listing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import field, replace

import numpy as np

from staticad.errors import IndexOutOfBounds, StaticadError
from staticad.ir.dims import Shape, Size
from staticad.ir.dtypes import DType
from staticad.ir.provenance import Where
from staticad.lower.kernel.language import Kernel
from staticad.lower.kernel.routine import Routine
from staticad.records import dataclass

FEED, CONSTANT, VARIABLE, TEMPORARY, FETCH = "feed", "constant", "variable", "temporary", "fetch"
RECORD = "record"  # a sequence whose length a run determines; its memory grows
ROLES = (FEED, CONSTANT, VARIABLE, TEMPORARY, RECORD, FETCH)


@dataclass(frozen=True)
class Buffer:
    """Row-major memory. ``position`` is the number of the feed, fetch or variable (in the plan of a loop's body: of
    the carry); ``array`` a constant's value."""

    number: int
    role: str
    shape: Shape
    dtype: DType
    position: int = -1
    array: np.ndarray | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"b{self.number}:{self.role}:{self.dtype.name}[{','.join(map(str, self.shape))}]"


@dataclass(frozen=True)
class Address:
    """An argument: the address of a buffer plus an offset in bytes."""

    buffer: int
    offset: Size = 0


@dataclass(frozen=True)
class Symbolic:
    """An argument: the value of a size expression."""

    size: Size


@dataclass(frozen=True)
class Library:
    """An argument: the address of a function of BLAS or LAPACK, by its name without the letter for the dtype; "product"
    and "fourier_pass" are the package's own ones for matrix products and for a pass of a Fourier transform."""

    name: str


@dataclass(frozen=True)
class Foreign:
    """An argument: the address of a function outside of compiled code, by its name: what prints, or a user's."""

    name: str


@dataclass(frozen=True)
class Status:
    """An argument: the address of the status word of the context."""


@dataclass(frozen=True)
class Turns:
    """An argument: the address of ``count`` words to which loops inside the kernel add their iterations; in profiles
    only (see `staticad.lower.loops.counting`)."""

    count: int


@dataclass(frozen=True)
class Watch:
    """An argument: the address of what a loop calls to learn whether the run is to end (see
    `staticad.lower.loops.watching`)."""


Argument = Address | Symbolic | Library | Foreign | Status | Turns | Watch


@dataclass(frozen=True)
class Step:
    """One kernel call: ``kernel`` is Kernel IR, a routine, or a loop or choice over plans.

    ``extent`` is the range of the outermost loop, ``grain`` how many of its iterations one thread takes at a time
    (0: never split), ``work`` an estimate of its operations. ``reads`` and ``writes`` are buffer numbers; ``where`` the
    lines that the kernel computes.
    """

    kernel: Kernel | Routine | LoopCall | BranchCall
    arguments: tuple[Argument, ...]
    extent: Size
    grain: Size
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    label: str
    where: tuple[Where, ...] = ()
    work: Size = 0
    inlined: LoopCall | None = None  # the loop that was compiled to this kernel

    @property
    def bodies(self) -> tuple[Plan, ...]:
        """The plans that the step calls."""
        return self.kernel.bodies if isinstance(self.kernel, (LoopCall, BranchCall)) else ()

    @property
    def may_fail(self) -> bool:
        """Whether the step may report a failure in a run, so that no variable may have changed before."""
        if isinstance(self.kernel, Kernel):
            return self.kernel.status
        return not isinstance(self.kernel, Routine) or self.kernel.reports

    def listing(self, kernels: dict[Kernel, str]) -> Iterator[str]:
        """Lines of text, nested plans indented; ``kernels`` are the names of those listed before."""
        call = self.kernel
        reads, writes = _numbers(self.reads), _numbers(self.writes)
        name = kernels.setdefault(call, f"k{len(kernels)} ") if isinstance(call, Kernel) else ""
        routine = f" by {call}" if isinstance(call, Routine) else ""
        cut = "" if self.grain == 0 else f", {self.grain} at a time"
        extent = "" if isinstance(call, (LoopCall, BranchCall)) else f"; {self.extent} times{cut}"
        yield f"{name}{self.label}{routine}: {reads} -> {writes}{extent}".replace(":  ->", ": ->")
        if isinstance(call, (LoopCall, BranchCall)):
            for title, plan in zip(call.titles, call.bodies, strict=True):
                yield f"  {title}"
                yield from (f"    {line}" for line in plan.listing(kernels))


@dataclass(frozen=True)
class Slice:
    """What a body sees of a buffer of the plan around it: all of it, or with ``stride`` bytes one slice a step."""

    buffer: int
    stride: Size = 0

    def __str__(self) -> str:
        return f"b{self.buffer}" if self.stride == 0 else f"b{self.buffer} by {self.stride} bytes"


@dataclass(frozen=True)
class Counted:
    """What a body sees of a sequence that counts: ``first + difference * position`` in a word of its own."""

    first: Size
    difference: Size

    def __str__(self) -> str:
        return f"{self.first} by {self.difference}"


@dataclass(frozen=True)
class LoopCall:
    """A loop over a plan. Its carries live in ``carries`` (buffers of the plan around, which hold the first values
    before), its inputs and fetches are ``feeds`` and ``fetches``. ``length`` is the number of steps, or ``count`` the
    buffer that holds it; with ``condition`` (a bool buffer, for the first step) the last fetch of the plan tells
    whether to go on, and ``steps`` is where the number of steps made is written, if anywhere."""

    plan: Plan
    carries: tuple[int, ...]
    feeds: tuple[Slice | Counted, ...]
    fetches: tuple[Slice, ...]
    scratch: int
    length: Size = 0
    count: int | None = None
    condition: int | None = None
    steps: int | None = None
    reverse: bool = False

    @property
    def bodies(self) -> tuple[Plan, ...]:
        return (self.plan,)

    @property
    def titles(self) -> tuple[str, ...]:
        """What stands over the body in a listing."""
        if self.condition is not None:
            steps = f"while b{self.condition}"
        else:
            steps = f"b{self.count} steps" if self.count is not None else f"{self.length} steps"
        backwards = " backwards" if self.reverse else ""
        return (f"{steps}{backwards}, {_given(self.carries, self.feeds, self.fetches)}:",)

    @property
    def slices(self) -> tuple[Slice, ...]:
        """The feeds that are memory."""
        return tuple(part for part in self.feeds if isinstance(part, Slice))

    @property
    def reads(self) -> set[int]:
        """The buffers that a call reads."""
        given = {number for number in (self.count, self.condition) if number is not None}
        return {*(s.buffer for s in self.slices), *self.carries, *given}

    @property
    def writes(self) -> set[int]:
        """The buffers that a call writes."""
        counter = {self.steps} if self.steps is not None else set()
        return {*self.carries, *(s.buffer for s in self.fetches), self.scratch, *counter}


@dataclass(frozen=True)
class BranchCall:
    """One of several plans, chosen by an int64 buffer. ``feeds`` for each plan; all write to ``fetches``, and change
    what ``carries`` hold."""

    plans: tuple[Plan, ...]
    index: int
    feeds: tuple[tuple[Slice, ...], ...]
    fetches: tuple[Slice, ...]
    scratch: int
    carries: tuple[int, ...] = ()

    @property
    def bodies(self) -> tuple[Plan, ...]:
        return self.plans

    @property
    def titles(self) -> tuple[str, ...]:
        """What stands over the plans in a listing."""
        return tuple(
            f"where b{self.index} is {number}, {_given(self.carries, feeds, self.fetches)}:"
            for number, feeds in enumerate(self.feeds)
        )

    @property
    def reads(self) -> set[int]:
        """The buffers that a call reads."""
        return {self.index, *self.carries, *(s.buffer for feeds in self.feeds for s in feeds)}

    @property
    def writes(self) -> set[int]:
        """The buffers that a call writes."""
        return {self.scratch, *self.carries, *(s.buffer for s in self.fetches)}


@dataclass(frozen=True)
class IndexCheck:
    """What to raise when a kernel reports the code that is the position of this in the plan: an index of an axis, or
    a label, which is reported less the size where it is negative."""

    text: str
    where: Where
    label: bool = False

    def error(self, index: int, size: int) -> StaticadError:
        """The error for the numbers that were reported."""
        if self.label:
            label = index + size if index < 0 else index
            return IndexOutOfBounds(f"{self.text.format(index=label, size=size, last=size - 1)}, at {self.where}")
        right = f"indices run from {-size} to {size - 1}" if size else "no index is in range"
        return IndexOutOfBounds(
            f"index {index} is out of range for {self.text}, which has size {size}, at {self.where}; {right}"
        )


@dataclass(frozen=True)
class RoutineCheck:
    """The same for a status that a routine reports; ``text`` tells of {info}, and of {number} in the batch."""

    text: str
    where: Where
    kind: type[StaticadError]

    def error(self, number: int, info: int) -> StaticadError:
        """The error for the matrix and the status that were reported."""
        return self.kind(f"{self.text.format(number=number, info=info)}, at {self.where}")


Check = IndexCheck | RoutineCheck


@dataclass(frozen=True)
class Requirement:
    """A condition on sizes: ``size >= bound``, unless ``unless_empty`` is 0. It is evaluated when sizes are bound; that
    of a body matters if the body is entered."""

    size: Size
    bound: int
    text: str
    where: Where
    error: type[Exception]
    unless_empty: Size = 1

    def __str__(self) -> str:
        unless = "" if self.unless_empty == 1 else f" unless {self.unless_empty} = 0"
        return f"{self.size} >= {self.bound}{unless}: {self.text}, at {self.where}"


@dataclass(frozen=True)
class SizeCheck:
    """A condition on sizes that an op makes: ``left`` and ``right`` are equal, or without ``right`` ``left`` is not
    negative. ``operands`` are described for the message; ``region_of`` is the shape that a region has to lie in. It is
    evaluated as a requirement is."""

    op: str
    where: Where
    left: Size
    right: Size | None = None
    operands: str = ""
    region_of: Shape | None = None

    def __str__(self) -> str:
        condition = f"{self.left} >= 0" if self.right is None else f"{self.left} = {self.right}"
        return f"{condition}: {self.op}, at {self.where}"


@dataclass(frozen=True)
class External:
    """An array that the plan gets from outside, a feed or a variable. ``key`` tells which: a number that no other
    tensor of the process has."""

    key: int
    name: str | None
    dtype: DType
    shape: Shape


@dataclass(frozen=True)
class Plan:
    """``compute`` steps run first; ``commit`` steps write variables and run only if nothing failed. ``sized`` and
    ``requirements`` have to hold of sizes where the plan is entered."""

    buffers: tuple[Buffer, ...]
    compute: tuple[Step, ...]
    commit: tuple[Step, ...]
    offsets: dict[int, Size]
    arena: Size
    checks: tuple[Check, ...]
    requirements: tuple[Requirement, ...]
    sized: tuple[SizeCheck, ...]
    inputs: tuple[External, ...]
    variables: tuple[External, ...]
    fetches: tuple[Buffer, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        return self.compute + self.commit

    def __str__(self) -> str:
        checks = [f"  {code}: {check.text}, at {check.where}" for code, check in enumerate(self.checks)]
        return "\n".join([*self.listing({}), *(["checks", *checks] if checks else [])])

    def listing(self, kernels: dict[Kernel, str]) -> Iterator[str]:
        """Lines of text; ``kernels`` are the names of those listed before."""
        yield f"arena of {self.arena} bytes"
        for role in ROLES:
            yield from (f"  {self._described(b)}" for b in self.buffers if b.role == role)
        for title, steps in (("compute", self.compute), ("commit", self.commit)):
            if steps:
                yield title
            for step in steps:
                yield from (f"  {line}" for line in step.listing(kernels))
        if self.sized or self.requirements:
            yield "sizes"
            yield from (f"  {condition}" for condition in (*self.sized, *self.requirements))

    def _described(self, buffer: Buffer) -> str:
        """A buffer with its name, and where it is in the arena."""
        outside = {FEED: self.inputs, VARIABLE: self.variables}.get(buffer.role)
        name = outside[buffer.position].name if outside else None
        place = f" at {self.offsets[buffer.number]}" if buffer.number in self.offsets else ""
        return f"{buffer}{f' {name!r}' if name else ''}{place}"


def _numbers(buffers: Iterable[int]) -> str:
    return " ".join(f"b{number}" for number in buffers)


def _given(carries: tuple[int, ...], feeds: Iterable[Slice | Counted], fetches: Iterable[Slice]) -> str:
    """What a body gets, for a listing."""
    parts = {"carries": _numbers(carries), "feeds": ", ".join(map(str, feeds)), "fetches": ", ".join(map(str, fetches))}
    return "; ".join(f"{title} {text}" for title, text in parts.items() if text)


def change_kernels(plan: Plan, change: Callable[[Step, Kernel], Step]) -> Plan:
    """The plan, and the plans inside it, with other steps in the place of those that are kernels."""

    def changed(step: Step) -> Step:
        kernel = step.kernel
        if isinstance(kernel, LoopCall):
            return replace(step, kernel=replace(kernel, plan=change_kernels(kernel.plan, change)))
        if isinstance(kernel, BranchCall):
            plans = tuple(change_kernels(branch, change) for branch in kernel.plans)
            return replace(step, kernel=replace(kernel, plans=plans))
        return change(step, kernel) if isinstance(kernel, Kernel) else step

    return replace(plan, compute=tuple(map(changed, plan.compute)), commit=tuple(map(changed, plan.commit)))
