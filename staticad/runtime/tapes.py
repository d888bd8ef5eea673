"""The memory of sequences that grow while a run makes them: how it grows, and where that ends.

What the backward pass of a while loop needs has no bound that is known before the run. All sequences of a binding share
one limit: the setting ``tape_limit``, or else three quarters of the memory that is available. It is compared when the
sizes are bound, and again during a run whenever a sequence is about to grow by much.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from staticad import config
from staticad.codegen.loader import kernel_address
from staticad.runtime.available import AVAILABLE_SOURCE, available_memory, has_memory_file, memory_file
from staticad.runtime.forks import process
from staticad.runtime.layout import Process, Record, Tape
from staticad.runtime.machine_text import machine_text
from staticad.runtime.workers import c_function

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.machine_language import address_of, atomic_add, call, peek, poke

FIRST = 64  # slices that a sequence begins with
LARGE = 64 << 20  # bytes by which a sequence grows only after another look at the available memory


def _grow(args: int, lo: int, hi: int) -> int:
    # args: the Record of a full sequence; lo: the Tape. Room for more slices; 0 where there is no memory for them.
    record = address_of(args)
    memory = peek(record, Record.BLOCK)
    size = peek(record, Record.BYTES)
    capacity = peek(memory, 1)
    more = capacity
    if more < FIRST:
        more = FIRST
    spare = peek(lo, Tape.LIMIT) - peek(lo, Tape.TOTAL)
    if more * size > LARGE and peek(lo, Tape.AVAILABLE) != 0:
        free = call(peek(lo, Tape.AVAILABLE), lo + 8 * Tape.OPEN, peek(lo, Tape.PATH), 0, 0)
        if free >= 0 and free // 4 * 3 < spare:
            spare = free // 4 * 3
    if size > 0 and more * size > spare:
        more = spare // size
        if more < 1 + capacity // 8:
            return 0
    process = peek(lo, Tape.PROCESS)
    call(peek(process, Process.ENTER), process, 0, 0, 0)
    grown = call(peek(lo, Tape.REALLOCATE), peek(memory, 0), (capacity + more) * size + 64, 0, 0)
    if grown != 0:
        poke(memory, 0, grown)
        poke(memory, 1, capacity + more)
        poke(lo, Tape.TOTAL, peek(lo, Tape.TOTAL) + more * size)
    atomic_add(process, Process.INSIDE, -1)
    return 1 if grown != 0 else 0


GROW_SOURCE = machine_text(_grow)


@functools.cache
def _path() -> ctypes.Array[ctypes.c_char]:
    return ctypes.create_string_buffer(memory_file())


def tape_words() -> list[int]:
    """A new Tape: nothing is recorded yet, the limit is that of the settings or of the memory at this moment."""
    words = [0] * Tape.WORDS
    words[Tape.REALLOCATE] = c_function("realloc")
    words[Tape.PROCESS] = int(process().ctypes.data)
    limit = config.settings().tape_limit
    if limit is not None:
        words[Tape.LIMIT] = limit
        return words
    words[Tape.LIMIT] = available_memory() // 4 * 3
    if has_memory_file():
        words[Tape.AVAILABLE] = kernel_address(AVAILABLE_SOURCE)
        words[Tape.PATH] = ctypes.addressof(_path())
        words[Tape.OPEN], words[Tape.READ], words[Tape.CLOSE] = map(c_function, ("open", "read", "close"))
    return words


def _release(args: int, lo: int, hi: int) -> None:
    # args: the function `free`, the Tape, the number of sequences and the address of the block of each.
    words = address_of(args)
    for k in range(peek(words, 2)):
        memory = peek(words, 3 + k)
        call(peek(words, 0), peek(memory, 0), 0, 0, 0)
        poke(memory, 0, 0)
        poke(memory, 1, 0)
    poke(peek(words, 1), Tape.TOTAL, 0)


RELEASE_SOURCE = machine_text(_release)


def release_words(tape: int, records: Sequence[int]) -> np.ndarray:
    """The arguments of the kernel that gives back the memory of sequences: their blocks (address of the memory, number
    of slices) are at the addresses ``records``, the Tape is at the address ``tape``."""
    return np.array([c_function("free"), tape, len(records), *records], np.int64)


def release(tape: int, records: Sequence[int]) -> None:
    """Give back the memory of sequences that no run can reach."""
    words = release_words(tape, records)
    kernel = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)(kernel_address(RELEASE_SOURCE))
    kernel(words.ctypes.data, 0, 0)
