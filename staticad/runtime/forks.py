"""What a fork must not cut in two: the steps of a run that change variables, and the growing of what loops record.

Such a section of compiled code is entered and left (:data:`ENTER_SOURCE`), without the interpreter's lock. A fork first
shuts the entrance and waits until nobody is inside. So the child has all old or all new values of a run. Nobody waits
without end: a fork for at most `FORK_WAITS` milliseconds for what is inside, and who wants to enter for at most
`ENTER_WAITS`, since the thread that forks may itself wait for a lock that this thread holds.

In the child no other thread goes on, and what it held is free: locks carry the generation of the process that wrote
them. The handlers of forks are compiled functions, so that no signal interrupts them.
"""

from __future__ import annotations

import ctypes
import functools
import os
from typing import TYPE_CHECKING

import numpy as np

from staticad.codegen.loader import forks_wait, kernel_address
from staticad.runtime.abi import ARRAY_DATA, python_function
from staticad.runtime.builtin import METH_FASTCALL, builtin_function, method_definition
from staticad.runtime.layout import Process
from staticad.runtime.machine_text import machine_text
from staticad.runtime.memory import aligned_words
from staticad.runtime.workers import c_function

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.machine_language import address_of, atomic_add, atomic_load, atomic_store, call, peek

FORK_WAITS = 10_000
ENTER_WAITS = 1_000


def _enter(args: int, lo: int, hi: int) -> None:
    # args: the Process. To leave, take 1 off the threads inside.
    process = address_of(args)
    atomic_add(process, Process.INSIDE, 1)
    waits = 0
    while atomic_load(process, Process.FORKS) != 0 and waits < ENTER_WAITS:
        atomic_add(process, Process.INSIDE, -1)
        call(peek(process, Process.SLEEP), 1000, 0, 0, 0)
        atomic_add(process, Process.INSIDE, 1)
        waits += 1


def _fork(args: int, lo: int, hi: int) -> int:
    # Called without arguments before a fork, with one after it in the parent, with two in the child.
    process = peek(address_of(args) + ARRAY_DATA, 0)
    if hi == 0:
        atomic_add(process, Process.FORKS, 1)
        waits = 0
        while atomic_load(process, Process.INSIDE) != 0 and waits < FORK_WAITS:
            thread = call(peek(process, Process.SAVE_THREAD), 0, 0, 0, 0)
            call(peek(process, Process.SLEEP), 1000, 0, 0, 0)
            call(peek(process, Process.RESTORE_THREAD), thread, 0, 0, 0)
            waits += 1
    elif hi == 1:
        atomic_add(process, Process.FORKS, -1)
    else:
        atomic_store(process, Process.FORKS, 0)
        atomic_store(process, Process.INSIDE, 0)
        atomic_add(process, Process.GENERATION, 1)
    return call(peek(process, Process.NEW_BOOL), 1, 0, 0, 0)


ENTER_SOURCE, FORK_SOURCE = machine_text(_enter), machine_text(_fork)


@functools.cache
def process() -> np.ndarray:
    """The words of this process, see :class:`staticad.runtime.layout.Process`; from then on forks look at them."""
    words = aligned_words(Process.WORDS)
    words[Process.ENTER] = kernel_address(ENTER_SOURCE)
    words[Process.SLEEP] = c_function("usleep")
    words[Process.SAVE_THREAD] = python_function("PyEval_SaveThread")
    words[Process.RESTORE_THREAD] = python_function("PyEval_RestoreThread")
    words[Process.NEW_BOOL] = python_function("PyBool_FromLong")
    if hasattr(os, "register_at_fork"):
        fork = builtin_function(_definition(), words)
        os.register_at_fork(
            before=fork,
            after_in_parent=functools.partial(fork, None),
            after_in_child=functools.partial(fork, None, None),
        )
        forks_wait()  # the last that is registered comes first: whoever compiles may take long
    return words


@functools.cache
def _definition() -> ctypes.Structure:
    return method_definition("fork", kernel_address(FORK_SOURCE), METH_FASTCALL)
