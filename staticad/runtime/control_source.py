"""The text of the compiled loop and branch: kernels whose argument blocks hold tables of other kernels.

A loop runs the steps of its body again and again: addresses of slices move, sequences of unknown length grow, and the
body's commit steps update the carry. Inside, every kernel gets its whole range in one call.

Each has a second text for profiles, which counts and times the steps: the lines that end in ``# profile``.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from staticad.runtime.layout import (
    Branch,
    BranchBlock,
    Failure,
    LoopBlock,
    Measure,
    Move,
    Record,
    RecordBlock,
    Step,
    Tape,
    Watch,
)
from staticad.runtime.machine_text import machine_text
from staticad.runtime.memory import LARGE

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.machine_language import address_of, call, peek, poke, stack_words

CLOCK_ID = time.CLOCK_MONOTONIC
MOST = 1 << 62  # bytes, more than any memory has
LONGEST = 64  # steps between two looks whether the run is to end; one may take long


def _loop(args: int, lo: int, hi: int) -> None:
    block = address_of(args)
    steps = peek(block, LoopBlock.STEPS)
    compute_steps = peek(block, LoopBlock.COMPUTE_STEPS)
    all_steps = peek(block, LoopBlock.ALL_STEPS)
    status = peek(block, LoopBlock.STATUS)
    moves = peek(block, LoopBlock.MOVES)
    move_count = peek(block, LoopBlock.MOVE_COUNT)
    records = peek(block, LoopBlock.RECORDS)
    record_count = peek(block, LoopBlock.RECORD_COUNT)
    reverse = peek(block, LoopBlock.REVERSE)
    watch = peek(block, LoopBlock.WATCH)
    condition = peek(block, LoopBlock.FIRST)
    length = 0
    if peek(block, LoopBlock.LENGTH) != 0:
        length = peek(peek(block, LoopBlock.LENGTH), 0)
    whole = peek(block, LoopBlock.WHOLE)
    clock = stack_words(2)  # profile
    count = 0
    failed = 0
    for k in range(record_count):  # what former loops have recorded is not needed any more
        kept = peek(records + 8 * Record.WORDS * k, Record.BLOCK)
        if peek(kept, RecordBlock.CAPACITY) > LARGE:
            call(peek(peek(block, LoopBlock.TAPE), Tape.SHRINK), kept, peek(block, LoopBlock.TAPE), 0, 0)
    while failed == 0:
        if condition != 0:
            if peek(condition, 0) & 255 == 0:
                break
        elif count >= length:
            break
        left = peek(watch, Watch.LEFT) - 1
        if left <= 0:
            left = call(peek(watch, Watch.LOOK), watch, peek(watch, Watch.ROUND), LONGEST, 0)
            if left == 0:
                break
            poke(watch, Watch.ROUND, left)
        poke(watch, Watch.LEFT, left)
        position = count
        if reverse != 0 and whole == 0:
            position = length - 1 - count
        for k in range(record_count):
            record = records + 8 * Record.WORDS * k
            slices = count + 1
            if condition == 0:  # of a loop that knows how many they will be
                slices = length
            end = MOST
            if slices < MOST // (peek(record, Record.BYTES) + 1):
                end = slices * peek(record, Record.BYTES)
            if end > peek(peek(record, Record.BLOCK), RecordBlock.CAPACITY):
                tape = peek(block, LoopBlock.TAPE)
                if call(peek(block, LoopBlock.GROW), record, tape, end, 0) == 0:
                    poke(status, 0, Failure.OUT_OF_MEMORY)
                    poke(status, 1, peek(block, LoopBlock.CODE))
                    poke(status, 2, peek(tape, Tape.TOTAL))
                    poke(status, 3, count)
                    failed = 1
        if failed != 0:
            break
        for k in range(move_count):
            move = moves + 8 * Move.WORDS * k
            base = peek(move, Move.BASE)
            if peek(move, Move.INDIRECT) != 0:
                base = peek(base, 0)
            poke(peek(move, Move.TARGET), 0, base + position * peek(move, Move.STRIDE))
        step = steps
        measure = peek(block, LoopBlock.MEASURES)  # profile
        poke(measure, Measure.CALLS, peek(measure, Measure.CALLS) + 1)  # profile
        for k in range(all_steps):
            if k == compute_steps and peek(status, 0) != 0:
                failed = 1
                break
            call(peek(block, LoopBlock.CLOCK), CLOCK_ID, clock, 0, 0)  # profile
            began = peek(clock, 0) * 1000000000 + peek(clock, 1)  # profile
            call(peek(step, Step.KERNEL), peek(step, Step.ARGS), 0, peek(step, Step.EXTENT), 0)
            step += 8 * Step.WORDS
            call(peek(block, LoopBlock.CLOCK), CLOCK_ID, clock, 0, 0)  # profile
            ended = peek(clock, 0) * 1000000000 + peek(clock, 1)  # profile
            measure += 8 * Measure.WORDS  # profile
            poke(measure, Measure.NANOSECONDS, peek(measure, Measure.NANOSECONDS) + ended - began)  # profile
            poke(measure, Measure.CALLS, peek(measure, Measure.CALLS) + 1)  # profile
        if peek(status, 0) != 0:
            failed = 1
        count += 1
        if whole != 0:
            count = length
        if condition != 0:
            condition = peek(block, LoopBlock.AGAIN)
    for k in range(record_count):
        record = records + 8 * Record.WORDS * k
        poke(peek(record, Record.BLOCK), RecordBlock.USED, count * peek(record, Record.BYTES))
    if peek(block, LoopBlock.MADE) != 0:
        poke(peek(block, LoopBlock.MADE), 0, count)


def _branch(args: int, lo: int, hi: int) -> None:
    block = address_of(args)
    index = peek(peek(block, BranchBlock.INDEX), 0)
    status = peek(block, BranchBlock.STATUS)
    if index > peek(block, BranchBlock.COUNT) - 1:
        index = peek(block, BranchBlock.COUNT) - 1
    if index < 0:
        index = 0
    branch = block + 8 * (BranchBlock.BRANCHES + Branch.WORDS * index)
    step = peek(branch, Branch.STEPS)
    clock = stack_words(2)  # profile
    measure = peek(branch, Branch.MEASURES)  # profile
    poke(measure, Measure.CALLS, peek(measure, Measure.CALLS) + 1)  # profile
    for k in range(peek(branch, Branch.COUNT)):
        if peek(status, 0) != 0:
            break
        call(peek(block, BranchBlock.CLOCK), CLOCK_ID, clock, 0, 0)  # profile
        began = peek(clock, 0) * 1000000000 + peek(clock, 1)  # profile
        call(peek(step, Step.KERNEL), peek(step, Step.ARGS), 0, peek(step, Step.EXTENT), 0)
        step += 8 * Step.WORDS
        call(peek(block, BranchBlock.CLOCK), CLOCK_ID, clock, 0, 0)  # profile
        ended = peek(clock, 0) * 1000000000 + peek(clock, 1)  # profile
        measure += 8 * Measure.WORDS  # profile
        poke(measure, Measure.NANOSECONDS, peek(measure, Measure.NANOSECONDS) + ended - began)  # profile
        poke(measure, Measure.CALLS, peek(measure, Measure.CALLS) + 1)  # profile


LOOP_SOURCE, LOOP_PROFILE_SOURCE = machine_text(_loop), machine_text(_loop, profile=True)
BRANCH_SOURCE, BRANCH_PROFILE_SOURCE = machine_text(_branch), machine_text(_branch, profile=True)
