"""GEMM steps against NumPy: transposes, strides, batches, cuts, empty sizes, every provider."""

from __future__ import annotations

import ctypes
import importlib
import itertools

import numpy as np
import pytest

from staticad.codegen import library
from staticad.codegen.blas import gemm_cut
from staticad.codegen.library import function_address
from staticad.codegen.loader import kernel_address
from staticad.codegen.routine_text import Cut
from staticad.codegen.routines import routine_source
from staticad.errors import CompileError, DTypeError
from staticad.lower.fusion.operands import bits
from staticad.lower.kernel.routine import Gemm, gemm

KERNEL = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
DTYPES = [np.dtype("float32"), np.dtype("float64")]


def multiply(
    a: np.ndarray,
    b: np.ndarray,
    c: np.ndarray,
    *,
    transpose: tuple[bool, bool] = (False, False),
    alpha: float = 1.0,
    beta: float = 0.0,
    cut: Cut = Cut.BATCH,
    ranges: list[tuple[int, int]] | None = None,
    routine: int | None = None,
) -> None:
    """c = alpha * op(a) @ op(b) + beta * c in place; the last two axes are matrices, a third one is the batch.

    The inner axis of each has stride one; a batch stride of 0 is allowed.
    """
    dtype, size = a.dtype, a.dtype.itemsize
    m, n = c.shape[-2:]
    k = a.shape[-2 if transpose[0] else -1]
    slots = np.zeros(len(Gemm) + 1, np.int64)
    for slot, matrix in ((Gemm.A, a), (Gemm.B, b), (Gemm.C, c)):
        slots[slot] = matrix.ctypes.data
        slots[slot - Gemm.A + Gemm.LEADING_A] = max(1, matrix.strides[-2] // size, matrix.shape[-1])
        slots[slot - Gemm.A + Gemm.BATCH_A] = matrix.strides[0] // size if matrix.ndim == 3 else 0
    slots[[Gemm.M, Gemm.N, Gemm.K]] = m, n, k
    slots[[Gemm.TRANSPOSE_A, Gemm.TRANSPOSE_B]] = [ord("T" if flag else "N") for flag in transpose]
    slots[[Gemm.ALPHA, Gemm.BETA]] = np.array([bits(alpha, dtype), bits(beta, dtype)], np.uint64).view(np.int64)
    slots[Gemm.ROUTINE] = function_address("gemm", dtype) if routine is None else routine
    slots[-1] = cut
    kernel = KERNEL(kernel_address(routine_source(gemm(dtype))))
    for lo, hi in ranges or [(0, c.shape[0] if c.ndim == 3 else 1)]:
        kernel(slots.ctypes.data, lo, hi)


def operands(
    rng: np.random.Generator, dtype: np.dtype, m: int, n: int, k: int, transpose: tuple[bool, bool], batch: tuple = ()
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    a = rng.normal(size=(*batch, *((k, m) if transpose[0] else (m, k)))).astype(dtype)
    b = rng.normal(size=(*batch, *((n, k) if transpose[1] else (k, n)))).astype(dtype)
    return a, b, rng.normal(size=(*batch, m, n)).astype(dtype)


def expected(
    a: np.ndarray, b: np.ndarray, c: np.ndarray, transpose: tuple[bool, bool], alpha: float = 1, beta: float = 0
) -> np.ndarray:
    a, b, c = (matrix.astype("float64") for matrix in (a, b, c))
    a = np.swapaxes(a, -1, -2) if transpose[0] else a
    b = np.swapaxes(b, -1, -2) if transpose[1] else b
    return alpha * (a @ b) + (beta * c if beta else 0.0)


def assert_close(actual: np.ndarray, desired: np.ndarray) -> None:
    tolerance = 1e-4 if actual.dtype == np.float32 else 1e-12
    np.testing.assert_allclose(actual, desired, rtol=tolerance, atol=tolerance)


TRANSPOSES = list(itertools.product([False, True], repeat=2))
SIZES = [(1, 1, 1), (3, 4, 5), (32, 10, 64), (1, 7, 9), (8, 1, 5), (65, 33, 129)]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("transpose", TRANSPOSES)
@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 0.0), (1.0, 1.0), (-0.5, 0.0), (2.0, -3.0), (0.0, 1.0), (0.0, 0.0)])
def test_products(
    dtype: np.dtype, transpose: tuple[bool, bool], alpha: float, beta: float, rng: np.random.Generator
) -> None:
    for m, n, k in SIZES:
        a, b, c = operands(rng, dtype, m, n, k, transpose)
        desired = expected(a, b, c, transpose, alpha, beta)
        multiply(a, b, c, transpose=transpose, alpha=alpha, beta=beta)
        assert_close(c, desired)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("transpose", TRANSPOSES)
