"""BLAS keeps to one thread while programs run: large products are cut over the program's own workers.

With its own threads, OpenBLAS would give results that depend on their number; and its idle threads occupy a core for
tens of milliseconds after each product, just when the next kernels want it for a worker.

The number of threads is a setting of the whole process. The machine counts the runs under way (under the global
interpreter lock), sets one thread with the first and the former number again with the last; a NumPy product in another
thread at that moment runs on one thread, too. A number that the user sets meanwhile is one that the machine has not
set: the next run takes it for the former number, and the last one leaves it alone. (One that is 1 can't be told apart.)
"""

from __future__ import annotations

import ctypes
import functools
import os

import numpy as np

from staticad.codegen.library import thread_control
from staticad.runtime.layout import BlasThreads
from staticad.runtime.memory import aligned_words


@functools.cache
def blas_threads() -> np.ndarray | None:
    """The shared words (:class:`BlasThreads`), or None when BLAS has no such setting."""
    functions = thread_control()
    if functions is None:
        return None
    words = aligned_words(BlasThreads.WORDS)
    words[BlasThreads.GET], words[BlasThreads.SET] = functions
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: _reset(words))
    return words


def _reset(words: np.ndarray) -> None:
    """In the child of a fork no run is under way, whatever other threads were doing."""
    if words[BlasThreads.RUNS] > 0:
        words[BlasThreads.RUNS] = 0
        if ctypes.CFUNCTYPE(ctypes.c_int)(int(words[BlasThreads.GET]))() == 1:
            ctypes.CFUNCTYPE(None, ctypes.c_int)(int(words[BlasThreads.SET]))(int(words[BlasThreads.FORMER]))
