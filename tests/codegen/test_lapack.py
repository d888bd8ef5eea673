"""The kernels that call LAPACK, by themselves: both widths of integers, ranges of a batch, columns of a right side."""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from staticad.codegen import library
from staticad.codegen.convolution import CONVOLUTION
from staticad.codegen.fourier import FOURIER
from staticad.codegen.lapack import LAPACK
from staticad.codegen.library import function_address
from staticad.codegen.loader import kernel_address
from staticad.codegen.routine_text import Cut
from staticad.codegen.routines import all_routines, routine_source
from staticad.codegen.searching import SEARCHING
from staticad.codegen.sorting import SORTING
from staticad.codegen.windows import WINDOWS
from staticad.lower.kernel.routine import Routine
from staticad.ops.catalogue import ALL_OPS
from staticad.ops.library import Library

KERNEL = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
DTYPES = ["float32", "float64"]
Address = Callable[[str, np.dtype], int]


@pytest.fixture(params=["numpy", "scipy"])
def address(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Address]:
    """Where functions come from: NumPy's library, which has integers of 64 bits in its wheels, or SciPy's, of 32."""
    if request.param == "scipy":
        monkeypatch.setattr(library, "_NUMPY_SYMBOLS", ())
    yield function_address.__wrapped__


def call(name: str, dtype: Any, lo: int, hi: int, cut: int = Cut.BATCH, **slots: Any) -> list[int]:
    """Run the kernel on a range; the status words."""
    status = np.zeros(4, np.int64)
    given = {**slots, "STATUS": status, "CODE": 7}
    words = [v.ctypes.data if isinstance(v, np.ndarray) else v for v in given.values()]
    block = np.array([*words, cut], np.int64)
    KERNEL(kernel_address(routine_source(Routine(name, np.dtype(dtype), tuple(given), True))))(
        block.ctypes.data, lo, hi
    )
    return status.tolist()


def matrices(rng: np.random.Generator, dtype: str, *shape: int) -> np.ndarray:
    return (rng.normal(size=shape) + 3 * np.eye(shape[-2], shape[-1])[::-1]).astype(dtype)


def close(actual: np.ndarray, desired: np.ndarray) -> None:
    tolerance = 1e-4 if actual.dtype == np.float32 else 1e-11
    np.testing.assert_allclose(actual, desired, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 2, 5, 33])
def test_cholesky_of_a_range(address: Address, dtype: str, n: int, rng: np.random.Generator) -> None:
    a = matrices(rng, dtype, 4, n, n)
    a = a @ np.swapaxes(a, 1, 2) + np.eye(n, dtype=dtype)
    out = a.copy()
    step = n * n * out.itemsize
    status = call("cholesky", dtype, 1, 3, POTRF=address("potrf", out.dtype), OUT0=out, STEP_OUT0=step, N=n)
    assert status == [0, 0, 0, 0]
    np.testing.assert_array_equal(out[[0, 3]], a[[0, 3]])
    close(out[1:3], np.linalg.cholesky(a[1:3]))


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_first_matrix_that_fails_is_reported(address: Address, dtype: str) -> None:
    out = np.tile(np.eye(3, dtype=dtype), (5, 1, 1))
    out[2, 1, 1] = out[4, 0, 0] = -1
    step = 9 * out.itemsize
    given = {"POTRF": address("potrf", out.dtype), "OUT0": out, "STEP_OUT0": step, "N": 3}
    assert call("cholesky", dtype, 0, 5, **given) == [1, 7, 2, 2]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 2, 3, 20, 40])
def test_factors_solve(address: Address, dtype: str, n: int, rng: np.random.Generator) -> None:
    """Factors and pivots, and with them both systems: whole, by matrices, by columns."""
    a, k = matrices(rng, dtype, 3, n, n), 5
    lu, pivots, work = a.copy(), np.full((3, n), -1), np.full((3, n), -1)
    square, right, kind = n * n * a.itemsize, n * k * a.itemsize, a.dtype
    call(
        "lu_factor", dtype, 0, 3, GETRF=address("getrf", kind), OUT0=lu, STEP_OUT0=square, OUT1=pivots,
        STEP_OUT1=8 * n, N=n, WORK=work, STEP_WORK=8 * n,
    )  # fmt: skip
    assert (pivots >= np.arange(n)).all() and (pivots < n).all()
    b = rng.normal(size=(3, n, k)).astype(dtype)
    for trans in (0, 1):
        desired = np.linalg.solve(np.swapaxes(a, 1, 2) if trans else a, b)
        given = {"TRSM": address("trsm", kind), "STEP_OUT0": right, "N": n, "K": k, "TRANS": trans}
        factors = {"IN1": lu, "STEP_IN1": square, "IN2": pivots, "STEP_IN2": 8 * n}
        whole, parts = b.copy(), b.copy()
        assert call("lu_solve", dtype, 0, 3, OUT0=whole, **given, **factors)[0] == 0
        close(whole, desired)
        for lo, hi in ((2, 3), (0, 2)):
            call("lu_solve", dtype, lo, hi, OUT0=parts, **given, **factors)
        np.testing.assert_array_equal(parts, whole)
        columns = b[0].copy()
        for lo, hi in ((3, 5), (0, 3)):
            call("lu_solve", dtype, lo, hi, Cut.COLUMNS, OUT0=columns, **given, **factors)
        close(columns, desired[0])
        shared = b.copy()
        one = {"IN1": lu[1:2].copy(), "STEP_IN1": 0, "IN2": pivots[1:2].copy(), "STEP_IN2": 0}
        call("lu_solve", dtype, 0, 3, OUT0=shared, **given, **one)
        close(shared[2], np.linalg.solve(a[1].T if trans else a[1], b[2]))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("flags", list(itertools.product((0, 1), repeat=3)))
