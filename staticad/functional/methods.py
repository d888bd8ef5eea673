"""Python's operators and NumPy's methods on tensors, in one table that the package attaches to `Tensor`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from staticad.functional import comparison, elementwise
from staticad.ir.dims import Size, product
from staticad.ir.graph import Tensor
from staticad.ops.promotion import OPERANDS

Binary = Callable[[Any, Any], Any]


def _operator(function: Binary) -> Binary:
    """Leaves operands of foreign types to their own operators."""

    def operator(self: Tensor, other: Any) -> Any:
        return function(self, other) if isinstance(other, OPERANDS) else NotImplemented

    operator.__doc__ = function.__doc__
    return operator


def _reflected(function: Binary) -> Binary:
    def operator(self: Tensor, other: Any) -> Any:
        return function(other, self) if isinstance(other, OPERANDS) else NotImplemented

    operator.__doc__ = function.__doc__
    return operator


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
    "and": comparison.bitwise_and,
    "or": comparison.bitwise_or,
    "xor": comparison.bitwise_xor,
}

OPERATORS: dict[str, Callable[..., Any]] = {
    **{f"__{name}__": _operator(function) for name, function in BINARY.items()},
    **{f"__r{name}__": _reflected(function) for name, function in BINARY.items()},
    "__pow__": _operator(elementwise.power),
    "__rpow__": _reflected(elementwise.power),
    "__eq__": _operator(comparison.equal),
    "__ne__": _operator(comparison.not_equal),
    "__lt__": _operator(comparison.less),
    "__le__": _operator(comparison.less_equal),
    "__gt__": _operator(comparison.greater),
    "__ge__": _operator(comparison.greater_equal),
    "__neg__": elementwise.negative,
    "__pos__": elementwise.positive,
    "__abs__": elementwise.absolute,
    "__invert__": comparison.invert,
    "__round__": elementwise.round,
}

METHODS: dict[str, Callable[..., Any]] = {
    "astype": elementwise.astype,
    "clip": elementwise.clip,
    "round": elementwise.round,
}

PROPERTIES: dict[str, Callable[[Tensor], Any]] = {
    "size": _size,
}


def attach(tensor_class: type[Tensor]) -> None:
    """Give a tensor class its operators, methods and properties."""
    for name, function in {**OPERATORS, **METHODS}.items():
        setattr(tensor_class, name, function)
    for name, getter in PROPERTIES.items():
        setattr(tensor_class, name, property(getter))
