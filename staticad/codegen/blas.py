"""Matrix products: the address of a BLAS routine, the kernel that calls it, and how to cut one over threads.

The kernel computes, with everything in row-major order,

    C = alpha * op(A) @ op(B) + beta * C        C: (m, n), op(A): (m, k), op(B): (k, n)

for a batch of matrices, where ``op`` is nothing or the transpose. A row-major matrix is the transpose of a
column-major one, and ``C^T = op(B)^T op(A)^T``, so BLAS is asked for the product with its operands swapped. Its
Fortran interface takes every argument by address; :class:`Gemm` lays the argument block out so that the slots
themselves are what BLAS reads. A little-endian slot serves libraries with 32-bit and with 64-bit integers alike.

``beta = 0`` overwrites C whatever it holds (NaN included); ``k = 0`` leaves ``beta * C``; an empty C is left alone.

The routine comes from the library that NumPy itself uses, which is already loaded; NumPy builds that hide it are
served by SciPy's. Large products are cut here, not by BLAS: its own threads would make results depend on their number,
and two pools on the same cores disturb each other (:mod:`staticad.runtime.blas_threads` keeps BLAS to one thread
during a run).
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import re
from enum import IntEnum

import numpy as np

from staticad.errors import CompileError, DTypeError


class Gemm(IntEnum):
    """Slots of the argument block of :func:`gemm_source`.

    Leading dimensions are the distances between rows in elements, at least 1 and at least the row's length; batch
    strides are the distances between matrices in elements (0: the same matrix for the whole batch). TRANSPOSE_A and
    TRANSPOSE_B hold :data:`PLAIN` or :data:`TRANSPOSED`: with TRANSPOSED the matrix is stored as (k, m) or (n, k).
    ALPHA and BETA hold the bits of a number of the matrices' dtype, see :func:`scalar_bits`. CUT is a :class:`Cut`.
    """

    ROUTINE = 0
    A = 1
    B = 2
    C = 3
    M = 4
    N = 5
    K = 6
    LEADING_A = 7
    LEADING_B = 8
    LEADING_C = 9
    TRANSPOSE_A = 10
    TRANSPOSE_B = 11
    ALPHA = 12
    BETA = 13
    BATCH_A = 14
    BATCH_B = 15
    BATCH_C = 16
    CUT = 17
    SLOTS = 18


class Cut(IntEnum):
    """What the range ``[lo, hi)`` of the kernel counts: matrices of the batch, or rows or columns of one C."""

    BATCH = 0
    ROWS = 1
    COLUMNS = 2


PLAIN = ord("N")
TRANSPOSED = ord("T")

# OpenBLAS as NumPy's wheels have it (with 64-bit and 32-bit integers), as distributions build it, and Apple's.
_NUMPY_SYMBOLS = ("scipy_{}_64_", "scipy_{}_", "{}_64_", "{}_", "{}$NEWLAPACK$ILP64", "{}$NEWLAPACK")

_THREAD_SYMBOLS = (
    "scipy_openblas_{}_num_threads64_",
    "scipy_openblas_{}_num_threads",
    "openblas_{}_num_threads64_",
    "openblas_{}_num_threads",
)
_NUMPY = "numpy._core._multiarray_umath"
_SCIPY = "scipy.linalg.cython_blas"

_KERNEL = """\
def kernel(args, lo, hi):
    slots = address_of(args)
    sizes = stack_words(2)
    m = peek(slots, M)
    n = peek(slots, N)
    a = peek(slots, A)
    b = peek(slots, B)
    c = peek(slots, C)
    batch_a = ITEMSIZE * peek(slots, BATCH_A)
    batch_b = ITEMSIZE * peek(slots, BATCH_B)
    batch_c = ITEMSIZE * peek(slots, BATCH_C)
    cut = peek(slots, CUT)
    count = 1
    if cut == ROWS:
        m = hi - lo
        stride = peek(slots, LEADING_A)
        if peek(slots, TRANSPOSE_A) == TRANSPOSED:
            stride = 1
        a += ITEMSIZE * lo * stride
        c += ITEMSIZE * lo * peek(slots, LEADING_C)
    elif cut == COLUMNS:
        n = hi - lo
        stride = 1
        if peek(slots, TRANSPOSE_B) == TRANSPOSED:
            stride = peek(slots, LEADING_B)
        b += ITEMSIZE * lo * stride
        c += ITEMSIZE * lo
    else:
        count = hi - lo
        a += lo * batch_a
        b += lo * batch_b
        c += lo * batch_c
    poke(sizes, 0, n)
    poke(sizes, 1, m)
    if m > 0 and n > 0:
        for _ in range(count):
            call_gemm(
                peek(slots, ROUTINE),
                slots + 8 * TRANSPOSE_B,
                slots + 8 * TRANSPOSE_A,
                sizes,
                sizes + 8,
                slots + 8 * K,
                slots + 8 * ALPHA,
                b,
                slots + 8 * LEADING_B,
                a,
                slots + 8 * LEADING_A,
                slots + 8 * BETA,
                c,
                slots + 8 * LEADING_C,
            )
            a += batch_a
            b += batch_b
            c += batch_c
