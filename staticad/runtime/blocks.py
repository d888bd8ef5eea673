"""Argument blocks: a plan and the plans inside it as tables (`staticad.runtime.tables`), before there is any memory.

Where a buffer is decides what happens to the words that hold its address: memory that never moves is written when sizes
are bound; a feed or result is patched by the machine at every call; what a loop's body sees of a sequence is moved by
the loop at every step, relative to a base that may itself move in a loop further out.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING

from staticad.errors import FeedError
from staticad.ir.dims import Shape, Size
from staticad.ir.dtypes import DType
from staticad.ir.provenance import Where
from staticad.late import later
from staticad.lower.kernel import plan as plans
from staticad.lower.kernel.plan import (
    Address,
    BranchCall,
    Counted,
    Foreign,
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
from staticad.runtime.idle import Idle, idleness, steps_inside
from staticad.runtime.layout import Branch, BranchBlock, LoopBlock, Measure, Move, Record
from staticad.runtime.layout import Step as StepWords
from staticad.runtime.layout import Watch as WatchWords
from staticad.runtime.places import At, BlockStep, Fed, Growing, Moves, Patch, Place, Sliced
from staticad.runtime.tables import FIRST, Base, Number, Origin, RoutineUse, Unknown

if TYPE_CHECKING:
    from staticad.codegen import routines
else:
    routines = later("staticad.codegen.routines")


class Blocks:
    """Words under construction. ``number`` is what a word holds of a size and ``exact`` the size in truth, ``unknown``
    makes numbers for what routines say; ``kernel`` gives the number of the text of a step's kernel, ``loop`` is that
    of the compiled loop, and ``constants`` gives the number of a buffer's array."""

    def __init__(
        self,
        number: Callable[[Size], Number],
        exact: Callable[[Size], Number],
        unknown: Callable[[int], int],
        kernel: Callable[[Step], int],
        loop: int,
        constants: Mapping[tuple[int, int], int],
        profile: bool = False,
    ) -> None:
        self.number, self.exact, self.unknown = number, exact, unknown
        self.kernel, self.loop, self.constants, self.profile = kernel, loop, constants, profile
        self.words: list[At] = []
        self.bases: dict[Base, int] = {base: number for number, base in enumerate(FIRST)}
        self.patches: list[Patch] = []
        self.routines: list[RoutineUse] = []
        self.idle: dict[Idle, None] = {}
        self.limited: dict[Number, None] = {}
        self.watch: int | None = None  # where the Watch of loops begins
        self._shapes: dict[int, dict[int, Shape]] = {}  # of the buffers of a plan, by id
        self.records = 0  # sequences that grow
        self.loops: list[tuple[Where, ...]] = []  # the lines of loops that make them grow, by number
        self.measures: dict[int, int] = {}  # in profiles, by id: where the measures of a plan begin
        self.turns: dict[int, int] = {}  # and where the counters of a step's kernel begin
        # Most steps of a large program are alike. What is asked of them again is known by the ids of parts of the plan,
        # which lives as long as this.
        self._idleness: dict[tuple[int, ...], tuple[bool | Idle, dict[Number, None]]] = {}
        self._sizes: dict[int, tuple[At, Number]] = {}
        self._library: dict[tuple[str, DType], At] = {}
        self._cuts: dict[tuple[Hashable, ...], int] = {}

    def at(self, origin: int, number: int = 0, name: str = "", dtype: str = "") -> At:
        """The address of something."""
        base = Base(origin, number, name, dtype)
        return At(self.bases.setdefault(base, len(self.bases)))

    def steps(self, plan: Plan, places: Mapping[int, Place], base: At) -> list[BlockStep]:
        """The steps of a plan whose feeds, fetches and variables are where ``places`` says; temporaries lie in an arena
        at ``base``. The blocks of each step are appended to the words."""
        known = dict(places)
        self._shapes[id(plan)] = {b.number: b.shape for b in plan.buffers}
        for b in plan.buffers:
            if b.role == plans.CONSTANT:
                known[b.number] = self.at(Origin.CONSTANT, self.constants[id(plan), b.number])
            elif b.role == plans.RECORD:
                known[b.number] = Growing(self.at(Origin.RECORD, self.records))
                self.records += 1
        if self.profile:
            self.measures[id(plan)] = self._zeros(Measure.WORDS * (1 + len(plan.steps)))
        return [self._located_step(plan, step, known, base) for step in plan.steps]

    def _located_step(self, plan: Plan, step: Step, known: dict[int, Place], base: At) -> BlockStep:
        try:
            if not self.profile:
                idle, limited = self._idle(step, self._shapes[id(plan)])
                if idle is True:
                    nothing = self.at(Origin.FUNCTION, name="labs")  # returns what it is given
                    return BlockStep(nothing.base, len(self.words), 0, 0)
                if isinstance(idle, Idle):
                    self.idle[idle] = None
                self.limited |= limited
            return self._step(plan, step, known, base)
        except FeedError as error:  # of a size that no word can hold
            if any(str(where) in str(error) for where in step.where):
                raise
            raise FeedError(f"{step.label}: {error}, at {', '.join(map(str, step.where))}") from None

    def _idle(self, step: Step, shapes: Mapping[int, Shape]) -> tuple[bool | Idle, dict[Number, None]]:
        """Whether a step is idle, and what must not exceed the limit."""
        if step.inlined is not None or isinstance(step.kernel, (LoopCall, BranchCall)):
            return idleness(step, shapes, self.exact), dict.fromkeys(steps_inside(step, self.exact))
        key = (step.may_fail, id(step.work), id(step.extent), *[id(shapes[number]) for number in step.writes])
        found = self._idleness.get(key)
        if found is None:
            idle = idleness(step, shapes, self.exact)
            found = idle, {} if idle is True else dict.fromkeys(steps_inside(step, self.exact))
            self._idleness[key] = found
        return found

    def _watch(self) -> At:
        """Where the Watch begins. Its words are filled in when sizes are bound."""
        if self.watch is None:
            self.watch = self._zeros(WatchWords.WORDS)
            self.words[self.watch + WatchWords.STATUS] = At(Origin.STATUS)
        return _word(self.watch)

    def _zeros(self, count: int) -> int:
        """Append zeros; the word where they begin."""
        start = len(self.words)
        self.words += [At(Origin.NOTHING)] * count
        return start

    def _put_number(self, word: int, number: Number) -> None:
        self.words[word] = At(Origin.NOTHING).plus(number)

    def put(self, word: int, place: Place, offset: Number = 0) -> None:
        """Make a word hold the address of a place plus an offset in bytes."""
        if isinstance(place, At):
            self.words[word] = place.plus(offset)
        elif isinstance(place, Fed):
            self.patches.append(Patch(word, place.source, offset))
        elif isinstance(place, Sliced):
            place.moves.entries.append((word, place.base, place.stride, offset))
        else:
            assert offset == 0
            self.words[word] = place.block

    def _address(self, plan: Plan, number: int, known: dict[int, Place], base: At) -> Place:
        """The place of a buffer."""
        found = known.get(number)
        if found is None:
            found = known[number] = base.plus(self.number(plan.offsets[number]))
        return found

    def _size(self, size: Size) -> tuple[At, Number]:
        """A size as a word, and as a number."""
        found = self._sizes.get(id(size))
        if found is None:
            number = _signed(self.number(size))
            found = self._sizes[id(size)] = At(Origin.NOTHING).plus(number), number
        return found

    def _function(self, name: str, dtype: DType) -> At:
        """A function of the library."""
        found = self._library.get((name, dtype))
        if found is None:
            found = self._library[name, dtype] = self.at(Origin.LIBRARY, 0, name, dtype.name)
        return found

    def _step(self, plan: Plan, step: Step, known: dict[int, Place], base: At) -> BlockStep:
        if isinstance(step.kernel, LoopCall):
            return self._loop(plan, step, step.kernel, known, base)
        if isinstance(step.kernel, BranchCall):
            return self._branch(plan, step, step.kernel, known, base)
        start = self._zeros(len(step.arguments))
        values: dict[int, Number] = {}
        moves = Moves()
        for slot, argument in enumerate(step.arguments, start):
            if isinstance(argument, Address):
                place = self._address(plan, argument.buffer, known, base)
                if isinstance(place, At) and argument.offset == 0:
                    self.words[slot] = place
                    continue
                if isinstance(place, Growing):
                    place = Sliced(moves, place, 0)
                self.put(slot, place, self.number(argument.offset))
            elif isinstance(argument, Symbolic):
                self.words[slot], values[slot] = self._size(argument.size)
            elif isinstance(argument, Library):
                assert isinstance(step.kernel, Routine)
                self.words[slot] = self._function(argument.name, step.kernel.dtype)
            elif isinstance(argument, Foreign):
                self.words[slot] = self.at(Origin.FOREIGN, 0, argument.name)
            elif isinstance(argument, Turns):
                self.turns[id(step)] = self._zeros(argument.count)
                self.words[slot] = _word(self.turns[id(step)])
            elif isinstance(argument, Watch):
                self.words[slot] = self._watch()
            else:
                self.words[slot] = At(Origin.STATUS)
        extent, grain = self.number(step.extent), self.number(step.grain)
        if isinstance(step.kernel, Routine):
            slots = {name: values[start + k] for k, name in enumerate(step.kernel.slots) if start + k in values}
            cut, extent, grain = self._cut(step.kernel, slots, extent)
            self._put_number(self._zeros(1), cut)
        made = BlockStep(self._kernel(step), start, extent, grain)
        return self._whole(plan, step, made, moves, known, base) if moves.entries else made

    def _cut(self, routine: Routine, slots: dict[str, Number], batch: Number) -> tuple[Number, Number, Number]:
        known = {name: slot for name, slot in slots.items() if isinstance(slot, int)}
        if isinstance(batch, int) and len(known) == len(slots):
            return routines.routine_cut(routine, known, batch)
        key = id(routine), batch, *slots.items()
        first = self._cuts.get(key)
        if first is None:
            self.routines.append(RoutineUse(routine, slots, batch))
            first = self._cuts[key] = self.unknown(3)
        return Unknown(first), Unknown(first + 1), Unknown(first + 2)

    def _kernel(self, step: Step) -> int:
        return self.at(Origin.KERNEL, self.kernel(step)).base

    def _table(self, steps: Sequence[BlockStep]) -> int:
        """A table of steps as the compiled loop walks it; the word where it begins."""
        start = len(self.words)
        for step in steps:
            at = self._zeros(StepWords.WORDS)
            self.words[at + StepWords.KERNEL] = At(step.kernel)
            self.words[at + StepWords.ARGS] = _word(step.args)
            self._put_number(at + StepWords.EXTENT, step.extent)
        return start

    def _slice(self, plan: Plan, part: Slice, moves: Moves, known: dict[int, Place], base: At) -> Place:
        place = self._address(plan, part.buffer, known, base)
        return place if part.stride == 0 else Sliced(moves, place, self.number(part.stride))

    def _counted(self, counted: Counted, moves: Moves) -> Place:
        """A word that the loop sets in every step: moved like an address, it is a number all the same."""
        word = self._zeros(1)
        first = At(Origin.NOTHING).plus(self.number(counted.first))
        moves.entries.append((word, first, self.number(counted.difference), 0))
        return _word(word)

    def _loop(self, plan: Plan, step: Step, call: LoopCall, known: dict[int, Place], base: At) -> BlockStep:
        block = self._zeros(LoopBlock.WORDS)
        moves = Moves()
        results = [self._slice(plan, part, moves, known, base) for part in call.fetches]
        if call.condition is not None:
            results.append(_word(block + LoopBlock.CONDITION))
        inputs = [
            self._counted(part, moves) if isinstance(part, Counted) else self._slice(plan, part, moves, known, base)
            for part in call.feeds
        ]
        carries = [self._address(plan, number, known, base) for number in call.carries]
        scratch = self._address(plan, call.scratch, known, base)
        assert isinstance(scratch, At)
        steps = self.steps(call.plan, _inner(call.plan, inputs, results, carries), scratch)
        self.words[block + LoopBlock.STEPS] = _word(self._table(steps))
        self._put_number(block + LoopBlock.COMPUTE_STEPS, len(call.plan.compute))
        self._put_number(block + LoopBlock.ALL_STEPS, len(steps))
        self.words[block + LoopBlock.STATUS] = At(Origin.STATUS)
        self._put_number(block + LoopBlock.REVERSE, int(call.reverse))
        self.words[block + LoopBlock.WATCH] = self._watch()
        if call.condition is not None:
            self.put(block + LoopBlock.FIRST, self._address(plan, call.condition, known, base))
            self.words[block + LoopBlock.AGAIN] = _word(block + LoopBlock.CONDITION)
        elif call.count is not None:
            self.put(block + LoopBlock.LENGTH, self._address(plan, call.count, known, base))
        else:
            self._put_number(block + LoopBlock.NUMBER, self.number(call.length))
            self.words[block + LoopBlock.LENGTH] = _word(block + LoopBlock.NUMBER)
        if call.steps is not None:
            self.put(block + LoopBlock.MADE, self._address(plan, call.steps, known, base))
        if self.profile:
            self.words[block + LoopBlock.MEASURES] = _word(self.measures[id(call.plan)])
            self.words[block + LoopBlock.CLOCK] = self.at(Origin.FUNCTION, name="clock_gettime")
        self._records(block, step, call, known)
        self._moves(block, moves)
        return BlockStep(self._kernel(step), block, 1, 0)

    def _whole(
        self, plan: Plan, step: Step, made: BlockStep, moves: Moves, known: dict[int, Place], base: At
    ) -> BlockStep:
        """A loop that is one kernel, called by one that knows where sequences of run-time length are."""
        call = step.inlined
        assert call is not None
        block = self._zeros(LoopBlock.WORDS)
        self.words[block + LoopBlock.STEPS] = _word(self._table([made]))
        self._put_number(block + LoopBlock.COMPUTE_STEPS, 1)
        self._put_number(block + LoopBlock.ALL_STEPS, 1)
        self._put_number(block + LoopBlock.WHOLE, 1)
        self.words[block + LoopBlock.STATUS] = At(Origin.STATUS)
        self.words[block + LoopBlock.WATCH] = self._watch()
        if call.count is not None:
            self.put(block + LoopBlock.LENGTH, self._address(plan, call.count, known, base))
        else:  # it reads what others have recorded, and makes nothing grow
            self._put_number(block + LoopBlock.NUMBER, 1)
            self.words[block + LoopBlock.LENGTH] = _word(block + LoopBlock.NUMBER)
        if self.profile:
            self.words[block + LoopBlock.MEASURES] = _word(self._zeros(2 * Measure.WORDS))
            self.words[block + LoopBlock.CLOCK] = self.at(Origin.FUNCTION, name="clock_gettime")
        self._records(block, step, call, known)
        self._moves(block, moves)
        return BlockStep(self.at(Origin.KERNEL, self.loop).base, block, 1, 0)

    def _records(self, block: int, step: Step, call: LoopCall, known: dict[int, Place]) -> None:
        """The table of the sequences that this loop makes grow."""
        places = [(part, known.get(part.buffer)) for part in call.fetches]
        growing = [(part, place) for part, place in places if isinstance(place, Growing)]
        start = len(self.words)
        for part, place in growing:
            at = self._zeros(Record.WORDS)
            self.words[at + Record.BLOCK] = place.block
            self._put_number(at + Record.BYTES, self.number(part.stride))
        if growing:
            self.words[block + LoopBlock.RECORDS] = _word(start)
            self.words[block + LoopBlock.TAPE] = self.at(Origin.TAPE)
            self.words[block + LoopBlock.GROW] = self.at(Origin.GROW)
            self._put_number(block + LoopBlock.CODE, len(self.loops))
            self.loops.append(step.where)
        self._put_number(block + LoopBlock.RECORD_COUNT, len(growing))

    def _moves(self, block: int, moves: Moves) -> None:
        start = len(self.words)
        for word, base, stride, offset in moves.entries:
            at = self._zeros(Move.WORDS)
            self.words[at + Move.TARGET] = _word(word)
            self.put(at + Move.BASE, base, offset)
            self._put_number(at + Move.STRIDE, stride)
            self._put_number(at + Move.INDIRECT, int(isinstance(base, Growing)))
        if moves.entries:
            self.words[block + LoopBlock.MOVES] = _word(start)
        self._put_number(block + LoopBlock.MOVE_COUNT, len(moves.entries))

    def _branch(self, plan: Plan, step: Step, call: BranchCall, known: dict[int, Place], base: At) -> BlockStep:
        block = self._zeros(BranchBlock.BRANCHES + Branch.WORDS * len(call.plans))
        self.put(block + BranchBlock.INDEX, self._address(plan, call.index, known, base))
        self._put_number(block + BranchBlock.COUNT, len(call.plans))
        self.words[block + BranchBlock.STATUS] = At(Origin.STATUS)
        outputs = [self._address(plan, part.buffer, known, base) for part in call.fetches]
        carries = [self._address(plan, number, known, base) for number in call.carries]
        scratch = self._address(plan, call.scratch, known, base)
        assert isinstance(scratch, At)
        for position, (branch, feeds) in enumerate(zip(call.plans, call.feeds, strict=True)):
            inputs = [self._address(plan, part.buffer, known, base) for part in feeds]
            steps = self.steps(branch, _inner(branch, inputs, outputs, carries), scratch)
            entry = block + BranchBlock.BRANCHES + Branch.WORDS * position
            self.words[entry + Branch.STEPS] = _word(self._table(steps))
            self._put_number(entry + Branch.COUNT, len(steps))
            if self.profile:
                self.words[entry + Branch.MEASURES] = _word(self.measures[id(branch)])
                self.words[block + BranchBlock.CLOCK] = self.at(Origin.FUNCTION, name="clock_gettime")
        return BlockStep(self._kernel(step), block, 1, 0)


def _inner(plan: Plan, inputs: list[Place], results: list[Place], carries: list[Place]) -> dict[int, Place]:
    """Where the buffers of a body are that it shares with the plan around it."""
    given = {plans.FEED: inputs, plans.FETCH: results, plans.VARIABLE: carries}
    return {b.number: given[b.role][b.position] for b in plan.buffers if b.role in given}


def _word(index: int) -> At:
    """The place of a word."""
    return At(Origin.WORDS, 8 * index)


def _signed(value: Number) -> Number:
    """An argument as a signed 64-bit word (bit patterns may have the top bit set)."""
    return value - (1 << 64) if isinstance(value, int) and value >= 1 << 63 else value
