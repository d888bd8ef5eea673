"""Arguments of another kind than a function declares: flags are checked before a call, the others tell why one failed.

The kinds are the annotations of parameters. Values within a kind, such as the words that a mode may be, are checked by
the functions themselves.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from staticad.errors import GraphError


class Kind(NamedTuple):
    """What arguments may be, and what a message calls it."""

    holds: Callable[[Any], bool]
    text: str


def _is_flag(value: Any) -> bool:
    return isinstance(value, (bool, np.bool_, int, np.integer))


def _is_int(value: Any) -> bool:
    try:
        operator.index(value)
    except (TypeError, ValueError):
        return False
    return True


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.bool_, np.integer, np.floating))


def _is_row(value: Any) -> bool:
    named = ("__getitem__", "__len__", "__iter__")
    return all(hasattr(value, name) for name in named) and not isinstance(value, (str, bytes, dict))


def _is_pair(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == 2


def _is_operand(value: Any) -> bool:
    return hasattr(value, "__add__") and not isinstance(value, (str, bytes))


_FLAG = Kind(_is_flag, "True or False")
_FUNCTION = Kind(callable, "a function")
_MAPPING = Kind(lambda value: isinstance(value, Mapping), "a mapping")
_ROW = Kind(_is_row, "a list or tuple")
_FLAGS = ("bool", "bool | None", "builtins.bool")
_KINDS = {
    "bool": _FLAG,
    "builtins.bool": _FLAG,
    "int": Kind(_is_int, "an int"),
    "float": Kind(_is_number, "a number"),
    "str": Kind(lambda value: isinstance(value, str), "a string"),
    "Function": _FUNCTION,
    "Operand": Kind(_is_operand, "a tensor, an array or a number"),
    "Arrays": _ROW,
    "Feeds": _MAPPING,
}
_BEGINNINGS = {
    "Mapping[": _MAPPING,
    "Callable[": _FUNCTION,
    "Sequence[": _ROW,
    "tuple[Operand, ": Kind(_is_pair, "a pair"),
}


def _kind(annotation: str) -> Kind | None:
    alone = annotation.removesuffix(" | None")
    found = _KINDS.get(alone)
    if found is None and " | " not in alone:
        found = next((kind for beginning, kind in _BEGINNINGS.items() if alone.startswith(beginning)), None)
    if found is None or alone == annotation:
        return found
    return Kind(lambda value: value is None or found.holds(value), f"{found.text} or None")


def _positions(function: Callable[..., Any]) -> dict[str, int]:
    """The parameters; a position that no argument has for those that are given by name only."""
    own = inspect.unwrap(function)  # what decorators put around it takes any arguments
    if not isinstance(own, FunctionType):
        return {}
    code = own.__code__
    places = {name: place for place, name in enumerate(code.co_varnames[: code.co_argcount])}
    names = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    return places | dict.fromkeys(names, 1 << 30)


def flags(function: Callable[..., Any]) -> dict[str, int]:
    """The parameters that are True or False (or None), with their positions."""
    named = [name for name, annotation in _annotations(function).items() if annotation in _FLAGS and name != "return"]
    positions = _positions(function) if named else {}
    return {name: positions[name] for name in named if name in positions}


def _annotations(function: Callable[..., Any]) -> Mapping[str, Any]:
    return getattr(function, "__annotations__", {})


def check_flags(
    function: Callable[..., Any], flags: Mapping[str, int], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> None:
    """Raises GraphError for a flag that is neither True nor False: its truth would be taken, whatever it is."""
    for name, place in flags.items():
        value = kwargs[name] if name in kwargs else args[place] if place < len(args) else True
        if value is not True and value is not False:
            _check(function, name, value)


def check_kinds(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], error: Exception
) -> None:
    """Raises GraphError where the error of a call comes from an argument of another kind than declared, or from a
    function that does not take what it is called with."""
    annotations = _annotations(function)
    given = {name: args[place] for name, place in _positions(function).items() if place < len(args)} | {**kwargs}
    for name, value in given.items():
        if name in annotations:
            _check(function, name, value)
    for name, value in given.items():
        if isinstance(error, TypeError) and f"{getattr(value, '__qualname__', None)}()" in str(error):
            raise GraphError(f"{title(function)}: {name} does not take its arguments: {error}") from None


def _check(function: Callable[..., Any], name: str, value: Any) -> None:
    annotation = _annotations(function)[name]
    kind = _kind(annotation) if isinstance(annotation, str) else None
    if kind is not None and not kind.holds(value):
        text = repr(value)
        shown = text if len(text) < 80 and "\n" not in text else f"a value of type {type(value).__name__}"
        raise GraphError(f"{title(function)}: {name} has to be {kind.text}, not {shown}") from None


def title(function: Callable[..., Any]) -> str:
    """What messages call a function."""
    return function.__qualname__.removesuffix(".__init__").lstrip("_")
