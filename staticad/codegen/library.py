"""Functions of BLAS and LAPACK: their addresses in this process, and the library's number of threads.

They come from the library that NumPy itself uses, which is already loaded; NumPy builds that hide it are served by
SciPy's. All take their arguments by address, as Fortran does. Whether integers have 32 or 64 bits is the library's
choice: a little-endian slot of 64 bits serves both, see also `staticad.codegen.lapack`.
"""

from __future__ import annotations

import ctypes
import functools

import numpy as np

from staticad import late
from staticad.errors import CompileError, DTypeError
from staticad.lower.kernel.routine import COMPLEX

# OpenBLAS as NumPy's wheels have it (with 64-bit and 32-bit integers), as distributions build it, and Apple's.
_NUMPY_SYMBOLS = ("scipy_{}_64_", "scipy_{}_", "{}_64_", "{}_", "{}$NEWLAPACK$ILP64", "{}$NEWLAPACK")

_THREAD_SYMBOLS = (
    "scipy_openblas_{}_num_threads64_",
    "scipy_openblas_{}_num_threads",
    "openblas_{}_num_threads64_",
    "openblas_{}_num_threads",
)
_OF_COMPLEX = {"orglq": "unglq", "syevd": "heevd"}  # what a function is called for complex matrices
_NUMPY = "numpy._core._multiarray_umath"
_SCIPY = ("scipy.linalg.cython_blas", "scipy.linalg.cython_lapack")


@functools.cache
def function_address(name: str, dtype: np.dtype) -> int:
    """Address of a function, given without the letter for the dtype: "gemm", "potrf"; "complex_potrf" is the one for
    complex numbers with parts of that dtype.

    Raises DTypeError for a dtype other than float32 and float64, CompileError when no library with it can be found.
    """
    plain = name.removeprefix(COMPLEX)
    full = _letter(dtype, plain != name) + (plain if plain == name else _OF_COMPLEX.get(plain, plain))
    address = _from_numpy(full) or _from_scipy(full)
    if address is None:
        raise CompileError(f"no BLAS or LAPACK library with {full} was found; install SciPy")
    return address


def _letter(dtype: np.dtype, is_complex: bool) -> str:
    if dtype == np.float32:
        return "c" if is_complex else "s"
    if dtype == np.float64:
        return "z" if is_complex else "d"
    raise DTypeError(f"BLAS and LAPACK have matrices of float32 and float64, not of {dtype}")


@functools.cache
def _library(module: str) -> ctypes.CDLL | None:
    """An extension module as a C library: its symbols, and those of the libraries that it depends on."""
    try:
        return ctypes.CDLL(late.imported(module).__file__)
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
    """SciPy exports its BLAS and LAPACK for Cython as capsules that hold the address."""
    try:
        capsules = [late.imported(module).__pyx_capi__ for module in _SCIPY]
    except ImportError:
        return None
    capsule = next((found[name] for found in capsules if name in found), None)
    if capsule is None:
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
    library = _library(_NUMPY if _from_numpy("sgemm") else _SCIPY[0])
    for pattern in _THREAD_SYMBOLS:
        get, set_ = (_address(library, pattern.format(action)) for action in ("get", "set"))
        if get is not None and set_ is not None:
            return get, set_
    return None


def _address(library: ctypes.CDLL | None, name: str) -> int | None:
    function = getattr(library, name, None)
    return None if function is None else ctypes.cast(function, ctypes.c_void_p).value
