"""A plan bound to sizes, as tables that the compiled dispatcher walks: one call from Python per run.

:class:`Program` is built once per binding of sizes (tens of microseconds; a session keeps one per binding that it has
seen) and does not change. ``program.run(feeds)`` checks the feeds, creates the results, binds the pointers, runs all
steps with the global interpreter lock released, and returns the results; it costs a few hundred nanoseconds.

    program = Program(feeds=[ArraySpec(np.dtype("f4"), (32, 64))], outs=[...], arguments=[...], patches=[...],
                      compute=[Step(kernel_address(source), args=0, extent=32)], commit=[])
    result = program.run((x,))
    if type(result) is int: ...   # nothing was computed; CODES and `misfit` say why
"""

from __future__ import annotations

import ctypes
import functools
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from staticad import config
from staticad.codegen.loader import Code, kernel_address, load
from staticad.errors import CompileError
from staticad.late import later
from staticad.records import NamedTuple, dataclass
from staticad.runtime import abi
from staticad.runtime.builtin import METH_FASTCALL, builtin_function, method_definition
from staticad.runtime.float_state import FLUSHING, IEEE
from staticad.runtime.forks import ENTER_SOURCE, FORK_SOURCE, process
from staticad.runtime.layout import CACHE_LINE_WORDS, CODES, Context, Measure, members
from staticad.runtime.layout import Patch as PatchWords
from staticad.runtime.layout import Step as StepWords
from staticad.runtime.locks import Lock
from staticad.runtime.machine_source import MACHINE_SOURCE
from staticad.runtime.memory import aligned_words
from staticad.runtime.workers import c_function, pool

if TYPE_CHECKING:
    from staticad.runtime import blas_threads, worker_source
else:  # of programs that have products, and of those that run on several threads
    blas_threads, worker_source = later("staticad.runtime.blas_threads"), later("staticad.runtime.worker_source")

__all__ = ["CODES", "ArraySpec", "Patch", "Program", "Step"]


@dataclass(frozen=True, slots=True)
class ArraySpec:
    """What a feed must be or what a result is: a C-contiguous array of this dtype and shape.

    ``dtype`` is the canonical object, ``np.dtype("float32")``, in native byte order; that of a feed may be another
    object that says the same. A feed of shape ``()`` may also be a NumPy scalar of the dtype, and a Python float where
    the dtype is float64.
    """

    dtype: np.dtype
    shape: tuple[int, ...]


class Step(NamedTuple):
    """One kernel call ``kernel(&arguments[args], 0, extent)``, cut into chunks of ``grain`` when that is not 0.

    A step that may be cut must give the same result for any order of its chunks. Chunks are the same for every number
    of threads.
    """

    kernel: int
    args: int
    extent: int
    grain: int = 0


class Patch(NamedTuple):
    """Before each run ``arguments[slot] = address of source + offset``.

    ``source`` counts the feeds, then the results: result ``j`` is ``len(feeds) + j``. ``offset`` is in bytes.
    """

    slot: int
    source: int
    offset: int = 0


class _Tables(np.ndarray):
    """The tables of a program as the function that runs it holds them: they keep alive what they point to."""

    keep_alive: tuple[object, ...]


