"""`compile` makes a `Session`: a graph turned into machine code once, to be run many times."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from staticad import progress
from staticad.boundary import boundaries, shorten
from staticad.collection import no_collection
from staticad.config import note, timed
from staticad.errors import FeedError, GraphError, as_out_of_memory, typed_memory
from staticad.export.limit import LIMIT
from staticad.ir.dim_values import evaluate
from staticad.ir.dims import Symbol
from staticad.ir.graph import Node, Tensor, check_name
from staticad.ir.provenance import here
from staticad.late import later
from staticad.runtime import arguments
from staticad.runtime import feeds as feeding
from staticad.runtime.binding import Binding, Executable, State
from staticad.runtime.careful import Describe, arena_for
from staticad.runtime.copies import OneSession
from staticad.runtime.feeds import bind_sizes, check_out, check_sizes, check_updates, convert, order_feeds
from staticad.runtime.layout import Failure, Status
from staticad.runtime.locks import Lock, patiently
from staticad.runtime.memory import LARGE, Arena, Countdown
from staticad.runtime.request import Request
from staticad.runtime.structure import flatten
from staticad.runtime.tables import Numbers
from staticad.runtime.variables import Variable, read

if TYPE_CHECKING:
    from staticad.lower.kernel.plan import Plan
    from staticad.runtime import drawings, inspection, profiles, tapes, unusual
    from staticad.runtime.lowering import Lowered
    from staticad.runtime.profile_table import Profile
else:  # of the compiler and the tools, which a program from disk does without
    drawings, inspection = later("staticad.runtime.drawings"), later("staticad.runtime.inspection")
    profiles, unusual = later("staticad.runtime.profiles"), later("staticad.runtime.unusual")
    tapes = later("staticad.runtime.tapes")

BINDINGS = 32  # sets of sizes whose memory a session keeps


def compile(
    fetches: Any,
    inputs: Sequence[Tensor] | None = None,
    updates: Mapping[Any, Any] | Iterable[tuple[Any, Any]] | None = None,
    *,
    mode: str | None = None,
    name: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> Session:
    """Compile a graph into a session.

    ``fetches``: a tensor, or a nest of lists, tuples and dicts of tensors; a run returns the same nest of arrays.
    ``inputs``: the placeholders that a run is fed, in the order of positional calls; by default every placeholder
    that the graph needs, in the order in which they were made. ``updates``: variable → new value, all computed from
    the old values and applied together at the end of a run. ``mode``: "train" or "eval", for what differs in both
    (`nn.dropout`, `nn.batch_norm`, `training`); None for the default of each. ``options``: ``{"optimize": False}``
    leaves the graph as it is, ``{"stabilize": False}`` keeps forms that overflow, ``{"unsound": True}`` allows rewrites
    that change results at NaN, infinities or -0.0, ``{"flush_subnormals": True}`` computes with zeros in the place of
    subnormal numbers (the setting of that name is the default), ``{"widen_feeds": False}`` takes no arrays of narrower
    dtypes.

    Raises GraphError (no placeholder, a placeholder that is needed but no input, an update of no variable),
    ShapeError and DTypeError (an update that does not fit its variable), CompileError, OutOfMemory.
    """
    with no_collection(), progress.line("compiling" if name is None else f"compiling {name!r}"):
        return Session(fetches, inputs, updates, mode=mode, name=name, options=options)


@boundaries("__call__", "__init__")
class Session(OneSession):
    """A compiled graph. Call it with arrays in the order of ``inputs``, or use `run` with a mapping.

    Any number of free sizes may change from call to call without anything being compiled. Safe to call from several
    threads (calls of one session take turns); results are new arrays that belong to the caller. After an error every
    variable has the value that it had before.
    """

    def __init__(
        self,
        fetches: Any,
        inputs: Sequence[Tensor] | None = None,
        updates: Mapping[Any, Any] | Iterable[tuple[Any, Any]] | None = None,
        *,
        mode: str | None = None,
        name: str | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        if name is not None:
            check_name("compile", name)
        chosen = arguments.read_options(options)
        self._flush_subnormals, self._widen = chosen["flush_subnormals"], chosen["widen_feeds"]
        self.name, self.mode = name, mode
        self.fetches = fetches
        leaves, self._pack = flatten(fetches)
        changes = arguments.read_updates(updates)
        self._request = Request(leaves, inputs, changes, chosen, arguments.read_mode(mode))
        self._changes, self.inputs = self._request.changes, self._request.inputs
        self._symbols = self._request.symbols
        self._written = [v for v, _ in self._changes]
        self._lock = Lock()
        self._arena = Arena(0)
        self._countdown = Countdown()
        self._bindings: OrderedDict[tuple[int, ...], Binding] = OrderedDict()
        self._run: Any = _unbound
        self._adopt()
        note(1, lambda: f"plan of {self!r}\n{self._plan}")
        note(3, lambda: f"kernels of {self!r}\n{self.source()}")
        self._records = tapes.Records() if self._has_records() else None
        if not self._symbols:
            self._bind({})

    def _adopt(self) -> None:
        """Take over what the request has ready."""
        ready = self._request.ready
        self.variables: tuple[Variable, ...] = ready.variables
        tables, flush = ready.tables, self._flush_subnormals
        self._executable = None if tables is None else Executable(tables, ready.constants, flush)
        if self._executable is not None:
            with timed("compile or load its kernels"):
                self._executable.prepare()

    def _has_records(self) -> bool:
        """Whether there are sequences that grow during a run."""
        if self._executable is None:
            return self._lowered.compiled.records
        return self._executable.tables.records > 0

    @property
    def _lowered(self) -> Lowered:
        """The plan and what it is made from. It is not there if the program comes from the cache; then it is made."""
        lowered = self._request.whole()
        tables = None if self._executable is None else self._executable.tables
        if tables is not self._request.ready.tables:
            self._forget()
            self._adopt()
        return lowered

    @property
    def _plan(self) -> Plan:
        return self._lowered.plan

    # ---- running -------------------------------------------------------------------------------------------------

    def __call__(self, /, *arrays: Any, **named: Any) -> Any:
        """Run with one array per input, in the order of ``inputs``, or by name. By position is the fast path.

        Inputs that are not fed have their defaults. Arrays of a dtype that the input's holds without loss (int32 for
        int64, float32 for float64) are converted; unlike others, they are copied.
        Raises FeedError, DTypeError, IndexOutOfBounds, LinAlgError, OutOfMemory.
        """
        if named:
            arrays = feeding.named_feeds(self.inputs, arrays, named)
        try:
            result = self._run(arrays)
            if type(result) is not tuple:
                result = self._slow(arrays, None)
        except MemoryError as error:
            raise as_out_of_memory(error) from None
        except Exception as error:
            shorten(error)
            raise
        return self._pack(result)

    def run(self, feeds: Mapping[Any, Any] | None = None, out: Any = None) -> Any:
        """Run with a mapping from inputs (tensors or names) to arrays.

        ``out``: arrays to write the results into, in the nest of the fetches flattened to a sequence (one array for a
        single fetch); they have the results' dtypes and shapes, are C-contiguous, writable and overlap no feed.
        Raises FeedError, DTypeError, IndexOutOfBounds, LinAlgError, OutOfMemory.
        """
        arrays = order_feeds(self.inputs, {} if feeds is None else feeds)
        if out is None:
            return self(*arrays)
        if not isinstance(out, (np.ndarray, list, tuple)):
            raise FeedError(f"out is an array or a list of arrays, not {type(out).__name__} (at {here()})")
        results = (out,) if isinstance(out, np.ndarray) else tuple(out)
        try:
            return self._pack(self._slow(arrays, results))
        except MemoryError as error:
            raise as_out_of_memory(error) from None

    def _slow(self, arrays: tuple[Any, ...], out: tuple[np.ndarray, ...] | None) -> tuple[Any, ...]:
        """What the fast path did not take: other sizes, values to convert, a busy lock, an index out of range,
        results given by the user."""
        if len(arrays) != len(self.inputs):
            arrays = feeding.completed(self.inputs, arrays)
            result = self._run(arrays)
            if type(result) is tuple:
                return result
        feeds, values = self._converted(arrays)
        binding = self._bind(values)
        if out is not None:
            check_out(out, binding.outs, [*feeds, *(v._storage for v in self.variables)])
        return self._run_on(binding, feeds, out)

    def _converted(self, arrays: tuple[Any, ...]) -> tuple[tuple[np.ndarray, ...], dict[Symbol, int]]:
        """The feeds as arrays that fit the inputs, and the free sizes that they have."""
        feeds = tuple(convert(t, a, self._widen) for t, a in zip(self.inputs, arrays, strict=True))
        return feeds, bind_sizes(self.inputs, feeds)

    def _run_on(
        self, binding: Binding, feeds: tuple[np.ndarray, ...], out: tuple[np.ndarray, ...] | None = None
    ) -> tuple[Any, ...]:
        """Run a binding on feeds that fit it, as soon as its locks are free."""
        result = patiently(binding.run, feeds, out)
        if type(result) is tuple:
            return result
        if type(result) is bytes:
            lowered = self._lowered
            if not binding.serves(self._executable):
                return self._run_on(self._bind(dict(binding.values)), feeds, out)
            status = Status.from_bytes(result)
            if status.failed == Failure.OUT_OF_MEMORY and self._records is not None:
                self._records.release(self._lock)
            unusual.report(lowered, binding, status)
        raise AssertionError(f"the machine refused converted feeds with code {result}")

    def release(self) -> None:
        """Give back the memory that is kept for the next run: that of temporaries, and what while loops have recorded.

        Runs of other threads that are under way keep theirs. The next run allocates anew, and compiles nothing.
        """
        self._forget()
        if self._records is not None:
            self._records.release(self._lock)

    def _forget(self) -> None:
        """Leave the arena to the runs that use it."""
        self._run = _unbound
        self._arena = Arena(0)
        self._bindings.clear()

    def _bind(self, values: dict[Symbol, int]) -> Binding:
        """The program for these sizes: the one in use, one used before, or a new one. Compiles nothing.

        Threads may meet here, at any line: each single step is atomic, and none relies on what was read before. At
        worst two threads make a binding of the same sizes, and one is dropped.
        """
        if self._countdown.left <= 0:
            self._countdown = Countdown()
            self._forget()
        key = tuple(values[s] for s in self._symbols)
        binding = self._bindings.pop(key, None)
        if binding is None or not binding.serves(self._executable):
            binding = self._new_binding(values)
        self._bindings[key] = binding
        if len(self._bindings) > BINDINGS:
            for old in list(self._bindings)[:-BINDINGS]:
                self._bindings.pop(old, None)
        if not binding.prints and self._arena.size > LARGE and binding.temporaries < self._arena.size // 4:
            # Runs are counted until the arena is too large for as many as that.
            self._countdown.run = binding.run
            self._run = self._countdown
        else:
            self._countdown = Countdown()
            self._run = _unbound if binding.prints else binding.run
        return binding

    def _usual(self, values: Mapping[Symbol, int]) -> tuple[Executable, Numbers] | None:
        """The program and what its tables say of these sizes; None where the plan has to be asked."""
        executable = self._executable  # read once: another thread may put another one in its place
        numbers = None if executable is None else executable.tables.bound([values[s] for s in self._symbols])
        return None if executable is None or numbers is None else (executable, numbers)

    def _new_binding(self, values: dict[Symbol, int]) -> Binding:
        """A program for these sizes."""
        usual = self._usual(values)
        if usual is None:
            return self._unusual_binding(values)
        executable, numbers = usual
        check_updates(self._changes, values)
        describe = self._request.describe(values)
        arena = self._large_arena(numbers.arena, describe)
        with timed("bind sizes"):
            states = self._states({})
            return Binding(executable, states, numbers, self._lock, arena, self._records, describe, values)

    def _unusual_binding(self, values: dict[Symbol, int], profiled: Mapping[Node, np.ndarray] | None = None) -> Binding:
        """A program for these sizes alone; for a profile with arrays in the place of the updated variables."""
        plan = self._plan
        check_sizes(plan.sized, plan.requirements, values)
        check_updates(self._changes, values)
        special = unusual.unusual(self._lowered, values, profiled is not None)
        arena = self._large_arena(special.temporaries, special.describe)
        with timed("bind sizes"):
            states, traced = self._states(profiled or {}), special.traced()
            numbers = traced.tables.bound(())
            assert numbers is not None
            executable = Executable(traced.tables, traced.constants, self._flush_subnormals)
            given = (executable, states, numbers, self._lock, arena, self._records, special.describe, values)
            return Binding(*given, traced, special.unmet)

    def _states(self, arrays: Mapping[Node, np.ndarray]) -> list[State]:
        alone = {v.node for v in self._written}
        return [State(v, v.node in alone, arrays.get(v.node)) for v in self.variables]

    def _large_arena(self, needed: int, describe: Describe) -> Arena:
        """The session's arena, or a larger one in its place. A binding keeps the arena that it was made for, so another
        thread may replace it at any moment."""
        arena = self._arena
        if needed > arena.size:
            # Half as much again, so that sizes that grow by and by do not allocate every time.
            larger = arena.size * 3 // 2
            del arena
            self._forget()
            arena = self._arena = arena_for(larger if needed < larger < LARGE else needed, describe)
        return arena

    # ---- looking inside ------------------------------------------------------------------------------------------

    def source(self) -> str:
        """The source of the generated kernels, each once, in order of first use."""
        return inspection.sources(self._lowered.compiled)

    @typed_memory("the buffers of a profile")
    def profile(self, feeds: Mapping[Any, Any] | None = None, repeat: int = 10) -> Profile:
        """The time of every kernel over ``repeat`` runs: rows of label, user's lines, seconds and calls, in order of
        execution. As text, and in a notebook, a table by the user's lines, the slowest first: share of the time, median
        and fastest run, calls, GFLOP/s, GB/s, and the shapes. The key of a row is the kernel's name in `source` and in
        ``to_dot("kernels")``.

        Loops tell how many iterations they have made. Loops and branches that call their kernels one by one are
        followed by the rows of their bodies; a loop that is one kernel has one row. Kernels that count are compiled
        when they are profiled for the first time.

        Variables keep their values: the runs update copies. Raises FeedError, DTypeError, IndexOutOfBounds and
        LinAlgError as `run` does.
        """
        if not isinstance(repeat, int) or repeat < 1:
            raise GraphError(f"profile: repeat is a number of runs, at least 1, not {repeat!r} (at {here()})")
        arrays, values = self._converted(order_feeds(self.inputs, {} if feeds is None else feeds))
        copies = dict(zip((v.node for v in self._written), read(self._written), strict=True))
        binding = self._unusual_binding(values, copies)
        return profiles.profile(binding, lambda: self._run_on(binding, arrays), values, repeat)

    @typed_memory("the values of a check")
    def check(self, feeds: Mapping[Any, Any] | None = None) -> bool:
        """True if every operation of the graph, as it was written, makes finite numbers from these feeds.

        The graph is evaluated with NumPy, op by op, and no variable changes. Raises NonFiniteError that names the
        first op which makes a NaN or an infinity of finite inputs, the user's line and the ranges of the inputs (or
        the feed or variable that holds one); FeedError, DTypeError and IndexOutOfBounds as `run` does.
        """
        arrays, values = self._converted(order_feeds(self.inputs, {} if feeds is None else feeds))
        if self._usual(values) is None:
            check_sizes(self._plan.sized, self._plan.requirements, values)
        inspection.check_finite(self._request.targets, dict(zip(self.inputs, arrays, strict=True)))
        return True

    def memory(self, sizes: Mapping[Any, Any] | None = None) -> int:
        """Bytes of memory for given values of the free sizes: those of the temporaries of a run, and what while loops
        have recorded so far, which is kept for the next run. `kept` tells what is there at present.

        ``sizes`` maps names of sizes, as they are printed, to ints, or inputs (tensors or names) to arrays that have
        them, as feeds do. Raises FeedError.
        """
        recorded = 0 if self._records is None else self._records.kept
        values = arguments.read_sizes(self._symbols, self.inputs, sizes)
        usual = self._usual(values)
        return (evaluate(self._plan.arena, values) if usual is None else usual[1].arena) + recorded

    @property
    def kept(self) -> int:
        """Bytes that the session keeps at present: temporaries, what while loops have recorded, copies of constants,
        and the programs of the sizes used last. Variables, the graph and the code of kernels are not among them."""
        bindings = list(self._bindings.values())
        executables = [b.executable for b in bindings] + ([] if self._executable is None else [self._executable])
        constants = {id(array): array.nbytes for executable in executables for array in executable.constants}
        programs = sum(binding.program.nbytes for binding in bindings)
        recorded = 0 if self._records is None else self._records.kept
        return self._arena.size + recorded + sum(constants.values()) + programs

    def to_dot(self, stage: str = "graph", *, limit: int | None = LIMIT) -> str:
        """The graph as built ("graph"), after rewriting ("optimized"), or the compiled steps ("kernels"), as DOT.

        Groups are single boxes where there are more than ``limit`` boxes, as in `staticad.to_dot`. Raises GraphError.
        """
        return drawings.session_to_dot(self._request, self.fetches, stage, self.name or "session", limit)

    def _repr_html_(self) -> str:
        return drawings.session_to_html(self._request, repr(self)[1:-1], self.to_dot())

    def __repr__(self) -> str:
        label = f" {self.name!r}" if self.name else ""
        tables = self._request.ready.tables
        steps = len(self._plan.steps if tables is None else tables.steps)
        return f"<Session{label}: {len(self.inputs)} inputs, {steps} kernel calls>"


def _unbound(arrays: tuple[Any, ...]) -> None:
    """Stands in for a program until sizes are known."""