def test_triangular_systems(
    address: Address, dtype: str, flags: tuple[int, int, int], rng: np.random.Generator
) -> None:
    trans, lower, unit = flags
    a, b = (rng.normal(size=(4, 4)) + 3 * np.eye(4)).astype(dtype), rng.normal(size=(4, 6)).astype(dtype)
    read = np.tril(a, -unit) if lower else np.triu(a, unit)
    read = read + unit * np.eye(4, dtype=dtype)
    given = {"TRSM": address("trsm", a.dtype), "IN0": a, "STEP_IN0": 0, "STEP_OUT0": 24 * a.itemsize, "N": 4, "K": 6}
    for cut, ranges in ((Cut.BATCH, [(0, 1)]), (Cut.COLUMNS, [(4, 6), (0, 4)])):
        out = b.copy()
        for lo, hi in ranges:
            call("solve_triangular", dtype, lo, hi, cut, OUT0=out, TRANS=trans, LOWER=lower, UNIT=unit, **given)
        close(out, np.linalg.solve(read.T if trans else read, b))


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_zero_on_the_diagonal_is_reported(dtype: str) -> None:
    a, b = np.stack([np.eye(3), np.diag([1.0, 0, 2])]).astype(dtype), np.ones((2, 3, 1), dtype)
    given = {
        "TRSM": function_address("trsm", a.dtype), "IN0": a, "STEP_IN0": 9 * a.itemsize, "OUT0": b,
        "STEP_OUT0": 3 * a.itemsize, "N": 3, "K": 1, "TRANS": 0, "LOWER": 1,
    }  # fmt: skip
    assert call("solve_triangular", dtype, 0, 2, UNIT=0, **given) == [1, 7, 1, 2]
    assert call("solve_triangular", dtype, 0, 2, UNIT=1, **given)[0] == 0


def test_every_routine_of_an_op_has_a_text() -> None:
    real = {op.name for op in ALL_OPS if isinstance(op, Library) and "f" in op.operands}
    own = {"custom", "print", "assert"}  # whose code is a function of the user's, or of the package's
    matrices = (
        real - own - {"eig"} - SORTING.keys() - SEARCHING.keys()
    )  # eig becomes another one, since its results are complex
    assert matrices == LAPACK.keys()
    assert all_routines().keys() == {"gemm", *own, *CONVOLUTION, *FOURIER, *LAPACK, *SEARCHING, *SORTING, *WINDOWS}


@pytest.mark.parametrize("name", sorted(LAPACK))
@pytest.mark.parametrize("batch", [0, 1, 7, 10_000])
def test_a_cut_covers_the_work(name: str, batch: int) -> None:
    for n, k in itertools.product((0, 1, 64, 1000), repeat=2):
        cut, extent, grain = LAPACK[name].cut({"N": n, "K": k, "M": k, "R": n, "Q": n}, batch)
        assert extent == (k if cut == Cut.COLUMNS else batch)
        assert 0 <= grain < max(1, extent)
        if cut == Cut.COLUMNS:
            assert batch == 1 and grain >= 16


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(4, 3), (3, 4), (1, 1), (40, 40)])
@pytest.mark.parametrize("values_read", [False, True])
def test_least_squares_of_a_range(
    address: Address, dtype: str, shape: tuple[int, int], values_read: bool, rng: np.random.Generator
) -> None:
    """One of the matrices has rank 1, whether singular values are read or not."""
    (m, n), k = shape, 2
    r, s = min(shape), max(shape)
    a, b = matrices(rng, dtype, 4, m, n), rng.normal(size=(4, m, k)).astype(dtype)
    a[2] = 1
    out, ranks, values = np.full((4, n, k), 9, dtype), np.full(4, 9), np.full((4, r), 9, dtype)
    limit = np.array(1e-4, dtype)
    room = 8 * (m * n + s * k + 374 * r + r * k + 3 * s + 701)
    work, size, kind = np.zeros(4 * room, np.int8), a.itemsize, a.dtype
    status = call(
        "lstsq", dtype, 1, 4, GELS=address("gels", kind), GELSD=address("gelsd", kind), TRTRI=address("trtri", kind),
        IN0=a, STEP_IN0=m * n * size, IN1=b, STEP_IN1=m * k * size, IN2=limit, STEP_IN2=0, OUT0=out,
        STEP_OUT0=n * k * size, OUT1=ranks, STEP_OUT1=8, OUT2=values if values_read else 0, STEP_OUT2=r * size,
        M=m, N=n, K=k, R=r, S=s, WORK=work, STEP_WORK=room,
    )  # fmt: skip
    assert status == [0, 0, 0, 0]
    for number in (1, 2, 3):
        solution, _, rank, known = np.linalg.lstsq(a[number], b[number], rcond=1e-4)
        assert ranks[number] == rank == (min(shape) if number != 2 else 1)
        condition = known[0] / known[rank - 1]
        error = np.abs(out[number] - solution).max()
        assert error < 50 * np.finfo(dtype).eps * condition**2 * np.abs(solution).max()
        np.testing.assert_allclose(values[number], known if values_read else 9, atol=1e-5 * known[0])
    assert (out[0] == 9).all() and ranks[0] == 9