"""


@functools.cache
def gemm_source(dtype: np.dtype) -> str:
    """Text of the kernel for matrices of ``dtype``. Raises DTypeError unless that is float32 or float64."""
    _routine_name(dtype)
    values = {slot.name: int(slot) for slot in Gemm} | {cut.name: int(cut) for cut in Cut}
    values |= {"ITEMSIZE": dtype.itemsize, "TRANSPOSED": TRANSPOSED}
    return re.sub(r"\b[A-Z][A-Z_]*\b", lambda match: str(values[match[0]]), _KERNEL)


# Multiplications below which a product is not cut (about 10 microseconds of one core).
_SMALLEST_CHUNK = 1 << 20
# Every chunk packs all of the matrix that is not cut, so chunks along a large side are kept this long.
_LONG_SIDE = 256
# Up to this width OpenBLAS is faster with chunks that it need not pack at all.
_SKINNY = 64


def gemm_cut(m: int, n: int, k: int, batch: int) -> tuple[Cut, int, int]:
    """How to cut a product: the slot CUT, the extent of the step and its grain (0: not at all).

    A function of the sizes alone, not of the number of threads, so that results do not depend on that.
    """
    work = m * n * k
    if batch != 1:
        grain = max(1, _SMALLEST_CHUNK // max(1, work))
        return Cut.BATCH, batch, grain if grain < batch else 0
    if work < 2 * _SMALLEST_CHUNK and (min(m, n) > _SKINNY or work < _SMALLEST_CHUNK):
        return Cut.BATCH, 1, 0
    cut, side, other = (Cut.ROWS, m, n) if m >= n else (Cut.COLUMNS, n, m)
    chunks = -(-work // _SMALLEST_CHUNK)
    if other > _SKINNY:
        wanted = 2
        while wanted * _LONG_SIDE < side:
            wanted *= 2
        chunks = min(chunks, wanted)
    grain = -(-side // (16 * chunks)) * 16
    return (cut, side, grain) if grain < side else (Cut.BATCH, 1, 0)


@functools.cache
def gemm_address(dtype: np.dtype) -> int:
    """Address of BLAS ``sgemm`` or ``dgemm`` in this process, for the slot ROUTINE.

    Raises DTypeError for a dtype other than float32 and float64, CompileError when no BLAS library can be found.
    """
    name = _routine_name(dtype)
    address = _from_numpy(name) or _from_scipy(name)
    if address is None:
        raise CompileError(f"no BLAS library with {name} was found; install SciPy")
    return address


def scalar_bits(value: float, dtype: np.dtype) -> int:
    """``value`` as a number of ``dtype``, as the content of an int64 slot."""
    slot = np.zeros(8 // dtype.itemsize, dtype)
    slot[0] = value
    return int(slot.view(np.int64)[0])


def _routine_name(dtype: np.dtype) -> str:
    if dtype == np.float32:
        return "sgemm"
    if dtype == np.float64:
        return "dgemm"
    raise DTypeError(f"BLAS multiplies float32 and float64 matrices, not {dtype}")


@functools.cache
def _library(module: str) -> ctypes.CDLL | None:
    """An extension module as a C library: its symbols, and those of the libraries that it depends on."""
    try:
        return ctypes.CDLL(importlib.import_module(module).__file__)
    except (ImportError, OSError):
        return None


def _from_numpy(name: str) -> int | None:
    """Look the routine up where NumPy's own core finds its BLAS."""
    library = _library(_NUMPY)
    for pattern in _NUMPY_SYMBOLS:
        address = _address(library, pattern.format(name))
        if address is not None:
            return address
    return None


def _from_scipy(name: str) -> int | None:
    """SciPy exports its BLAS for Cython as capsules that hold the address."""
    try:
        capsule = importlib.import_module(_SCIPY).__pyx_capi__[name]
    except (ImportError, KeyError):
        return None
    get_name, get_pointer = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
    get_name.restype, get_name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    get_pointer.restype, get_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return int(get_pointer(capsule, get_name(capsule)))


@functools.cache
def thread_control() -> tuple[int, int] | None:
    """Addresses of the functions that return and set BLAS's number of threads; None for a BLAS that has none.

    The first is ``int get()``, the second ``void set(int)``, for the whole process.
    """
    library = _library(_NUMPY if _from_numpy("sgemm") else _SCIPY)
    for pattern in _THREAD_SYMBOLS:
        get, set_ = (_address(library, pattern.format(action)) for action in ("get", "set"))
        if get is not None and set_ is not None:
            return get, set_
    return None


def _address(library: ctypes.CDLL | None, name: str) -> int | None:
    function = getattr(library, name, None)
    return None if function is None else ctypes.cast(function, ctypes.c_void_p).value