class Program:
    """Immutable tables for the machine, and :attr:`run`.

    Parameters:

    - ``feeds`` and ``outs``, in order;
    - ``arguments``: the blocks of all steps in one list of int64, with the addresses of buffers that never move (arena,
      variables, constants) and the sizes already filled in; ``patches`` for the slots whose address changes with each
      call;
    - ``compute`` steps, then ``commit`` steps, which run only if no kernel has written the first of the four status
      words;
    - ``locks`` to hold during a run, as pairs of a lock and whether it must be held alone. Always give one that guards
      the buffers of this program, alone; programs that share an arena share that lock;
    - ``keep_alive``: whatever owns the memory that the arguments point to;
    - ``release_gil=False`` for programs whose whole work is a few microseconds: handing over the interpreter costs
      40 ns, and with a busy Python thread beside it the wait for the interpreter's next switch, 5 ms;
    - ``watch``: the slot where the :class:`Watch` begins that kernels of this program look at, if there are any;
    - ``serial_blas=True`` for programs with matrix products (:mod:`staticad.codegen.blas`), see
      :mod:`staticad.runtime.blas_threads`;
    - ``flush_subnormals=True`` for zeros in the place of subnormal numbers, see :mod:`staticad.runtime.float_state`;
    - ``threads``, by default as the setting says; more than one are used for steps whose extent exceeds their grain.

    ``run(feeds)`` returns a tuple of new arrays, ``run(feeds, outs)`` writes into the given tuple of arrays and returns
    it; the caller vouches for their dtype, shape and layout. Both are tuples. ``run(feeds, outs or None, ticket)`` is
    for those who wait, see :func:`staticad.runtime.locks.patiently`. Instead of a tuple ``run`` returns the
    bytes of a :class:`staticad.runtime.layout.Status` when a kernel has written the status words (no commit step has
    run), and an int when nothing has run: ``CODES.BUSY`` (try again),
    ``CODES.COUNT`` (not a tuple of the right length), ``CODES.INTERRUPTED`` (by SIGINT), or k >= 1 when feed k - 1 is
    not exactly as its spec says. Raises MemoryError when a result cannot be allocated.

    :attr:`arguments` and :attr:`status` are the tables themselves: a kernel that checks indices gets the address of the
    status words by ``program.arguments[slot] = program.status.ctypes.data``.

    ``run`` keeps alive whatever it needs; that does not include the program itself. Raises CompileError when the
    interpreter is not laid out as :mod:`staticad.runtime.abi` expects.
    """

    __slots__ = ("_steps", "_words", "arguments", "run", "status")

    def __init__(
        self,
        *,
        feeds: Sequence[ArraySpec],
        outs: Sequence[ArraySpec],
        arguments: Sequence[int] | np.ndarray,
        patches: Sequence[Patch] | np.ndarray,
        compute: Sequence[Step] | np.ndarray,
        commit: Sequence[Step] | np.ndarray = (),
        locks: Sequence[tuple[Lock, bool]],
        keep_alive: Sequence[object] = (),
        release_gil: bool = True,
        watch: int | None = None,
        serial_blas: bool = False,
        flush_subnormals: bool = False,
        threads: int | None = None,
    ) -> None:
        abi.verify()
        steps = np.concatenate((_rows(compute, Step), _rows(commit, Step)))
        patched = _rows(patches, Patch)
        _check(len(arguments), len(feeds) + len(outs), patched, steps)
        threads = config.settings().threads if threads is None else threads
        grains, extents = steps[:, StepWords.GRAIN], steps[:, StepWords.EXTENT]
        parallel = threads > 1 and bool(((grains > 0) & (grains < extents)).any())

        tables: dict[int, list[int] | np.ndarray] = {
            Context.FEED_SPECS: [word for spec in feeds for word in _feed_words(spec)],
            Context.OUT_SPECS: [word for spec in outs for word in (id(spec.dtype), len(spec.shape), *spec.shape)],
            Context.POINTERS: [0] * (len(feeds) + len(outs)),
            Context.LOCKS: [word for lock, alone in locks for word in (lock.address, int(alone))],
            Context.STATUS: [0] * 4,
            Context.PATCHES: patched.reshape(-1),
            Context.STEPS: steps.reshape(-1),
        }
        starts, size = {}, len(members(Context))
        for name, table in tables.items():
            starts[name] = size
            size += -(-len(table) // CACHE_LINE_WORDS) * CACHE_LINE_WORDS + CACHE_LINE_WORDS
        block = -(-size // CACHE_LINE_WORDS) * CACHE_LINE_WORDS
        words = aligned_words(block + len(arguments))
        base = int(words.ctypes.data)
        arguments_address = base + 8 * block

        patched[:, PatchWords.TARGET] = arguments_address + 8 * patched[:, PatchWords.TARGET]
        steps[:, StepWords.ARGS] = arguments_address + 8 * steps[:, StepWords.ARGS]
        for name, table in tables.items():
            words[starts[name] : starts[name] + len(table)] = table
            words[name] = base + 8 * starts[name]
        words[block:] = arguments
        for name, value in _functions().items():
            words[name] = value
        words[Context.FEED_COUNT] = len(feeds)
        words[Context.OUT_COUNT] = len(outs)
        words[Context.PATCH_COUNT] = len(patched)
        words[Context.LOCK_COUNT] = len(locks)
        words[Context.COMPUTE_STEPS] = len(compute)
        words[Context.ALL_STEPS] = len(steps)
        words[Context.POOL] = int(pool().ctypes.data) if parallel else 0
        words[Context.HELPERS] = threads - 1
        words[Context.RELEASE] = int(release_gil)
        words[Context.FLOATS] = FLUSHING if flush_subnormals else IEEE
        words[Context.WATCH] = 0 if watch is None else arguments_address + 8 * watch
        blas = blas_threads.blas_threads() if serial_blas else None
        words[Context.BLAS] = 0 if blas is None else int(blas.ctypes.data)

        self._words = words.view(_Tables)
        self._words.keep_alive = (*keep_alive, *locks, *feeds, *outs)
        self._steps = len(steps)
        self.status: np.ndarray = words[starts[Context.STATUS] :][:4]
        self.arguments: np.ndarray = words[block:]
        self.run: Callable[..., Any] = builtin_function(_definition(), self._words)

    @property
    def nbytes(self) -> int:
        """Bytes of the tables."""
        return int(self._words.nbytes)

    def profile(self, slot: int) -> None:
        """From now on every run adds the time of its steps (compute, then commit) to the :class:`Measure` of each: they
        begin at ``arguments[slot]``. Raises CompileError where they do not fit there."""
        if not 0 <= slot <= len(self.arguments) - Measure.WORDS * self._steps:
            raise CompileError(f"measures of {self._steps} steps from slot {slot} on do not fit the arguments")
        self._words[Context.PROFILE] = int(self.arguments.ctypes.data) + 8 * slot


def prepare(kernels: Sequence[str], parallel: bool) -> dict[str, Code]:
    """Compile or load these kernels and all that is needed to run them, so that no run has to: the dispatcher, what
    forks call, and the workers' loop where steps may be cut. The kernels, by their texts, stay loaded as long as
    somebody holds them.

    Raises CompileError.
    """
    parallel = parallel and config.settings().threads > 1
    loaded = load(
        [*kernels, MACHINE_SOURCE, ENTER_SOURCE, FORK_SOURCE, *([worker_source.WORKER_SOURCE] if parallel else ())]
    )
    _definition()
    process()
    if parallel:
        pool()
    return {kernel: loaded[kernel] for kernel in kernels}


def misfit(specs: Sequence[ArraySpec], feeds: Sequence[object]) -> int | None:
    """The first feed that is not exactly as its spec says, by the rules that the machine applies; None if all are."""
    for index, (spec, feed) in enumerate(zip(specs, feeds)):
        if type(feed) is np.ndarray:
            fits = abi.same_numbers(feed.dtype, spec.dtype) and feed.shape == spec.shape
            fits = fits and feed.flags.c_contiguous and feed.flags.aligned
        else:
            fits = spec.shape == () and id(type(feed)) in abi.scalar_types(spec.dtype)
        if not fits:
            return index
    return None


def _feed_words(spec: ArraySpec) -> tuple[int, ...]:
    scalars = abi.scalar_types(spec.dtype) if spec.shape == () else (0, 0)
    return (id(spec.dtype), len(spec.shape), *scalars, *spec.shape)


def _rows(given: Sequence[Step | Patch] | np.ndarray, kind: type[Step | Patch]) -> np.ndarray:
    """A table of its own with a row for each."""
    return np.array(given, np.int64).reshape(-1, len(kind._fields))


def _check(slots: int, sources: int, patches: np.ndarray, steps: np.ndarray) -> None:
    # The machine follows these numbers blindly.
    slot, source, _ = patches.T
    wrong = np.flatnonzero((slot < 0) | (slot >= slots) | (source < 0) | (source >= sources))
    if wrong.size:
        patch = Patch(*map(int, patches[wrong[0]]))
        raise CompileError(f"{patch} does not fit {slots} argument slots and {sources} feeds and results")
    kernel, args, extent, grain = steps.T
    wrong = np.flatnonzero((args < 0) | (args > slots) | (kernel == 0) | (extent < 0) | (grain < 0))
    if wrong.size:
        raise CompileError(f"{Step(*map(int, steps[wrong[0]]))} does not fit {slots} argument slots")


@functools.cache
def _functions() -> dict[int, int]:
    """The context's words that are the same for all programs: types, functions of Python and NumPy, the clock."""
    return {
        Context.TYPE_ARRAY: id(np.ndarray),
        Context.TYPE_TUPLE: id(tuple),
        Context.SAVE_THREAD: abi.python_function("PyEval_SaveThread"),
        Context.RESTORE_THREAD: abi.python_function("PyEval_RestoreThread"),
        Context.NEW_INTEGER: abi.python_function("PyLong_FromLongLong"),
        Context.AS_INTEGER: abi.python_function("PyLong_AsLongLong"),
        Context.NONE: id(None),
        Context.PROCESS: int(process().ctypes.data),
        Context.NEW_BYTES: abi.python_function("PyBytes_FromStringAndSize"),
        Context.NEW_TUPLE: abi.python_function("PyTuple_New"),
        Context.NEW_ARRAY: abi.new_array_function(),
        Context.INCREASE_REFERENCES: abi.python_function("Py_IncRef"),
        Context.DECREASE_REFERENCES: abi.python_function("Py_DecRef"),
        Context.SET_INTERRUPT: abi.python_function("PyErr_SetInterrupt"),
        Context.CLOCK: c_function("clock_gettime"),
        Context.CLOCK_ID: time.CLOCK_MONOTONIC,
    }


@functools.cache
def _definition() -> ctypes.Structure:
    return method_definition("run", kernel_address(MACHINE_SOURCE), METH_FASTCALL)
