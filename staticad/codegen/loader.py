"""From the text of a kernel to a callable address: memory, then the disk cache, then the compiler.

:func:`kernel_address` is the one entry that everyone uses. Loading needs llvmlite alone; Numba is imported only when a
kernel has to be compiled. Loaded code stays in place for the life of the process, so an address never dies.
"""

from __future__ import annotations

import _thread
import atexit
import functools
import os
import threading
from collections.abc import Sequence

import llvmlite.binding as llvm

from staticad import config
from staticad.codegen import jit, object_cache
from staticad.codegen.target import create_target_machine
from staticad.errors import CompileError

FORK_SECONDS = 60.0  # how long a fork waits for what is being compiled

_addresses: dict[str, int] = {}
_lock = threading.RLock()


def kernel_address(source: str) -> int:
    """Address of the C function that ``source`` defines (see :mod:`staticad.codegen.jit` for its type).

    Equal texts have equal addresses. Safe to call from several threads. Raises CompileError when the kernel cannot be
    compiled or loaded.
    """
    if source not in _addresses:
        load((source,))
    return _addresses[source]


def load(sources: Sequence[str]) -> None:
    """Compile or load these kernels, so that `kernel_address` has them. Raises CompileError.

    Python calls the handlers of signals in the main thread, and in the middle of LLVM's and Numba's own locks an
    exception would leave them held for ever. So the main thread has the work done by another one, and waits. If it is
    interrupted then, the other thread ends after the kernel that it has begun.
    """
    missing = [source for source in sources if source not in _addresses]
    if not missing:
        return
    if threading.current_thread() is not threading.main_thread():
        _load_all(missing, threading.Event())
        return
    errors: list[BaseException] = []
    stop = threading.Event()

    def work() -> None:
        try:
            _load_all(missing, stop)
        except BaseException as error:
            errors.append(error)
        finally:
            done.release()

    # Of threads, too, only the functions in C stand an exception at any point.
    done = _thread.allocate_lock()
    done.acquire()
    try:
        try:
            _thread.start_new_thread(work, ())
        except RuntimeError:  # no thread can be started, for instance when the process is about to end
            work()
        done.acquire()
    except BaseException:
        stop.set()
        raise
    if errors:
        raise errors[0]


def _load_all(sources: Sequence[str], stop: threading.Event) -> None:
    for source in sources:
        with _lock:
            if source not in _addresses and not stop.is_set():
                symbol = jit.kernel_symbol(source)
                payload = object_cache.load(source)
                if payload is None:
                    with config.timed(f"compile {symbol}"):
                        payload = jit.compile_source(source)
                    object_cache.store(source, payload)
                with config.timed(f"load {symbol}"):
                    _addresses[source] = _load_object(payload, symbol)


@functools.cache
def _engine() -> llvm.ExecutionEngine:
    """Holds all loaded code. It must outlive every use of an address, so it is never closed."""
    machine = create_target_machine()
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)


def _load_object(payload: bytes, symbol: str) -> int:
    # llvmlite crashes on bytes that are no object file: the checksum of the cache is what keeps them out.
    engine = _engine()
    engine.add_object_file(llvm.ObjectFileRef.from_data(payload))
    engine.finalize_object()
    address = int(engine.get_function_address(symbol))
    if not address:
        raise CompileError(f"the object file of {symbol} does not define it")
    return address


@atexit.register
def _settle() -> None:
    """Wait for a compilation that an interrupted thread has left behind, before LLVM is taken apart."""
    with _lock:
        pass


def forks_wait() -> None:
    """From now on a fork first waits for the kernel that another thread is compiling: in the child nobody would go on
    with it, and the compiler's locks would be held for ever. May be called again, to be the first that a fork does."""
    if hasattr(os, "register_at_fork"):
        # All three are functions in C, which signals do not interrupt halfway.
        os.register_at_fork(
            before=functools.partial(_lock.acquire, True, FORK_SECONDS),
            after_in_parent=_lock.release,
            after_in_child=_lock._at_fork_reinit,  # type: ignore[attr-defined]
        )


forks_wait()
