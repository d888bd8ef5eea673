"""A plan with the texts of its kernels and the values of its constants, and the tables that are made of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING

import numpy as np

from staticad.codegen.source import render
from staticad.errors import FeedError
from staticad.ir.dim_values import evaluate, machine_number
from staticad.ir.dims import Shape, Size, Symbol, symbols
from staticad.ir.dtypes import DType
from staticad.ir.provenance import Where
from staticad.ir.size_tables import SizeTableBuilder
from staticad.late import later
from staticad.lower.kernel import plan as plans
from staticad.lower.kernel.plan import BranchCall, Library, LoopCall, Plan, Step
from staticad.lower.kernel.routine import Routine
from staticad.lower.loops.guarding import bodies
from staticad.records import dataclass
from staticad.runtime.blocks import Blocks
from staticad.runtime.control_source import BRANCH_PROFILE_SOURCE, BRANCH_SOURCE, LOOP_PROFILE_SOURCE, LOOP_SOURCE
from staticad.runtime.places import At, Fed, Place
from staticad.runtime.tables import ArrayTable, Condition, Number, Origin, Tables, Unknown

if TYPE_CHECKING:
    from staticad.codegen import routines
else:
    routines = later("staticad.codegen.routines")

_RESULTS = 1 << 40  # where the numbers of unknowns that routines give begin, until all sizes are known


def kernel_text(step: Step, profile: bool = False) -> str:
    """The source of a step's kernel."""
    if isinstance(step.kernel, LoopCall):
        return LOOP_PROFILE_SOURCE if profile else LOOP_SOURCE
    if isinstance(step.kernel, BranchCall):
        return BRANCH_PROFILE_SOURCE if profile else BRANCH_SOURCE
    if isinstance(step.kernel, Routine):
        return routines.routine_source(step.kernel)
    return render(step.kernel)


def nested_plans(plan: Plan) -> Iterator[Plan]:
    """The plan and all plans inside it."""
    yield plan
    for step in plan.steps:
        for body in step.bodies:
            yield from nested_plans(body)


@dataclass(frozen=True)
class Traced:
    """Tables, and what they have of the plan. ``loops`` are the lines of the loops that make sequences grow, by the
    numbers that they report. In profiles ``measures`` and ``turns`` are the words where the measures of each plan and
    the iterations of the loops in each step's kernel begin, both by identity."""

    plan: Plan
    tables: Tables
    constants: tuple[np.ndarray, ...]
    loops: tuple[tuple[Where, ...], ...]
    measures: Mapping[int, int] = field(default_factory=dict)
    turns: Mapping[int, int] = field(default_factory=dict)


class Compiled:
    """See the module. With ``profile`` the tables count and time all steps, those inside loops and branches as well."""

    def __init__(self, plan: Plan, profile: bool = False) -> None:
        self.plan = plan
        self.profile = profile
        self.plans = list(nested_plans(plan))
        self.steps = [step for inner in self.plans for step in inner.steps]
        kernels = {id(step.kernel): step for step in self.steps}  # each once
        self._texts = {kernel: kernel_text(step, profile) for kernel, step in kernels.items()}
        self._loop = LOOP_PROFILE_SOURCE if profile else LOOP_SOURCE
        calling = [self._loop] if any(map(_recording, self.plans)) else []
        self.sources = tuple(dict.fromkeys([*self._texts.values(), *calling]))
        self._numbers = {text: number for number, text in enumerate(self.sources)}
        self.constants: list[np.ndarray] = []
        self._constants: dict[tuple[int, int], int] = {}
        owned: dict[int, int] = {}
        for inner in self.plans:
            for b in inner.buffers:
                if b.array is not None:
                    if id(b.array) not in owned:
                        owned[id(b.array)] = len(self.constants)
                        self.constants.append(np.array(b.array, order="C", copy=True))
                    self._constants[id(inner), b.number] = owned[id(b.array)]

    @property
    def records(self) -> bool:
        """Whether there are sequences that grow during a run."""
        return any(map(_recording, self.plans))

    def text(self, step: Step) -> str:
        """The source of a step's kernel."""
        return self._texts[id(step.kernel)]

    def tables_for(self, values: Mapping[Symbol, int]) -> Traced:
        """The tables for these sizes, whatever they are. Raises FeedError for sizes that the machine can't count to."""
        return self._tables(_Known(values), [])

    def tables(self, free: Sequence[Symbol]) -> Traced | None:
        """The tables for any values of these free sizes; None where a plan never runs as usual."""
        conditions = list(_conditions(self.plan, set(free)))
        try:
            return self._tables(_Open(free), conditions)
        except (FeedError, KeyError):
            return None

    def _tables(self, sizes: _Known | _Open, conditions: list[tuple[Size, Size | None, int, Size]]) -> Traced:
        plan = self.plan
        places: dict[int, Place] = {}
        loop = self._numbers.get(self._loop, -1)
        blocks = Blocks(sizes.number, sizes.exact, sizes.unknown, self._kernel, loop, self._constants, self.profile)
        for b in plan.buffers:
            if b.role == plans.FEED:
                places[b.number] = Fed(b.position)
            elif b.role == plans.FETCH:
                places[b.number] = Fed(len(plan.inputs) + b.position)
            elif b.role == plans.VARIABLE:
                places[b.number] = blocks.at(Origin.VARIABLE, b.position)
        steps = blocks.steps(plan, places, blocks.at(Origin.ARENA))

        def array(dtype: DType, shape: Shape) -> ArrayTable:
            return ArrayTable(dtype, tuple(map(sizes.number, shape)))

        works = Counter(sizes.exact(step.work) for step in plan.steps)
        feeds = tuple(array(t.dtype, t.shape) for t in plan.inputs)
        outs = tuple(array(b.dtype, b.shape) for b in plan.fetches)
        arena = sizes.exact(plan.arena)
        kept = tuple(
            Condition(sizes.exact(left), None if right is None else sizes.exact(right), bound, sizes.exact(unless))
            for left, right, bound, unless in conditions
        )
        final = sizes.final
        tables = Tables(
            texts=self.sources,
            bases=tuple(blocks.bases),
            sizes=sizes.table.table(),
            counts=tuple(sorted(sizes.counts)),
            words=_words(blocks.words, final),
            more=_rows([(k, final(u) + 1) for k, word in enumerate(blocks.words) for u in word.unknowns[1:]], 2),
            patches=_rows([(p.slot, p.source, *_pair(p.offset, final)) for p in blocks.patches], 4),
            steps=_rows([(s.kernel, s.args, *_pair(s.extent, final), *_pair(s.grain, final)) for s in steps], 6),
            compute=len(plan.compute),
            routines=tuple(blocks.routines),
            watch=blocks.watch,
            feeds=feeds,
            outs=outs,
            arena=arena,
            works=tuple(works.items()),
            idle=tuple(blocks.idle),
            limited=tuple(blocks.limited),
            conditions=tuple(dict.fromkeys(kept)),
            loops=self._loop in self._numbers,
            records=blocks.records,
            parallel=any(step.grain != 0 for step in self.steps),
            library=any(isinstance(a, Library) for step in self.steps for a in step.arguments),
            measures=blocks.measures.get(id(plan)),
        )
        loops = tuple(blocks.loops)
        return Traced(plan, tables, tuple(self.constants), loops, blocks.measures, blocks.turns)

    def _kernel(self, step: Step) -> int:
        return self._numbers[self.text(step)]


