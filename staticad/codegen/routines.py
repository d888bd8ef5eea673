"""The table of routines: what compiled code makes of a `Routine` of a plan, by its name."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from staticad.codegen.blas import GEMM
from staticad.codegen.convolution import CONVOLUTION
from staticad.codegen.effects import EFFECTS
from staticad.codegen.fourier import FOURIER
from staticad.codegen.lapack import LAPACK
from staticad.codegen.routine_text import Cutting, RoutineText
from staticad.codegen.sorting import SORTING
from staticad.codegen.windows import WINDOWS
from staticad.lower.kernel.routine import Routine

ROUTINES: Mapping[str, RoutineText] = {
    "gemm": GEMM,
    **CONVOLUTION,
    **EFFECTS,
    **FOURIER,
    **LAPACK,
    **SORTING,
    **WINDOWS,
}


@functools.cache
def routine_source(routine: Routine) -> str:
    """The source of the kernel of a routine."""
    return ROUTINES[routine.name].source(routine)


def routine_cut(routine: Routine, slots: Mapping[str, int], batch: int) -> Cutting:
    """How a step that calls a routine for a batch of matrices is cut over threads."""
    return ROUTINES[routine.name].cut(slots, batch)
