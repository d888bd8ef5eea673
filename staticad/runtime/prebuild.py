"""``python -m staticad.runtime.prebuild DIRECTORY``: what `staticad.codegen.prebuilt` finds there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from staticad.codegen import jit, piece_maker, prebuilt
from staticad.codegen.pieces import SHARED
from staticad.codegen.routines import routine_source
from staticad.codegen.target import LEVELS, is_x86
from staticad.functional import linalg
from staticad.ir.dtypes import COMPLEXES, FLOATS
from staticad.lower.kernel.routine import Routine, gemm
from staticad.lower.lower import lower
from staticad.ops.sources import placeholder
from staticad.pairs.decompose import Decomposition
from staticad.runtime import (
    available,
    control_source,
    float_state,
    forks,
    interrupts,
    machine_source,
    tapes,
    variables,
    worker_source,
)

FIXED = (
    machine_source.MACHINE_SOURCE,
    worker_source.WORKER_SOURCE,
    control_source.LOOP_SOURCE,
    control_source.LOOP_PROFILE_SOURCE,
    control_source.BRANCH_SOURCE,
    control_source.BRANCH_PROFILE_SOURCE,
    available.AVAILABLE_SOURCE,
    float_state.SWAP_SOURCE,
    forks.ENTER_SOURCE,
    forks.FORK_SOURCE,
    interrupts.LOOK_SOURCE,
    tapes.GROW_SOURCE,
    tapes.RELEASE_SOURCE,
    variables.COPY_SOURCE,
)


def routines() -> Iterator[Routine]:
    """All that call BLAS and LAPACK, as plans have them."""
    yield from (gemm(dtype) for dtype in FLOATS)
    for dtype in (*FLOATS, *COMPLEXES):
        a, b = inputs = [placeholder((None, None), dtype) for _ in range(2)]
        results = [linalg.cholesky(a), linalg.solve_triangular(a, b), linalg.solve(a, b), linalg.slogdet(a).logabsdet]
        real = Decomposition()
        plan = lower([*map(real.stored, inputs)], real.outputs(results), [], [], [])
        yield from (step.kernel for step in plan.steps if isinstance(step.kernel, Routine))


def pieces() -> Iterator[tuple[str, str]]:
    """All pieces with their names."""
    for key in piece_maker.keys():
        yield key, piece_maker.make(key).dump()


def objects() -> Iterator[tuple[str, bytes]]:
    """The machine code of the package, with what it is made of."""
    for source in (*FIXED, *map(routine_source, routines())):
        yield jit.recipe(source), jit.compile_source(source)
    for symbols in SHARED.values():
        for symbol in symbols.values():
            for _, target in LEVELS if is_x86() else ():
                yield jit.shared_recipe(symbol, target), jit.compile_shared(symbol, target)


def main(directory: str) -> None:
    """Fill a directory."""
    prebuilt.write(Path(directory), pieces(), objects())


if __name__ == "__main__":
    main(*sys.argv[1:])
