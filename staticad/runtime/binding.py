"""Tables bound to sizes: memory, argument blocks and the machine's program."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from staticad import config
from staticad.codegen.loader import Code, kernel_address, load, shared_address
from staticad.codegen.recipes import KEY_SORTERS, PASSES, PRODUCTS, WORD_SORTERS
from staticad.ir.dims import Symbol
from staticad.late import later
from staticad.records import dataclass
from staticad.runtime import machine
from staticad.runtime.abi import data_address
from staticad.runtime.careful import Describe, careful
from staticad.runtime.interrupts import LOOK_SOURCE, watch_words
from staticad.runtime.layout import Measure
from staticad.runtime.layout import Watch as WatchWords
from staticad.runtime.locks import Lock
from staticad.runtime.memory import LARGE, Arena
from staticad.runtime.tables import PRINTS, Base, Numbers, Origin, Tables
from staticad.runtime.variables import Variable
from staticad.runtime.workers import c_function

if TYPE_CHECKING:
    from staticad.codegen import library
    from staticad.lower.kernel.plan import Plan
    from staticad.runtime import foreign, tapes
    from staticad.runtime.compiled import Traced
else:
    foreign, tapes = later("staticad.runtime.foreign"), later("staticad.runtime.tapes")
    library = later("staticad.codegen.library")

# Functions of the package's own that routines call.
_OWN = {"product": PRODUCTS, "fourier_pass": PASSES, "sort_keys": KEY_SORTERS, "sort_words": WORD_SORTERS}
SHORT = 20_000  # operations below which handing over the interpreter costs more than the work


class Executable:
    """Tables with their kernels and constants: what all bindings share."""

    def __init__(self, tables: Tables, constants: Sequence[np.ndarray], flush_subnormals: bool) -> None:
        self.tables, self.constants, self.flush_subnormals = tables, tuple(constants), flush_subnormals
        self.kernels: dict[str, Code] = {}  # those that are loaded, by their texts

    @property
    def sources(self) -> list[str]:
        """All that a run may call: the kernels, and what loops call besides, each once."""
        found = list(self.tables.texts)
        if self.tables.loops or self.tables.watch is not None:
            found.append(LOOK_SOURCE)
        if self.tables.records:
            found += tapes.SOURCES
        return list(dict.fromkeys(found))

    def prepare(self) -> None:
        """Compile or load all that is needed to run, so that no run has to."""
        self.kernels = machine.prepare(self.sources, self.tables.parallel)

    def address(self, number: int) -> int:
        """Where the kernel of a text is, for as long as this object is alive."""
        text = self.tables.texts[number]
        if text not in self.kernels:
            self.kernels.update(load(self.sources))
        return self.kernels[text].address


@dataclass(frozen=True)
class State:
    """A variable that a binding uses; with an array in its place if there is one, which needs no lock."""

    variable: Variable
    written: bool
    array: np.ndarray | None = None

    @property
    def storage(self) -> np.ndarray:
        """Where the value is."""
        return self.variable._storage if self.array is None else self.array


class Binding:
    """The compiled program of a session for one set of sizes. All bindings of a session use one arena and the same
    records, in turns. ``values`` are the sizes, ``temporaries`` and ``results`` the bytes of either in a run;
    ``describe`` tells what the memory of a run is for.

    Tables that were made for these sizes alone are ``traced``; then there may be bodies that the sizes do not fit,
    ``unmet``, whose numbers follow those of the checks.
    """

    def __init__(
        self,
        executable: Executable,
        states: Sequence[State],
        numbers: Numbers,
        lock: Lock,
        arena: Arena,
        records: tapes.Records | None,
        describe: Describe,
        values: Mapping[Symbol, int],
        traced: Traced | None = None,
        unmet: tuple[Plan, ...] = (),
    ) -> None:
        self.executable, self.values, self.traced, self.unmet = executable, values, traced, unmet
        tables = executable.tables
        unknowns = numbers.unknowns()
        addresses = _Addresses(executable, states, arena, records)
        bases = np.array([addresses.of(base) for base in tables.bases], np.int64)
        self.feeds = [machine.ArraySpec(feed.dtype, numbers.shape(feed)) for feed in tables.feeds]
        self.outs = [machine.ArraySpec(out.dtype, numbers.shape(out)) for out in tables.outs]
        base, number, unknown = tables.words.T
        arguments = number + bases[base] + unknowns[unknown]
        np.add.at(arguments, tables.more[:, 0], unknowns[tables.more[:, 1]])
        if tables.watch is not None:
            watched = slice(tables.watch, tables.watch + WatchWords.WORDS)
            arguments[watched] += watch_words()
        slots, sources, offsets, shifts = tables.patches.T
        kernels, places, extents, more_extent, grains, more_grain = tables.steps.T
        steps = (bases[kernels], places, extents + unknowns[more_extent], grains + unknowns[more_grain])
        table = np.column_stack(steps)
        self.program = machine.Program(
            feeds=self.feeds,
            outs=self.outs,
            arguments=arguments,
            patches=np.column_stack((slots, sources, offsets + unknowns[shifts])),
            compute=table[: tables.compute],
            commit=table[tables.compute :],
            locks=[(lock, True), *((s.variable._run_lock(), s.written) for s in states if s.array is None)],
            keep_alive=(arena, records, executable, tuple(states)),
            release_gil=numbers.work > SHORT,
            watch=tables.watch,
            serial_blas=tables.library,
            flush_subnormals=executable.flush_subnormals,
            threads=config.settings().threads,
        )
        words = self.program.arguments
        words[base == Origin.WORDS] += words.ctypes.data
        words[base == Origin.STATUS] += self.program.status.ctypes.data
        if tables.measures is not None:
            self.program.profile(tables.measures + Measure.WORDS)
        self.temporaries = numbers.arena
        self.results = sum(math.prod(out.shape) * out.dtype.itemsize for out in self.outs)
        self.prints = PRINTS in tables.bases
        self.run: Callable[..., Any] = self.program.run
        if self.temporaries + self.results >= LARGE:
            self.run = careful(self.program.run, self.feeds, self.temporaries, self.results, arena, describe)

    def serves(self, executable: Executable | None) -> bool:
        """Whether it is a binding of this program, or was made for its sizes alone. An error in a program from disk
        puts the one that is lowered anew in its place, while other threads use bindings of the first."""
        return self.traced is not None or self.executable is executable


class _Addresses:
    """What the bases of tables are."""

    def __init__(
        self, executable: Executable, states: Sequence[State], arena: Arena, records: tapes.Records | None
    ) -> None:
        self.executable, self.states, self.arena, self.records = executable, states, arena, records

    def of(self, base: Base) -> int:
        origin, number = base.origin, base.number
        if origin <= Origin.STATUS:
            return 0  # those are known when there is a program
        if origin == Origin.ARENA:
            return data_address(self.arena.block)
        if origin == Origin.VARIABLE:
            return data_address(self.states[number].storage)
        if origin == Origin.CONSTANT:
            return data_address(self.executable.constants[number])
        if origin == Origin.KERNEL:
            return self.executable.address(number)
        if origin == Origin.LIBRARY and base.name in _OWN:
            return shared_address(_OWN[base.name][base.dtype])
        if origin == Origin.LIBRARY:
            return library.function_address(base.name, np.dtype(base.dtype))
        if origin == Origin.FUNCTION:
            return c_function(base.name)
        if origin == Origin.FOREIGN:
            return foreign.foreign_address(base.name)
        if origin == Origin.GROW:
            return kernel_address(tapes.GROW_SOURCE)
        assert self.records is not None
        return self.records.tape() if origin == Origin.TAPE else self.records.block(number)
