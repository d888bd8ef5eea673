"""From the text of a kernel to a callable address: memory, then the disk cache, then the compiler.

Loading needs llvmlite alone; Numba is imported only when a kernel has to be compiled. What is loaded stays in place as
long as somebody holds its :class:`Code`. The last `RECENT` are held here, so that a session which is made again and
again finds its kernels. :func:`kernel_address` is for those who hold nothing: its kernels stay for the life of the
process.

Memory is given back when other kernels are loaded, and nowhere else: a finalizer, which may run at any time, would meet
LLVM's locks.
"""

from __future__ import annotations

import _thread
import atexit
import functools
import os
import threading
import weakref
from collections import deque
from collections.abc import Callable, Sequence

import llvmlite.binding as llvm

from staticad import config, progress
from staticad.codegen import jit, object_cache, prebuilt
from staticad.codegen.target import create_target_machine, host, level
from staticad.errors import CompileError

FORK_SECONDS = 60.0  # how long a fork waits for what is being compiled
RECENT = 256  # kernels that stay loaded though nobody holds them


class _Block:
    """Stands for the memory of kernels that were loaded together; an engine of LLVM's has it."""

    __slots__ = ("__weakref__",)


class Code:
    """A loaded kernel. The address of its C function holds as long as this object is alive."""

    __slots__ = ("__weakref__", "_block", "address")

    def __init__(self, address: int, block: _Block) -> None:
        self.address, self._block = address, block


_codes: dict[str, weakref.ref[Code]] = {}  # by what they are made of, see `jit.recipe`
_engines: list[tuple[weakref.ref[_Block], llvm.ExecutionEngine]] = []
_recent: deque[Code] = deque(maxlen=RECENT)
_kept: dict[str, Code] = {}
_lock = threading.RLock()


def kernel_address(source: str) -> int:
    """Address of the C function that ``source`` defines (see :mod:`staticad.codegen.jit` for its type), for ever.

    Equal texts have equal addresses. Safe to call from several threads. Raises CompileError when the kernel cannot be
    compiled or loaded.
    """
    recipe = jit.recipe(source)
    code = _kept.get(recipe)
    if code is None:
        code = _kept.setdefault(recipe, load((source,))[source])
    return code.address


def shared_address(symbol: str) -> int:
    """Address of a function that kernels share (`staticad.codegen.pieces.SHARED`), for ever."""
    with _lock:
        return _load_shared(symbol).address


def _known(source: str) -> Code | None:
    """The kernel of this text if it is loaded."""
    reference = _codes.get(jit.recipe(source))
    return None if reference is None else reference()


def load(sources: Sequence[str]) -> dict[str, Code]:
    """Compile or load these kernels; each by its text. Raises CompileError.

    Python calls the handlers of signals in the main thread, and in the middle of LLVM's and Numba's own locks an
    exception would leave them held for ever. So the main thread has the work done by another one, and waits. If it is
    interrupted then, the other thread ends after the kernel that it has begun.
    """
    found = {source: code for source in sources if (code := _known(source)) is not None}
    missing = [source for source in sources if source not in found]
    if not missing:
        return found
    tell = progress.teller()
    if threading.current_thread() is not threading.main_thread():
        return found | _load_all(missing, threading.Event(), tell)
    errors: list[BaseException] = []
    stop = threading.Event()

    def work() -> None:
        try:
            found.update(_load_all(missing, stop, tell))
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
    return found


def _load_all(sources: Sequence[str], stop: threading.Event, tell: progress.Tell) -> dict[str, Code]:
    found: dict[str, Code] = {}
    block, engine = _Block(), None
    for number, source in enumerate(sources, 1):
        tell(f"kernel {number} of {len(sources)}")
        with _lock:
            code = _known(source)
            if code is None and not stop.is_set():
                for shared in jit.shared_symbols(source):
                    _load_shared(shared)
                recipe, symbol, fixed = jit.recipe(source), jit.kernel_symbol(source), jit.is_machine_code(source)
                payload = _object(recipe, symbol, functools.partial(jit.compile_source, source), fixed)
                with config.timed(f"load {symbol}"):
                    if engine is None:
                        engine = _new_engine(block)
                    code = Code(_load_object(engine, payload, symbol), block)
                _codes[recipe] = weakref.ref(code)
                _recent.append(code)
            if code is not None:
                found[source] = code
    return found


def _object(recipe: str, symbol: str, compiler: Callable[[], bytes], fixed: bool) -> bytes:
    """An object file from the cache or from the compiler, or if the package brings it along from there."""
    payload = prebuilt.object_file(recipe) if fixed else None
    if payload is None:
        payload = object_cache.load(recipe)
    if payload is None:
        with config.timed(f"compile {symbol}"):
            payload = compiler()
        object_cache.store(recipe, payload)
    return payload


@functools.cache
def _load_shared(symbol: str) -> Code:
    """Make a function known to the kernels that are loaded from now on, for ever."""
    compiler = functools.partial(jit.compile_shared, symbol, level())
    payload = _object(jit.shared_recipe(symbol, level()), symbol, compiler, fixed=True)
    block = _Block()
    code = Code(_load_object(_new_engine(block), payload, symbol), block)
    llvm.add_symbol(symbol, code.address)
    return code


def _new_engine(block: _Block) -> llvm.ExecutionEngine:
    """An engine for kernels that are loaded together, after those that nobody needs any more are given back."""
    for recipe, known in list(_codes.items()):
        if known() is None:
            del _codes[recipe]
    for entry in [entry for entry in _engines if entry[0]() is None]:
        _engines.remove(entry)
        entry[1].close()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), create_target_machine(host()))
    _engines.append((weakref.ref(block), engine))
    return engine


def _load_object(engine: llvm.ExecutionEngine, payload: bytes, symbol: str) -> int:
    # llvmlite crashes on bytes that are no object file: the checksum of the cache is what keeps them out.
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
