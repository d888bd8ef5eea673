"""Variables: tensors that keep a value between runs, in storage that never moves.

Python reads and writes the value by small programs of the machine, which take the variable's lock as sessions do: a
copy is made as a whole or not at all, whatever signals arrive.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, SupportsIndex

import numpy as np

from staticad.boundary import boundaries
from staticad.codegen.loader import kernel_address
from staticad.errors import DTypeError, GradientError, GraphError, ShapeError, as_out_of_memory, typed_memory
from staticad.ir.arrays import as_numbers, kind_fits, read_array
from staticad.ir.dtypes import DType, as_dtype, is_canonical, is_inexact
from staticad.ir.graph import Attrs, Node, Tensor, describe
from staticad.ir.name_scopes import scoped
from staticad.ir.provenance import here
from staticad.ir.types import TensorType
from staticad.ops.sources import VARIABLE, of_type
from staticad.runtime.locks import Lock, patiently
from staticad.runtime.machine import ArraySpec, Patch, Program, Step
from staticad.runtime.machine_text import machine_text
from staticad.runtime.memory import aligned_block, room_for
from staticad.runtime.workers import c_function

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.machine_language import address_of, call, peek

LARGE_COPY = 1 << 18  # bytes from which on other Python threads may run meanwhile


@boundaries()
class Variable(Tensor):
    """A tensor with a value of its own, which every session that uses it shares. Made by `variable`.

    Its shape and dtype are fixed. Sessions read the value in place and change it through their updates; they hold
    the variable's lock while they run, so nobody sees a half-made update.
    """

    __slots__ = ("_given_name", "_lock", "_owner", "_reader", "_storage", "_trainable", "_writer")

    _reading = ("use", "w.value")
    _given_name: str | None
    _lock: Lock
    _owner: Any  # a weak reference to the layer that names it, or None
    _reader: Program | None
    _writer: Program | None
    _storage: np.ndarray
    _trainable: bool

    @property
    def value(self) -> np.ndarray:
        """A copy of the present value. Waits for a session that is running on this variable."""
        return read([self])[0]

    @value.setter
    def value(self, value: Any) -> NoReturn:
        raise GraphError(
            f"the value of {describe(self)} is a copy, which can't be replaced by an assignment; write "
            "w.assign(value), or give sa.compile updates={w: …} to change it in every run"
        )

    @typed_memory("the new value of a variable")
    def assign(self, value: Any) -> None:
        """Replace the value; nothing changes when this raises.

        Arrays need the variable's shape and a dtype that casts to the variable's without loss. Python numbers and
        lists of them take the variable's dtype, as long as their kind and size fit it.
        Raises ShapeError, DTypeError, or GraphError for a symbolic tensor.
        """
        array = _as_array(value)
        if array.shape != self._storage.shape:
            raise ShapeError(
                f"assign: a value of shape {_brackets(array.shape)} for {describe(self)}, assigned at {here()}; "
                "a variable keeps its shape: reshape or broadcast the value first"
            )
        weak = isinstance(value, (bool, int, float, complex, list, tuple))
        if not (kind_fits(array, self.dtype) if weak else np.can_cast(array.dtype, self.dtype, "safe")):
            raise DTypeError(
                f"assign: a value of dtype {array.dtype} for {describe(self)}, assigned at {here()}; "
                f"convert it with .astype({self.dtype.name!r}) if the loss is meant"
            )
        ready = _convert(array, self.dtype)
        if self._writer is None:
            self._writer = _writer([self])
        if patiently(self._writer.run, (ready,)) != ():
            # Its elements have strides of their own, or its dtype is a copy of NumPy's.
            plain = np.empty(ready.shape, self.dtype)
            np.copyto(plain, ready, casting="no")
            patiently(self._writer.run, (plain,))

    @property
    def trainable(self) -> bool:
        """Whether optimizers change this variable. Set it to False to freeze the variable: graphs made by an
        optimizer from then on do not even compute its gradient."""
        return self._trainable

    @trainable.setter
    def trainable(self, flag: bool) -> None:
        if flag and not is_inexact(self.dtype):
            raise DTypeError(f"{describe(self)} can't be trained: only floats and complex numbers have derivatives")
        if flag and self.node.detached:
            raise GradientError(f"{describe(self)} can't be trained: it was made under no_grad; make it outside")
        self._trainable = bool(flag)

    def _run_lock(self) -> Lock:
        """The lock that a run of a session takes: shared to read the value, alone to change it."""
        return self._lock

    def __repr__(self) -> str:
        name = f" {self.name!r}" if self.name else ""
        return f"<Variable{name} {self.type}{'' if self._trainable else ' not trainable'}>"

    def __copy__(self) -> NoReturn:
        self.__reduce_ex__(4)

    def __deepcopy__(self, memo: dict[int, Any]) -> NoReturn:
        self.__reduce_ex__(4)

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise GraphError(
            f"{describe(self)} can't be copied or pickled: sessions hold the address of its value; "
            "copy the value instead: sa.variable(v.value)"
        )


@typed_memory("the value of a variable")
def variable(value: Any, dtype: Any = None, name: str | None = None, trainable: bool = True) -> Variable:
    """A variable that starts as a copy of ``value`` (an array, a number, or nested lists of numbers).

    Without ``dtype`` it has the dtype of the array; Python floats make float64, ints int64 and
    complex numbers complex128. Variables of integer
    and bool dtype, and those made under `no_grad`, are never trainable.
    Raises DTypeError for a dtype that is not supported or that loses the value's kind, ShapeError for ragged lists,
    GraphError for a symbolic tensor.
    """
    array = value if type(value) is np.ndarray and is_canonical(value.dtype) else _as_array(value)
    kind = as_dtype(dtype) if dtype is not None else array.dtype
    if array.dtype is not kind and not kind_fits(array, kind):
        raise DTypeError(
            f"variable: a value of dtype {array.dtype} does not become {kind}, made at {here()}; "
            f"convert it with .astype({kind.name!r}) if the loss is meant"
        )
    ready = array if array.dtype is kind else _convert(array, kind)
    attrs, types = _of_arrays(array.shape, kind)
    (out,) = Node(VARIABLE, (), attrs, types, (), scoped(name), here(4), Variable).outputs
    assert isinstance(out, Variable)
    out._given_name, out._owner = name, None
    out._lock = Lock()
    out._reader = out._writer = None
    out._storage = aligned_empty(array.shape, kind)
    out._storage[...] = ready
    out._trainable = bool(trainable) and is_inexact(kind) and not out.node.detached
    return out


@functools.lru_cache(maxsize=1024)
def _of_arrays(shape: tuple[int, ...], dtype: DType) -> tuple[Attrs, tuple[TensorType, ...]]:
    """The attributes and types of variables that hold such arrays."""
    kind = TensorType(shape, dtype)
    return of_type(kind), (kind,)


def read(variables: Sequence[Variable]) -> tuple[np.ndarray, ...]:
    """Copies of the present values, all of the same moment."""
    if len(variables) == 1:
        (one,) = variables
        if one._reader is None:
            one._reader = _reader(variables)
        program = one._reader
    else:
        program = _reader(variables)
    try:
        values: tuple[np.ndarray, ...] = patiently(program.run, ())
    except MemoryError as error:
        raise as_out_of_memory(error) from None
    return values


def write(values: Mapping[Variable, np.ndarray]) -> None:
    """Replace the values of variables, all at the same moment. Each array is C-contiguous, and has the variable's
    dtype and shape."""
    if values and patiently(_writer(list(values)).run, tuple(values.values())) != ():
        raise AssertionError("arrays that do not fit their variables")


def _reader(variables: Sequence[Variable]) -> Program:
    return Program(
        feeds=[],
        outs=[ArraySpec(v.dtype, v._storage.shape) for v in variables],
        arguments=[word for v in variables for word in (c_function("memmove"), 0, v._storage.ctypes.data)],
        patches=[Patch(3 * k + 1, k) for k in range(len(variables))],
        compute=[Step(kernel_address(COPY_SOURCE), 3 * k, v._storage.nbytes) for k, v in enumerate(variables)],
        locks=[(v._lock, False) for v in variables],
        keep_alive=[v._storage for v in variables],
        release_gil=sum(v._storage.nbytes for v in variables) > LARGE_COPY,
    )


def _writer(variables: Sequence[Variable]) -> Program:
    return Program(
        feeds=[ArraySpec(v.dtype, v._storage.shape) for v in variables],
        outs=[],
        arguments=[word for v in variables for word in (c_function("memmove"), v._storage.ctypes.data, 0)],
        patches=[Patch(3 * k + 2, k) for k in range(len(variables))],
        compute=[],
        commit=[Step(kernel_address(COPY_SOURCE), 3 * k, v._storage.nbytes) for k, v in enumerate(variables)],
        locks=[(v._lock, True) for v in variables],
        keep_alive=[v._storage for v in variables],
        release_gil=sum(v._storage.nbytes for v in variables) > LARGE_COPY,
    )


def _copy(args: int, lo: int, hi: int) -> None:
    # args: the function `memmove`, where to, where from.
    call(peek(address_of(args), 0), peek(address_of(args), 1), peek(address_of(args), 2), hi, 0)


COPY_SOURCE = machine_text(_copy)


def aligned_empty(shape: tuple[int, ...], dtype: DType) -> np.ndarray:
    """A C-contiguous array, not initialized, whose data starts on a cache line. Raises OutOfMemory."""
    size = math.prod(shape) * dtype.itemsize
    block, start = aligned_block(max(1, size), "the value of a variable")  # NumPy moves the start of an empty buffer
    return np.ndarray(shape, dtype, block, start)


def _as_array(value: Any) -> np.ndarray:
    """The value as an array of a supported dtype, in native byte order."""
    if isinstance(value, Tensor):
        raise GraphError(
            f"the value of a variable is an array, not a symbolic tensor: {describe(value)}, given at {here()}; "
            "use .value of a variable, or give the tensor to sa.compile as an update"
        )
    array = read_array(value, "the value of a variable", DTypeError, ShapeError)
    if not array.dtype.isnative:
        room_for(array.nbytes, "the value of a variable")
    try:
        return array.astype(as_dtype(array.dtype), copy=False)
    except DTypeError as error:
        raise DTypeError(f"{error} (the value of a variable, a {type(value).__name__}, at {here()})") from None


def _convert(array: np.ndarray, dtype: DType) -> np.ndarray:
    """The array in that dtype. DTypeError if an integer or a finite float does not fit."""
    if array.dtype != dtype:
        room_for(array.size * dtype.itemsize, "the value of a variable")
    try:
        return as_numbers(array, dtype)
    except DTypeError as error:
        raise DTypeError(f"a value of dtype {array.dtype} holds numbers that do not fit {dtype}: {error}") from None


def _brackets(shape: tuple[int, ...]) -> str:
    return f"[{','.join(map(str, shape))}]"
