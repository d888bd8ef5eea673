"""From what users give to arrays of supported numbers: every value passes here, whatever it is and whoever takes it."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from staticad.errors import DTypeError, OutOfMemory, StaticadError
from staticad.ir.dtypes import DType, bfloat16, is_float, is_inexact, kind_of

# How the making of an array from lists fails. Any other exception there is one that a handler of a signal has raised.
_FAILURES = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError, Warning)


def read_array(value: Any, what: str, error: type[StaticadError], ragged: type[StaticadError]) -> np.ndarray:
    """The value as an array, not copied where it is one. ``what`` begins the message: "feed for x".

    Raises ``ragged`` for lists of unequal lengths, ``error`` for what does not become an array (whatever it raises
    itself is the cause) and for arrays with masked elements, OutOfMemory.
    """
    if is_masked_array(value) and np.ma.is_masked(value):
        raise error(
            f"{what} has masked elements, and a mask has no meaning here; replace them with .filled(number), "
            "or give the mask as an array of its own"
        )
    if _is_torch_bfloat16(value):
        return value.view(sys.modules["torch"].int16).numpy().view(bfloat16())
    if isinstance(value, (np.ndarray, np.generic, int, float, complex)):
        return np.asarray(value)  # can't fail; an exception that a handler of a signal raises here is not ours
    try:
        return np.asarray(value)
    except MemoryError as cause:
        raise OutOfMemory(f"{what} could not be made an array: {cause}; give a smaller one") from cause
    except Exception as cause:
        nested = isinstance(value, (list, tuple))
        if nested and not isinstance(cause, _FAILURES):
            raise
        if nested and isinstance(cause, ValueError):
            raise ragged(f"{what} is no rectangular array ({cause}); pad its rows") from cause
        kind, told = type(value).__name__, f"{type(cause).__name__}: {cause}"
        raise error(f"{what}, a {kind}, does not become an array ({told}); {_remedy(value)}") from cause


def _remedy(value: Any) -> str:
    try:
        if getattr(value, "requires_grad", False) is True:
            return "it records gradients: call .detach() first"
    except Exception:  # an object that fails even so
        pass
    return "convert it to a NumPy array yourself"


def is_masked_array(value: Any) -> bool:
    """Whether it is one. NumPy loads its module for them on first use, which takes long: before that, nothing is."""
    return isinstance(value, getattr(sys.modules.get("numpy.ma"), "MaskedArray", ()))


def kind_fits(array: np.ndarray, dtype: DType) -> bool:
    """True if the dtype can hold numbers of that kind: bool goes into integers, both into floats, all into complex."""
    rank = {"b": 0, "i": 1, "u": 1, "f": 2, "c": 3}
    return rank[kind_of(array.dtype)] <= rank[kind_of(dtype)] or array.size == 0


def as_numbers(value: Any, dtype: DType) -> np.ndarray:
    """A Python number or an array in that dtype. Floats become integers without their fraction,
    complex numbers nothing but complex (or bool).

    Raises DTypeError for an integer out of range, and for a finite number that the dtype can't hold: none becomes an
    infinity.
    """
    if type(value) is int and is_inexact(dtype):  # of any size
        try:
            value = float(value)
        except OverflowError:
            raise _misfit(value, dtype) from None
    if type(value) is int and dtype.kind in "iu" and not np.iinfo(dtype).min <= value <= np.iinfo(dtype).max:
        raise DTypeError(f"Python integer {value} out of bounds for {dtype}; cast the tensor to a wider dtype first")
    array = np.asarray(value)
    if array.dtype.kind == "c" and dtype.kind not in "cb":
        raise DTypeError(f"complex numbers do not fit {dtype}; take their .real, .imag or abs()")
    if array.dtype == dtype:
        return array if array.dtype is dtype else array.view(dtype)  # another object that says the same
    with np.errstate(all="ignore"):
        ready = array.astype(dtype)
        if np.can_cast(array.dtype, dtype) or dtype.kind == "b":
            return ready
        if is_inexact(dtype):
            fits = np.isfinite(ready) | ~np.isfinite(array)
        elif is_float(array.dtype):
            limits, whole = np.iinfo(dtype), np.trunc(array)
            fits = (whole >= float(limits.min)) & (whole < float(limits.max + 1))
        else:
            fits = ready == array
    if not np.all(fits):
        raise _misfit(array[~fits].reshape(-1)[0].item(), dtype)
    return ready


def _misfit(number: complex, dtype: DType) -> DTypeError:
    text = repr(number)
    text = text if len(text) <= 40 else f"{text[:30]}… ({len(text)} digits)"
    if is_inexact(dtype):
        return DTypeError(
            f"{text} is beyond the range of {dtype}, where it would be infinite; use a wider dtype, "
            "or float('inf') if that is meant"
        )
    return DTypeError(f"the number {text} is out of bounds for {dtype}; use a wider dtype")


def _is_torch_bfloat16(value: Any) -> bool:
    """Whether it is a tensor of torch's that NumPy does not read, and that records no gradients."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(value, torch.Tensor):
        return False
    return value.dtype == torch.bfloat16 and not value.requires_grad and value.device.type == "cpu"
