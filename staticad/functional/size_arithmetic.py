"""Sizes in the arithmetic of floats: ``0.5 * n``, ``1 / n``, ``n ** 0.5``, ``np.sqrt(n)``.

Sums and products of sizes and ints are sizes (`staticad.ir.dims`). All other arithmetic of theirs makes scalars of the
graph. Such a scalar promotes like the Python float (or complex number) that it would be for a fixed size: it does not
widen float32.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.boundary import boundary
from staticad.functional.methods import BINARY, UNARY, Binary, function_at
from staticad.ir.dims import Dim
from staticad.ir.graph import Node, Tensor, WeakTensor
from staticad.late import later

if TYPE_CHECKING:
    from staticad.functional import numpy_protocol
    from staticad.ops import promotion
else:
    numpy_protocol, promotion = later("staticad.functional.numpy_protocol"), later("staticad.ops.promotion")

FUNCTIONS = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow")
OF_INTEGERS: dict[np.ufunc, Binary] = {
    np.add: operator.add,
    np.subtract: operator.sub,
    np.multiply: operator.mul,
    np.floor_divide: operator.floordiv,
    np.remainder: operator.mod,
}


def _weak(tensor: Tensor) -> Tensor:
    """The same number, of a dtype that does not widen others."""
    n = tensor.node
    return Node(n.op, n.inputs, n.attrs, n.types, n.constraints, n.name, n.where, WeakTensor).out


def _called(place: str) -> Callable[..., Any]:
    """A function of the front."""
    return lambda *operands: function_at(place)(*operands)


def _of_weak(function: Binary, method: str) -> Binary:
    """An operator of weak numbers; that of tensors for what is none."""

    def apply(self: Any, other: Any) -> Any:
        if promotion.weak_kind(other) in (int, float, complex):
            return _weak(function(self, other))
        return getattr(Tensor, method)(self, other)

    return apply


def _sign(function: Callable[[Any], Tensor]) -> Callable[[Any], Tensor]:
    return lambda x: _weak(function(x))


def _of_size(name: str, function: Binary, exact: Binary) -> Binary:
    """An operator of sizes: ``exact`` where its result is a size."""

    def apply(self: Dim, other: Any) -> Any:
        whole = isinstance(other, (int, Dim)) and not isinstance(other, bool)
        if whole and name != "truediv" and not (name == "pow" and isinstance(other, int) and other < 0):
            return exact(self, other)
        if isinstance(other, np.inexact):
            return function(self, other)
        if whole or type(other) in (float, complex):
            return _weak(function(self, float(other) if name == "pow" and whole else other))
        return exact(self, other)

    return apply


def _reflected(function: Binary) -> Binary:
    return lambda a, b: function(b, a)


def _size_ufunc(self: Dim, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """NumPy's ufuncs on sizes."""
    whole = all(isinstance(x, (Dim, int, np.integer)) for x in inputs)
    if whole and method == "__call__" and ufunc in OF_INTEGERS and not kwargs:
        return OF_INTEGERS[ufunc](*(int(x) if isinstance(x, np.integer) else x for x in inputs))
    return numpy_protocol.array_ufunc(self, ufunc, method, *inputs, **kwargs)  # type: ignore[arg-type]


def attach() -> None:
    """Give sizes and the numbers made of them their operators."""
    for method in ("__neg__", "__abs__"):
        setattr(WeakTensor, method, _sign(_called(UNARY[method])))
    for name in FUNCTIONS:
        function = _called(BINARY[name])
        for method, called in ((f"__{name}__", function), (f"__r{name}__", _reflected(function))):
            setattr(WeakTensor, method, _of_weak(called, method))
            setattr(Dim, method, _of_size(name, called, getattr(Dim, method)))
    for method in ("__bool__", "__index__", "__lt__", "__le__", "__gt__", "__ge__"):
        setattr(Dim, method, boundary(getattr(Dim, method)))
    Dim.__array_ufunc__ = _size_ufunc  # type: ignore[attr-defined]
