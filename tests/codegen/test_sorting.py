"""The kernel that sorts, by itself: every way that it takes, on rows that are hard for it."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

import numpy as np
import pytest

from staticad.codegen.loader import kernel_address
from staticad.codegen.routines import routine_source
from staticad.functional.sorting import SORTED
from staticad.lower.kernel.routine import Routine
from staticad.ops.sorting import SORT

KERNEL = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
SLOTS = ("IN0", "STEP_IN0", "OUT0", "STEP_OUT0", "OUT1", "STEP_OUT1", "N", "DESCENDING", "WORK", "STEP_WORK")


def sort(x: np.ndarray, descending: int, values: bool, places: bool) -> tuple[np.ndarray, np.ndarray]:
    """The values and the places of the rows of a matrix, as far as they are wanted."""
    rows, n = x.shape
    made, found = np.zeros_like(x), np.zeros(x.shape, np.int64)
    work, row = np.zeros((rows, 4 * n), np.int64), n * x.itemsize
    block = np.array(
        [
            x.ctypes.data, row, made.ctypes.data if values else 0, row, found.ctypes.data if places else 0, 8 * n, n,
            descending, work.ctypes.data, 32 * n, 0,
        ],
        np.int64,
    )  # fmt: skip
    routine = Routine("sort", x.dtype, SLOTS)
    KERNEL(kernel_address(routine_source(routine)))(block.ctypes.data, 0, rows)
    return made, found


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


@pytest.mark.parametrize("dtype", SORTED, ids=str)
def test_rows_are_sorted_and_stable(dtype: np.dtype, rng: np.random.Generator) -> None:
    for x in hard(dtype, rng):
        for descending in (0, 1):
            values, places = SORT.numpy(x, descending)
            for with_values, with_places in ((True, True), (True, False), (False, True)):
                made, found = sort(x, descending, with_values, with_places)
                if with_values:
                    assert made.tobytes() == values.tobytes()
                if with_places:
                    np.testing.assert_array_equal(found, places)
