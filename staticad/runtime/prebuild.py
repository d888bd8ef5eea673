"""``python -m staticad.runtime.prebuild DIRECTORY``: what `staticad.codegen.prebuilt` finds there."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from staticad.codegen import jit, piece_maker, prebuilt, recipes, sources
from staticad.codegen.recipes import SHARED
from staticad.codegen.routines import routine_source
from staticad.codegen.target import LEVELS, is_x86
from staticad.functional import convolution, effects, fft, linalg, orders, pooling, sets, sorting
from staticad.ir.dtypes import BOOL, COMPLEXES, FLOATS, is_complex
from staticad.ir.graph import Tensor
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
from staticad.runtime.common_kernels import common_kernels

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
    tapes.SHRINK_SOURCE,
    variables.COPY_SOURCE,
)


def routines() -> Iterator[Routine]:
    """All that call BLAS and LAPACK, all that sort, convolutions and transforms, as plans have them."""
    yield from (gemm(dtype) for dtype in FLOATS)
    for dtype in (*FLOATS, *COMPLEXES):
        a, b = inputs = [placeholder((None, None), dtype) for _ in range(2)]
        results = [linalg.cholesky(a), linalg.solve_triangular(a, b), linalg.solve(a, b), linalg.slogdet(a).logabsdet]
        if is_complex(dtype):
            results.append(fft.fft(a))
        results += [
            *linalg.eigh(a), *linalg.svd(b), *linalg.svd(b, full_matrices=False), *linalg.qr(b),
            *linalg.qr(b, "complete"), *linalg.lu(b), linalg.pinv(b), linalg.expm(a), *linalg.eig(a), *linalg.schur(a),
            linalg.sqrtm(a), linalg.solve_sylvester(a, a, a),
        ]  # fmt: skip
        real = Decomposition()
        yield from _routines([*map(real.stored, inputs)], real.outputs(results))
    yield from _routines([x := placeholder()], [effects.print_(x), effects.assert_(x, x == x)])
    yield from _routines([mask := placeholder((None,), BOOL)], [sets.flatnonzero(mask, size=1)])
    for sortable in orders.SORTED:
        a = placeholder((None,), sortable)
        yield from _routines([a], [sorting.sort(a), sorting.partition(a, 0), sorting.searchsorted(a, a)])
    for dtype in FLOATS:
        image = placeholder((None, 1, None), dtype)
        results = [convolution.conv1d(image, image), pooling.lp_pool1d(image, math.inf, 2)]
        yield from _routines([image], results)


def _routines(inputs: Sequence[Tensor], results: Sequence[Tensor]) -> Iterator[Routine]:
    for step in lower(inputs, results, [], [], []).steps:
        if isinstance(step.kernel, Routine):
            yield step.kernel


def pieces() -> Iterator[tuple[str, str]]:
    """All pieces with their names."""
    for key in piece_maker.keys():
        yield key, piece_maker.make(key).dump()


def objects() -> Iterator[tuple[str, Callable[[], bytes]]]:
    """What the machine code of the package is made of, with what makes it."""
    for source in dict.fromkeys((*FIXED, *map(routine_source, routines()))):  # some routines are those of several ops
        yield recipes.recipe(source), partial(jit.compile_source, source)
    common = common_kernels()
    for _, target in LEVELS if is_x86() else ():
        for symbol in SHARED:
            yield recipes.shared_recipe(symbol, target), partial(jit.compile_shared, symbol, target)
        for source in common:
            yield recipes.common_recipe(source, target), partial(jit.compile_source, source, target)


def main(directory: str) -> None:
    """Fill a directory."""
    prebuilt.write(Path(directory), pieces(), ((recipe, compiled()) for recipe, compiled in objects()))
    sources.hand_over(Path(directory))


if __name__ == "__main__":
    main(*sys.argv[1:])
