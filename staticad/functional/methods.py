"""Python's operators and NumPy's methods on tensors, in tables that the package attaches to `Tensor`.

The tables say where functions are, below `staticad.functional`. Each is imported when it is first used.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from staticad.boundary import boundary, shorten
from staticad.errors import GraphError, MissingAttribute
from staticad.ir.graph import Tensor, describe
from staticad.late import Attribute, later, value
from staticad.spellings import TENSORS

if TYPE_CHECKING:
    import difflib

    from staticad.ops import promotion
else:
    difflib, promotion = later("difflib"), later("staticad.ops.promotion")

Binary = Callable[[Any, Any], Any]


def function_at(place: str) -> Any:
    """The function of the front at a place of the tables."""
    module, _, name = place.rpartition(".")
    return value(f"staticad.functional.{module}", name)


# Python's own types that are no operands and have no operator for tensors: "a" * x would ask x how often.
_NO_OPERANDS = (str, bytes, dict, set, frozenset, type(None))


def _left_to(other: Any, function: Callable[..., Any]) -> Any:
    """What an operator returns that does not take the other operand: that one has its own. Raises GraphError."""
    if isinstance(other, _NO_OPERANDS) and function.__name__ not in ("equal", "not_equal"):
        raise GraphError(f"{function.__name__}: an operand has to be a tensor, an array or a number, not {other!r}")
    return NotImplemented


def _operator(place: str) -> Binary:
    """Leaves operands of foreign types to their own operators."""
    function, operands = function_at(place), promotion.OPERANDS

    def operator(self: Tensor, other: Any) -> Any:
        try:
            return function(self, other) if isinstance(other, operands) else _left_to(other, function)
        except Exception as error:
            shorten(error)
            raise

    operator.__doc__ = function.__doc__
    return operator


def _reflected(place: str) -> Binary:
    function, operands = function_at(place), promotion.OPERANDS

    def operator(self: Tensor, other: Any) -> Any:
        try:
            return function(other, self) if isinstance(other, operands) else _left_to(other, function)
        except Exception as error:
            shorten(error)
            raise

    operator.__doc__ = function.__doc__
    return operator


def _method(place: str) -> Callable[..., Any]:
    return boundary(function_at(place), named=not place.startswith("numpy_protocol."))


def _property(place: str) -> property:
    return property(_method(place))


BINARY = {
    "add": "elementwise.add",
    "sub": "elementwise.subtract",
    "mul": "elementwise.multiply",
    "truediv": "elementwise.divide",
    "floordiv": "elementwise.floor_divide",
    "mod": "elementwise.remainder",
    "divmod": "elementwise.divmod",
    "and": "bitwise.bitwise_and",
    "or": "bitwise.bitwise_or",
    "xor": "bitwise.bitwise_xor",
    "lshift": "bitwise.left_shift",
    "rshift": "bitwise.right_shift",
    "matmul": "linalg.products.matmul",
    "pow": "elementwise.power",
}

# Operators of two operands; those of BINARY have reflected ones.
COMPARISONS = {
    "__eq__": "comparison.equal",
    "__ne__": "comparison.not_equal",
    "__lt__": "comparison.less",
    "__le__": "comparison.less_equal",
    "__gt__": "comparison.greater",
    "__ge__": "comparison.greater_equal",
}

UNARY = {
    "__neg__": "elementwise.negative",
    "__pos__": "elementwise.positive",
    "__abs__": "elementwise.absolute",
    "__invert__": "bitwise.invert",
    "__round__": "elementwise.round",
}

METHODS = {
    "__array__": "numpy_protocol.array",
    "__array_namespace__": "own_methods.array_namespace",
    "__dlpack__": "array_api.device.dlpack",
    "__dlpack_device__": "array_api.device.dlpack_device",
    "__array_function__": "numpy_protocol.array_function",
    "__array_ufunc__": "numpy_protocol.array_ufunc",
    "__getitem__": "indexing.getitem",
    "__setitem__": "indexing.setitem",
    "all": "reductions.all",
    "any": "reductions.any",
    "argmax": "reductions.argmax",
    "argmin": "reductions.argmin",
    "argpartition": "sorting.argpartition",
    "argsort": "sorting.argsort",
    "astype": "elementwise.astype",
    "broadcast_to": "movement.broadcast_to",
    "choose": "choosing.choose",
    "clip": "elementwise.clip",
    "compress": "own_methods.compress",
    "conj": "complex.conjugate",
    "conjugate": "complex.conjugate",
    "copy": "own_methods.copy",
    "cumprod": "cumulative.cumprod",
    "cumsum": "cumulative.cumsum",
    "diagonal": "linalg.products.diagonal",
    "dot": "linalg.products.dot",
    "detach": "own_methods.detach",
    "expand_dims": "movement.expand_dims",
    "flatten": "movement.ravel",
    "flip": "movement.flip",
    "max": "reductions.max",
    "mean": "reductions.mean",
    "min": "reductions.min",
    "moveaxis": "movement.moveaxis",
    "norm": "linalg.norms.norm",
    "pad": "padding.pad",
    "prod": "reductions.prod",
    "ravel": "movement.ravel",
    "repeat": "repeating.repeat",
    "reshape": "own_methods.reshape",
    "round": "elementwise.round",
    "searchsorted": "sorting.searchsorted",
    "squeeze": "movement.squeeze",
    "std": "reductions.std",
    "sum": "reductions.sum",
    "swapaxes": "movement.swapaxes",
    "take": "indexing.take",
    "to_device": "array_api.device.to_device",
    "trace": "linalg.products.trace",
    "transpose": "own_methods.transpose",
    "var": "reductions.var",
}

PROPERTIES = {
    "T": "movement.transpose",
    "at": "updates.At",
    "device": "array_api.device.device",
    "imag": "complex.imag",
    "real": "complex.real",
    "mT": "own_methods.matrix_transpose",
    "size": "own_methods.size",
}

# What is attached to tensors: by its name, what makes it of a place.
ATTACHED: dict[str, tuple[Callable[[str], Any], str]] = {
    **{f"__{name}__": (_operator, place) for name, place in BINARY.items()},
    **{f"__r{name}__": (_reflected, place) for name, place in BINARY.items()},
    **{name: (_operator, place) for name, place in COMPARISONS.items()},
    **{name: (_method, place) for name, place in {**UNARY, **METHODS}.items()},
    **{name: (_property, place) for name, place in PROPERTIES.items()},
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
    for name, (make, place) in ATTACHED.items():
        setattr(tensor_class, name, Attribute(tensor_class, name, partial(make, place)))
    for name in REFUSED:
        setattr(tensor_class, name, boundary(getattr(tensor_class, name)))
    setattr(tensor_class, "__getattr__", boundary(_missing))  # noqa: B010 - declared otherwise for type checkers
