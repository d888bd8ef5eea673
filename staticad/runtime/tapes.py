"""The memory of sequences that grow while a run makes them: how it grows, where that ends, and when it is given back.

What the backward pass of a while loop needs has no bound that is known before the run. All sequences of a session, for
all sizes that it runs with, lie in the same blocks, since only one of its runs is under way at a time. They share one
limit: the setting ``tape_limit``, or else three quarters of the memory that is available. It is compared when sizes are
bound, and again during a run whenever sequences have grown by much.
"""

from __future__ import annotations

import ctypes
import functools
import weakref
from typing import TYPE_CHECKING

import numpy as np

from staticad import config
from staticad.codegen.loader import kernel_address
from staticad.runtime.available import AVAILABLE_SOURCE, available_memory, has_memory_file, memory_file
from staticad.runtime.forks import process
from staticad.runtime.layout import Process, Record, RecordBlock, Tape
from staticad.runtime.locks import Lock, patiently
from staticad.runtime.machine import Program, Step
from staticad.runtime.machine_text import machine_text
from staticad.runtime.memory import IDLE, LARGE, aligned_words
from staticad.runtime.workers import c_function

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.machine_language import address_of, atomic_add, call, peek, poke

FIRST = 64  # slices that a sequence begins with


def _grow(args: int, lo: int, hi: int) -> int:
    # args: the Record of a full sequence; lo: the Tape; hi: the bytes that it needs. 0 where there is no memory.
    record = address_of(args)
    kept = peek(record, Record.BLOCK)
    size = peek(record, Record.BYTES)
    capacity = peek(kept, RecordBlock.CAPACITY)
    more = capacity
    if more < FIRST * size:
        more = FIRST * size
    if more < hi - capacity:
        more = hi - capacity
    spare = peek(lo, Tape.LIMIT) - peek(lo, Tape.TOTAL)
    unseen = peek(lo, Tape.UNSEEN) + more
    if unseen > LARGE and peek(lo, Tape.AVAILABLE) != 0:
        free = call(peek(lo, Tape.AVAILABLE), lo + 8 * Tape.OPEN, peek(lo, Tape.PATH), 0, 0)
        if free >= 0 and free // 4 * 3 < spare:
            spare = free // 4 * 3
        unseen = 0
    if more > spare:
        more = spare // size * size
        if more < hi - capacity or more < capacity // 8:
            return 0
    process = peek(lo, Tape.PROCESS)
    call(peek(process, Process.ENTER), process, 0, 0, 0)
    grown = call(peek(lo, Tape.REALLOCATE), peek(kept, RecordBlock.MEMORY), capacity + more + 64, 0, 0)
    if grown != 0:
        poke(kept, RecordBlock.MEMORY, grown)
        poke(kept, RecordBlock.CAPACITY, capacity + more)
        poke(lo, Tape.TOTAL, peek(lo, Tape.TOTAL) + more)
        poke(lo, Tape.UNSEEN, unseen)
    atomic_add(process, Process.INSIDE, -1)
    return 1 if grown != 0 else 0


def _shrink(args: int, lo: int, hi: int) -> None:
    # args: the RecordBlock of a sequence that begins anew; lo: the Tape.
    kept = address_of(args)
    capacity = peek(kept, RecordBlock.CAPACITY)
    idle = peek(kept, RecordBlock.IDLE) + 1
    if peek(kept, RecordBlock.USED) >= capacity // 4:
        idle = 0
    poke(kept, RecordBlock.IDLE, idle)
    if idle >= IDLE:
        process = peek(lo, Tape.PROCESS)
        call(peek(process, Process.ENTER), process, 0, 0, 0)
        call(peek(lo, Tape.FREE), peek(kept, RecordBlock.MEMORY), 0, 0, 0)
        poke(kept, RecordBlock.MEMORY, 0)
        poke(kept, RecordBlock.CAPACITY, 0)
        poke(kept, RecordBlock.IDLE, 0)
        poke(lo, Tape.TOTAL, peek(lo, Tape.TOTAL) - capacity)
        atomic_add(process, Process.INSIDE, -1)


