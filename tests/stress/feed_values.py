"""Things that users feed: arrays in every layout, what merely stands for an array, and what is none at all."""

from __future__ import annotations

import array
import ctypes
import datetime
import decimal
import fractions
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

import staticad as sa
from tests.harness.families import LAYOUTS

Rng = np.random.Generator


class Subclass(np.ndarray):
    """An array with a will of its own: only its elements are asked for."""

    __array_priority__ = 1000.0

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        raise RuntimeError("not to be called")

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        raise RuntimeError("not to be called")


class Protocol:
    """Has `__array__`."""

    def __init__(self, held: Any) -> None:
        self.held = held

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self.held


class Interface:
    """Has `__array_interface__`."""

    def __init__(self, held: np.ndarray) -> None:
        self.held = held
        self.__array_interface__ = held.__array_interface__


class Raising:
    """Its `__array__` raises, as that of a tensor on another device does."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        raise self.error


class OddType(Protocol):
    """Its dtype is no dtype."""

    dtype = "of another world"


class Endless:
    """A sequence that does not hold what it says."""

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> Any:
        raise IndexError(index)


# Arrays of the same dtype and elements: all of them legal wherever the array is.


def any_strides(values: np.ndarray, rng: Rng) -> np.ndarray:
    """Axes in any order in memory, with gaps, some of them backwards."""
    if not values.ndim:
        return values
    order = rng.permutation(values.ndim)
    steps = rng.integers(1, 4, values.ndim)
    wide = np.empty([int(n * s) for n, s in zip(np.take(values.shape, order), steps)], values.dtype)
    view = wide[tuple(slice(None, None, int(s)) for s in steps)].transpose(np.argsort(order))
    view = view[tuple(slice(None, None, -1 if rng.random() < 0.5 else 1) for _ in order)]
    view[...] = values
    return view


def field(values: np.ndarray, rng: Rng) -> np.ndarray:
    """A field of records: strided, and seldom aligned."""
    records = np.zeros(values.shape, [("skip", "u1"), ("x", values.dtype)])
    records["x"] = values
    return records["x"]


def pickled(values: np.ndarray, rng: Rng) -> np.ndarray:
    return pickle.loads(pickle.dumps(values))


def other_order(values: np.ndarray, rng: Rng) -> np.ndarray:
    return values.astype(values.dtype.newbyteorder())


def other_name(values: np.ndarray, rng: Rng) -> np.ndarray:
    """The dtype by an object of its own: with metadata, another C type of the size, or made anew."""
    same = [np.dtype(c) for c in np.typecodes["All"] if c not in "SUVOMm" and np.dtype(c) == values.dtype]
    choices = [*same, values.dtype.newbyteorder("="), np.dtype(values.dtype.str), pickle.loads(pickle.dumps(same[0]))]
    choices.append(np.dtype(values.dtype, metadata={"unit": "m"}))
    return values.view(choices[int(rng.integers(len(choices)))])


def without_mask(values: np.ndarray, rng: Rng) -> np.ndarray:
    return np.ma.array(values, mask=False if rng.random() < 0.5 else np.ma.nomask)


def buffered(values: np.ndarray, rng: Rng) -> np.ndarray:
    """Over memory that is not NumPy's, read-only or not."""
    raw = values.tobytes() if rng.random() < 0.5 else bytearray(values.tobytes())
    return np.frombuffer(raw or b"", values.dtype).reshape(values.shape) if values.size else values


ARRAYS: tuple[Callable[[np.ndarray, Rng], np.ndarray], ...] = (
    *(lambda values, rng, layout=layout: layout(values) for layout in LAYOUTS),
    any_strides,
    any_strides,
    field,
    pickled,
    other_order,
    other_name,
    without_mask,
    buffered,
    lambda values, rng: values.view(Subclass),
    lambda values, rng: values.view(np.recarray),
    lambda values, rng: values[()],  # a scalar, where there are no axes
)


def repeated(values: np.ndarray, rng: Rng) -> np.ndarray:
    """Elements that are stored once and stand at many places."""
    if values.ndim and values.size and rng.random() < 0.5:
        return np.broadcast_to(values[..., :1], values.shape)
    count = int(np.prod(values.shape)) + 1
    store = np.resize(values if values.size else np.ones(1, values.dtype), count).copy()
    strides = [int(rng.integers(0, 2)) * values.itemsize if n else 0 for n in values.shape]
    return as_strided(store, values.shape, strides, writeable=False)


# What stands for the elements of an array in other ways: legal where Python numbers of this kind are.


