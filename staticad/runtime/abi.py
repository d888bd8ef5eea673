"""Where CPython and NumPy keep what the machine reads from their objects, checked before the first use.

The machine reads feeds straight from the Python objects (type, dtype, dimensions, data pointer) and creates the result
arrays through NumPy's C interface. All offsets follow from public structures (``PyObject``, ``PyTupleObject``,
``PyArrayObject_fields``, the scalar objects); :func:`verify` compares each with what Python itself says, so an
interpreter that is laid out differently is refused with a CompileError instead of read wrongly.
"""

from __future__ import annotations

import ctypes
import functools
import sys

import numpy as np

from staticad.errors import CompileError
from staticad.late import imported

_HEAD = object.__basicsize__

# Byte offsets. PyArrayObject_fields: data, int nd, dimensions, strides, base, descr, int flags.
TYPE = _HEAD - 8
TUPLE_SIZE = _HEAD
TUPLE_ITEMS = tuple.__basicsize__
ARRAY_DATA = _HEAD
ARRAY_RANK = _HEAD + 8
ARRAY_DIMENSIONS = _HEAD + 16
ARRAY_DTYPE = _HEAD + 40
ARRAY_FLAGS = _HEAD + 48
SCALAR_VALUE = _HEAD
# PyArray_Descr: typeobj, char kind, char type, char byteorder, char flags, int type_num, uint64 flags, itemsize.
DTYPE_KIND = _HEAD + 8
DTYPE_ITEMSIZE = _HEAD + 24

# Of the word at DTYPE_KIND: what two dtypes have in common that say the same. The upper half is the number of the type;
# those of NumPy itself are below TYPE_NUMBERS.
KIND_AND_ORDER = 0xFF00FF
TYPE_NUMBERS = 24

# NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_ALIGNED
REQUIRED_FLAGS = 0x0001 | 0x0100

_NEW_FROM_DESCRIPTOR = 94  # index of PyArray_NewFromDescr in NumPy's C interface; part of its ABI

