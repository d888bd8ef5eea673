"""Tensors that come from outside: placeholders, variables, constants."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from staticad.errors import DTypeError, OutOfMemory, ShapeError
from staticad.ir import dims
from staticad.ir.arrays import as_numbers, kind_fits, read_array
from staticad.ir.dims import Dim, Shape, Size
from staticad.ir.dtypes import WEAK_TYPES, DType, as_dtype, kind_of, promote
from staticad.ir.graph import Attrs, Node, Tensor
from staticad.ir.name_scopes import scoped
from staticad.ir.provenance import Where
from staticad.ir.types import TensorType
from staticad.ops.base import Source

Described = tuple[Attrs, tuple[TensorType, ...]]  # of a source


@functools.lru_cache(maxsize=1024)
def of_type(kind: TensorType) -> Attrs:
    """The attributes of a source that has a type alone."""
    return Attrs(type=kind)


def _no_reference(**_: Any) -> np.ndarray:
    raise AssertionError("a source takes its value from the feeds")


PLACEHOLDER = Source("placeholder", numpy=_no_reference, notes="an input of every run")
VARIABLE = Source("variable", numpy=_no_reference, notes="keeps its value between runs")
CONSTANT = Source(
    "constant",
    numpy=lambda *, type, value: value.array,
    distinct=False,
    notes="equal by dtype, shape and bits: 0.0 and -0.0 stay apart",
)


class ConstantValue:
    """An array that compares by dtype, shape and bytes, so that 0.0 and -0.0, and NaNs of any payload, stay apart."""

    __slots__ = ("_key", "array")

    def __init__(self, array: np.ndarray) -> None:
        frozen = np.ascontiguousarray(array).reshape(array.shape).copy()
        frozen.flags.writeable = False
        self.array = frozen
        self._key = (frozen.dtype.str, frozen.shape, frozen.tobytes())

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ConstantValue) and self._key == other._key

    def __lt__(self, other: ConstantValue) -> bool:
        return str(self._key) < str(other._key)


class Default:
    """The value of a placeholder that is not fed. What is compiled does not depend on it."""

    __slots__ = ("array",)

    def __init__(self, array: np.ndarray) -> None:
        self.array = array.copy()
        self.array.flags.writeable = False

    def __repr__(self) -> str:
        return repr(self.array[()]) if self.array.ndim == 0 else f"array of shape {self.array.shape}"


COUNTED = ", such as x[:i].shape[0] for a counter i in the body of a loop"


def as_size(value: Any) -> Size:
    """A size from a Python or NumPy integer or a `Dim`. Raises ShapeError for anything else and for negatives."""
    if isinstance(value, Dim):
        return value
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        if value < 0:
            raise ShapeError(f"a size can't be negative: {value}")
        return int(value)
    of_tensor = COUNTED if isinstance(value, Tensor) else ""
    raise ShapeError(
        f"{value!r} is not a size; use a non-negative int or a size taken from a tensor's shape{of_tensor}"
    )


def as_shape(value: Any) -> Shape:
    """A shape from one size or a sequence of sizes."""
    if isinstance(value, (list, tuple)):
        return tuple(as_size(v) for v in value)
    return (as_size(value),)


def placeholder(shape: Any = (), dtype: Any = "float64", name: str | None = None, default: Any = None) -> Tensor:
    """An input of the graph, given a value at every run.

    In ``shape``, None is a size that may be anything in every run, a string is a named size, equal wherever the name
    recurs, an int is fixed. ``default`` is the value in runs that feed none.
    Raises ShapeError or DTypeError for a shape, dtype or default that can't be.
    """
    entries = shape if isinstance(shape, (list, tuple)) else (shape,)
    sizes: list[Size] = []
    for entry in entries:
        if entry is None:
            sizes.append(dims.fresh())
        elif isinstance(entry, str):
            if not entry.isidentifier():
                raise ShapeError(f"the size name {entry!r} is not an identifier")
            sizes.append(dims.symbol(entry))
        else:
            sizes.append(as_size(entry))
    kind = TensorType(tuple(sizes), as_dtype(dtype))
    attrs = of_type(kind) if default is None else Attrs(type=kind, default=_default(default, kind))
    return Node(PLACEHOLDER, (), attrs, (kind,), name=scoped(name)).out


def _default(value: Any, kind: TensorType) -> Default:
    array = read_array(value, "placeholder: the default", DTypeError, ShapeError)
    if kind_of(array.dtype) not in "biufc" or not kind_fits(array, kind.dtype):
        raise DTypeError(f"placeholder: a default of dtype {array.dtype} for {kind}; convert it first")
    fixed = all(size == actual for size, actual in zip(kind.shape, array.shape) if isinstance(size, int))
    if array.ndim != kind.ndim or not fixed:
        raise ShapeError(
            f"placeholder: a default of shape {array.shape} for {kind}; give one of the placeholder's shape"
        )
    return Default(as_numbers(array, kind.dtype))


def default_of(tensor: Tensor) -> np.ndarray | None:
    """The value that a placeholder has where none is fed, or None. Read-only."""
    found: Default | None = tensor.node.attrs["default"] if "default" in tensor.node.attrs else None
    return None if found is None else found.array


def constant(value: Any, dtype: Any = None, name: str | None = None) -> Tensor:
    """A tensor with a fixed value. Python floats become float64, ints int64 and complex numbers
    complex128 unless a dtype is given.

    Raises DTypeError for what is no array of numbers and for numbers that do not fit the dtype, ShapeError for ragged
    lists, OutOfMemory.
    """
    if isinstance(value, Tensor):
        raise DTypeError("a constant is made from numbers or an array, not from a symbolic tensor")
    chosen = None if dtype is None else as_dtype(dtype)
    found = _of_number(_told_apart(value), value, chosen) if is_weak(value) else _of_value(value, chosen)
    return Node(CONSTANT, (), *found, name=scoped(name)).out


def meeting(value: bool | int | complex, dtype: DType, where: Where | None) -> Tensor | None:
    """A number of Python's as a constant of the dtype of a tensor that it meets; None where the result would have
    another dtype, and where it does not fit."""
    found = _of_meeting(_told_apart(value), value, dtype)
    return None if found is None else Node(CONSTANT, (), *found, (), None, where).outputs[0]


@functools.lru_cache(maxsize=1024, typed=True)
def _of_meeting(told_apart: Any, value: bool | int | complex, dtype: DType) -> Described | None:
    if promote(dtype, weak=(type(value),)) is not dtype:
        return None
    try:
        return _of_number(told_apart, value, dtype)
    except DTypeError:
        return None


def _of_value(value: Any, dtype: DType | None) -> Described:
    """The attributes and types of a constant."""
    array = read_array(value, "constant: the value", DTypeError, ShapeError)
    if type(value) is int and dtype is not None:
        array = as_numbers(value, dtype)  # of any size
    if kind_of(array.dtype) not in "biufc":
        raise DTypeError(f"can't make a constant of {type(value).__name__} with dtype {array.dtype}")
    try:
        kept = ConstantValue(as_numbers(array, as_dtype(array.dtype) if dtype is None else dtype))
    except MemoryError as error:
        raise OutOfMemory(f"constant: {error}; feed the array instead") from error
    kind = TensorType(kept.array.shape, kept.array.dtype)
    return Attrs(type=kind, value=kept), (kind,)


def _told_apart(value: Any) -> Any:
    """What tells numbers apart that are equal, 0.0 and -0.0: the first argument of what is remembered."""
    return repr(value) if not value or type(value) is complex else value


@functools.lru_cache(maxsize=1024, typed=True)
def _of_number(told_apart: Any, value: bool | int | complex, dtype: DType | None) -> Described:
    """Those of a Python number, remembered."""
    return _of_value(value, dtype)


def constant_array(tensor: Tensor) -> np.ndarray | None:
    """The value of a constant, or None for any other tensor. Read-only."""
    return tensor.node.attrs["value"].array if tensor.op is CONSTANT else None


def is_weak(value: Any) -> bool:
    """True for Python's own bool, int, float and complex, which never widen a dtype."""
    return type(value) in WEAK_TYPES


def as_tensor(value: Any, dtype: DType | None = None) -> Tensor:
    """A tensor as it is, anything else as a constant."""
    return value if isinstance(value, Tensor) else constant(value, dtype)