def row_by_row(values: np.ndarray, rng: Rng) -> Any:
    return list(values) if values.ndim else [values]


def as_memory(values: np.ndarray, rng: Rng) -> Any:
    """A memoryview, perhaps of an array in another layout."""
    return memoryview(np.array(values, order="F" if rng.random() < 0.3 else "C"))


def as_ctypes(values: np.ndarray, rng: Rng) -> Any:
    return np.ctypeslib.as_ctypes(np.ascontiguousarray(values)) if values.ndim and values.size else ctypes.c_double(2)


STAND_INS: tuple[Callable[[np.ndarray, Rng], Any], ...] = (
    lambda values, rng: values.tolist(),
    lambda values, rng: values.tolist(),
    lambda values, rng: tuple(values.tolist()) if values.ndim else (values.item(),),
    row_by_row,
    as_memory,
    as_ctypes,
    lambda values, rng: Protocol(values),
    lambda values, rng: OddType(values),
    lambda values, rng: Interface(np.ascontiguousarray(values)),
    lambda values, rng: array.array("d", [1.0] * values.size),
    lambda values, rng: range(values.size),
    lambda values, rng: values.item() if values.size == 1 else 3,
)


def masked(values: np.ndarray, rng: Rng) -> Any:
    """A mask that hides something: nobody knows what should stand in its place."""
    mask = rng.random(values.shape) < 0.5
    if values.size:
        mask.reshape(-1)[0] = True
    return np.ma.array(values, mask=mask)


def itself() -> list[Any]:
    """A list that contains itself."""
    loop: list[Any] = []
    loop.append(loop)
    return loop


def deep(levels: int) -> Any:
    nest: Any = 1.0
    for _ in range(levels):
        nest = [nest]
    return nest


def no_numbers(rng: Rng) -> Any:
    """What no input takes, whatever its dtype; or what one does, by chance."""
    things: list[Callable[[], Any]] = [
        lambda: None, lambda: "text", lambda: "1.5", lambda: b"12345678", lambda: bytearray(8), lambda: {"a": 1},
        lambda: {1.0, 2.0}, lambda: (k for k in range(3)), lambda: object(), lambda: int, lambda: len, lambda: ...,
        lambda: NotImplemented, lambda: 1j, lambda: [1j, 2], lambda: [[1, 2], [3]], lambda: [[1.0], 2.0], itself,
        lambda: deep(70), lambda: deep(40), lambda: decimal.Decimal("1.5"), lambda: [fractions.Fraction(1, 3)],
        lambda: datetime.datetime(2020, 1, 1), lambda: np.datetime64("2020-01-01"), lambda: np.timedelta64(3, "s"),
        lambda: np.array(["a", "b"]), lambda: np.array([None, 1.0]), lambda: np.array([1.0, 2.0], object),
        lambda: np.zeros(2, "M8[s]"), lambda: np.zeros((), "V8"), lambda: np.void(b"12345678"), lambda: np.str_("3"),
        lambda: np.zeros(3, [("a", "f8"), ("b", "i4")]), lambda: np.zeros(3, "complex128"), lambda: np.float16(1.5),
        lambda: np.zeros((2, 3), "float16"), lambda: np.longdouble(1.5), lambda: np.zeros(3, np.longdouble),
        lambda: np.ma.masked, lambda: 10**400, lambda: [10**400], lambda: -(10**30), lambda: 2**64, lambda: [2**63, -1],
        lambda: float("nan"), lambda: [float("nan")], lambda: 1e300, lambda: [-1e300], lambda: float("inf"),
        lambda: Raising(ValueError("no")), lambda: Raising(TypeError("on another device")),
        lambda: Raising(ZeroDivisionError()), lambda: Raising(RuntimeError("requires grad")),
        lambda: Raising(KeyError(3)), lambda: Protocol(None), lambda: Endless(), lambda: [Endless()],
        lambda: sa.placeholder(()),
        lambda: sa.variable(1.0), lambda: [sa.constant(1.0)], lambda: slice(3), lambda: memoryview(b"12345678"),
        lambda: as_strided(np.zeros(1), (2**40,), (0,)), lambda: as_strided(np.zeros(1, "f4"), (2**40, 3), (0, 0)),
        lambda: as_strided(np.zeros(1, "f4"), (2, 2**20, 2**21), (0, 0, 0)), lambda: np.zeros((0, 2**59)),
        lambda: np.zeros((2, 0, 2**59), "f4"),
    ]  # fmt: skip
    return things[int(rng.integers(len(things)))]()