def test_nothing_to_sum_or_to_write(dtype: np.dtype, transpose: tuple[bool, bool], rng: np.random.Generator) -> None:
    for m, n, k in [(3, 4, 0), (0, 4, 5), (3, 0, 5), (0, 0, 0), (0, 4, 0)]:
        for beta in (0.0, 2.0):
            a, b, c = operands(rng, dtype, m, n, k, transpose)
            desired = beta * c.astype("float64")
            multiply(a, b, c, transpose=transpose, beta=beta)
            assert_close(c, desired)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("k", [0, 5])
@pytest.mark.parametrize("size", [(3, 4), (1, 4), (3, 1), (200, 200)])
def test_beta_zero_overwrites_nan(dtype: np.dtype, k: int, size: tuple[int, int], rng: np.random.Generator) -> None:
    a, b, c = operands(rng, dtype, *size, k, (False, False))
    c[:] = np.nan
    multiply(a, b, c)
    assert_close(c, expected(a, b, c, (False, False)))


def test_nan_in_an_operand_is_seen(rng: np.random.Generator) -> None:
    a, b, c = operands(rng, DTYPES[1], 3, 4, 5, (False, False))
    a[1, 2] = np.nan
    multiply(a, b, c)
    assert np.isnan(c[1]).all() and np.isfinite(c[[0, 2]]).all()


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("transpose", TRANSPOSES)
def test_parts_of_larger_matrices(dtype: np.dtype, transpose: tuple[bool, bool], rng: np.random.Generator) -> None:
    m, n, k = 7, 6, 8
    large = rng.normal(size=(3, 20, 30)).astype(dtype)
    a = large[0, 2 : 2 + (k if transpose[0] else m), 1 : 1 + (m if transpose[0] else k)]
    b = large[1, 3 : 3 + (n if transpose[1] else k), 2 : 2 + (k if transpose[1] else n)]
    c, before = large[2, 5 : 5 + m, 7 : 7 + n], large.copy()
    desired = expected(a, b, c, transpose)
    multiply(a, b, c, transpose=transpose)
    assert_close(c, desired)
    c[:] = before[2, 5 : 5 + m, 7 : 7 + n]
    np.testing.assert_array_equal(large, before)  # nothing beside the part was touched


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("transpose", TRANSPOSES)
def test_batches_and_their_ranges(dtype: np.dtype, transpose: tuple[bool, bool], rng: np.random.Generator) -> None:
    a, b, c = operands(rng, dtype, 4, 5, 6, transpose, (7,))
    before, desired = c.copy(), expected(a, b, c, transpose)
    multiply(a, b, c, transpose=transpose, ranges=[(1, 3), (5, 6)])
    for index in range(7):
        assert_close(c[index], desired[index] if index in (1, 2, 5) else before[index])


def test_one_matrix_for_the_whole_batch(rng: np.random.Generator) -> None:
    a, b, c = operands(rng, DTYPES[0], 4, 5, 6, (False, True), (3,))
    shared = np.broadcast_to(b[0], b.shape)
    multiply(a, shared, c, transpose=(False, True))
    assert_close(c, expected(a, shared, c, (False, True)))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("transpose", TRANSPOSES)
