"""From the text of a kernel to a callable address: memory, then the disk cache, then the compiler.

:func:`kernel_address` is the one entry that everyone uses. Loading needs llvmlite alone; Numba is imported only when a
kernel has to be compiled. Loaded code stays in place for the life of the process, so an address never dies.
"""

from __future__ import annotations

import functools
import os
import threading

import llvmlite.binding as llvm

from staticad import config
from staticad.codegen import jit, object_cache
from staticad.codegen.target import create_target_machine
from staticad.errors import CompileError

_addresses: dict[str, int] = {}
_lock = threading.RLock()


def kernel_address(source: str) -> int:
    """Address of the C function that ``source`` defines (see :mod:`staticad.codegen.jit` for its type).

    Equal texts have equal addresses. Safe to call from several threads. Raises CompileError when the kernel cannot be
    compiled or loaded.
    """
    address = _addresses.get(source)
    if address is not None:
        return address
    with _lock:
        if source not in _addresses:
            symbol = jit.kernel_symbol(source)
            payload = object_cache.load(source)
            if payload is None:
                with config.timed(f"compile {symbol}"):
                    payload = jit.compile_source(source)
                object_cache.store(source, payload)
            with config.timed(f"load {symbol}"):
                _addresses[source] = _load_object(payload, symbol)
        return _addresses[source]


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


def _reset_lock() -> None:
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    # Another thread may have held the lock when the process forked; the child has no such thread.
    os.register_at_fork(after_in_child=_reset_lock)
