"""Python's operators and NumPy's methods on tensors, in one table that the package attaches to `Tensor`."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from types import ModuleType
from typing import Any, NoReturn

from staticad.boundary import boundary, shorten
from staticad.errors import ConfigError, MissingAttribute
from staticad.functional import (
    array_api,
    bitwise,
    choosing,
    comparison,
    complex,
    cumulative,
    elementwise,
    indexing,
    linalg,
    movement,
    numpy_protocol,
    padding,
    reductions,
    repeating,
    sets,
    sorting,
    updates,
)
from staticad.functional.array_api import device
from staticad.ir.dims import Size, product
from staticad.ir.graph import Tensor, describe
from staticad.ir.provenance import here
from staticad.ops.barrier import STOP_GRADIENT
from staticad.ops.base import apply
from staticad.ops.promotion import OPERANDS
from staticad.spellings import TENSORS

Binary = Callable[[Any, Any], Any]


def _operator(function: Binary) -> Binary:
    """Leaves operands of foreign types to their own operators."""

    def operator(self: Tensor, other: Any) -> Any:
        try:
            return function(self, other) if isinstance(other, OPERANDS) else NotImplemented
        except Exception as error:
            shorten(error)
            raise

    operator.__doc__ = function.__doc__
    return operator


def _reflected(function: Binary) -> Binary:
    def operator(self: Tensor, other: Any) -> Any:
        try:
            return function(other, self) if isinstance(other, OPERANDS) else NotImplemented
        except Exception as error:
            shorten(error)
            raise

    operator.__doc__ = function.__doc__
    return operator


def _reshape(self: Tensor, *shape: Any) -> Tensor:
    """`reshape`, with the sizes in one tuple or one by one."""
    return movement.reshape(self, shape[0] if len(shape) == 1 else shape)


def _transpose(self: Tensor, *axes: Any) -> Tensor:
    """`transpose`, with the axes in one tuple or one by one; all reversed where none are given."""
    return movement.transpose(self, axes[0] if len(axes) == 1 else axes or None)


def _matrix_transpose(self: Tensor) -> Tensor:
    """The last two axes swapped."""
    return movement.swapaxes(self, -1, -2)


def _copy(self: Tensor) -> Tensor:
    """The tensor itself, since nothing can change it."""
    return self


def _array_namespace(self: Tensor, /, *, api_version: str | None = None) -> ModuleType:
    """The module with the functions of the array API standard. Raises ConfigError for another version of it."""
    if api_version not in (None, array_api.__array_api_version__):
        version = array_api.__array_api_version__
        raise ConfigError(f"the array API standard is here in version {version}, not {api_version!r} (at {here()})")
    return array_api


def _compress(self: Tensor, condition: Any, axis: int | None = None) -> Tensor:
    """`compress`, with the condition behind."""
    return sets.compress(condition, self, axis)


def _detach(self: Tensor) -> Tensor:
    """The same value, a constant to every derivative."""
    return apply(STOP_GRADIENT, self)


def _size(self: Tensor) -> Size:
    """The number of elements: an int, or a `Dim` where a size is free."""
    return product(self.shape)


BINARY: dict[str, Binary] = {
    "add": elementwise.add,
    "sub": elementwise.subtract,
    "mul": elementwise.multiply,
    "truediv": elementwise.divide,
    "floordiv": elementwise.floor_divide,
    "mod": elementwise.remainder,
    "divmod": elementwise.divmod,
    "and": bitwise.bitwise_and,
    "or": bitwise.bitwise_or,
    "xor": bitwise.bitwise_xor,
    "lshift": bitwise.left_shift,
    "rshift": bitwise.right_shift,
}

OPERATORS: dict[str, Callable[..., Any]] = {
    **{f"__{name}__": _operator(function) for name, function in BINARY.items()},
    **{f"__r{name}__": _reflected(function) for name, function in BINARY.items()},
    "__matmul__": _operator(linalg.matmul),
    "__rmatmul__": _reflected(linalg.matmul),
    "__pow__": _operator(elementwise.power),
    "__rpow__": _reflected(elementwise.power),
    "__eq__": _operator(comparison.equal),
    "__ne__": _operator(comparison.not_equal),
    "__lt__": _operator(comparison.less),
    "__le__": _operator(comparison.less_equal),
    "__gt__": _operator(comparison.greater),
    "__ge__": _operator(comparison.greater_equal),
}

UNARY: dict[str, Callable[..., Any]] = {
    "__neg__": elementwise.negative,
    "__pos__": elementwise.positive,
    "__abs__": elementwise.absolute,
    "__invert__": bitwise.invert,
    "__round__": elementwise.round,
}

METHODS: dict[str, Callable[..., Any]] = {
    "__array__": numpy_protocol.array,
    "__array_namespace__": _array_namespace,
    "__dlpack__": device.dlpack,
    "__dlpack_device__": device.dlpack_device,
    "__array_function__": numpy_protocol.array_function,
    "__array_ufunc__": numpy_protocol.array_ufunc,
    "__getitem__": indexing.getitem,
    "__setitem__": indexing.setitem,
    "all": reductions.all,
    "any": reductions.any,
    "argmax": reductions.argmax,
    "argmin": reductions.argmin,
    "argsort": sorting.argsort,
    "astype": elementwise.astype,
    "broadcast_to": movement.broadcast_to,
    "choose": choosing.choose,
    "clip": elementwise.clip,
    "compress": _compress,
    "conj": complex.conjugate,
    "conjugate": complex.conjugate,
    "copy": _copy,
    "cumprod": cumulative.cumprod,
    "cumsum": cumulative.cumsum,
    "diagonal": linalg.diagonal,
    "dot": linalg.dot,
    "detach": _detach,
    "expand_dims": movement.expand_dims,
    "flatten": movement.ravel,
    "flip": movement.flip,
    "max": reductions.max,
    "mean": reductions.mean,
    "min": reductions.min,
    "moveaxis": movement.moveaxis,
    "norm": linalg.norm,
    "pad": padding.pad,
    "prod": reductions.prod,
    "ravel": movement.ravel,
    "repeat": repeating.repeat,
    "reshape": _reshape,
    "round": elementwise.round,
    "squeeze": movement.squeeze,
    "std": reductions.std,
    "sum": reductions.sum,
    "swapaxes": movement.swapaxes,
    "take": indexing.take,
    "to_device": device.to_device,
    "trace": linalg.trace,
    "transpose": _transpose,
    "var": reductions.var,
}

PROPERTIES: dict[str, Callable[[Tensor], Any]] = {
    "T": movement.transpose,
    "at": updates.At,
    "device": device.device,
    "imag": complex.imag,
    "real": complex.real,
    "mT": _matrix_transpose,
    "size": _size,
}


# What Python asks of a tensor that it can't tell.
REFUSED = ("__bool__", "__complex__", "__float__", "__format__", "__index__", "__int__", "__iter__", "__len__")


def _missing(self: Tensor, name: str) -> NoReturn:
    """An attribute that a tensor does not have. Other libraries' names tell what to write."""
    if name[:2] == "__":  # Python and NumPy look for protocols
        raise AttributeError(name)
    if name in TENSORS:
        raise MissingAttribute(f"{describe(self)} has no {name!r}; use {TENSORS[name]}")
    near = difflib.get_close_matches(name, [n for n in dir(type(self)) if n[0] != "_"], n=1)
    hint = f"; the nearest name is {near[0]!r}" if near else ""
    raise MissingAttribute(f"{describe(self)} has no attribute {name!r}{hint}")


def attach(tensor_class: type[Tensor]) -> None:
    """Give a tensor class its operators, methods and properties."""
    for name, function in OPERATORS.items():
        setattr(tensor_class, name, function)
    for name, function in {**UNARY, **METHODS}.items():
        setattr(tensor_class, name, boundary(function))
    for name, getter in PROPERTIES.items():
        setattr(tensor_class, name, property(boundary(getter)))
    for name in REFUSED:
        setattr(tensor_class, name, boundary(getattr(tensor_class, name)))
    setattr(tensor_class, "__getattr__", boundary(_missing))  # noqa: B010 - declared otherwise for type checkers
