"""The supported element types and NumPy 2's promotion between them.

A dtype is a NumPy dtype in native byte order; bfloat16 is that of the package ml_dtypes, which has to be there only
where somebody uses it. Python scalars are weak (NEP 50): they take the kind of the array that they meet, and never
widen it.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from staticad import late
from staticad.errors import DTypeError

DType = np.dtype[Any]

BOOL = np.dtype(np.bool_)
INT8, INT16, INT32, INT64 = (np.dtype(t) for t in (np.int8, np.int16, np.int32, np.int64))
UINT8, UINT16, UINT32, UINT64 = (np.dtype(t) for t in (np.uint8, np.uint16, np.uint32, np.uint64))
FLOAT16, FLOAT32, FLOAT64 = np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64)
COMPLEX64, COMPLEX128 = np.dtype(np.complex64), np.dtype(np.complex128)

SIGNED = (INT8, INT16, INT32, INT64)
UNSIGNED = (UINT8, UINT16, UINT32, UINT64)
INTEGERS = SIGNED + UNSIGNED
FLOATS = (FLOAT32, FLOAT64)
COMPLEXES = (COMPLEX64, COMPLEX128)
ALL = (BOOL, *INTEGERS, *FLOATS)  # what kernels compute with; complex numbers are two of them (`staticad.pairs`)
SUPPORTED = (*ALL, FLOAT16, *COMPLEXES)  # and bfloat16; 16 bits are kept and not computed with (`staticad.halves`)
_BY_NAME = {d.name: d for d in SUPPORTED}
_CANONICAL = {d: d for d in SUPPORTED}
_NAMES = ", ".join([*_BY_NAME, "bfloat16"])

WEAK_TYPES = (bool, int, float, complex)


@functools.cache
def bfloat16() -> DType:
    """The dtype bfloat16. Raises DTypeError where the package that has it is not installed."""
    try:
        return np.dtype(late.imported("ml_dtypes").bfloat16)
    except ImportError as error:
        raise DTypeError("bfloat16 needs the package ml_dtypes; install it with pip install ml_dtypes") from error


def is_bfloat16(dtype: DType) -> bool:
    """True for bfloat16 in native byte order."""
    return dtype.kind == "V" and dtype.name == "bfloat16"


def is_half(dtype: DType) -> bool:
    """True for float16 and bfloat16."""
    return dtype.itemsize == 2 and (dtype == FLOAT16 or is_bfloat16(dtype))


def kind_of(dtype: DType) -> str:
    """NumPy's letter for the kind of a dtype; f for bfloat16, which has none of its own."""
    return "f" if dtype.kind == "V" and is_bfloat16(dtype) else dtype.kind


def is_supported(dtype: DType) -> bool:
    """Whether tensors may have that dtype."""
    return dtype in _CANONICAL or is_bfloat16(dtype)


def is_canonical(dtype: DType) -> bool:
    """Whether a dtype is the one object that `as_dtype` gives for all that say the same."""
    return _CANONICAL.get(dtype) is dtype


def as_dtype(spec: Any) -> DType:
    """The canonical dtype for a name, a NumPy type, a dtype, or the Python types bool, int (int64), float (float64) and
    complex (complex128).

    Raises DTypeError for a type that staticad does not support (object, strings, dates), and for bfloat16 where
    ml_dtypes is not installed.
    """
    if isinstance(spec, np.dtype) and spec in _CANONICAL:
        return _CANONICAL[spec]  # the usual case; the name of a dtype takes NumPy microseconds
    if isinstance(spec, str) and spec == "bfloat16":
        return bfloat16()
    try:
        found = np.dtype(spec)
    except (TypeError, ValueError) as error:
        raise DTypeError(f"{spec!r} is not a dtype; use one of {_NAMES}") from error
    if is_bfloat16(found):
        return bfloat16()
    canonical = _BY_NAME.get(found.name)
    if canonical is None or found.kind not in "biufc":
        raise DTypeError(f"dtype {found} is not supported; use one of {_NAMES}")
    return canonical


