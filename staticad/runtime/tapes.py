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

from staticad import config
from staticad.codegen.loader import kernel_address
from staticad.runtime.available import AVAILABLE_SOURCE, available_memory, has_memory_file, memory_file
from staticad.runtime.layout import Record, Tape
from staticad.runtime.machine_text import machine_text
from staticad.runtime.workers import c_function

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.machine_language import address_of, call, peek, poke

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
    grown = call(peek(lo, Tape.REALLOCATE), peek(memory, 0), (capacity + more) * size + 64, 0, 0)
    if grown == 0:
        return 0
    poke(memory, 0, grown)
    poke(memory, 1, capacity + more)
    poke(lo, Tape.TOTAL, peek(lo, Tape.TOTAL) + more * size)
    return 1


GROW_SOURCE = machine_text(_grow)


@functools.cache
def _path() -> ctypes.Array[ctypes.c_char]:
    return ctypes.create_string_buffer(memory_file())


def tape_words() -> list[int]:
    """A new Tape: nothing is recorded yet, the limit is that of the settings or of the memory at this moment."""
    words = [0] * Tape.WORDS
    words[Tape.REALLOCATE] = c_function("realloc")
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


def release(tape: int, records: Sequence[int]) -> None:
    """Give back the memory of the sequences whose blocks (address of the memory, number of slices) are at the addresses
    ``records``; the Tape is at the address ``tape``."""
    free = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(c_function("free"))
    for record in records:
        memory, capacity = ctypes.c_int64.from_address(record), ctypes.c_int64.from_address(record + 8)
        if memory.value:
            free(memory.value)
        memory.value = capacity.value = 0
    ctypes.c_int64.from_address(tape + 8 * Tape.TOTAL).value = 0
