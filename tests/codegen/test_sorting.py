"""The kernels that sort, by themselves: every way that they take, on rows that are hard for them."""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Iterator

import llvmlite.binding as llvm
import numpy as np
import pytest
from llvmlite import ir

from staticad.codegen import key_sorting, llvm_pipeline
from staticad.codegen.loader import kernel_address, shared_address
from staticad.codegen.loop_hints import hinted
from staticad.codegen.recipes import KEY_SORTERS, WORDS_SORTER
from staticad.codegen.routines import routine_source
from staticad.codegen.target import create_target_machine, plain
from staticad.functional.orders import SORTED
from staticad.lower.kernel.routine import Routine
from staticad.ops.sorting import PARTITION, SORT

KERNEL = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
SORT_SLOTS = (
    "SORT_KEYS", "SORT_WORDS", "IN0", "STEP_IN0", "OUT0", "STEP_OUT0", "OUT1", "STEP_OUT1", "N", "K", "FIRST",
    "DESCENDING", "WORK", "STEP_WORK",
)  # fmt: skip
PARTITION_SLOTS = tuple(slot for slot in SORT_SLOTS if slot not in ("SORT_WORDS", "K", "DESCENDING"))


def run(routine: Routine, x: np.ndarray, k: int, values: bool, places: bool, **attrs: int) -> list[np.ndarray]:
    """The values and the places of the rows of a matrix, as far as they are wanted."""
    rows, n = x.shape
    made, found = np.zeros((rows, k), x.dtype), np.zeros((rows, k), np.int64)
    work = np.zeros((rows, 4 * n), np.int64)
    given = {
        "SORT_KEYS": shared_address(KEY_SORTERS[x.dtype.name]), "SORT_WORDS": shared_address(WORDS_SORTER),
        "IN0": x.ctypes.data, "STEP_IN0": n * x.itemsize, "OUT0": made.ctypes.data if values else 0,
        "STEP_OUT0": k * x.itemsize, "OUT1": found.ctypes.data if places else 0, "STEP_OUT1": 8 * k, "N": n, "K": k,
        "WORK": work.ctypes.data, "STEP_WORK": 32 * n, **{name.upper(): value for name, value in attrs.items()},
    }  # fmt: skip
    block = np.array([*(given[slot] for slot in routine.slots), 0], np.int64)
    KERNEL(kernel_address(routine_source(routine)))(block.ctypes.data, 0, rows)
    return [made, found]


def hard(dtype: np.dtype, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Rows of few and many elements: of all bits, of few values, all equal, those whose upper bits do not decide."""
    for n in (0, 1, 5, 64, 65, 300, 3500):
        if dtype.kind == "f":
            yield rng.normal(size=(2, n)).astype(dtype)
            few = rng.integers(-2, 3, (3, n)) * rng.choice([-1.0, 1.0], (3, n))
            few[0, rng.random(n) < 0.3] = np.nan
            few[0, rng.random(n) < 0.2] = -np.nan
            few[1, rng.random(n) < 0.2] = rng.choice([-np.inf, np.inf])
            yield few.astype(dtype)
            yield (1 + 1e-13 * rng.integers(0, 99, (1, n))).astype(dtype)
        else:
            ends = np.iinfo(dtype)
            yield rng.integers(ends.min, ends.max, (2, n), dtype=dtype, endpoint=True)
            yield rng.integers(0, 3, (2, n)).astype(dtype)
            yield np.full((1, n), ends.max, dtype)
            yield np.where(np.arange(n) == n // 2, ends.max, rng.integers(0, 500, (1, n))).astype(dtype)


WANTED = ((True, True), (True, False), (False, True))


def check(made: list[np.ndarray], expected: tuple[np.ndarray, np.ndarray], wanted: tuple[bool, bool]) -> None:
    for actual, desired, one in zip(made, expected, wanted, strict=True):
        if one:
            assert actual.tobytes() == np.ascontiguousarray(desired).tobytes()


@pytest.mark.parametrize("dtype", SORTED, ids=str)
def test_rows_are_sorted_and_stable(dtype: np.dtype, rng: np.random.Generator) -> None:
    routine = Routine("sort", dtype, SORT_SLOTS)
    for x in hard(dtype, rng):
        n = x.shape[1]
        first, last = sorted(rng.integers(0, n + 1, 2))
        for descending, (start, k) in itertools.product((0, 1), ((0, n), (0, n // 5), (int(first), int(last - first)))):
            expected = SORT.numpy(x, start, k, descending)
            for wanted in WANTED:
                check(run(routine, x, k, *wanted, first=start, descending=descending), expected, wanted)


@pytest.mark.parametrize("dtype", SORTED, ids=str)
def test_rows_are_parted_and_stay_in_order(dtype: np.dtype, rng: np.random.Generator) -> None:
    routine = Routine("partition", dtype, PARTITION_SLOTS)
    for x in hard(dtype, rng):
        n = x.shape[1]
        for first in {0, n // 3, n - 1} if n else ():
            expected = PARTITION.numpy(x, first)
            for wanted in WANTED:
                check(run(routine, x, n, *wanted, first=first), expected, wanted)


@pytest.mark.parametrize(("bits", "features"), [(32, ()), (64, ()), (64, ("avx512vl",))])
def test_other_cpus_and_pivots_that_are_of_no_use(
    bits: int, features: tuple[str, ...], rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CPUs that can't permute vectors, and those that can compress them, as far as LLVM makes the same for this one.
    Every range of values is halved, as for bad samples."""
    monkeypatch.setattr(key_sorting, "_SAMPLED", 0)
    module, symbol = ir.Module("test"), f"plain_sort_{bits}"
    key_sorting.sorting_function(module, symbol, bits, dict.fromkeys(features, True))
    built = llvm_pipeline.build(hinted(module, symbol), symbol, plain(), llvm_pipeline.KERNEL)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), create_target_machine(plain()))
    engine.add_object_file(llvm.ObjectFileRef.from_data(llvm_pipeline.object_bytes(built, plain())))
    engine.finalize_object()
    sorter = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * 8)(engine.get_function_address(symbol))
    ends = np.iinfo(f"int{bits}")
    for n in (0, 3, 17, 90, 3000):
        for x in (rng.integers(ends.min, ends.max, n, endpoint=True), rng.integers(-2, 3, n), np.full(n, ends.max)):
            keys = x.astype(f"int{bits}")
            made, scratch = keys.copy(), np.empty_like(keys)
            sorter(1, made.ctypes.data, scratch.ctypes.data, n, 0, n, 0, 0)
            np.testing.assert_array_equal(made, np.sort(keys))