def _recording(plan: Plan) -> bool:
    """Whether a plan has sequences that grow."""
    return any(b.role == plans.RECORD for b in plan.buffers)


def _conditions(plan: Plan, known: set[Symbol]) -> Iterator[tuple[Size, Size | None, int, Size]]:
    """What has to hold of sizes, where the plan or a body in it is entered, for the plan to run as usual: left, right,
    bound and the size that may be 0 instead."""

    def is_known(size: Size | None) -> bool:  # others are carried by a derivative
        return size is None or symbols(size) <= known

    for part in (plan, *bodies(plan)):
        for check in part.sized:
            if is_known(check.left):
                yield check.left, check.right if is_known(check.right) else check.left, 0, 1
        for requirement in part.requirements:
            if is_known(requirement.size) and is_known(requirement.unless_empty):
                yield requirement.size, None, requirement.bound, requirement.unless_empty


class _Known:
    """Sizes whose values are known: numbers. Those that stand in the plan may be patterns of 64 bits."""

    def __init__(self, values: Mapping[Symbol, int]) -> None:
        self.exact: Callable[[Size], int] = _memoized(lambda size: evaluate(size, values))
        self.number: Callable[[Size], int] = _memoized(
            lambda size: size if isinstance(size, int) and _is_word(size) else machine_number(size, values)
        )
        self.table = SizeTableBuilder(())
        self.counts: set[int] = set()

    def unknown(self, count: int) -> int:
        raise AssertionError("all sizes are known")

    def final(self, index: int) -> int:
        raise AssertionError("all sizes are known")


class _Open:
    """Sizes with free symbols: places in a table."""

    def __init__(self, free: Sequence[Symbol]) -> None:
        self.table = SizeTableBuilder(free)
        self.counts: set[int] = set()
        self._results = 0

    def exact(self, size: Size) -> Number:
        return size if isinstance(size, int) else Unknown(self.table.number(size))

    def number(self, size: Size) -> Number:
        if isinstance(size, int):
            return size if _is_word(size) else machine_number(size, {})
        index = self.table.number(size)
        self.counts.add(index)
        return Unknown(index)

    def unknown(self, count: int) -> int:
        first = _RESULTS + self._results
        self._results += count
        return first

    def final(self, index: int) -> int:
        return index if index < _RESULTS else index - _RESULTS + self.table.count


def _is_word(number: int) -> bool:
    return -(1 << 63) <= number < 1 << 64


def _words(words: list[At], final: Callable[[int], int]) -> np.ndarray:
    return _rows([(w.base, w.number, final(w.unknowns[0]) + 1 if w.unknowns else 0) for w in words], 3)


def _pair(number: Number, final: Callable[[int], int]) -> tuple[int, int]:
    """A number and its unknown as words."""
    return (number, 0) if isinstance(number, int) else (0, final(number.place) + 1)


def _rows(rows: Iterable[tuple[int, ...]], width: int) -> np.ndarray:
    return np.array(list(rows), np.int64).reshape(-1, width)


def _memoized(function: Callable[[Size], int]) -> Callable[[Size], int]:
    memo: dict[Size, int] = {}

    def number(size: Size) -> int:
        found = memo.get(size)
        if found is None:
            found = memo[size] = function(size)
        return found

    return number