DTYPES = tuple(map(np.dtype, ("bool", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16")))


_PYTHON = {np.dtype(np.float64): float, np.dtype(np.complex128): complex}


def python_function(name: str) -> int:
    """Address of a function of Python's C interface."""
    address = ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value
    assert address is not None
    return address


@functools.cache
def new_array_function() -> int:
    """Address of NumPy's PyArray_NewFromDescr."""
    capsule = imported("numpy._core._multiarray_umath")._ARRAY_API
    get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
    get_pointer.restype, get_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    table = get_pointer(capsule, None)
    return _word(table + 8 * _NEW_FROM_DESCRIPTOR)


_Word = ctypes.c_int64


def _word(address: int) -> int:
    return _Word.from_address(address).value


def data_address(array: np.ndarray) -> int:
    """Where the elements of an array are; ``array.ctypes.data`` takes ten times as long."""
    verify()
    address: int = _Word.from_address(id(array) + ARRAY_DATA).value
    return address


def _int(address: int) -> int:
    return ctypes.c_int32.from_address(address).value


def scalar_types(dtype: np.dtype) -> tuple[int, int]:
    """Addresses of the Python types whose objects hold a ``dtype`` value right behind the object head (0: none)."""
    if dtype.num >= TYPE_NUMBERS:
        return 0, 0  # the scalars of another package
    return id(dtype.type), id(_PYTHON[dtype]) if dtype in _PYTHON else 0


def same_numbers(dtype: np.dtype, canonical: np.dtype) -> bool:
    """Whether arrays of a dtype hold the numbers of a supported one, by the rule that the machine applies."""
    return (
        (dtype.kind, dtype.byteorder, dtype.itemsize) == (canonical.kind, canonical.byteorder, canonical.itemsize)
        and 0 <= dtype.num < TYPE_NUMBERS
    )  # fmt: skip


@functools.cache
def verify() -> None:
    """Check every offset of this module against the running interpreter. Raises CompileError when one is wrong."""
    if sys.implementation.name != "cpython" or not getattr(sys, "_is_gil_enabled", lambda: True)():
        raise CompileError("staticad needs CPython with its global interpreter lock")
    if ctypes.sizeof(ctypes.c_void_p) != 8:
        raise CompileError("staticad needs a 64-bit Python")
    wrong = _first_wrong()
    if wrong:
        raise CompileError(
            f"the {wrong} is not where staticad expects it "
            f"(Python {sys.version.split()[0]}, NumPy {np.__version__}); please report this"
        )


def _first_wrong() -> str | None:
    for shape in ((), (3,), (2, 3), (0, 4), (2, 1, 5)):
        array = np.zeros(shape)
        wrong = _wrong_in_array(array)
        if wrong:
            return wrong
    for dtype in DTYPES:
        typed = np.empty(2, dtype)
        if _word(id(typed) + ARRAY_DTYPE) != id(dtype) or dtype is not np.dtype(dtype.name):
            return "dtype of an array"
        if not _dtype_reads_as(dtype) or not _dtype_reads_as(dtype.newbyteorder("S")):
            return "kind, byte order, number or size of a dtype"
        scalar = dtype.type(1)
        if type(scalar) is not dtype.type or ctypes.string_at(id(scalar) + SCALAR_VALUE, dtype.itemsize) != (
            np.ones((), dtype).tobytes()
        ):
            return f"value of a {dtype.name} scalar"
    number = 1.5
    if ctypes.c_double.from_address(id(number) + SCALAR_VALUE).value != number:
        return "value of a float"
    items = (number, array, None)
    if _word(id(items) + TYPE) != id(tuple) or _word(id(items) + TUPLE_SIZE) != 3:
        return "type or size of a tuple"
    if [_word(id(items) + TUPLE_ITEMS + 8 * i) for i in range(3)] != [id(item) for item in items]:
        return "place of a tuple's items"
    return None if _new_array_works() else "function that creates arrays"


def _wrong_in_array(array: np.ndarray) -> str | None:
    address = id(array)
    if _word(address + TYPE) != id(np.ndarray):
        return "type of an array"
    if _word(address + ARRAY_DATA) != array.ctypes.data:
        return "data pointer of an array"
    if _int(address + ARRAY_RANK) != array.ndim:
        return "rank of an array"
    dimensions = _word(address + ARRAY_DIMENSIONS) if array.ndim else 0
    if any(_word(dimensions + 8 * axis) != size for axis, size in enumerate(array.shape)):
        return "shape of an array"
    contiguous = array.flags.c_contiguous and array.flags.aligned
    if (_int(address + ARRAY_FLAGS) & REQUIRED_FLAGS == REQUIRED_FLAGS) != contiguous:
        return "flags of an array"
    if array.size:
        view = array[..., ::-2] if array.ndim else array
        required = view.flags.c_contiguous and view.flags.aligned
        if (_int(id(view) + ARRAY_FLAGS) & REQUIRED_FLAGS == REQUIRED_FLAGS) != required:
            return "flags of an array"
    return None


def _dtype_reads_as(dtype: np.dtype) -> bool:
    word = _word(id(dtype) + DTYPE_KIND)
    read = (chr(word & 0xFF), chr(word >> 16 & 0xFF), word >> 32, _word(id(dtype) + DTYPE_ITEMSIZE))
    return read == (dtype.kind, dtype.byteorder, dtype.num, dtype.itemsize)


def _new_array_works() -> bool:
    prototype = ctypes.PYFUNCTYPE(
        ctypes.py_object,
        ctypes.py_object,
        ctypes.py_object,
        ctypes.c_int,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_int,
        ctypes.c_void_p,
    )
    dtype = np.dtype(np.float32)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(dtype))  # the function takes over one reference
    sizes = (ctypes.c_int64 * 2)(2, 3)
    array = prototype(new_array_function())(np.ndarray, dtype, 2, ctypes.addressof(sizes), None, None, 0, None)
    return (
        type(array) is np.ndarray
        and array.shape == (2, 3)
        and array.dtype is dtype
        and array.flags.c_contiguous
        and array.flags.owndata
        and array.flags.writeable
    )