GROW_SOURCE, SHRINK_SOURCE = machine_text(_grow), machine_text(_shrink)


@functools.cache
def _path() -> ctypes.Array[ctypes.c_char]:
    return ctypes.create_string_buffer(memory_file())


def _release(args: int, lo: int, hi: int) -> None:
    # args: the Tape, the number of sequences and the address of the RecordBlock of each.
    words = address_of(args)
    tape = peek(words, 0)
    for k in range(peek(words, 1)):
        kept = peek(words, 2 + k)
        call(peek(tape, Tape.FREE), peek(kept, RecordBlock.MEMORY), 0, 0, 0)
        poke(kept, RecordBlock.MEMORY, 0)
        poke(kept, RecordBlock.CAPACITY, 0)
    poke(tape, Tape.TOTAL, 0)


RELEASE_SOURCE = machine_text(_release)
SOURCES = (GROW_SOURCE, SHRINK_SOURCE, RELEASE_SOURCE, AVAILABLE_SOURCE)  # of all that records


class Records:
    """The blocks of a session's sequences, by number, and the Tape. The memory is given back when nothing refers to
    this object any more; at the end of the process nothing is, for daemon threads run on."""

    def __init__(self) -> None:
        self._blocks: list[np.ndarray] = []
        self._tape = words = aligned_words(Tape.WORDS)
        words[Tape.REALLOCATE], words[Tape.FREE] = c_function("realloc"), c_function("free")
        words[Tape.SHRINK] = kernel_address(SHRINK_SOURCE)
        words[Tape.PROCESS] = process().ctypes.data
        if has_memory_file():
            words[Tape.PATH] = ctypes.addressof(_path())
            words[Tape.OPEN], words[Tape.READ], words[Tape.CLOSE] = map(c_function, ("open", "read", "close"))
        kernel_address(RELEASE_SOURCE)  # a finalizer loads nothing
        weakref.finalize(self, _free, words, self._blocks).atexit = False

    @property
    def kept(self) -> int:
        """Bytes that the sequences have at present."""
        return int(self._tape[Tape.TOTAL])

    def tape(self) -> int:
        """The address of the Tape, whose limit is that of the settings or of the memory at this moment."""
        words, limit = self._tape, config.settings().tape_limit
        asked = limit is None and words[Tape.PATH] != 0
        words[Tape.AVAILABLE] = kernel_address(AVAILABLE_SOURCE) if asked else 0
        words[Tape.LIMIT] = self.kept + available_memory() // 4 * 3 if limit is None else limit
        return int(words.ctypes.data)

    def block(self, number: int) -> int:
        """The address of the RecordBlock of a sequence."""
        while len(self._blocks) <= number:
            self._blocks.append(aligned_words(RecordBlock.WORDS))
        return int(self._blocks[number].ctypes.data)

    def release(self, lock: Lock) -> None:
        """Give back the memory, which is kept for the next run otherwise, as soon as the session's lock is free."""
        if self._blocks:
            program = Program(
                feeds=[],
                outs=[],
                arguments=_release_words(self._tape, self._blocks),
                patches=[],
                compute=[Step(kernel_address(RELEASE_SOURCE), 0, 1)],
                locks=[(lock, True)],
                keep_alive=(self,),
            )
            patiently(program.run, ())


def _release_words(tape: np.ndarray, blocks: list[np.ndarray]) -> np.ndarray:
    addresses = [int(block.ctypes.data) for block in blocks]
    return np.array([tape.ctypes.data, len(addresses), *addresses], np.int64)


def _free(tape: np.ndarray, blocks: list[np.ndarray]) -> None:
    words = _release_words(tape, blocks)
    kernel = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)(kernel_address(RELEASE_SOURCE))
    kernel(words.ctypes.data, 0, 0)
