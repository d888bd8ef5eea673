"""Argument blocks: a plan and the plans inside it as one array of words, with the addresses that are known filled in.

Where a buffer is decides what happens to the words that hold its address: memory that never moves is written now; a
feed or result is patched by the machine at every call; what a loop's body sees of a sequence is moved by the loop at
every step, relative to a base that may itself move in a loop further out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from staticad.codegen.library import function_address
from staticad.codegen.loader import kernel_address
from staticad.codegen.routines import routine_cut
from staticad.errors import FeedError
from staticad.ir.dims import Size
from staticad.ir.provenance import Where
from staticad.lower.kernel import plan as plans
from staticad.lower.kernel.plan import (
    Address,
    BranchCall,
    Counted,
    Library,
    LoopCall,
    Plan,
    Slice,
    Step,
    Symbolic,
    Turns,
    Watch,
)
from staticad.lower.kernel.routine import Routine
from staticad.runtime import machine
from staticad.runtime.idle import is_idle
from staticad.runtime.interrupts import watch_words
from staticad.runtime.layout import Branch, BranchBlock, LoopBlock, Measure, Move, Record
from staticad.runtime.layout import Step as StepWords
from staticad.runtime.layout import Watch as WatchWords
from staticad.runtime.tapes import GROW_SOURCE, Records
from staticad.runtime.workers import c_function


@dataclass(frozen=True)
class Fixed:
    """An address that never changes."""

    address: int


@dataclass(frozen=True)
class Fed:
    """A feed or result, by the machine's number of it."""

    source: int


@dataclass(frozen=True)
class Word:
    """A place among the words themselves."""

    index: int


@dataclass(frozen=True)
class Growing:
    """A recorded sequence; the address of its RecordBlock."""

    block: int


@dataclass(frozen=True)
class Sliced:
    """A slice of something, moved by a loop."""

    moves: Moves
    base: Place
    stride: int


Place = Fixed | Fed | Word | Growing | Sliced


@dataclass(eq=False)
class Moves:
    """What a loop moves: (word, base, stride, offset in bytes)."""

    entries: list[tuple[int, Place, int, int]] = field(default_factory=list)


