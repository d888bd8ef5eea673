"""What a function of the front says of itself, once: NumPy's names for it, and that it is public.

`staticad.functional.numpy_protocol` collects the names from an explicit list of modules; a module whose own functions
are all public ends with ``__all__ = public_names(globals())``. An elementwise function of a known shape is one line.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from types import FunctionType, ModuleType
from typing import Any, Protocol, TypeVar

import numpy as np

from staticad.ir.dtypes import FLOAT64, floating, is_inexact
from staticad.ir.graph import Tensor
from staticad.ir.making import new_node
from staticad.ops.base import Op, apply
from staticad.ops.promotion import Operand, as_operands, cast, to_tensor
from staticad.records import dataclass

Function = Callable[..., Any]
Implementation = TypeVar("Implementation", bound=Function)


@dataclass(frozen=True)
class NumpyNames:
    """The functions of NumPy that a function of the front stands for. ``scipy`` are names of SciPy's ufuncs: the
    package does not import SciPy to know them. ``reduces`` and ``accumulates`` are the ufunc whose ``reduce`` or
    ``accumulate`` it is."""

    numpy: tuple[Function, ...]
    scipy: tuple[str, ...]
    reduces: np.ufunc | None
    accumulates: np.ufunc | None


def implements(
    *names: Function | str, reduces: np.ufunc | None = None, accumulates: np.ufunc | None = None
) -> Callable[[Implementation], Implementation]:
    """Says which functions of NumPy, and which of SciPy's ufuncs (strings), the decorated function is on tensors."""
    scipy = tuple(name for name in names if isinstance(name, str))
    numpy = tuple(name for name in names if not isinstance(name, str))
    declared = NumpyNames(numpy, scipy, reduces, accumulates)

    def declare(function: Implementation) -> Implementation:
        vars(function)["implements"] = declared
        return function

    return declare


def declared(module: ModuleType) -> list[tuple[Function, NumpyNames]]:
    """What the functions of a module say of themselves, those that it imported included."""
    functions = dict.fromkeys(inspect.unwrap(f) for f in vars(module).values() if isinstance(f, FunctionType))
    return [(function, vars(function)["implements"]) for function in functions if "implements" in vars(function)]


def as_float(x: Operand) -> Tensor:
    """The operand in the float type in which functions of floats work on it."""
    if isinstance(x, Tensor) and x.type.dtype.kind == "f":
        return x
    a = to_tensor(x)
    return cast(a, floating(a.dtype))


def inexact(x: Operand) -> Tensor:
    """The operand as floats or complex numbers; bools and integers of every size in float64, as in most functions of
    NumPy that are no ufuncs."""
    a = to_tensor(x)
    return a if is_inexact(a.dtype) else cast(a, FLOAT64)


class Unary(Protocol):
    """A function of one operand."""

    def __call__(self, x: Operand) -> Tensor: ...


def float_unary(op: Op, name: np.ufunc | str | tuple[np.ufunc | str, ...] | None, about: str) -> Unary:
    """The function of one operand, in the float type of integers, that has the name of its op and the docstring
    ``about``. ``name`` is what it implements of NumPy or (a string) of SciPy, or several of these."""

    def function(x: Operand) -> Tensor:
        return new_node(op, (as_float(x),), {}).outputs[0]

    function.__name__ = function.__qualname__ = op.name
    function.__module__ = sys._getframe(1).f_globals["__name__"]  # where it is defined, as of a named tuple
    function.__doc__ = about
    return function if name is None else implements(*name if isinstance(name, tuple) else (name,))(function)


class Binary(Protocol):
    """A function of two operands."""

    def __call__(self, x1: Operand, x2: Operand) -> Tensor: ...


def float_binary(op: Op, name: np.ufunc | str, about: str) -> Binary:
    """As `float_unary`, for two operands of a common float type."""

    def function(x1: Operand, x2: Operand) -> Tensor:
        a, b = as_operands(op.name, x1, x2)
        dtype = floating(a.dtype)
        return apply(op, cast(a, dtype), cast(b, dtype))

    function.__name__ = function.__qualname__ = op.name
    function.__module__ = sys._getframe(1).f_globals["__name__"]
    function.__doc__ = about
    return implements(name)(function)


def public_names(namespace: Mapping[str, Any]) -> list[str]:
    """The functions that a module defines itself, aliases included: its ``__all__``."""
    own = namespace["__name__"]
    return [
        name
        for name, value in namespace.items()
        if isinstance(value, FunctionType) and value.__module__ == own and not name.startswith("_")
    ]