def is_float(dtype: DType) -> bool:
    """True for floats of 16, 32 and 64 bits."""
    return kind_of(dtype) == "f"


def is_complex(dtype: DType) -> bool:
    """True for complex64 and complex128."""
    return dtype.kind == "c"


def is_inexact(dtype: DType) -> bool:
    """True for floats and complex numbers: the types that carry derivatives."""
    kind = dtype.kind
    return kind in "fc" or (kind == "V" and is_bfloat16(dtype))


def real_dtype(dtype: DType) -> DType:
    """The float type of the parts of complex numbers; any other type as it is."""
    return dtype if dtype.kind != "c" else FLOAT32 if dtype.itemsize == 8 else FLOAT64


def complex_dtype(dtype: DType) -> DType:
    """The complex type whose parts are floats of that type (of 32 bits for 16), or complex numbers of that type
    themselves."""
    return COMPLEX128 if real_dtype(dtype) == FLOAT64 else COMPLEX64


def is_integer(dtype: DType) -> bool:
    """True for signed and unsigned integers (not bool)."""
    return dtype.kind in "iu"


@functools.lru_cache(1024)
def promote(*dtypes: DType, weak: tuple[type, ...] = ()) -> DType:
    """NumPy 2's result type of arrays of these dtypes together with Python scalars of the types in ``weak``.

    >>> promote(INT8, UINT8).name, promote(FLOAT32, weak=(float,)).name, promote(INT32, weak=(float,)).name
    ('int16', 'float32', 'float64')
    """
    scalars = [kind(0) for kind in weak]
    if any(map(is_bfloat16, dtypes)):
        strong = functools.reduce(_promote_with_bfloat16, dtypes)
        if not is_bfloat16(strong):
            return as_dtype(np.result_type(strong, *scalars))
        return COMPLEX64 if complex in weak else bfloat16()
    return as_dtype(np.result_type(*dtypes, *scalars))


def _promote_with_bfloat16(a: DType, b: DType) -> DType:
    """As float16 meets others, but that the two of them meet in float32."""
    if a == b:
        return a
    if not is_bfloat16(a) and not is_bfloat16(b):
        return np.promote_types(a, b)
    other = b if is_bfloat16(a) else a
    found = FLOAT32 if other == FLOAT16 else np.promote_types(FLOAT16, other)
    return bfloat16() if found == FLOAT16 else found


def finfo(dtype: DType) -> Any:
    """The limits of a float or complex type, as np.finfo."""
    return late.imported("ml_dtypes").finfo(dtype) if is_bfloat16(dtype) else np.finfo(dtype)


@functools.cache
def is_lossless(source: DType, target: DType) -> bool:
    """Whether every value of ``source`` is one of ``target``. (NumPy's "safe" lets int64 become float64.)"""
    if source == target or source == BOOL:
        return True
    if is_complex(target) or (is_float(target) and not is_complex(source)):
        here, there = real_dtype(source), finfo(real_dtype(target))
        if is_integer(here):
            return here.itemsize * 8 <= int(there.nmant)
        own = finfo(here)
        return bool(own.nmant <= there.nmant and own.maxexp <= there.maxexp)
    return is_integer(source) and is_integer(target) and np.can_cast(source, target, "safe")


def floating(dtype: DType) -> DType:
    """The float (or complex) type in which a function like exp works on ``dtype``.

    As NumPy, except that bool, int8 and uint8, which NumPy sends to float16, become float32.
    """
    if is_inexact(dtype):
        return dtype
    return FLOAT32 if dtype.itemsize <= 2 else FLOAT64


def summing(dtype: DType) -> DType:
    """The type in which sum and prod accumulate: NumPy's (small integers and bool widen to 64 bits)."""
    if dtype.kind in "bi":
        return INT64
    if dtype.kind == "u":
        return UINT64
    return dtype


def unsupported(dtype: DType) -> str:
    """What an error says of a dtype that an op does not take."""
    remedy = "take .real, .imag or abs() of it" if is_complex(dtype) else "use astype"
    return f"{dtype} is not supported; {remedy}"
