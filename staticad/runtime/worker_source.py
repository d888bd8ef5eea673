"""The text of the workers' loop: take chunks of steps that the dispatcher has cut, else wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from staticad.runtime.layout import Pool
from staticad.runtime.machine_text import machine_text

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.machine_language import (
        address_of,
        atomic_add,
        atomic_load,
        call,
        compare_exchange,
        pause,
        peek,
        set_float_state,
        stack_words,
    )


def _worker(args: int, lo: int, hi: int) -> int:
    pool = address_of(args)
    clock = stack_words(2)
    # Signals are Python's business: none shall end up in this thread.
    call(peek(pool, Pool.SET_SIGNAL_MASK), peek(pool, Pool.BLOCK_SIGNALS), pool + 8 * Pool.SIGNALS, 0, 0)
    floats = -1  # how this thread rounds: not known yet, it is new
    idle = 0
    began = 0
    while True:
        # A ticket is the right to do one chunk. Whoever holds one reads the job of that ticket: no other job can be
        # published before all chunks are done.
        if atomic_load(pool, Pool.TICKETS) > 0:
            ticket = atomic_add(pool, Pool.TICKETS, -1)
            if ticket > 0:
                if floats != peek(pool, Pool.FLOATS):
                    floats = peek(pool, Pool.FLOATS)
                    set_float_state(floats)
                grain = peek(pool, Pool.GRAIN)
                start = (peek(pool, Pool.CHUNKS) - ticket) * grain
                end = start + grain
                if end > peek(pool, Pool.EXTENT):
                    end = peek(pool, Pool.EXTENT)
                call(peek(pool, Pool.KERNEL), peek(pool, Pool.ARGS), start, end, 0)
                atomic_add(pool, Pool.PENDING, -1)
                idle = 0
                continue
        pause()
        idle += 1
        if idle & 15 != 1:
            continue
        call(peek(pool, Pool.CLOCK), peek(pool, Pool.CLOCK_ID), clock, 0, 0)
        now = peek(clock, 0) * 1000000000 + peek(clock, 1)
        if idle == 1:
            began = now
        if now < began + peek(pool, Pool.SPIN):
            continue
        if now < began + peek(pool, Pool.STAY):
            call(peek(pool, Pool.YIELD), 0, 0, 0, 0)
            continue
        # Go to sleep, unless work has come since: either this thread takes itself off the list of sleepers, or
        # somebody has already called it and the semaphore will not block.
        atomic_add(pool, Pool.SLEEPERS, 1)
        asleep = 1
        while asleep != 0 and atomic_load(pool, Pool.TICKETS) > 0:
            sleepers = atomic_load(pool, Pool.SLEEPERS)
            if sleepers <= 0:
                break
            if compare_exchange(pool, Pool.SLEEPERS, sleepers, sleepers - 1) != 0:
                asleep = 0
        if asleep != 0:
            while call(peek(pool, Pool.SEMAPHORE_WAIT), peek(pool, Pool.SEMAPHORE), -1, 0, 0) & 0xFFFFFFFF != 0:
                pass
        idle = 0
    return 0


WORKER_SOURCE = machine_text(_worker)
