"""Dtypes as the array API standard has them, and what is known of them. All of it is known while a graph is built."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from staticad.errors import ConfigError
from staticad.functional.array_api.device import DEVICE, check_device
from staticad.functional.nested import asarray
from staticad.ir import dtypes
from staticad.ir.dtypes import DType, as_dtype, kind_of, promote, real_dtype
from staticad.ir.graph import Tensor
from staticad.ir.provenance import here
from staticad.ops.promotion import Operand, to_tensor, weak_kind
from staticad.records import dataclass

bool = dtypes.BOOL
int8, int16, int32, int64 = dtypes.SIGNED
uint8, uint16, uint32, uint64 = dtypes.UNSIGNED
float32, float64 = dtypes.FLOATS
complex64, complex128 = dtypes.COMPLEXES

_KINDS = {
    "bool": "b",
    "signed integer": "i",
    "unsigned integer": "u",
    "integral": "iu",
    "real floating": "f",
    "complex floating": "c",
    "numeric": "iufc",
}
_LISTED = (bool, *dtypes.INTEGERS, *dtypes.FLOATS, *dtypes.COMPLEXES)


@dataclass(frozen=True)
class FloatInfo:
    """The result of `finfo`."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: DType


@dataclass(frozen=True)
class IntegerInfo:
    """The result of `iinfo`."""

    bits: int
    max: int
    min: int
    dtype: DType


def _dtype(value: Any) -> DType:
    return value.dtype if isinstance(value, (Tensor, np.ndarray, np.generic)) else as_dtype(value)


def astype(x: Operand, dtype: Any, /, *, copy: builtins.bool = True, device: Any = None) -> Tensor:
    """x in another dtype, as `staticad.astype`."""
    check_device("astype", device)
    return asarray(to_tensor(x), dtype)


def can_cast(from_: Any, to: Any, /) -> builtins.bool:
    """Whether a dtype, or that of an array, goes into another without loss."""
    return builtins.bool(np.can_cast(_dtype(from_), _dtype(to), "safe"))


def finfo(type: Any, /) -> FloatInfo:
    """The limits of a float dtype, of the parts of a complex one, or of that of an array. Raises ConfigError for
    others."""
    dtype = real_dtype(_dtype(type))
    if not dtypes.is_float(dtype):
        raise ConfigError(f"finfo: {dtype} is no float dtype (at {here()})")
    found = dtypes.finfo(dtype)
    least, most = float(found.min), float(found.max)
    return FloatInfo(int(found.bits), float(found.eps), most, least, float(found.smallest_normal), dtype)


def iinfo(type: Any, /) -> IntegerInfo:
    """The limits of an integer dtype, or of that of an array. Raises ConfigError for others."""
    dtype = _dtype(type)
    if not dtypes.is_integer(dtype):
        raise ConfigError(f"iinfo: {dtype} is no integer dtype (at {here()})")
    found = np.iinfo(dtype)
    return IntegerInfo(int(found.bits), int(found.max), int(found.min), dtype)


def isdtype(dtype: Any, kind: Any) -> builtins.bool:
    """Whether a dtype is another one, of a kind ("bool", "signed integer", "unsigned integer", "integral",
    "real floating", "complex floating", "numeric"), or one of several of these. Raises ConfigError for another kind."""
    if isinstance(kind, tuple):
        return any(isdtype(dtype, each) for each in kind)
    if not isinstance(kind, str):
        return as_dtype(dtype) == as_dtype(kind)
    if kind not in _KINDS:
        raise ConfigError(f"isdtype: {kind!r} is none of {', '.join(map(repr, _KINDS))} (at {here()})")
    return kind_of(as_dtype(dtype)) in _KINDS[kind]


def result_type(*arrays_and_dtypes: Any) -> DType:
    """The dtype in which arrays, dtypes and Python's numbers meet. Raises ConfigError where only numbers are given."""
    weak = tuple(kind for kind in map(weak_kind, arrays_and_dtypes) if kind is not None)
    strong = [_dtype(value) for value in arrays_and_dtypes if weak_kind(value) is None]
    if not strong:
        raise ConfigError(f"result_type: needs an array or a dtype (at {here()})")
    return promote(*strong, weak=weak)


class Info:
    """What the namespace can do, see `__array_namespace_info__` of the standard."""

    def capabilities(self) -> dict[str, Any]:
        """Shapes do not depend on data: see docs/array-api.md."""
        return {"boolean indexing": False, "data-dependent shapes": False, "max dimensions": 64}

    def default_device(self) -> str:
        """The only one."""
        return DEVICE

    def devices(self) -> list[str]:
        """All of them."""
        return [DEVICE]

    def default_dtypes(self, *, device: Any = None) -> dict[str, DType]:
        """The dtypes of Python's numbers."""
        check_device("default_dtypes", device)
        return {"real floating": float64, "complex floating": complex128, "integral": int64, "indexing": int64}

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, DType]:
        """The dtypes of the standard, or those of some kinds."""
        check_device("dtypes", device)
        return {dtype.name: dtype for dtype in _LISTED if kind is None or isdtype(dtype, kind)}


def __array_namespace_info__() -> Info:
    """What the namespace can do."""
    return Info()
