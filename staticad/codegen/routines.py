"""The tables of routines: what compiled code makes of a `Routine` of a plan, by its name.

They are imported one after the other, until a routine is found: a program from disk needs none, or those that it calls.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

from staticad.codegen.routine_text import Cutting, RoutineText
from staticad.late import value
from staticad.lower.kernel.routine import Routine

_TABLES = (  # modules and what their tables are called, the most frequent first
    ("blas", "BLAS"),
    ("sorting", "SORTING"),
    ("searching", "SEARCHING"),
    ("convolution", "CONVOLUTION"),
    ("windows", "WINDOWS"),
    ("fourier", "FOURIER"),
    ("effects", "EFFECTS"),
    ("lapack", "LAPACK"),
)


def _table(module: str, name: str) -> Mapping[str, RoutineText]:
    found: Mapping[str, RoutineText] = value(f"staticad.codegen.{module}", name)
    return found


def all_routines() -> Mapping[str, RoutineText]:
    """Every routine."""
    return {name: text for place in _TABLES for name, text in _table(*place).items()}


@functools.cache
def _routine_text(name: str) -> RoutineText:
    return next(table[name] for place in _TABLES if name in (table := _table(*place)))


@functools.cache
def routine_source(routine: Routine) -> str:
    """The source of the kernel of a routine."""
    return _routine_text(routine.name).source(routine)


def routine_cut(routine: Routine, slots: Mapping[str, int], batch: int) -> Cutting:
    """How a step that calls a routine for a batch of matrices is cut over threads."""
    return _routine_text(routine.name).cut(slots, batch)