@pytest.mark.parametrize("cut", [Cut.ROWS, Cut.COLUMNS])
def test_cuts(dtype: np.dtype, transpose: tuple[bool, bool], cut: Cut, rng: np.random.Generator) -> None:
    a, b, c = operands(rng, dtype, 37, 41, 29, transpose)
    desired = expected(a, b, c, transpose, 0.5, 2.0)
    side = c.shape[0 if cut == Cut.ROWS else 1]
    ranges = [(lo, min(lo + 16, side)) for lo in reversed(range(0, side, 16))]
    multiply(a, b, c, transpose=transpose, alpha=0.5, beta=2.0, cut=cut, ranges=ranges)
    assert_close(c, desired)


@pytest.mark.parametrize("transpose", TRANSPOSES)
def test_scipy_serves_where_numpy_hides_its_library(
    transpose: tuple[bool, bool], rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "_NUMPY_SYMBOLS", ())
    for dtype, name in zip(DTYPES, ("sgemm", "dgemm")):
        routine = function_address.__wrapped__("gemm", dtype)
        assert routine == library._from_scipy(name) is not None
        a, b, c = operands(rng, dtype, 11, 12, 13, transpose)
        desired = expected(a, b, c, transpose, 2.0, 0.5)
        multiply(a, b, c, transpose=transpose, alpha=2.0, beta=0.5, routine=routine)
        assert_close(c, desired)


def test_no_provider_is_a_typed_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "_NUMPY_SYMBOLS", ())
    monkeypatch.setattr(library, "_SCIPY", ("no.such.module",))
    with pytest.raises(CompileError, match="install SciPy"):
        function_address.__wrapped__("gemm", DTYPES[0])


@pytest.mark.parametrize("dtype", ["int64", "float16", "complex64"])
def test_other_dtypes_are_refused(dtype: str) -> None:
    with pytest.raises(DTypeError, match=dtype):
        function_address("gemm", np.dtype(dtype))


def test_the_thread_control_works() -> None:
    control = library.thread_control()
    openblas = "openblas" in np.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"].lower()
    assert (control is not None) == openblas
    if control is None:
        return
    get, put = ctypes.CFUNCTYPE(ctypes.c_int)(control[0]), ctypes.CFUNCTYPE(None, ctypes.c_int)(control[1])
    before = get()
    try:
        put(1)
        assert get() == 1
    finally:
        put(before)
    assert get() == before


@pytest.mark.parametrize(
    "sizes",
    list(itertools.product([0, 1, 10, 256, 1000], [0, 1, 10, 512, 5000], [0, 1, 64, 784], [0, 1, 7])),
)
def test_a_cut_covers_the_product(sizes: tuple[int, int, int, int]) -> None:
    m, n, k, batch = sizes
    cut, extent, grain = gemm_cut(m, n, k, batch)
    assert extent == {Cut.BATCH: batch, Cut.ROWS: m, Cut.COLUMNS: n}[cut]
    assert 0 <= grain < max(1, extent)
    if cut != Cut.BATCH:
        assert batch == 1 and grain > 0


def test_large_products_are_cut_and_small_ones_are_not() -> None:
    assert gemm_cut(32, 10, 64, 1)[2] == 0
    assert gemm_cut(64, 128, 64, 1)[2] == 0
    assert gemm_cut(256, 512, 784, 1) == (Cut.COLUMNS, 512, 256)
    assert gemm_cut(784, 512, 256, 1)[0] == Cut.ROWS
    assert gemm_cut(256, 10, 512, 1) == (Cut.ROWS, 256, 128)
    assert gemm_cut(64, 64, 64, 100)[2] > 0


def test_the_library_is_found_without_importing_scipy() -> None:
    path = importlib.import_module("numpy._core._multiarray_umath").__file__
    assert path is not None
    assert library._from_numpy("sgemm") or library._from_scipy("sgemm")
    assert library._from_numpy("no_such_routine") is None