class Blocks:
    """Words under construction. ``fixups`` are (word, index of the word whose address it holds)."""

    def __init__(
        self,
        number: Callable[[Size], int],
        exact: Callable[[Size], int],
        kernel: Callable[[Step], int],
        constants: Mapping[tuple[int, int], np.ndarray],
        records: Records | None,
        profile: bool = False,
    ) -> None:
        self.number, self.exact = number, exact  # what a word can hold, and what sizes are in truth
        self.kernel, self.constants, self.profile = kernel, constants, profile
        self._memory = records  # of the sequences that grow, where there are any
        self._grown = 0  # their number so far
        self.words: list[int] = []
        self.patches: list[machine.Patch] = []
        self.fixups: list[tuple[int, int]] = []
        self.status: list[int] = []
        self.watch: int | None = None  # where the Watch of loops begins
        self.loops: list[tuple[Where, ...]] = []  # the lines of loops that make them grow, by number
        self.measures: dict[int, int] = {}  # in profiles, by id: where the measures of a plan begin
        self.turns: dict[int, int] = {}  # and where the counters of a step's kernel begin

    def steps(self, plan: Plan, places: Mapping[int, Place], base: Place) -> list[machine.Step]:
        """The steps of a plan whose feeds, fetches and variables are where ``places`` says; temporaries lie in an arena
        at ``base``. The blocks of each step are appended to the words."""
        known = dict(places)
        for b in plan.buffers:
            if b.role == plans.CONSTANT:
                known[b.number] = Fixed(self.constants[id(plan), b.number].ctypes.data)
            elif b.role == plans.RECORD:
                assert self._memory is not None
                known[b.number] = Growing(self._memory.block(self._grown))
                self._grown += 1
        if self.profile:
            self.measures[id(plan)] = self._zeros(Measure.WORDS * (1 + len(plan.steps)))
        return [self._located_step(plan, step, known, base) for step in plan.steps]

    def _located_step(self, plan: Plan, step: Step, known: Mapping[int, Place], base: Place) -> machine.Step:
        try:
            if not self.profile and is_idle(plan, step, self.exact):
                return machine.Step(c_function("labs"), len(self.words), 0, 0)  # returns what it is given
            return self._step(plan, step, known, base)
        except FeedError as error:  # of a size that no word can hold
            if any(str(where) in str(error) for where in step.where):
                raise
            raise FeedError(f"{step.label}: {error}, at {', '.join(map(str, step.where))}") from None

    def _watch(self) -> int:
        """Where the Watch begins."""
        if self.watch is None:
            self.watch = len(self.words)
            self.words += watch_words()
            self.status.append(self.watch + WatchWords.STATUS)
        return self.watch

    def _zeros(self, count: int) -> int:
        """Append zeros; the word where they begin."""
        start = len(self.words)
        self.words += [0] * count
        return start

    def put(self, word: int, place: Place, offset: int = 0) -> None:
        """Make a word hold the address of a place plus an offset in bytes."""
        if isinstance(place, Fixed):
            self.words[word] = place.address + offset
        elif isinstance(place, Fed):
            self.patches.append(machine.Patch(word, place.source, offset))
        elif isinstance(place, Sliced):
            place.moves.entries.append((word, place.base, place.stride, offset))
        elif isinstance(place, Growing):
            assert offset == 0
            self.words[word] = place.block
        else:
            assert offset == 0
            self.fixups.append((word, place.index))

    def _address(self, plan: Plan, number: int, known: Mapping[int, Place], base: Place) -> tuple[Place, int]:
        """The place of a buffer, and the offset of the buffer there."""
        if number in known:
            return known[number], 0
        return base, self.number(plan.offsets[number])

    def _step(self, plan: Plan, step: Step, known: Mapping[int, Place], base: Place) -> machine.Step:
        if isinstance(step.kernel, LoopCall):
            return self._loop(plan, step, step.kernel, known, base)
        if isinstance(step.kernel, BranchCall):
            return self._branch(plan, step, step.kernel, known, base)
        start = len(self.words)
        self.words += [0] * len(step.arguments)
        for slot, argument in enumerate(step.arguments, start):
            if isinstance(argument, Address):
                place, offset = self._address(plan, argument.buffer, known, base)
                self.put(slot, place, offset + self.number(argument.offset))
            elif isinstance(argument, Symbolic):
                self.words[slot] = _signed(self.number(argument.size))
            elif isinstance(argument, Library):
                assert isinstance(step.kernel, Routine)
                self.words[slot] = function_address(argument.name, step.kernel.dtype)
            elif isinstance(argument, Turns):
                self.turns[id(step)] = self._zeros(argument.count)
                self.fixups.append((slot, self.turns[id(step)]))
            elif isinstance(argument, Watch):
                self.fixups.append((slot, self._watch()))
            else:
                self.status.append(slot)
        extent, grain = self.number(step.extent), self.number(step.grain)
        if isinstance(step.kernel, Routine):
            slots = dict(zip(step.kernel.slots, self.words[start:], strict=True))
            cut, extent, grain = routine_cut(step.kernel, slots, extent)
            self.words.append(cut)
        return machine.Step(self.kernel(step), start, extent, grain)

    def _table(self, steps: Sequence[machine.Step]) -> int:
        """A table of steps as the compiled loop walks it; the word where it begins."""
        start = len(self.words)
        for step in steps:
            at = len(self.words)
            self.words += [0] * StepWords.WORDS
            self.words[at + StepWords.KERNEL] = step.kernel
            self.fixups.append((at + StepWords.ARGS, step.args))
            self.words[at + StepWords.EXTENT] = step.extent
        return start

    def _slice(self, plan: Plan, part: Slice, moves: Moves, known: Mapping[int, Place], base: Place) -> Place:
        place = _shifted(*self._address(plan, part.buffer, known, base))
        return place if part.stride == 0 else Sliced(moves, place, self.number(part.stride))

    def _counted(self, counted: Counted, moves: Moves) -> Place:
        """A word that the loop sets in every step: moved like an address, it is a number all the same."""
        word = len(self.words)
        self.words.append(0)
        moves.entries.append((word, Fixed(self.number(counted.first)), self.number(counted.difference), 0))
        return Word(word)

    def _loop(self, plan: Plan, step: Step, call: LoopCall, known: Mapping[int, Place], base: Place) -> machine.Step:
        block = len(self.words)
        self.words += [0] * LoopBlock.WORDS
        moves = Moves()
        inner: dict[int, Place] = {}
        results = [self._slice(plan, part, moves, known, base) for part in call.fetches]
        if call.condition is not None:
            results.append(Word(block + LoopBlock.CONDITION))
        inputs = [
            self._counted(part, moves) if isinstance(part, Counted) else self._slice(plan, part, moves, known, base)
            for part in call.feeds
        ]
        carries = [_shifted(*self._address(plan, number, known, base)) for number in call.carries]
        for b in call.plan.buffers:
            if b.role == plans.FEED:
                inner[b.number] = inputs[b.position]
            elif b.role == plans.FETCH:
                inner[b.number] = results[b.position]
            elif b.role == plans.VARIABLE:
                inner[b.number] = carries[b.position]
        scratch = _shifted(*self._address(plan, call.scratch, known, base))
        steps = self.steps(call.plan, inner, scratch)
        self.fixups.append((block + LoopBlock.STEPS, self._table(steps)))
        self.words[block + LoopBlock.COMPUTE_STEPS] = len(call.plan.compute)
        self.words[block + LoopBlock.ALL_STEPS] = len(steps)
        self.status.append(block + LoopBlock.STATUS)
        self.words[block + LoopBlock.REVERSE] = int(call.reverse)
        self.fixups.append((block + LoopBlock.WATCH, self._watch()))
        if call.condition is not None:
            self.put(block + LoopBlock.FIRST, *self._address(plan, call.condition, known, base))
            self.fixups.append((block + LoopBlock.AGAIN, block + LoopBlock.CONDITION))
        elif call.count is not None:
            self.put(block + LoopBlock.LENGTH, *self._address(plan, call.count, known, base))
        else:
            self.words[block + LoopBlock.NUMBER] = self.number(call.length)
            self.fixups.append((block + LoopBlock.LENGTH, block + LoopBlock.NUMBER))
        if call.steps is not None:
            self.put(block + LoopBlock.MADE, *self._address(plan, call.steps, known, base))
        if self.profile:
            self.fixups.append((block + LoopBlock.MEASURES, self.measures[id(call.plan)]))
            self.words[block + LoopBlock.CLOCK] = c_function("clock_gettime")
        self._records(block, step, call, known)
        self._moves(block, moves)
        return machine.Step(self.kernel(step), block, 1, 0)

    def _records(self, block: int, step: Step, call: LoopCall, known: Mapping[int, Place]) -> None:
        """The table of the sequences that this loop makes grow."""
        growing = [part for part in call.fetches if isinstance(known.get(part.buffer), Growing)]
        start = len(self.words)
        for part in growing:
            place = known[part.buffer]
            assert isinstance(place, Growing)
            at = len(self.words)
            self.words += [0] * Record.WORDS
            self.words[at + Record.BLOCK] = place.block
            self.words[at + Record.BYTES] = self.number(part.stride)
        if growing:
            assert self._memory is not None
            self.fixups.append((block + LoopBlock.RECORDS, start))
            self.words[block + LoopBlock.TAPE] = self._memory.tape()
            self.words[block + LoopBlock.GROW] = kernel_address(GROW_SOURCE)
            self.words[block + LoopBlock.CODE] = len(self.loops)
            self.loops.append(step.where)
        self.words[block + LoopBlock.RECORD_COUNT] = len(growing)

    def _moves(self, block: int, moves: Moves) -> None:
        start = len(self.words)
        for word, base, stride, offset in moves.entries:
            at = len(self.words)
            self.words += [0] * Move.WORDS
            self.fixups.append((at + Move.TARGET, word))
            self.put(at + Move.BASE, base, offset)
            self.words[at + Move.STRIDE] = stride
            self.words[at + Move.INDIRECT] = int(isinstance(base, Growing))
        if moves.entries:
            self.fixups.append((block + LoopBlock.MOVES, start))
        self.words[block + LoopBlock.MOVE_COUNT] = len(moves.entries)

    def _branch(
        self, plan: Plan, step: Step, call: BranchCall, known: Mapping[int, Place], base: Place
    ) -> machine.Step:
        block = len(self.words)
        self.words += [0] * (BranchBlock.BRANCHES + Branch.WORDS * len(call.plans))
        self.put(block + BranchBlock.INDEX, *self._address(plan, call.index, known, base))
        self.words[block + BranchBlock.COUNT] = len(call.plans)
        self.status.append(block + BranchBlock.STATUS)
        outputs = [_shifted(*self._address(plan, part.buffer, known, base)) for part in call.fetches]
        carries = [_shifted(*self._address(plan, number, known, base)) for number in call.carries]
        scratch = _shifted(*self._address(plan, call.scratch, known, base))
        for position, (branch, feeds) in enumerate(zip(call.plans, call.feeds, strict=True)):
            inputs = [_shifted(*self._address(plan, part.buffer, known, base)) for part in feeds]
            inner: dict[int, Place] = {}
            for b in branch.buffers:
                if b.role == plans.FEED:
                    inner[b.number] = inputs[b.position]
                elif b.role == plans.FETCH:
                    inner[b.number] = outputs[b.position]
                elif b.role == plans.VARIABLE:
                    inner[b.number] = carries[b.position]
            steps = self.steps(branch, inner, scratch)
            entry = block + BranchBlock.BRANCHES + Branch.WORDS * position
            self.fixups.append((entry + Branch.STEPS, self._table(steps)))
            self.words[entry + Branch.COUNT] = len(steps)
            if self.profile:
                self.fixups.append((entry + Branch.MEASURES, self.measures[id(branch)]))
                self.words[block + BranchBlock.CLOCK] = c_function("clock_gettime")
        return machine.Step(self.kernel(step), block, 1, 0)


def _shifted(place: Place, offset: int) -> Place:
    """A place some bytes further on. Only the arena has offsets, and it never moves."""
    if offset == 0:
        return place
    assert isinstance(place, Fixed)
    return Fixed(place.address + offset)


def _signed(value: int) -> int:
    """An argument as a signed 64-bit word (bit patterns may have the top bit set)."""
    return value - (1 << 64) if value >= 1 << 63 else value
