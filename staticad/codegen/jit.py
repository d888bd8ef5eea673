"""From the text of a kernel to the bytes of an object file; Numba is imported here, on the first call.

The text defines one function of three arguments: ``kernel(args, lo, hi)``, in C ``void(int64_t*, int64_t, int64_t)``,
or ``entry(args, lo, hi)``, in C ``int64_t(int64_t*, int64_t, int64_t)``. It may use the names of
:mod:`staticad.codegen.kernel_names` and nothing else of Python's globals.
"""

from __future__ import annotations

import gc
import hashlib
import importlib
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

_compilations = 0


def compilations() -> int:
    """How many kernels this process has compiled (not loaded from a cache) so far."""
    return _compilations


def kernel_symbol(source: str) -> str:
    """Name of the C function in the object file of ``source``: the same in every process."""
    return "staticad_" + hashlib.sha256(source.encode()).hexdigest()[:32]


def compile_source(source: str) -> bytes:
    """Compile a kernel to an object file whose function is called ``kernel_symbol(source)``.

    The bytes depend on the source, the compiler and the CPU only. Raises CompileError with the line of the kernel that
    Numba rejects.
    """
    global _compilations
    with _no_collection():
        pipeline = _numba_pipeline()
        payload = bytes(pipeline.object_bytes(pipeline.build(source, kernel_symbol(source))))
    _compilations += 1
    return payload


def compile_listings(source: str) -> tuple[str, str]:
    """The optimized LLVM IR and the assembly of a kernel, for people and tests. Raises CompileError."""
    pipeline = _numba_pipeline()
    module = pipeline.build(source, kernel_symbol(source))
    return str(module), str(pipeline.assembly(module))


@contextmanager
def _no_collection() -> Iterator[None]:
    """Numba makes many objects that live for long: the collector takes time and frees nothing."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _numba_pipeline() -> ModuleType:
    # A warm program must not import Numba, so the module on top of it is not imported with this one.
    name = "staticad.codegen.numba_pipeline"
    if not sys.flags.warn_default_encoding or name in sys.modules:
        return importlib.import_module(name)
    with warnings.catch_warnings():  # Numba opens a file without an encoding, which is not the user's fault
        warnings.simplefilter("ignore", EncodingWarning)
        return importlib.import_module(name)
