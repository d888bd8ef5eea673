"""The worker threads' shared memory: one pool for the process, used by one program at a time.

The workers are plain system threads that run a compiled loop (``_worker`` in :mod:`staticad.runtime.worker_source`);
they know nothing of Python. The machine starts them with the first step that is large enough to be cut, so a process
that never needs them has none. An idle worker looks for work for :data:`SPIN_NANOSECONDS`, then goes on
looking but lets every other thread that wants the core go first (among them the equally idle threads of a BLAS), and
after :data:`STAY_NANOSECONDS` sleeps on a semaphore.

After a fork the child has no workers; the pool is reset there and the machine starts new ones. The pool's memory and
the workers' code are never freed, so that the workers may run until the process is gone.
"""

from __future__ import annotations

import ctypes
import functools
import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import numpy as np

from staticad.codegen.loader import kernel_address
from staticad.errors import CompileError
from staticad.late import later
from staticad.runtime.layout import Pool
from staticad.runtime.memory import aligned_words

if TYPE_CHECKING:
    from staticad.runtime import worker_source
else:
    worker_source = later("staticad.runtime.worker_source")

# Long enough to meet the next step of the same run.
SPIN_NANOSECONDS = 30_000
# Long enough to meet the next run of a training loop. A thread that has to be woken may start on the core of the thread
# that wakes it and be of no use for milliseconds; one that still runs has a core of its own.
STAY_NANOSECONDS = 2_000_000

_DISPATCH_SEMAPHORE = sys.platform == "darwin"  # macOS has no unnamed POSIX semaphores


@functools.cache
def pool() -> np.ndarray:
    """The pool, ready for the machine: ``Pool.WORDS`` int64 words. Raises CompileError without POSIX threads."""
    words = aligned_words(Pool.WORDS)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(words.base if words.base is not None else words))
    words[Pool.WORKER] = kernel_address(worker_source.WORKER_SOURCE)
    words[Pool.CREATE_THREAD] = c_function("pthread_create")
    words[Pool.SET_SIGNAL_MASK] = c_function("pthread_sigmask")
    words[Pool.BLOCK_SIGNALS] = int(signal.SIG_SETMASK)
    words[Pool.SIGNALS : Pool.SIGNALS + 16] = -1
    wait, post = (
        ("dispatch_semaphore_wait", "dispatch_semaphore_signal") if _DISPATCH_SEMAPHORE else ("sem_wait", "sem_post")
    )
    words[Pool.SEMAPHORE_WAIT] = c_function(wait)
    words[Pool.SEMAPHORE_POST] = c_function(post)
    words[Pool.YIELD] = c_function("sched_yield")
    words[Pool.CLOCK] = c_function("clock_gettime")
    words[Pool.CLOCK_ID] = time.CLOCK_MONOTONIC
    words[Pool.SPIN] = SPIN_NANOSECONDS
    words[Pool.STAY] = STAY_NANOSECONDS
    _reset(words)
    os.register_at_fork(after_in_child=lambda: _reset(words))
    return words


def c_function(name: str) -> int:
    """Address of a function of the C library. Raises CompileError when there is none of this name."""
    try:
        address = ctypes.cast(getattr(ctypes.CDLL(None), name), ctypes.c_void_p).value
    except (AttributeError, TypeError) as error:
        raise CompileError(f"worker threads need the C function {name}; set STATICAD_THREADS=1") from error
    assert address is not None
    return address


def _reset(words: np.ndarray) -> None:
    """The state before the first worker: nobody runs, nobody sleeps, nothing to do."""
    for word in (Pool.LOCK, Pool.TICKETS, Pool.PENDING, Pool.SLEEPERS, Pool.STARTED):
        words[word] = 0
    if _DISPATCH_SEMAPHORE:
        create = ctypes.CDLL(None).dispatch_semaphore_create
        create.restype = ctypes.c_void_p
        words[Pool.SEMAPHORE] = create(ctypes.c_long(0))
    else:
        address = words[Pool.SEMAPHORE_BODY :].ctypes.data
        words[Pool.SEMAPHORE] = address
        if ctypes.CDLL(None, use_errno=True).sem_init(ctypes.c_void_p(address), 0, 0) != 0:
            raise CompileError(f"sem_init failed: {os.strerror(ctypes.get_errno())}; set STATICAD_THREADS=1")
