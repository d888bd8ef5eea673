"""From the text of a kernel to a callable address: memory, then the disk cache, then the compiler.

The compiler, with LLVM and Numba, is imported only when a kernel has to be compiled; LLVM also where it has to load one
(`staticad.codegen.images`). What is loaded stays in place as long as somebody holds its :class:`Code`. The last
`RECENT` are held here, so that a session which is made again and again finds its kernels. :func:`kernel_address` is for
those who hold nothing: its kernels stay for the life of the process.

What LLVM has loaded it gives back when other kernels are loaded, and nowhere else: a finalizer, which may run at any
time, would meet its locks.
"""

from __future__ import annotations

import _thread
import atexit
import os
import threading
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from staticad import config, progress
from staticad.codegen import images, object_cache, prebuilt, recipes
from staticad.codegen.target import create_target_machine, host, level
from staticad.errors import CompileError
from staticad.late import later

if TYPE_CHECKING:
    import llvmlite.binding as llvm

    from staticad.codegen import jit
else:
    llvm, jit = later("llvmlite.binding"), later("staticad.codegen.jit")

FORK_SECONDS = 60.0  # how long a fork waits for what is being compiled
RECENT = 256  # kernels that stay loaded though nobody holds them


class _Block:
    """Stands for the memory of kernels that LLVM has loaded together, in one engine."""

    __slots__ = ("__weakref__",)


class Code:
    """A loaded kernel. The address of its C function holds as long as this object is alive."""

    __slots__ = ("__weakref__", "_memory", "address")

    def __init__(self, address: int, memory: _Block | images.Image) -> None:
        self.address, self._memory = address, memory


_codes: dict[str, weakref.ref[Code]] = {}  # by what they are made of, see `recipes.recipe`
_shared: dict[str, Code] = {}  # the functions that kernels share, by their symbols
_engines: list[tuple[weakref.ref[_Block], llvm.ExecutionEngine]] = []
_recent: deque[Code] = deque(maxlen=RECENT)
_kept: dict[str, Code] = {}
_lock = threading.RLock()


def kernel_address(source: str) -> int:
    """Address of the C function that ``source`` defines (see :mod:`staticad.codegen.jit` for its type), for ever.

    Equal texts have equal addresses. Safe to call from several threads. Raises CompileError when the kernel cannot be
    compiled or loaded.
    """
    recipe = recipes.recipe(source)
    code = _kept.get(recipe)
    if code is None:
        code = _kept.setdefault(recipe, load((source,))[source])
    return code.address


def shared_address(symbol: str) -> int:
    """Address of a function that kernels share (`staticad.codegen.recipes.SHARED`), for ever."""
    with _lock:
        return _load_shared(symbol).address


def _known(source: str) -> Code | None:
    """The kernel of this text if it is loaded."""
    reference = _codes.get(recipes.recipe(source))
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
    engine = _Engine()
    with _lock:
        for recipe in [recipe for recipe, known in _codes.items() if known() is None]:
            del _codes[recipe]
    for number, source in enumerate(sources, 1):
        tell(f"kernel {number} of {len(sources)}")
        with _lock:
            code = _known(source)
            if code is None and not stop.is_set():
                recipe, symbol = recipes.recipe(source), recipes.kernel_symbol(source)
                fixed = recipes.is_machine_code(source)
                common = "" if fixed else recipes.common_recipe(source, level())
                payload = _object(recipe, symbol, partial(_compiled, source), fixed, common)
                for shared in recipes.shared_symbols(payload):
                    _load_shared(shared)
                with config.timed(f"load {symbol}"):
                    code = _load_object(payload, symbol, engine)
                _codes[recipe] = weakref.ref(code)
                _recent.append(code)
            if code is not None:
                found[source] = code
    return found


def _compiled(source: str) -> bytes:
    return jit.compile_source(source)


def _object(recipe: str, symbol: str, compiler: Callable[[], bytes], fixed: bool, common: str = "") -> bytes:
    """An object file from the cache or from the compiler, or if the package brings it along from there: what is fixed,
    or kernels that are ``common``."""
    payload = prebuilt.object_file(recipe) if fixed else None
    if payload is None:
        payload = object_cache.load(recipe)
    if payload is None and common:
        payload = prebuilt.object_file(common)
    if payload is None:
        with config.timed(f"compile {symbol}"):
            payload = compiler()
        object_cache.store(recipe, payload)
    return payload


def _load_shared(symbol: str) -> Code:
    """Make a function known to the kernels that are loaded from now on, for ever."""
    code = _shared.get(symbol)
    if code is None:
        recipe = recipes.shared_recipe(symbol, level())
        payload = _object(recipe, symbol, lambda: jit.compile_shared(symbol, level()), fixed=True)
        code = _shared[symbol] = _load_object(payload, symbol, _Engine())
    return code


class _Engine:
    """LLVM's loader for kernels that are loaded together, as soon as it is needed."""

    def __init__(self) -> None:
        self._block = _Block()
        self._engine: llvm.ExecutionEngine | None = None

    def load(self, payload: bytes, symbol: str) -> Code:
        if self._engine is None:
            self._engine = _new_engine(self._block)
        # llvmlite crashes on bytes that are no object file: the checksum of the cache is what keeps them out.
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(payload))
        self._engine.finalize_object()
        address = int(self._engine.get_function_address(symbol))
        if not address:
            raise CompileError(f"the object file of {symbol} does not define it")
        return Code(address, self._block)


def _new_engine(block: _Block) -> llvm.ExecutionEngine:
    """An engine for kernels that are loaded together, after those that nobody needs any more are given back."""
    for entry in [entry for entry in _engines if entry[0]() is None]:
        _engines.remove(entry)
        entry[1].close()
    for symbol, code in _shared.items():
        llvm.add_symbol(symbol, code.address)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), create_target_machine(host()))
    _engines.append((weakref.ref(block), engine))
    return engine


def _load_object(payload: bytes, symbol: str, engine: _Engine) -> Code:
    image = images.load(payload, symbol, _function)
    return engine.load(payload, symbol) if image is None else Code(image.address, image)


def _function(name: str) -> int:
    """The address of a function that kernels call; 0 for none."""
    code = _shared.get(name)
    return images.process_function(name) if code is None else code.address


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
            before=partial(_lock.acquire, True, FORK_SECONDS),
            after_in_parent=_lock.release,
            after_in_child=_lock._at_fork_reinit,  # type: ignore[attr-defined]
        )


forks_wait()
